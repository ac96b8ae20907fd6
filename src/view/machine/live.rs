//! What goes on: a pull with its layers, a prune with what it removes.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::{Fate, LayerPull, LayerState, PullPhase};
use crate::text::{bytes, duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::beside;
use crate::ui::machine::told::{self, Told};
use crate::ui::machine::{Prune, Pull};
use crate::ui::{Mood, Said};
use crate::view::canvas::{Canvas, Flow, Words, role};
use crate::view::parts::bar::shares;
use crate::view::parts::heading::heading;

/// Rows of a panel at least: heading, name, bar, figures, and what happens.
pub const LEAST: usize = 5;

/// From so many rows on the machine has more than one of them beside the item that runs.
const ROOMY: usize = 12;

/// Columns of a layer's bar.
const BAR: u16 = 16;

/// Columns of a layer's state with its figures: `copying parent 3.1 of 3.2 GB`.
const STATE: usize = 30;

/// Rows for what could not be removed.
const REFUSED: usize = 3;

/// A pull in so many rows at most.
pub fn pull(canvas: &mut Canvas<'_>, flow: &mut Flow, pull: &Pull, now: Timestamp, rows: usize) {
    let before = flow.left();
    let told = told::pull(pull, now);
    if let Some(row) = flow.row() {
        heading(canvas, row, &format!("pull for {}", pull.attempt.item), "x stops it");
    }
    head(canvas, flow, &told, &told::place(pull));
    let Some(image) = pull.progress.live() else { return };
    let room = rows.saturating_sub(before - flow.left());
    if image.phase == PullPhase::Pulling {
        layer_rows(canvas, flow, &image.layers, room);
    } else {
        // between two tries nothing comes: what the one before it began is begun again
        let is_here = |layer: &LayerPull| matches!(layer.state, LayerState::Present | LayerState::Done);
        let state = |layer: &LayerPull| if is_here(layer) { layer.state } else { LayerState::Waiting };
        let layers: Vec<LayerPull> = image.layers.iter().map(|layer| LayerPull { state: state(layer), ..layer.clone() }).collect();
        layer_rows(canvas, flow, &layers, room);
    }
}

/// A prune in so many rows at most.
pub fn prune(canvas: &mut Canvas<'_>, flow: &mut Flow, prune: &Prune, now: Timestamp, rows: usize) {
    let before = flow.left();
    let told = told::prune(prune, now);
    let (by, stops) = told::pruner(prune);
    if let Some(row) = flow.row() {
        let is_going = prune.is_live && prune.progress.end.is_none();
        heading(canvas, row, &format!("prune: {} ({by})", told.name), if is_going { stops } else { "" });
    }
    let named = Told { name: String::new(), ..told };
    head(canvas, flow, &named, "");
    let room = |flow: &Flow| rows.saturating_sub(before - flow.left());
    for (name, why) in prune.progress.refused.iter().take(room(flow).min(REFUSED)) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(Role::Warn, "stays  ").add(Role::Text, name.as_str()).add(Role::Muted, format!("  {why}")));
    }
    let left = room(flow);
    if prune.progress.end.is_none() && left >= 3 {
        going(canvas, flow, prune, left);
    }
}

/// Name, bar, figures, and what happens now.
fn head(canvas: &mut Canvas<'_>, flow: &mut Flow, told: &Told, place: &str) {
    let of = |role: Role| if told.unheard.is_some() { Role::Muted } else { role };
    if !(told.name.is_empty() && place.is_empty())
        && let Some(row) = flow.row()
    {
        canvas.ends(row, &Words::of(of(Role::Strong), told.name.as_str()), &Words::of(Role::Muted, place));
    }
    let (first, rest) = told.figures.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    if let Some(share) = told.share
        && let Some(row) = flow.row()
    {
        let wide = u16::try_from(width::width(first)).unwrap_or_default().saturating_add(2);
        let is_wrong = told.now.as_ref().is_some_and(|said| said.mood == Mood::Bad);
        let fill = if is_wrong { Role::Bad } else { of(Role::Accent) };
        shares(canvas, Rect { width: row.width.saturating_sub(wide), ..row }, &[(share, fill)]);
        let right = Rect { x: row.right().saturating_sub(wide), width: wide, ..row };
        canvas.line(right, &Words::of(of(Role::Strong), format!("  {first}")));
    }
    let rest: Vec<&str> = rest.iter().chain(&told.timeout).map(String::as_str).collect();
    if !rest.is_empty()
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(of(Role::Text), rest.join("   ")));
    }
    let cols = usize::from(flow.rest().width);
    for line in told.note.iter().flat_map(|note| width::wrap(note, cols, 2)) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(Role::Muted, line));
    }
    for line in now_rows(told, usize::from(flow.rest().width)) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(line.mood), line.text));
    }
}

/// What happens now over two rows at most, or for how long nothing was heard of it.
fn now_rows(told: &Told, cols: usize) -> Vec<Said> {
    let silent = told.unheard.map(|ms| Said::new(Mood::Warn, format!("nothing was heard of it for {}", duration::clock(ms))));
    let said = silent.as_ref().or(told.now.as_ref());
    said.map(|said| width::wrap(&said.text, cols, 2).into_iter().map(|line| Said::new(said.mood, line)).collect()).unwrap_or_default()
}

