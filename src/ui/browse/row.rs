//! An item of the browser: where it lies, and what is known of it so far.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{FailureClass, Flag, ItemId, Level, Rung};

/// An item, as a row. A thousand of them are kept: it holds what a row shows, and no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it lies: what tells it from all others.
    pub place: Place,
    /// Its number with those who read it; `None` for what needs no reading.
    pub task: Option<usize>,
    /// Where it hangs in the tree.
    pub branch: Arc<Branch>,
    /// As people call it.
    pub name: String,
    /// What its files say; `None` until they were read.
    pub facts: Option<Box<Facts>>,
    /// How bad it was with its agent.
    pub level: Judged,
}

/// Where an item lies, and so how it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A folder of the harness.
    Item(PathBuf),
    /// An attempt of a run of ours.
    Ours {
        /// The run's folder.
        run: PathBuf,
        /// The item.
        item: ItemId,
        /// Which attempt of it.
        n: u32,
    },
    /// A trajectory that no harness knows.
    Loose {
        /// A file, or a folder of events.
        path: PathBuf,
        /// Of a file with several runs, which one.
        instance: Option<String>,
    },
    /// Arms that were measured, in a folder of results.
    Measured {
        /// The folder.
        folder: PathBuf,
        /// The item that the commit became.
        item: ItemId,
    },
}

/// Where items hang: from the root of the tree to their run, or to their folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What kind of thing hangs here.
    pub kind: Kind,
    /// The names on the way: repository, agent, model, time; of loose trajectories the folder; of results the folder.
    pub names: Vec<String>,
    /// What Enter on its last node opens as a whole; `None` where that is only a folder.
    pub whole: Option<Whole>,
    /// The time in its name.
    pub at: Option<Timestamp>,
}

/// A run that can be opened as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whole {
    /// A folder of the harness, or of results.
    Others(PathBuf),
    /// A run of ours.
    Ours(PathBuf),
}

/// What kind of thing hangs at a branch. Each kind has a part of the tree of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Items of runs, of ours and of the harness.
    Run,
    /// Trajectories by themselves.
    Loose,
    /// Measured arms.
    Results,
}

/// What the files of an item say: the figures of `report`.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The harness's word, else ours.
    pub status: String,
    /// What that comes to.
    pub outcome: Outcome,
    /// The human's commit; empty where nobody knows.
    pub commit: String,
    /// The last rung of the unbroken yes.
    pub rung: Option<Rung>,
    /// Why it failed.
    pub class: Option<FailureClass>,
    /// The same in a sentence, clipped.
    pub why: Option<Box<str>>,
    /// Finished steps; `None` where there is no trajectory.
    pub steps: Option<u32>,
    /// Tokens in and out; `None` where nobody counted.
    pub tokens: Option<u64>,
    /// How long the agent ran, in ms.
    pub duration_ms: Option<u64>,
    /// Bytes of the patch; `None` where there is none.
    pub patch_bytes: Option<u64>,
    /// What makes it suspicious.
    pub flags: Vec<Flag>,
    /// When it ended.
    pub at: Option<Timestamp>,
}

/// What a status comes to. Every item is in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Marked success, or done, and nothing speaks against it.
    Success,
    /// It came to a bad end.
    Failed,
    /// It is under way, was cut off, or nobody wanted it.
    Open,
}

/// What the detectors say of an item's agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Judged {
    /// They did not look yet.
    #[default]
    NotYet,
    /// There is nothing to look at, or too much.
    Never,
    /// They looked.
    Is(Level),
}

impl Facts {
    /// How it came out, in the words of the totals; what the harness says more precisely stays.
    pub fn word(&self) -> &str {
        match self.status.as_str() {
            _ if self.is_judged_otherwise() => "failed",
            "success" | "done" => "ok",
            "error" => "failed",
            other => other,
        }
    }

    /// Whether it is marked a success and is none: the harness goes by its agent's exit code, and does not look at what the agent
    /// left.
    pub fn is_judged_otherwise(&self) -> bool {
        matches!(self.status.as_str(), "success" | "done") && self.outcome == Outcome::Failed
    }
}

impl Judged {
    /// The level, once known.
    pub const fn level(self) -> Option<Level> {
        match self {
            Self::Is(level) => Some(level),
            Self::NotYet | Self::Never => None,
        }
    }
}

impl Whole {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        let (Self::Others(path) | Self::Ours(path)) = self;
        path
    }
}

impl Row {
    /// When it was: its own end, else the time in its run's name.
    pub fn at(&self) -> Option<Timestamp> {
        self.facts.as_ref().and_then(|facts| facts.at).or(self.branch.at)
    }

    /// Its path on the disk, for people.
    pub fn path(&self) -> PathBuf {
        match &self.place {
            Place::Item(path) | Place::Loose { path, .. } => path.clone(),
            Place::Ours { run, .. } => run.clone(),
            Place::Measured { folder, .. } => folder.clone(),
        }
    }

    /// The words in which a text is looked for: ids, commits, paths, classes.
    pub fn words(&self) -> String {
        let mut words = format!("{} {} ", self.name, self.branch.names.join("/"));
        if let Some(facts) = &self.facts {
            words.push_str(&facts.commit);
            words.push(' ');
            words.push_str(&facts.status);
            words.push(' ');
            words.push_str(facts.word());
            if let Some(class) = facts.class {
                words.push(' ');
                words.push_str(class.name());
            }
            words.push(' ');
        }
        words.push_str(&self.path().to_string_lossy());
        words
    }
}
