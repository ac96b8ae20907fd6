//! An opened item over the whole width: title, now, budgets, and one pane of three.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::beside as view_beside;
use super::canvas::{Canvas, Flow, Words, role, row_of, row_text};
use super::detail::{budget_rows, now_said, said, title};
use super::outcome::Around;
use super::parts::heading::{heading, wall};
use super::parts::strip::Strip;
use super::{bench, findings, outcome, steps};
use crate::model::Item;
use crate::text;
use crate::text::width;
use crate::theme::{Role, Theme};
use crate::ui::bench::Arms;
use crate::ui::beside;
use crate::ui::detected::spans;
use crate::ui::message::{Layout, Turn, Unfolds};
use crate::ui::now::{agent_failure, harness, hint_on, sentence};
use crate::ui::outcome::ItemOutcome;
use crate::ui::pages::Extent;
use crate::ui::reading::{Pane, Stick};
use crate::ui::state::Trail;
use crate::ui::{Mood, Said, Screen, State};

/// Rows of a result that is told as a whole.
const LONGEST_RESULT: u16 = 400;

/// From so many columns on the step under the cursor stands unfolded beside the list of steps.
const BESIDE: u16 = 140;

/// Draws it and says how much room the pane has.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, now: Timestamp) -> Layout {
    let mut flow = Flow::new(area);
    // the header says it all of the only one
    if state.only_item().is_none()
        && let Some(row) = flow.row()
    {
        title(canvas, row, state, item);
    }
    // why an item failed is not cut
    let rows = if area.height < 14 || (area.height < 20 && !item.is_over()) { 1 } else { 3 };
    // where a file takes the place of the steps, what is about them gives way as well
    let is_instead = beside::shows_file(state) && list(area).width == area.width;
    let rows = if is_instead { 1 } else { rows };
    let rows = if item.attempts.is_empty() { flow.left().saturating_sub(4).max(rows) } else { rows };
    now_said(canvas, &mut flow, sentence(state, item, now), rows);
    if let Some(failure) = agent_failure(item) {
        said(canvas, &mut flow, &failure, 2);
    }
    if let Some(harness) = harness(item) {
        said(canvas, &mut flow, &harness, 1);
    }
    if let Some(hint) = hint_on(state, item) {
        said(canvas, &mut flow, &Said::new(Mood::Quiet, hint), 1);
    }
    let is_agent = state.screen == Screen::Agent;
    findings::past(canvas, &mut flow, item, is_agent, if area.height < 20 || is_agent { 1 } else { 2 });
    if item.live_stage().is_some() {
        budget_rows(canvas, &mut flow, state, item, now);
    }
    if state.screen == Screen::Agent && !is_instead {
        strip(canvas, &mut flow, state, usize::from(area.height));
        findings::section(canvas, &mut flow, state, usize::from(area.height));
    }
    let roomy = if state.screen == Screen::Benchmark { 22 } else { 16 };
    if area.height >= roomy && state.screen != Screen::Agent {
        flow.row();
    }
    let row = flow.row();
    let pane = flow.rest();
    if let Some(row) = row {
        tabs(canvas, row, pane, state, item);
    }
    let layout = Layout { pane_rows: usize::from(pane.height), pane_cols: steps::pane_cols(pane.width), ..Layout::default() };
    match state.screen {
        Screen::Queue | Screen::Agent | Screen::Machine | Screen::Results | Screen::Log => agent(canvas, pane, state, now),
        Screen::Benchmark => {
            let glyphs = canvas.glyphs();
            let arms = Arms::of(state, item, now);
            let around = Around {
                arms: &|cols| bench::lines(&glyphs, &arms, cols, now),
                arms_first: arms.are_live || !arms.in_containers,
                found: &|cols| findings::page(&glyphs, state, item, cols),
            };
            let pane_lines = outcome::page(canvas, pane, &ItemOutcome::of(item), &around, state.reading.result_top);
            Layout { pane_lines, ..layout }
        }
    }
}

