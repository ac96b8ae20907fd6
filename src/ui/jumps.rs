//! Keys that go from one step of a kind to the next.

use super::ahead::{self, Goal};
use super::finding::round;
use super::marks::Mark;
use super::message::Unfolds;
use super::reading::Pane;
use super::state::State;
use super::step::Kind;
use super::{Action, Mood, Said, Screen, moves};
use crate::text;

/// A kind of steps that is gone to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Edits of files, those that failed too, and those that were made before.
    Edit,
    /// Finishes that the harness refused.
    Refusal,
    /// Tool calls.
    Call,
}

impl Aim {
    /// What an action is about, and whether it goes forwards.
    const fn of(action: Action) -> Option<(Self, bool)> {
        Some(match action {
            Action::NextEdit => (Self::Edit, true),
            Action::PreviousEdit => (Self::Edit, false),
            Action::NextRefusal => (Self::Refusal, true),
            Action::PreviousRefusal => (Self::Refusal, false),
            Action::NextCall => (Self::Call, true),
            Action::PreviousCall => (Self::Call, false),
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Refusal => "refused finish",
            Self::Call => "tool call",
        }
    }

    pub(super) const fn is(self, step: Mark) -> bool {
        match self {
            Self::Edit => step.kind.is_edit(),
            Self::Refusal => matches!(step.kind, Kind::RefusedFinish),
            Self::Call => step.has_calls,
        }
    }
}

/// How many steps an action could go to, and whether that is all; `None` where it is no such action, or there are no steps here.
pub(super) fn count(state: &State, action: Action) -> Option<(usize, bool)> {
    let (aim, _) = Aim::of(action).filter(|_| state.screen == Screen::Agent)?;
    Some(state.shown_trail().map_or((0, true), |trail| trail.count_of(|_, mark| aim.is(mark))))
}

/// Goes to the next step of its kind. False: it is no such action.
pub(super) fn perform(state: &mut State, action: Action) -> bool {
    let Some((aim, forward)) = Aim::of(action) else { return false };
    if ahead::go(state, Goal::Step(aim), forward) {
        return true;
    }
    let steps = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout).steps;
    let found = round(steps.len(), state.reading.cursor, forward, |at| steps.get(at).is_some_and(|step| aim.is(Mark::shown(step))));
    if let Some((at, turned)) = found {
        moves::go_to_step(state, at);
        if state.reading.pane == Pane::Found || state.layout.unfolds == Unfolds::Inline {
            state.reading.pane = Pane::Steps;
        }
        turned.remark(state, aim.name());
        return true;
    }
    let says = match steps.len() {
        0 if state.shown_trail().is_none() => "no steps were read so far".to_owned(),
        0 => "there are no steps here".to_owned(),
        1 => format!("no {} in this one step", aim.name()),
        n => format!("no {} in these {}", aim.name(), text::count(n, "step")),
    };
    state.remark(Said::new(Mood::Quiet, says));
    true
}
