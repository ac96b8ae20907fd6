//! An opened item over the whole width: title, now, budgets, and one pane of three.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::detail::{budget_rows, said, title};
use super::outcome::{self, Evidence};
use super::{output, steps};
use crate::model::Item;
use crate::text;
use crate::theme::Role;
use crate::ui::message::Layout;
use crate::ui::now::{agent_failure, harness, hint, sentence};
use crate::ui::reading::{Pane, Reading};
use crate::ui::results::Results;
use crate::ui::{Mood, Said, State};

/// Draws it and says how much room the pane has.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, reading: &Reading, now: Timestamp) -> Layout {
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        title(canvas, row, item);
    }
    let rows = if area.height < 20 { 1 } else { 3 };
    let rows = if item.attempts.is_empty() { flow.left().saturating_sub(4).max(rows) } else { rows };
    said(canvas, &mut flow, &sentence(state, item, now), rows);
    if let Some(failure) = agent_failure(item) {
        said(canvas, &mut flow, &failure, 2);
    }
    if let Some(harness) = harness(item) {
        said(canvas, &mut flow, &harness, 1);
    }
    if let Some(hint) = hint(item) {
        said(canvas, &mut flow, &Said::new(Mood::Quiet, hint), 1);
    }
    if item.live_stage().is_some() {
        budget_rows(canvas, &mut flow, state, item, now);
    }
    if area.height >= 16 {
        flow.row();
    }
    if let Some(row) = flow.row() {
        tabs(canvas, row, state, reading);
    }
    let pane = flow.rest();
    match reading.pane {
        Pane::Steps => match state.shown_trail().filter(|trail| !trail.steps.is_empty()) {
            Some(trail) => steps::pane(canvas, pane, trail, reading, now),
            None => canvas.line(pane, &Words::of(Role::Muted, "no steps yet")),
        },
        Pane::Output => match state.shown_output() {
            Some(news) => output::tail(canvas, pane, item, news, reading.back),
            None => canvas.line(pane, &Words::of(Role::Muted, "no output yet")),
        },
        Pane::Result => {
            let results = Results::of(item);
            if results.is_empty()
                && let Some(row) = flow.row()
            {
                canvas.line(row, &Words::of(Role::Muted, "no result yet"));
            }
            outcome::draw(canvas, &mut flow, &results, Evidence::All, reading.result_top);
        }
    }
    Layout { pane_rows: usize::from(pane.height), pane_cols: steps::pane_cols(pane.width), ..Layout::default() }
}

/// `Steps 14   Output of agent   Result ───── step 3`.
fn tabs(canvas: &mut Canvas<'_>, row: Rect, state: &State, reading: &Reading) {
    let glyphs = canvas.glyphs();
    canvas.fill(row, glyphs.rule, Role::Faint);
    let mut words = Words::new();
    for pane in Pane::ALL {
        let role = if pane == reading.pane { Role::Strong } else { Role::Muted };
        words = words.add(role, tab(state, pane)).add(Role::Faint, format!(" {} ", glyphs.rule.repeat(2)));
    }
    canvas.line(row, &words);
    let place = place(state, reading);
    let wide = u16::try_from(place.width()).unwrap_or(u16::MAX);
    if wide > 0 && words.width() + usize::from(wide) + 2 < usize::from(row.width) {
        canvas.line(Rect { x: row.right().saturating_sub(wide), width: wide, ..row }, &place);
    }
}

fn tab(state: &State, pane: Pane) -> String {
    match pane {
        Pane::Steps => match state.shown_trail() {
            Some(trail) => format!("steps {}", trail.steps.len()),
            None => "steps".to_owned(),
        },
        Pane::Output => match state.focus.as_ref().and_then(|focus| focus.output.as_ref()) {
            Some((_, stage)) => format!("output of {stage}"),
            None => "output".to_owned(),
        },
        Pane::Result => "result".to_owned(),
    }
}

/// Where in the pane the reader is.
fn place(state: &State, reading: &Reading) -> Words {
    let says = match reading.pane {
        Pane::Steps => {
            let cursor = state.shown_trail().and_then(|trail| trail.steps.get(reading.cursor));
            cursor.map(|step| format!(" step {}", step.index)).unwrap_or_default()
        }
        Pane::Output => match state.shown_output() {
            Some(news) if reading.back > 0 => format!(" {} below", text::count(reading.back.min(news.lines.len()), "line")),
            Some(news) if news.before > 0 => {
                format!(" the last {}; {} before", text::count(news.lines.len(), "line"), text::bytes(news.before))
            }
            _ => String::new(),
        },
        Pane::Result => String::new(),
    };
    Words::of(Role::Muted, says)
}
