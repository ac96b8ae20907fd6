//! The heading of a section: a word, a rule, a figure.

use ratatui::layout::Rect;

use crate::text::width;
use crate::theme::Role;
use crate::view::canvas::{Canvas, Words};

/// `steps ──────────── 14`.
pub fn heading(canvas: &mut Canvas<'_>, area: Rect, word: &str, figure: &str) {
    let glyphs = canvas.glyphs();
    canvas.fill(Rect { height: area.height.min(1), ..area }, glyphs.rule, Role::Faint);
    let wide = u16::try_from(width::width(figure)).unwrap_or(u16::MAX).saturating_add(1);
    // a word that is cut says so, and does not run into the figure
    let room = if figure.is_empty() || wide >= area.width { area.width } else { area.width - wide };
    canvas.line(area, &Words::of(Role::Muted, format!("{} ", width::clip(word, usize::from(room)))));
    if !figure.is_empty() && wide < area.width {
        let right = Rect { x: area.right() - wide, width: wide, ..area };
        canvas.line(right, &Words::of(Role::Muted, format!(" {figure}")));
    }
}

/// A rule over the whole width.
pub fn rule(canvas: &mut Canvas<'_>, area: Rect) {
    let glyphs = canvas.glyphs();
    canvas.fill(Rect { height: area.height.min(1), ..area }, glyphs.rule, Role::Faint);
}

/// A vertical rule.
pub fn wall(canvas: &mut Canvas<'_>, area: Rect) {
    let glyphs = canvas.glyphs();
    canvas.fill(Rect { width: area.width.min(1), ..area }, glyphs.wall, Role::Faint);
}
