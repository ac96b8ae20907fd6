//! What happened since the last look, over the screen.

use jiff::Timestamp;

use super::canvas::{Canvas, Flow, Words, role};
use super::parts::dialog::dialog;
use crate::text::{duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::since::{Line, since};

/// Columns of the text at most.
const COLS: u16 = 92;
/// Columns of the labels.
const LABEL: usize = 12;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, now: Timestamp) {
    let Some(since) = since(state, now) else { return };
    let frame = canvas.area();
    let cols = COLS.min(frame.width.saturating_sub(6)).max(1);
    let rows: Vec<Words> = since.lines.iter().flat_map(|line| told(line, usize::from(cols))).collect();
    // a title, a blank row, and one for what closes it
    let room = usize::from(frame.height.saturating_sub(2)).saturating_sub(4);
    let cut = rows.len().saturating_sub(room);
    let shown = if cut > 0 { room.saturating_sub(1) } else { rows.len() };
    let height = shown + usize::from(cut > 0) + 4;
    let inside = dialog(canvas, cols, u16::try_from(height).unwrap_or(u16::MAX));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        let ago = format!("since your last look, {} ago", duration::short(since.ago_ms));
        canvas.line(row, &Words::of(Role::Strong, ago));
    }
    flow.row();
    for words in rows.iter().take(shown) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, words);
    }
    if cut > 0
        && let Some(row) = flow.row()
    {
        let more = crate::text::count(rows.len() - shown, "more line");
        canvas.line(row, &Words::of(Role::Muted, format!("{:LABEL$}{more}; a larger terminal shows all", "")));
    }
    flow.row();
    if let Some(row) = flow.row() {
        canvas.line(row, &Words::of(Role::Muted, "Esc closes this; other keys close it and act; w opens it again"));
    }
}

/// The rows of a line: label, sentence, and the key that undoes it.
fn told(line: &Line, cols: usize) -> Vec<Words> {
    let room = cols.saturating_sub(LABEL).max(1);
    let undo = |words: Words| match line.undo {
        Some((key, does)) => words.add(Role::Accent, key).add(Role::Muted, format!(" {does}")),
        None => words,
    };
    let undo_cols = undo(Words::new()).width();
    let texts = width::wrap(&line.says.text, room, 2);
    let last = texts.len().saturating_sub(1);
    let mut rows: Vec<Words> = Vec::new();
    for (at, text) in texts.into_iter().enumerate() {
        let label = if at == 0 { line.label.as_str() } else { "" };
        let has_room = width::width(&text) + 3 + undo_cols <= room;
        let words = Words::of(Role::Muted, width::fit(label, LABEL)).add(role(line.says.mood), text);
        match line.undo {
            Some(_) if at == last && has_room => rows.push(undo(words.add(Role::Text, "   "))),
            Some(_) if at == last => rows.extend([words, undo(Words::of(Role::Text, " ".repeat(LABEL)))]),
            _ => rows.push(words),
        }
    }
    rows
}
