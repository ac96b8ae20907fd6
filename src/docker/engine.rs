//! The way to the Docker engine, and what it says of itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::DockerError;
use super::endpoint::{Certificates, Endpoint, Way};
use super::tunnel::Tunnel;
use crate::text::clean;

/// How long the engine may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take through ssh, which first has to get there.
const PATIENCE_SSH: Duration = Duration::from_secs(20);

/// How long it may take for what it answers only when it is over: a pull, a removal, a new container on VFS.
const LONG: Duration = Duration::from_hours(2);

/// An engine that answers.
#[derive(Debug, Clone)]
pub struct Engine {
    quick: Docker,
    patient: Docker,
    endpoint: Endpoint,
    api: String,
    version: String,
    /// Kept open for as long as there are clients.
    _tunnel: Option<Arc<Tunnel>>,
}

/// What an engine says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its storage driver: `vfs`, `overlay2`, `overlayfs` (the containerd image store).
    pub driver: String,
    /// Whether images are kept by containerd: their compressed layers stay on the disk then, too.
    pub is_containerd: bool,
    /// Where it keeps its images.
    pub root: PathBuf,
    /// Whether that folder is on this machine.
    pub is_local: bool,
    /// What the engine's machine calls itself.
    pub machine: String,
    /// `amd64`, `arm64`
    pub arch: String,
    /// `linux`
    pub os: String,
    /// The version of the API that it speaks: `1.41`.
    pub api: String,
    /// Its own version: `20.10.24`.
    pub version: String,
    /// Registries that it asks without encryption or without a look at who answers: networks (`127.0.0.0/8`) and
    /// `host:port`.
    pub insecure: Vec<String>,
    /// Addresses that it asks in place of the Docker Hub, first of all.
    pub mirrors: Vec<String>,
    /// How many containers run, those that are paused too.
    pub running: usize,
}

