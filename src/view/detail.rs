//! The item beside the list: what happens to it now, its budgets, its last steps, its output, what came of it.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role, row_of};
use super::parts::{bar, heading::heading, strip::Strip};
use super::queue::{status_role, status_word};
use super::{findings, machine, outcome, output, steps};
use crate::domain::ids::short_sha;
use crate::domain::{Stage, StageEnd};
use crate::model::{Item, ItemState, StageRecord, StageState};
use crate::text::width;
use crate::theme::Role;
use crate::ui::detected::{spans, watched};
use crate::ui::message::OutputNews;
use crate::ui::now::{agent_failure, budgets, harness, hint_on, sentence};
use crate::ui::outcome::ItemOutcome;
use crate::ui::state::Trail;
use crate::ui::{Said, State};

/// From so many rows on blank ones stand between the sections.
const AIRY: u16 = 16;

/// From so many columns on a heading says what the name of a stage means.
const ROOMY: usize = 44;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) {
    let Some(item) = state.selected_item() else {
        canvas.line(area, &Words::of(Role::Muted, "nothing selected"));
        return;
    };
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        title(canvas, row, state, item);
    }
    let rows = if area.height < 14 { 2 } else { 4 };
    // an item that never began has nothing but its sentence
    let rows = if item.attempts.is_empty() { flow.left().saturating_sub(2).max(rows) } else { rows };
    now_said(canvas, &mut flow, sentence(state, item, now), rows);
    if let Some(failure) = agent_failure(item) {
        said(canvas, &mut flow, &failure, 3);
    }
    if let Some(harness) = harness(item) {
        said(canvas, &mut flow, &harness, 1);
    }
    let rows = match area.height {
        ..14 => 3,
        14..24 => 4,
        _ => 6,
    };
    findings::worst(canvas, &mut flow, item, rows);
    if let Some(hint) = hint_on(state, item) {
        said(canvas, &mut flow, &Said::new(crate::ui::Mood::Quiet, hint), 2);
    }
    if state.run.live.as_ref() == Some(&item.id) {
        machine::live::short(canvas, &mut flow, state, now);
    }
    if item.live_stage().is_some() {
        budget_rows(canvas, &mut flow, state, item, now);
    }
    strip_rows(canvas, &mut flow, state, item, if area.height < 30 { 1 } else { 3 });
    let results = ItemOutcome::of(item);
    let blank = usize::from(area.height >= AIRY);
    // what a crashed arm wrote last says more than the ladder
    let crashed = state.shown_output().filter(|output| crashed_arm(item) == Some(output.stage) && !output.lines.is_empty());
    if let Some(output) = crashed {
        let needed = output.lines.len() + 1 + blank;
        if let Some(area) = flow.take(needed.min((flow.left() / 3).max(4))) {
            output_section(canvas, area, item, output);
        }
    }
    if !results.is_empty() {
        if let Some(row) = flow.take(1 + blank).filter(|_| flow.left() >= 2) {
            heading(canvas, row_of(row, blank), "result", "");
        }
        let stage = item.live_stage().map(|record| record.stage);
        if stage.is_none_or(|stage| stage > Stage::Check) {
            outcome::draw(canvas, &mut flow, &results);
        }
    }
    streams(canvas, flow.rest(), state, item, state.shown_output().filter(|_| crashed.is_none()), now);
}

/// The arm in which the item failed.
fn crashed_arm(item: &Item) -> Option<Stage> {
    let ItemState::Failed { .. } = item.state else { return None };
    let failed = |record: &&StageRecord| matches!(&record.state, StageState::Ended(outcome) if outcome.end != StageEnd::Done);
    item.last_attempt()?.stages.iter().find(failed).map(|record| record.stage).filter(|stage| stage.arm().is_some())
}

/// `vllm_core-0001  83450458 on 1a2b3c4d   running ×2`.
pub fn title(canvas: &mut Canvas<'_>, row: Rect, state: &State, item: &Item) {
    let glyphs = canvas.glyphs();
    let mut left = Words::of(Role::Strong, item.id.0.as_str()).add(Role::Muted, format!("  {}", short_sha(&item.human)));
    if !item.parent.is_empty() {
        left = left.add(Role::Muted, format!(" on {}", short_sha(&item.parent)));
    }
    if let Some(energy) = item.energy().filter(|_| item.is_over()) {
        left = left.add(Role::Muted, format!("  {}", energy.words()));
    }
    let tries = if item.attempts.len() > 1 { format!(" {}{}", glyphs.times, item.attempts.len()) } else { String::new() };
    canvas.ends(row, &left, &Words::of(status_role(state, item), status_word(state, item)).add(Role::Muted, tries));
}

