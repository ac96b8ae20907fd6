//! Measured arms as rows.

use std::path::PathBuf;

use super::ResultRow;
use crate::domain::{Arm, AttemptId, BenchKind, Stage, StageOutcome};
use crate::import::Imported;
use crate::ledger::RunFolder;
use crate::measured::arms::{STAGES, cause, detail, merged, status};
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

/// What any arm of an item measured.
fn kind(item: &Item) -> Option<BenchKind> {
    let arms = item.attempts.iter().flat_map(|attempt| STAGES.into_iter().filter_map(|(stage, _)| attempt.counted(stage)));
    arms.filter_map(detail).find_map(|detail| detail.kind)
}

fn row(imported: &Imported, (item, attempt): (&Item, &Attempt), (stage, arm): (Stage, Arm), outcome: &StageOutcome) -> ResultRow {
    let found = &merged(attempt, stage).unwrap_or_default();
    let ours = || RunFolder::at(imported.path.clone()).stage(&AttemptId { item: item.id.clone(), n: attempt.n }, stage);
    ResultRow {
        commit: item.human.clone(),
        arm,
        agent: imported.run.agent.clone(),
        model: found.model.clone(),
        model_run: found.model_run.clone().or_else(|| found.model.clone()),
        // an arm that was cut off measures what the others of its item do
        kind: found.kind.or_else(|| kind(item)),
        status: status(outcome, found),
        metrics: found.metrics.clone(),
        failure: cause(outcome),
        flags: found.flags.clone(),
        workload: found.workload.clone(),
        file: found.from.as_ref().map_or_else(ours, PathBuf::from),
        run: imported.name.clone(),
    }
}
