//! Which columns a terminal has room for, and how wide they are.

use super::{GAP, shown};
use crate::report::section::{Column, Narrow, Table};
use crate::text::width::width;

/// A table in a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fitted {
    /// One a column; `None` for one that is left out.
    pub(super) widths: Vec<Option<usize>>,
    /// The heads of those.
    pub(super) left_out: Vec<String>,
}

impl Fitted {
    /// Columns of a line.
    pub(super) fn width(&self) -> usize {
        sum(&self.widths)
    }
}

/// Whether a cell that is too wide loses its middle, instead of going on in a further line.
pub(super) const fn is_shortened(column: &Column) -> bool {
    matches!(column.narrow, Narrow::Shortens(..))
}

/// Makes columns narrower, then leaves out those that matter least, until the rest has room. What is left is whole, however
/// narrow the terminal is.
pub(super) fn fit(table: &Table, room: Option<usize>) -> Fitted {
    let natural = natural(table);
    let room = room.unwrap_or(usize::MAX);
    // where room is short, a column that says nothing in any row goes first
    let is_short = natural.iter().map(|wide| wide + GAP.len()).sum::<usize>().saturating_sub(GAP.len()) > room;
    let mut out: Vec<usize> = (0..table.columns.len()).filter(|at| is_short && is_empty(table, *at)).collect();
    loop {
        let widths = narrowed(table, &natural, &out, room);
        let next = if sum(&widths) > room { next_out(table, &out) } else { None };
        let Some(next) = next else {
            let left_out = table.columns.iter().enumerate().filter(|(at, _)| out.contains(at) && !is_empty(table, *at));
            return Fitted { left_out: left_out.map(|(_, column)| column.head().into_owned()).collect(), widths };
        };
        out.push(next);
    }
}

/// Whether a column says nothing in any row.
fn is_empty(table: &Table, at: usize) -> bool {
    table.rows.iter().all(|row| row.get(at).is_none_or(|cell| cell.says().is_empty()))
}

/// The widest cell of each column, its head included.
fn natural(table: &Table) -> Vec<usize> {
    let mut widths: Vec<usize> = table.columns.iter().map(|column| width(&column.head())).collect();
    for row in &table.rows {
        for ((cell, column), widest) in row.iter().zip(&table.columns).zip(&mut widths) {
            *widest = width(&shown(cell, column)).max(*widest);
        }
    }
    widths
}

/// The column that is left out next: the one with the highest number, of several the last.
fn next_out(table: &Table, out: &[usize]) -> Option<usize> {
    let number = |column: &Column| match column.narrow {
        Narrow::Stays | Narrow::Wraps(_, 0) => None,
        Narrow::Drops(number) | Narrow::Shortens(_, number) | Narrow::Wraps(_, number) => Some(number),
    };
    let left = table.columns.iter().enumerate().filter(|(at, _)| !out.contains(at));
    left.filter_map(|(at, column)| Some((number(column)?, at))).max().map(|(_, at)| at)
}

/// The widths without the columns that are out: where there is no room, texts take less, the widest first.
fn narrowed(table: &Table, natural: &[usize], out: &[usize], room: usize) -> Vec<Option<usize>> {
    let is_out = |at: usize| out.contains(&at);
    let mut widths: Vec<Option<usize>> = natural.iter().enumerate().map(|(at, wide)| (!is_out(at)).then_some(*wide)).collect();
    let least = |column: &Column| match column.narrow {
        Narrow::Wraps(least, _) | Narrow::Shortens(least, _) => Some(least.max(width(&column.head()))),
        Narrow::Stays | Narrow::Drops(_) => None,
    };
    loop {
        let over = sum(&widths).saturating_sub(room);
        let can_give = widths.iter().zip(&table.columns).enumerate().filter_map(|(at, (wide, column))| {
            let (wide, least) = ((*wide)?, least(column)?);
            (wide > least).then_some((wide, at, least))
        });
        let Some((wide, at, least)) = (if over > 0 { can_give.max() } else { None }) else { return widths };
        // a step at a time, so that of two wide columns neither gives all
        let give = over.min(wide - least).min((wide / 8).max(1));
        if let Some(column) = widths.get_mut(at) {
            *column = Some(wide - give);
        }
    }
}

fn sum(widths: &[Option<usize>]) -> usize {
    widths.iter().flatten().map(|wide| wide + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
}
