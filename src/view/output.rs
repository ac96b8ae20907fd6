//! What a stage wrote.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, row_of};
use crate::model::Item;
use crate::theme::Role;
use crate::ui::message::{OutputNews, Stream};

/// The last lines.
pub fn tail(canvas: &mut Canvas<'_>, area: Rect, item: &Item, output: &OutputNews) {
    let first = output.lines.len().saturating_sub(usize::from(area.height));
    if output.lines.is_empty() {
        let live = item.live_stage().is_some_and(|record| record.stage == output.stage);
        canvas.line(row_of(area, 0), &Words::of(Role::Muted, if live { "nothing written yet" } else { "wrote nothing" }));
    }
    for (row, line) in output.lines.iter().skip(first).enumerate() {
        let role = match line.from {
            Stream::Out | Stream::Server | Stream::Client => Role::Text,
            Stream::Err | Stream::ClientErr => Role::Muted,
        };
        canvas.line(row_of(area, row), &Words::of(role, line.text.as_str()));
    }
}
