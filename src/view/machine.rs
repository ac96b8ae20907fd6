//! The machine's screen: what is pulled or removed, the disks and what they will have to hold, the images of the engine.

pub mod dialog;
mod disks;
mod gpus;
mod images;
pub mod live;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow};
use super::parts::heading::wall;
use crate::ui::State;
use crate::ui::machine::gpus::Page;
use crate::ui::message::Layout;

/// From so many columns on what goes on, and the disks that feel it, stand beside the images.
const TWO_COLUMNS: u16 = 150;

/// From this size on both halves stand beside each other.
const BOTH: (u16, u16) = (190, 44);

/// From so many rows on blank ones stand between the sections.
const AIRY: u16 = 24;

/// Rows of images at least: heading, columns, three of them.
const FEW_IMAGES: usize = 5;

/// Draws the part that is shown, or both halves where they have room, and says how much room curves and lists have.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    match state.machine.gpus.page() {
        Page::Docker => docker(canvas, area, state, now),
        Page::Processes => gpus::processes::page(canvas, area, state, now),
        Page::Curves if area.width < BOTH.0 || area.height < BOTH.1 => gpus::draw(canvas, area, state, now),
        Page::Curves => {
            let wide = area.width * 5 / 8;
            let rest = area.width.saturating_sub(wide + 3);
            wall(canvas, Rect { x: area.x.saturating_add(wide + 1), width: 1, ..area });
            let right = Rect { x: area.x.saturating_add(wide + 3), width: rest, ..area };
            column(canvas, right, state, now, state.machine.pull.is_some() || state.machine.prune.is_some());
            gpus::draw(canvas, Rect { width: wide, ..area }, state, now)
        }
    }
}

/// Disks and images, with what is pulled and removed.
fn docker(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    let is_live = state.machine.pull.is_some() || state.machine.prune.is_some();
    if area.width < TWO_COLUMNS || !is_live {
        return column(canvas, area, state, now, is_live);
    }
    let wide = area.width / 2;
    let left = Rect { width: wide.saturating_sub(2), ..area };
    let blank = usize::from(area.height >= AIRY);
    let disks = disks::rows(state, left.width);
    let mut flow = Flow::new(left);
    panels(canvas, &mut flow, state, now, disks.len() + 1 + blank);
    flow.take(blank);
    disks::draw(canvas, &mut flow, state, disks, now);
    wall(canvas, Rect { x: area.x.saturating_add(wide - 1), width: 1, ..area });
    let right = Rect { x: area.x.saturating_add(wide + 1), width: area.width.saturating_sub(wide + 1), ..area };
    images::draw(canvas, right, state, now)
}

/// One below the other, what matters first.
fn column(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp, has_panels: bool) -> Layout {
    let blank = usize::from(area.height >= AIRY);
    let disks = disks::rows(state, area.width);
    let mut flow = Flow::new(area);
    if has_panels {
        panels(canvas, &mut flow, state, now, disks.len() + FEW_IMAGES + 2 * blank);
        flow.take(blank);
    }
    disks::draw(canvas, &mut flow, state, disks, now);
    flow.take(blank);
    images::draw(canvas, flow.rest(), state, now)
}

/// What goes on, in all rows but so many.
fn panels(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, now: Timestamp, others: usize) {
    let blank = usize::from(flow.rest().height >= AIRY);
    let room = flow.left().saturating_sub(others);
    let both = state.machine.pull.is_some() && state.machine.prune.is_some();
    let each = if both { room.saturating_sub(blank) / 2 } else { room };
    if let Some(pull) = &state.machine.pull {
        live::pull(canvas, flow, pull, now, each.max(live::LEAST));
    }
    if both {
        flow.take(blank);
    }
    if let Some(prune) = &state.machine.prune {
        live::prune(canvas, flow, prune, now, each.max(live::LEAST));
    }
}
