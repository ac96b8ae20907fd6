//! The file systems, and what pulls will need of that of the engine.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::model::{Item, ItemState};
use crate::text::{bytes, duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::told::{self, OLD_DISKS};
use crate::ui::machine::{Disk, text};
use crate::ui::now::sentence;
use crate::ui::words::between;
use crate::ui::{Mood, Said};
use crate::view::canvas::{Canvas, Flow, Words, role};
use crate::view::parts::bar::shares;
use crate::view::parts::heading::heading;

/// Columns of a path at most.
const PATH: usize = 32;

/// From this share of a full disk on it is worth a look, and worth a worry.
const WORTH: [f64; 2] = [0.85, 0.95];

/// A row of the section.
pub(super) enum Row {
    /// A file system, by its position.
    Disk(usize),
    /// A line of a sentence.
    Said(Said),
}

/// What it says below its heading.
pub(super) fn rows(state: &State, cols: u16) -> Vec<Row> {
    let machine = &state.machine;
    let mut rows: Vec<Row> = machine.disks.iter().flat_map(|seen| 0..seen.what.len()).map(Row::Disk).collect();
    if machine.disks.is_none() {
        rows.push(Row::Said(Said::new(Mood::Quiet, "looking…")));
    }
    let remote = machine.here().filter(|here| here.is_remote);
    let remote = remote.map(|here| {
        Said::new(Mood::Warn, format!("docker is on another machine: how full {} is there can't be seen from here", here.root))
    });
    // what waits for room says how much of it, an arm that waits for a GPU who has it
    let is_delayed = |item: &Item| state.has_runner() && state.run.delay_of(&item.id).is_some();
    let is_waiting = |item: &&Item| matches!(item.state, ItemState::ForRoom { .. }) || is_delayed(item);
    let waits = state.run.items.iter().filter(is_waiting).take(2).map(|item| {
        let said = sentence(state, item, state.now);
        Said::new(said.mood, format!("{}: {}", item.id, said.text))
    });
    for said in remote.into_iter().chain(told::forecast(machine)).chain(waits) {
        let lines = width::wrap(&said.text, usize::from(cols), 2);
        rows.extend(lines.into_iter().map(|line| Row::Said(Said::new(said.mood, line))));
    }
    rows
}

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, rows: Vec<Row>, now: Timestamp) {
    let seen = state.machine.disks.as_ref();
    let age = seen.map_or(0, |seen| between(seen.at, now));
    let is_old = age > OLD_DISKS;
    if let Some(row) = flow.row() {
        let next = state.machine.forecast.next.as_ref().map(|next| format!("next: {}", next.item));
        let figure = if is_old { format!("as they were {} ago", duration::short(age)) } else { next.unwrap_or_default() };
        heading(canvas, row, "disks", &figure);
    }
    let disks = seen.map(|seen| seen.what.as_slice()).unwrap_or_default();
    for found in rows {
        let Some(row) = flow.row() else { return };
        match found {
            Row::Said(said) => canvas.line(row, &Words::of(role(said.mood), said.text)),
            Row::Disk(at) => {
                if let Some(disk) = disks.get(at) {
                    disk_row(canvas, row, disks, disk, is_old);
                }
            }
        }
    }
}

/// `docker, state  /var/lib/docker  ━━━━━━━━────  395 GB free of 1.0 TB`.
fn disk_row(canvas: &mut Canvas<'_>, row: Rect, disks: &[Disk], disk: &Disk, is_old: bool) {
    let figures = |disk: &Disk| format!("{} free of {}", bytes(disk.free), bytes(disk.total));
    let widest = |of: &dyn Fn(&Disk) -> usize| disks.iter().map(of).max().unwrap_or_default();
    let uses = widest(&|disk| width::width(&text::uses(disk)));
    let most = PATH.min(usize::from(row.width) / 3);
    let path = widest(&|disk| width::width(&disk.path)).min(most);
    let last = widest(&|disk| width::width(&figures(disk)));
    let role = |role: Role| if is_old { Role::Muted } else { role };
    let head = Words::of(role(Role::Text), width::fit(&text::uses(disk), uses));
    let head = head.add(Role::Muted, format!("  {}  ", width::fit(&width::middle(&disk.path, path), path)));
    let (from, to) = (u16::try_from(head.width()).unwrap_or(u16::MAX), u16::try_from(last + 2).unwrap_or(u16::MAX));
    canvas.line(row, &head);
    let used = told::share(crate::domain::Bar { done: disk.total.saturating_sub(disk.free), total: disk.total });
    let [look, worry] = WORTH;
    let fill = match used {
        used if used >= worry => Role::Bad,
        used if used >= look => Role::Warn,
        _ => Role::Accent,
    };
    let room = row.width.saturating_sub(from).saturating_sub(to);
    shares(canvas, Rect { x: row.x.saturating_add(from), width: room, ..row }, &[(used, role(fill))]);
    let at = row.x.saturating_add(from).saturating_add(room);
    let right = Rect { x: at, width: row.right().saturating_sub(at), ..row };
    canvas.line(right, &Words::of(role(Role::Text), format!("  {:>last$}", figures(disk))));
}
