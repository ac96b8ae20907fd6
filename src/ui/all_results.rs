//! The results of a run as a table: which of its items came to what, in groups, sorted, filtered.

pub mod group;
mod keys;
pub mod row;
mod settle;
pub mod sort;
pub mod text;

use jiff::Timestamp;

pub use group::{By, Group, groups};
pub(super) use keys::{find, jump, perform, to_column, to_group, to_row};
pub use row::{Class, Figure, Mark, Row};
pub(super) use settle::{Held, settle};
pub use sort::{Column, Sort};

use super::state::State;
use crate::domain::ItemId;

/// The table.
#[derive(Debug, Default)]
pub struct AllResults {
    /// A row an item, in the order of the queue; those of earlier runs after them.
    pub rows: Vec<Row>,
    /// Which of them are shown, in the order in which they are.
    pub shown: Vec<usize>,
    /// By what they are grouped.
    pub by: By,
    /// Only rows of these groups are shown: one a grouping at most, the newest last.
    pub only: Vec<Group>,
    /// Only what ended after this moment is shown.
    pub since: Option<Timestamp>,
    /// How they are sorted.
    pub sort: Sort,
    /// The first row shown.
    pub top: usize,
    /// Whose items are shown.
    pub scope: Scope,
    /// The items of earlier runs, once they are read.
    pub earlier: Vec<Row>,
    /// The selected row of an earlier run; `None`: the selected item of this one.
    pub other: Option<(String, ItemId)>,
    /// What was selected before a filter hid it.
    pub(super) held: Option<Held>,
    /// Whether facts came since the rows were made.
    pub(super) is_stale: bool,
}

/// Whose items are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// This run's.
    #[default]
    Run,
    /// Those of the newest earlier runs of this checkout as well.
    Every,
}

impl AllResults {
    /// The items of earlier runs were read.
    pub(super) fn take_earlier(&mut self, rows: Vec<Row>) {
        self.earlier = rows;
        self.is_stale = true;
    }

    /// The rows that are shown, in order.
    pub fn visible(&self) -> impl Iterator<Item = &Row> + Clone {
        self.shown.iter().filter_map(|at| self.rows.get(*at))
    }

    /// Whether a row passes every filter but those of one grouping.
    pub fn passes(&self, row: &Row, but: Option<By>) -> bool {
        let is_new = self.since.is_none_or(|since| row.ended.is_some_and(|ended| ended > since));
        is_new && self.only.iter().filter(|group| Some(group.by()) != but).all(|group| group.holds(row))
    }

    /// The groups of the grouping that is chosen, within the filters of the others.
    pub fn groups(&self) -> Vec<(Group, usize)> {
        groups(self.by, self.rows.iter().filter(|row| self.passes(row, Some(self.by))))
    }

    /// The group of the grouping that is chosen to which the table is cut down.
    pub fn chosen(&self) -> Option<&Group> {
        self.only.iter().find(|group| group.by() == self.by)
    }

    /// Whether not all rows are shown.
    pub const fn is_filtered(&self) -> bool {
        !self.only.is_empty() || self.since.is_some()
    }

    /// The place of a row among those that are shown.
    pub fn place(&self, state: &State) -> Option<usize> {
        let selected = self.selected(state)?;
        self.visible().position(|row| row.run.as_ref() == selected.0 && row.item == *selected.1)
    }

    /// The row that is selected, where it is shown.
    pub fn row<'a>(&'a self, state: &State) -> Option<&'a Row> {
        self.visible().nth(self.place(state)?)
    }

    /// Run and item that are selected.
    fn selected<'a>(&'a self, state: &'a State) -> Option<(Option<&'a String>, &'a ItemId)> {
        match &self.other {
            Some((run, item)) => Some((Some(run), item)),
            None => Some((None, state.queue.selected.as_ref()?)),
        }
    }
}
