//! The stages of an item as a row of dots, in three groups: the work, the arms, the end.

use crate::domain::{Stage, StageEnd};
use crate::model::{Item, ItemState, StageRecord, StageState};
use crate::theme::{Glyphs, Role};
use crate::view::canvas::Words;

/// One dot a stage; the one that runs has the role of its item's state.
pub fn dots(item: &Item, stages: &[Stage], glyphs: &Glyphs, running: Role) -> Words {
    let attempt = item.last_attempt();
    let again_from = match &item.state {
        ItemState::Queued { from }
        | ItemState::Waiting { from, .. }
        | ItemState::ForRoom { from, .. }
        | ItemState::Interrupted { from, .. } => Some(*from),
        _ => None,
    };
    let mut words = Words::new();
    let mut before = None;
    for stage in stages {
        if before.is_some_and(|before| group(before) != group(*stage)) {
            words = words.add(Role::Text, " ");
        }
        before = Some(*stage);
        let record = attempt.and_then(|attempt| attempt.stage(*stage)).filter(|_| again_from.is_none_or(|from| *stage < from));
        let (role, glyph) = match record {
            Some(record) => dot(record, glyphs, running),
            None if item.is_over() => (Role::Faint, glyphs.none),
            None => (Role::Faint, glyphs.pending),
        };
        words = words.add(role, glyph);
    }
    words
}

/// The first letters of the stages above their dots: `wac hbc sc`.
pub fn letters(stages: &[Stage]) -> String {
    let mut letters = String::new();
    let mut before = None;
    for stage in stages {
        if before.is_some_and(|before| group(before) != group(*stage)) {
            letters.push(' ');
        }
        before = Some(*stage);
        letters.extend(stage.name().chars().next());
    }
    letters
}

/// Columns of the dots.
pub fn width(stages: &[Stage]) -> usize {
    let gaps = stages.windows(2).filter(|pair| matches!(pair, [a, b] if group(*a) != group(*b))).count();
    stages.len() + gaps
}

fn dot(record: &StageRecord, glyphs: &Glyphs, running: Role) -> (Role, &'static str) {
    match &record.state {
        StageState::Running { frozen: Some(_), .. } | StageState::Running { stopping: Some(_), .. } => (Role::Warn, glyphs.running),
        StageState::Running { .. } => (running, glyphs.running),
        StageState::Ended(outcome) => match &outcome.end {
            StageEnd::Done => (Role::Good, glyphs.done),
            StageEnd::Failed { .. } => (Role::Bad, glyphs.failed),
            StageEnd::Stopped { .. } | StageEnd::Interrupted { .. } | StageEnd::Deferred(_) => (Role::Warn, glyphs.cut),
        },
    }
}

const fn group(stage: Stage) -> u8 {
    match stage {
        Stage::Worktree | Stage::Agent | Stage::Check | Stage::Pull => 0,
        Stage::Human | Stage::Baseline | Stage::Candidate => 1,
        Stage::Score | Stage::Clean => 2,
    }
}
