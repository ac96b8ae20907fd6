//! Two attempts of one commit beside each other, or an agent's patch and the human's: a screen of its own, with a
//! vocabulary of its own.

pub mod align;
pub mod message;
mod moves;
pub mod pair;
pub mod patches;
pub mod side;
mod summary;
pub mod told;
pub mod update;

use jiff::Timestamp;

pub use message::{Effect, Layout, Left, Msg, News, What};
pub use pair::{At, Figure, Half, Pair};
pub use side::{Against, Parted, Side, Told, Wanted, Who};
pub use update::update;

use super::Said;
use super::mouse::Spot;
use super::prompt::Search;
use super::state::Pointer;
use crate::text::find::Pattern;
use crate::text::mask::Masker;

/// Everything that the screen knows.
#[derive(Debug)]
pub struct Compare {
    /// The newest moment that a message brought.
    pub now: Timestamp,
    /// Hides secrets.
    pub masker: Masker,
    /// What is compared; `None` while it is read.
    pub pair: Option<Box<Pair>>,
    /// Why there is nothing to compare, in a sentence.
    pub trouble: Option<String>,
    /// Which part is shown.
    pub sheet: Sheet,
    /// How far each part is read, in their order.
    pub readings: [Reading; 3],
    /// Of the steps under the cursor, laid out below the list: the first row shown; `None` while they are not.
    pub detail: Option<usize>,
    /// Columns of long lines that lie further left.
    pub aside: usize,
    /// What lies over it.
    pub over: Over,
    /// What is searched for.
    pub find: Option<Pattern>,
    /// Who has the mouse.
    pub pointer: Pointer,
    /// The newest remark, and when it came.
    pub note: Option<(Timestamp, Said)>,
    /// How much room the last frame had.
    pub layout: Layout,
    /// What a click means in the last frame.
    pub spots: Vec<Spot>,
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sheet {
    /// What the agents did.
    #[default]
    Steps,
    /// What they changed.
    Patches,
    /// What is counted.
    Figures,
}

/// How far a part is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row shown.
    pub top: usize,
}

/// What lies over the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    Nothing,
    /// The help, from this row on.
    Help(usize),
    /// A search is typed.
    Find(Search),
}

impl Sheet {
    /// Every part, in the order in which they are named.
    pub const ALL: [Self; 3] = [Self::Steps, Self::Patches, Self::Figures];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Patches => "patches",
            Self::Figures => "figures",
        }
    }
}

impl Compare {
    /// A screen that knows nothing yet.
    pub const fn new(masker: Masker, now: Timestamp) -> Self {
        Self {
            now,
            masker,
            pair: None,
            trouble: None,
            sheet: Sheet::Steps,
            readings: [Reading { cursor: 0, top: 0 }; 3],
            detail: None,
            aside: 0,
            over: Over::Nothing,
            find: None,
            pointer: Pointer::Ours,
            note: None,
            layout: Layout::new(),
            spots: Vec::new(),
        }
    }

    /// How far the part that is shown is read.
    pub fn reading(&self) -> Reading {
        self.readings.get(self.sheet as usize).copied().unwrap_or_default()
    }

    /// The same, to be changed.
    fn reading_mut(&mut self) -> Option<&mut Reading> {
        self.readings.get_mut(self.sheet as usize)
    }

    /// The rows of the patches, as they are laid out now.
    pub fn lines(&self) -> &[At] {
        self.pair.as_ref().map_or(&[], |pair| if self.layout.is_wide { &pair.wide } else { &pair.narrow })
    }

    /// How many rows the part that is shown has.
    pub fn rows(&self) -> usize {
        let Some(pair) = &self.pair else { return 0 };
        match self.sheet {
            Sheet::Steps => pair.steps.len(),
            Sheet::Patches => self.lines().len(),
            Sheet::Figures => pair.figures.len(),
        }
    }
}
