//! What is counted over all items, once for all frames until the next fact.

use jiff::Timestamp;

use super::detected;
use crate::domain::{Detector, FailureClass, Level, ScoreDetail, Standing, Usage};
use crate::measured::Measured;
use crate::model::{Attempt, Item, ItemState, Run};
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
    /// What those that are done achieved, against the human's commit.
    pub achieved: Achieved,
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

/// How many of the done items stand how.
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
            tally.pending += usize::from(item.is_pending());
            match &item.state {
                ItemState::Done => tally.achieved.count(item),
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
    fn count(&mut self, item: &Item) {
        // arms that nobody compared, those of result folders, are compared as the reports do it
        let compared = |attempt: &Attempt| attempt.score().map_or_else(|| Measured::of(attempt).score.standing(), ScoreDetail::standing);
        let standing = item.last_attempt().and_then(compared);
        let counted = match standing {
            Some(Standing::Beats) => &mut self.better,
            Some(Standing::Similar) => &mut self.similar,
            Some(Standing::Worse) => &mut self.worse,
            None => &mut self.unknown,
        };
        *counted += 1;
        let is_tainted = item.last_attempt().is_some_and(|last| !last.tainted().is_empty());
        self.tainted += usize::from(standing == Some(Standing::Beats) && is_tainted);
    }
}
