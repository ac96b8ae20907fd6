//! The browser: every run below a folder as a tree, with what came of each item; filtered, sorted, opened.
//! State, messages and update, as for a run's screen, but with a vocabulary of its own.

mod choice;
pub mod filter;
pub mod message;
mod moves;
pub mod row;
pub mod tree;
pub mod update;

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use choice::Choice;
pub use filter::{Facet, Filter};
pub use message::{Effect, Layout, Left, Msg, News, Preview, Progress, Strip, Told, What, Wish};
pub use row::{Branch, Facts, Judged, Kind, Outcome, Place, Row, Whole};
pub use tree::{Line, Node, Sort, Totals, Tree};
pub use update::update;

use super::Said;
use super::mouse::Spot;
use super::prompt::Search;
use super::state::Pointer;
use crate::text::find::Pattern;
use crate::text::mask::Masker;

/// Everything that the browser knows.
#[derive(Debug)]
pub struct Browse {
    /// The folder that was opened.
    pub folder: PathBuf,
    /// The newest moment that a message brought.
    pub now: Timestamp,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// All items; `None` until they are listed.
    pub rows: Option<Vec<Row>>,
    /// Which row lies where.
    places: HashMap<Place, usize>,
    /// The tree of those that are shown.
    pub tree: Tree,
    /// Which items are shown.
    pub filter: Filter,
    /// In what order.
    pub sort: Sort,
    /// What is folded while everything is shown.
    folds: Folds,
    /// The same while a filter is on: matches are not to be looked for.
    filtered_folds: Folds,
    /// What is selected.
    pub selected: Option<Selected>,
    /// The first line shown.
    pub top: usize,
    /// How far the reading is.
    pub progress: Progress,
    /// What can't be read, in sentences.
    pub problems: Vec<String>,
    /// Whether the disk has news.
    pub disk: Disk,
    /// The item that is to be compared with another.
    pub marked: Option<Place>,
    /// What closer looks brought, the newest last.
    previews: Vec<Preview>,
    /// What lies over it.
    pub over: Over,
    /// Who has the mouse.
    pub pointer: Pointer,
    /// The newest remark, and when it came.
    pub note: Option<(Timestamp, Said)>,
    /// How much room the last frame had.
    pub layout: Layout,
    /// What a click means in the last frame.
    pub spots: Vec<Spot>,
    /// What was last asked for first.
    asked_first: Vec<usize>,
}

/// Whether the disk has news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Disk {
    /// Not since it was listed.
    #[default]
    AsListed,
    /// Something came, went or was written.
    Changed,
}

/// What is selected: it stays selected, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// A node, by its id.
    Node(String),
    /// An item.
    Row(Place),
}

/// What lies over the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Nothing,
    /// The help, from this row on.
    Help(usize),
    /// A text is typed; what was filtered by before.
    Find(Search, Option<Pattern>),
    /// The values to choose from.
    Filters(Choice),
}

/// What is folded.
#[derive(Debug, Clone, Default)]
struct Folds {
    /// Nodes that were folded or unfolded one by one.
    each: HashMap<String, bool>,
    /// All others: folded or not; `None`: as there is room.
    all: Option<bool>,
}

/// What the caller knows at the start.
#[derive(Debug, Clone)]
pub struct Start {
    /// The folder that was opened.
    pub folder: PathBuf,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// The moment.
    pub now: Timestamp,
}

/// What is said of a folder in which nothing was found.
pub const NOTHING: &str = "no runs and no trajectories here: looked for items' folders (journal.json, prompt.json, task.txt, run_summary.json), \
runs of ours (events.jsonl with manifest.json), folders of results (…_result.json), and trajectories of any agent \
(.json, .jsonl, .traj, .txt, packed or not)";

/// So many rows are shown unfolded; of more the runs are folded.
const UNFOLDED: usize = 40;

