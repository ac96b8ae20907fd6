//! A line that is typed, with its cursor.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Words};
use crate::text::find::Meaning;
use crate::text::width;
use crate::theme::Role;
use crate::ui::prompt::{Line, Search};

/// The search that is typed.
pub fn search(canvas: &mut Canvas<'_>, area: Rect, search: &Search) {
    let (label, other) = match search.meaning {
        Meaning::Text => ("find: ", "Tab regular expression"),
        Meaning::Regex => ("find regular expression: ", "Tab text"),
    };
    line(canvas, area, label, &search.line, &format!("Enter finds   {other}   Esc"));
}

/// A label, the line, and what else can be done where there is room. The cursor is always seen.
pub fn line(canvas: &mut Canvas<'_>, area: Rect, label: &str, typed: &Line, hint: &str) {
    canvas.clear(area);
    let (before, behind) = typed.split();
    let room = usize::from(area.width).saturating_sub(width::width(label) + 1);
    let before = end_of(before, room);
    let at = u16::try_from(width::width(label) + width::width(before)).unwrap_or(u16::MAX);
    let left = Words::of(Role::Accent, label).add(Role::Strong, before).add(Role::Strong, behind);
    canvas.ends(area, &left.add(Role::Text, " "), &Words::of(Role::Muted, hint));
    canvas.cursor(Rect { x: area.x.saturating_add(at), width: 1, height: 1, ..area });
}

/// The end of a text that fits so many columns.
fn end_of(text: &str, cols: usize) -> &str {
    let mut starts = text.char_indices().map(|(at, _)| at).filter_map(|at| text.get(at..));
    starts.find(|end| width::width(end) <= cols).unwrap_or_default()
}
