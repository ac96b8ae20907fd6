//! Keys on the GPU half: which GPU, which time, where the cursor stands.

use super::bands::{self, Band};
use super::visit;
use super::{Curves, Gpus, Page, Subject};
use crate::domain::Throttle;
use crate::telemetry::Window;
use crate::ui::state::State;
use crate::ui::{Action, Mood, Said};

/// Does what a key asks for on the GPU half. False: it means nothing here.
pub(in crate::ui) fn perform(state: &mut State, action: Action) -> bool {
    let page = state.machine.gpus.page();
    match action {
        Action::NextHalf => state.machine.gpus.page = Some(page.next()),
        _ if page != Page::Curves => return false,
        Action::Down => select_by(&mut state.machine.gpus, 1),
        Action::Up => select_by(&mut state.machine.gpus, -1),
        Action::NextCurves => next_curves(state),
        Action::Left => move_by(state, -1),
        Action::Right => move_by(state, 1),
        Action::PageUp => move_by(state, -leap(state)),
        Action::PageDown => move_by(state, leap(state)),
        Action::First | Action::Last => to_end(state, action == Action::First),
        Action::ZoomIn => zoom(state, -1),
        Action::ZoomOut => zoom(state, 1),
        Action::WholeRun => whole(state),
        Action::NextMark => to_mark(state, true),
        Action::PreviousMark => to_mark(state, false),
        Action::Open => visit::open(state),
        Action::Back => return follow(state),
        _ => return false,
    }
    true
}

/// The cursor at a column of the window that is drawn.
pub(in crate::ui) fn click(state: &mut State, column: usize) {
    let Some(window) = window(state) else { return };
    let column = i64::try_from(column).unwrap_or_default().min(i64::from(window.columns).saturating_sub(1));
    put(state, window.from_ms().saturating_add(column.saturating_mul(window.step_ms)));
}

/// Back to the newest columns, of a run that is over to all of them. False: they were shown.
fn follow(state: &mut State) -> bool {
    let gpus = &mut state.machine.gpus;
    let had_cursor = gpus.cursor.take().is_some();
    let were_all = std::mem::take(&mut gpus.curves) != Curves::One;
    let held = gpus.held.take();
    let was_moved = if times(state).is_some() {
        let zoom = state.machine.gpus.zoom;
        whole(state);
        (held, zoom) != (state.machine.gpus.held, state.machine.gpus.zoom)
    } else {
        held.is_some()
    };
    had_cursor || were_all || was_moved
}

/// The curves come into sight: of a run that is over the present says nothing.
pub(in crate::ui) fn arrive(state: &mut State) {
    let gpus = &state.machine.gpus;
    if gpus.held.is_none() && gpus.cursor.is_none() && times(state).is_some() {
        whole(state);
    }
}

/// Begin and end of a run of ours that is over, in ms of Unix time: what is sampled after it is not of the run.
fn times(state: &State) -> Option<(i64, i64)> {
    let (first, last) = state.run.created.zip(state.run.at).filter(|_| state.is_over() && !state.is_others())?;
    let (first, last) = (first.as_millisecond(), last.as_millisecond());
    let sampled = state.machine.gpus.chart.as_ref().and_then(|chart| chart.what.reaches);
    sampled.is_none_or(|(from, to)| from <= last && to >= first).then_some((first, last))
}

fn window(state: &State) -> Option<Window> {
    state.machine.gpus.window(state.now.as_millisecond())
}

fn select_by(gpus: &mut Gpus, by: isize) {
    let all = gpus.subjects();
    let at = all.iter().position(|subject| *subject == gpus.subject()).unwrap_or_default();
    gpus.selected = all.get(at.saturating_add_signed(by).min(all.len().saturating_sub(1))).copied();
}

fn next_curves(state: &mut State) {
    let gpus = &mut state.machine.gpus;
    if gpus.keys().is_empty() {
        return state.remark(Said::new(Mood::Quiet, "there is no GPU here: these are the curves of the machine"));
    }
    if gpus.selected == Some(Subject::Host) && gpus.curves == Curves::One {
        gpus.selected = None;
    }
    gpus.curves = gpus.curves.next();
}

/// Columns of a page: a quarter of what is seen.
fn leap(state: &State) -> i64 {
    i64::from(state.machine.gpus.columns / 4).max(1)
}

/// The cursor so many columns later; the first time it is put at the newest sample.
fn move_by(state: &mut State, by: i64) {
    let Some(window) = window(state) else { return };
    let gpus = &state.machine.gpus;
    let to = match gpus.cursor {
        Some(cursor) => cursor.saturating_add(by.saturating_mul(window.step_ms)),
        None => newest(state).min(gpus.held.unwrap_or(window.to_ms - 1)),
    };
    put(state, to);
}

/// The newest moment that there is a sample of.
fn newest(state: &State) -> i64 {
    let gpus = &state.machine.gpus;
    let sampled = gpus.chart.as_ref().and_then(|chart| chart.what.reaches).map(|(_, last)| last);
    let latest = gpus.latest.as_ref().map(|latest| latest.at.as_millisecond());
    sampled.max(latest).unwrap_or_else(|| state.now.as_millisecond())
}