/// What came of an item as lines of so many columns, all of it.
pub fn result(state: &State, item: &Item, theme: &Theme, cols: u16, now: Timestamp) -> Vec<String> {
    let area = Rect::new(0, 0, cols, LONGEST_RESULT);
    let mut buffer = Buffer::empty(area);
    let mut canvas = Canvas::new(&mut buffer, theme, &state.masker);
    let glyphs = canvas.glyphs();
    let arms = Arms::of(state, item, now);
    let around = Around {
        arms: &|cols| bench::lines(&glyphs, &arms, cols, now),
        arms_first: arms.are_live || !arms.in_containers,
        found: &|cols| findings::page(&glyphs, state, item, cols),
    };
    let lines = outcome::page(&mut canvas, area, &ItemOutcome::of(item), &around, 0);
    (0..LONGEST_RESULT).take(lines).map(|y| row_text(&buffer, Rect { y, height: 1, ..area })).collect()
}

/// The whole trajectory in letters, with the cursor; its second row is always there, so that a first finding moves nothing.
fn strip(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, rows: usize) {
    let most = match rows {
        ..24 => 1,
        24..45 => 3,
        _ => 6,
    };
    if rows < 8 || (rows < 12 && state.reading.pane == Pane::Found) {
        // the steps, or what is chosen of what was found, need the room
        return;
    }
    // in few rows the steps come first
    let is_steady = rows >= 16;
    let Some(trail) = state.shown_trail() else { return };
    let spans = state.shown_attempt().map(spans).unwrap_or_default();
    let strip = Strip { steps: &trail.steps, spans: &spans, cursor: Some(state.reading.cursor), sought: state.sought.as_ref() };
    if let Some(area) = flow.take(strip.rows(flow.rest().width, most, is_steady)) {
        strip.draw(canvas, area, is_steady);
    }
}

/// The steps; where there is room, the one under the cursor unfolded beside them.
fn agent(canvas: &mut Canvas<'_>, pane: Rect, state: &State, now: Timestamp) -> Layout {
    let layout = Layout { pane_rows: usize::from(pane.height), pane_cols: steps::pane_cols(pane.width), ..Layout::default() };
    let trail = state.shown_trail().filter(|trail| !trail.steps.is_empty());
    let list = list(pane);
    let is_narrow = list.width == pane.width || trail.is_none();
    if is_narrow && beside::shows_file(state) {
        return Layout { pane_rows: layout.pane_rows, pane_cols: layout.pane_cols, ..view_beside::file(canvas, pane, state, now) };
    }
    let Some(trail) = trail else {
        no_steps(canvas, pane, state);
        return layout;
    };
    if is_narrow {
        steps::pane(canvas, pane, state, trail, Unfolds::Inline, now);
        return layout;
    }
    steps::pane(canvas, list, state, trail, Unfolds::Beside, now);
    wall(canvas, Rect { x: list.right().saturating_add(1), width: 1, ..pane });
    let x = list.right().saturating_add(3);
    let step = Rect { x, width: pane.right().saturating_sub(x), ..pane };
    let layout = if beside::shows_file(state) {
        let file = view_beside::file(canvas, step, state, now);
        Layout { pane_rows: layout.pane_rows, ..file }
    } else {
        layout
    };
    let pane_lines = if beside::shows_file(state) { 0 } else { steps::beside(canvas, step, state, trail, now) };
    Layout { pane_lines, pane_cols: steps::pane_cols(step.width), unfolds: Unfolds::Beside, ..layout }
}

/// Why there are no steps, and which files the item has.
fn no_steps(canvas: &mut Canvas<'_>, pane: Rect, state: &State) {
    let mut at = 0;
    for said in beside::without_steps(state) {
        for line in width::wrap(&said.text, usize::from(pane.width), 4) {
            canvas.line(row_of(pane, at), &Words::of(role(said.mood), line));
            at += 1;
        }
    }
}

