//! Measured arms as rows.

use std::path::PathBuf;

use super::ResultRow;
use crate::domain::{Arm, AttemptId, Stage, StageOutcome};
use crate::import::Imported;
use crate::ledger::RunFolder;
use crate::measured::arms::{STAGES, cause, merged, status};
use crate::model::{Attempt, Item};

/// The arms of a run that were measured, or should have been.
pub(super) fn of(imported: &Imported) -> impl Iterator<Item = ResultRow> + '_ {
    let attempts = imported.run.items.iter().flat_map(|item| item.attempts.iter().map(move |attempt| (item, attempt)));
    attempts.flat_map(move |(item, attempt)| {
        STAGES.into_iter().filter_map(move |(stage, arm)| {
            // an arm that was taken over is the row of the attempt that ran it
            attempt.stage(stage).filter(|record| record.ran_in == attempt.n)?;
            Some(row(imported, (item, attempt), (stage, arm), attempt.counted(stage)?))
        })
    })
}

fn row(imported: &Imported, (item, attempt): (&Item, &Attempt), (stage, arm): (Stage, Arm), outcome: &StageOutcome) -> ResultRow {
    let detail = &merged(attempt, stage).unwrap_or_default();
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
