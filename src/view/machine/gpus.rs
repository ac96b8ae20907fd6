//! The GPU half of the machine's screen: a table of the GPUs, what runs on them, and curves over the stages on one time axis.

mod axis;
mod curves;
pub(super) mod processes;
mod table;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::Driver;
use crate::text::{gpu, width};
use crate::theme::Role;
use crate::ui::machine::gpus::{readout, rows};
use crate::ui::machine::told;
use crate::ui::message::Layout;
use crate::ui::{Mood, Said, State};
use crate::view::canvas::{Canvas, Flow, Words, role};

/// From so many rows on blank ones stand between the sections.
const AIRY: u16 = 30;

/// Rows of curves that are worth more than a list of processes.
const CURVES: usize = 10;

/// Rows of processes at most beside curves.
const PROCESSES: usize = 9;

/// Draws it and says how many columns the curves have.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    let mut flow = Flow::new(area);
    let blank = usize::from(area.height >= AIRY);
    above(canvas, &mut flow, state, now);
    let read = if flow.left() < 12 { 1 } else { 2 + usize::from(area.height >= AIRY) + usize::from(area.height >= 2 * AIRY - 16) };
    let below = curves::least(flow.left(), state.machine.gpus.cursor.map_or(0, |_| read));
    let rows = rows::all(state);
    let list = rows::processes(state);
    table::draw(canvas, &mut flow, state, (&rows, now), below + blank);
    let spare = flow.left().saturating_sub(below + 2 * blank);
    if !list.is_empty() && spare > CURVES + 3 {
        flow.take(blank);
        let most = (list.len() + 2).min(PROCESSES).min(spare - CURVES);
        if let Some(area) = flow.take(most) {
            processes::draw(canvas, area, state, &list);
        }
    }
    flow.take(blank);
    let cursor = readout::lines(state);
    let said = readout_rows(&cursor, usize::from(area.width), read);
    let curves = Rect { height: flow.rest().height.saturating_sub(u16::try_from(said.len()).unwrap_or_default()), ..flow.rest() };
    let chart_cols = curves::draw(canvas, curves, state, now);
    let mut rest = Flow::new(Rect { y: curves.bottom(), height: flow.rest().height.saturating_sub(curves.height), ..curves });
    for said in said {
        let Some(row) = rest.row() else { break };
        canvas.line(row, &Words::of(role(said.mood), said.text));
    }
    Layout { chart_cols, ..Layout::default() }
}

/// What is wrong, and what goes on in the other half.
fn above(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, now: Timestamp) {
    let cols = usize::from(flow.rest().width);
    let (few, steps) = (flow.left() < 16, if flow.left() < 24 { 1 } else { 2 });
    let mut troubles = readout::troubles(state, now);
    if state.machine.gpus.driver() == Some(&Driver::Starting) && state.machine.gpus.silent_ms(now).is_none() {
        troubles.push((Said::new(Mood::Quiet, gpu::STARTING), String::new()));
    }
    for (said, todo) in troubles.into_iter().take(if few { 1 } else { 3 }) {
        for line in width::wrap(&said.text, cols, 2) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(role(said.mood), line));
        }
        for line in width::wrap(&todo, cols, steps).into_iter().filter(|line| !line.is_empty()) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(Role::Muted, line));
        }
    }
    for (word, told) in told::beside(&state.machine, now) {
        let Some(row) = flow.row() else { return };
        let figures = told.figures.join("  ");
        let name = width::middle(&told.name, cols / 3).into_owned();
        canvas.line(row, &Words::of(Role::Live, format!("{word}  ")).add(Role::Text, name).add(Role::Muted, format!("  {figures}")));
    }
}

/// What stands under the cursor in so many rows: the moment first; what is wrong before what is not.
fn readout_rows(lines: &[Said], cols: usize, rows: usize) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for said in lines {
        let room = rows.saturating_sub(all.len());
        let wrapped = width::wrap(&said.text, cols, room.min(2));
        all.extend(wrapped.into_iter().filter(|line| !line.is_empty()).map(|line| Said::new(said.mood, line)));
    }
    all.truncate(rows);
    all
}
