//! What reaches the browser, and what it wants done.

use std::path::PathBuf;

use super::Browse;
use super::row::{Judged, Place, Row, Whole};
use crate::detect::kind::Kind;
use crate::domain::Level;
use crate::ui::Said;
use crate::ui::apart::{EffectOf, MsgOf};

/// Something that happened.
pub type Msg = MsgOf<Browse>;

/// Something to be done by the shell.
pub type Effect = EffectOf<Browse>;

/// What the browser is told.
#[derive(Debug, Clone)]
pub enum News {
    /// This is what there is, by name.
    Listed(Vec<Row>),
    /// More of what is in the list: read, judged, or found only now; and what turned out to be none.
    Told(Told),
    /// This is all, with everything that can be known of it.
    Whole(Vec<Row>),
    /// How far the reading is.
    Progress(Progress),
    /// What can't be read, in sentences.
    Problems(Vec<String>),
    /// Something on the disk is not as it was when it was listed.
    Changed,
    /// What a look at one item brought.
    Preview(Box<Preview>),
}

/// News of single items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// Rows that were read.
    pub rows: Vec<Row>,
    /// How bad it was with whose agent.
    pub levels: Vec<(Place, Judged)>,
    /// What is no item, or is told elsewhere.
    pub gone: Vec<Place>,
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Progress {
    /// The tree is walked.
    #[default]
    Listing,
    /// Items are read: so many of so many.
    Reading(usize, usize),
    /// The detectors look at their steps: so many of so many.
    Judging(usize, usize),
    /// Everything is known.
    Done,
}

/// What a look at one item brought: more than a row keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Whose.
    pub place: Place,
    /// Its steps in one letter each; `None` where there are too many, or none.
    pub strip: Option<Strip>,
    /// What was found, the worst first, in sentences.
    pub found: Vec<Said>,
    /// How the agent ended, in a sentence.
    pub end: Said,
}

/// Steps in one letter each.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The letters, with how bad it was at each step.
    pub steps: Vec<(Kind, Level)>,
}

/// What only the program outside the screen can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Read these before others: they are in sight.
    First(Vec<usize>),
    /// Look at one item closely.
    Preview(Place),
    /// Look at everything again.
    Again,
}

/// What is taken out of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Where a run lies.
    Run(PathBuf),
    /// Where an item's files lie; its name.
    Item(Place, String),
    /// The list as it is shown.
    List,
    /// Everything that the agent of an item did; its name.
    Steps(Place, String),
}

/// Why the browser was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// For one item.
    Item(Place),
    /// For a run as a whole.
    Run(Whole),
    /// For two items side by side.
    Compare(Place, Place),
    /// For the start screen.
    Home,
    /// For good.
    Quit,
}

/// How much room the last frame had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Rows of the list.
    pub rows: usize,
    /// Whether the selected item is shown beside it.
    pub previews: bool,
    /// Rows of the values of a facet.
    pub value_rows: usize,
    /// Rows of the help that are seen.
    pub help_rows: usize,
    /// All its rows, while it is shown.
    pub help_lines: usize,
}
