//! The energy of the machine's GPUs while stages ran, as the runner put it on record.

use serde::Serialize;

use super::{Attempt, Item, Run, StageRecord, StageState};
use crate::text;

/// A stage that took no longer leaves no record of the machine, in ms, and lowers nothing.
const SHORTEST_MS: u64 = 1_000;

/// From this part of the time on it counts as whole, in percent.
const WHOLE_PCT: u64 = 90;

/// Energy of the GPUs over some stages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Energy {
    /// In mJ.
    pub mj: u64,
    /// The part of the time of these stages that it is known for, in percent.
    pub covered_pct: u64,
}

impl Energy {
    /// Over these stages; `None` where nothing is known of any of them.
    fn of<'a>(records: impl Iterator<Item = &'a StageRecord>) -> Option<Self> {
        let (mut mj, mut covered, mut whole) = (None, 0_u64, 0_u64);
        for record in records {
            let StageState::Ended(outcome) = &record.state else { continue };
            let ms = record.before().map(|(_, outcome)| outcome.duration_ms).sum::<u64>().saturating_add(outcome.duration_ms);
            whole += if ms > SHORTEST_MS { ms } else { 0 };
            if let Some((machine, energy)) = record.machine.as_ref().and_then(|machine| Some((machine, machine.energy_mj?))) {
                mj = Some(mj.unwrap_or(0_u64).saturating_add(energy));
                covered += ms.saturating_mul(u64::from(machine.covered_pct));
            }
        }
        Some(Self { mj: mj?, covered_pct: covered / whole.max(1) })
    }

    /// Of several; each covers the others' time in the part of its own energy.
    pub fn sum(all: impl Iterator<Item = Self>) -> Option<Self> {
        let (mut sum, mut whole) = (None, 0_u128);
        for one in all {
            let Self { mj, .. } = sum.unwrap_or_default();
            whole += u128::from(one.mj) * u128::from(one.covered_pct);
            let mj = mj.saturating_add(one.mj);
            let covered_pct = u64::try_from(whole / u128::from(mj.max(1))).unwrap_or_default();
            sum = Some(Self { mj, covered_pct });
        }
        sum
    }

    /// In Wh.
    #[expect(clippy::cast_precision_loss, reason = "mJ of a run are far below 2^52")]
    pub fn wh(self) -> f64 {
        self.mj as f64 / 3_600_000.0
    }

    /// `412 Wh`, `412 Wh (of 83 % of the time)`
    pub fn words(self) -> String {
        let told = text::energy(self.wh());
        if self.covered_pct < WHOLE_PCT { format!("{told} (of {} % of the time)", self.covered_pct) } else { told }
    }
}

impl StageRecord {
    /// The energy of its time.
    pub fn energy(&self) -> Option<Energy> {
        Energy::of(std::iter::once(self))
    }
}

impl Attempt {
    /// The energy of its own stages; those taken over took theirs in an earlier attempt.
    pub fn energy(&self) -> Option<Energy> {
        Energy::of(self.stages.iter().filter(|record| record.ran_in == self.n))
    }
}

impl Item {
    /// The energy of all attempts.
    pub fn energy(&self) -> Option<Energy> {
        Energy::of(self.attempts.iter().flat_map(|attempt| attempt.stages.iter().filter(|record| record.ran_in == attempt.n)))
    }
}

impl Run {
    /// The energy of all items.
    pub fn energy(&self) -> Option<Energy> {
        let attempts = self.items.iter().flat_map(|item| &item.attempts);
        Energy::of(attempts.flat_map(|attempt| attempt.stages.iter().filter(|record| record.ran_in == attempt.n)))
    }
}
