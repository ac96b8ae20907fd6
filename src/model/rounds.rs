//! An arm may be measured more than once: in rounds of one attempt, and in an attempt that goes on where another ended.

use jiff::Timestamp;

use super::{Attempt, StageRecord, StageState};
use crate::domain::{Stage, StageOutcome};

impl Attempt {
    /// What an attempt that begins at a stage takes over from this one: the stages before it, and of the arms from it on what
    /// was measured, where that is taken up.
    pub(super) fn left_for(&self, from: Stage, is_taken_up: bool) -> Vec<StageRecord> {
        let before = self.stages.iter().filter(|record| record.stage < from).cloned();
        let is_taken_up = is_taken_up && from.arm().is_some();
        let measured = self.stages.iter().filter(|record| is_taken_up && record.stage >= from).filter_map(StageRecord::as_measured);
        before.chain(measured).collect()
    }
}

impl StageRecord {
    /// A stage that begins in an attempt, at a moment: for the first time, or after what is known of it.
    pub(super) fn again(known: Option<Self>, stage: Stage, (attempt, began): (u32, Timestamp), state: StageState) -> Self {
        let (mut began_before, mut machine) = (Vec::new(), None);
        if let Some(known) = known.as_ref().filter(|known| known.ran_in == attempt) {
            began_before = known.began_before.iter().copied().chain([known.began]).collect();
            machine.clone_from(&known.machine);
        }
        let earlier = known.map(Self::into_outcomes).unwrap_or_default();
        Self { stage, ran_in: attempt, began, machine, earlier, began_before, state }
    }

    fn into_outcomes(self) -> Vec<StageOutcome> {
        let mut all = self.earlier;
        if let StageState::Ended(outcome) = self.state {
            all.push(outcome);
        }
        all
    }

    /// An arm as far as it was measured: what came to a bad end is left out. `None` where nothing was.
    fn as_measured(&self) -> Option<Self> {
        self.stage.arm()?;
        let mut good: Vec<StageOutcome> = self.outcomes().filter(|outcome| outcome.is_done()).cloned().collect();
        let last = good.pop()?;
        Some(Self { began_before: Vec::new(), earlier: good, state: StageState::Ended(last), ..self.clone() })
    }

    /// How often it was begun in this attempt.
    pub fn rounds(&self) -> usize {
        self.began_before.len() + 1
    }

    /// When it began before in this attempt, and how that ended.
    pub fn before(&self) -> impl Iterator<Item = (Timestamp, &StageOutcome)> {
        let taken = self.earlier.len().saturating_sub(self.began_before.len());
        self.began_before.iter().copied().zip(self.earlier.iter().skip(taken))
    }
}
