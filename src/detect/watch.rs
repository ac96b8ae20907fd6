//! The suite over a whole trajectory, live or finished: each conversation in it (the agent's own, those of its subagents)
//! has rules of its own, and each step is taken once, when it is settled.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::suite::{Context, Suite, level};
use crate::domain::{Finding, Level, Remark, Reply, Step};

/// Detectors over one agent's steps.
#[derive(Debug, Default)]
pub struct Watch {
    context: Context,
    suites: HashMap<Option<String>, Suite>,
    /// Digests of the steps that were taken, by position; `None` where it was not yet.
    taken: Vec<Option<u64>>,
    /// Positions that wait.
    waiting: BTreeSet<usize>,
    /// The last position of each conversation.
    last: HashMap<Option<String>, usize>,
}

impl Watch {
    /// Of an agent of which nothing was seen yet.
    pub fn new(context: Context) -> Self {
        Self { context, ..Self::default() }
    }

    /// Takes what is new: `steps` as they are now, of which those before `from` did not change. `are_final`: a finished step
    /// does not change any more, even if it is the last one. `is_over`: the agent has ended. Returns whether it began anew,
    /// because a step that was taken is another one now.
    pub fn take(&mut self, steps: &[Step], from: usize, are_final: bool, is_over: bool) -> bool {
        let changed = |(at, step): (usize, &Step)| matches!(self.taken.get(at), Some(Some(before)) if *before != digest(step));
        let is_another = steps.len() < self.taken.len() || steps.iter().enumerate().skip(from).any(changed);
        let from = if is_another {
            *self = Self::new(std::mem::take(&mut self.context));
            0
        } else {
            from
        };
        for (at, step) in steps.iter().enumerate().skip(from.min(self.taken.len())) {
            if at >= self.taken.len() {
                self.taken.push(None);
                self.waiting.insert(at);
                self.last.insert(step.within.clone(), at);
            }
        }
        let waiting: Vec<usize> = self.waiting.iter().copied().collect();
        for at in waiting {
            let Some(step) = steps.get(at) else { continue };
            let is_settled = step.reply == Reply::Complete && (are_final || is_over || self.last.get(&step.within) != Some(&at));
            if is_over || is_settled {
                self.waiting.remove(&at);
                if let Some(taken) = self.taken.get_mut(at) {
                    *taken = Some(digest(step));
                }
                self.suites.entry(step.within.clone()).or_insert_with(|| Suite::new(&self.context)).take(step);
            }
        }
        is_another
    }

    /// What was found, in the order of its first steps.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.suites.values().flat_map(|suite| &suite.findings).collect();
        all.sort_by_key(|finding| (finding.first_step, finding.detector));
        all
    }

    /// Alarms: something will break.
    pub fn alarms(&self) -> Vec<&Remark> {
        let mut all: Vec<&Remark> = self.suites.values().flat_map(|suite| &suite.alarms).collect();
        all.sort_by_key(|remark| (remark.step, remark.detector));
        all
    }

    /// Badges: something to know.
    pub fn badges(&self) -> Vec<&Remark> {
        let mut all: Vec<&Remark> = self.suites.values().flat_map(|suite| &suite.badges).collect();
        all.sort_by_key(|remark| (remark.step, remark.detector));
        all
    }

    /// The highest level of all.
    pub fn level(&self) -> Level {
        self.suites.values().map(|suite| level(&suite.findings)).max().unwrap_or_default()
    }
}

fn digest(step: &Step) -> u64 {
    let mut hasher = DefaultHasher::new();
    (step.thought.len(), &step.error, &step.finish, step.harness.len(), step.calls.len()).hash(&mut hasher);
    for call in &step.calls {
        (&call.name, call.args.len(), call.result.as_ref().map(|result| (result.ok, result.text.len()))).hash(&mut hasher);
    }
    hasher.finish()
}
