//! Containers and stages at work: what they use. Containers are counted by their control groups, stages outside Docker by the
//! processes below their keepers.

mod engine;
mod meter;
mod stages;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::docker::endpoint::Endpoint;
use crate::docker::labels;
use crate::domain::Whose;
use crate::telemetry::GroupReading;
use engine::{Answer, Place};
use meter::Meter;
use stages::Stages;

/// Containers and stages.
#[derive(Debug)]
pub(super) struct Groups {
    engine: Option<Receiver<Answer>>,
    /// When the last look began that was answered.
    looked: Option<Instant>,
    /// Where the engine keeps its images.
    pub(super) root: Option<PathBuf>,
    containers: Vec<Running>,
    stages: Stages,
}

/// A container that runs, or did when the engine was asked.
#[derive(Debug)]
struct Running {
    id: String,
    name: String,
    whose: Whose,
    /// Where it is counted; `None` where that is not on this machine, or not to be seen.
    place: Option<Place>,
    /// Its files, open; `None` where they could not be opened.
    meter: Option<Meter>,
    /// Processor time in µs, and when that was read.
    cpu: Option<(Instant, u64)>,
}

/// Processor time between two readings in percent of one processor, in tenths. `None` where there are no two, and where it
/// went back.
fn cpu(before: Option<(Instant, u64)>, now: Option<(Instant, u64)>) -> Option<u32> {
    let ((before, used_before), (now, used)) = (before?, now?);
    let passed = u64::try_from(now.duration_since(before).as_micros()).ok().filter(|passed| *passed > 0)?;
    u32::try_from(used.checked_sub(used_before)?.saturating_mul(1000) / passed).ok()
}

impl Groups {
    /// Begins to look. Without a thread for the engine there are no containers, and their names are missing.
    pub(super) fn start(endpoint: Option<Endpoint>) -> Self {
        Self { engine: engine::start(endpoint).ok(), looked: None, root: None, containers: Vec::new(), stages: Stages::default() }
    }

    /// Takes what the engine answered meanwhile.
    pub(super) fn hear(&mut self) {
        if let Some(answer) = self.engine.as_ref().and_then(|engine| engine.try_recv().ok()) {
            self.take(answer);
        }
    }

    /// The same, and waits for a first answer.
    pub(super) fn wait(&mut self, patience: Duration) {
        if self.looked.is_none()
            && let Some(answer) = self.engine.as_ref().and_then(|engine| engine.recv_timeout(patience).ok())
        {
            self.take(answer);
        }
    }

    fn take(&mut self, answer: Answer) {
        self.looked = Some(answer.began);
        // an engine that is away for a while (a package's update) takes no container along: its files say whether it is there
        let Some(told) = answer.told else { return };
        self.root = told.root;
        let mut before = std::mem::take(&mut self.containers);
        for (container, place) in told.running {
            let known = before.iter().position(|known| known.id == container.id).map(|at| before.swap_remove(at));
            let mut running = known.unwrap_or_else(|| Running::new(container.id));
            if running.place != place {
                (running.place, running.meter, running.cpu) = (place, None, None);
            }
            (running.name, running.whose) = (container.name, container.whose);
            self.containers.push(running);
        }
    }

    /// Whose a process is that is in these containers (the outermost first) since this moment at least. `None`: it is in none.
    /// `Unknown` while the engine did not yet say whose they are: they may be ours.
    pub(super) fn whose(&self, containers: &[String], since: Instant) -> Option<Whose> {
        let outermost = containers.first()?;
        let known = containers.iter().find_map(|id| self.containers.iter().find(|container| container.id == *id));
        Some(match known {
            Some(container) => container.whose.clone(),
            None if self.looked.is_some_and(|looked| looked >= since) => labels::container(outermost, None),
            None => Whose::Unknown,
        })
    }

    /// What they use now.
    pub(super) fn read(&mut self) -> BTreeMap<String, GroupReading> {
        self.hear();
        let mut groups = self.stages.read();
        groups.extend(self.containers.iter_mut().filter_map(|container| Some((container.name.clone(), container.read()?))));
        groups
    }
}

impl Running {
    const fn new(id: String) -> Self {
        Self { id, name: String::new(), whose: Whose::Unknown, place: None, meter: None, cpu: None }
    }

    /// `None`: it is gone.
    fn read(&mut self) -> Option<GroupReading> {
        let whose = self.whose.clone();
        let Some(place) = &self.place else { return Some(GroupReading { whose, ..GroupReading::default() }) };
        // a container that was started again has new files of the same names
        let used = self.meter.take().and_then(Meter::read).or_else(|| Meter::open(place)?.read());
        let Some((meter, used)) = used else {
            self.cpu = None;
            return None;
        };
        self.meter = Some(meter);
        let now = used.cpu_us.map(|used| (Instant::now(), used));
        let before = std::mem::replace(&mut self.cpu, now);
        Some(GroupReading { whose, cpu: cpu(before, now), memory: used.memory, pids: used.pids })
    }
}
