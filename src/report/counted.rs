//! What is counted from the rows of a report. The tables, the JSON and the charts read these numbers and count nothing
//! themselves.

mod agents;
mod arms;
mod ladder;
mod tries;

use std::collections::BTreeMap;

use serde::Serialize;

use super::study::{ItemRow, Study};
use crate::domain::{FailureClass, Flag};

pub use agents::{AgentCount, Errors, Used};
pub use arms::{KindCount, QuadrantCount};
pub use ladder::RungCount;
pub use tries::Tries;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counted {
    /// All attempts by the word of their status.
    pub by_status: BTreeMap<String, usize>,
    /// Attempts marked success: by the harness, or done by us.
    pub marked: usize,
    /// Different commits that were attempted.
    pub commits: usize,
    /// By agent and model, in order of their names.
    pub by_agent: Vec<AgentCount>,
    /// All agents together.
    pub all: AgentCount,
    /// By kind of benchmark, those of no kind last.
    pub by_kind: Vec<KindCount>,
    /// By class, the most frequent first.
    pub failures: Vec<FailureCount>,
    /// By flag, the most frequent first.
    pub flags: Vec<FlagCount>,
    /// The four quadrants; empty where no commit has one.
    pub quadrants: Vec<QuadrantCount>,
}

/// A class of failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureCount {
    /// The class.
    pub class: FailureClass,
    /// Attempts and arms together.
    pub count: usize,
    /// Attempts.
    pub items: usize,
    /// Arms.
    pub results: usize,
    /// The evidence of the first of them.
    pub example: String,
}

/// A flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlagCount {
    /// The flag.
    pub flag: Flag,
    /// Attempts that carry it.
    pub items: usize,
    /// Arms that carry it.
    pub results: usize,
}

impl Counted {
    /// Counts a study.
    pub fn of(study: &Study) -> Self {
        let mut by_status = BTreeMap::new();
        for item in &study.items {
            *by_status.entry(item.status.clone()).or_default() += 1;
        }
        let all: Vec<&ItemRow> = study.items.iter().collect();
        Self {
            by_status,
            marked: study.items.iter().filter(|item| item.is_marked()).count(),
            commits: agents::commits(&all),
            by_agent: agents::by_agent(study),
            all: AgentCount::of("", "", &all),
            by_kind: arms::by_kind(study),
            failures: failures(study),
            flags: flags(study),
            quadrants: arms::quadrants(study),
        }
    }
}

/// The classes of attempts and arms, the most frequent first.
fn failures(study: &Study) -> Vec<FailureCount> {
    let mut counts: BTreeMap<FailureClass, FailureCount> = BTreeMap::new();
    let items = study.items.iter().filter_map(|item| Some((item.failure.as_ref()?, true)));
    let results = study.results.iter().filter_map(|result| Some((result.failure.as_ref()?, false)));
    for (cause, is_item) in items.chain(results) {
        let new = || FailureCount { class: cause.class, count: 0, items: 0, results: 0, example: cause.evidence.clone() };
        let count = counts.entry(cause.class).or_insert_with(new);
        count.count += 1;
        count.items += usize::from(is_item);
        count.results += usize::from(!is_item);
    }
    let mut counts: Vec<FailureCount> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

/// The flags of attempts and arms, the most frequent first.
fn flags(study: &Study) -> Vec<FlagCount> {
    let mut counts: BTreeMap<Flag, FlagCount> = BTreeMap::new();
    let items = study.items.iter().flat_map(|item| &item.flags).map(|flag| (*flag, true));
    let results = study.results.iter().flat_map(|result| &result.flags).map(|flag| (*flag, false));
    for (flag, is_item) in items.chain(results) {
        let count = counts.entry(flag).or_insert(FlagCount { flag, items: 0, results: 0 });
        count.items += usize::from(is_item);
        count.results += usize::from(!is_item);
    }
    let mut counts: Vec<FlagCount> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.items + count.results));
    counts
}
