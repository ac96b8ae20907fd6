//! The truth ladder: how far an item's "success" holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rung of the ladder, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The agent ended by itself with exit code 0. Never gates.
    Exited,
    /// The patch is not empty.
    Patch,
    /// The patch touches source files.
    Source,
    /// It applies to the parent commit.
    Applies,
    /// Every file that it changed can still be parsed.
    Parses,
    /// No placeholder stands where code should be.
    NoTemplate,
    /// The server with the patch got ready; not applicable where none is needed.
    Server,
    /// The benchmark printed its numbers.
    Metrics,
    /// The agent's numbers are better than the baseline's, beyond noise.
    BeyondNoise,
}

/// What is known about a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It makes no sense for this item; passes.
    NotApplicable,
    /// Nobody looked.
    Unchecked,
}

/// A rung, its answer and what that answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungAnswer {
    /// Which rung.
    pub rung: Rung,
    /// What is known.
    pub answer: Answer,
    /// One line: the fact behind the answer.
    pub evidence: String,
}

impl Rung {
    /// Every rung, lowest first.
    pub const ALL: [Self; 9] = [
        Self::Exited,
        Self::Patch,
        Self::Source,
        Self::Applies,
        Self::Parses,
        Self::NoTemplate,
        Self::Server,
        Self::Metrics,
        Self::BeyondNoise,
    ];

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Patch => "patch",
            Self::Source => "source",
            Self::Applies => "applies",
            Self::Parses => "parses",
            Self::NoTemplate => "no_template",
            Self::Server => "server",
            Self::Metrics => "metrics",
            Self::BeyondNoise => "beyond_noise",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the ladder ends before this rung. `exited` never ends it: the patch of an agent that ran out of time counts.
pub fn breaks(found: &RungAnswer) -> bool {
    found.rung != Rung::Exited && matches!(found.answer, Answer::No | Answer::Unchecked)
}

/// The last rung of the unbroken yes.
pub fn reached(answers: &[RungAnswer]) -> Option<Rung> {
    let unbroken = answers.iter().take_while(|found| !breaks(found));
    unbroken.filter(|found| found.answer == Answer::Yes).last().map(|found| found.rung)
}
