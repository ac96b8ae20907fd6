//! Whose a process is: pid → tag or keeper → run, item, stage, or → cgroup → container.

pub(super) mod cgroup;
pub(super) mod look;
mod name;
mod namespace;

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::groups::Groups;
use crate::docker::endpoint::Endpoint;
use crate::domain::Whose;
use crate::host::environment;
use crate::host::process::{self, Identity};
use crate::telemetry::GroupReading;
use crate::text::mask::Masker;
use cgroup::Membership;
use look::Told;

/// How long a new process is waited for: it answers within a millisecond, unless it hangs.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often a process is asked again: programs give themselves other names, and become others.
const AGAIN: Duration = Duration::from_mins(1);

/// Who was not asked for for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(2);

/// A process as far as it can be known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: Option<String>,
    /// Its user.
    pub user: Option<String>,
    /// Whose it is.
    pub whose: Whose,
}

/// Knows whose processes are, and what containers and stages use. What was found out is kept: a look is cheap.
#[derive(Debug)]
pub struct Attribution {
    /// The driver's pids mean nothing here.
    is_apart: bool,
    processes: HashMap<i32, Met>,
    groups: Groups,
    masker: Masker,
}

/// A process that was met.
#[derive(Debug)]
struct Met {
    /// Which one; `None` where we may not see when it started.
    id: Option<Identity>,
    /// Tells when it ends. As long as it lives nobody else gets its pid.
    handle: Option<OwnedFd>,
    /// When it was met.
    since: Instant,
    /// When it was asked for last.
    wanted: Instant,
    /// When it was asked last, and the answer that is waited for.
    asked: (Instant, Option<Receiver<Told>>),
    /// What the kernel calls it, or what it runs.
    name: Option<String>,
    user: Option<String>,
    /// The containers that it is in, the outermost first.
    containers: Vec<String>,
    /// The stage that it belongs to: once it does, it does to its end, also when its keeper is gone.
    stage: Option<Whose>,
    /// Whether it ever answered.
    is_told: bool,
}

impl Attribution {
    /// Starts to know. The engine is the one at this endpoint, or as this user's environment names it; a thread asks it.
    pub fn start(engine: Option<Endpoint>) -> Self {
        let masker = Masker::new(environment::variables(), Vec::<(String, String)>::new());
        Self { is_apart: namespace::is_apart(), processes: HashMap::new(), groups: Groups::start(engine), masker }
    }

    /// Of a pid as the driver says it.
    pub fn of(&mut self, pid: u32) -> Known {
        self.groups.hear();
        match i32::try_from(pid) {
            Ok(pid) if pid > 0 && !self.is_apart => self.met(pid),
            _ => Known::default(),
        }
    }

    fn met(&mut self, pid: i32) -> Known {
        let now = Instant::now();
        if self.processes.get(&pid).is_some_and(|met| !met.is_still(pid)) {
            self.processes.remove(&pid);
        }
        if !self.processes.contains_key(&pid) {
            self.processes.retain(|_, met| now.duration_since(met.wanted) < FORGOTTEN);
            let Some(met) = Met::meet(pid, now) else { return Known::default() };
            self.processes.insert(pid, met);
        }
        let Some(met) = self.processes.get_mut(&pid) else { return Known::default() };
        met.wanted = now;
        met.hear(pid, now);
        let whose = met.stage.clone().or_else(|| self.groups.whose(&met.containers, met.since)).unwrap_or_else(|| met.by_user());
        Known { name: met.name.as_deref().map(|name| self.masker.mask(name).into_owned()), user: met.user.clone(), whose }
    }

    /// What containers and stages use, by a name of their own: the container's, or the stage's tag.
    pub fn groups(&mut self) -> BTreeMap<String, GroupReading> {
        self.groups.read()
    }

    /// Whether we are in a container ourselves, where the driver's pids resolve to nothing.
    pub const fn in_container(&self) -> bool {
        self.is_apart
    }

    /// The folder in which this machine's engine keeps its images, once it said so.
    pub fn docker_root(&mut self) -> Option<PathBuf> {
        self.groups.hear();
        self.groups.root.clone()
    }

    /// Waits until the engine answered, or can't: for who looks only once.
    pub fn wait(&mut self, patience: Duration) {
        self.groups.wait(patience);
    }
}

impl Met {
    /// A process that is seen for the first time; `None` where there is none, or we may not see it.
    fn meet(pid: i32, now: Instant) -> Option<Self> {
        // first of all: what is read then is of this process or of none
        let handle = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let user = look::user(pid)?;
        let id = process::read(pid);
        if id.is_some_and(|process| process.state == process::State::Dead) {
            return None;
        }
        let id = id.map(|process| process.id);
        let (name, containers) = (look::comm(pid), Membership::of(pid).containers());
        let (user, asked) = (Some(user), (now, None));
        let mut met = Self { id, handle, since: now, wanted: now, asked, name, user, containers, stage: None, is_told: false };
        if met.id.is_none() && !met.lives() {
            return None;
        }
        let told = look::ask(pid);
        match told.as_ref().map(|told| told.recv_timeout(PATIENCE)) {
            Some(Ok(told)) => met.learn(told),
            _ => met.asked.1 = told,
        }
        Some(met)
    }

    /// Takes the answer where it came, and asks again where the last one is old.
    fn hear(&mut self, pid: i32, now: Instant) {
        if let Some(told) = self.asked.1.as_ref().and_then(|answer| answer.try_recv().ok()) {
            self.asked.1 = None;
            self.learn(told);
        }
        // one thread a process at most, however long it hangs
        if self.asked.1.is_none() && now.duration_since(self.asked.0) >= AGAIN && self.lives() {
            self.asked = (now, look::ask(pid));
        }
    }

    fn learn(&mut self, told: Told) {
        self.is_told = true;
        self.name = told.name.or(self.name.take());
        self.stage = self.stage.take().or(told.stage);
    }

    fn lives(&self) -> bool {
        let Some(handle) = &self.handle else { return false };
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        // it becomes readable when the process ends
        poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&at_once)) == Ok(0)
    }

    /// Whether the pid means this process still: the driver may name one that has just ended, until somebody else has its pid.
    fn is_still(&self, pid: i32) -> bool {
        self.lives() || (self.id.is_some() && process::read(pid).is_none_or(|process| Some(process.id) == self.id))
    }

    /// Of no stage and of no container. Of a process that never answered nobody knows that.
    fn by_user(&self) -> Whose {
        if self.is_told { Whose::Foreign { user: self.user.clone() } } else { Whose::Unknown }
    }
}
