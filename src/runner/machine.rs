//! What the machine did while a stage ran, from the telemetry of its time.

use jiff::{SignedDuration, Timestamp};

use super::containers;
use crate::domain::{AttemptId, MachineUse, OutsidePause, RunId, Stage, StageOutcome};
use crate::host::clock;
use crate::host::stage_folder::StageFolder;
use crate::ledger::RunFolder;
use crate::telemetry::taint::{self, Arm};
use crate::telemetry::{Files, energy};

/// Of a stage that took no longer nothing is said, in ms: hardly a sample falls into it.
const SHORTEST_MS: u64 = 1_000;

/// A stage that has ended, and whose machine is to be looked at.
#[derive(Debug)]
pub(super) struct Look {
    files: Files,
    run: RunId,
    from: Timestamp,
    to: Timestamp,
    frozen_ms: u64,
    outside: Option<OutsidePause>,
    /// UUIDs of the GPUs that an arm had for itself; `None` for another stage.
    gpus: Option<Vec<String>>,
}

impl Look {
    /// At a stage that began then and ended so; `None` where there is nothing to look at.
    pub(super) fn at(folder: &RunFolder, attempt: &AttemptId, stage: Stage, began: Timestamp, outcome: &StageOutcome) -> Option<Self> {
        let files = Files::of(folder.path());
        let is_there = outcome.duration_ms > SHORTEST_MS && (files.seconds().exists() || files.tens().exists());
        // a number may be doubtful though nobody looked at the machine: its arm was frozen
        let is_arm = stage.arm().is_some() && outcome.child.is_some();
        // a stage whose end was found by a later runner had ended long before; and none ends after now
        let lasted = SignedDuration::from_millis(i64::try_from(outcome.duration_ms).unwrap_or(i64::MAX));
        let to = began.checked_add(lasted).ok().filter(|_| is_there || is_arm)?.min(clock::now());
        let frozen_ms = outcome.child.as_ref().map_or(0, |child| child.frozen_ms);
        let left = containers::outcome(&folder.stage(attempt, stage)).filter(|_| is_arm);
        let frozen_ms = left.as_ref().map_or(frozen_ms, |left| left.frozen_ms(frozen_ms));
        let outside = left.and_then(|left| left.paused_outside());
        let gpus = || {
            let spec = StageFolder::at(&folder.stage(attempt, stage)).spec().ok().flatten();
            spec.map(|spec| spec.gpus.into_iter().map(|gpu| gpu.uuid).collect()).unwrap_or_default()
        };
        Some(Self { files, run: folder.run_id(), from: began, to, frozen_ms, outside, gpus: is_arm.then(gpus) })
    }

    /// Reads the files, which may take a moment; `None` where they say nothing of that time.
    pub(super) fn read(&self) -> Option<MachineUse> {
        let energy = match energy::between(&self.files, self.from.as_millisecond(), self.to.as_millisecond()) {
            // of a machine without any GPU there is nothing to tell
            Ok(energy) => energy.filter(|energy| !energy.uuids.is_empty() || energy.total_mj().is_some()),
            Err(error) => {
                tracing::warn!("can't read the telemetry of this run: {error}");
                return None;
            }
        };
        let arm = |gpus| Arm { run: &self.run, from: self.from, to: self.to, gpus, frozen_ms: self.frozen_ms, outside: self.outside };
        let (taints, notes) = self.gpus.as_ref().map(|gpus| taint::of_arm(&self.files, &arm(gpus))).unwrap_or_default();
        let is_known = energy.is_some() || !taints.is_empty() || !notes.is_empty();
        let energy = energy.map(|energy| (energy.total_mj(), energy.covered_pct, energy.uuids));
        let (energy_mj, covered_pct, gpus) = energy.unwrap_or_default();
        is_known.then_some(MachineUse { energy_mj, covered_pct, gpus, taints, notes })
    }
}
