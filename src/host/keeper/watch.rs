//! The keeper at work: one loop that reaps, listens and looks at the clock, from the first command to an empty tree.

use std::collections::HashSet;
use std::io;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Signal as Number, WaitOptions, WaitStatus, wait};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::claim::Claim;
use super::{TRY_AGAIN, start};
use crate::domain::{ChildEnd, EndCause};
use crate::host::clock;
use crate::host::process::{self, Identity, Sent};
use crate::host::stage_folder::{Command, KeeperState, Spec, StageFolder};
use crate::host::tree::{Frozen, Pass, Tree};

/// How long the loop sleeps when there is nothing to wait for but signals.
const IDLE: Duration = Duration::from_hours(1);

/// How long a sweep waits between two looks, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the keeper listens to. All are caught before the first command starts, so that none is missed.
#[derive(Debug)]
pub(super) struct Signals {
    stop: Signal,
    freeze: Signal,
    thaw: Signal,
    child: Signal,
}

/// Whether `keeper.json` holds the newest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It does.
    All,
    /// It could not be written, and is to be tried again.
    Outdated,
}

/// Whether we have children, zombies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Children {
    /// At least one.
    Some,
    /// None, and so no descendant either: an orphan would be our child.
    None,
}

/// A keeper and its stage.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Where the stage's files are.
    pub(super) folder: StageFolder,
    /// What to do.
    pub(super) spec: Spec,
    /// All processes of the stage.
    pub(super) tree: Tree,
    /// Its GPUs; let go with the keeper.
    pub(super) claim: Claim,
    /// What we listen to.
    pub(super) signals: Signals,
    /// As it is in `keeper.json`, or should be.
    pub(super) state: KeeperState,
    /// Whether it is.
    pub(super) said: Said,
    /// When the first command was started, in ms of [`clock::up_ms`].
    pub(super) began_ms: u64,
    /// When the tree was frozen, in the same ms; `None` while it runs.
    pub(super) frozen_since: Option<u64>,
    /// Which processes that stopped.
    pub(super) frozen: Frozen,
    /// USR1 or USR2, for a command that pauses itself and does not listen yet.
    pub(super) to_pass: Option<Number>,
    /// The command that runs, or ran last.
    pub(super) main: Option<Child>,
    /// How it ended.
    pub(super) status: Option<WaitStatus>,
    /// Whether somebody asked us to stop.
    pub(super) stop: bool,
    /// Everything that we killed.
    pub(super) killed: HashSet<Identity>,
}

impl Signals {
    /// Catches all of them.
    pub(super) fn listen() -> io::Result<Self> {
        // once caught, they no longer end us; nobody needs to hear of them
        drop(signal(SignalKind::hangup())?);
        drop(signal(SignalKind::interrupt())?);
        Ok(Self {
            stop: signal(SignalKind::terminate())?,
            freeze: signal(SignalKind::user_defined1())?,
            thaw: signal(SignalKind::user_defined2())?,
            child: signal(SignalKind::child())?,
        })
    }
}

impl Keeper {
    /// Runs the commands one after another, clears away what they left, and says how it ended. What an earlier command
    /// left running may serve the later ones, and goes with the stage.
    pub(super) async fn run(mut self) -> ChildEnd {
        self.own_gpus().await;
        self.began_ms = clock::up_ms();
        // what it waited for its GPUs counts for nothing, frozen or not
        self.frozen_since = self.frozen_since.map(|_| self.began_ms);
        let commands = std::mem::take(&mut self.spec.commands);
        let mut last = (0, EndCause::NotStarted { error: "the stage has no command".to_owned() });
        for (index, command) in commands.iter().enumerate() {
            if let Some(cause) = self.held_back().await {
                last.1 = cause;
                break;
            }
            last = (index, self.one(command).await);
            if !goes_on(command, &last.1) {
                break;
            }
        }
        self.sweep().await;
        let now = clock::up_ms();
        let main = self.main_pid();
        let swept = self.killed.iter().filter(|id| Some(id.pid) != main).count();
        ChildEnd {
            cause: last.1,
            command: last.0,
            duration_ms: now.saturating_sub(self.began_ms),
            frozen_ms: self.frozen_ms(now),
            swept: u32::try_from(swept).unwrap_or(u32::MAX),
        }
    }

    /// Waits until its GPUs are its own, or until it is to stop.
    async fn own_gpus(&mut self) {
        while self.state.waits.is_some() && !self.stop {
            self.began_ms = clock::up_ms();
            self.happening().await;
            let waits = self.claim.try_again();
            if waits != self.state.waits {
                self.state.waits = waits;
                self.say();
            }
        }
        self.state.frozen_ms = 0;
    }

    /// Waits before a command while the stage is frozen. Says why it must not be started at all.
    async fn held_back(&mut self) -> Option<EndCause> {
        self.catch_up().await;
        loop {
            if let Some(cause) = self.due() {
                return Some(cause);
            }
            self.frozen_since?;
            self.happening().await;
            self.reap();
        }
    }

    /// Runs one command to its end.
    async fn one(&mut self, command: &Command) -> EndCause {
        (self.status, self.to_pass) = (None, None);
        match start::start(&self.folder, &self.spec, command) {
            Ok(child) => self.main = Some(child),
            Err(error) => return EndCause::NotStarted { error: error.to_string() },
        }
        loop {
            self.reap();
            if let Some(status) = self.status {
                return ended(status);
            }
            if let Some(cause) = self.due() {
                self.ask_to_end().await;
                return cause;
            }
            self.happening().await;
        }
    }

    /// Why the stage must end now, if it must.
    fn due(&self) -> Option<EndCause> {
        if self.stop {
            return Some(EndCause::Stopped);
        }
        let used = self.used_ms();
        self.spec.budget_ms.filter(|budget| used >= *budget).map(|_| EndCause::Deadline)
    }

