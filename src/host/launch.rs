//! The runner's side of a keeper: launch one, signal it, wait for its stage's end, and find it again after a restart.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use thiserror::Error;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::clock;
use super::process::{self, TAG_VARIABLE};
use super::stage_folder::{FolderError, KeeperState, Spec, StageFolder, StageLock};
use super::tree::Tree;
use crate::domain::{ChildEnd, EndCause};

/// How long a keeper may take from its start to its `keeper.json`; it takes a few ms.
const SHOWS_ITSELF: Duration = Duration::from_secs(5);

/// Between two looks at a file that a keeper is about to write.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Why a keeper could not be launched, signalled or awaited.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// A file of the stage's folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The system refused.
    #[error("{operation} for {stage}: {source}")]
    System {
        /// What was tried.
        operation: &'static str,
        /// For which stage.
        stage: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A stage runs once: this folder has an end already.
    #[error("{stage} has an end already")]
    Used {
        /// The stage's folder.
        stage: PathBuf,
    },
    /// Somebody holds the stage's lock and does not say who.
    #[error("{stage} is locked by a process that does not say who it is")]
    Unknown {
        /// The stage's folder.
        stage: PathBuf,
    },
}

/// What a keeper, and so its commands, find in their environment. Secrets belong here: nothing of it is written down.
#[derive(Clone)]
pub enum Environment {
    /// Ours, with these added or changed.
    Ours(Vec<(OsString, OsString)>),
    /// Ours, with some added or changed, and then some taken away.
    Changed {
        /// Added or changed; the later of two with the same name counts.
        set: Vec<(OsString, OsString)>,
        /// Taken away, whoever set them.
        unset: Vec<OsString>,
    },
    /// These, and nothing else.
    Only(Vec<(OsString, OsString)>),
}

/// A keeper that was launched or found.
#[derive(Debug)]
pub struct Kept {
    folder: StageFolder,
    pid: Pid,
    handle: OwnedFd,
}

/// What a restarted runner finds of a stage.
#[derive(Debug)]
pub enum Found {
    /// It ended while nobody looked.
    Ended(ChildEnd),
    /// It is being kept.
    Alive(Kept),
    /// Its keeper is gone, or never came; what it left was killed, and the stage has that end now.
    Lost(ChildEnd),
}

/// Starts a keeper for a stage. `binary` is this program. The folder is made, and must not hold an end.
pub fn launch(binary: &Path, stage: &Path, spec: &Spec, environment: &Environment) -> Result<Kept, LaunchError> {
    let stage = absolute(stage).map_err(system("find the folder", stage))?;
    let folder = StageFolder::at(&stage);
    folder.create()?;
    if folder.has_end() {
        return Err(LaunchError::Used { stage });
    }
    folder.write_spec(spec)?;
    let mut command = Command::new(absolute(binary).map_err(system("find the program", &stage))?);
    match environment {
        Environment::Ours(added) => command.envs(added.iter().cloned()),
        Environment::Changed { set, unset } => {
            command.envs(set.iter().cloned());
            unset.iter().fold(&mut command, |command, name| command.env_remove(name))
        }
        Environment::Only(all) => command.env_clear().envs(all.iter().cloned()),
    };
    command.arg("keeper").arg(&stage).current_dir("/").env_remove(TAG_VARIABLE);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(system("start the keeper", &stage))?;
    // not yet waited for, so the pid is still its own
    match open_child(child.id()) {
        Ok((pid, handle)) => Ok(Kept { folder, pid, handle }),
        Err(errno) => {
            let _ = child.kill().and_then(|()| child.wait());
            lose(&folder)?;
            Err(system("open a pidfd", &stage)(errno.into()))
        }
    }
}

