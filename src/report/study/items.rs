//! Attempts as rows.

use std::path::PathBuf;

use super::ItemRow;
use crate::domain::rung::reached;
use crate::domain::{AttemptId, FailureClass, Stage, StageEnd, Usage};
use crate::import::{Imported, Origin};
use crate::ledger::RunFolder;
use crate::measured::joined;
use crate::measured::tried::{failure, status, tries};
use crate::model::{Attempt, Energy, Item};

/// What the agents of a run tried; nothing for a folder of results, which has arms alone. Whatever goes on with the work of one
/// agent is one row.
pub(super) fn of(imported: &Imported) -> impl Iterator<Item = ItemRow> + '_ {
    items(imported).iter().flat_map(|item| tries(item).filter_map(|attempts| row(imported, item, attempts)))
}

/// Every attempt of a run as a row of its own.
pub(super) fn each(imported: &Imported) -> impl Iterator<Item = ItemRow> + '_ {
    let rows = |item: &'_ Item| item.attempts.chunks(1).filter_map(|attempt| row(imported, item, attempt)).collect::<Vec<_>>();
    items(imported).iter().flat_map(rows)
}

fn items(imported: &Imported) -> &[Item] {
    if imported.origin == Origin::Results { &[] } else { &imported.run.items }
}

/// Of the attempts that are one try of an agent: what the newest came to, and what all of them used.
fn row(imported: &Imported, item: &Item, attempts: &[Attempt]) -> Option<ItemRow> {
    let newest = attempts.last()?;
    let journal = attempts.iter().rev().find_map(|attempt| attempt.journal.as_ref());
    // the journal is of the attempt whose agent worked
    let attempt = &Attempt { journal: journal.cloned(), ..newest.clone() };
    // the agent of an attempt that began later in the pipeline worked, and was paid, in an earlier one
    let own = || attempts.iter().filter(|attempt| attempt.stage(Stage::Agent).is_some_and(|record| record.ran_in == attempt.n));
    let totals = || own().filter_map(Attempt::totals);
    let mut used = Usage::default();
    totals().for_each(|totals| used += totals.usage);
    let usage = Some(used).filter(|usage| usage.total() > 0);
    let took: u64 = own().filter_map(|attempt| attempt.outcome(Stage::Agent)).map(|outcome| outcome.duration_ms).sum();
    let cost = totals().filter_map(|totals| totals.cost_micro_usd).reduce(u64::saturating_add);
    let rungs = joined(&attempt.rungs(), &[]);
    let status = status(attempt);
    // no journal, no moment of its own
    let is_unfinished = status == "unfinished";
    Some(ItemRow {
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
        steps: totals().next_back().and_then(|totals| totals.steps),
        input_tokens: usage.map(|usage| usage.input),
        output_tokens: usage.map(|usage| usage.output),
        duration_s: Some(took).filter(|ms| *ms > 0).map(seconds),
        cost_usd: cost.map(dollars),
        energy: Energy::sum(attempts.iter().filter_map(Attempt::energy)),
        patch_bytes: attempt.check().and_then(|check| check.patch_bytes),
        terminal_error: terminal_error(attempt),
        folder: folder(imported, item, newest),
        at: attempt.end.as_ref().map(|(_, at)| *at).filter(|at| at.as_second() > 0 && !is_unfinished),
    })
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

/// The folder that the row of an attempt names: that of the newest one of its try.
pub(super) fn place(imported: &Imported, item: &Item, attempt: &Attempt) -> Option<PathBuf> {
    let of = tries(item).find(|attempts| attempts.iter().any(|one| one.n == attempt.n))?;
    Some(folder(imported, item, of.last()?))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
const fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "dollars of a run")]
const fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}
