//! All processes of a stage, wherever they went: what descends from its keeper, what carries its tag, and what was
//! left in its session.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use super::clock;
use super::process::{self, Identity, Process, Sent, State};

/// Longer than this no freeze waits for processes to stop.
const FREEZE_LIMIT_MS: u64 = 1000;

/// How long a sweep waits between two looks, at first and at most.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(100)];

/// The processes of one stage.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The keeper, alive or not; `None` when it never said who it is.
    keeper: Option<Identity>,
    /// What the processes carry in their environment.
    tag: String,
}

/// Which processes a freeze stopped; only those are continued by the thaw.
#[derive(Debug, Default)]
pub struct Frozen {
    stopped: HashSet<Identity>,
}

/// What a pass of killing met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Nothing was left.
    Empty,
    /// Something was left, and is being killed.
    Killing,
    /// What is left belongs to other users, and we may not signal it.
    OutOfReach,
}

impl Frozen {
    /// Whether a process does nothing more. One that no signal reaches yet will stop before it runs again.
    fn holds(&self, process: &Process) -> bool {
        match process.state {
            State::Stopped | State::Dead => true,
            State::Waiting => self.stopped.contains(&process.id),
            State::Alive => false,
        }
    }
}

impl Tree {
    /// The tree below a keeper and around a tag.
    pub const fn new(keeper: Option<Identity>, tag: String) -> Self {
        Self { keeper, tag }
    }

    /// The living processes of the stage, without its keeper and without ourselves.
    pub fn members(&self) -> Vec<Process> {
        let processes = process::all();
        let since = self.keeper.map_or(0, |keeper| keeper.start_ticks);
        let mut found = self.kept(&processes);
        // an older process can't carry the tag, and reading the environment of one that hangs in a driver would hang us
        let strays: Vec<i32> = process::living(&processes)
            .filter(|process| process.id.start_ticks >= since && !found.contains(&process.id.pid))
            .map(|process| process.id.pid)
            .filter(|pid| process::carries(*pid, &self.tag))
            .collect();
        if !strays.is_empty() {
            found.extend(process::below(&processes, &strays));
            found.extend(strays);
        }
        let ours = i32::try_from(std::process::id()).unwrap_or_default();
        process::living(&processes)
            .filter(|process| process.id.pid != ours && self.keeper != Some(process.id) && found.contains(&process.id.pid))
            .copied()
            .collect()
    }

    /// What descends from the keeper while it lives. Once it is gone: whoever is still in its session, whose number the
    /// kernel gives to nobody else before the last of them is gone, and what descends from those.
    fn kept(&self, processes: &[Process]) -> HashSet<i32> {
        let Some(keeper) = self.keeper else { return HashSet::new() };
        match processes.iter().find(|process| process.id.pid == keeper.pid) {
            Some(holder) if holder.id != keeper => HashSet::new(),
            Some(holder) if holder.state != State::Dead => process::below(processes, &[keeper.pid]),
            _ => {
                let session: Vec<i32> =
                    processes.iter().filter(|process| process.session == keeper.pid).map(|process| process.id.pid).collect();
                let mut found = process::below(processes, &session);
                found.extend(session);
                found
            }
        }
    }

    /// Stops every process, and looks until twice in a row nothing new was running.
    pub fn freeze(&self, frozen: &mut Frozen) {
        let began = clock::up_ms();
        let mut quiet = 0;
        while quiet < 2 && clock::up_ms().saturating_sub(began) < FREEZE_LIMIT_MS {
            let running: Vec<Process> = self.members().into_iter().filter(|process| !frozen.holds(process)).collect();
            for process in &running {
                if process::signal(process.id, Signal::STOP) == Sent::Delivered {
                    frozen.stopped.insert(process.id);
                }
            }
            quiet = if running.is_empty() { quiet + 1 } else { 0 };
            if !running.is_empty() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Continues what a freeze stopped.
    pub fn thaw(frozen: &mut Frozen) {
        for id in frozen.stopped.drain() {
            process::signal(id, Signal::CONT);
        }
    }

    /// Asks every process to end. They are stopped while they are asked, so that none misses it by forking.
    pub fn ask_to_end(&self, frozen: &mut Frozen) {
        self.freeze(frozen);
        let members = self.members();
        for signal in [Signal::TERM, Signal::CONT] {
            for process in &members {
                process::signal(process.id, signal);
            }
        }
        frozen.stopped.clear();
    }

    /// Kills what is left, and adds it to `killed`. What was killed may take a moment to be gone: call it until empty.
    pub fn kill_pass(&self, killed: &mut HashSet<Identity>) -> Pass {
        if self.members().is_empty() {
            return Pass::Empty;
        }
        // stopped first: a fork bomb would use every place that a kill frees
        self.freeze(&mut Frozen::default());
        let (mut reached, mut forbidden) = (false, false);
        for process in self.members() {
            match process::signal(process.id, Signal::KILL) {
                Sent::Delivered => {
                    reached = true;
                    killed.insert(process.id);
                }
                Sent::Gone => reached = true,
                Sent::Forbidden => forbidden = true,
            }
        }
        // nobody met is not nobody left: one that forks and ends all the time is easily missed
        if forbidden && !reached { Pass::OutOfReach } else { Pass::Killing }
    }

    /// Kills the whole tree of a keeper that is gone, and waits until it is: blocks. Returns how many were killed.
    pub fn sweep(&self) -> u32 {
        let mut killed = HashSet::new();
        let [mut pause, longest] = LOOK_AGAIN;
        while self.kill_pass(&mut killed) == Pass::Killing {
            thread::sleep(pause);
            pause = (pause * 2).min(longest);
            // they are ours to bury only where orphans become ours: in a container whose first process we are
            for id in &killed {
                let _ = Pid::from_raw(id.pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
            }
        }
        u32::try_from(killed.len()).unwrap_or(u32::MAX)
    }
}
