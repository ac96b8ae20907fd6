//! An attempt as a whole: the word for its end, and its first cause.

use crate::domain::{Cause, FailureClass, Stage, StageEnd};
use crate::ledger::fact::AttemptEnd;
use crate::model::{Attempt, Item};

/// The attempts of an item by what its agents did: those that go on with the work of one agent are one try of it, of which
/// the newest counts.
pub fn tries(item: &Item) -> impl Iterator<Item = &[Attempt]> {
    item.attempts.chunk_by(|before, after| after.from > Stage::Agent || is_cut_off(before))
}

/// Whether its agent was cut off from outside before it came to an end: the next attempt takes it up again.
fn is_cut_off(attempt: &Attempt) -> bool {
    let agent = attempt.outcome(Stage::Agent).map(|outcome| &outcome.end);
    matches!(attempt.end, Some((AttemptEnd::Interrupted { .. }, _))) && matches!(agent, None | Some(StageEnd::Interrupted { .. }))
}

/// The journal's word, else ours. The journal is written behind the agent: what failed later it does not know.
pub fn status(attempt: &Attempt) -> String {
    let ours = match &attempt.end {
        // a patch is benchmarked however its agent ended
        Some((AttemptEnd::Done, _)) => match attempt.agent_failure() {
            None => "done",
            Some(StageEnd::Failed { .. }) => "failed",
            Some(_) => "stopped",
        },
        Some((AttemptEnd::Failed { .. }, _)) => "failed",
        Some((AttemptEnd::Stopped { .. }, _)) => "stopped",
        Some((AttemptEnd::Interrupted { .. }, _)) => "interrupted",
        Some((AttemptEnd::Deferred(_), _)) => "waiting",
        None => "running",
    };
    let journal = attempt.journal.as_ref().filter(|journal| journal.status != "success" || !has_failed_later(attempt));
    journal.map_or(ours, |journal| journal.status.as_str()).to_owned()
}

/// Whether it failed in a stage behind the check of its patch.
fn has_failed_later(attempt: &Attempt) -> bool {
    let is_bad = |stage: Stage| matches!(attempt.outcome(stage).map(|outcome| &outcome.end), Some(StageEnd::Failed { .. }));
    matches!(attempt.end, Some((AttemptEnd::Failed { .. }, _)))
        && attempt.stages.iter().any(|record| record.stage > Stage::Check && is_bad(record.stage))
}

/// Why it failed, by its first cause; `None` for a success, and for what has no end: that has not failed, whatever its agent's
/// last word was.
pub fn failure(attempt: &Attempt) -> Option<Cause> {
    let status = status(attempt);
    if matches!(status.as_str(), "success" | "done" | "unfinished" | "running") {
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
