//! What is counted over all items, once for all frames until the next fact.

use jiff::Timestamp;

use super::detected;
use crate::domain::{Detector, FailureClass, Level, Standing, Usage};
use crate::model::{Attempt, Item, ItemState, Run};
use crate::plan::why;

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
    /// Median time worked on an item that ran and is over, in ms; `None` below two of them.
    median_ms: Option<u64>,
}

/// How many of the done items stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Achieved {
    /// Better than the human's commit.
    pub better: usize,
    /// Similar to it.
    pub similar: usize,
    /// Worse.
    pub worse: usize,
    /// Without a number to compare, or without one of the human's.
    pub unknown: usize,
}

impl Tally {
    /// Of a run, at the moment of its newest fact.
    pub fn of(run: &Run) -> Self {
        let now = run.at.unwrap_or(Timestamp::UNIX_EPOCH);
        let mut tally = Self { usage: run.usage(), before: why::before(run), ..Self::default() };
        tally.stuck_findings = detected::stuck_findings(&run.items);
        let mut times = Vec::new();
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
            if matches!(item.state, ItemState::Done | ItemState::Failed { .. } | ItemState::Stopped { .. }) {
                times.push(item.worked_ms(now));
            }
            if run.live.as_ref() != Some(&item.id) {
                tally.worked_ms = tally.worked_ms.saturating_add(item.worked_ms(now));
            }
        }
        tally.failures.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        tally.stuck_in.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        times.sort_unstable();
        tally.median_ms = times.get(times.len() / 2).copied().filter(|median| times.len() >= 2 && *median > 0);
        tally
    }

    /// Time that the items that are left will take, in ms, should each take as long as the middle one of those that are
    /// over; `None` where nothing can be said, or nothing is left.
    pub fn left_ms(&self, run: &Run, now: Timestamp) -> Option<u64> {
        let each = self.median_ms.filter(|_| run.finished.is_none())?;
        let live = run.live_item().map_or(0, |live| each.saturating_sub(live.worked_ms(now)));
        // the harness may work on several at once
        let workers = u64::try_from(self.count("running")).unwrap_or(1).max(1);
        let queued = u64::try_from(self.pending.saturating_add(self.unnamed)).unwrap_or(u64::MAX).saturating_mul(each) / workers;
        Some(queued.saturating_add(live)).filter(|left| *left > 0)
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
        let standing = item.last_attempt().and_then(Attempt::score).and_then(|score| score.verdicts.first()?.standing);
        let counted = match standing {
            Some(Standing::Beats) => &mut self.better,
            Some(Standing::Similar) => &mut self.similar,
            Some(Standing::Worse) => &mut self.worse,
            None => &mut self.unknown,
        };
        *counted += 1;
    }
}
