//! Measured arms as rows.

use std::path::PathBuf;

use super::ResultRow;
use crate::bench::{ArmInput, Missing};
use crate::domain::{
    Answer, Arm, ArmDetail, AttemptId, BenchKind, Cause, FailureClass, Flag, Rung, RungAnswer, Stage, StageDetail, StageEnd, StageOutcome,
};
use crate::import::Imported;
use crate::ledger::RunFolder;
use crate::model::{Attempt, Item};

/// The stages that measure.
pub(super) const STAGES: [(Stage, Arm); 3] = [(Stage::Human, Arm::Human), (Stage::Baseline, Arm::Baseline), (Stage::Candidate, Arm::Agent)];

/// The arms of a run that were measured, or should have been.
pub(super) fn of(imported: &Imported) -> impl Iterator<Item = ResultRow> + '_ {
    let attempts = imported.run.items.iter().flat_map(|item| item.attempts.iter().map(move |attempt| (item, attempt)));
    attempts.flat_map(move |(item, attempt)| {
        STAGES.into_iter().filter_map(move |(stage, arm)| {
            // an arm that was taken over is the row of the attempt that ran it
            attempt.stage(stage).filter(|record| record.ran_in == attempt.n)?;
            Some(row(imported, (item, attempt), (stage, arm), attempt.outcome(stage)?))
        })
    })
}

/// What an arm found; nothing where it ended before it could.
pub(super) fn detail(outcome: &StageOutcome) -> Option<&ArmDetail> {
    match &outcome.detail {
        StageDetail::Arm(detail) => Some(detail),
        _ => None,
    }
}

fn row(imported: &Imported, (item, attempt): (&Item, &Attempt), (stage, arm): (Stage, Arm), outcome: &StageOutcome) -> ResultRow {
    let nothing = ArmDetail::default();
    let detail = detail(outcome).unwrap_or(&nothing);
    let ours = || RunFolder::at(imported.path.clone()).stage(&AttemptId { item: item.id.clone(), n: attempt.n }, stage);
    ResultRow {
        commit: item.human.clone(),
        arm,
        agent: imported.run.agent.clone(),
        model: detail.model.clone(),
        model_run: detail.model_run.clone().or_else(|| detail.model.clone()),
        kind: detail.kind,
        status: status(outcome, detail),
        metrics: detail.metrics.clone(),
        failure: cause(outcome),
        flags: detail.flags.clone(),
        workload: detail.workload.clone(),
        file: detail.from.as_ref().map_or_else(ours, PathBuf::from),
        run: imported.name.clone(),
    }
}

/// The file's word, else ours in the same words.
pub(super) fn status(outcome: &StageOutcome, detail: &ArmDetail) -> String {
    detail.status.clone().unwrap_or_else(|| outcome.end.result_word().to_owned())
}

/// Why it failed.
pub(super) fn cause(outcome: &StageOutcome) -> Option<Cause> {
    match &outcome.end {
        StageEnd::Failed { class, why } => Some(Cause { class: *class, evidence: why.clone() }),
        _ => None,
    }
}

/// What the arms of an attempt brought, for the comparison.
pub(super) fn inputs(attempt: &Attempt) -> Vec<ArmInput<'_>> {
    let brought = |stage: Stage| match attempt.outcome(stage) {
        None => Err(Missing::NotRun),
        Some(StageOutcome { end: StageEnd::Done, detail: StageDetail::Arm(arm), .. }) => Ok(arm),
        Some(outcome) => Err(cause(outcome).map_or(Missing::NotEnded, Missing::Failed)),
    };
    STAGES.into_iter().map(|(stage, arm)| ArmInput { arm, brought: brought(stage) }).collect()
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
