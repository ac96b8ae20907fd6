//! Which planned commits have a patch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{AgentCoverage, Coverage, ItemRow, commit_key};
use crate::import::{Import, Origin};

/// Over all plans that lie there, and the queues of runs of ours.
pub(super) fn of(import: &Import, items: &[ItemRow]) -> Coverage {
    let files = import.plans.iter().flat_map(|(_, plan)| plan.items.iter().map(|item| item.human.as_str()));
    let ours = import.runs.iter().filter(|run| run.origin == Origin::Ours);
    let queues = ours.flat_map(|imported| imported.run.items.iter().map(|item| item.human.as_str()));
    // in the order of the plans; one that is named longer tells more
    let mut planned: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for sha in files.chain(queues).filter(|sha| !sha.is_empty()) {
        if let Some(known) = places.get(commit_key(sha)).and_then(|place| planned.get_mut(*place)) {
            if sha.len() > known.len() {
                *known = sha;
            }
        } else {
            places.insert(commit_key(sha), planned.len());
            planned.push(sha);
        }
    }
    let with_patch: BTreeSet<&str> = items.iter().filter(|item| item.has_patch()).map(ItemRow::commit_key).collect();
    if planned.is_empty() {
        return Coverage { planned: None, with_patch: with_patch.len(), ..Coverage::default() };
    }
    let missing_of = |have: &BTreeSet<&str>| -> Vec<String> {
        planned.iter().filter(|sha| !have.contains(commit_key(sha))).map(|sha| (*sha).to_owned()).collect()
    };
    let missing = missing_of(&with_patch);
    // an agent that was never asked about any of them has no part in this plan
    let mut agents: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for item in items.iter().filter(|item| places.contains_key(item.commit_key())) {
        let patches = agents.entry((&item.agent, &item.model)).or_default();
        if item.has_patch() {
            patches.insert(item.commit_key());
        }
    }
    let by_agent = agents.into_iter().map(|((agent, model), have)| {
        let missing = missing_of(&have);
        AgentCoverage { agent: agent.to_owned(), model: model.to_owned(), with_patch: planned.len() - missing.len(), missing }
    });
    Coverage { planned: Some(planned.len()), with_patch: planned.len() - missing.len(), missing, by_agent: by_agent.collect() }
}