/// What happens now, over so many rows at most. The clock of an agent at work ticks: its row is one, so that nothing jumps.
pub fn now_said(canvas: &mut Canvas<'_>, flow: &mut Flow, mut now: Said, rows: usize) {
    let cols = usize::from(flow.rest().width);
    let ticks = now.text.starts_with("agent · step ");
    if ticks && width::width(&now.text) > cols {
        now.text = now.text.replacen("agent · ", "", 1);
    }
    said(canvas, flow, &now, if ticks { 1 } else { rows });
}

/// A sentence over so many rows at most.
pub fn said(canvas: &mut Canvas<'_>, flow: &mut Flow, said: &Said, rows: usize) {
    for line in width::wrap(&said.text, usize::from(flow.rest().width), rows) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(said.mood), line));
    }
}

/// One row a budget, or all in one row where that is enough.
pub fn budget_rows(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, item: &Item, now: Timestamp) {
    let budgets = budgets(state, item, now);
    let area = flow.rest();
    if bar::width_beside(&budgets) > area.width && area.height > 12 {
        let figures = budgets.iter().filter(|budget| budget.share.is_some()).map(bar::figures).max().unwrap_or_default();
        for budget in &budgets {
            let Some(row) = flow.row() else { return };
            bar::budget(canvas, row, budget, figures);
        }
    } else if let Some(row) = flow.row().filter(|_| !budgets.is_empty()) {
        bar::beside(canvas, row, &budgets);
    }
}

/// The strip of the item's agent, so many lines of it at most.
pub fn strip_rows(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, item: &Item, lines: usize) {
    let Some(trail) = state.trail_for(item) else { return };
    let spans = watched(item).map(spans).unwrap_or_default();
    let strip = Strip { steps: &trail.steps, spans: &spans, cursor: None, sought: None };
    if let Some(area) = flow.take(strip.rows(flow.rest().width, lines, false)) {
        strip.draw(canvas, area, false);
    }
}

/// Steps and output share what is left.
fn streams(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, output: Option<&OutputNews>, now: Timestamp) {
    let trail = state.shown_trail().filter(|trail| !trail.steps.is_empty());
    // an agent whose steps are read says nothing else in its output
    let repeats = |output: &OutputNews| output.stage == Stage::Agent && trail.is_some();
    let output = output.filter(|output| !repeats(output) && (!output.lines.is_empty() || item.live_stage().is_some()));
    let rows = usize::from(area.height);
    // a heading needs a blank row above it and a whole step below it
    if rows < 4 {
        return;
    }
    let agent_leads = item.live_stage().is_none_or(|record| record.stage == Stage::Agent);
    let mut flow = Flow::new(area);
    match (trail, output) {
        (Some(trail), Some(output)) if rows >= 10 => {
            let most = if agent_leads { rows * 2 / 3 } else { rows / 2 };
            let lines = output.lines.len().max(1) + 2;
            // what the output does not need goes to the steps
            let for_steps = most.max(rows.saturating_sub(lines));
            let for_steps = for_steps.min(steps_rows(trail) + 2).min(rows - 3);
            if let Some(area) = flow.take(for_steps) {
                step_section(canvas, area, item, trail, now);
            }
            output_section(canvas, flow.rest(), item, output);
        }
        (Some(trail), _) if agent_leads => step_section(canvas, area, item, trail, now),
        (_, Some(output)) => output_section(canvas, area, item, output),
        (Some(trail), None) => step_section(canvas, area, item, trail, now),
        (None, None) => {}
    }
}

fn steps_rows(trail: &Trail) -> usize {
    trail.steps.len().saturating_mul(2)
}

fn step_section(canvas: &mut Canvas<'_>, area: Rect, item: &Item, trail: &Trail, now: Timestamp) {
    let mut flow = Flow::new(area);
    flow.row();
    if let Some(row) = flow.row() {
        heading(canvas, row, "steps", &trail.count().to_string());
    }
    steps::newest(canvas, flow.rest(), trail, &watched(item).map(spans).unwrap_or_default(), now);
}

fn output_section(canvas: &mut Canvas<'_>, area: Rect, item: &Item, news: &OutputNews) {
    let mut flow = Flow::new(area);
    // without room for air the words come first
    if area.height > 4 {
        flow.row();
    }
    if let Some(row) = flow.row() {
        let meaning = match news.stage {
            Stage::Human => " (the human's commit)",
            Stage::Baseline => " (the parent commit)",
            Stage::Candidate => " (the agent's patch)",
            _ => "",
        };
        let meaning = if usize::from(row.width) >= ROOMY { meaning } else { "" };
        heading(canvas, row, &format!("output of {}{meaning}", news.stage), "");
    }
    output::tail(canvas, flow.rest(), item, news);
}
