//! Getting about in a comparison: the cursor, the next difference, the next match.

use super::align;
use super::pair::{At, Half};
use super::patches::{How, Line, Row};
use super::{Compare, Sheet, Side};
use crate::text::find::Pattern;
use crate::ui::apart::Apart;
use crate::ui::finding::is_in_step;
use crate::ui::words::NO_SEARCH;
use crate::ui::{Action, Mood, Said};

/// Columns of one step aside.
const ASIDE: usize = 8;

/// Does what a key that moves asks for; whether it was one.
pub(super) fn perform(screen: &mut Compare, action: Action) -> bool {
    let at = screen.reading().cursor;
    let page = screen.layout.rows.saturating_sub(1).max(1);
    match action {
        Action::Down => go_to(screen, at + 1),
        Action::Up => go_to(screen, at.saturating_sub(1)),
        Action::PageDown if screen.detail.is_some() => scroll(screen, Action::Down, screen.layout.detail_rows.saturating_sub(1).max(1)),
        Action::PageUp if screen.detail.is_some() => scroll(screen, Action::Up, screen.layout.detail_rows.saturating_sub(1).max(1)),
        Action::PageDown => go_to(screen, at + page),
        Action::PageUp => go_to(screen, at.saturating_sub(page)),
        Action::First => go_to(screen, 0),
        Action::Last => go_to(screen, usize::MAX),
        Action::Right => screen.aside = screen.aside.saturating_add(ASIDE),
        Action::Left => screen.aside = screen.aside.saturating_sub(ASIDE),
        Action::NextDifference => jump(screen, true, differs, "no further difference"),
        Action::PreviousDifference => jump(screen, false, differs, "no difference before"),
        Action::NextItem => jump(screen, true, is_mark, "nothing further"),
        Action::PreviousItem => jump(screen, false, is_mark, "nothing before"),
        _ => return false,
    }
    true
}

/// Puts the cursor on a row, which is scrolled into sight.
pub(super) fn go_to(screen: &mut Compare, row: usize) {
    let last = screen.rows().saturating_sub(1);
    if screen.detail.is_some() && row.min(last) != screen.reading().cursor {
        screen.detail = Some(0);
    }
    if let Some(reading) = screen.reading_mut() {
        reading.cursor = row.min(last);
    }
    keep_in_sight(screen);
}

/// Keeps the cursor in sight, and no row empty that could show something.
pub(super) fn keep_in_sight(screen: &mut Compare) {
    let (all, seen) = (screen.rows(), screen.layout.rows.max(1));
    if let Some(reading) = screen.reading_mut() {
        reading.cursor = reading.cursor.min(all.saturating_sub(1));
        reading.top = reading.top.min(all.saturating_sub(seen)).clamp((reading.cursor + 1).saturating_sub(seen), reading.cursor);
    }
    let most = screen.layout.detail_lines.saturating_sub(screen.layout.detail_rows);
    screen.detail = screen.detail.map(|top| top.min(most));
}

/// Moves what is read of the steps below the list by so many rows.
pub(super) fn scroll(screen: &mut Compare, action: Action, rows: usize) {
    let most = screen.layout.detail_lines.saturating_sub(screen.layout.detail_rows);
    if let Some(top) = screen.detail {
        screen.detail = Some(if action == Action::Down { top + rows } else { top.saturating_sub(rows) }.min(most));
    }
}

/// To the next row further down, or up, at which something begins.
fn jump(screen: &mut Compare, is_down: bool, is_it: fn(&Compare, usize) -> bool, none: &str) {
    let at = screen.reading().cursor;
    // where several rows in a row are it, they are one thing
    let begins = |row: &usize| {
        is_it(screen, *row) && (screen.sheet == Sheet::Figures || row.checked_sub(1).is_none_or(|before| !is_it(screen, before)))
    };
    let found = if is_down { (at + 1..screen.rows()).find(begins) } else { (0..at).rev().find(begins) };
    match found {
        Some(row) => {
            go_to(screen, row);
            show_around(screen);
        }
        None => screen.remark(Said::new(Mood::Quiet, none)),
    }
}