impl Engine {
    /// The engine that this user's environment names.
    pub async fn connect() -> Result<Self, DockerError> {
        let mut first = None;
        for endpoint in Endpoint::of_environment()? {
            match Self::at(&endpoint).await {
                Ok(engine) => return Ok(engine),
                // a later one is asked only where nothing is here, or nothing for us
                Err(error @ (DockerError::Absent(_) | DockerError::Forbidden(_))) => {
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| DockerError::Absent("no socket is known".to_owned())))
    }

    /// The engine at an endpoint.
    pub async fn at(endpoint: &Endpoint) -> Result<Self, DockerError> {
        let shown = endpoint.to_string();
        let tunnel = match &endpoint.way {
            Way::Unix(socket) => {
                knock(socket).await?;
                None
            }
            Way::Ssh(host) => Some(Arc::new(Tunnel::open(host).map_err(|error| DockerError::Ssh(format!("{shown}: {error}")))?)),
            Way::Tcp(_) | Way::Tls { .. } => None,
        };
        let patience = if tunnel.is_some() { PATIENCE_SSH } else { PATIENCE };
        let client = |patience: Duration, version: &ClientVersion| {
            client(&endpoint.way, tunnel.as_deref(), patience, version).map_err(|error| remotely(DockerError::of(&error, &shown), endpoint))
        };
        let first = client(patience, API_DEFAULT_VERSION)?;
        let answer = match timeout(patience, first.version()).await {
            Err(_late) => Err(DockerError::Silent(shown.clone())),
            Ok(answer) => answer.map_err(|error| DockerError::of(&error, &shown)),
        };
        let answer = answer.map_err(|error| match tunnel.as_deref().and_then(Tunnel::said) {
            Some(said) => DockerError::Ssh(format!("{shown}: {said}")),
            None => at_first(error, endpoint),
        })?;
        let Some(api) = answer.api_version.filter(|api| version_of(api).is_some()) else {
            return Err(DockerError::Stranger(format!("{shown}: it names no version of Docker's API")));
        };
        let spoken = spoken(&api, answer.min_api_version.as_deref());
        Ok(Self {
            quick: client(patience, &spoken)?,
            patient: client(LONG, &spoken)?,
            endpoint: endpoint.clone(),
            api: clean::line(&api),
            version: clean::line(&answer.version.unwrap_or_default()),
            _tunnel: tunnel,
        })
    }

    /// For questions: what is not answered in 5 s is an error.
    pub fn quick(&self) -> &Docker {
        &self.quick
    }

    /// For work that is answered only when it is over: pull, delete, prune, create.
    pub fn patient(&self) -> &Docker {
        &self.patient
    }

    /// Where it listens, and who said so.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many questions it is asked at the same time. Through ssh each of them may be a connection of its own.
    pub(super) fn at_once(&self) -> usize {
        if matches!(self.endpoint.way, Way::Ssh(_)) { 4 } else { 16 }
    }

    /// What it says of itself.
    pub async fn about(&self) -> Result<About, DockerError> {
        let asked = || format!("{}: who it is", self.endpoint);
        let info = timeout(self.quick.timeout(), self.quick.info()).await.map_err(|_late| DockerError::Silent(asked()))?;
        let info = info.map_err(|error| remotely(DockerError::of(&error, &asked()), &self.endpoint))?;
        let text = |value: Option<String>| clean::line(&value.unwrap_or_default());
        let root = PathBuf::from(info.docker_root_dir.unwrap_or_default());
        let status = info.driver_status.unwrap_or_default();
        let is_containerd = status.iter().flatten().any(|word| word.starts_with("io.containerd.snapshotter"));
        let own_containerd = info.containerd.and_then(|containerd| containerd.address);
        let registries = info.registry_config.unwrap_or_default();
        let hosts = registries.index_configs.unwrap_or_default().into_iter();
        let mut insecure: Vec<String> = hosts.filter(|(_, index)| index.secure == Some(false)).map(|(host, _)| host).collect();
        insecure.extend(registries.insecure_registry_cidrs.unwrap_or_default());
        insecure.sort();
        let machine = text(info.name);
        Ok(About {
            driver: text(info.driver),
            is_containerd,
            root: if is_containerd { containerd_root(&root, own_containerd.as_deref()) } else { root },
            // a socket may lead through a tunnel to another machine, or into a virtual one
            is_local: self.endpoint.is_local() && is_this_machine(&machine, info.kernel_version.as_deref()),
            machine,
            arch: arch(text(info.architecture)),
            os: text(info.os_type),
            api: self.api.clone(),
            version: self.version.clone(),
            insecure,
            mirrors: registries.mirrors.unwrap_or_default(),
            running: [info.containers_running, info.containers_paused]
                .into_iter()
                .flatten()
                .filter_map(|count| usize::try_from(count).ok())
                .sum(),
        })
    }
}

/// Whether somebody answers at a socket. The client would say the same of a socket that is not there and of one that this
/// user may not open.
async fn knock(socket: &Path) -> Result<(), DockerError> {
    let shown = clean::path(socket);
    let Ok(answer) = timeout(PATIENCE, UnixStream::connect(socket)).await else { return Err(DockerError::Silent(shown)) };
    answer.map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => DockerError::Forbidden(shown),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DockerError::Absent(format!("no socket at {shown}")),
        io::ErrorKind::ConnectionRefused => DockerError::Absent(format!("nobody listens at {shown}")),
        _ => DockerError::Broken(format!("{shown}: {error}")),
    })
}

fn client(way: &Way, tunnel: Option<&Tunnel>, patience: Duration, version: &ClientVersion) -> Result<Docker, bollard::errors::Error> {
    let patience = patience.as_secs();
    match (way, tunnel) {
        (Way::Unix(socket), _) => Docker::connect_with_unix(&socket.to_string_lossy(), patience, version),
        (_, Some(tunnel)) => Docker::connect_with_unix(&tunnel.socket().to_string_lossy(), patience, version),
        (Way::Tcp(address), _) => Docker::connect_with_http(address, patience, version),
        (Way::Tls { address, certificates }, _) => {
            // it panics without ciphers; that somebody else was first is as good
            let _ = rustls::crypto::ring::default_provider().install_default();
            let Certificates { authority, certificate, key } = certificates;
            // it wants to read a file for each: an empty one is none
            let or_none = |path: &Option<PathBuf>| path.clone().unwrap_or_else(|| PathBuf::from("/dev/null"));
            Docker::connect_with_ssl(address, &or_none(key), &or_none(certificate), &or_none(authority), patience, version)
        }
        (Way::Ssh(host), None) => Err(bollard::errors::Error::UnsupportedURISchemeError { uri: format!("ssh://{host}") }),
    }
}

