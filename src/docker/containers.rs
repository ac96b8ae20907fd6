//! The Docker engine, looked at: which containers run, and what one of them prints. Nothing is started or ended here. All of
//! it happens on a thread of its own, so that an engine that hangs leaves everything else alive.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bollard::query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

use super::engine::PATIENCE;
use super::{DockerError, Engine, labels};
use crate::domain::Whose;
use crate::text::clean;
use crate::text::mask::Masker;

/// How often the containers are listed.
const LOOK: Duration = Duration::from_secs(2);

/// Lines of a container's log that are taken from before we looked.
const TAIL: &str = "2000";

/// A container's log is kept up to this size, in bytes; what comes then begins it anew.
const LARGEST: u64 = 32 << 20;

/// A container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name, without the slash before it.
    pub name: String,
    /// The image, as it was named when the container was made.
    pub image: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Where files of the host are mounted in it.
    pub mounts: Vec<String>,
    /// Whose it is, by its labels.
    pub whose: Whose,
}

/// What was seen last.
pub type Seen = Option<Result<Vec<Container>, DockerError>>;

/// A container whose output is wanted, and the file that it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The container's id.
    pub container: String,
    /// The file; it begins anew.
    pub file: PathBuf,
}

/// The engine, looked at by a thread. The thread ends when this is dropped.
#[derive(Debug)]
pub struct Docker {
    seen: watch::Receiver<Seen>,
    wish: watch::Sender<Option<Wish>>,
}

impl Docker {
    /// Starts to look. What containers print is kept without the values of secrets.
    pub fn start(masker: Masker) -> io::Result<Self> {
        let (tell, seen) = watch::channel(None);
        let (wish, wished) = watch::channel(None);
        thread::Builder::new().name("docker".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(look_on(tell, wished, masker)),
                Err(error) => {
                    tell.send_replace(Some(Err(DockerError::Broken(error.to_string()))));
                }
            }
        })?;
        Ok(Self { seen, wish })
    }

    /// What was seen last; `None` before the first answer.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Keeps what this container prints from now on.
    pub fn keep(&self, wish: Option<Wish>) {
        self.wish.send_if_modified(|known| {
            let is_news = *known != wish;
            *known = wish;
            is_news
        });
    }
}

/// Lists containers, and beside that follows the log that is wished for, until nobody looks any more.
async fn look_on(tell: watch::Sender<Seen>, mut wished: watch::Receiver<Option<Wish>>, masker: Masker) {
    loop {
        let wish = wished.borrow_and_update().clone();
        tokio::select! {
            () = list_on(&tell) => return,
            () = follow(wish, &masker) => {}
            changed = wished.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Lists containers again and again; ends when nobody listens.
async fn list_on(tell: &watch::Sender<Seen>) {
    while !tell.is_closed() {
        let seen = Some(connected().await);
        tell.send_if_modified(|known| {
            let is_news = *known != seen;
            *known = seen;
            is_news
        });
        tokio::time::sleep(LOOK).await;
    }
}

async fn connected() -> Result<Vec<Container>, DockerError> {
    running(&Engine::connect().await?).await
}

/// The containers that run, the newest first.
pub async fn running(engine: &Engine) -> Result<Vec<Container>, DockerError> {
    let listed = timeout(PATIENCE, engine.quick().list_containers(Some(ListContainersOptionsBuilder::default().build()))).await;
    let listed = listed.map_err(|_late| DockerError::Silent("its list of containers".to_owned()))?;
    let listed = listed.map_err(|error| DockerError::of(&error, "its list of containers"))?;
    let mut found: Vec<Container> = listed
        .into_iter()
        .filter_map(|container| {
            let id = container.id?;
            let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            let name = clean::line(name.trim_start_matches('/'));
            Some(Container {
                whose: labels::whose(&id, Some(&name), &container.labels.unwrap_or_default()),
                id,
                name,
                image: clean::line(&container.image.unwrap_or_default()),
                created: container.created.and_then(|seconds| Timestamp::from_second(seconds).ok()),
                mounts: container.mounts.unwrap_or_default().into_iter().filter_map(|mount| mount.destination).collect(),
            })
        })
        .collect();
    found.sort_by_key(|container| std::cmp::Reverse(container.created));
    Ok(found)
}

/// The pid of a container's first process, as the engine's pid namespace counts; `None` where it does not run.
pub async fn first_process(engine: &Engine, id: &str) -> Result<Option<i32>, DockerError> {
    let asked = timeout(PATIENCE, engine.quick().inspect_container(id, None)).await;
    let asked = asked.map_err(|_late| DockerError::Silent("a container".to_owned()))?;
    let state = asked.map_err(|error| DockerError::of(&error, "a container"))?.state;
    Ok(state.and_then(|state| state.pid).and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0))
}

/// Keeps what a container prints, until it ends; then, and where nothing is wished for, it waits for ever.
async fn follow(wish: Option<Wish>, masker: &Masker) {
    if let Some(wish) = wish {
        // without its output the container is still listed
        let _ = keep(&wish, masker).await;
    }
    std::future::pending::<()>().await;
}

async fn keep(wish: &Wish, masker: &Masker) -> io::Result<()> {
    let engine = Engine::connect().await.map_err(io::Error::other)?;
    let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).tail(TAIL).build();
    let mut printed = engine.quick().logs(&wish.container, Some(options));
    let mut file = begin(&wish.file)?;
    let (mut half, mut written) = (Vec::new(), 0_u64);
    while let Some(part) = printed.next().await {
        half.extend_from_slice(&part.map_err(io::Error::other)?.into_bytes());
        // a secret does not go over the end of a line
        let end = half.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = half.split_off(end);
        let text = masker.mask(&String::from_utf8_lossy(&half)).into_owned();
        half = rest;
        if written.saturating_add(text.len() as u64) > LARGEST {
            (file, written) = (begin(&wish.file)?, 0);
        }
        file.write_all(text.as_bytes())?;
        written = written.saturating_add(text.len() as u64);
    }
    file.write_all(masker.mask(&String::from_utf8_lossy(&half)).as_bytes())
}

/// A file that only we may read.
fn begin(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
