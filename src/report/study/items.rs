//! Attempts as rows.

use std::path::PathBuf;

use super::ItemRow;
use crate::domain::rung::reached;
use crate::domain::{AttemptId, FailureClass, Stage, StageEnd};
use crate::import::{Imported, Origin};
use crate::ledger::RunFolder;
use crate::measured::joined;
use crate::measured::tried::{failure, status};
use crate::model::{Attempt, Item};

/// The attempts of a run; none for a folder of results, which has arms alone.
pub(super) fn of(imported: &Imported) -> impl Iterator<Item = ItemRow> + '_ {
    let items = if imported.origin == Origin::Results { &[] } else { imported.run.items.as_slice() };
    items.iter().flat_map(|item| item.attempts.iter().map(|attempt| row(imported, item, attempt)))
}

fn row(imported: &Imported, item: &Item, attempt: &Attempt) -> ItemRow {
    // the agent of an attempt that began later in the pipeline worked, and was paid, in an earlier one
    let own = attempt.stage(Stage::Agent).filter(|record| record.ran_in == attempt.n);
    let totals = own.and_then(|_| attempt.totals());
    let usage = totals.map(|totals| totals.usage).filter(|usage| usage.total() > 0);
    let took = own.and_then(|_| attempt.outcome(Stage::Agent)).map(|outcome| outcome.duration_ms).filter(|ms| *ms > 0);
    let rungs = joined(&attempt.rungs(), &[]);
    let status = status(attempt);
    // no journal, no moment of its own
    let is_unfinished = status == "unfinished";
    ItemRow {
        item_id: item.id.0.clone(),
        human: item.human.clone(),
        repo: repo(&imported.run.repo),
        agent: imported.run.agent.clone(),
        model: imported.run.model.clone(),
        run: imported.name.clone(),
        failure: failure(attempt),
        status,
        rung: reached(&rungs),
        rungs,
        flags: attempt.flags(),
        steps: totals.and_then(|totals| totals.steps),
        input_tokens: usage.map(|usage| usage.input),
        output_tokens: usage.map(|usage| usage.output),
        duration_s: took.map(seconds),
        cost_usd: totals.and_then(|totals| totals.cost_micro_usd).map(dollars),
        energy: attempt.energy(),
        patch_bytes: attempt.check().and_then(|check| check.patch_bytes),
        terminal_error: terminal_error(attempt),
        folder: folder(imported, item, attempt),
        at: attempt.end.as_ref().map(|(_, at)| *at).filter(|at| at.as_second() > 0 && !is_unfinished),
    }
}

/// `vllm` of `https://github.com/vllm-project/vllm.git`; the harness cuts `sglang.git` to `sglan`.
pub fn repo(repo: &str) -> String {
    let last = repo.trim_end_matches('/').rsplit('/').next().unwrap_or(repo);
    match last.strip_suffix(".git").unwrap_or(last) {
        "sglan" => "sglang".to_owned(),
        name => name.to_owned(),
    }
}

/// The error of the API that ended its agent, however the attempt is marked.
fn terminal_error(attempt: &Attempt) -> Option<String> {
    match attempt.agent_failure()? {
        StageEnd::Failed { class, why } if is_of_api(*class) => Some(why.clone()),
        _ => None,
    }
}

const fn is_of_api(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::ApiAuth
            | FailureClass::ApiQuota
            | FailureClass::ApiRateLimit
            | FailureClass::ApiProtocol
            | FailureClass::ApiDown
            | FailureClass::ContextOverflow
    )
}

/// The harness's folder of the item, or ours of the attempt.
fn folder(imported: &Imported, item: &Item, attempt: &Attempt) -> PathBuf {
    match &attempt.journal {
        Some(journal) if !journal.folder.is_empty() => PathBuf::from(&journal.folder),
        _ => RunFolder::at(imported.path.clone()).attempt(&AttemptId { item: item.id.clone(), n: attempt.n }),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
const fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "dollars of a run")]
const fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}