    /// Sleeps until something happened, and does what a signal asks for.
    async fn happening(&mut self) {
        let pause = self.pause();
        tokio::select! {
            biased;
            _ = self.signals.stop.recv() => self.stop = true,
            _ = self.signals.freeze.recv() => self.freeze(),
            _ = self.signals.thaw.recv() => self.thaw(),
            _ = self.signals.child.recv() => {}
            () = sleep(pause) => {}
        }
        self.pass_on();
        if self.said == Said::Outdated {
            self.say();
        }
    }

    /// Does what was asked for while nobody listened, as while a command was started that ended at once.
    async fn catch_up(&mut self) {
        // the runtime takes up signals when all else waits
        tokio::task::yield_now().await;
        loop {
            tokio::select! {
                biased;
                _ = self.signals.stop.recv() => self.stop = true,
                _ = self.signals.freeze.recv() => self.freeze(),
                _ = self.signals.thaw.recv() => self.thaw(),
                () = std::future::ready(()) => return,
            }
        }
    }

    /// How long nothing needs to be done unless a signal comes.
    fn pause(&self) -> Duration {
        let budget = match (self.spec.budget_ms, self.frozen_since) {
            (Some(budget), None) => Duration::from_millis(budget.saturating_sub(self.used_ms())),
            _ => IDLE,
        };
        let again = self.said == Said::Outdated || self.state.waits.is_some();
        let pause = if again { budget.min(TRY_AGAIN) } else { budget };
        if self.to_pass.is_some() { pause.min(LOOK_AGAIN) } else { pause }
    }

    /// Buries every child that ended, and notes how the command did.
    fn reap(&mut self) -> Children {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid.as_raw_nonzero().get()) == self.main_pid() => self.status = Some(status),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return Children::Some,
                Err(_) => return Children::None,
            }
        }
    }

    /// Asks the whole tree to end, and gives it its time.
    async fn ask_to_end(&mut self) {
        let until = clock::up_ms().saturating_add(self.spec.grace_ms);
        if self.spec.grace_ms > 0 {
            self.tree.ask_to_end(&mut self.frozen);
        }
        self.note_thaw();
        while self.reap() == Children::Some {
            let left = until.saturating_sub(clock::up_ms());
            if left == 0 {
                return;
            }
            tokio::select! {
                _ = self.signals.child.recv() => {}
                () = sleep(Duration::from_millis(left)) => {}
            }
        }
    }

    /// Kills until nothing is left.
    async fn sweep(&mut self) {
        let mut pause = Duration::from_millis(1);
        loop {
            let children = self.reap();
            match (self.tree.kill_pass(&mut self.killed), children) {
                (Pass::Empty, Children::None) | (Pass::OutOfReach, _) => return,
                _ => {}
            }
            tokio::select! {
                _ = self.signals.child.recv() => {}
                () = sleep(pause) => pause = (pause * 2).min(LOOK_AGAIN),
            }
        }
    }

    fn freeze(&mut self) {
        self.frozen_since.get_or_insert_with(clock::up_ms);
        if self.pauses_itself() {
            self.to_pass = Some(Number::USR1);
            self.pass_on();
        } else {
            self.tree.freeze(&mut self.frozen);
            self.state.frozen = true;
            self.say();
        }
    }

    fn thaw(&mut self) {
        if self.pauses_itself() {
            self.to_pass = Some(Number::USR2);
            self.pass_on();
        }
        Tree::thaw(&mut self.frozen);
        self.note_thaw();
        self.say();
    }

    /// Whether there is a command that is told of a freeze, and not stopped.
    fn pauses_itself(&self) -> bool {
        self.spec.pauses_itself && self.main.is_some() && self.status.is_none()
    }

    /// Passes a freeze or a thaw on, once the command listens: before, the signal would end it.
    fn pass_on(&mut self) {
        let Some(number) = self.to_pass.filter(|_| self.pauses_itself()) else { return };
        let listens = self.main_pid().filter(|pid| process::catches(*pid, number)).and_then(process::identity);
        if listens.is_some_and(|main| process::signal(main, number) == Sent::Delivered) {
            self.to_pass = None;
            if number == Number::USR1 {
                self.state.frozen = true;
                self.say();
            }
        }
    }

    /// Counts the frozen time that is over.
    fn note_thaw(&mut self) {
        self.state.frozen_ms = self.frozen_ms(clock::up_ms());
        self.frozen_since = None;
        self.state.frozen = false;
    }

    fn say(&mut self) {
        self.said = if self.folder.write_keeper(&self.state).is_ok() { Said::All } else { Said::Outdated };
    }

    /// Frozen time so far, in ms.
    fn frozen_ms(&self, now: u64) -> u64 {
        self.state.frozen_ms + self.frozen_since.map_or(0, |since| now.saturating_sub(since))
    }

    /// Time that counts to the budget so far, in ms.
    fn used_ms(&self) -> u64 {
        let now = clock::up_ms();
        now.saturating_sub(self.began_ms).saturating_sub(self.frozen_ms(now))
    }

    fn main_pid(&self) -> Option<i32> {
        self.main.as_ref().and_then(|main| i32::try_from(main.id()).ok())
    }
}

/// Whether the next command is to be run.
fn goes_on(command: &Command, cause: &EndCause) -> bool {
    matches!(cause, EndCause::Exited { code } if *code == 0 || command.allow_codes.contains(code))
}

fn ended(status: WaitStatus) -> EndCause {
    match status.terminating_signal() {
        Some(signal) => EndCause::Signalled { signal },
        None => EndCause::Exited { code: status.exit_status().unwrap_or_default() },
    }
}
