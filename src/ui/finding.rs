//! Where a search is found: in items, in the steps of an agent.

use super::message::Unfolds;
use super::reading::{Fold, rows};
use super::state::State;
use super::step::Shown;
use super::{Mood, Said, Screen, moves};
use crate::domain::ids::short_sha;
use crate::model::{Item, ItemState};
use crate::text::find::Pattern;

/// Whether a way round a list passed its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// It did not.
    No,
    /// Past the last one, on from the first.
    ToFirst,
    /// Past the first one, on from the last.
    ToLast,
    /// There is but one.
    Only,
}

impl Turned {
    /// Says so.
    pub(super) fn remark(self, state: &mut State, what: &str) {
        let says = match self {
            Self::No => return,
            Self::ToFirst => format!("wrapped: the first {what}"),
            Self::ToLast => format!("wrapped: the last {what}"),
            Self::Only => format!("this is the only {what}"),
        };
        state.remark(Said::new(Mood::Quiet, says));
    }
}

/// The next position at which something holds, going round; `from` itself comes last.
pub(super) fn round(len: usize, from: usize, forward: bool, holds: impl Fn(usize) -> bool) -> Option<(usize, Turned)> {
    let from = from.min(len.checked_sub(1)?);
    let steps = (1..=len).map(|by| if forward { (from + by) % len } else { (from + len - by) % len });
    let at = steps.into_iter().find(|at| holds(*at))?;
    let turned = match at.cmp(&from) {
        std::cmp::Ordering::Equal => Turned::Only,
        std::cmp::Ordering::Less if forward => Turned::ToFirst,
        std::cmp::Ordering::Greater if !forward => Turned::ToLast,
        _ => Turned::No,
    };
    Some((at, turned))
}

/// To the next match on the screen that is shown, or to the one before.
pub(super) fn find(state: &mut State, forward: bool) {
    let found = match state.screen {
        Screen::Queue | Screen::Result => find_item(state, forward),
        Screen::Agent => find_step(state, forward),
        Screen::Log => return,
    };
    if !found && let Some(find) = &state.find {
        let says = format!("'{}' is in no {}", find.text, if state.screen == Screen::Agent { "step" } else { "item" });
        state.remark(Said::new(Mood::Warn, says));
    }
}

/// To the next item that holds what is searched for; whether there is one.
pub(super) fn find_item(state: &mut State, forward: bool) -> bool {
    let Some(find) = &state.find else { return false };
    let items = &state.run.items;
    let holds = |at: usize| items.get(at).is_some_and(|item| is_in_item(find, item));
    let Some((at, turned)) = round(items.len(), state.selected_row().unwrap_or_default(), forward, holds) else { return false };
    moves::select_row(state, at);
    turned.remark(state, "match");
    true
}

fn is_in_item(find: &Pattern, item: &Item) -> bool {
    let class = match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => class.name(),
        _ => "",
    };
    let texts = [item.id.0.as_str(), item.human.as_str(), short_sha(&item.human), item.parent.as_str(), item.status(), class];
    texts.into_iter().chain(item.why()).any(|text| find.is_in(text)) || item.agent_failure().is_some_and(|says| find.is_in(&says))
}

/// To the next step that holds what is searched for; whether there is one. It is unfolded where the match is not in
/// what a folded step shows.
pub(super) fn find_step(state: &mut State, forward: bool) -> bool {
    let Some(find) = &state.find else { return false };
    let sheet = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout);
    let holds = |at: usize| sheet.steps.get(at).is_some_and(|step| is_in_step(find, step));
    let reading = &mut state.reading;
    let Some((at, turned)) = round(sheet.steps.len(), reading.cursor, forward, holds) else { return false };
    reading.go_to(at, &sheet);
    if let Some(step) = sheet.steps.get(at) {
        let row = |fold: Fold| rows(step, fold, sheet.cols).iter().position(|row| find.is_in(row.text()));
        let row = row(reading.fold_beside(at)).or_else(|| {
            // it stands where a long body is folded
            let row = row(Fold::Whole)?;
            reading.whole.insert(at);
            Some(row)
        });
        let row = row.unwrap_or_default();
        if sheet.unfolds == Unfolds::Beside {
            reading.inside = Some(row.saturating_sub(sheet.rows / 3));
        } else {
            if reading.fold(at) == Fold::Folded && !is_in_folded(find, step) {
                reading.open(&sheet);
                reading.toggle(&sheet);
            }
            if reading.fold(at) != Fold::Folded {
                reading.show_row(row, &sheet);
            }
        }
    }
    turned.remark(state, "match");
    true
}

/// Whether a step has it anywhere: in what was said, asked or answered.
pub(super) fn is_in_step(find: &Pattern, step: &Shown) -> bool {
    let said = step.thought.iter().chain(&step.error).chain(&step.harness);
    said.into_iter().any(|line| find.is_in(line))
        || step.calls.iter().any(|call| {
            let mut answered = call.result.iter().flat_map(super::step::ShownResult::lines);
            find.is_in(&call.name) || call.asked().any(|line| find.is_in(&line)) || answered.any(|line| find.is_in(&line))
        })
}

fn is_in_folded(find: &Pattern, step: &Shown) -> bool {
    find.is_in(step.head()) || step.main_call().is_some_and(|call| find.is_in(&call.word) || find.is_in(&call.gist))
}