/// `steps ────── 3 of 15 · 12 newer   tokens`: over the column of tokens its title.
fn tabs(canvas: &mut Canvas<'_>, row: Rect, pane: Rect, state: &State, item: &Item) {
    let list = list(pane);
    if state.screen == Screen::Agent && beside::has_files(state) {
        let has_steps = state.shown_trail().is_some_and(|trail| !trail.steps.is_empty());
        if list.width == pane.width || !has_steps {
            if beside::shows_file(state) {
                return view_beside::heading(canvas, row, state, true);
            }
        } else {
            let x = list.right().saturating_add(3);
            view_beside::heading(canvas, Rect { x, width: pane.right().saturating_sub(x), ..row }, state, false);
            return heading(canvas, Rect { width: list.width, ..row }, &title_of(state, item), &place(state, item));
        }
    }
    let place = place(state, item);
    let counts = |trail: &Trail| state.screen != Screen::Benchmark && trail.steps.iter().any(|step| step.tokens > 0);
    let title = if list.width >= steps::TOKENS && state.shown_trail().is_some_and(counts) { " tokens" } else { "" };
    let is_inline = list.width == pane.width;
    let figure = if is_inline && !title.is_empty() { format!("{place}  {title}") } else { place };
    heading(canvas, row, &title_of(state, item), &figure);
    if !is_inline {
        let wide = u16::try_from(title.len()).unwrap_or(u16::MAX).min(list.width);
        canvas.line(Rect { x: list.right() - wide, width: wide, ..row }, &Words::of(Role::Muted, title));
    }
}

/// The room of the list of steps: where there is enough of it, the step under the cursor stands unfolded beside it.
fn list(pane: Rect) -> Rect {
    if pane.width < BESIDE || pane.height < 6 { pane } else { Rect { width: pane.width * 9 / 20, ..pane } }
}

fn title_of(state: &State, item: &Item) -> String {
    match state.screen {
        Screen::Queue | Screen::Agent | Screen::Machine | Screen::Results | Screen::Log => match state.shown_trail() {
            Some(trail) if item.attempts.len() > 1 => format!("steps of attempt {}", trail.attempt.n),
            _ => "steps".to_owned(),
        },
        Screen::Benchmark if item.attempts.len() > 1 => format!("benchmark of attempt {}", item.attempts.len()),
        Screen::Benchmark => "benchmark".to_owned(),
    }
}

/// Where in the pane the reader is.
fn place(state: &State, item: &Item) -> String {
    match state.screen {
        Screen::Queue | Screen::Agent | Screen::Machine | Screen::Results | Screen::Log => {
            state.shown_trail().map(|trail| step_place(state, trail, item)).unwrap_or_default()
        }
        Screen::Benchmark => {
            let Layout { pane_rows, pane_lines, .. } = state.layout;
            let below = pane_lines.saturating_sub(pane_rows).saturating_sub(state.reading.result_top);
            if below > 0 { format!("{} below", text::count(below, "line")) } else { String::new() }
        }
    }
}

/// `14 of 14 · follows`, or `2 of 14 · 12 newer` of one that works, and `2 of 14` of one that is over.
fn step_place(state: &State, trail: &Trail, item: &Item) -> String {
    let reading = &state.reading;
    let Some(step) = trail.steps.get(reading.cursor) else { return String::new() };
    let newer = trail.steps.len().saturating_sub(reading.cursor + 1);
    let is_live = state.run.live.as_ref() == Some(&item.id) && !matches!(trail.turn, Turn::Over(_));
    let follows = match reading.stick {
        Stick::Newest if is_live => " · follows",
        _ if reading.inside.is_some() => " · in the step, h leaves it",
        _ => "",
    };
    // of an agent that is over none is new
    let newer = if newer > 0 && is_live { format!(" · {newer} newer") } else { String::new() };
    let Some(pages) = trail.pages else { return format!("{} of {}{newer}{follows}", step.index, trail.steps.len()) };
    match (pages.all, step.index) {
        // the detectors read all steps, which takes longer than to count them
        (Extent::Steps(all), index) if state.is_others() && item.totals().is_none_or(|totals| totals.steps.is_none()) => {
            format!("{index} of {all}{follows} · findings follow")
        }
        (Extent::Steps(all), index) => format!("{index} of {all}{follows}"),
        // steps at the end have no numbers yet
        (Extent::Counting(percent), 0) => format!("near the end · {percent} % counted"),
        (Extent::Counting(percent), index) => format!("{index} · {percent} % counted"),
    }
}