impl Browse {
    /// A browser that knows nothing yet.
    pub fn new(start: Start) -> Self {
        Self {
            folder: start.folder,
            now: start.now,
            zone: start.zone,
            masker: start.masker,
            rows: None,
            places: HashMap::new(),
            tree: Tree::default(),
            filter: Filter::default(),
            sort: Sort::default(),
            folds: Folds::default(),
            filtered_folds: Folds::default(),
            selected: None,
            top: 0,
            progress: Progress::default(),
            problems: Vec::new(),
            disk: Disk::default(),
            marked: None,
            previews: Vec::new(),
            over: Over::default(),
            pointer: Pointer::Ours,
            note: None,
            layout: Layout::default(),
            spots: Vec::new(),
            asked_first: Vec::new(),
        }
    }

    /// All items that are known.
    pub fn rows(&self) -> &[Row] {
        self.rows.as_deref().unwrap_or_default()
    }

    /// An item by where it lies.
    pub fn row(&self, place: &Place) -> Option<&Row> {
        self.rows().get(*self.places.get(place)?)
    }

    /// The item of a line, or none for a node.
    pub fn row_of(&self, line: &Line) -> Option<&Row> {
        match line {
            Line::Row(at, _) => self.rows().get(*at),
            Line::Node(_) => None,
        }
    }

    /// The node of a line.
    pub fn node_of(&self, line: &Line) -> Option<&Node> {
        match line {
            Line::Node(at) => self.tree.nodes.get(*at),
            Line::Row(..) => None,
        }
    }

    /// The place of the selected line.
    pub fn selected_at(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.tree.lines.iter().position(|line| self.is(line, selected))
    }

    /// The selected item.
    pub fn selected_row(&self) -> Option<&Row> {
        match self.selected.as_ref()? {
            Selected::Row(place) => self.row(place),
            Selected::Node(_) => None,
        }
    }

    /// The selected node.
    pub fn selected_node(&self) -> Option<&Node> {
        match self.selected.as_ref()? {
            Selected::Node(id) => self.tree.nodes.iter().find(|node| node.id == *id),
            Selected::Row(_) => None,
        }
    }

    fn is(&self, line: &Line, selected: &Selected) -> bool {
        match selected {
            Selected::Node(id) => self.node_of(line).is_some_and(|node| node.id == *id),
            Selected::Row(place) => self.row_of(line).is_some_and(|row| row.place == *place),
        }
    }

    /// What a closer look at an item brought, once it did.
    pub fn preview(&self, place: &Place) -> Option<&Preview> {
        self.previews.iter().find(|preview| preview.place == *place)
    }

    /// Whether what lies below a node is shown.
    pub fn is_open(&self, id: &str, is_leaf: bool) -> bool {
        let folds = if self.filter.is_empty() { &self.folds } else { &self.filtered_folds };
        let by_itself = || !is_leaf || !self.filter.is_empty() || self.rows().len() <= UNFOLDED;
        folds.each.get(id).copied().or(folds.all.map(|open| open || !is_leaf)).unwrap_or_else(by_itself)
    }

    fn folds(&mut self) -> &mut Folds {
        if self.filter.is_empty() { &mut self.folds } else { &mut self.filtered_folds }
    }

    /// Of the items that are shown: which one an item is, from 1, and how many there are.
    pub fn nth(&self, place: &Place) -> Option<(usize, usize)> {
        let at = self.tree.order.iter().position(|at| self.rows().get(*at).is_some_and(|row| row.place == *place))?;
        Some((at + 1, self.tree.order.len()))
    }

    /// The item that stands so far behind the selected one in what is shown, folded or not.
    pub fn beside(&self, by: isize) -> Option<&Row> {
        let Some(Selected::Row(place)) = &self.selected else { return None };
        let (at, _) = self.nth(place)?;
        let to = (at - 1).checked_add_signed(by)?;
        self.rows().get(*self.tree.order.get(to)?)
    }

    /// Selects an item, and unfolds what hides it.
    pub fn select(&mut self, place: &Place) {
        moves::reveal(self, place);
    }
}
