//! What reaches the comparison, and what it wants done.

use super::{Pair, Spot};
use crate::ui::state::Pointer;
use crate::ui::{Key, Mouse};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// The mouse.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// Both sides were read.
    Read(Box<Pair>),
    /// They can't be compared, in a sentence.
    Refused(String),
    /// Something works no more, in a sentence.
    Failed(String),
    /// An effect succeeded in a way worth a sentence.
    Succeeded(String),
    /// A second went by.
    Tick,
    /// A frame was drawn with this much room, and a click means this in it.
    Laid(Layout, Vec<Spot>),
}

/// Something to be done by the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Leave,
    /// Take the mouse, or leave it to the terminal.
    Pointer(Pointer),
    /// Draw with the next theme.
    NextTheme,
    /// Draw the whole screen anew.
    Redraw,
    /// Go to the background.
    Suspend,
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
