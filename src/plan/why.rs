//! Why an item is not running.

use jiff::Timestamp;

use crate::domain::{Deferral, FailureClass, ItemId};
use crate::model::run::Pause;
use crate::model::{Breaker, Item, ItemState, Run};

/// Why a pending item is not running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot<'a> {
    /// Nobody works on the queue.
    NoRunner,
    /// It is tried again, not before a moment.
    NotBefore {
        /// That moment.
        until: Timestamp,
        /// What it waits for.
        why: &'a str,
    },
    /// There is no room for its images.
    NoRoom(&'a Deferral),
    /// The queue is paused.
    Paused(&'a Pause),
    /// The same cause ended several items in a row.
    Breaker {
        /// The cause.
        class: FailureClass,
        /// How many items.
        items: usize,
        /// When one is tried.
        probe_at: Timestamp,
    },
    /// So many pending items stand before it; with none it is next.
    Behind(usize),
}

impl<'a> WhyNot<'a> {
    /// Of an item with so many pending ones before it, as [`before`] counts them; `None` for one that runs or is over.
    pub fn of(run: &'a Run, item: &'a Item, before: usize, runner_lives: bool) -> Option<Self> {
        if !item.is_pending() {
            return None;
        }
        Some(match (&item.state, &run.pause, &run.breaker) {
            _ if !runner_lives => Self::NoRunner,
            (ItemState::Waiting { until, why, .. }, ..) => Self::NotBefore { until: *until, why },
            (ItemState::ForRoom { deferral, .. }, ..) => Self::NoRoom(deferral),
            (_, Some(pause), _) => Self::Paused(pause),
            (_, None, Breaker::Open { class, items, probe_at, .. }) => {
                Self::Breaker { class: *class, items: items.len(), probe_at: *probe_at }
            }
            (_, None, Breaker::Closed { .. }) => Self::Behind(before),
        })
    }

    /// In a sentence.
    pub fn says(&self) -> String {
        match self {
            Self::NoRunner => "no runner; c continues the run".to_owned(),
            Self::NotBefore { until, why } => format!("not before {}: {why}", until.strftime("%H:%M:%S UTC")),
            Self::NoRoom(deferral) => format!("waits for room: {}", deferral.why),
            Self::Paused(pause) => format!("paused by {}: {}", pause.by.words(), pause.why),
            Self::Breaker { class, items, .. } => format!("paused: {class} ended {items} items in a row"),
            Self::Behind(0) => "next".to_owned(),
            Self::Behind(1) => "1 item before it".to_owned(),
            Self::Behind(n) => format!("{n} items before it"),
        }
    }
}

/// How many pending items stand before each item of the queue.
pub fn before(run: &Run) -> Vec<usize> {
    let counted = run.items.iter().scan(0, |pending, item| {
        let before = *pending;
        *pending += usize::from(item.is_pending());
        Some(before)
    });
    counted.collect()
}

/// Why a pending item is not running, or what the arm of the one that runs waits for, in a sentence; `None` for an item that
/// goes on or is over.
pub fn why_not(run: &Run, item: &ItemId, runner_lives: bool) -> Option<String> {
    if let Some(delay) = run.delay_of(item).filter(|_| runner_lives) {
        return Some(delay.says());
    }
    let at = run.position(item)?;
    let before = run.items.iter().take(at).filter(|other| other.is_pending()).count();
    WhyNot::of(run, run.items.get(at)?, before, runner_lives).map(|why| why.says())
}
