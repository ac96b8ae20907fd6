//! Two patches beside each other, or one above the other, as there is room.

use ratatui::layout::Rect;

use super::halves;
use crate::text::width;
use crate::theme::Role;
use crate::ui::compare::patches::{Changes, File, How, Line, Row};
use crate::ui::compare::{At, Compare, Half, Layout, Pair};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words, role_of, row_of};

/// Columns of a line's number, and the gap behind it.
const NUMBER: u16 = 6;

/// Columns of what a side does with a file, about.
const STAT: usize = 20;

pub(super) fn draw(canvas: &mut Canvas<'_>, flow: Flow, screen: &Compare, pair: &Pair, layout: &mut Layout) {
    let area = flow.rest();
    layout.rows = usize::from(area.height);
    if pair.files.is_empty() {
        return canvas.line(area, &Words::of(Role::Muted, "neither side changes a file"));
    }
    let reading = screen.reading();
    let lines = if layout.is_wide { &pair.wide } else { &pair.narrow };
    for (nth, at) in lines.iter().enumerate().skip(reading.top).take(layout.rows) {
        let place = row_of(area, nth - reading.top);
        match at {
            At::Blank => {}
            At::File(file) => {
                if let Some(file) = pair.files.get(*file) {
                    heading(canvas, place, file, layout.is_wide);
                }
            }
            At::Row { file, row, half } => {
                if let Some(row) = pair.files.get(*file).and_then(|file| file.rows.get(*row)) {
                    one(canvas, place, row, *half, screen.aside, layout.is_wide);
                }
            }
        }
        if nth == reading.cursor {
            canvas.tint(place, Role::Selected);
        }
        canvas.mark(place, screen.find.as_ref());
        canvas.spot(place, Hit::Choice(nth));
    }
}

/// The path, and what each side does with the file.
fn heading(canvas: &mut Canvas<'_>, area: Rect, file: &File, is_wide: bool) {
    let rule = canvas.glyphs().rule;
    canvas.fill(area, rule, Role::Faint);
    let stat = |changes: Option<&Changes>| match changes {
        None => Words::of(Role::Muted, "unchanged"),
        Some(changes) => {
            let word = if changes.word == "modified" { String::new() } else { format!("{} ", changes.word) };
            Words::of(Role::Muted, word).add(Role::Good, format!("+{}", changes.added)).add(Role::Bad, format!(" -{}", changes.removed))
        }
    };
    let same = if file.same > 0 { format!("{} the same", file.same) } else { String::new() };
    // the end of a path says more than its beginning
    let path = |room: usize| Words::of(Role::Strong, format!("{} ", width::middle(&file.path, room.saturating_sub(1))));
    if is_wide {
        let (left, _, right) = halves(area);
        let of_left = Words::of(Role::Text, " ").join(stat(file.left.as_ref())).add(Role::Text, " ");
        canvas.ends(left, &path(usize::from(left.width).saturating_sub(of_left.width() + 4)), &of_left);
        canvas.ends(
            right,
            &Words::of(Role::Muted, if same.is_empty() { same } else { format!(" {same} ") }),
            &Words::of(Role::Text, " ").join(stat(file.right.as_ref())),
        );
        return;
    }
    let stats =
        Words::of(Role::Muted, " left ").join(stat(file.left.as_ref())).add(Role::Muted, "  right ").join(stat(file.right.as_ref()));
    canvas.ends(
        area,
        &path(usize::from(area.width).saturating_sub(STAT * 2)),
        &if same.is_empty() { stats } else { stats.add(Role::Muted, format!("  {same}")) },
    );
}

/// The mark between two halves, or before a line that stands alone.
const fn mark(how: How, wall: &'static str) -> (Role, &'static str) {
    match how {
        How::Context => (Role::Faint, wall),
        How::Same => (Role::Good, "="),
        How::Differ => (Role::Warn, "|"),
        How::Left => (Role::Accent, "<"),
        How::Right => (Role::Accent, ">"),
    }
}

fn one(canvas: &mut Canvas<'_>, area: Rect, row: &Row, half: Half, aside: usize, is_wide: bool) {
    let (left, right, how) = match row {
        Row::Gap { line, section } => {
            let mark = format!("{:>width$} ", "@@", width = usize::from(NUMBER) - 1);
            let place = if section.is_empty() { format!("line {line}") } else { section.clone() };
            return canvas.line(area, &Words::of(Role::Faint, mark).add(Role::Accent, place));
        }
        Row::Lines { left, right, how } => (left.as_ref(), right.as_ref(), *how),
    };
    let wall = canvas.glyphs().wall;
    let number = left.or(right).and_then(|line| line.number).map_or_else(String::new, |number| number.to_string());
    canvas.line(area, &Words::of(Role::Muted, format!("{number:>width$} ", width = usize::from(NUMBER) - 1)));
    let rest = Rect { x: area.x.saturating_add(NUMBER), width: area.width.saturating_sub(NUMBER), ..area };
    let (role, glyph) = mark(how, wall);
    if is_wide {
        let (of_left, middle, of_right) = halves(rest);
        text(canvas, of_left, left, aside);
        canvas.line(middle, &Words::of(role, format!(" {glyph} ")));
        text(canvas, of_right, right, aside);
        return;
    }
    let (role, glyph) = match half {
        Half::Both => (role, if how == How::Context { " " } else { glyph }),
        Half::Left => (Role::Accent, "<"),
        Half::Right => (Role::Accent, ">"),
    };
    canvas.line(rest, &Words::of(role, format!("{glyph} ")));
    let rest = Rect { x: rest.x.saturating_add(2), width: rest.width.saturating_sub(2), ..rest };
    text(canvas, rest, if half == Half::Right { right } else { left.or(right) }, aside);
}

/// `+    return x`, without so many columns of its text at the left.
fn text(canvas: &mut Canvas<'_>, area: Rect, line: Option<&Line>, aside: usize) {
    let Some(line) = line else { return };
    let mut words = Words::new();
    // the sign stays where it is
    let (mut column, mut is_sign) = (0, true);
    for (tone, piece) in line.text.pieces() {
        let (sign, piece) = if is_sign { piece.split_at_checked(1).unwrap_or((piece, "")) } else { ("", piece) };
        is_sign = false;
        let shown = piece.get(behind(piece, aside.saturating_sub(column))..).unwrap_or_default();
        column += width::width(piece);
        words = words.add(role_of(tone), format!("{sign}{shown}"));
    }
    canvas.line(area, &words);
}

/// The byte behind so many columns of a text.
fn behind(text: &str, cols: usize) -> usize {
    let ends = text.char_indices().map(|(at, _)| at);
    ends.chain([text.len()]).find(|at| width::width(text.get(..*at).unwrap_or_default()) >= cols).unwrap_or(text.len())
}