/// The cursor at the column that holds a moment. The window stands still from then on, and moves only to hold the cursor.
fn put(state: &mut State, ms: i64) {
    let (newest, now) = (newest(state), state.now.as_millisecond());
    let gpus = &mut state.machine.gpus;
    let first = gpus.chart.as_ref().and_then(|chart| chart.what.reaches).map_or(i64::MIN, |(first, _)| first);
    let Some(window) = gpus.window(now) else { return };
    let step = window.step_ms;
    let aligned = |ms: i64| ms.div_euclid(step).saturating_mul(step);
    let cursor = aligned(ms.min(newest)).max(aligned(first));
    gpus.cursor = Some(cursor);
    let held = gpus.held.get_or_insert(now);
    if window.column(cursor).is_none() {
        let half = step.saturating_mul(i64::from(window.columns) / 2);
        *held = cursor.saturating_add(half).min(now);
    }
}

fn to_end(state: &mut State, first: bool) {
    let reaches = state.machine.gpus.chart.as_ref().and_then(|chart| chart.what.reaches);
    match reaches {
        Some((from, _)) if first => put(state, from),
        _ if first => {}
        _ => {
            let newest = newest(state);
            state.machine.gpus.held = None;
            put(state, newest);
        }
    }
}

/// Longer or shorter columns; the moment under the cursor stays where it is.
fn zoom(state: &mut State, by: isize) {
    let now = state.now.as_millisecond();
    let gpus = &mut state.machine.gpus;
    let zoom = gpus.zoom.saturating_add_signed(by).min(Window::STEPS.len() - 1);
    if zoom == gpus.zoom {
        let says = if by < 0 { "a column is a second: there is nothing finer" } else { "a column is half an hour: that is the coarsest" };
        return state.remark(Said::new(Mood::Quiet, says));
    }
    let before = gpus.window(now);
    gpus.zoom = zoom;
    if let (Some(cursor), Some(before), Some(step)) = (gpus.cursor, before, Window::STEPS.get(zoom)) {
        let behind = before.to_ms.saturating_sub(cursor) / before.step_ms.max(1);
        gpus.held = Some(cursor.saturating_add(behind.saturating_mul(*step)).saturating_sub(1).min(now));
    }
}

/// The shortest columns in which the whole run has room.
fn whole(state: &mut State) {
    let now = state.now.as_millisecond();
    let run = times(state);
    let gpus = &mut state.machine.gpus;
    let sampled = gpus.chart.as_ref().and_then(|chart| chart.what.reaches);
    let Some((first, last)) = run.or(sampled).filter(|_| gpus.columns > 0) else {
        return state.remark(Said::new(Mood::Quiet, "nothing was sampled so far"));
    };
    let columns = i64::from(gpus.columns).saturating_sub(10).max(1);
    let fits = |step: &i64| last.saturating_sub(first) <= step.saturating_mul(columns);
    gpus.zoom = Window::STEPS.iter().position(fits).unwrap_or(Window::STEPS.len() - 1);
    // what is over has its end in the window, and not the present
    gpus.held = run.map(|(_, last)| last).or_else(|| gpus.cursor.map(|_| now));
}

/// To the next border of a stage, error of the driver or beginning of throttling; or to the one before.
fn to_mark(state: &mut State, forward: bool) {
    let Some(window) = window(state) else { return };
    let step = window.step_ms;
    let column = |ms: i64| ms.div_euclid(step).saturating_mul(step);
    let newest = newest(state);
    let from = state.machine.gpus.cursor.unwrap_or_else(|| column(newest).saturating_add(step));
    let all = bands::all(&state.run, state.now);
    let marks = marks(&state.machine.gpus, &all).into_iter().map(column).filter(|ms| *ms <= newest);
    let found = if forward { marks.filter(|ms| *ms > from).min() } else { marks.filter(|ms| *ms < from).max() };
    if let Some(ms) = found {
        return put(state, ms);
    }
    let says = if forward { "no mark and no border of a stage after this" } else { "no mark and no border of a stage before this" };
    state.remark(Said::new(Mood::Quiet, says));
}

/// The moments that are worth a look, in ms of Unix time and in no order.
fn marks(gpus: &Gpus, bands: &[Band]) -> Vec<i64> {
    let mut marks: Vec<i64> = bands.iter().flat_map(|band| [Some(band.from), (!band.is_live).then_some(band.to)]).flatten().collect();
    let Some(chart) = gpus.chart.as_ref().map(|chart| &chart.what) else { return marks };
    marks.extend(chart.xids.iter().map(|(at, _)| *at));
    let mut before = false;
    for bucket in &chart.columns {
        let spoils = bucket.as_ref().is_some_and(|bucket| bucket.gpus.values().any(|gpu| gpu.lost || gpu.throttle().has(Throttle::SPOILS)));
        if let Some(bucket) = bucket.as_ref().filter(|_| spoils && !before) {
            marks.push(bucket.t);
        }
        before = spoils;
    }
    marks
}
