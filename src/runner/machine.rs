//! What the machine did while a stage ran, from the telemetry of its time.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{MachineUse, RunId, Stage, StageOutcome};
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
    is_arm: bool,
    /// UUIDs of the GPUs that it may use; empty: all.
    gpus: Vec<String>,
}

impl Look {
    /// At a stage that began then and ended so; `None` where there is nothing to look at.
    pub(super) fn at(folder: &RunFolder, stage: Stage, began: Timestamp, outcome: &StageOutcome) -> Option<Self> {
        let files = Files::of(folder.path());
        let is_there = outcome.duration_ms > SHORTEST_MS && (files.seconds().exists() || files.tens().exists());
        // a stage whose end was found by a later runner had ended long before
        let lasted = SignedDuration::from_millis(i64::try_from(outcome.duration_ms).unwrap_or(i64::MAX));
        let to = began.checked_add(lasted).ok().filter(|_| is_there)?;
        let frozen_ms = outcome.child.as_ref().map_or(0, |child| child.frozen_ms);
        Some(Self { files, run: folder.run_id(), from: began, to, frozen_ms, is_arm: stage.arm().is_some(), gpus: Vec::new() })
    }

    /// Reads the files, which may take a moment; `None` where they say nothing of that time.
    pub(super) fn read(&self) -> Option<MachineUse> {
        let energy = match energy::between(&self.files, self.from.as_millisecond(), self.to.as_millisecond()) {
            Ok(energy) => energy?,
            Err(error) => {
                tracing::warn!("can't read the telemetry of this run: {error}");
                return None;
            }
        };
        let arm = Arm { run: &self.run, from: self.from, to: self.to, gpus: &self.gpus, frozen_ms: self.frozen_ms };
        let (taints, notes) = if self.is_arm { taint::of_arm(&self.files, &arm) } else { Default::default() };
        Some(MachineUse { energy_mj: energy.total_mj(), covered_pct: energy.covered_pct, gpus: energy.uuids, taints, notes })
    }
}
