//! One message in, the state changed, effects out. The only place where the state changes.

use jiff::Timestamp;

use super::keymap::{self, Place};
use super::message::{Sight, TrailNews};
use super::question::Question;
use super::reading::{Pane, Reading, Stick};
use super::state::{Follow, Leaving, Open, Over, State, Trail};
use super::words::is_fresh;
use super::{Action, Effect, Key, Left, Mood, Msg, Said, focus, sent, verbs};
use crate::domain::Stage;
use crate::model::Item;

/// Takes one message.
pub fn update(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Effect> {
    state.now = now;
    if state.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        state.note = None;
    }
    let mut effects = match msg {
        Msg::Key(key) => press(state, key),
        Msg::Facts => {
            state.measure();
            sent::collect(state);
            select(state);
            Vec::new()
        }
        Msg::Runner(sight) => see_runner(state, sight),
        Msg::Keeper(sight) => {
            state.keeper = sight;
            Vec::new()
        }
        Msg::Wrote(stages) => {
            state.wrote = stages;
            Vec::new()
        }
        Msg::Trail(news) => {
            take_trail(state, news);
            Vec::new()
        }
        Msg::Output(news) => {
            state.output = Some(news);
            Vec::new()
        }
        Msg::Failed(says) => {
            state.remark(Said::new(Mood::Bad, says));
            Vec::new()
        }
        Msg::Succeeded(says) => {
            state.remark(Said::new(Mood::Good, says));
            Vec::new()
        }
        Msg::Tick => Vec::new(),
        Msg::Laid(layout) => {
            state.layout = layout;
            Vec::new()
        }
        Msg::Space(free) => {
            state.free = Some(free);
            Vec::new()
        }
        Msg::Trouble(says) => {
            state.trouble = Some(says);
            Vec::new()
        }
    };
    // what it says of the run is what stands now
    if matches!(&state.over, Over::Question(question) if question.is_about_leaving()) {
        state.over = Over::Question(Question::quit(state));
    }
    scroll_queue(state);
    let wanted = focus::wanted(state);
    if wanted != state.focus {
        state.focus.clone_from(&wanted);
        effects.push(Effect::Look(wanted));
    }
    effects
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    if let Over::Question(question) = &state.over {
        let Some(then) = question.answer(key).cloned() else { return Vec::new() };
        state.over = Over::Nothing;
        return verbs::follow(state, then);
    }
    let place = match state.open {
        Open::Queue => Place::Queue,
        Open::Item(_) => Place::Item,
    };
    let Some(action) = keymap::action(place, key) else { return Vec::new() };
    act(state, action)
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if matches!(action, Action::Suspend) {
        return vec![Effect::Suspend];
    }
    if let Over::Help(top) = &mut state.over {
        let page = state.layout.help_rows.max(1);
        let most = state.layout.help_lines.saturating_sub(state.layout.help_rows);
        let to = match action {
            Action::Down => top.saturating_add(1),
            Action::Up => top.saturating_sub(1),
            Action::PageDown => top.saturating_add(page),
            Action::PageUp => top.saturating_sub(page),
            Action::First => 0,
            Action::Last => most,
            _ => {
                state.over = Over::Nothing;
                return Vec::new();
            }
        };
        *top = to.min(most);
        return Vec::new();
    }
    if let Some(effects) = verbs::perform(state, action) {
        return effects;
    }
    match action {
        Action::Help => state.over = Over::Help(0),
        Action::Follow => follow(state),
        _ if matches!(state.open, Open::Item(_)) => read(state, action),
        _ => browse(state, action),
    }
    Vec::new()
}

/// Keys of the list.
fn browse(state: &mut State, action: Action) {
    let page = isize::try_from(state.layout.queue_rows.saturating_sub(1).max(1)).unwrap_or(1);
    match action {
        Action::Down => move_selection(state, 1),
        Action::Up => move_selection(state, -1),
        Action::PageDown => move_selection(state, page),
        Action::PageUp => move_selection(state, page.saturating_neg()),
        Action::First => move_selection(state, isize::MIN),
        Action::Last => move_selection(state, isize::MAX),
        Action::Open => {
            if let Some(item) = state.selected_item() {
                let pane = opening_pane(item);
                let cursor = state.shown_trail().map_or(0, |trail| trail.steps.len().saturating_sub(1));
                state.open = Open::Item(Reading { pane, cursor, ..Reading::default() });
            }
        }
        _ => {}
    }
}

/// The pane that tells most at first.
fn opening_pane(item: &Item) -> Pane {
    let agent = item.last_attempt().is_some_and(|attempt| attempt.stage(Stage::Agent).is_some());
    match item.live_stage().map(|record| record.stage) {
        Some(Stage::Agent) => Pane::Steps,
        Some(_) => Pane::Output,
        None if agent => Pane::Steps,
        None => Pane::Result,
    }
}

