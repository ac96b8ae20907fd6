//! A section's table as markup.

use maud::{Markup, html};

use super::cell::{cell, unit};
use super::commits::Commits;
use crate::report::section::{Align, Section};

/// Rows from which on a table scrolls by itself, below heads that stay.
const LONG: usize = 24;

/// A column of drawings that a table has on this page alone.
pub(super) struct Drawn {
    /// Its head.
    pub head: Markup,
    /// One a row.
    pub cells: Vec<Markup>,
}

/// Before which column a table has its drawings: behind commit and agent or arm, where they are seen first.
pub(super) const DRAWN: usize = 2;

/// The style of the columns of numbers: said once a column, not once a cell.
pub(super) fn aligned(sections: &[Section]) -> String {
    let column = |section: &Section, at: usize| {
        let drawn = usize::from(has_drawings(section.id) && at >= DRAWN);
        format!("#{} tr>:nth-child({})", section.id, at + drawn + 1)
    };
    let of = |section: &Section| {
        let right = section.table.columns.iter().enumerate().filter(|(_, column)| column.align == Align::Right);
        right.map(|(at, _)| column(section, at)).collect::<Vec<_>>()
    };
    let columns: Vec<String> = sections.iter().flat_map(of).collect();
    if columns.is_empty() { String::new() } else { format!("{}{{text-align:right;white-space:nowrap}}", columns.join(",")) }
}

/// Whether a section's table has drawings.
pub(super) fn has_drawings(section: &str) -> bool {
    matches!(section, "compared" | "deltas")
}

/// The table, with a column of drawings where there is one.
pub(super) fn table(section: &Section, commits: &Commits<'_>, drawn: Option<&Drawn>) -> Markup {
    let table = &section.table;
    let before = |place: usize| drawn.filter(|_| place == DRAWN);
    let sums = usize::from(table.has_sum).min(table.rows.len());
    let (rows, sum) = table.rows.split_at_checked(table.rows.len() - sums).unwrap_or((&table.rows, &[]));
    let row = |at: usize, cells: &[crate::report::section::Cell], id: Option<&str>| {
        html! {
            tr id=[id.map(|id| format!("{id}{at}"))] {
                @for (place, (found, column)) in cells.iter().zip(&table.columns).enumerate() {
                    @if let Some(drawn) = before(place) { td.d { @if let Some(drawing) = drawn.cells.get(at) { (drawing) } } }
                    (cell(found, column, place == 0, commits))
                }
            }
        }
    };
    html! {
        div class={ "scroll" @if rows.len() > LONG { " long" } } tabindex="0" role="region" aria-label=(section.title) {
            table.sorts {
                thead {
                    tr {
                        @for (at, column) in table.columns.iter().enumerate() {
                            @if let Some(drawn) = before(at) { th.d scope="col" { (drawn.head) } }
                            th scope="col" class=[(column.align == Align::Right).then_some("n")] {
                                (column.name)
                                @if let Some(unit) = unit(column, rows.iter().filter_map(|row| row.get(at))) { " " span.u { "(" (unit) ")" } }
                            }
                        }
                    }
                }
                tbody { @for (at, cells) in rows.iter().enumerate() { (row(at, cells, anchor(section.id))) } }
                @if !sum.is_empty() { tfoot { @for cells in sum { (row(0, cells, None)) } } }
            }
        }
    }
}

/// What the rows of a section are called in links; `None` where nothing points at them.
fn anchor(section: &str) -> Option<&'static str> {
    match section {
        "items" => Some("i"),
        "results" => Some("r"),
        "compared" => Some("p"),
        _ => None,
    }
}
