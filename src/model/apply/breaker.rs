//! The breaker: the same cause in item after item.

use jiff::Timestamp;

use crate::detect::systemic::fingerprint;
use crate::domain::{FailureClass, ItemId};
use crate::ledger::Fact;
use crate::ledger::fact::AttemptEnd;
use crate::model::act::Deed;
use crate::model::{Attempt, Breaker, Item, Run};

/// Why an item ended, where the next ones may end by the same.
struct Cause {
    class: FailureClass,
    /// The agent's last error, where the class alone does not show that the cause lies outside the item.
    error: Option<String>,
}

impl Run {
    /// Takes what the planner decided.
    pub(super) fn apply_breaker(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::BreakerOpened { class, items, probe_at, error } => {
                let of = error.as_ref().map_or_else(String::new, |error| format!(" ({error})"));
                self.note(at, format!("the queue waits: {class} ended {} items in a row{of}; space resumes at once", items.len()));
                self.act(at, Deed::BreakerOpened { class: *class, items: items.len(), error: error.clone() });
                let error = error.clone();
                self.breaker = Breaker::Open { class: *class, error, items: items.clone(), probe_at: *probe_at, probed: None };
            }
            Fact::BreakerRearmed { probe_at: again } => {
                if let Breaker::Open { probe_at, probed, .. } = &mut self.breaker {
                    *probe_at = *again;
                    *probed = None;
                }
            }
            Fact::BreakerClosed { item } => {
                self.note(at, format!("the queue goes on: {item} got through"));
                self.act(at, Deed::BreakerClosed { item: item.clone() });
                self.breaker = Breaker::default();
            }
            _ => {}
        }
    }

    /// Keeps the row of ends by one cause; what to do about it is the planner's business. An agent's end counts though its
    /// patch is benchmarked: the next agent meets the same cause.
    pub(super) fn count_for_breaker(&mut self, id: &ItemId, end: &AttemptEnd) {
        let last = self.item(id).and_then(Item::last_attempt);
        let agents = last.and_then(Attempt::systemic_agent_failure);
        // an agent that talked until it was stuck met no such cause, whatever became of its item
        let was_stuck = last.is_some_and(Attempt::was_stopped_as_stuck);
        // a round that was lost takes nothing from its item; its cause may end the next ones all the same
        let lost = last.and_then(|last| last.lost_rounds().map(|(_, lost)| lost.class).find(|class| class.is_systemic()));
        let cause = match (agents, end) {
            (Some((class, true)), _) => Some(Cause { class, error: None }),
            (_, AttemptEnd::Failed { class, .. }) if class.is_systemic() => Some(Cause { class: *class, error: None }),
            (_, AttemptEnd::Done) if lost.is_some() => lost.map(|class| Cause { class, error: None }),
            // it was counted when it happened, and what follows it says nothing of its cause
            (Some((_, false)), _) => return,
            (None, AttemptEnd::Interrupted { .. } | AttemptEnd::Stopped { .. }) if !was_stuck => return,
            // that there is no room says nothing of other causes
            (None, AttemptEnd::Deferred(_)) if last.and_then(Attempt::terminal_error).is_none() => return,
            (None, _) => match last.and_then(Attempt::terminal_error) {
                Some((_, _, false)) => return,
                Some((class, error, true)) => Some(Cause { class, error: Some(error.to_owned()) }),
                None => None,
            },
        };
        match (&mut self.breaker, cause) {
            (Breaker::Open { class, error, probed, .. }, cause) => {
                // another error is another cause: the agent got as far as to meet it
                let goes_on = cause.is_some_and(|now| now.error.is_none() || is_same(&now, *class, error.as_deref()));
                *probed = Some((id.clone(), !goes_on));
            }
            (Breaker::Closed { class, error, items }, Some(now)) => {
                if class.is_none_or(|class| !is_same(&now, class, error.as_deref())) {
                    items.clear();
                }
                (*class, *error) = (Some(now.class), now.error);
                if !items.contains(id) {
                    items.push(id.clone());
                }
            }
            (closed @ Breaker::Closed { .. }, None) => *closed = Breaker::default(),
        }
    }
}

/// Whether a cause is the one of the row: the same error but for its numbers and ids, or the same class.
fn is_same(now: &Cause, class: FailureClass, error: Option<&str>) -> bool {
    match (&now.error, error) {
        (Some(now), Some(before)) => fingerprint(now) == fingerprint(before),
        (None, None) => now.class == class,
        _ => false,
    }
}
