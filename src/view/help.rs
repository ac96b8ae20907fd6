//! What the keys do, made from the keymap.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, row_of};
use crate::text::width;
use crate::theme::Role;
use crate::ui::keymap::{Binding, Group, KEYMAP, Place};

/// Columns of the keys.
const KEYS: usize = 16;

/// Draws it from a row on and says how many rows there are, and which are seen where not all are: `1-18 of 40`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, top: usize) -> (usize, Option<String>) {
    scrolled(canvas, area, top, &lines(usize::from(area.width)))
}

/// The same for the start screen alone.
pub fn home(canvas: &mut Canvas<'_>, area: Rect, top: usize) -> (usize, Option<String>) {
    scrolled(canvas, area, top, &groups(usize::from(area.width), |binding| binding.is_in(Place::Home)))
}

fn scrolled(canvas: &mut Canvas<'_>, area: Rect, top: usize, lines: &[Words]) -> (usize, Option<String>) {
    let (all, rows) = (lines.len(), usize::from(area.height));
    let top = top.min(all.saturating_sub(rows));
    for (row, line) in lines.iter().skip(top).take(rows).enumerate() {
        canvas.line(row_of(area, row), line);
    }
    (all, (all > rows && rows > 0).then(|| format!("{}-{} of {all}", top + 1, top + rows)))
}

fn groups(cols: usize, is_shown: impl Fn(&Binding) -> bool) -> Vec<Words> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        let bindings: Vec<&Binding> = KEYMAP.iter().filter(|binding| binding.group == group && is_shown(binding)).collect();
        if bindings.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Words::new());
        }
        lines.push(Words::of(Role::Strong, group.title()));
        for binding in bindings {
            push(&mut lines, binding, cols);
        }
    }
    lines
}

fn lines(cols: usize) -> Vec<Words> {
    // the start screen has a help of its own
    let mut lines = groups(cols, |binding| binding.places != [Place::Home]);
    lines.push(Words::new());
    lines.push(Words::of(Role::Strong, "Steps in one letter"));
    let letters =
        "S search  V view  E/e edit ok/failed  R/r run ok/failed  G git  t text  D done  F done refused  ! API error  = seen before";
    lines.extend(width::wrap(letters, cols.saturating_sub(2), 4).into_iter().map(|line| Words::of(Role::Muted, format!("  {line}"))));
    lines
}

fn push(lines: &mut Vec<Words>, binding: &Binding, cols: usize) {
    let place = match binding.places {
        [Place::Queue] => " (in the list)",
        [Place::Agent] => " (in the steps)",
        [Place::Log] => " (in a log)",
        _ => "",
    };
    let text = format!("{}{place}", binding.help);
    for (at, line) in width::wrap(&text, cols.saturating_sub(KEYS + 2).max(1), 3).into_iter().enumerate() {
        let keys = if at == 0 { binding.keys_label() } else { String::new() };
        lines.push(Words::of(Role::Accent, format!("  {}", width::fit(&keys, KEYS))).add(Role::Text, line));
    }
}