/// The layers, those at work first seen where not all have room.
fn layer_rows(canvas: &mut Canvas<'_>, flow: &mut Flow, layers: &[LayerPull], room: usize) {
    let room = room.min(flow.left());
    if layers.is_empty() || room == 0 {
        return;
    }
    let is_over = |layer: &LayerPull| matches!(layer.state, LayerState::Present | LayerState::Done);
    let over = if layers.len() > room { layers.iter().take_while(|layer| is_over(layer)).count() } else { 0 };
    // what is over takes one row together, and so does what waits behind the last row
    let over = if over > 1 { over } else { 0 };
    let rows = room - usize::from(over > 0);
    let rest = layers.get(over..).unwrap_or_default();
    let shown = if rest.len() > rows { rows.saturating_sub(1) } else { rest.len() };
    if over > 0
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, format!("{over} layers are here")));
    }
    for layer in rest.iter().take(shown) {
        let Some(row) = flow.row() else { return };
        layer_row(canvas, row, layer);
    }
    if shown < rest.len()
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, format!("{} more", rest.len() - shown)));
    }
}

/// `a1b2c3d4e5f6   1.4 GB → 3.2 GB  downloading 412 MB of 1.4 GB  ━━━━────`.
fn layer_row(canvas: &mut Canvas<'_>, row: Rect, layer: &LayerPull) {
    let (mood, says, share) = told::layer(layer);
    let arrow = canvas.glyphs().arrow;
    let size = |size: Option<u64>| size.map(bytes).unwrap_or_default();
    let extracted = layer.extracted.map(|size| format!("{arrow} {:>8}", bytes(size))).unwrap_or_default();
    let sizes = if row.width >= 64 { format!("{:>8} {extracted:<10}  ", size(layer.compressed)) } else { String::new() };
    let words = Words::of(Role::Muted, format!("{}  {sizes}", width::fit(&layer.id, 12))).add(role(mood), width::fit(&says, STATE));
    let bar = u16::try_from(words.width() + 1).unwrap_or(u16::MAX);
    canvas.line(row, &words);
    if let Some(share) = share.filter(|_| row.width >= bar.saturating_add(BAR / 2)) {
        let room = row.width.saturating_sub(bar).min(BAR);
        shares(canvas, Rect { x: row.x.saturating_add(bar), width: room, ..row }, &[(share, Role::Accent)]);
    }
}

/// What goes next, one a row.
fn going(canvas: &mut Canvas<'_>, flow: &mut Flow, prune: &Prune, rows: usize) {
    let next: Vec<&Fate> = prune.progress.plan.going().skip(prune.progress.done).collect();
    let shown = if next.len() > rows { rows.saturating_sub(1) } else { next.len() };
    let glyphs = canvas.glyphs();
    for (at, fate) in next.iter().take(shown).enumerate() {
        let Some(row) = flow.row() else { return };
        let (mark, name) =
            if at == 0 { (Words::of(Role::Live, glyphs.live), Role::Text) } else { (Words::of(Role::Muted, glyphs.pending), Role::Muted) };
        let size = fate.bytes.map(bytes).unwrap_or_default();
        let words = mark.add(Role::Muted, format!(" {size:>8}  ")).add(name, fate.name.as_str());
        canvas.line(row, &words.add(Role::Muted, format!("  {}", fate.why)));
    }
    if shown < next.len()
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, format!("{} more", next.len() - shown)));
    }
}

/// The same in short, beside the item that runs: a bar with its figures, what happens now, the machine, the disk.
pub fn short(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, now: Timestamp) {
    let found = told::beside(&state.machine, now);
    let disk = told::disk_line(&state.machine).filter(|_| !found.is_empty());
    for (word, told) in found {
        let cols = usize::from(flow.rest().width);
        let facts: Vec<String> = told.figures.clone();
        let label = format!("{word}  ");
        if let Some(row) = flow.row() {
            let name = width::middle(&told.name, cols.saturating_sub(label.len())).into_owned();
            canvas.line(row, &Words::of(Role::Muted, label).add(Role::Text, name));
        }
        if let Some(share) = told.share
            && let Some(row) = flow.row()
        {
            shares(canvas, row, &[(share, if told.unheard.is_some() { Role::Muted } else { Role::Accent })]);
        }
        for line in told::rows(&facts, cols).into_iter().take(2) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(if told.unheard.is_some() { Role::Muted } else { Role::Text }, line));
        }
        for line in now_rows(&told, cols) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(role(line.mood), line.text));
        }
    }
    let cols = usize::from(flow.rest().width);
    // where there is little room the steps of the agent are worth more
    let room = if flow.left() < ROOMY { 1 } else { usize::MAX };
    for line in beside::lines(&state.machine, now, cols).into_iter().take(room).chain(disk) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(line.mood), line.text));
    }
}
