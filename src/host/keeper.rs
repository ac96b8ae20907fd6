//! The keeper: one small process a stage, which outlives the runner. It starts the stage's commands, holds their whole
//! tree, stops, freezes and thaws it when signalled, enforces the budget, and writes the end to `exit.json`.
//!
//! | signal | the keeper |
//! |---|---|
//! | TERM | stops the stage |
//! | USR1, USR2 | freezes, thaws it; `keeper.json` says when that is done. They are passed on where the command pauses itself |
//! | HUP, INT | goes on |

mod claim;
mod start;
mod watch;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{getpid, set_child_subreaper, setsid};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use super::stage_folder::{FolderError, KeeperState, StageFolder, StageLock};
use super::tree::{Frozen, Tree};
use super::{clock, process};
use crate::domain::{ChildEnd, EndCause};
use claim::Claim;
use watch::{Keeper, Said, Signals};

/// How long to wait before a file that could not be written is tried again: the disk is full, and somebody frees it.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Why a stage could not be kept.
#[derive(Debug, Error)]
pub enum KeeperError {
    /// A file of the stage's folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The system refused something that every keeper needs.
    #[error("{operation}: {source}")]
    System {
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// There is no `spec.json`.
    #[error("the stage has no spec.json")]
    NoSpec,
}

impl KeeperError {
    fn system(operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { operation, source }
    }
}

/// Keeps the stage in this folder to its end, and writes that. Does nothing when the stage has an end already: then a
/// runner gave it up before we came.
pub fn keep(stage: &Path) -> Result<(), KeeperError> {
    // refused where a shell gave us a process group: then that is our own already
    let _ = setsid();
    let folder = StageFolder::at(stage);
    let lock = folder.lock()?;
    if folder.has_end() {
        return Ok(());
    }
    let end = match prepare(&folder) {
        Ok((runtime, keeper)) => runtime.block_on(keeper.run()),
        Err(error) => ChildEnd {
            cause: EndCause::NotStarted { error: format!("the keeper could not start: {error}") },
            command: 0,
            duration_ms: 0,
            frozen_ms: 0,
            swept: 0,
        },
    };
    write_end(&folder, &end, &lock)
}

/// All that can fail before the first command is started.
fn prepare(folder: &StageFolder) -> Result<(Runtime, Keeper), KeeperError> {
    set_child_subreaper(Some(getpid())).map_err(|errno| KeeperError::system("become the parent of orphans")(errno.into()))?;
    let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(KeeperError::system("make a runtime"))?;
    let signals = {
        let _inside = runtime.enter();
        Signals::listen().map_err(KeeperError::system("listen for signals"))?
    };
    let spec = folder.spec()?.ok_or(KeeperError::NoSpec)?;
    let id = process::identity(getpid().as_raw_nonzero().get())
        .ok_or_else(|| KeeperError::system("find ourselves in /proc")(io::ErrorKind::NotFound.into()))?;
    let mut claim = Claim::new(&spec);
    // its first words tell already whether it waits
    let state = KeeperState { id, boot: clock::boot_id(), frozen: false, frozen_ms: 0, waits: claim.try_again() };
    folder.write_keeper(&state)?;
    let keeper = Keeper {
        folder: folder.clone(),
        tree: Tree::new(Some(id), spec.tag.clone()),
        spec,
        claim,
        signals,
        state,
        said: Said::All,
        began_ms: clock::up_ms(),
        frozen_since: None,
        frozen: Frozen::default(),
        to_pass: None,
        main: None,
        status: None,
        stop: false,
        killed: HashSet::new(),
    };
    Ok((runtime, keeper))
}

/// Writes the end, again and again while the disk is full; not when the whole folder is gone.
fn write_end(folder: &StageFolder, end: &ChildEnd, lock: &StageLock) -> Result<(), KeeperError> {
    loop {
        match folder.write_end(end, lock) {
            Ok(()) => return Ok(()),
            Err(error) if error.is_missing() || matches!(error, FolderError::Malformed { .. }) => return Err(error.into()),
            Err(_) => thread::sleep(TRY_AGAIN),
        }
    }
}
