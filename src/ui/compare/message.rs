//! What reaches the comparison, and what it wants done.

use super::{Compare, Pair};
use crate::ui::apart::{EffectOf, MsgOf};

/// Something that happened.
pub type Msg = MsgOf<Compare>;

/// Something to be done by the shell.
pub type Effect = EffectOf<Compare>;

/// What the comparison is told.
#[derive(Debug, Clone)]
pub enum News {
    /// Both sides were read.
    Read(Box<Pair>),
    /// They can't be compared, in a sentence.
    Refused(String),
}

/// What is taken out of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The row under the cursor.
    Row(String),
    /// All of it.
    All,
}

/// Why the comparison was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// For what was shown before.
    Back,
    /// The terminal is gone.
    Gone,
}

/// How much room the last frame had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Whether the patches stand side by side.
    pub is_wide: bool,
    /// Rows of the list.
    pub rows: usize,
    /// Rows of the steps that are laid out below it.
    pub detail_rows: usize,
    /// All rows that they have.
    pub detail_lines: usize,
    /// Rows of the help that are seen.
    pub help_rows: usize,
    /// All its rows, while it is shown.
    pub help_lines: usize,
}

impl Layout {
    /// Nothing was drawn yet.
    pub const fn new() -> Self {
        Self { is_wide: false, rows: 0, detail_rows: 0, detail_lines: 0, help_rows: 0, help_lines: 0 }
    }
}
