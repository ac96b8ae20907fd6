//! A box in the middle of the frame.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::view::canvas::{Canvas, Words, inset};

/// Draws a box for so many rows of text and gives its inside.
pub fn dialog(canvas: &mut Canvas<'_>, cols: u16, rows: u16) -> Rect {
    let frame = canvas.area();
    let width = cols.saturating_add(4).min(frame.width);
    let height = rows.saturating_add(2).min(frame.height);
    let area = Rect { x: frame.width.saturating_sub(width) / 2, y: frame.height.saturating_sub(height) / 2, width, height };
    canvas.clear(area);
    border(canvas, area);
    let inside = inset(area, 2);
    Rect { y: inside.y.saturating_add(1), height: inside.height.saturating_sub(2), ..inside }
}

fn border(canvas: &mut Canvas<'_>, area: Rect) {
    let glyphs = canvas.glyphs();
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    let (last_x, last_y) = (area.right().saturating_sub(1), area.bottom().saturating_sub(1));
    for y in [area.y, last_y] {
        canvas.fill(Rect { y, height: 1.min(area.height), ..area }, glyphs.rule, Role::Muted);
    }
    for x in [area.x, last_x] {
        canvas.fill(Rect { x, width: 1.min(area.width), ..area }, glyphs.wall, Role::Muted);
    }
    let corners = [(area.x, area.y, top_left), (last_x, area.y, top_right), (area.x, last_y, bottom_left), (last_x, last_y, bottom_right)];
    for (x, y, glyph) in corners {
        canvas.line(Rect { x, y, width: 1, height: 1 }, &Words::of(Role::Muted, glyph));
    }
}
