//! Keys that move about: in the list, in the steps, in the result.

use super::detected::{Entry, Which};
use super::finding::{Turned, round};
use super::message::{Layout, Unfolds};
use super::now::{Pulse, pulse};
use super::reading::{Fold, Pane, Reading, Sheet, Stick};
use super::state::{Follow, State, Trail};
use super::{Action, Focus, Mood, Said, Screen, all_results, beside, jumps, log, machine, pages, problems};
use crate::domain::{ItemId, Stage};
use crate::ledger::By;
use crate::model::{Item, RunState};

/// Does what a key that moves about asks for, on the screen that is shown.
pub(super) fn perform(state: &mut State, action: Action) {
    match action {
        Action::Show(screen) => show(state, screen),
        Action::PreviousScreen => show(state, in_turn(state, Screen::previous)),
        Action::NextItem => select_by(state, 1),
        Action::PreviousItem => select_by(state, -1),
        Action::Follow => follow(state),
        Action::NextScreen if beside::switch(state) => {}
        Action::NextScreen => show(state, in_turn(state, Screen::next)),
        Action::NextProblem | Action::PreviousProblem if state.screen != Screen::Log && !beside::has_keys(state) => {
            problems::jump(state, action == Action::NextProblem);
        }
        _ => match state.screen {
            Screen::Queue => browse(state, action),
            Screen::Agent => read(state, action),
            Screen::Benchmark => read_result(state, action),
            Screen::Machine => read_machine(state, action),
            Screen::Results => read_all_results(state, action),
            Screen::Log => read_log(state, action),
        },
    }
}

/// Keys of the list.
fn browse(state: &mut State, action: Action) {
    match action {
        Action::Back => state.find = None,
        Action::Open | Action::Right => {
            if let Some(item) = state.selected_item() {
                let screen = telling_screen(item);
                show(state, screen);
            }
        }
        _ => {
            let last = state.run.items.len().saturating_sub(1);
            let at = state.selected_row().unwrap_or_default();
            if let Some(row) = action.leads(at, state.layout.queue_rows.saturating_sub(1), last) {
                select_row(state, row);
            }
        }
    }
}

/// The screen that tells most of an item.
fn telling_screen(item: &Item) -> Screen {
    let agent = item.last_attempt().is_some_and(|attempt| attempt.stage(Stage::Agent).is_some());
    match item.live_stage().map(|record| record.stage) {
        Some(Stage::Agent) => Screen::Agent,
        Some(_) => Screen::Log,
        None if agent => Screen::Agent,
        None => Screen::Benchmark,
    }
}

/// The next screen that there is.
fn in_turn(state: &State, turn: fn(Screen) -> Screen) -> Screen {
    let mut screen = turn(state.screen);
    while !state.has_screen(screen) && screen != state.screen {
        screen = turn(screen);
    }
    screen
}

/// To a screen. What was read of the item stays as it was left.
fn show(state: &mut State, screen: Screen) {
    if screen == Screen::Queue && state.only_item().is_some() {
        // the way back from its other screens leads to its steps
        if state.screen != Screen::Agent {
            state.screen = Screen::Agent;
            return;
        }
        return state.remark(Said::new(Mood::Quiet, "one item is all there is; q leaves"));
    }
    if !state.has_screen(screen) {
        return state.remark(Said::new(Mood::Quiet, "these are files: the machine is shown with a run"));
    }
    state.screen = screen;
    if screen == Screen::Queue {
        select(state);
    }
}

/// The steps of the agent looked at, as the last frame laid them out.
pub(super) fn sheet<'a>(trails: &'a [Trail], focus: Option<&Focus>, layout: &Layout) -> Sheet<'a> {
    let wanted = focus.and_then(|focus| focus.trail.as_ref());
    let trail = trails.iter().find(|trail| Some(&trail.attempt) == wanted);
    let (steps, alike) = trail.map_or((&[][..], &[][..]), |trail| (trail.steps.as_slice(), trail.alike.as_slice()));
    Sheet { steps, alike, cols: layout.pane_cols, rows: layout.pane_rows.max(1), unfolds: layout.unfolds }
}

