//! The command palette over the screen: what is typed, and what it finds.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::parts::dialog::dialog;
use super::prompt;
use crate::text::width;
use crate::theme::Role;
use crate::ui::mouse::Hit;
use crate::ui::palette::{Palette, Row};

/// Columns of the text.
const COLS: u16 = 76;
/// Rows of what is found, at most.
const ROWS: usize = 14;
/// Columns of a name.
const NAME: usize = 15;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, palette: &Palette, rows: &[Row]) {
    let cols = COLS.min(canvas.area().width.saturating_sub(4)).max(1);
    // as tall with nothing found as with everything: it must not jump while somebody types
    let inside = dialog(canvas, cols, u16::try_from(ROWS + 2).unwrap_or(u16::MAX));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        prompt::line(canvas, row, ": ", &palette.line, "Enter does it, Esc closes");
    }
    let seen = flow.left().saturating_sub(1);
    let top = (palette.at + 1).saturating_sub(seen);
    if let Some(row) = flow.row()
        && rows.len() > seen
    {
        canvas.ends(row, &Words::new(), &Words::of(Role::Muted, format!("{}-{} of {}", top + 1, top + seen, rows.len())));
    }
    if rows.is_empty()
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, "nothing here is called that"));
    }
    for (at, found) in rows.iter().enumerate().skip(top).take(seen) {
        let Some(row) = flow.row() else { return };
        let mark = if at == palette.at { canvas.glyphs().live } else { " " };
        let words = Words::of(Role::Accent, format!("{mark} ")).add(Role::Strong, width::fit(&found.name, NAME));
        canvas.ends(row, &words.add(Role::Muted, format!(" {}", found.says)), &Words::of(Role::Accent, found.keys.as_str()));
        if at == palette.at {
            canvas.tint(Rect { x: row.x.saturating_sub(1), width: row.width.saturating_add(2), ..row }, Role::Selected);
        }
        canvas.spot(row, Hit::Choice(at));
    }
}
