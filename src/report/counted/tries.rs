//! How often a commit was tried, and what came of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::study::ItemRow;

/// The tries of an agent with a model at its commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tries {
    /// Commits.
    pub commits: usize,
    /// Commits whose first try is marked success.
    pub first: usize,
    /// Commits of which a later try is marked success, and the first is not.
    pub later: usize,
    /// Commits of which no try is.
    pub never: usize,
    /// How many commits were tried so many times.
    pub by_tries: BTreeMap<usize, usize>,
}

impl Tries {
    /// Of attempts by any number of agents: a commit's tries are those of one agent with one model.
    pub(super) fn of(items: &[&ItemRow]) -> Self {
        let mut commits: BTreeMap<(&str, &str, &str), Vec<&ItemRow>> = BTreeMap::new();
        for item in items {
            commits.entry((&item.agent, &item.model, item.commit_key())).or_default().push(item);
        }
        let mut tries = Self { commits: commits.len(), ..Self::default() };
        for mut commit in commits.into_values() {
            commit.sort_by_cached_key(|item| item.order());
            *tries.by_tries.entry(commit.len()).or_default() += 1;
            match commit.iter().position(|item| item.is_marked()) {
                Some(0) => tries.first += 1,
                Some(_) => tries.later += 1,
                None => tries.never += 1,
            }
        }
        tries
    }
}
