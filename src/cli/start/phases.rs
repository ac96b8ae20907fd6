//! What a headless run says of an arm in a container while it runs: a line for each phase that is over, and one for a phase that
//! has used up half of its time.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::docker::arm::PROGRESS;
use crate::domain::{ArmPhase, ArmProgress};
use crate::host::clock;
use crate::host::files::{self, Links};
use crate::ledger::{Fact, RunFolder};
use crate::model::Run;
use crate::text::{arm, duration};

/// So often an arm is looked at: its phases take seconds to minutes.
const LOOK: Duration = Duration::from_secs(1);

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// Tells of the arm that runs, from a thread of its own: between two facts nothing else happens.
pub(super) struct Phases {
    next: SyncSender<Option<Arm>>,
    /// Everything about the arm before was told.
    told: Receiver<()>,
}

/// An arm that runs.
struct Arm {
    /// `c-0001: human`, `c-0001: human, round 2 of 3`.
    name: String,
    progress: PathBuf,
}

impl Phases {
    /// Starts the thread; `tell` says a line. `None` where there are no threads left: the lines are missing then.
    pub(super) fn start(tell: impl Fn(&str) + Send + 'static) -> Option<Self> {
        let (next, hear) = sync_channel(1);
        let (done, told) = sync_channel(1);
        let thread = thread::Builder::new().name("phases".to_owned()).spawn(move || follow(&hear, &done, &tell));
        thread.ok().map(|_| Self { next, told })
    }

    /// Takes a fact: an arm begins, or is over. What is still to be said of one that is over is said before this returns.
    pub(super) fn take(&self, folder: &RunFolder, fact: &Fact, run: &Run) {
        let next = match fact {
            Fact::StageStarted { item, n, stage, .. } | Fact::StageAdopted { item, n, stage, .. } if stage.arm().is_some() => {
                let attempt = crate::domain::AttemptId { item: item.clone(), n: *n };
                Some(Arm { name: super::stage_of(run, item, *stage), progress: folder.stage(&attempt, *stage).join(PROGRESS) })
            }
            Fact::StageFinished { stage, .. } if stage.arm().is_some() => None,
            _ => return,
        };
        if self.next.send(next).is_ok() {
            let _ = self.told.recv();
        }
    }
}

fn follow(hear: &Receiver<Option<Arm>>, done: &SyncSender<()>, tell: &dyn Fn(&str)) {
    let mut live: Option<Arm> = None;
    let mut told = Told::default();
    loop {
        let next = match &live {
            Some(_) => hear.recv_timeout(LOOK),
            None => hear.recv().map_err(RecvTimeoutError::from),
        };
        if let Some(arm) = &live {
            let progress = files::read(&arm.progress, LARGEST, Links::Refused).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            for line in progress.map(|progress: ArmProgress| told.lines(&progress, clock::now())).unwrap_or_default() {
                tell(&format!("{}: {line}", arm.name));
            }
        }
        match next {
            Ok(arm) => {
                live = arm;
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What was said of an arm.
#[derive(Default)]
struct Told {
    /// When that arm began: another moment, another arm.
    started: Option<Timestamp>,
    /// How many of its phases were told as over.
    over: usize,
    /// The last phase of which it was said that it takes long.
    slow: Option<ArmPhase>,
}

impl Told {
    /// What is new: `weights: 41 s`, `start: 7m30s so far, ended in 7m30s at the latest`.
    fn lines(&mut self, progress: &ArmProgress, now: Timestamp) -> Vec<String> {
        if self.started != Some(progress.started) {
            *self = Self { started: Some(progress.started), ..Self::default() };
        }
        let mut lines = Vec::new();
        while let Some((span, ms)) = progress.phases.get(self.over).and_then(|span| Some((span, span.ms?))) {
            self.over += 1;
            lines.push(format!("{}: {}", arm::phase(span.phase), duration::short(ms)));
        }
        let open = progress.phase().filter(|phase| self.slow != Some(*phase) && *phase < ArmPhase::Stop);
        if let (Some(phase), Some(deadline), None) = (open, progress.deadline, progress.paused) {
            let took = arm::under_way(progress, now);
            let left = u64::try_from(deadline.duration_since(now).as_millis()).unwrap_or_default();
            if took > left {
                self.slow = Some(phase);
                lines.push(format!(
                    "{}: {} so far, ended in {} at the latest",
                    arm::phase(phase),
                    duration::short(took),
                    duration::short(left)
                ));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::PhaseSpan;

    #[test]
    fn each_phase_is_told_once_when_it_is_over_and_once_when_half_of_its_time_is_gone() {
        let at = |second: i64| Timestamp::from_second(1_795_000_000 + second).unwrap();
        let span = |phase, from_s: u64, s: Option<u64>| PhaseSpan { phase, from_ms: from_s * 1000, ms: s.map(|s| s * 1000) };
        let progress = |started: i64, phases: &[PhaseSpan]| -> ArmProgress {
            let deadline = at(started + 900);
            serde_json::from_value(serde_json::json!({
                "started": at(started), "at": at(started), "image": "org/vllm-bench:8a1f", "deadline": deadline, "phases": phases,
            }))
            .unwrap()
        };
        let mut told = Told::default();
        let create = [span(ArmPhase::Create, 0, Some(58)), span(ArmPhase::Prepare, 58, Some(2)), span(ArmPhase::Start, 60, None)];
        assert_eq!(told.lines(&progress(0, &create), at(70)), ["create: 58 s", "prepare: 2.0 s"]);
        assert_eq!(told.lines(&progress(0, &create), at(400)), [""; 0]);
        assert_eq!(told.lines(&progress(0, &create), at(500)), ["start: 7m20s so far, ended in 6m40s at the latest"]);
        assert_eq!(told.lines(&progress(0, &create), at(600)), [""; 0], "once is enough");
        assert_eq!(told.lines(&progress(1000, &create), at(1070)), ["create: 58 s", "prepare: 2.0 s"], "another arm");
    }
}
