//! Which files the screen wants to read.

use super::state::{Open, State};
use crate::domain::{AttemptId, Stage};
use crate::model::{Attempt, Item, StageRecord, StageState};

/// The files behind the item that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Focus {
    /// The attempt whose agent left the trajectory.
    pub trail: Option<AttemptId>,
    /// The attempt and the stage whose output is shown.
    pub output: Option<(AttemptId, Stage)>,
}

/// What the state wants to read now.
pub fn wanted(state: &State) -> Option<Focus> {
    let item = state.selected_item()?;
    let attempt = item.last_attempt()?;
    let id = |record: &StageRecord| AttemptId { item: item.id.clone(), n: record.ran_in };
    let chosen = match &state.open {
        Open::Item(reading) => reading.stage,
        Open::Queue => None,
    };
    let stage = chosen.and_then(|stage| attempt.stage(stage)).or_else(|| telling_stage(item, attempt));
    Some(Focus { trail: attempt.stage(Stage::Agent).map(id), output: stage.map(|record| (id(record), record.stage)) })
}

/// The stage whose output tells most: the one that runs, the one that did not end well, the newest arm, the agent.
fn telling_stage<'a>(item: &'a Item, attempt: &'a Attempt) -> Option<&'a StageRecord> {
    let bad = || attempt.stages.iter().rev().find(|record| matches!(&record.state, StageState::Ended(outcome) if !outcome.is_done()));
    let arm = || attempt.stages.iter().rev().find(|record| record.stage.arm().is_some());
    item.live_stage().or_else(bad).or_else(arm).or_else(|| attempt.stage(Stage::Agent)).or_else(|| attempt.stages.last())
}
