//! A run that is waited for: its ledger followed and its runner looked at, whenever a file of it changed or a second
//! went by.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use crate::host::watch::{Heed, Watch};
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::{Follower, Run};

/// The longest time between two looks: file events are hints and may be missed.
const LOOK: Duration = Duration::from_secs(1);

/// A run as it goes on.
pub(super) struct Watched {
    folder: RunFolder,
    follower: Follower,
    hints: Receiver<()>,
    _watch: Watch,
    until: Option<Instant>,
}

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// Something may have happened.
    Look,
    /// The time is up.
    TimeUp,
}

impl Watched {
    /// Watches a run from now on, for so long; `None` for as long as it takes.
    pub(super) fn new(folder: &RunFolder, patience: Option<Duration>) -> Self {
        let (tell, hints) = sync_channel(1);
        // a hint that waits says it all
        let mut watch = Watch::new(Heed::Writes, move |_| {
            let _ = tell.try_send(());
        });
        watch.always(folder.path());
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        Self { folder: folder.clone(), follower: Follower::new(folder), hints, _watch: watch, until }
    }

    /// The run as it is now, and the pid of its runner. A runner's last facts are there before it lets go, so that it is
    /// looked for first.
    pub(super) fn look(&mut self) -> io::Result<(&Run, Option<u32>)> {
        let holder = RunnerLock::holder(&self.folder);
        self.follower.catch_up()?;
        Ok((&self.follower.run, holder))
    }

    /// The run as it was seen last.
    pub(super) const fn run(&self) -> &Run {
        &self.follower.run
    }

    /// Waits for a hint or a second, and no longer than the time that is left.
    pub(super) fn wait(&self) -> Waited {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Waited::TimeUp;
        }
        let nap = left.map_or(LOOK, |left| left.min(LOOK));
        // without file events the other end may be gone: then the nap is all
        if let Err(std::sync::mpsc::RecvTimeoutError::Disconnected) = self.hints.recv_timeout(nap) {
            std::thread::sleep(nap.min(Duration::from_millis(100)));
        }
        Waited::Look
    }
}
