//! Where a search is found: in items, in the steps of an agent.

use super::ahead::{self, Goal};
use super::message::Unfolds;
use super::reading::{Fold, Matched, Row, rows};
use super::state::State;
use super::step::Shown;
use super::{Mood, Said, Screen, all_results, beside, moves};
use crate::domain::ids::short_sha;
use crate::model::{Item, ItemState};
use crate::text::find::Pattern;

/// Whether a way round a list passed its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turned {
    /// It did not.
    #[default]
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

impl Turned {
    /// Of a way from one position to another one.
    pub(super) fn of(from: usize, to: usize, forward: bool) -> Self {
        match to.cmp(&from) {
            std::cmp::Ordering::Equal => Self::Only,
            std::cmp::Ordering::Less if forward => Self::ToFirst,
            std::cmp::Ordering::Greater if !forward => Self::ToLast,
            _ => Self::No,
        }
    }
}

/// The next position at which something holds, going round; `from` itself comes last.
pub(super) fn round(len: usize, from: usize, forward: bool, holds: impl Fn(usize) -> bool) -> Option<(usize, Turned)> {
    let from = from.min(len.checked_sub(1)?);
    let steps = (1..=len).map(|by| if forward { (from + by) % len } else { (from + len - by) % len });
    let at = steps.into_iter().find(|at| holds(*at))?;
    Some((at, Turned::of(from, at, forward)))
}

/// To the next match on the screen that is shown, or to the one before.
pub(super) fn find(state: &mut State, forward: bool) {
    let found = match state.screen {
        Screen::Queue | Screen::Benchmark => find_item(state, forward),
        Screen::Agent => find_step(state, forward),
        Screen::Results => all_results::find(state, forward),
        Screen::Machine | Screen::Log => return,
    };
    // the line of counts says it better
    let is_told = state.screen == Screen::Agent && state.focus.as_ref().is_some_and(|focus| focus.trail.is_some());
    if !found
        && !is_told
        && let Some(find) = &state.find
    {
        let what = match state.screen {
            Screen::Agent => "step",
            Screen::Results if state.all_results.is_filtered() => "item that is shown",
            _ => "item",
        };
        let says = format!("'{}' is in no {what}", find.text);
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

pub(super) fn is_in_item(find: &Pattern, item: &Item) -> bool {
    let class = match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => class.name(),
        _ => "",
    };
    let texts = [item.id.0.as_str(), item.human.as_str(), short_sha(&item.human), item.parent.as_str(), item.status(), class];
    texts.into_iter().chain(item.why()).any(|text| find.is_in(text)) || item.agent_failure().is_some_and(|says| find.is_in(&says))
}

/// To the next line of a step that holds what is searched for; whether there is one. Its step is unfolded where the line is not in
/// what a folded step shows.
pub(super) fn find_step(state: &mut State, forward: bool) -> bool {
    let Some(find) = &state.find else { return false };
    let sheet = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout);
    // what is shown of a step may be cut: the raw steps are searched elsewhere
    let is_known = |at: usize| state.sought.as_ref().is_some_and(|sought| sought.lines_of(at) > 0);
    let holds = |at: usize| is_known(at) || sheet.steps.get(at).is_some_and(|step| is_in_step(find, step));
    let rows_of = |at: usize| sheet.steps.get(at).map(|step| rows_with(find, step, Fold::Whole, sheet.cols)).unwrap_or_default();
    let reading = &state.reading;
    let here = reading.matched.filter(|matched| matched.step == reading.cursor).map(|matched| matched.nth);
    let within = match here {
        Some(nth) if forward => Some(nth + 1).filter(|nth| *nth < rows_of(reading.cursor).len()),
        Some(nth) => nth.checked_sub(1),
        None => Some(0).filter(|_| forward && holds(reading.cursor)),
    };
    let is_paged = state.shown_trail().is_some_and(|trail| trail.pages.is_some());
    let (at, nth, turned) = if let Some(nth) = within {
        (reading.cursor, nth, Turned::No)
    } else if is_paged {
        return ahead::go(state, Goal::Match, forward);
    } else {
        let Some((at, turned)) = round(sheet.steps.len(), reading.cursor, forward, holds) else { return false };
        (at, if forward { 0 } else { rows_of(at).len().saturating_sub(1) }, turned)
    };
    go_to_match(state, at, nth, turned);
    true
}

/// To the first match of a step, or to its last one, by the step's position.
pub(super) fn go_to_match_at_end(state: &mut State, at: usize, forward: bool, turned: Turned) {
    let Some(find) = &state.find else { return };
    let sheet = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout);
    let rows = sheet.steps.get(at).map_or(0, |step| rows_with(find, step, Fold::Whole, sheet.cols).len());
    go_to_match(state, at, if forward { 0 } else { rows.saturating_sub(1) }, turned);
}

/// To a match of a step, by the step's position and the number of its rows with one.
pub(super) fn go_to_match(state: &mut State, at: usize, nth: usize, turned: Turned) {
    if beside::has_keys(state) {
        beside::leave(state);
    }
    let Some(find) = &state.find else { return };
    let sheet = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout);
    let reading = &mut state.reading;
    let Some(step) = sheet.steps.get(at) else { return };
    reading.go_to(at, &sheet);
    reading.matched = Some(Matched { step: at, nth, turned });
    let found = rows_with(find, step, reading.fold_beside(at), sheet.cols);
    let all = rows_with(find, step, Fold::Whole, sheet.cols);
    let row = if found.len() < all.len() {
        // some stand where a long body is folded
        reading.whole.insert(at);
        all.get(nth)
    } else {
        found.get(nth)
    };
    let row = row.copied().unwrap_or_default();
    if sheet.unfolds == Unfolds::Beside {
        reading.inside = Some(row.saturating_sub(sheet.rows / 3));
    } else {
        if reading.fold(at) == Fold::Folded && (nth > 0 || !is_in_folded(find, step)) {
            reading.open(&sheet);
            reading.toggle(&sheet);
        }
        if reading.fold(at) != Fold::Folded {
            reading.show_row(row, &sheet);
        }
    }
    if all.is_empty() {
        state.remark(Said::new(Mood::Quiet, "it is in a part of this step that is not shown"));
    }
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

/// The rows of a step, unfolded so far, that hold it. What is broken by a wrap is in the first of its rows.
fn rows_with(find: &Pattern, step: &Shown, fold: Fold, cols: usize) -> Vec<usize> {
    let rows = rows(step, fold, cols);
    let texts: Vec<&str> = rows.iter().map(|row| text_of(row, step)).collect();
    let holds = |at: usize| texts.get(at).is_some_and(|text| find.is_in(text));
    let is_broken = |at: usize| {
        let pair = texts.get(at).zip(texts.get(at + 1)).filter(|(one, next)| !one.is_empty() && !next.is_empty());
        pair.is_some_and(|(one, next)| find.is_in(&format!("{one}{next}")) || find.is_in(&format!("{one} {next}")))
    };
    (0..texts.len()).filter(|at| holds(*at) || (!holds(at + 1) && is_broken(*at))).collect()
}

/// The words of a row that are the step's own.
fn text_of<'a>(row: &'a Row, step: &'a Shown) -> &'a str {
    match row {
        Row::Name(at) => step.calls.get(*at).map_or("", |call| &call.name),
        Row::HeadName => step.calls.first().map_or("", |call| &call.name),
        row => row.text(),
    }
}

fn is_in_folded(find: &Pattern, step: &Shown) -> bool {
    find.is_in(&step.title()) || step.main_call().is_some_and(|call| find.is_in(&call.word) || find.is_in(&call.gist))
}
