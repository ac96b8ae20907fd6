//! What is counted over all items, once for all frames until the next fact.

use jiff::Timestamp;

use crate::domain::Usage;
use crate::model::{ItemState, Run};
use crate::plan::why;

/// Counts over all items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many items are in each state, by its word.
    counts: Vec<(&'static str, usize)>,
    /// How many are done though their agent failed.
    pub without_agent: usize,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// How many pending items stand before each item.
    before: Vec<usize>,
    /// Time worked on all items but the live one, in ms.
    worked_ms: u64,
}

impl Tally {
    /// Of a run, at the moment of its newest fact.
    pub fn of(run: &Run) -> Self {
        let now = run.at.unwrap_or(Timestamp::UNIX_EPOCH);
        let mut tally = Self { usage: run.usage(), before: why::before(run), ..Self::default() };
        for item in &run.items {
            let status = item.status();
            match tally.counts.iter_mut().find(|(counted, _)| *counted == status) {
                Some((_, n)) => *n += 1,
                None => tally.counts.push((status, 1)),
            }
            tally.without_agent += usize::from(matches!(item.state, ItemState::Done) && item.is_done_without_agent());
            if run.live.as_ref() != Some(&item.id) {
                tally.worked_ms = tally.worked_ms.saturating_add(item.worked_ms(now));
            }
        }
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