/// A first answer that Docker would not give: every engine says its version to whoever may ask.
fn at_first(error: DockerError, endpoint: &Endpoint) -> DockerError {
    match error {
        DockerError::Refused { status, says } if !matches!(status, 401 | 403) => {
            DockerError::Stranger(format!("{endpoint}: it answered {}", format!("{status} {says}").trim_end()))
        }
        other => remotely(other, endpoint),
    }
}

/// What listens on another machine is not absent here: it can't be reached.
fn remotely(error: DockerError, endpoint: &Endpoint) -> DockerError {
    match error {
        DockerError::Absent(says) | DockerError::Gone(says) if !endpoint.is_local() => DockerError::Unreachable(says),
        other => other,
    }
}

/// The version that we and the engine both speak: ours, or the nearest that it knows.
fn spoken(newest: &str, oldest: Option<&str>) -> ClientVersion {
    let (newest, oldest) = (version_of(newest), oldest.and_then(version_of));
    let ours = *API_DEFAULT_VERSION;
    match (newest, oldest) {
        (Some(newest), _) if newest < ours => newest,
        (_, Some(oldest)) if ours < oldest => oldest,
        _ => ours,
    }
}

/// `1.41`
fn version_of(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

/// Where containerd keeps images: an engine starts one of its own below its folder, or uses the system's.
fn containerd_root(root: &Path, address: Option<&str>) -> PathBuf {
    let is_systems = address.is_none_or(|address| address == "/run/containerd/containerd.sock");
    if is_systems { PathBuf::from("/var/lib/containerd") } else { root.join("containerd/daemon") }
}

/// Whether an engine that calls its machine so and runs on that kernel runs on this machine. What it does not say is no
/// reason against it.
fn is_this_machine(name: &str, kernel: Option<&str>) -> bool {
    let here = rustix::system::uname();
    let is_same = |theirs: &str, ours: &std::ffi::CStr| theirs.is_empty() || theirs == ours.to_string_lossy();
    is_same(name, here.nodename()) && is_same(kernel.unwrap_or_default(), here.release())
}

/// An architecture as registries name it.
fn arch(kernel: String) -> String {
    match kernel.as_str() {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        _ => kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_nearest_that_both_speak() {
        let spoken = |newest, oldest| spoken(newest, oldest).to_string();
        assert_eq!(spoken("1.41", Some("1.12")), "1.41", "an old engine");
        assert_eq!(spoken("1.99", Some("1.44")), API_DEFAULT_VERSION.to_string(), "a new one that still knows ours");
        assert_eq!(spoken("1.99", Some("1.98")), "1.98", "one that is too new for ours");
        assert_eq!(spoken("1.99", None), API_DEFAULT_VERSION.to_string());
        assert_eq!(version_of("x.1"), None);
    }

    #[test]
    fn another_kernel_or_another_name_is_another_machine() {
        let here = rustix::system::uname();
        let (name, kernel) = (here.nodename().to_string_lossy(), here.release().to_string_lossy());
        assert!(is_this_machine(&name, Some(&kernel)) && is_this_machine("", None));
        assert!(!is_this_machine("docker-desktop", Some(&kernel)) && !is_this_machine(&name, Some("6.1-linuxkit")));
    }

    #[test]
    fn images_of_containerd_lie_in_its_folder() {
        let root = Path::new("/data/docker");
        assert_eq!(containerd_root(root, Some("/run/containerd/containerd.sock")), Path::new("/var/lib/containerd"));
        assert_eq!(containerd_root(root, Some("/run/docker/containerd/containerd.sock")), Path::new("/data/docker/containerd/daemon"));
    }
}
