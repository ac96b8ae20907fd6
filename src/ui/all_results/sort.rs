//! In which order the rows stand.

use std::cmp::Ordering;

use super::row::Row;

/// A column by which rows can be sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Column {
    /// Against the human's commit, the best first.
    #[default]
    Human,
    /// Against the baseline, the best first.
    Baseline,
    /// The hard class.
    Class,
    /// The rung, the highest first.
    Rung,
    /// The type.
    Kind,
    /// The order of the queue.
    Item,
}

/// How the rows are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// By which column.
    pub column: Column,
    /// Whether the other way round.
    pub is_reversed: bool,
}

impl Column {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Human, Self::Baseline, Self::Class, Self::Rung, Self::Kind, Self::Item];

    /// Its head.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "vs human",
            Self::Baseline => "vs base",
            Self::Class => "class",
            Self::Rung => "rung",
            Self::Kind => "type",
            Self::Item => "item",
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or_default();
        Self::ALL.get((at + 1) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

impl Sort {
    /// Puts rows in order, by their positions; equal ones stay in the order of the queue, and those without a number come last
    /// either way.
    pub fn sort(self, rows: &[Row], shown: &mut [usize]) {
        let row = |at: &usize| rows.get(*at);
        let turn = |order: Ordering| if self.is_reversed { order.reverse() } else { order };
        let best_first = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => turn(other.total_cmp(&one)),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        let figure = |at: &usize| row(at).and_then(|row| row.figure.as_ref());
        shown.sort_by(|a, b| match self.column {
            Column::Human => best_first(figure(a).and_then(|found| found.human_pct), figure(b).and_then(|found| found.human_pct))
                .then_with(|| row(a).map(|row| row.class).cmp(&row(b).map(|row| row.class))),
            Column::Baseline => best_first(figure(a).and_then(|found| found.baseline_pct), figure(b).and_then(|found| found.baseline_pct)),
            Column::Class => turn(row(a).map(|row| row.class).cmp(&row(b).map(|row| row.class))),
            Column::Rung => turn(row(b).and_then(|row| row.rung).cmp(&row(a).and_then(|row| row.rung))),
            Column::Kind => turn(row(a).and_then(|row| row.kind).cmp(&row(b).and_then(|row| row.kind))),
            Column::Item => turn(a.cmp(b)),
        });
    }
}
