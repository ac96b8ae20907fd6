//! After each message: the rows are those of the run, what is shown is what passes, and the selection is seen.

use super::{Row, Scope};
use crate::domain::ItemId;
use crate::ui::state::State;
use crate::ui::{Screen, moves, problems};

/// What was selected before a filter hid it, and what is selected in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Held {
    before: ItemId,
    instead: ItemId,
}

/// Keeps the table as the run is, while it is shown.
pub(in crate::ui) fn settle(state: &mut State) {
    if state.screen != Screen::Results {
        // an item that is chosen elsewhere is one of this run
        state.all_results.other = None;
        return;
    }
    if std::mem::take(&mut state.all_results.is_stale) {
        read(state);
    }
    show(state);
    keep_selected(state);
    scroll(state);
}

fn read(state: &mut State) {
    let run = &state.run;
    let mut rows: Vec<Row> = run.items.iter().map(|item| Row::of(run, item, problems::is_problem(item))).collect();
    if state.all_results.scope == Scope::Every {
        rows.extend(state.all_results.earlier.iter().cloned());
    }
    state.all_results.rows = rows;
}

fn show(state: &mut State) {
    let all_results = &mut state.all_results;
    let passing = all_results.rows.iter().enumerate().filter(|(_, row)| all_results.passes(row, None)).map(|(at, _)| at);
    let mut shown: Vec<usize> = passing.collect();
    all_results.sort.sort(&all_results.rows, &mut shown);
    all_results.shown = shown;
}

/// The selected row is one of those that are shown. What a filter hid is selected again as soon as it is shown again, unless
/// somebody chose another one meanwhile.
fn keep_selected(state: &mut State) {
    let held = state.all_results.held.take().filter(|held| state.queue.selected.as_ref() == Some(&held.instead));
    if let Some(held) = held {
        if state.all_results.visible().any(|row| row.run.is_none() && row.item == held.before) {
            moves::choose(state, &held.before);
            return;
        }
        state.all_results.held = Some(held);
    }
    if state.all_results.place(state).is_some() {
        return;
    }
    state.all_results.other = None;
    if state.all_results.place(state).is_some() {
        return;
    }
    let Some(first) = state.all_results.visible().find(|row| row.run.is_none()).map(|row| row.item.clone()) else { return };
    let before = state.all_results.held.take().map(|held| held.before).or_else(|| state.queue.selected.clone());
    moves::choose(state, &first);
    state.all_results.held = before.map(|before| Held { before, instead: first });
}

fn scroll(state: &mut State) {
    let rows = state.layout.results_rows;
    let Some(place) = state.all_results.place(state).filter(|_| rows > 0) else { return };
    state.all_results.top = moves::top_of(state.all_results.top, place, rows, state.all_results.shown.len());
}
