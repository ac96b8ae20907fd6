//! Which files the screen wants to read.

use super::state::State;
use crate::domain::{AttemptId, Stage};
use crate::model::{Attempt, Item, StageRecord, StageState};

/// The files behind the item that is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Focus {
    /// The attempt whose agent left the trajectory.
    pub trail: Option<AttemptId>,
    /// The attempt whose agent runs now, whichever item is looked at.
    pub live: Option<AttemptId>,
    /// The attempt and the stage whose output is shown.
    pub output: Option<(AttemptId, Stage)>,
    /// Stages that are asked whether they wrote anything: those of a failed item.
    pub stages: Vec<(AttemptId, Stage)>,
}

impl Focus {
    /// Whether this agent's trajectory is read.
    pub fn reads(&self, attempt: &AttemptId) -> bool {
        self.trail.iter().chain(&self.live).any(|wanted| wanted == attempt)
    }
}

/// What the state wants to read now.
pub fn wanted(state: &State) -> Option<Focus> {
    let live = state.run.live_stage().filter(|(_, record)| record.stage == Stage::Agent).map(|(attempt, _)| attempt);
    let item = state.selected_item()?;
    let Some(attempt) = item.last_attempt() else { return live.map(|live| Focus { live: Some(live), ..Focus::default() }) };
    let id = |record: &StageRecord| AttemptId { item: item.id.clone(), n: record.ran_in };
    let place = |record: &StageRecord| (id(record), record.stage);
    let wrote = |record: &StageRecord| state.wrote.contains(&place(record));
    let stage = telling_stage(item, attempt, &wrote);
    let stages = if bad_stages(attempt).next().is_some() { attempt.stages.iter().map(place).collect() } else { Vec::new() };
    Some(Focus { trail: attempt.stage(Stage::Agent).map(id), live, output: stage.map(place), stages })
}

/// The stages that did not end well.
fn bad_stages(attempt: &Attempt) -> impl Iterator<Item = &StageRecord> {
    attempt.stages.iter().filter(|record| matches!(&record.state, StageState::Ended(outcome) if !outcome.is_done()))
}

/// The stage whose output tells most: the one that runs; where something went wrong the first such stage that wrote
/// something, else the last one that did; else the newest arm, the agent.
fn telling_stage<'a>(item: &'a Item, attempt: &'a Attempt, wrote: &impl Fn(&StageRecord) -> bool) -> Option<&'a StageRecord> {
    let bad = || {
        let first = bad_stages(attempt).next()?;
        let last = || attempt.stages.iter().rev().find(|record| wrote(record));
        bad_stages(attempt).find(|record| wrote(record)).or_else(last).or(Some(first))
    };
    let arm = || attempt.stages.iter().rev().find(|record| record.stage.arm().is_some());
    item.live_stage().or_else(bad).or_else(arm).or_else(|| attempt.stage(Stage::Agent)).or_else(|| attempt.stages.last())
}
