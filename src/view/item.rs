//! An opened item over the whole width: title, now, budgets, and one pane of three.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::detail::{budget_rows, said, title};
use super::outcome::{self, Evidence};
use super::parts::heading::heading;
use super::steps;
use crate::model::Item;
use crate::theme::Role;
use crate::ui::message::Layout;
use crate::ui::now::{agent_failure, harness, hint, sentence};
use crate::ui::results::Results;
use crate::ui::{Mood, Said, Screen, State};

/// Draws it and says how much room the pane has.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, now: Timestamp) -> Layout {
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
        tabs(canvas, row, state);
    }
    let pane = flow.rest();
    match state.screen {
        Screen::Queue | Screen::Agent | Screen::Log => match state.shown_trail().filter(|trail| !trail.steps.is_empty()) {
            Some(trail) => steps::pane(canvas, pane, trail, &state.reading, now),
            None => canvas.line(pane, &Words::of(Role::Muted, "no steps yet")),
        },
        Screen::Result => {
            let results = Results::of(item);
            if results.is_empty()
                && let Some(row) = flow.row()
            {
                canvas.line(row, &Words::of(Role::Muted, "no result yet"));
            }
            outcome::draw(canvas, &mut flow, &results, Evidence::All, state.reading.result_top);
        }
    }
    Layout { pane_rows: usize::from(pane.height), pane_cols: steps::pane_cols(pane.width), ..Layout::default() }
}

/// `── steps 14 ────── step 3 ──`.
fn tabs(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let place = place(state);
    let word = if state.screen == Screen::Result { "result" } else { "steps" };
    heading(canvas, row, word, &place);
}

/// Where in the pane the reader is.
fn place(state: &State) -> String {
    match state.screen {
        Screen::Queue | Screen::Agent | Screen::Log => {
            let cursor = state.shown_trail().and_then(|trail| Some((trail.steps.get(state.reading.cursor)?.index, trail.steps.len())));
            cursor.map(|(index, of)| format!("{index} of {of}")).unwrap_or_default()
        }
        Screen::Result => String::new(),
    }
}
