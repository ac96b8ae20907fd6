//! The command palette over the screen: what is typed, and what it finds.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::parts::dialog::dialog;
use super::prompt;
use crate::text::width;
use crate::theme::Role;
use crate::ui::keymap::Binding;
use crate::ui::mouse::Hit;
use crate::ui::palette::Palette;

/// Columns of the text.
const COLS: u16 = 74;
/// Rows of what is found, at most.
const ROWS: usize = 14;
/// Columns of a key.
const KEY: usize = 11;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, palette: &Palette, rows: &[&'static Binding]) {
    let cols = COLS.min(canvas.area().width.saturating_sub(4)).max(1);
    // as tall with nothing found as with everything: it must not jump while somebody types
    let inside = dialog(canvas, cols, u16::try_from(ROWS + 2).unwrap_or(u16::MAX));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        prompt::line(canvas, row, ": ", &palette.line, "Enter does it, Esc closes");
    }
    flow.row();
    if rows.is_empty()
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, "nothing here is called that"));
    }
    let seen = flow.left();
    let top = (palette.at + 1).saturating_sub(seen);
    for (at, binding) in rows.iter().enumerate().skip(top).take(seen) {
        let Some(row) = flow.row() else { return };
        let keys = width::fit(&binding.keys_label(KEY), KEY);
        canvas.line(row, &Words::of(Role::Accent, keys).add(Role::Text, format!(" {}", binding.sentence())));
        if at == palette.at {
            canvas.tint(Rect { x: row.x.saturating_sub(1), width: row.width.saturating_add(2), ..row }, Role::Selected);
        }
        canvas.spot(row, Hit::Choice(at));
    }
}