/// Keys of the steps.
fn read(state: &mut State, action: Action) {
    if matches!(action, Action::NextFinding | Action::PreviousFinding) {
        return choose_finding(state, action == Action::NextFinding);
    }
    match action {
        Action::NextBeside | Action::PreviousBeside => return beside::step(state, action == Action::NextBeside),
        _ if jumps::perform(state, action) => return,
        _ if beside::has_keys(state) => return beside::read(state, action),
        // the way out of a search comes before the way out of the screen
        Action::Back if state.sought.is_some() && state.reading.pane != Pane::Found => {
            state.find = None;
            return;
        }
        _ => {}
    }
    if state.reading.pane == Pane::Steps && action == Action::Right && beside::switch(state) {
        return;
    }
    let sheet = sheet(&state.trails, state.focus.as_ref(), &state.layout);
    if state.reading.pane == Pane::Found && !state.shown_entries().is_empty() {
        return read_found(state, action);
    }
    let reading = &mut state.reading;
    if sheet.unfolds == Unfolds::Beside
        && let Some(top) = reading.inside
    {
        return read_inside(state, action, top);
    }
    match action {
        Action::Open | Action::Right if reading.opens(&sheet) => reading.open(&sheet),
        Action::Open | Action::Right if sheet.unfolds == Unfolds::Beside && state.layout.pane_lines <= sheet.rows => {
            state.remark(Said::new(Mood::Quiet, "all of the step is seen"));
        }
        Action::Open | Action::Right if sheet.unfolds == Unfolds::Beside => {
            reading.top = reading.first(&sheet);
            reading.stick = Stick::Hand;
            reading.inside = Some(0);
        }
        Action::Whole => reading.toggle_whole(&sheet),
        Action::FoldAll if sheet.unfolds == Unfolds::Beside => {
            state.remark(Said::new(Mood::Quiet, "here the step under the cursor is unfolded beside the list"));
        }
        Action::Right if reading.fold(reading.cursor) != Fold::Folded => {}
        Action::Left if sheet.unfolds == Unfolds::Inline && reading.fold(reading.cursor) != Fold::Folded => reading.toggle(&sheet),
        Action::Left if reading.is_in_opened(&sheet) => reading.close(&sheet),
        Action::Open | Action::Right => reading.toggle(&sheet),
        Action::FoldAll => reading.fold_all(&sheet),
        Action::Down => {
            reading.step_by(1, &sheet);
            pages::stay(state);
        }
        Action::Up => reading.step_by(-1, &sheet),
        Action::PageDown => {
            reading.page_by(1, &sheet);
            pages::stay(state);
        }
        Action::PageUp => reading.page_by(-1, &sheet),
        Action::First | Action::Last => {
            let to = if action == Action::First { Stick::Hand } else { Stick::Newest };
            reading.jump(to, sheet.steps);
            pages::to_edge(state, to);
        }
        Action::Back | Action::Left => show(state, Screen::Queue),
        _ => {}
    }
}

/// Keys in a step that is unfolded beside the list.
fn read_inside(state: &mut State, action: Action, top: usize) {
    if action == Action::Whole {
        let sheet = sheet(&state.trails, state.focus.as_ref(), &state.layout);
        return state.reading.toggle_whole(&sheet);
    }
    let Layout { pane_rows, pane_lines, .. } = state.layout;
    state.reading.inside = match action {
        Action::Back | Action::Left => None,
        _ => Some(scrolled(action, top, pane_rows, pane_lines)),
    };
}

/// To the next of what was found, or to the one before; the list has the keys from then on.
fn choose_finding(state: &mut State, forward: bool) {
    let all: Vec<Which> = state.shown_entries().into_iter().map(Entry::which).collect();
    let at = state.reading.found.and_then(|found| all.iter().position(|which| *which == found));
    let is_open = state.reading.pane == Pane::Found;
    let next = match at {
        // what was chosen before is where the list opens
        Some(at) if !is_open => Some((at, Turned::No)),
        Some(at) => round(all.len(), at, forward, |_| true),
        None if forward => Some((0, Turned::No)),
        None => all.len().checked_sub(1).map(|last| (last, Turned::No)),
    };
    match next.and_then(|(at, turned)| Some((*all.get(at)?, turned))) {
        Some((which, turned)) => {
            state.reading.found = Some(which);
            state.reading.pane = Pane::Found;
            turned.remark(state, "finding");
        }
        None => state.remark(Said::new(Mood::Quiet, "nothing was found of this agent")),
    }
}

