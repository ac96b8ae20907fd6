//! An attempt as a whole: the word for its end, and its first cause.

use crate::domain::{Cause, FailureClass, StageEnd};
use crate::ledger::fact::AttemptEnd;
use crate::model::Attempt;

/// The journal's word, else ours.
pub fn status(attempt: &Attempt) -> String {
    let ours = match &attempt.end {
        Some((AttemptEnd::Done, _)) => "done",
        Some((AttemptEnd::Failed { .. }, _)) => "failed",
        Some((AttemptEnd::Stopped { .. }, _)) => "stopped",
        Some((AttemptEnd::Interrupted { .. }, _)) => "interrupted",
        Some((AttemptEnd::Deferred(_), _)) => "waiting",
        None => "running",
    };
    attempt.journal.as_ref().map_or(ours, |journal| journal.status.as_str()).to_owned()
}

/// Why it failed, by its first cause; `None` for a success, and for what has no end: that has not failed, whatever its agent's
/// last word was.
pub fn failure(attempt: &Attempt) -> Option<Cause> {
    let status = status(attempt);
    if matches!(status.as_str(), "success" | "done" | "unfinished") {
        return None;
    }
    let of_end = match &attempt.end {
        Some((AttemptEnd::Failed { class, why }, _)) => Some((*class, why.clone())),
        _ => None,
    };
    let of_agent = || match attempt.agent_failure()? {
        StageEnd::Failed { class, why } => Some((*class, why.clone())),
        _ => None,
    };
    let said = || attempt.journal.as_ref().and_then(|journal| journal.error.clone());
    let nothing = || matches!(status.as_str(), "error" | "failed").then(|| (FailureClass::Unknown, said().unwrap_or_default()));
    of_end.or_else(of_agent).or_else(nothing).map(|(class, evidence)| Cause { class, evidence })
}
