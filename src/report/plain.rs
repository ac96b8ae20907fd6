//! The report as text: tables as in a paper, as wide as the terminal.

mod fit;

use std::borrow::Cow;
use std::fmt::Write as _;

use self::fit::{Fitted, fit};
use super::section::{Align, Cell, Column, Document, Section, Table, Tone};
use crate::text::width::{middle, width, wrap};

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// A title.
    Title,
    /// Heads of columns, and what a line is about.
    Head,
    /// A cell.
    Of(Tone),
}

/// Where the text goes.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// Columns of the terminal; `None` for a pipe, where nothing wraps and nothing is left out.
    pub room: Option<usize>,
    /// Puts colour on a piece; its width stays.
    pub paint: &'a dyn Fn(Ink, &str) -> String,
}

/// Between two columns.
const GAP: &str = "  ";

/// What stands for a number that nobody knows.
const MISSING: &str = "–";

/// Lines of a cell: a sentence that is longer is whole in a pipe and in JSON.
const HIGHEST: usize = 3;

/// Columns of a rule where nothing says how wide the page is.
const LONGEST_RULE: usize = 200;

/// Fewer columns can't be read anyhow.
const FEWEST: usize = 30;

/// The report as text.
pub fn plain(document: &Document, page: Page<'_>) -> String {
    let mut text = String::new();
    let room = page.room.map(|room| room.max(FEWEST));
    let page = Page { room, ..page };
    lead(&mut text, document, page);
    for (nth, section) in document.sections.iter().enumerate() {
        draw(&mut text, nth + 1, section, page);
    }
    text
}

fn lead(text: &mut String, document: &Document, page: Page<'_>) {
    let lead = &document.lead;
    for line in wrapped(&lead.title, page.room) {
        let _ = writeln!(text, "{}", (page.paint)(Ink::Title, &line));
    }
    let margin = lead.lines.iter().map(|line| width(line.about)).max().unwrap_or_default() + GAP.len();
    for line in &lead.lines {
        for (nth, says) in wrapped(&line.says, page.room.map(|room| room.saturating_sub(margin))).into_iter().enumerate() {
            let about = if nth == 0 { line.about } else { "" };
            let head = (page.paint)(Ink::Head, &padded(about, margin, Align::Left));
            let _ = writeln!(text, "{head}{}", (page.paint)(Ink::Of(line.tone), &says));
        }
    }
}

fn wrapped(text: &str, room: Option<usize>) -> Vec<String> {
    room.map_or_else(|| vec![text.to_owned()], |room| wrap(text, room.max(1), usize::MAX))
}

fn draw(text: &mut String, nth: usize, section: &Section, page: Page<'_>) {
    let _ = writeln!(text, "\n{}", (page.paint)(Ink::Title, &format!("Table {nth}. {}", section.title)));
    if !section.says.is_empty() {
        for line in wrapped(&section.says, page.room) {
            let _ = writeln!(text, "{}", (page.paint)(Ink::Of(Tone::Muted), &line));
        }
    }
    let table = &section.table;
    let fitted = fit(table, page.room);
    let rule = (page.paint)(Ink::Of(Tone::Muted), &"─".repeat(fitted.width().min(page.room.unwrap_or(LONGEST_RULE))));
    let heads = table.columns.iter().map(|column| (column.head(), Ink::Head));
    let _ = writeln!(text, "{rule}");
    text.push_str(&row(table, heads.collect(), &fitted, page));
    let _ = writeln!(text, "{rule}");
    for (at, cells) in table.rows.iter().enumerate() {
        if table.has_sum && at + 1 == table.rows.len() {
            let _ = writeln!(text, "{rule}");
        }
        let cells = cells.iter().zip(&table.columns).map(|(cell, column)| (shown(cell, column), Ink::Of(cell.tone())));
        text.push_str(&row(table, cells.collect(), &fitted, page));
    }
    let _ = writeln!(text, "{rule}");
    if !fitted.left_out.is_empty() {
        let says = format!("Left out in {} columns: {}.", page.room.unwrap_or_default(), fitted.left_out.join(", "));
        for line in wrapped(&says, page.room) {
            let _ = writeln!(text, "{}", (page.paint)(Ink::Of(Tone::Muted), &line));
        }
    }
}

/// What a cell says here: a number that is missing has a mark, words that are missing have none.
fn shown(cell: &Cell, column: &Column) -> Cow<'static, str> {
    match cell.says() {
        says if says.is_empty() && column.align == Align::Right => Cow::Borrowed(MISSING),
        says => Cow::Owned(says),
    }
}

/// A row: as many lines as its highest cell.
fn row(table: &Table, cells: Vec<(Cow<'_, str>, Ink)>, fitted: &Fitted, page: Page<'_>) -> String {
    let mut columns: Vec<(Vec<String>, usize, Align, Ink)> = Vec::new();
    for ((cell, ink), (column, wide)) in cells.into_iter().zip(table.columns.iter().zip(&fitted.widths)) {
        let Some(wide) = *wide else { continue };
        let lines = if width(&cell) <= wide {
            vec![cell.into_owned()]
        } else if fit::is_shortened(column) {
            vec![middle(&cell, wide).into_owned()]
        } else {
            wrap(&cell, wide, HIGHEST)
        };
        columns.push((lines, wide, column.align, ink));
    }
    let height = columns.iter().map(|(lines, ..)| lines.len()).max().unwrap_or(1).max(1);
    let mut text = String::new();
    for nth in 0..height {
        let mut line = String::new();
        // spaces are added before the next piece, so that none ends a line
        let mut owed = 0;
        for (lines, wide, align, ink) in &columns {
            let cell = lines.get(nth).map_or("", String::as_str);
            let free = wide.saturating_sub(width(cell));
            let (before, after) = if *align == Align::Right { (free, 0) } else { (0, free) };
            if cell.is_empty() {
                owed += before;
            } else {
                line.extend(std::iter::repeat_n(' ', owed + before));
                line.push_str(&(page.paint)(*ink, cell));
                owed = 0;
            }
            owed += after + GAP.len();
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A text in so many columns.
fn padded(text: &str, cols: usize, align: Align) -> String {
    let space = " ".repeat(cols.saturating_sub(width(text)));
    if align == Align::Right { format!("{space}{text}") } else { format!("{text}{space}") }
}