/// Looks what became of a stage that another runner started, and ends it if nobody keeps it. Blocks: a few ms where all
/// is well, longer while a keeper is just starting or its leftovers are killed.
pub fn find(stage: &Path) -> Result<Found, LaunchError> {
    let stage = absolute(stage).map_err(system("find the folder", stage))?;
    let folder = StageFolder::at(&stage);
    folder.create()?;
    let until = clock::up_ms() + millis(SHOWS_ITSELF);
    while clock::up_ms() < until {
        if let Some(end) = folder.end()? {
            return Ok(Found::Ended(end));
        }
        if let Some(lock) = folder.try_lock()? {
            return bury(&folder, &lock);
        }
        if let Some((pid, handle)) = folder.keeper()?.and_then(|state| open_keeper(&state)) {
            return Ok(Found::Alive(Kept { folder, pid, handle }));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Err(LaunchError::Unknown { stage })
}

impl Kept {
    /// The keeper's pid.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// The stage's folder.
    pub fn stage(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the keeper to stop every process of the stage; [`Self::frozen_state`] says when that is done. One wish at a
    /// time: signals have no order.
    pub async fn freeze(&self) -> Result<(), LaunchError> {
        self.signal(Signal::USR1).await
    }

    /// Asks the keeper to continue what it froze.
    pub async fn thaw(&self) -> Result<(), LaunchError> {
        self.signal(Signal::USR2).await
    }

    /// Asks the keeper to end the stage: the tree is asked first and killed when its grace is over.
    pub async fn stop(&self) -> Result<(), LaunchError> {
        self.signal(Signal::TERM).await
    }

    /// What the keeper last said of itself; `None` before it did.
    pub fn frozen_state(&self) -> Result<Option<KeeperState>, LaunchError> {
        Ok(self.folder.keeper()?)
    }

    /// Waits for the stage's end. If the keeper itself was killed, what it left is killed too, and the end says so. May
    /// be dropped and called again; after the end it answers at once.
    pub async fn ended(&self) -> Result<ChildEnd, LaunchError> {
        self.gone().await.map_err(system("wait for the keeper", self.folder.path()))?;
        // its zombie is ours only if we are its parent
        let _ = waitid(WaitId::PidFd(self.handle.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        if let Some(end) = self.folder.end()? {
            return Ok(end);
        }
        let folder = self.folder.clone();
        let lost = tokio::task::spawn_blocking(move || lose(&folder)).await;
        lost.map_err(|error| system("clear away the stage", self.folder.path())(io::Error::other(error)))?
    }

    /// Returns once the keeper is a zombie or less.
    async fn gone(&self) -> io::Result<()> {
        // a handle of its own for each wait, since epoll takes a descriptor once
        #[expect(deprecated, reason = "its successor is unsafe to call; an OwnedFd meets all that it asks for")]
        let handle = AsyncFd::with_interest(self.handle.try_clone()?, Interest::READABLE)?;
        handle.readable().await.map(|_| ())
    }

    /// Signals the keeper, but not before it listens: until then a signal would end it.
    async fn signal(&self, signal: Signal) -> Result<(), LaunchError> {
        let listens = async {
            while matches!(self.folder.keeper(), Ok(None)) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            () = listens => {}
            gone = self.gone() => return gone.map_err(system("wait for the keeper", self.folder.path())),
            () = tokio::time::sleep(SHOWS_ITSELF) => return Err(LaunchError::Unknown { stage: self.folder.path().to_owned() }),
        }
        match pidfd_send_signal(&self.handle, signal) {
            // ended meanwhile: there is nothing left to signal
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(system("signal the keeper", self.folder.path())(errno.into())),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, variables) = match self {
            Self::Ours(variables) => ("Ours", variables),
            Self::Changed { set, .. } => ("Changed", set),
            Self::Only(variables) => ("Only", variables),
        };
        // names alone: the values may be secrets
        f.debug_tuple(name).field(&variables.iter().map(|(name, _)| name).collect::<Vec<_>>()).finish()
    }
}

/// Opens a child that was not waited for yet.
fn open_child(pid: u32) -> Result<(Pid, OwnedFd), Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    Ok((pid, pidfd_open(pid, PidfdFlags::empty())?))
}

/// Opens the keeper that wrote this; `None` if it is gone, or if that was in another boot.
fn open_keeper(state: &KeeperState) -> Option<(Pid, OwnedFd)> {
    let pid = Pid::from_raw(state.id.pid).filter(|_| state.boot == clock::boot_id())?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    // looked at after it was opened: so the handle can't belong to a later process
    (process::identity(state.id.pid) == Some(state.id)).then_some((pid, handle))
}

/// Ends a stage whose keeper is gone. Blocks.
fn lose(folder: &StageFolder) -> Result<ChildEnd, LaunchError> {
    let until = clock::up_ms() + millis(SHOWS_ITSELF);
    while clock::up_ms() < until {
        // a killed keeper's lock may live a moment longer, in a child between fork and exec
        if let Some(lock) = folder.try_lock()? {
            return match bury(folder, &lock)? {
                Found::Ended(end) | Found::Lost(end) => Ok(end),
                Found::Alive(_) => Err(LaunchError::Unknown { stage: folder.path().to_owned() }),
            };
        }
        thread::sleep(LOOK_AGAIN);
    }
    Err(LaunchError::Unknown { stage: folder.path().to_owned() })
}

/// With the lock in hand: the end that is there, or else the tree killed and [`EndCause::Lost`] written.
fn bury(folder: &StageFolder, lock: &StageLock) -> Result<Found, LaunchError> {
    if let Some(end) = folder.end()? {
        return Ok(Found::Ended(end));
    }
    // unreadable files don't keep us from killing what the readable one names
    let keeper = folder.keeper().ok().flatten();
    let tag = folder.spec().ok().flatten().map(|spec| spec.tag).unwrap_or_default();
    let swept = match &keeper {
        Some(state) if state.boot != clock::boot_id() => 0,
        _ => Tree::new(keeper.as_ref().map(|state| state.id), tag).sweep(),
    };
    let frozen_ms = keeper.map_or(0, |state| state.frozen_ms);
    let end = ChildEnd { cause: EndCause::Lost, command: 0, duration_ms: 0, frozen_ms, swept };
    folder.write_end(&end, lock)?;
    Ok(Found::Lost(end))
}

fn system(operation: &'static str, stage: &Path) -> impl FnOnce(io::Error) -> LaunchError {
    let stage = stage.to_owned();
    move |source| LaunchError::System { operation, stage, source }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