/// Shows a few rows before the cursor, and what comes after it.
fn show_around(screen: &mut Compare) {
    let third = screen.layout.rows / 3;
    if let Some(reading) = screen.reading_mut() {
        reading.top = reading.cursor.saturating_sub(third);
    }
    keep_in_sight(screen);
}

/// Whether the two sides differ in a row.
fn differs(screen: &Compare, row: usize) -> bool {
    let Some(pair) = &screen.pair else { return false };
    match screen.sheet {
        Sheet::Steps => pair.steps.get(row).is_some_and(|row| row.how == align::How::Alone),
        Sheet::Patches => match screen.lines().get(row) {
            Some(At::Row { file, row, .. }) => {
                let row = pair.files.get(*file).and_then(|file| file.rows.get(*row));
                row.is_some_and(|row| matches!(row, Row::Lines { how: How::Differ | How::Left | How::Right, .. }))
            }
            _ => false,
        },
        Sheet::Figures => pair.figures.get(row).is_some_and(|figure| figure.left != figure.right),
    }
}

/// Of the steps those that both took; of the patches the headings of files.
fn is_mark(screen: &Compare, row: usize) -> bool {
    let Some(pair) = &screen.pair else { return false };
    match screen.sheet {
        Sheet::Steps => pair.steps.get(row).is_some_and(|row| row.how != align::How::Alone),
        Sheet::Patches => matches!(screen.lines().get(row), Some(At::File(_))),
        Sheet::Figures => differs(screen, row),
    }
}

/// To the next match in the direction, and how many there are.
pub(super) fn find(screen: &mut Compare, action: Action) {
    let Some(pattern) = screen.find.clone() else {
        return screen.remark(Said::new(Mood::Quiet, NO_SEARCH));
    };
    let found: Vec<usize> = (0..screen.rows()).filter(|row| is_found(screen, *row, &pattern)).collect();
    let at = screen.reading().cursor;
    let next = match action {
        Action::FindNext => found.iter().position(|row| *row > at).or(if found.is_empty() { None } else { Some(0) }),
        _ => found.iter().rposition(|row| *row < at).or(found.len().checked_sub(1)),
    };
    match next.and_then(|nth| Some((nth, *found.get(nth)?))) {
        Some((nth, row)) => {
            go_to(screen, row);
            screen.remark(Said::new(Mood::Quiet, format!("{} of {} rows with '{}'", nth + 1, found.len(), pattern.text)));
        }
        None => screen.remark(Said::new(Mood::Warn, format!("'{}' is not in the {}", pattern.text, screen.sheet.name()))),
    }
}

/// Whether a row has what is searched for.
fn is_found(screen: &Compare, row: usize, pattern: &Pattern) -> bool {
    let Some(pair) = &screen.pair else { return false };
    match screen.sheet {
        Sheet::Steps => pair.steps.get(row).is_some_and(|row| {
            let step = |side: &Side, at: Option<usize>| {
                side.steps.as_ref().and_then(|steps| steps.get(at?)).is_some_and(|step| is_in_step(pattern, step))
            };
            step(&pair.left, row.left) || step(&pair.right, row.right)
        }),
        Sheet::Patches => match screen.lines().get(row) {
            Some(At::File(file)) => pair.files.get(*file).is_some_and(|file| pattern.is_in(&file.path)),
            Some(At::Row { file, row, half }) => match pair.files.get(*file).and_then(|file| file.rows.get(*row)) {
                Some(Row::Lines { left, right, .. }) => {
                    let line = |line: &Option<Line>| line.as_ref().is_some_and(|line| pattern.is_in(&line.text.text));
                    (*half != Half::Right && line(left)) || (*half != Half::Left && line(right))
                }
                Some(Row::Gap { section, .. }) => pattern.is_in(section),
                None => false,
            },
            Some(At::Blank) | None => false,
        },
        Sheet::Figures => pair
            .figures
            .get(row)
            .is_some_and(|figure| pattern.is_in(&figure.name) || pattern.is_in(&figure.left.text()) || pattern.is_in(&figure.right.text())),
    }
}
