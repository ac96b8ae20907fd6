//! The item that runs, where another one is looked at: it is not lost from sight.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role};
use super::detail::{budget_rows, now_said, said, strip_rows};
use super::parts::heading::heading;
use super::parts::strip::mark;
use super::queue::{status_role, status_word};
use super::steps;
use super::{findings, machine};
use crate::domain::Level;
use crate::model::Item;
use crate::text::width;
use crate::theme::Role;
use crate::ui::detected::{has_agent_at_work, level, spans, watched};
use crate::ui::mouse::Hit;
use crate::ui::now::{harness, sentence};
use crate::ui::{Action, State};

/// Rows of the panel: a blank one, its heading, the activity, the budgets, and a few steps.
pub const ROWS: u16 = 13;

/// The fewest rows of a panel that says more than a line.
pub const SMALLEST: u16 = 6;

/// One line: `▸ vllm_core-0007  agent · step 14/200 · bash 0:41`.
pub fn line(canvas: &mut Canvas<'_>, row: Rect, state: &State, item: &Item, now: Timestamp) {
    let glyphs = canvas.glyphs();
    let said = sentence(state, item, now);
    let id = width::middle(&item.id.0, usize::from(row.width / 3)).into_owned();
    let sign = match mark(&glyphs, level(item)) {
        Some((role, glyph, _)) if level(item) >= Level::Warn && has_agent_at_work(item) => {
            Words::of(role, format!("{glyph} {} ", level(item).name()))
        }
        _ => Words::new(),
    };
    let words = Words::of(status_role(state, item), glyphs.live).add(Role::Strong, format!(" {id}  ")).join(sign);
    // the clock at its end tells more than the stage at its beginning
    let room = usize::from(row.width).saturating_sub(words.width());
    let text = if width::width(&said.text) > room { said.text.trim_start_matches("agent · ") } else { &said.text };
    let words = words.add(role(said.mood), text);
    canvas.line(row, &words);
    canvas.spot(row, Hit::Act(Action::Follow));
}

/// A panel: activity, budgets, the newest steps.
pub fn panel(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, now: Timestamp) {
    let mut flow = Flow::new(area);
    flow.row();
    if let Some(row) = flow.row() {
        heading(canvas, row, status_word(state, item), "f follows");
    }
    if let Some(row) = flow.row() {
        let glyphs = canvas.glyphs();
        let id = Words::of(status_role(state, item), glyphs.live).add(Role::Strong, format!(" {}", item.id.0));
        let tries = if item.attempts.len() > 1 { format!("{}{}", glyphs.times, item.attempts.len()) } else { String::new() };
        canvas.ends(row, &id, &Words::of(Role::Muted, tries));
    }
    now_said(canvas, &mut flow, sentence(state, item, now), 2);
    if let Some(harness) = harness(item) {
        said(canvas, &mut flow, &harness, 1);
    }
    findings::worst(canvas, &mut flow, item, 2);
    machine::live::short(canvas, &mut flow, state, now);
    budget_rows(canvas, &mut flow, state, item, now);
    strip_rows(canvas, &mut flow, state, item, 1);
    if let Some(trail) = state.trail_for(item) {
        if area.height >= ROWS {
            flow.row();
        }
        steps::newest(canvas, flow.rest(), trail, &watched(item).map(spans).unwrap_or_default(), now);
    }
    canvas.spot(area, Hit::Act(Action::Follow));
}
