//! What items took, stage by stage: what is known of those that are still to come.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Attempt, Follower, Item, ItemState, Run, StageRecord};
use crate::domain::{FailureClass, RunId, Stage, StageEnd, StageOutcome};
use crate::ledger::RunFolder;

/// Only so many of the newest earlier runs are read.
const RUNS: usize = 20;

/// A larger ledger is not folded for this, in bytes.
const LARGEST: u64 = 16 << 20;

/// All of them together are no larger, in bytes.
const MOST: u64 = 64 << 20;

/// What the items of a run took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// The repository.
    pub repo: String,
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// The stages of its items.
    pub stages: Vec<Stage>,
    /// How often each arm is measured.
    pub repeat: u32,
    /// Its items that anything is known of.
    pub items: Vec<PastItem>,
}

/// What an item took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastItem {
    /// The human's commit: its images and its benchmark are those of every item of this commit.
    pub commit: String,
    /// Unfrozen time of the stages of all attempts that came to an end by themselves, in ms, in order; of an arm once a round.
    pub took: Vec<(Stage, u64)>,
    /// Whether it went its way to the end, wherever that was: one whose patch was empty has no benchmarks.
    pub is_whole: bool,
}

impl Past {
    /// Of a run, as far as it came.
    pub fn of(run: &Run) -> Self {
        let items = run.items.iter().map(PastItem::of).filter(|item| !item.took.is_empty()).collect();
        Self {
            repo: run.repo.clone(),
            agent: run.agent.clone(),
            model: run.model.clone(),
            stages: run.stages.clone(),
            repeat: run.repeat,
            items,
        }
    }

    /// Of the newest runs in a folder but one, the newest first.
    pub fn read(runs: &Path, but: Option<&RunId>) -> Vec<Self> {
        Self::runs(runs, but).map(|(_, run)| Self::of(&run)).filter(|past| !past.items.is_empty()).collect()
    }

    /// The newest runs in a folder but one, the newest first. Ledgers that can't be read, or are very large, are passed over.
    pub fn runs<'a>(runs: &Path, but: Option<&'a RunId>) -> impl Iterator<Item = (RunId, Run)> + use<'a> {
        let entries = fs::read_dir(runs).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.sort();
        let mut room = MOST;
        let is_small = move |folder: &RunFolder| {
            let bytes = fs::metadata(folder.events()).ok().filter(fs::Metadata::is_file).map(|there| there.len());
            let is_small = bytes.is_some_and(|bytes| bytes <= LARGEST.min(room));
            room = room.saturating_sub(bytes.filter(|_| is_small).unwrap_or_default());
            is_small
        };
        let newest = folders.into_iter().rev().map(RunFolder::at).filter(move |folder| but.is_none_or(|but| folder.run_id() != *but));
        let small = newest.take(RUNS).filter(is_small);
        small.filter_map(|folder| Some((folder.run_id(), Follower::load(&folder).ok()?)))
    }
}

impl PastItem {
    fn of(item: &Item) -> Self {
        let own = item.attempts.iter().flat_map(|attempt| attempt.stages.iter().filter(|record| record.ran_in == attempt.n));
        let took = own.flat_map(|record| took(record).map(|took| (record.stage, took))).collect();
        Self { commit: item.human.clone(), took, is_whole: is_whole(item) }
    }
}

/// What a stage took that did what it could, each time in its attempt: what somebody stopped, or what lies outside the item (an
/// expired token, a full disk), says nothing of the next one.
fn took(record: &StageRecord) -> impl Iterator<Item = u64> {
    let counts = |outcome: &&StageOutcome| match outcome.end {
        StageEnd::Done => true,
        StageEnd::Failed { class, .. } => counts(class),
        StageEnd::Stopped { .. } | StageEnd::Interrupted { .. } | StageEnd::Deferred(_) => false,
    };
    record.ended().filter(counts).map(StageOutcome::worked_ms)
}

const fn counts(class: FailureClass) -> bool {
    !class.is_systemic() && !matches!(class, FailureClass::Killed)
}

fn is_whole(item: &Item) -> bool {
    let last = item.last_attempt();
    let agent_counts = match last.and_then(Attempt::agent_failure) {
        None => true,
        Some(StageEnd::Failed { class, .. }) => counts(*class),
        Some(_) => false,
    };
    agent_counts
        && match &item.state {
            ItemState::Done => true,
            ItemState::Failed { class, .. } => counts(*class),
            // what the policy for stuck agents ends, it ends in the next item too
            ItemState::Stopped { .. } | ItemState::Skipped { .. } => last.is_some_and(Attempt::was_stopped_as_stuck),
            _ => false,
        }
}
