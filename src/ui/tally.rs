//! What is counted over all items, once for all frames until the next fact.

use jiff::Timestamp;

use super::detected;
use crate::domain::{Detector, FailureClass, Level, Standing, Usage};
use crate::measured;
use crate::model::{Item, ItemState, Run};
use crate::plan::{Eta, why};

/// Counts over all items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many items are in each state, by its word.
    counts: Vec<(&'static str, usize)>,
    /// How many are done though their agent failed.
    pub without_agent: usize,
    /// How many items have an agent that is stuck, or was.
    pub stuck: usize,
    /// What they got stuck in, the most frequent first.
    pub stuck_in: Vec<(Detector, usize)>,
    /// How many findings of all agents became that bad.
    pub stuck_findings: usize,
    /// What those that are over achieved, against the human's commit, by the word of their state.
    achieved: Vec<(&'static str, Achieved)>,
    /// What items failed of or are blocked by, the most frequent class first.
    pub failures: Vec<(FailureClass, usize)>,
    /// How many items still wait for their turn.
    pub pending: usize,
    /// How many items are still to come that nothing names.
    pub unnamed: usize,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// How many pending items stand before each item.
    before: Vec<usize>,
    /// Time worked on all items but the live one, in ms.
    worked_ms: u64,
    /// How long what is left will take, while it runs.
    pub eta: Eta,
}

/// How many of the items that are over stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Achieved {
    /// Better than the human's commit.
    pub better: usize,
    /// Of these, those with a tainted arm: they prove nothing.
    pub tainted: usize,
    /// Similar to it.
    pub similar: usize,
    /// Worse.
    pub worse: usize,
    /// Without a number to compare, or without one of the human's.
    pub unknown: usize,
}

impl Tally {
    /// Of a run at a moment, with how long it still takes. `unnamed` items are still to come that nothing names.
    pub fn of(run: &Run, unnamed: usize, eta: Eta, now: Timestamp) -> Self {
        let mut tally = Self { usage: run.usage(), before: why::before(run), eta, unnamed, ..Self::default() };
        tally.stuck_findings = detected::stuck_findings(&run.items);
        for item in &run.items {
            let status = item.status();
            match tally.counts.iter_mut().find(|(counted, _)| *counted == status) {
                Some((_, n)) => *n += 1,
                None => tally.counts.push((status, 1)),
            }
            tally.without_agent += usize::from(matches!(item.state, ItemState::Done) && item.is_done_without_agent());
            if let Some(worst) = detected::worst(item).filter(|worst| worst.level == Level::Stuck) {
                tally.stuck += 1;
                count_one(&mut tally.stuck_in, worst.detector);
            }
            if item.is_over() {
                match tally.achieved.iter_mut().find(|(of, _)| *of == status) {
                    Some((_, achieved)) => achieved.count(item),
                    None => tally.achieved.push((status, Achieved::of(item))),
                }
            }
            tally.pending += usize::from(item.is_pending());
            match &item.state {
                ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => count_one(&mut tally.failures, *class),
                _ => {}
            }
            if run.live.as_ref() != Some(&item.id) {
                tally.worked_ms = tally.worked_ms.saturating_add(item.worked_ms(now));
            }
        }
        tally.failures.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        tally.stuck_in.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        tally
    }

    /// How many items are in this state, by its word.
    pub fn count(&self, status: &str) -> usize {
        self.counts.iter().find(|(counted, _)| *counted == status).map_or(0, |(_, n)| *n)
    }

    /// What the items in this state achieved, by its word; nothing where they are not over.
    pub fn achieved(&self, status: &str) -> Achieved {
        self.achieved.iter().find(|(of, _)| *of == status).map_or_else(Achieved::default, |(_, achieved)| *achieved)
    }

    /// How many pending items stand before the one at this position.
    pub fn before(&self, position: usize) -> usize {
        self.before.get(position).copied().unwrap_or_default()
    }

    /// Time worked on all items up to `now`, in ms.
    pub fn worked_ms(&self, run: &Run, now: Timestamp) -> u64 {
        self.worked_ms.saturating_add(run.live_item().map_or(0, |live| live.worked_ms(now)))
    }
}

/// Counts one more of a kind.
fn count_one<T: PartialEq>(counts: &mut Vec<(T, usize)>, one: T) {
    match counts.iter_mut().find(|(counted, _)| *counted == one) {
        Some((_, n)) => *n += 1,
        None => counts.push((one, 1)),
    }
}

impl Achieved {
    fn of(item: &Item) -> Self {
        let mut achieved = Self::default();
        achieved.count(item);
        achieved
    }

    fn count(&mut self, item: &Item) {
        let standing = measured::standing(item);
        let counted = match standing {
            Some(Standing::Beats) => &mut self.better,
            Some(Standing::Similar) => &mut self.similar,
            Some(Standing::Worse) => &mut self.worse,
            None => &mut self.unknown,
        };
        *counted += 1;
        let is_tainted = measured::last_measured(item).is_some_and(|attempt| !attempt.tainted().is_empty());
        self.tainted += usize::from(standing == Some(Standing::Beats) && is_tainted);
    }

    /// `1 better, 1 tainted`: those that stand somehow, in a few words; `None` where none does.
    pub fn words(self) -> Option<String> {
        let counts = [(self.better, "better"), (self.tainted, "tainted"), (self.similar, "similar"), (self.worse, "worse")];
        let words: Vec<String> = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}
