//! Two sides laid beside each other, and what that comes to.

use super::align::{How, Row, align};
use super::patches::{self, File};
use super::side::{Side, Told};
use super::summary;

/// The comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// On the left.
    pub left: Side,
    /// On the right.
    pub right: Side,
    /// The steps of both.
    pub steps: Vec<Row>,
    /// The files that either patch changes.
    pub files: Vec<File>,
    /// The figures of both.
    pub figures: Vec<Figure>,
    /// What it comes to, a clause each.
    pub says: Vec<String>,
    /// The rows of the patches, side by side.
    pub wide: Vec<At>,
    /// The same with one side above the other.
    pub narrow: Vec<At>,
}

/// A figure of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Of the left side.
    pub left: Told,
    /// Of the right side.
    pub right: Told,
}

/// A row of the patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The heading of a file.
    File(usize),
    /// A row of it.
    Row {
        /// The file.
        file: usize,
        /// Its row.
        row: usize,
        /// What of the row is shown.
        half: Half,
    },
    /// Nothing.
    Blank,
}

/// What of a row is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// All of it; one above the other what is the same in both.
    Both,
    /// The left half.
    Left,
    /// The right half.
    Right,
}

impl Pair {
    /// Lays two sides beside each other.
    pub fn of(left: Side, right: Side) -> Self {
        let mut steps = align(&left.aims, &right.aims);
        for row in steps.iter_mut().filter(|row| row.how == How::Same) {
            if left.is_failed(row.left) != right.is_failed(row.right) {
                row.how = How::Parted;
            }
        }
        let files = patches::files(left.patch.as_deref().unwrap_or_default(), right.patch.as_deref().unwrap_or_default());
        let figures = figures(&left, &right);
        let (wide, narrow) = (wide(&files), narrow(&files));
        let says = summary::says(&left, &right, &steps, &files);
        Self { left, right, steps, files, figures, says, wide, narrow }
    }

    /// The same with the sides changed.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self::of(self.right, self.left)
    }

    /// Rows of steps that both have, in the same words or not.
    pub fn alike(&self) -> usize {
        self.steps.iter().filter(|row| row.how != How::Alone).count()
    }
}

/// The figures of both, in the order of the side that tells more.
fn figures(left: &Side, right: &Side) -> Vec<Figure> {
    let known = |side: &Side, name: &str| {
        let found = side.facts.iter().find(|(known, _)| known == name);
        found.map_or(Told::Unknown, |(_, told)| told.clone())
    };
    let (first, second) = if right.facts.len() > left.facts.len() { (right, left) } else { (left, right) };
    let names = first.facts.iter().chain(second.facts.iter().filter(|(name, _)| !first.facts.iter().any(|(known, _)| known == name)));
    let of = |(name, _): &(String, Told)| Figure { name: name.clone(), left: known(left, name), right: known(right, name) };
    names.map(of).filter(|figure| figure.left != Told::Unknown || figure.right != Told::Unknown).collect()
}

fn wide(files: &[File]) -> Vec<At> {
    listed(files, |at, file| (0..file.rows.len()).map(|row| At::Row { file: at, row, half: Half::Both }).collect())
}

/// Rows that both have stand once; of rows that differ first all that the left side changes, then all that the right one does.
fn narrow(files: &[File]) -> Vec<At> {
    listed(files, |at, file| {
        let one = |row: &patches::Row| {
            matches!(row, patches::Row::Gap { .. } | patches::Row::Lines { how: patches::How::Context | patches::How::Same, .. })
        };
        let mut rows = Vec::new();
        let mut next = 0;
        for group in file.rows.chunk_by(|row, next| one(row) == one(next)) {
            let begin = next;
            next += group.len();
            let mut push = |half: Half, is_there: &dyn Fn(&patches::Row) -> bool| {
                rows.extend(group.iter().enumerate().filter(|(_, row)| is_there(row)).map(|(nth, _)| At::Row {
                    file: at,
                    row: begin + nth,
                    half,
                }));
            };
            if group.first().is_some_and(one) {
                push(Half::Both, &|_| true);
            } else {
                push(Half::Left, &|row| matches!(row, patches::Row::Lines { left: Some(left), .. } if left.mark != patches::Mark::Kept));
                push(
                    Half::Right,
                    &|row| matches!(row, patches::Row::Lines { right: Some(right), .. } if right.mark != patches::Mark::Kept),
                );
            }
        }
        rows
    })
}

/// Each file with its heading, and a blank row between two.
fn listed(files: &[File], rows: impl Fn(usize, &File) -> Vec<At>) -> Vec<At> {
    let mut all = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if at > 0 {
            all.push(At::Blank);
        }
        all.push(At::File(at));
        all.extend(rows(at, file));
    }
    all
}
