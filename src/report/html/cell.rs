//! A cell of a table as markup: exact numbers, words that fit, and a mark for what nobody knows.

use std::borrow::Cow;

use maud::{Markup, html};

use super::commits::Commits;
use super::tone;
use crate::domain::{Rung, Standing};
use crate::report::section::{Align, Cell, Column, Tone};
use crate::text::{clean, width};

/// Columns of a text in a cell; what is beyond stands in its title.
const TEXT: usize = 160;

/// Columns of a path: longer than any real one.
const PLACE: usize = 400;

/// Columns of a title.
const TITLE: usize = 800;

/// The `td` of a cell. The first of a row is its head. A page has tens of thousands of them, so each says little.
pub(super) fn cell(cell: &Cell, column: &Column, is_first: bool, commits: &Commits<'_>) -> Markup {
    let inside = inside(cell, commits);
    html! {
        @if is_first {
            th scope="row" class=[(column.align == Align::Right).then_some("n")] { (inside) }
        } @else if *cell == Cell::Missing {
            // a script adds the title that says so; the foot of the page says it too
            td { "–" }
        } @else {
            td class=[class(cell)] title=[title(cell)] { (inside) }
        }
    }
}

fn class(cell: &Cell) -> Option<&'static str> {
    match cell {
        Cell::Place(_) => Some("p"),
        Cell::Text(text) if text.len() > 40 => Some("w"),
        Cell::Class(_) => Some("bad-ink"),
        Cell::Flags(flags) if !flags.is_empty() => Some("f"),
        Cell::Status(_) => Some(match cell.tone() {
            Tone::Good => "s good",
            Tone::Bad => "s bad-ink",
            _ => "s doubt",
        }),
        _ => None,
    }
}

/// What a cell cuts or rounds. A script sorts times by it.
fn title(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Seconds(s) if s.is_finite() => Some(format!("{s:.1} s")),
        Cell::Text(text) if width::width(text) > TEXT => Some(width::clip(&safe(text), TITLE).into_owned()),
        _ => None,
    }
}

fn inside(cell: &Cell, commits: &Commits<'_>) -> Markup {
    match cell {
        Cell::Missing => html! { "–" },
        Cell::Text(text) | Cell::Status(text) => html! { (width::clip(&safe(text), TEXT)) },
        Cell::Place(place) => html! { (middle(place, PLACE)) },
        Cell::Commit(sha) => commit(sha, commits),
        Cell::Count(n) => html! { (grouped(&n.to_string())) },
        Cell::Tokens(n) | Cell::Bytes(n) => html! { (grouped(&n.to_string())) },
        Cell::Number(value, unit) => html! { (number(*value)) @if let Some(unit) = unit { " " span.u { (safe(unit)) } } },
        Cell::Rung(rung) => html! { (rung_name(*rung)) },
        Cell::Flags(flags) => html! { @for (at, flag) in flags.iter().enumerate() { @if at > 0 { ", " } (flag.name()) } },
        Cell::Standing(standing) => standing_mark(*standing),
        Cell::Class(class) => html! { (class.name()) },
        Cell::Change(_) | Cell::Quadrant(_) => html! { span class=[tone(cell.tone())] { (cell.says()) } },
        Cell::Part(..) | Cell::Share(..) | Cell::Seconds(_) | Cell::Dollars(_) | Cell::Energy(_) => html! { (if_known(cell.says())) },
    }
}

/// A share of nothing is unknown.
fn if_known(says: String) -> String {
    if says.is_empty() { "–".to_owned() } else { says }
}

/// The unit of a column that its head does not name, by what stands in it.
pub(super) fn unit(column: &Column, cells: impl Iterator<Item = impl std::borrow::Borrow<Cell>>) -> Option<Cow<'static, str>> {
    if let Some(unit) = column.unit {
        return Some(Cow::Borrowed(unit));
    }
    let mut cells = cells;
    cells
        .find_map(|cell| match cell.borrow() {
            Cell::Tokens(_) => Some(if column.name.contains("token") { "" } else { "tokens" }),
            Cell::Bytes(_) => Some("bytes"),
            Cell::Dollars(_) => Some("US $"),
            Cell::Seconds(_) => Some("h m s"),
            _ => None,
        })
        .filter(|unit| !unit.is_empty())
        .map(Cow::Borrowed)
}

/// A commit: a link to its part of the page, where it has one.
pub(super) fn commit(sha: &str, commits: &Commits<'_>) -> Markup {
    let shown = safe(crate::domain::short_sha(sha)).into_owned();
    html! {
        @if let Some(anchor) = commits.anchor(sha) {
            a href={ "#" (anchor) } { (width::clip(&shown, 24)) }
        } @else {
            code { (width::clip(&shown, 24)) }
        }
    }
}

/// A path.
pub(super) fn path(place: &str) -> Markup {
    html! { code.path { (middle(place, PLACE)) } }
}

/// A hard class with a sign that needs no colour.
pub(super) fn standing_mark(standing: Standing) -> Markup {
    let class = match standing {
        Standing::Beats => "up good",
        Standing::Similar => "same",
        Standing::Worse => "down bad-ink",
    };
    html! { span class=(class) { (standing.name()) } }
}

/// A rung with its height: `4 applies`.
pub(super) fn rung_name(rung: Rung) -> Markup {
    html! { (height(rung)) "\u{a0}" (rung.name()) }
}

/// How high a rung is, from 1.
pub(super) fn height(rung: Rung) -> usize {
    Rung::ALL.iter().position(|other| *other == rung).map_or(0, |at| at + 1)
}

/// `text` in at most `columns`, its middle left out. What can't be shown is dropped before it is measured: a text of a file
/// may be as long as the file.
pub(super) fn middle(text: &str, columns: usize) -> String {
    let enough = columns.saturating_mul(2);
    let safe = safe(text);
    let mut ends = safe.char_indices().map(|(at, _)| at);
    let (head, tail) = (ends.by_ref().nth(enough), ends.rev().nth(enough));
    match (head.and_then(|at| safe.get(..at)), tail.and_then(|at| safe.get(at..))) {
        (Some(head), Some(tail)) => width::middle(&format!("{head}{tail}"), columns).into_owned(),
        _ => width::middle(&safe, columns).into_owned(),
    }
}

/// A sentence in which `this` is code.
pub(super) fn with_code(says: &str) -> Markup {
    html! { @for (at, part) in says.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// A text of a file: what would not show, or would change the order of letters, is written out.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    clean::shown(text)
}

/// A number with every digit that it has, thousands set apart.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || (size != 0.0 && !(1e-6..1e15).contains(&size)) { format!("{value:e}") } else { grouped(&value.to_string()) }
}

/// `1234567.25` as `1,234,567.25`.
pub(super) fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        let seen = [0.0, -0.5, 1403.91, 8_088_760.125, -1234.0, 1e300, 1e-9].map(number);
        assert_eq!(seen, ["0", "-0.5", "1,403.91", "8,088,760.125", "-1,234", "1e300", "1e-9"]);
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        assert_eq!(middle("runs/a/b", 20), "runs/a/b");
        let long = format!("begin{}end", "x".repeat(1_000_000));
        let seen = middle(&long, 11);
        assert!(seen.starts_with("begin") && seen.ends_with("end") && seen.contains('…') && width::width(&seen) <= 11, "{seen}");
    }

    #[test]
    fn words_between_backticks_are_code() {
        assert_eq!(with_code("a `b<` c").0, "a <code>b&lt;</code> c");
    }
}
