//! The top of the screen: which run, how it stands, what everybody must know.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role};
use super::parts::bar;
use crate::model::RunState;
use crate::text::{self, duration, width};
use crate::theme::Role;
use crate::ui::now::ratio;
use crate::ui::{Said, State};

/// Statuses with their roles, in the order of the bar. What is not named here is still to come.
const COUNTED: [(&str, Role); 7] = [
    ("done", Role::Good),
    ("failed", Role::Bad),
    ("blocked", Role::Bad),
    ("stopped", Role::Warn),
    ("interrupted", Role::Warn),
    ("skipped", Role::Muted),
    ("running", Role::Live),
];

/// The lines of the notices: two a notice at most, and no more than a frame of so many rows has room for.
pub fn lines(notices: &[Said], cols: usize, frame_rows: u16) -> Vec<Said> {
    let room: usize = match frame_rows {
        30.. => 6,
        20.. => 3,
        14.. => 2,
        _ => 1,
    };
    let each = if room < 2 { 1 } else { 2 };
    let wrapped = notices.iter().flat_map(|said| {
        let lines = width::wrap(&said.text, cols, each);
        lines.into_iter().map(|line| Said::new(said.mood, line))
    });
    wrapped.take(room).collect()
}

/// Draws it: two rows, and the lines of the notices.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, lines: &[Said], now: Timestamp) {
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        title(canvas, row, state, now);
    }
    if let Some(row) = flow.row() {
        counts(canvas, row, state);
    }
    for said in lines {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(said.mood), said.text.as_str()));
    }
}

fn title(canvas: &mut Canvas<'_>, row: Rect, state: &State, now: Timestamp) {
    let dot = canvas.glyphs().dot;
    let run = state.run_state();
    let mut left = Words::of(Role::Strong, state.run_id.0.as_str()).add(Role::Text, "  ").add(state_role(run), run.name());
    if state.run.hold {
        left = left.add(Role::Warn, "  hold");
    }
    let worked = state.tally.worked_ms(&state.run, state.clock(now));
    let elapsed = (worked > 0).then(|| duration::short(worked));
    let names = [state.run.task_id.as_str(), state.run.agent.as_str(), state.run.model.as_str()];
    let room = usize::from(row.width).saturating_sub(left.width() + 12);
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    // the task gives way first
    let fitting = (0..names.len())
        .filter_map(|from| names.get(from..))
        .map(|names| names.join(&format!(" {dot} ")))
        .find(|names| width::width(names) <= room)
        .unwrap_or_default();
    let right = Words::of(Role::Muted, fitting).add(Role::Text, format!("  {:>6}", elapsed.unwrap_or_default()));
    if left.width() + right.width() > usize::from(row.width) {
        // the state goes before the clock
        canvas.line(row, &left);
    } else {
        canvas.ends(row, &left, &right);
    }
}

fn counts(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let tally = &state.tally;
    let all = state.run.items.len();
    let bar_cols = (row.width / 5).clamp(8, 32).min(row.width);
    let share = |status: &str| ratio(tally.count(status) as u64, all as u64);
    let shares: Vec<(f64, Role)> = COUNTED.iter().map(|(status, role)| (share(status), *role)).collect();
    bar::shares(canvas, Rect { width: bar_cols, ..row }, &shares);
    let area = Rect { x: row.x.saturating_add(bar_cols + 2), width: row.width.saturating_sub(bar_cols + 2), ..row };
    let room = usize::from(area.width);
    let (all_of_it, short) = (counted(state, true), counted(state, false));
    let words = if all_of_it.width() <= room { all_of_it } else { short };
    let usage = tally.usage;
    let tokens = if usage.total() > 0 { Words::of(Role::Muted, format!("{} tokens", text::tokens(usage.total()))) } else { Words::new() };
    // counts go before tokens
    if words.width() + 2 + tokens.width() > room {
        canvas.line(area, &words);
    } else {
        canvas.ends(area, &words, &tokens);
    }
}

/// `3 done (1 agent failed)  2 failed  17 queued  of 24`.
fn counted(state: &State, with_agents: bool) -> Words {
    let tally = &state.tally;
    let mut words = Words::new();
    for (status, role) in COUNTED.iter().filter(|(status, _)| *status != "running") {
        let n = tally.count(status);
        if n > 0 || matches!(*status, "done" | "failed") {
            let role = if n == 0 { Role::Muted } else { *role };
            words = words.add(role, format!("{n} {status}"));
            let without = if *status == "done" && with_agents { tally.without_agent } else { 0 };
            words = if without > 0 { words.add(Role::Warn, format!(" ({without} agent failed)")) } else { words };
            words = words.add(Role::Text, "  ");
        }
    }
    let queued = tally.count("queued") + tally.count("waiting");
    if queued > 0 || state.run.finished.is_none() {
        words = words.add(Role::Muted, format!("{queued} queued  "));
    }
    words.add(Role::Muted, format!("of {}", state.run.items.len()))
}

/// The role of a run's state.
pub const fn state_role(state: RunState) -> Role {
    match state {
        RunState::Running => Role::Live,
        RunState::Pausing | RunState::Paused | RunState::Waiting => Role::Warn,
        RunState::Finished => Role::Good,
        RunState::Interrupted => Role::Bad,
    }
}
