//! The arms of an item side by side: how each stands, its phases, what its server said of itself.

mod arms;
mod curves;

use std::path::PathBuf;

use crate::domain::{ArmProgress, AttemptId, Stage};
use crate::model::{Item, Ran};

pub(in crate::ui) use arms::past;
pub use arms::{Arm, Arms, Now, Row};
pub use curves::{Curves, Figure, MOST};

/// The arm in a container that runs, as it tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Which one.
    pub of: Which,
    /// How far it is.
    pub progress: ArmProgress,
    /// What its server said so far.
    pub curves: Curves,
}

/// An arm of an attempt, by the attempt in which it really ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Which {
    /// The attempt.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// Which measurement, from 1, where it was begun again since; `None`: the last one.
    pub round: Option<u32>,
}

impl Which {
    /// Of an item's arm.
    pub fn of(item: &Item, stage: Stage, ran: Ran) -> Self {
        Self { attempt: AttemptId { item: item.id.clone(), n: ran.attempt }, stage, round: ran.round }
    }

    /// Where its files lie: those of an earlier measurement beside those of the last.
    pub fn folder(&self, last: PathBuf) -> PathBuf {
        match self.round {
            Some(round) => last.with_file_name(format!("{}.round{round}", self.stage)),
            None => last,
        }
    }
}

/// What the server of an arm that is over had said.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Which arm.
    pub of: Which,
    /// It.
    pub curves: Curves,
}
