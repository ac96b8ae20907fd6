//! The arms of an attempt: what each brought, how it ended, and what the agent's tells of the ladder.

use crate::bench::{Missing, score};
use crate::domain::{
    Answer, Arm, ArmDetail, BenchKind, Cause, FailureClass, Flag, Rung, RungAnswer, Stage, StageDetail, StageEnd, StageOutcome,
};
use crate::model::Attempt;

/// The stages that measure.
pub const STAGES: [(Stage, Arm); 3] = [(Stage::Human, Arm::Human), (Stage::Baseline, Arm::Baseline), (Stage::Candidate, Arm::Agent)];

/// What an arm found; nothing where it ended before it could.
pub fn detail(outcome: &StageOutcome) -> Option<&ArmDetail> {
    match &outcome.detail {
        StageDetail::Arm(detail) => Some(detail),
        _ => None,
    }
}

/// The file's word, else ours in the same words.
pub fn status(outcome: &StageOutcome, detail: &ArmDetail) -> String {
    detail.status.clone().unwrap_or_else(|| outcome.end.result_word().to_owned())
}

/// Why it failed.
pub fn cause(outcome: &StageOutcome) -> Option<Cause> {
    match &outcome.end {
        StageEnd::Failed { class, why } => Some(Cause { class: *class, evidence: why.clone() }),
        _ => None,
    }
}

/// What an arm found over all rounds: the medians where it was measured more than once.
pub fn merged(attempt: &Attempt, stage: Stage) -> Option<ArmDetail> {
    attempt.measured(stage).or_else(|| attempt.outcome(stage).and_then(detail).cloned())
}

/// What the arms of an attempt brought, for the comparison.
pub(super) fn brought(attempt: &Attempt) -> Vec<(Arm, Result<ArmDetail, Missing>)> {
    STAGES.into_iter().map(|(stage, arm)| (arm, score::brought(attempt.outcome(stage), attempt.measured(stage)))).collect()
}

/// What the agent's arm tells of the ladder below its numbers: whether the container took the patch, whether the server
/// came up with it.
pub(super) fn rungs(candidate: &StageOutcome) -> Vec<RungAnswer> {
    let kind = detail(candidate).and_then(|detail| detail.kind);
    let is_forced = detail(candidate).is_some_and(|detail| detail.flags.contains(&Flag::PatchForced));
    let applies = match &candidate.end {
        StageEnd::Failed { class: FailureClass::PatchDoesNotApply | FailureClass::PatchHalfApplied, why } => {
            Some((Answer::No, why.as_str()))
        }
        // the benchmark runs behind the patch
        StageEnd::Done if !is_forced => Some((Answer::Yes, "it was measured with the patch")),
        _ => None,
    };
    let server = match (&candidate.end, kind) {
        (_, Some(BenchKind::Latency | BenchKind::Throughput | BenchKind::PrefixCaching)) => {
            Some((Answer::NotApplicable, "it needs no server"))
        }
        (StageEnd::Done, Some(BenchKind::Serving)) => Some((Answer::Yes, "it answered")),
        (StageEnd::Failed { class, why }, _) if is_of_server(*class) => Some((Answer::No, why.as_str())),
        _ => None,
    };
    let answer = |rung: Rung, found: Option<(Answer, &str)>| {
        found.map(|(answer, evidence)| RungAnswer { rung, answer, evidence: evidence.to_owned() })
    };
    [answer(Rung::Applies, applies), answer(Rung::Server, server)].into_iter().flatten().collect()
}

const fn is_of_server(class: FailureClass) -> bool {
    matches!(class, FailureClass::ServerCrashed | FailureClass::ServerNeverReady | FailureClass::TimeoutServer)
}
