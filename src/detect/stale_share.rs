//! D10: most of the last steps did and saw what was done and seen before.

use std::collections::VecDeque;

use super::call::{Act, moves_tree};
use super::look::Look;
use super::memory::{Seen, Trail};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};

/// Of the last steps for note, warn and stuck.
const LEVELS: [u32; 3] = [8, 12, 18];

/// Steps with calls that are looked back at.
const BACK: usize = 24;

/// The steps of this run, and which of the last ones are nothing new.
#[derive(Debug, Default)]
pub(super) struct StaleShare {
    /// How often the source had changed when each was seen last.
    seen: Seen<u32>,
    changes: u32,
    ring: VecDeque<bool>,
    count: u32,
    first_step: u32,
    trail: Trail,
}

impl Rule for StaleShare {
    fn detector(&self) -> Detector {
        Detector::StaleShare
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let Some(print) = look.print.filter(|_| !look.waits()) else { return self.now() };
        let edits = look.calls.iter().any(|call| call.act == Act::Edit);
        let moves = look.calls.iter().any(|call| call.worked() && call.parts.iter().any(moves_tree));
        let changes_source = look.changed_source();
        // a test that is run again after a change is no repetition, even if it says the same; and to put a change away and back,
        // to measure with it and without it, is no repetition either
        let is_stale = !moves && !changes_source && self.seen.get(print).is_some_and(|changes| edits || changes == self.changes);
        if moves || changes_source {
            self.changes = self.changes.wrapping_add(1);
        }
        self.seen.keep(print, self.changes);
        if self.ring.len() >= BACK {
            self.ring.pop_front();
        }
        self.ring.push_back(is_stale);
        if is_stale {
            if self.count == 0 {
                self.first_step = look.step.index;
            }
            self.count = self.count.saturating_add(1);
            self.trail.add(look.step.index, look.gist());
        }
        let within = self.within();
        // what was told is not told again: the next episode begins with steps of its own
        if within == 0 || (self.count >= LEVELS[0] && within < LEVELS[0]) {
            self.ring.clear();
            self.count = 0;
            self.trail.clear();
        }
        self.now()
    }

    fn tell(&self) -> Told {
        Told {
            says: format!(
                "{} steps did and saw what was there before, {} of the last {} with calls",
                self.count,
                self.within(),
                self.ring.len()
            ),
            hint: "It looks at what it knows already: see whether it misses something, or has nothing left to do".to_owned(),
            evidence: self.trail.list(),
        }
    }
}

impl StaleShare {
    fn within(&self) -> u32 {
        self.ring.iter().map(|is_stale| u32::from(*is_stale)).sum()
    }

    fn now(&self) -> Now {
        let now = Now::at(self.within(), LEVELS, self.first_step);
        if now.level == Level::None { Now::NOTHING } else { Now { count: self.count, ..now } }
    }
}
