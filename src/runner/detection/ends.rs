//! D18: items that end alike, or at once, or well though their agent died.

use crate::agent::{End, Live};
use crate::detect::systemic::{Batch, EndOfRun};
use crate::domain::{ChildEnd, EndCause, ItemId, Remark, Stage, StageDetail, StageEnd, StageOutcome};
use crate::model::Run;
use crate::text::mask::Masker;
use crate::watch::safe_remark;

/// Steps of an agent whose steps nobody counted: enough for work.
const UNKNOWN_STEPS: u32 = 2;

/// Steps from which on an agent did something, in whatever time.
const WORKED: u32 = 5;

/// The ends of a run's agents so far, in the order in which they came.
pub fn ends_of(run: &Run) -> Batch {
    let mut ended: Vec<_> = run
        .items
        .iter()
        .flat_map(|item| item.attempts.iter().map(move |attempt| (item, attempt)))
        .filter(|(_, attempt)| attempt.stage(Stage::Agent).is_some_and(|record| record.ran_in == attempt.n))
        .filter_map(|(item, attempt)| Some((item, attempt, attempt.outcome(Stage::Agent)?)))
        .collect();
    ended.sort_by_key(|(_, attempt, _)| attempt.started);
    let mut batch = Batch::default();
    for (item, attempt, outcome) in ended {
        if let Some(end) = end_of(&item.id, outcome, None, None) {
            batch.take(&if attempt.check().is_some_and(|check| check.files > 0) { with_patch(end) } else { end });
        }
    }
    batch
}

/// The end of an agent as D18 sees it; `None` for one that a person or a runner ended. `live` is what the agent's own files
/// say, `code` its exit code, where they are known.
pub fn end_of<'a>(item: &'a ItemId, outcome: &'a StageOutcome, live: Option<&'a Live>, code: Option<i32>) -> Option<EndOfRun<'a>> {
    let (error, success) = match (&outcome.end, live) {
        (StageEnd::Stopped { .. } | StageEnd::Interrupted { .. } | StageEnd::Deferred(_), _) => return None,
        (StageEnd::Done, Some(Live::Ended(End::StepError(text) | End::Failed(text) | End::Stopped(text)))) => (Some(text.as_str()), true),
        (StageEnd::Done, _) => (None, true),
        (StageEnd::Failed { class, .. }, _) if class.is_agent_stopped() => (None, false),
        (StageEnd::Failed { why, .. }, _) => (Some(why.as_str()), false),
    };
    let steps = match &outcome.detail {
        StageDetail::Agent(totals) => totals.steps,
        _ => None,
    };
    let worked = |child: &ChildEnd| child.duration_ms.saturating_sub(child.frozen_ms);
    Some(EndOfRun {
        label: &item.0,
        steps: steps.unwrap_or(UNKNOWN_STEPS),
        // who took so many steps was no dead agent, however quick it was
        duration_ms: outcome.child.as_ref().map(worked).filter(|_| steps.is_none_or(|steps| steps < WORKED)),
        error,
        success,
        rc: code.filter(|_| success),
    })
}

/// The same of an agent that left a patch: it did something, in however little time.
pub fn with_patch(end: EndOfRun<'_>) -> EndOfRun<'_> {
    EndOfRun { steps: end.steps.max(UNKNOWN_STEPS), duration_ms: None, ..end }
}

/// What an end means beside those before it, fit to be stored.
pub fn told_of(ends: &mut Batch, end: &EndOfRun<'_>, masker: &Masker) -> Vec<Remark> {
    ends.take(end).iter().map(|remark| safe_remark(remark, masker)).collect()
}

/// The exit code of a process that ended by itself.
pub const fn code_of(cause: &EndCause) -> Option<i32> {
    match cause {
        EndCause::Exited { code } => Some(*code),
        _ => None,
    }
}