/// Keys while the list of what was found has them.
fn read_found(state: &mut State, action: Action) {
    match action {
        Action::Down => choose_finding(state, true),
        Action::Up => choose_finding(state, false),
        Action::First | Action::Last => {
            let all = state.shown_entries();
            let end = if action == Action::First { all.first() } else { all.last() };
            state.reading.found = end.map(|entry| entry.which());
        }
        Action::Open | Action::Right => go_to_found(state),
        Action::Back | Action::Left => state.reading.pane = Pane::Steps,
        _ => {}
    }
}

/// To the first step of what is chosen, which leaves the list.
pub(super) fn go_to_found(state: &mut State) {
    let found = state.reading.found;
    let entry = state.shown_entries().into_iter().find(|entry| Some(entry.which()) == found);
    let first = entry.and_then(Entry::first_step);
    let is_there = entry.is_some();
    state.reading.pane = Pane::Steps;
    let position = first.and_then(|first| state.shown_trail()?.steps.iter().position(|step| step.index == first));
    match (position, first) {
        (Some(position), _) => go_to_step(state, position),
        (None, Some(first)) if pages::to_step(state, first) => {}
        (None, Some(first)) => state.remark(Said::new(Mood::Quiet, format!("step {first} was not read"))),
        (None, None) if is_there => state.remark(Said::new(Mood::Quiet, "it is about the whole run, not about one step")),
        (None, None) => {}
    }
}

/// To a step, by its position.
pub(super) fn go_to_step(state: &mut State, position: usize) {
    // in a narrow frame a file gives way to it
    if beside::has_keys(state) {
        beside::leave(state);
    }
    let sheet = sheet(&state.trails, state.focus.as_ref(), &state.layout);
    state.reading.go_to(position, &sheet);
}

/// Keys of the result.
fn read_result(state: &mut State, action: Action) {
    if matches!(action, Action::Back | Action::Left) {
        return show(state, Screen::Queue);
    }
    let Layout { pane_rows, pane_lines, .. } = state.layout;
    state.reading.result_top = scrolled(action, state.reading.result_top, pane_rows, pane_lines);
}

/// The first row shown of so many, after an action.
fn scrolled(action: Action, top: usize, rows: usize, lines: usize) -> usize {
    let most = lines.saturating_sub(rows);
    action.leads(top.min(most), rows, most).unwrap_or(top.min(most))
}

/// Keys of the machine's screen.
fn read_machine(state: &mut State, action: Action) {
    if machine::gpus::keys::perform(state, action) {
        return;
    }
    if !machine::perform(state, action) && matches!(action, Action::Back | Action::Left) {
        show(state, Screen::Queue);
    }
}

/// Keys of the table of results.
fn read_all_results(state: &mut State, action: Action) {
    if all_results::perform(state, action) {
        show(state, Screen::Queue);
    }
}

/// Keys of the log.
fn read_log(state: &mut State, action: Action) {
    if !log::perform(state, action) {
        show(state, Screen::Queue);
    }
}

/// The live item and its newest step.
fn follow(state: &mut State) {
    state.queue.follow = Follow::Live;
    if let Some(live) = state.run.live.clone() {
        choose(state, &live);
    }
    state.reading.stick = Stick::Newest;
    state.reading.inside = None;
    state.reading.pane = Pane::Steps;
    state.log.follow();
    if matches!(state.screen, Screen::Queue | Screen::Benchmark)
        && let Some(says) = nothing_runs(state)
    {
        state.remark(Said::new(Mood::Quiet, says));
    }
    // that of another item is set once its steps are looked at
    state.reading.cursor = state.shown_trail().map_or(0, |trail| trail.steps.len().saturating_sub(1));
}

/// Why there is nothing to follow.
fn nothing_runs(state: &State) -> Option<&'static str> {
    let runs = state.run.live_item().is_some_and(|live| !matches!(pulse(state, live), Pulse::CutOff(_)));
    match state.run_state() {
        _ if runs => None,
        RunState::Finished => Some("nothing runs: the run is over"),
        RunState::Interrupted => Some("nothing runs: nobody works on it"),
        _ => Some("nothing runs now; what comes next is followed"),
    }
}

