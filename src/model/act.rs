//! What the run did by itself, and what somebody took out of the queue, as data with its moment.

use jiff::Timestamp;

use crate::domain::{FailureClass, ItemId, Stage};
use crate::ledger::By;

/// Something that happened to the queue without the reader's hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Deed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A failure that may pass is tried again.
    Retried {
        /// The item.
        item: ItemId,
        /// Its first stage.
        from: Stage,
        /// The cause, as the retry tells it.
        why: String,
    },
    /// The same cause ended several items in a row: the queue waits.
    BreakerOpened {
        /// The cause.
        class: FailureClass,
        /// How many items.
        items: usize,
        /// The error that they ended by, where the class alone does not say it.
        error: Option<String>,
    },
    /// An item got through: the queue goes on.
    BreakerClosed {
        /// That item.
        item: ItemId,
    },
    /// A rule paused the queue: `limit`, `hold`.
    Paused {
        /// Who: a rule.
        by: By,
        /// The cause.
        why: String,
    },
    /// The runner was gone; the attempt is taken up again.
    Interrupted {
        /// The item.
        item: ItemId,
        /// The stage with which it goes on.
        from: Stage,
        /// What was found.
        why: String,
    },
    /// A stage that had outlived its runner was taken over.
    Adopted {
        /// The item.
        item: ItemId,
        /// The stage.
        stage: Stage,
    },
    /// A stuck agent was stopped; its patch so far is benchmarked.
    StuckStopped {
        /// The item.
        item: ItemId,
        /// Which finding.
        why: String,
    },
    /// A stuck agent was stopped, and its item skipped; its patch so far is kept.
    StuckSkipped {
        /// The item.
        item: ItemId,
        /// Which finding.
        why: String,
    },
    /// Somebody skipped an item.
    Skipped {
        /// The item.
        item: ItemId,
        /// Who.
        by: By,
    },
    /// Somebody added an item.
    Added {
        /// The item.
        item: ItemId,
    },
}
