//! An arm may be measured more than once: in rounds of one attempt, and in an attempt that goes on where another ended.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Attempt, Item, ItemState, StageRecord, StageState};
use crate::domain::{Arm, ArmDetail, FailureClass, LostRound, Stage, StageEnd, StageOutcome};

/// A measurement of an arm that is measured more than once. In words: `round 2 of 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Which one, from 1.
    pub n: u32,
    /// How many there are to be.
    pub of: u32,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round {} of {}", self.n, self.of)
    }
}

/// Where a stage ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// In which attempt.
    pub attempt: u32,
    /// Which time in it, from 1, where it was begun once more in the same attempt; `None` for the last time.
    pub round: Option<u32>,
}

impl Attempt {
    /// What an attempt that begins at a stage takes over from this one: the stages before it, and of the arms from it on what
    /// was measured, where that is taken up. Of an arm that somebody asks for again no pull: he may do so after its images were removed.
    pub(super) fn left_for(&self, from: Stage, is_taken_up: bool) -> Vec<StageRecord> {
        let are_there = || self.outcome(Stage::Pull).is_some_and(StageOutcome::is_done) && !self.lacks_an_image();
        let has_images = from.arm().is_none() || (is_taken_up && are_there());
        let before = self.stages.iter().filter(|record| record.stage < from && (record.stage != Stage::Pull || has_images)).cloned();
        let is_taken_up = is_taken_up && from.arm().is_some();
        let measured = self.stages.iter().filter(|record| is_taken_up && record.stage >= from).filter_map(StageRecord::as_measured);
        before.chain(measured).collect()
    }

    /// Whether the image of an arm was removed after it was pulled: by another checkout, a person, or the clean stage of an earlier
    /// attempt.
    pub fn lacks_an_image(&self) -> bool {
        let is_it = |end: &StageEnd| matches!(end, StageEnd::Failed { class: FailureClass::ImageMissing, .. });
        let mut arms = self.stages.iter().filter(|record| record.stage.arm().is_some());
        self.pull().is_some() && arms.any(|arm| self.outcome(arm.stage).is_some_and(|outcome| is_it(&outcome.end)))
    }

    /// The stage to begin with where its images did not come: the pull, or the arm that it was to begin with once they are there.
    pub fn from_pull(&self) -> Stage {
        self.from.max(Stage::Pull)
    }
}

impl Attempt {
    /// How an arm ended as far as its numbers go: a round that is lost takes nothing from the good ones before it.
    pub fn counted(&self, stage: Stage) -> Option<&StageOutcome> {
        let good = self.stage(stage)?.outcomes().filter(|outcome| outcome.is_done()).last();
        good.or_else(|| self.outcome(stage))
    }

    /// What all good measurements of an arm say together, and which one failed after them; `None` where none was good.
    pub fn measured(&self, stage: Stage) -> Option<ArmDetail> {
        let all = ArmDetail::of_samples(&self.samples(stage))?;
        Some(match self.lost_round(stage) {
            Some(lost) => all.without(lost),
            None => all,
        })
    }

    /// How a stage ended in this attempt, each time, and where.
    fn ended(&self, stage: Stage) -> Vec<(Ran, &StageOutcome)> {
        let Some(record) = self.stage(stage).filter(|record| record.ran_in == self.n) else { return Vec::new() };
        let last = u32::try_from(record.rounds()).unwrap_or(u32::MAX);
        let ran = |nth: u32| Ran { attempt: self.n, round: Some(nth).filter(|nth| *nth < last) };
        (1..).map(ran).zip(record.ended()).collect()
    }

    /// The measurement of an arm that failed after good ones.
    pub fn lost_round(&self, stage: Stage) -> Option<LostRound> {
        let StageEnd::Failed { class, why } = &self.outcome(stage)?.end else { return None };
        let good = self.samples(stage).len();
        (good > 0).then(|| LostRound { round: u32::try_from(good).unwrap_or(u32::MAX).saturating_add(1), class: *class, why: why.clone() })
    }

    /// All of them.
    pub fn lost_rounds(&self) -> impl Iterator<Item = (Stage, LostRound)> + '_ {
        self.stages.iter().filter_map(|record| Some((record.stage, self.lost_round(record.stage)?)))
    }
}

impl Item {
    /// Whether its next attempt goes on with the arms that the last one measured well: what nobody asked to be measured again is not.
    pub const fn is_taken_up(&self) -> bool {
        matches!(self.state, ItemState::Interrupted { .. }) || self.automatic_retries > 0
    }

    /// Where a stage of the newest attempt ran, each time that counts there: what was measured well before an attempt that failed is
    /// taken up by the next. The last time is the last.
    pub fn ran(&self, stage: Stage) -> Vec<Ran> {
        let Some(record) = self.last_attempt().and_then(|last| last.stage(stage)) else { return Vec::new() };
        let outcomes: Vec<&StageOutcome> = record.outcomes().collect();
        let mut ended = self.attempts.iter().flat_map(|attempt| attempt.ended(stage)).collect::<Vec<_>>().into_iter().rev();
        let counted = outcomes.iter().rev().filter_map(|outcome| ended.find(|(_, ended)| ended == outcome));
        let mut ran: Vec<Ran> = counted.map(|(ran, _)| ran).collect();
        ran.reverse();
        if matches!(record.state, StageState::Running { .. }) {
            ran.push(Ran { attempt: record.ran_in, round: None });
        }
        ran
    }

    /// Which arms of the newest attempt were measured less often than `repeat` times because a round failed, in words:
    /// `agent: 2 of 3 rounds: server_crashed: …`.
    pub fn lost_rounds(&self, repeat: u32) -> Option<String> {
        let says = |(stage, lost): (Stage, LostRound)| {
            let arm = stage.arm().map_or(stage.name(), Arm::name);
            format!("{arm}: {} of {repeat} rounds: {}: {}", lost.good(), lost.class, lost.why)
        };
        let lost: Vec<String> = self.last_attempt()?.lost_rounds().map(says).collect();
        (!lost.is_empty()).then(|| lost.join("; "))
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

    /// How it ended in this attempt, each time that it did.
    pub fn ended(&self) -> impl Iterator<Item = &StageOutcome> {
        let last = if let StageState::Ended(outcome) = &self.state { Some(outcome) } else { None };
        self.before().map(|(_, outcome)| outcome).chain(last)
    }

    /// What each good measurement of an arm took, whatever attempt it was in, in ms of unfrozen time.
    pub fn measured_ms(&self) -> impl Iterator<Item = u64> {
        self.outcomes().filter(|outcome| outcome.is_done()).map(StageOutcome::worked_ms)
    }

    /// Which round it is in, of an arm that is measured more than once.
    pub fn round(&self, repeat: u32) -> Option<Round> {
        let n = u32::try_from(self.earlier.len()).unwrap_or(u32::MAX).saturating_add(1);
        (repeat > 1 && self.stage.arm().is_some()).then_some(Round { n, of: repeat })
    }

    /// What stands behind its name to tell its rounds apart: `, round 2 of 3`; empty for what is done once.
    pub fn in_round(&self, repeat: u32) -> String {
        self.round(repeat).map_or_else(String::new, |round| format!(", {round}"))
    }

    /// When it began before in this attempt, and how that ended.
    pub fn before(&self) -> impl Iterator<Item = (Timestamp, &StageOutcome)> {
        let taken = self.earlier.len().saturating_sub(self.began_before.len());
        self.began_before.iter().copied().zip(self.earlier.iter().skip(taken))
    }
}
