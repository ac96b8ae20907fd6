//! The way to the Docker engine.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::timeout;

use super::DockerError;
use crate::host::environment::variable;
use crate::text::clean;

/// How long the engine may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take for what it answers only when it is over: a pull, a removal, a new container on VFS.
const LONG: Duration = Duration::from_hours(2);

/// An engine that answers.
#[derive(Debug, Clone)]
pub struct Engine {
    quick: bollard::Docker,
    patient: bollard::Docker,
    is_local: bool,
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its storage driver: `vfs`, `overlay2`, `overlayfs` (the containerd image store).
    pub driver: String,
    /// Where it keeps its images.
    pub root: PathBuf,
    /// Whether that folder is on this machine.
    pub is_local: bool,
    /// `amd64`, `arm64`
    pub arch: String,
    /// `linux`
    pub os: String,
}

impl Engine {
    /// The engine that this user's environment names.
    pub async fn connect() -> Result<Self, DockerError> {
        let sockets = sockets()?;
        let mut first = None;
        for socket in &sockets {
            let shown = clean::path(socket);
            let silent = || DockerError::Silent(shown.clone());
            let refused = match timeout(PATIENCE, UnixStream::connect(socket)).await.map_err(|_late| silent())? {
                Ok(_) => {
                    let client = |patience: Duration| {
                        let client =
                            bollard::Docker::connect_with_unix(&socket.to_string_lossy(), patience.as_secs(), bollard::API_DEFAULT_VERSION);
                        client.map_err(|error| DockerError::Broken(clean::line(&error.to_string())))
                    };
                    // an engine older than the client refuses its version
                    let quick = timeout(PATIENCE, client(PATIENCE)?.negotiate_version()).await.map_err(|_late| silent())?;
                    let quick = quick.map_err(|error| DockerError::of(&error, &shown))?;
                    let patient = timeout(PATIENCE, client(LONG)?.negotiate_version()).await.map_err(|_late| silent())?;
                    let patient = patient.map_err(|error| DockerError::of(&error, &shown))?;
                    return Ok(Self { quick, patient, is_local: true });
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => DockerError::Forbidden(shown),
                Err(error) if error.kind() == io::ErrorKind::NotFound => DockerError::Absent(format!("no socket at {shown}")),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => DockerError::Absent(format!("nobody listens at {shown}")),
                Err(error) => DockerError::Broken(format!("{shown}: {error}")),
            };
            first.get_or_insert(refused);
        }
        Err(first.unwrap_or_else(|| DockerError::Absent("no socket is known".to_owned())))
    }

    /// For questions: what is not answered in 5 s is an error.
    pub fn quick(&self) -> &bollard::Docker {
        &self.quick
    }

    /// For work that is answered only when it is over: pull, delete, prune, create.
    pub fn patient(&self) -> &bollard::Docker {
        &self.patient
    }

    /// What it says of itself.
    pub async fn about(&self) -> Result<About, DockerError> {
        let info = timeout(PATIENCE, self.quick.info()).await.map_err(|_late| DockerError::Silent("who it is".to_owned()))?;
        let info = info.map_err(|error| DockerError::of(&error, "who it is"))?;
        Ok(About {
            driver: info.driver.unwrap_or_default(),
            root: PathBuf::from(info.docker_root_dir.unwrap_or_default()),
            is_local: self.is_local,
            arch: info.architecture.unwrap_or_default(),
            os: info.os_type.unwrap_or_default(),
        })
    }
}

/// The sockets that an engine may listen at, the likeliest first. The error is a sentence.
fn sockets() -> Result<Vec<PathBuf>, DockerError> {
    if let Some(host) = variable("DOCKER_HOST") {
        return match host.strip_prefix("unix://") {
            Some(path) => Ok(vec![PathBuf::from(path)]),
            None => Err(DockerError::Broken(format!("DOCKER_HOST is {}, and only unix:// is asked", clean::line(&host)))),
        };
    }
    let own = variable("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("docker.sock"));
    Ok([PathBuf::from("/var/run/docker.sock")].into_iter().chain(own).collect())
}
