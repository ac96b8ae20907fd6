//! What runs on the GPUs, and what containers and stages use of the machine.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::Driver;
use crate::text::width;
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::gpus::Page;
use crate::ui::machine::gpus::rows::{self, Process};
use crate::ui::message::Layout;
use crate::view::canvas::{Canvas, Flow, Words, role};
use crate::view::parts::heading::heading;

/// Columns of a name at most.
const NAME: usize = 28;

/// All of them on a page of their own.
pub(in crate::view::machine) fn page(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    let mut flow = Flow::new(area);
    super::above(canvas, &mut flow, state, now);
    let list = rows::processes(state);
    draw(canvas, flow.rest(), state, &list);
    Layout { pane_rows: flow.left().saturating_sub(2), pane_lines: list.len(), ..Layout::default() }
}

/// As many as have room, the largest first.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, list: &[Process]) {
    let mut flow = Flow::new(area);
    let on_gpus = list.iter().filter(|process| process.pid.is_some()).count();
    let is_page = state.machine.gpus.page() == Page::Processes;
    let latest = state.machine.gpus.latest.as_ref().map(|latest| &latest.sample);
    let is_asked =
        latest.is_some_and(|sample| sample.silent_since.is_none() && (sample.driver.is_here() || sample.driver == Driver::Absent));
    if let Some(row) = flow.row() {
        let counted = format!("{on_gpus} {} on GPUs", if on_gpus == 1 { "process" } else { "processes" });
        let mut facts = vec![if is_asked || on_gpus > 0 { counted } else { "those on GPUs are not known".to_owned() }];
        let rows = flow.left().saturating_sub(1);
        if list.len() > rows {
            facts.push(format!("{} of {} shown", rows.min(list.len()), list.len()));
        }
        if is_page {
            facts.push(format!("o: {}", Page::Processes.next().name()));
        }
        heading(canvas, row, "processes and containers", &facts.join(" · "));
    }
    if list.is_empty() {
        if let Some(row) = flow.row() {
            let gpus = if is_asked { "nothing runs on a GPU" } else { "what runs on the GPUs can't be asked now" };
            canvas.line(row, &Words::of(Role::Muted, format!("{gpus}, and no container or stage is at work")));
        }
        return;
    }
    let name = list.iter().map(|process| width::width(&process.name)).max().unwrap_or_default().clamp(4, NAME);
    let gpus = list.iter().map(|process| process.gpus.len()).max().unwrap_or_default().clamp(4, 15);
    let whose = list.iter().map(|process| width::width(&process.whose.text)).max().unwrap_or_default();
    let row_of = |pid: &str, named: &str, on: &str, memory: &str| {
        let named = width::fit(&width::clip(named, name), name);
        let on = width::fit(&width::clip(on, gpus), gpus);
        format!("{pid:>7}  {named}  {on}  {memory:>8}  ")
    };
    if let Some(row) = flow.row() {
        canvas.line(row, &Words::of(Role::Muted, format!("{}whose", row_of("pid", "name", "gpus", "memory"))));
    }
    let top = if is_page { state.machine.top.min(list.len().saturating_sub(flow.left())) } else { 0 };
    for process in list.iter().skip(top) {
        let Some(row) = flow.row() else { return };
        let pid = process.pid.map_or_else(String::new, |pid| pid.to_string());
        let text = row_of(&pid, &process.name, &process.gpus, &process.memory);
        let words = Words::of(Role::Text, text).add(role(process.whose.mood), width::fit(&process.whose.text, whose));
        canvas.line(row, &words.add(Role::Muted, format!("  {}", process.uses)));
    }
}
