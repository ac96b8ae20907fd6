//! What is kept of the steps before: bounded, and cheap to ask.

use std::collections::{HashMap, VecDeque};

use crate::domain::Evidence;

/// Fingerprints that are remembered; the one that was met longest ago goes first.
const MOST: usize = 4096;

/// Fingerprints that were seen, and something of each.
#[derive(Debug)]
pub(super) struct Seen<T> {
    known: HashMap<u64, (T, u64)>,
    /// In the order in which they were met; of one that was met again only the last place counts.
    order: VecDeque<(u64, u64)>,
    tick: u64,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new(), tick: 0 }
    }
}

impl<T: Copy> Seen<T> {
    /// What is kept of it, `new` where it was not met before.
    pub(super) fn meet(&mut self, print: u64, new: T) -> T {
        let kept = self.known.get(&print).map_or(new, |(kept, _)| *kept);
        self.keep(print, kept);
        kept
    }

    /// What is kept of it.
    pub(super) fn get(&self, print: u64) -> Option<T> {
        self.known.get(&print).map(|(kept, _)| *kept)
    }

    /// Keeps this of it from now on.
    pub(super) fn keep(&mut self, print: u64, value: T) {
        self.tick += 1;
        self.known.insert(print, (value, self.tick));
        self.order.push_back((print, self.tick));
        while self.known.len() > MOST {
            let Some((oldest, met)) = self.order.pop_front() else { break };
            if self.known.get(&oldest).is_some_and(|(_, last)| *last == met) {
                self.known.remove(&oldest);
            }
        }
        // once in so many steps: all but the last place of each
        if self.order.len() > 2 * MOST {
            self.order.retain(|(print, met)| self.known.get(print).is_some_and(|(_, last)| last == met));
        }
    }
}

/// Evidence of an episode: its first steps and its last ones.
#[derive(Debug, Default)]
pub(super) struct Trail {
    first: Vec<Evidence>,
    last: VecDeque<Evidence>,
}

impl Trail {
    /// Adds a step, and one bounded line of it (`look::line`).
    pub(super) fn add(&mut self, step: u32, text: String) {
        let evidence = Evidence { step, text };
        if self.first.len() < 2 {
            self.first.push(evidence);
            return;
        }
        if self.last.len() >= 3 {
            self.last.pop_front();
        }
        self.last.push_back(evidence);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn list(&self) -> Vec<Evidence> {
        self.first.iter().chain(&self.last).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_stays() {
        let mut seen = Seen::default();
        assert_eq!([seen.meet(1, 10), seen.meet(1, 20), seen.meet(2, 30)], [10, 10, 30]);
    }

    #[test]
    fn it_stays_small_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        for round in 0..50_000_u64 {
            seen.meet(7, 1);
            seen.meet(1000 + round, 2);
        }
        assert!(seen.known.len() <= MOST && seen.order.len() <= 2 * MOST);
        assert_eq!((seen.get(7), seen.get(1000)), (Some(1), None));
    }

    #[test]
    fn one_that_is_met_all_the_time_costs_no_room() {
        let mut seen = Seen::default();
        seen.meet(1, 'a');
        for _ in 0..50_000 {
            seen.meet(2, 'b');
        }
        assert!(seen.order.len() <= 2 * MOST);
        assert_eq!(seen.get(1), Some('a'));
    }
}
