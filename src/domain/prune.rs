//! What pruning a Docker engine tells of itself: what goes, what stays and why, how far it is. All sizes are in bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FailureClass;

/// What may be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PruneScope {
    /// Images that runs of ours pulled, and what lies around from containers of ours.
    #[default]
    Run,
    /// Everything that no container uses, as `docker system prune -af` does.
    All,
}

/// What a thing of an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A container that does not run.
    Container,
    /// A network without containers.
    Network,
    /// A volume without containers.
    Volume,
    /// An image with all of its names.
    Image,
    /// What builds left to be faster the next time.
    BuildCache,
}

/// What becomes of one thing, and why: decided before anything is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// What it is.
    pub thing: Thing,
    /// Its id, by which it is removed.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What its removal frees, if all that goes before it is gone; `None` where nobody can tell.
    pub bytes: Option<u64>,
    /// Whether it goes.
    pub goes: bool,
    /// Why it goes or stays, in a few words.
    pub why: String,
}

/// What will be removed, in order, and what stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunePlan {
    /// What may be removed.
    pub scope: PruneScope,
    /// Whether volumes may be.
    pub volumes: bool,
    /// Everything that was looked at: what goes in the order in which it goes, then what stays.
    pub fates: Vec<Fate>,
}

/// `progress.json` of a prune: replaced as a whole, at most four times a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneProgress {
    /// When it began.
    pub started: Timestamp,
    /// When this was written.
    pub at: Timestamp,
    /// What it does.
    pub plan: PrunePlan,
    /// How many things are gone, or turned out to stay.
    pub done: usize,
    /// What is being removed.
    #[serde(default)]
    pub now: Option<String>,
    /// Bytes that what is gone was said to free.
    pub promised: u64,
    /// Bytes that the disk got back since the beginning; `None` where it can't be seen.
    #[serde(default)]
    pub freed: Option<u64>,
    /// Bytes freed a second, of the last seconds.
    #[serde(default)]
    pub rate: Option<u64>,
    /// How long it will still take, in ms; `None` where that can't be told yet.
    #[serde(default)]
    pub eta_ms: Option<u64>,
    /// What it waits for: somebody else's prune.
    #[serde(default)]
    pub waits: Option<String>,
    /// What could not be removed, with the reason.
    #[serde(default)]
    pub refused: Vec<(String, String)>,
    /// What an earlier prune left that was cut off, in a sentence: it is finished here, as far as this one may.
    #[serde(default)]
    pub cut_off: Option<String>,
    /// How it ended; `None` while it goes on.
    #[serde(default)]
    pub end: Option<PruneEnd>,
}

/// How a prune ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum PruneEnd {
    /// All that was to go is gone, or was refused.
    Done,
    /// Somebody stopped it between two things.
    Stopped,
    /// It could not go on.
    Failed {
        /// The cause.
        class: FailureClass,
        /// In a sentence.
        why: String,
    },
}

/// What a prune left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneDetail {
    /// How many things went.
    pub removed: usize,
    /// Bytes that they were said to free.
    pub promised: u64,
    /// Bytes that the disk got back; `None` where it can't be seen.
    #[serde(default)]
    pub freed: Option<u64>,
    /// How many were refused.
    #[serde(default)]
    pub refused: usize,
}

impl PrunePlan {
    /// What goes, in order.
    pub fn going(&self) -> impl Iterator<Item = &Fate> {
        self.fates.iter().filter(|fate| fate.goes)
    }

    /// What stays.
    pub fn staying(&self) -> impl Iterator<Item = &Fate> {
        self.fates.iter().filter(|fate| !fate.goes)
    }

    /// Bytes that all that goes is said to free. What nobody can tell counts nothing.
    pub fn promised(&self) -> u64 {
        self.going().filter_map(|fate| fate.bytes).sum()
    }

    /// Whether that counts every image.
    pub fn is_sized(&self) -> bool {
        self.going().all(|fate| fate.thing != Thing::Image || fate.bytes.is_some())
    }
}