/// Whether the live item and its newest step are followed already.
pub(super) fn is_following(state: &State) -> bool {
    let on_live = state.queue.selected == state.run.live && state.queue.follow == Follow::Live;
    on_live
        && match state.screen {
            Screen::Queue | Screen::Benchmark | Screen::Machine | Screen::Results => true,
            Screen::Agent => state.reading.stick == Stick::Newest,
            Screen::Log => state.log.stick == log::Stick::Newest,
        }
}

/// Selects the item so many rows further down.
fn select_by(state: &mut State, by: isize) {
    let Some(last) = state.run.items.len().checked_sub(1) else { return };
    let to = state.selected_row().unwrap_or_default().saturating_add_signed(by).min(last);
    select_row(state, to);
}

/// Selects an item by hand, by its position.
pub(super) fn select_row(state: &mut State, row: usize) {
    let Some(id) = state.run.items.get(row).map(|item| item.id.clone()) else { return };
    choose(state, &id);
    state.queue.follow = if state.run.live.is_some() && state.run.live == state.queue.selected { Follow::Live } else { Follow::Hand };
}

/// Another item is looked at: it is read from its newest step on.
pub(super) fn choose(state: &mut State, id: &ItemId) {
    if state.queue.selected.as_ref() != Some(id) {
        state.queue.selected = Some(id.clone());
        state.reading = Reading::default();
        state.log.forget();
    }
}

/// Begins with a screen and an item, where there is such an item. What is over is read from its beginning.
pub(super) fn begin(state: &mut State, screen: Screen, item: Option<ItemId>) {
    state.screen = screen;
    if state.is_others() && state.run.live.is_none() {
        state.queue.follow = Follow::Hand;
        state.reading.stick = Stick::Hand;
    }
    let Some(item) = item.filter(|item| state.run.item(item).is_some()) else { return };
    choose(state, &item);
    if state.run.live.as_ref() != Some(&item) {
        state.queue.follow = Follow::Hand;
        state.reading.stick = Stick::Hand;
    }
}

/// Keeps the selection on what runs, or on something that is there. An opened item stays open.
pub(super) fn select(state: &mut State) {
    let gone = state.selected_row().is_none();
    if gone && !matches!(state.screen, Screen::Log | Screen::Machine | Screen::Results) {
        state.screen = Screen::Queue;
    }
    let free = state.queue.follow == Follow::Live && state.screen == Screen::Queue;
    let live = state.run.live.clone().filter(|_| free || gone);
    let first = || held(state).or_else(|| waiting(state));
    match live.or_else(|| if gone { first() } else { None }) {
        Some(id) => choose(state, &id),
        None if gone => state.queue.selected = None,
        None => {}
    }
}

/// The item whose failure made hold pause the queue.
fn held(state: &State) -> Option<ItemId> {
    let pause = state.run.pause.as_ref().filter(|pause| pause.by == By::rule("hold"))?;
    let named = pause.why.split(' ').next()?;
    let is_named = |item: &&Item| item.last_attempt_id().is_some_and(|id| id.to_string() == named);
    state.run.items.iter().find(is_named).map(|item| item.id.clone())
}

/// The first item that is not over, or the first of all.
fn waiting(state: &State) -> Option<ItemId> {
    let items = &state.run.items;
    items.iter().find(|item| !item.is_over()).or_else(|| items.first()).map(|item| item.id.clone())
}

/// Keeps the selected row on the screen.
pub(super) fn scroll_queue(state: &mut State) {
    let rows = state.layout.queue_rows;
    let Some(row) = state.selected_row().filter(|_| rows > 0) else { return };
    state.queue.top = top_of(state.queue.top, row, rows, state.run.items.len());
}

/// The first of so many rows that are shown of all, where one of them is to be seen.
pub(super) fn top_of(top: usize, row: usize, rows: usize, all: usize) -> usize {
    let most = all.saturating_sub(rows);
    // a row of context above and below, where there is room
    let margin = usize::from(rows > 4);
    top.min(most).clamp((row + 1 + margin).saturating_sub(rows), row.saturating_sub(margin)).min(most)
}