/// Keys of an opened item.
fn read(state: &mut State, action: Action) {
    let (cols, rows) = (state.layout.pane_cols, state.layout.pane_rows.max(1));
    let wanted = state.focus.as_ref().and_then(|focus| focus.trail.as_ref());
    let steps = match (&state.trail, wanted) {
        (Some(trail), Some(wanted)) if trail.attempt == *wanted => trail.steps.as_slice(),
        _ => &[],
    };
    let lines = state.output.as_ref().map_or(0, |output| output.lines.len());
    let shown_stage = state.focus.as_ref().and_then(|focus| focus.output.as_ref()).map(|(_, stage)| *stage);
    let Open::Item(reading) = &mut state.open else { return };
    match (action, reading.pane) {
        (Action::Back, _) => state.open = Open::Queue,
        (Action::NextPane, pane) => reading.pane = pane.next(),
        (Action::PreviousPane, pane) => reading.pane = pane.previous(),
        (Action::PreviousStage | Action::NextStage, _) => choose_stage(state, action, shown_stage),
        (Action::Open, Pane::Steps) => reading.toggle(steps, cols, rows),
        (Action::Down, Pane::Steps) => reading.step_by(1, steps, cols, rows),
        (Action::Up, Pane::Steps) => reading.step_by(-1, steps, cols, rows),
        (Action::PageDown, Pane::Steps) => reading.page_by(1, steps, cols, rows),
        (Action::PageUp, Pane::Steps) => reading.page_by(-1, steps, cols, rows),
        (Action::First, Pane::Steps) => reading.jump(Stick::Hand, steps),
        (Action::Last, Pane::Steps) => reading.jump(Stick::Newest, steps),
        (_, Pane::Output) => reading.back = scrolled(action, reading.back, rows, lines.saturating_sub(rows)),
        (_, Pane::Result) => {
            let most = 200;
            reading.result_top = most - scrolled(action, most - reading.result_top.min(most), rows, most);
        }
        _ => {}
    }
}

/// Lines below what is shown, after an action.
fn scrolled(action: Action, back: usize, rows: usize, most: usize) -> usize {
    let next = match action {
        Action::Up => back.saturating_add(1),
        Action::Down => back.saturating_sub(1),
        Action::PageUp => back.saturating_add(rows),
        Action::PageDown => back.saturating_sub(rows),
        Action::First => most,
        Action::Last => 0,
        _ => back,
    };
    next.min(most)
}

/// The output of another stage of the attempt.
fn choose_stage(state: &mut State, action: Action, shown: Option<Stage>) {
    let began: Vec<Stage> = state
        .selected_item()
        .and_then(Item::last_attempt)
        .map(|attempt| state.run.stages.iter().copied().filter(|stage| attempt.stage(*stage).is_some()).collect())
        .unwrap_or_default();
    let at = shown.and_then(|shown| began.iter().position(|stage| *stage == shown)).unwrap_or_default();
    let next = if action == Action::NextStage { at + 1 } else { at.saturating_sub(1) };
    let Open::Item(reading) = &mut state.open else { return };
    reading.pane = Pane::Output;
    reading.back = 0;
    if let Some(stage) = began.get(next) {
        reading.stage = Some(*stage);
    }
}

fn follow(state: &mut State) {
    state.queue.follow = Follow::Live;
    select(state);
    if let Open::Item(reading) = &mut state.open {
        reading.stick = Stick::Newest;
        reading.stage = None;
        reading.back = 0;
        reading.cursor = state.trail.as_ref().map_or(0, |trail| trail.steps.len().saturating_sub(1));
    }
}

fn move_selection(state: &mut State, by: isize) {
    let Some(last) = state.run.items.len().checked_sub(1) else { return };
    let to = state.selected_row().unwrap_or_default().saturating_add_signed(by).min(last);
    state.queue.selected = state.run.items.get(to).map(|item| item.id.clone());
    state.queue.follow = if state.run.live.is_some() && state.run.live == state.queue.selected { Follow::Live } else { Follow::Hand };
}

/// Keeps the selection on what runs, or on something that is there. An opened item stays open.
fn select(state: &mut State) {
    let gone = state.selected_row().is_none();
    if gone {
        state.open = Open::Queue;
    }
    let free = state.queue.follow == Follow::Live && state.open == Open::Queue;
    if (free || gone)
        && let Some(live) = &state.run.live
    {
        state.queue.selected = Some(live.clone());
    } else if gone {
        let first = state.run.items.iter().find(|item| !item.is_over()).or_else(|| state.run.items.first());
        state.queue.selected = first.map(|item| item.id.clone());
    }
}

fn scroll_queue(state: &mut State) {
    let rows = state.layout.queue_rows;
    let Some(row) = state.selected_row().filter(|_| rows > 0) else { return };
    let most = state.run.items.len().saturating_sub(rows);
    let top = state.queue.top.min(most);
    // a row of context above and below, where there is room
    let margin = usize::from(rows > 4);
    state.queue.top = top.clamp((row + 1 + margin).saturating_sub(rows), row.saturating_sub(margin)).min(most);
}

fn see_runner(state: &mut State, sight: Sight) -> Vec<Effect> {
    state.runner = sight;
    if sight == Sight::Gone && state.leaving == Leaving::WhenStopped {
        return vec![Effect::Leave(Left::Stopped)];
    }
    // asked in the moment in which the runner ended: work that is wanted finds its runner
    let is_wanted = sight == Sight::Gone && state.asked.iter().any(|asked| asked.verb.outlives_runner());
    if is_wanted { vec![Effect::StartRunner] } else { Vec::new() }
}

fn take_trail(state: &mut State, news: TrailNews) {
    let mut steps = match state.trail.take() {
        Some(trail) if trail.attempt == news.attempt => trail.steps,
        _ => Vec::new(),
    };
    steps.truncate(news.from);
    steps.extend(news.steps);
    if let Open::Item(reading) = &mut state.open
        && reading.stick == Stick::Newest
    {
        reading.cursor = steps.len().saturating_sub(1);
    }
    let TrailNews { attempt, turn, max_steps, last_at, totals, .. } = news;
    state.trail = Some(Trail { attempt, steps, turn, max_steps, last_at, totals });
}
