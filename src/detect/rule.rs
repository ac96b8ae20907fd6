//! What a rule is.

use std::fmt;

use super::look::Look;
use crate::domain::{Detector, Evidence, Level, Remark};

/// One rule of the suite: the state of one thing that goes wrong.
pub(super) trait Rule: fmt::Debug + Send {
    /// Which one it is.
    fn detector(&self) -> Detector;

    /// Takes the next finished step, and says how bad it is now.
    fn take(&mut self, look: &Look<'_>) -> Now;

    /// What is to be said of it as it is now. Asked for only while it holds: when a level was just reached, and as long as it
    /// grows since, for the step that ends it.
    fn tell(&self) -> Told;
}

/// One rule of the suite that gives no level: an alarm (something will break) or a badge (something to know).
pub(super) trait Notice: fmt::Debug + Send {
    /// Takes the next finished step, and says what is to be said of it, once for each thing.
    fn take(&mut self, look: &Look<'_>) -> Vec<Remark>;
}

/// How bad it is after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// The level; `None`: the condition does not hold, and an open episode is over.
    pub(super) level: Level,
    /// The step with which this episode began.
    pub(super) first_step: u32,
    /// How often; an open episode is told again when it doubled at its level.
    pub(super) count: u32,
    /// Which episode: where a rule counts by target, another target is another episode.
    pub(super) episode: u64,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// One sentence with the counts.
    pub(super) says: String,
    /// What to do.
    pub(super) hint: String,
    /// The steps that show it: a few, each text one bounded line (`look::line`).
    pub(super) evidence: Vec<Evidence>,
}

impl Now {
    /// The condition does not hold.
    pub(super) const NOTHING: Self = Self { level: Level::None, first_step: 0, count: 0, episode: 0 };

    /// A count that reached one of three thresholds, or none.
    pub(super) fn at(count: u32, [note, warn, stuck]: [u32; 3], first_step: u32) -> Self {
        let level = match count {
            _ if count >= stuck => Level::Stuck,
            _ if count >= warn => Level::Warn,
            _ if count >= note => Level::Note,
            _ => Level::None,
        };
        Self { level, first_step, count, episode: 0 }
    }
}
