//! What stands beside the steps of an agent: a row of names, and the file of the one that is shown.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::log;
use super::parts::heading::rule;
use crate::text;
use crate::theme::Role;
use crate::ui::beside::{self, Beside, has_keys, is_there, size};
use crate::ui::message::Layout;
use crate::ui::mouse::Hit;
use crate::ui::sought::{Piece, pieces};
use crate::ui::{Action, State};

/// Columns between two names.
const GAP: u16 = 2;

/// ` step  patch 2.3 kB  prompt  journal  output ──── 62 %  3 kB of 5 kB`: the names, and where in the file the reader is. In a narrow
/// frame the first one is that of the steps.
pub fn heading(canvas: &mut Canvas<'_>, row: Rect, state: &State, is_narrow: bool) {
    rule(canvas, row);
    let place = if beside::shows_file(state) { log::position(&state.log, state.layout.log_rows) } else { String::new() };
    let place = Words::of(Role::Muted, if place.is_empty() { place } else { format!(" {place}") });
    let sized = names(state, is_narrow, true);
    let wide = |names: &[(Beside, Words)]| names.iter().map(|(_, words)| words.width() + usize::from(GAP)).sum::<usize>();
    let room = usize::from(row.width);
    let (shown, place) = if wide(&sized) + place.width() <= room {
        (sized, place)
    } else {
        let plain = names(state, is_narrow, false);
        let fits = wide(&plain) + place.width() <= room;
        (plain, if fits { place } else { Words::new() })
    };
    let mut x = row.x;
    for (at, (beside, words)) in shown.iter().enumerate() {
        let gap = usize::from(at > 0);
        let width = u16::try_from(words.width() + gap).unwrap_or(u16::MAX);
        let area = Rect { x, width: width.saturating_add(1).min(row.right().saturating_sub(x)), ..row };
        canvas.line(area, &Words::of(Role::Text, " ".repeat(gap)).join(words.clone()).add(Role::Text, " "));
        if *beside == state.beside && has_keys(state) {
            canvas.tint(area, Role::Selected);
        }
        canvas.spot(area, Hit::Beside(*beside));
        x = x.saturating_add(area.width);
    }
    let end = u16::try_from(place.width()).unwrap_or(u16::MAX);
    if end > 0 && end < row.right().saturating_sub(x) {
        canvas.line(Rect { x: row.right() - end, width: end, ..row }, &place);
    }
}

/// The names of what there is.
fn names(state: &State, is_narrow: bool, sized: bool) -> Vec<(Beside, Words)> {
    let name = |beside: Beside| {
        let name = if beside == Beside::Step && is_narrow { "steps" } else { beside.name() };
        let words = Words::of(if beside == state.beside { Role::Strong } else { Role::Text }, name);
        match size(state, beside).filter(|_| sized && beside != state.beside) {
            Some(0) => words.add(Role::Muted, " empty"),
            Some(bytes) => words.add(Role::Muted, format!(" {}", text::bytes(bytes))),
            None => words,
        }
    };
    Beside::ALL
        .into_iter()
        .filter(|beside| is_there(state, *beside) || *beside == state.beside)
        .map(|beside| (beside, name(beside)))
        .collect()
}

/// The file; how much room it has.
pub fn file(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    canvas.spot(area, Hit::Beside(state.beside));
    let (log_rows, log_cols) = log::body(canvas, area, state, now);
    Layout { log_rows, log_cols, ..Layout::default() }
}

/// `/needle  match 3 of 17 in 9 steps · patch 2 · prompt 0`: what is searched for, and where it is. A click on a place leads there.
pub fn counts(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let pieces = pieces(state);
    let Some(find) = state.find.as_ref().filter(|_| !pieces.is_empty()) else { return };
    let keys = if pieces.len() > 1 { "n N  o elsewhere  Esc ends" } else { "Esc ends" };
    let keys = Words::of(Role::Muted, keys);
    let dot = format!(" {} ", canvas.glyphs().dot);
    let told: usize = pieces.iter().map(|Piece { text, .. }| text::width::width(text) + dot.len()).sum();
    let room = usize::from(row.width);
    let pattern = format!("/{}  ", text::width::clip(&find.text, 24));
    let mut flow = Flow::new(row);
    let Some(row) = flow.row() else { return };
    let pattern = if told + text::width::width(&pattern) <= room && pieces.len() > 1 { pattern } else { String::new() };
    let mut x = row.x;
    let mut put = |canvas: &mut Canvas<'_>, words: &Words| {
        let left = row.right().saturating_sub(x);
        let area = Rect { x, width: u16::try_from(words.width()).unwrap_or(u16::MAX).min(left), ..row };
        canvas.line(area, words);
        x = x.saturating_add(area.width);
        area
    };
    put(canvas, &Words::of(Role::Muted, pattern));
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            put(canvas, &Words::of(Role::Faint, dot.as_str()));
        }
        let role = match (piece.to == state.beside, piece.holds) {
            (true, true) => Role::Strong,
            (false, true) => Role::Accent,
            _ => Role::Muted,
        };
        let role = if pieces.len() == 1 && !piece.holds { Role::Warn } else { role };
        let area = put(canvas, &Words::of(role, piece.text.as_str()));
        canvas.spot(area, Hit::Beside(piece.to));
    }
    let end = u16::try_from(keys.width()).unwrap_or(u16::MAX);
    if x.saturating_add(end + 2) <= row.right() {
        let area = Rect { x: row.right() - end, width: end, ..row };
        canvas.line(area, &keys);
        canvas.spot(area, Hit::Act(Action::FindNext));
    }
}
