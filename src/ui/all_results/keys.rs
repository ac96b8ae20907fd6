//! The keys of the table.

use super::{Column, Group, Row, Scope};
use crate::ui::finding::{Turned, round};
use crate::ui::state::State;
use crate::ui::{Action, Mood, Said, Screen, moves};

/// Does what a key asks for; whether it was the way out of the screen.
pub(in crate::ui) fn perform(state: &mut State, action: Action) -> bool {
    match action {
        Action::NextGrouping | Action::PreviousGrouping => {
            state.all_results.by = state.all_results.by.beside(action == Action::NextGrouping);
        }
        Action::NextGroup | Action::PreviousGroup => step_group(state, action == Action::NextGroup),
        Action::OnlyGroup => only(state),
        Action::EveryRun => turn_scope(state),
        Action::Sort => {
            state.all_results.sort.column = state.all_results.sort.column.next();
            state.all_results.sort.is_reversed = false;
        }
        Action::Reverse => state.all_results.sort.is_reversed = !state.all_results.sort.is_reversed,
        Action::Open | Action::Right => open(state),
        Action::Back | Action::Left => return !undo(state),
        _ => select(state, action),
    }
    false
}

/// Takes back what hides rows, the newest first; whether there was anything.
fn undo(state: &mut State) -> bool {
    let all_results = &mut state.all_results;
    let was_sought = state.find.take().is_some();
    was_sought || all_results.only.pop().is_some() || all_results.since.take().is_some()
}

fn open(state: &mut State) {
    match state.all_results.row(state).map(|row| (row.run.clone(), row.item.clone())) {
        Some((None, _)) => state.screen = Screen::Agent,
        Some((Some(run), item)) => {
            state.remark(Said::new(Mood::Quiet, format!("{item} is of another run: `isobench-tui attach {run}` opens it")));
        }
        None => state.remark(Said::new(Mood::Quiet, "no item is shown")),
    }
}

fn select(state: &mut State, action: Action) {
    let Some(last) = state.all_results.shown.len().checked_sub(1) else { return };
    let at = state.all_results.place(state).unwrap_or_default();
    if let Some(row) = action.leads(at, state.layout.results_rows.saturating_sub(1), last) {
        to_row(state, row);
    }
}

/// Selects a row by hand, by its place among those that are shown.
pub(in crate::ui) fn to_row(state: &mut State, place: usize) {
    let Some(Row { run, item, .. }) = state.all_results.visible().nth(place).cloned() else { return };
    state.all_results.held = None;
    if let Some(run) = run {
        state.all_results.other = Some((run, item));
        return;
    }
    state.all_results.other = None;
    if let Some(row) = state.run.position(&item) {
        moves::select_row(state, row);
    }
}

/// Cuts the table down to a group, or no more where it is cut down to that one.
pub(in crate::ui) fn to_group(state: &mut State, group: Group) {
    let was = state.all_results.only.contains(&group);
    state.all_results.only.retain(|known| known.by() != group.by());
    if !was {
        state.all_results.only.push(group);
    }
}

/// Sorts by a column; by the same one again, the other way round.
pub(in crate::ui) fn to_column(state: &mut State, column: Column) {
    let sort = &mut state.all_results.sort;
    (sort.column, sort.is_reversed) = (column, sort.column == column && !sort.is_reversed);
}

/// To the group of the selected row, or to all rows again.
fn only(state: &mut State) {
    let by = state.all_results.by;
    let chosen = state.all_results.chosen().cloned();
    match chosen.or_else(|| state.all_results.row(state).map(|row| by.of(row))) {
        Some(group) => to_group(state, group),
        None => state.remark(Said::new(Mood::Quiet, "no item is shown")),
    }
}

/// To the next group that has rows, or to the one before; past the last one all rows are shown.
fn step_group(state: &mut State, forward: bool) {
    let by = state.all_results.by;
    let groups: Vec<Group> = state.all_results.groups().into_iter().filter(|(_, n)| *n > 0).map(|(group, _)| group).collect();
    let at = state.all_results.chosen().and_then(|chosen| groups.iter().position(|group| group == chosen));
    let next = match (at, forward) {
        (None, true) => Some(0),
        (None, false) => groups.len().checked_sub(1),
        (Some(at), true) => Some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    };
    state.all_results.only.retain(|known| known.by() != by);
    if let Some(group) = next.and_then(|at| groups.get(at)) {
        state.all_results.only.push(group.clone());
    }
}

/// This run alone, or the earlier ones as well.
fn turn_scope(state: &mut State) {
    state.all_results.is_stale = true;
    state.all_results.scope = match state.all_results.scope {
        Scope::Run if state.all_results.earlier.is_empty() => {
            return state.remark(Said::new(Mood::Quiet, "there is no earlier run of this checkout that was read"));
        }
        Scope::Run => Scope::Every,
        Scope::Every => Scope::Run,
    };
}

/// To the next row at which something holds, or to the one before; round the end. Whether there is one.
fn go_round(state: &mut State, forward: bool, what: &str, holds: impl Fn(&State, &Row) -> bool) -> bool {
    let from = state.all_results.place(state).unwrap_or_default();
    let is_one = |at: usize| state.all_results.visible().nth(at).is_some_and(|row| holds(state, row));
    let found: Option<(usize, Turned)> = round(state.all_results.shown.len(), from, forward, is_one);
    let Some((at, turned)) = found else { return false };
    to_row(state, at);
    turned.remark(state, what);
    true
}

/// To the next item that went wrong.
pub(in crate::ui) fn jump(state: &mut State, forward: bool) {
    if !go_round(state, forward, "item that went wrong", |_, row| row.is_problem) {
        state.remark(Said::new(Mood::Quiet, "no item that is shown went wrong"));
    }
}

/// To the next item that holds what is searched for; whether there is one.
pub(in crate::ui) fn find(state: &mut State, forward: bool) -> bool {
    go_round(state, forward, "match", |state, row| {
        let Some(find) = &state.find else { return false };
        let own = || row.run.is_none().then(|| state.run.item(&row.item)).flatten();
        find.is_in(&row.item.0)
            || find.is_in(&row.human)
            || row.words().any(|word| find.is_in(&word))
            || own().is_some_and(|item| crate::ui::finding::is_in_item(find, item))
    })
}
