//! From an item into a comparison: with the human's commit, or with another attempt of the item.

use super::compare::Against;
use super::question::{Choice, Question, Then};
use super::state::{Over, State};
use super::words::moment;
use super::{Effect, Key, Mood, Said};
use crate::domain::AttemptId;
use crate::ledger::fact::AttemptEnd;
use crate::model::Attempt;

/// Attempts that are offered at most, the newest first: each has a digit.
const OFFERED: usize = 8;

/// Compares the attempt that is shown, or the newest one; where there are several, asks with what.
pub(super) fn perform(state: &mut State) -> Vec<Effect> {
    let Some(item) = state.selected_item() else { return Vec::new() };
    let shown = state.focus.as_ref().and_then(|focus| focus.trail.clone()).filter(|shown| shown.item == item.id);
    let Some(attempt) = shown.or_else(|| item.last_attempt_id()) else {
        state.remark(Said::new(Mood::Quiet, "nothing was tried yet: there is nothing to compare"));
        return Vec::new();
    };
    let others: Vec<&Attempt> = item.attempts.iter().rev().filter(|other| other.n != attempt.n).take(OFFERED).collect();
    if others.is_empty() {
        return vec![Effect::Compare(attempt, Against::Human)];
    }
    let human = Choice {
        keys: vec![Key::Char('h'), Key::Enter],
        label: "with the human's commit",
        cost: None,
        then: Then::Compare(attempt.clone(), Against::Human),
    };
    let other = |(digit, other): (char, &Attempt)| Choice {
        keys: vec![Key::Char(digit)],
        label: "with another attempt",
        cost: Some(told(state, other)),
        then: Then::Compare(attempt.clone(), Against::Attempt(AttemptId { n: other.n, ..attempt.clone() })),
    };
    let mut choices = vec![human];
    choices.extend(('1'..='9').zip(others).map(other));
    choices.push(Choice { keys: vec![Key::Esc, Key::Char('n'), Key::Char('q')], label: "not now", cost: None, then: Then::Nothing });
    state.over =
        Over::Question(Question { title: format!("Compare attempt {} of {}", attempt.n, attempt.item), says: Vec::new(), choices });
    Vec::new()
}

/// `attempt 1, 09:40: failed, agent_crashed`
fn told(state: &State, attempt: &Attempt) -> String {
    let end = match &attempt.end {
        Some((AttemptEnd::Done, _)) => "done".to_owned(),
        Some((AttemptEnd::Failed { class, .. }, _)) => format!("failed, {class}"),
        Some(_) => "stopped".to_owned(),
        None => "not over".to_owned(),
    };
    format!("attempt {}, {}: {end}", attempt.n, moment(attempt.started, state.now, &state.zone))
}
