//! The mouse, without a terminal.

use super::all_results::{By, Column, Group};
use super::detected::Which;
use super::machine::gpus::Subject;
use super::state::Pointer;
use super::{Action, Beside, Mood, Said, Screen};
use crate::domain::ItemId;

/// Rows of one turn of the wheel.
pub const NOTCH: usize = 3;

/// What the mouse did, and where: column and row from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What it did.
    pub did: Did,
    /// The column.
    pub x: u16,
    /// The row.
    pub y: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// The left button went down.
    Click,
    /// The wheel turned away from the hand.
    WheelUp,
    /// It turned towards the hand.
    WheelDown,
}

/// A place of the last frame that a click means something in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// What a click there means.
    pub hit: Hit,
}

/// What a click means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A row of the queue; the selected one opens.
    Item(ItemId),
    /// A row of the table of results, by its place; the selected one opens.
    Row(usize),
    /// By what the results are grouped.
    Grouping(By),
    /// A group of them; the chosen one lets all be shown again.
    Group(Group),
    /// A head of their table.
    Column(Column),
    /// A step, by its position; the one under the cursor unfolds or folds.
    Step(usize),
    /// Something that was found of the agent; the chosen one leads to its first step.
    Found(Which),
    /// The tab of a screen.
    Screen(Screen),
    /// A source of the log screen, by its position.
    Source(usize),
    /// The mark that folds a line of the browser, by its position.
    Fold(usize),
    /// A row of the machine's table.
    Subject(Subject),
    /// The curves of the machine, from this column on.
    Curves(usize),
    /// The letters of a strip, from the step at this position on.
    Strip(usize),
    /// What stands beside the steps.
    Beside(Beside),
    /// A key of the footer.
    Act(Action),
    /// An answer to a question, a row of the palette, or an entry of the start screen, by its position.
    Choice(usize),
}

impl Spot {
    /// Whether a place of the screen lies in it.
    pub const fn holds(&self, x: u16, y: u16) -> bool {
        x >= self.x && x - self.x < self.width && y >= self.y && y - self.y < self.height
    }
}

/// The places that lie below the mouse, the uppermost first.
pub(super) fn under(spots: &[Spot], mouse: Mouse) -> impl Iterator<Item = &Spot> {
    spots.iter().rev().filter(move |spot| spot.holds(mouse.x, mouse.y))
}

/// Who has the mouse next, and what that means.
pub(super) fn turned(pointer: Pointer) -> (Pointer, Said) {
    let (pointer, says) = match pointer {
        Pointer::Ours => (Pointer::Terminal, "the mouse is the terminal's: text can be selected; m takes it again"),
        Pointer::Terminal => (Pointer::Ours, "the mouse is ours: the wheel scrolls, a click selects"),
    };
    (pointer, Said::new(Mood::Quiet, says))
}
