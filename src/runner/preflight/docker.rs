//! The Docker engine: whether it is there for us, how it keeps images, and the room on its disk.

use super::{About, Look, Row};
use crate::docker::disk::{self, DiskError};
use crate::docker::size::Keeping;
use crate::docker::{self, DockerError, Engine};
use crate::host::disk::Room;
use crate::text::{bytes, count};

/// With less free than this nothing can be pulled, in bytes.
const LITTLE: u64 = 1_000_000_000;

/// Rows about the engine; none where no arm needs one ([`beside`]).
pub(super) fn docker(look: &Look<'_>) -> Vec<Row> {
    let arms = look.config.arm_images();
    let pulls = !arms.is_empty();
    if !arms.needs_docker() {
        return Vec::new();
    }
    let (endpoint, about) = match ask() {
        Ok(found) => found,
        // with images nothing but waiting for them would come; a benchmark that starts containers itself may know another way
        Err(error) if pulls => return vec![Row::blocked(About::Docker, error.to_string(), fix(&error))],
        Err(error) => return vec![Row::warning(About::Docker, format!("{error}: expect every arm to fail"), fix(&error))],
    };
    let mut rows = vec![Row::ok(About::Docker, said(&endpoint, &about))];
    if Keeping::of(&about.driver) == Keeping::Copies {
        let says = format!(
            "its storage driver {} copies all lower layers into each layer: an image takes many times what `docker images` says, and a container two more copies",
            about.driver
        );
        rows.push(Row::warning(
            About::Docker,
            says,
            "set \"storage-driver\": \"overlay2\" in /etc/docker/daemon.json where this machine can, or leave it so",
        ));
    }
    rows.push(room(&about, disk::free(&about)));
    rows
}

/// The engine where nothing needs one, or nobody knows what is configured: nothing is wrong if there is none.
pub fn beside(is_config_known: bool) -> Row {
    let says = ask().map_or_else(|error| error.to_string(), |(endpoint, about)| said(&endpoint, &about));
    let needs = if is_config_known { "nothing that is configured here needs it" } else { "whether it is needed the configuration says" };
    Row::ok(About::Docker, format!("{says}; {needs}"))
}

fn ask() -> Result<(String, docker::About), DockerError> {
    docker::wait(async {
        let engine = Engine::connect().await?;
        Ok((engine.endpoint().to_string(), engine.about().await?))
    })
}

fn said(endpoint: &str, about: &docker::About) -> String {
    let run = match about.running {
        0 => "no container runs".to_owned(),
        running => format!("{} running", count(running, "container")),
    };
    format!("Docker {} at {endpoint}: {}, {run}", about.version, about.driver)
}

fn room(about: &docker::About, free: Result<Room, DiskError>) -> Row {
    let root = about.root.display();
    match free {
        Ok(room) => {
            let files = room.files.map_or_else(String::new, |left| format!(", and room for {left} more files"));
            let says = format!("docker's images ({root}): {} free of {}{files}", bytes(room.bytes), bytes(room.total));
            if room.bytes < LITTLE {
                Row::warning(About::Disk, says, "free space there (`isobench-tui prune`)")
            } else {
                Row::ok(About::Disk, says)
            }
        }
        Err(error) => Row::warning(About::Disk, error.to_string(), "images are pulled without a look at the room: look there with `df`"),
    }
}

/// What a person can do about it.
fn fix(error: &DockerError) -> &'static str {
    match error {
        DockerError::Absent(_) => "start it (`systemctl start docker`), or name another with DOCKER_HOST",
        DockerError::Forbidden(_) => "`sudo usermod -aG docker $USER`, then log in again",
        DockerError::Settings(_) => "mend that, or name the engine with DOCKER_HOST",
        DockerError::Unreachable(_) => "is that machine up, and its address right?",
        DockerError::Ssh(_) => "`ssh` to that machine and `docker version` there must work without a question",
        DockerError::Tls(_) => "check the certificates, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
        DockerError::Stranger(_) => "check the address",
        DockerError::Version(_) => "bring Docker up to date",
        DockerError::Silent(_) | DockerError::Broken(_) | DockerError::Gone(_) | DockerError::Refused { .. } => "look with `docker info`",
    }
}
