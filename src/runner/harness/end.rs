//! How an item ended that ISO-Bench itself ran: its journal says it; without one, its last words do.

use std::fs;

use serde_json::{Value, json};

use super::watch::is_there;
use crate::agent::{End, Live};
use crate::artifact::ArtifactError;
use crate::artifact::document::Document;
use crate::artifact::journal::{self, AgentBlock, Journal};
use crate::artifact::printed;
use crate::bench::{AgentEnd, Printed, classify, of_agent};
use crate::domain::{Answer, CheckDetail, ChildEnd, EndCause, FailureClass, Rung, RungAnswer, Stage, StageEnd, is_same_commit};
use crate::host::files;
use crate::runner::conclude::{Case, OUTPUT_TAIL, clip, plain, with_sentences};
use crate::runner::create::digest;
use crate::text::duration::short;
use crate::watch::log::{marker, prepare_error};

/// In the folder of the stage `worktree`: the edits that were found in a worktree and that nobody had kept.
pub const LEFT: &str = "left_behind.diff";

/// How the stage ended.
pub fn judge(case: &Case<'_>, child: &ChildEnd, live: &Live) -> StageEnd {
    let journal = match &child.cause {
        // whoever stopped it said why
        EndCause::Stopped => return plain(case, child, FailureClass::AgentCrashed),
        EndCause::NotStarted { error } => return failed(case, FailureClass::AgentNotFound, &format!("{error} (harness.python)")),
        _ => journal_of(case),
    };
    match (journal, &child.cause) {
        (Some(Ok(journal)), _) => by_journal(case, &journal, live),
        (Some(Err(error)), _) => failed(case, FailureClass::Unknown, &format!("its journal can't be read: {error}")),
        (None, EndCause::Exited { code }) => by_last_words(case, *code),
        (None, EndCause::Deadline) => {
            let budget = short(case.job.budget_ms(Stage::Agent).unwrap_or_default());
            failed(case, FailureClass::AgentBudget, &format!("ISO-Bench did not end within {budget}, its time budget and ten minutes more"))
        }
        (None, _) => plain(case, child, FailureClass::AgentCrashed),
    }
}

/// The journal in the item's folder, if there is one.
fn journal_of(case: &Case<'_>) -> Option<Result<Document<Journal>, ArtifactError>> {
    let path = case.job.item_folder(case.run, &case.item.id).path.join(Journal::FILE);
    is_there(&path).then(|| Journal::read(&path))
}

/// What in a journal shows that it is not of this item; ISO-Bench names both commits in every journal.
fn not_this_items(case: &Case<'_>, journal: &Journal) -> Option<String> {
    let (task, item) = (&case.job.task_id, case.item);
    let differs = |field: &str, theirs: &str, ours: &str| {
        let theirs = if theirs.is_empty() { "missing".to_owned() } else { format!("'{}'", clip(theirs)) };
        Some(format!("its journal is not of this item: {field} is {theirs} there, and '{ours}' was asked for"))
    };
    if !journal.task_id.is_empty() && journal.task_id != *task {
        differs("task_id", &journal.task_id, task)
    } else if !is_same_commit(&journal.commits.human, &item.human) {
        differs("commits.human", &journal.commits.human, &item.human)
    } else if !journal.commits.pre.is_empty() && !is_same_commit(&journal.commits.pre, &item.parent) {
        differs("commits.pre", &journal.commits.pre, &item.parent)
    } else {
        None
    }
}

/// How the agent itself ended: the process that we started is `prepare`, which ends well whatever its agent does.
pub fn exited(case: &Case<'_>, child: &ChildEnd) -> RungAnswer {
    let says = |answer, evidence: String| RungAnswer { rung: Rung::Exited, answer, evidence };
    let of_this_item = |journal: &Document<Journal>| not_this_items(case, journal).is_none();
    let Some(journal) = journal_of(case).and_then(Result::ok).filter(of_this_item) else {
        return match &child.cause {
            EndCause::Exited { .. } => says(Answer::Unchecked, "ISO-Bench left no journal".to_owned()),
            cause => says(Answer::No, cause.words()),
        };
    };
    let agent = journal.agent.clone().unwrap_or_default();
    if journal.error_type.as_deref() == Some("TimeoutExpired") || is_out_of_time(&agent) {
        return says(Answer::No, "timed out (ISO-Bench's journal)".to_owned());
    }
    match agent.returncode {
        // it writes 0 then, whatever the agent returned
        Some(0) if journal.status == "max_steps_exceeded" => {
            says(Answer::No, "its own step limit ran out (ISO-Bench's journal)".to_owned())
        }
        Some(code) => says(if code == 0 { Answer::Yes } else { Answer::No }, format!("return code {code} (ISO-Bench's journal)")),
        None => says(Answer::Unchecked, "ISO-Bench's journal has no return code".to_owned()),
    }
}

fn failed(case: &Case<'_>, class: FailureClass, why: &str) -> StageEnd {
    StageEnd::Failed { class, why: case.masker.line(why) }
}

fn by_journal(case: &Case<'_>, journal: &Journal, live: &Live) -> StageEnd {
    if let Some(why) = not_this_items(case, journal) {
        return failed(case, FailureClass::AgentCrashed, &why);
    }
    match journal.status.as_str() {
        "success" => StageEnd::Done,
        "max_steps_exceeded" => failed(case, FailureClass::AgentBudget, "the agent's own step limit ran out (status max_steps_exceeded)"),
        "error" => by_error(case, journal, live),
        other => failed(case, FailureClass::Unknown, &format!("its journal has the status '{}'", clip(other))),
    }
}

/// ISO-Bench rarely says why: what its journal has, what the agent's trajectory ends with, what the agent printed.
fn by_error(case: &Case<'_>, journal: &Journal, live: &Live) -> StageEnd {
    let agent = journal.agent.clone().unwrap_or_default();
    let metrics = journal.metrics.clone().unwrap_or_default();
    let folder = case.job.item_folder(case.run, &case.item.id);
    let terminal = match live {
        Live::Ended(End::StepError(text) | End::Failed(text) | End::Stopped(text)) => Some(text.as_str()),
        _ => None,
    };
    let end = AgentEnd {
        status: &journal.status,
        terminal,
        is_out_of_steps: matches!(live, Live::Ended(End::MaxSteps)),
        final_result: None,
        error: journal.error.as_deref(),
        error_type: journal.error_type.as_deref(),
        returncode: agent.returncode,
        duration_s: agent.duration_s,
        budget_min: agent.time_budget_minutes,
        changed_files: metrics.changed_files_count,
        violations: metrics.violations_count,
        patch_bytes: fs::metadata(folder.patch()).ok().map(|there| there.len()),
    };
    let printed = || {
        let (out, err) = printed(&folder.path, case.job.config.agent.kind.name());
        Printed { out, err }
    };
    let Some(cause) = of_agent(&end, printed) else { return StageEnd::Done };
    failed(case, cause.class, &clip(&cause.evidence))
}

/// An agent that ends when it is told to leaves a return code and no word why.
fn is_out_of_time(agent: &AgentBlock) -> bool {
    let (Some(minutes), Some(seconds)) = (agent.time_budget_minutes, agent.duration_s) else { return false };
    agent.returncode.is_some_and(|code| code < 0) && minutes > 0.0 && seconds >= minutes * 60.0
}

/// `prepare` ended without a journal.
fn by_last_words(case: &Case<'_>, code: i32) -> StageEnd {
    let folder = case.job.folder.stage(case.attempt, Stage::Agent);
    let read = |name: &str| files::tail(&folder.join(name), OUTPUT_TAIL).unwrap_or_default();
    let (out, err) = (read("out"), read("err"));
    if code == 0 && err.lines().filter_map(marker).any(|says| says.starts_with("skipped")) {
        return StageEnd::Done;
    }
    if let Some(error) = prepare_error(&out).or_else(|| prepare_error(&err)) {
        let says = |hint: &str| format!("ISO-Bench stopped before the agent: {}{hint}", clip(error));
        let low = error.to_lowercase();
        return if low.contains("[errno 21]") {
            failed(case, FailureClass::GitError, &says(" (a worktree of an older run was in its way; a new attempt removes it)"))
        } else if let Some((class, _)) = classify(error) {
            failed(case, class, &says(""))
        } else if low.contains("'git'") || low.contains(".git") {
            let gits =
                err.lines().rev().find(|line| line.starts_with("fatal:")).map(|line| format!(": {}", clip(line))).unwrap_or_default();
            failed(case, FailureClass::GitError, &says(&gits))
        } else {
            failed(case, FailureClass::Unknown, &says(""))
        };
    }
    let last = err.lines().rev().find(|line| !line.trim().is_empty()).map(|line| format!(": {}", clip(line))).unwrap_or_default();
    if last.contains("No module named") {
        return failed(case, FailureClass::AgentNotFound, &format!("harness.python lacks ISO-Bench's packages{last}"));
    }
    failed(case, FailureClass::Unknown, &format!("ISO-Bench ended with exit {code} and without a journal{last}"))
}

/// Puts what we found into the item's journal, under our own key; everything else of the harness's files stays.
pub fn keep_findings(case: &Case<'_>, detail: &CheckDetail) -> Result<(), ArtifactError> {
    let folder = case.job.item_folder(case.run, &case.item.id);
    let path = folder.path.join(Journal::FILE);
    let ran = case.item.last_attempt().and_then(|last| last.outcome(Stage::Agent)).is_some_and(|agent| agent.child.is_some());
    match journal_of(case).filter(|_| ran) {
        Some(Ok(journal)) if not_this_items(case, &journal).is_none() => journal::add_ours(&path, ours(case, detail)),
        // no journal, one that nobody can read or of another item: the harness left none, and we make none up
        _ => Ok(()),
    }
}

fn ours(case: &Case<'_>, detail: &CheckDetail) -> Value {
    let last = case.item.last_attempt();
    let ours = json!({
        "run": case.job.folder.run_id().0,
        "attempt": case.attempt.n,
        "agent_end": last.and_then(|last| last.outcome(Stage::Agent)).map(|outcome| &outcome.end),
        "rungs": detail.rungs,
        "patch_digest": detail.patch_digest,
        "prompt": last.and_then(|last| last.asked.as_ref()).map(|asked| json!({"source": asked.source, "digest": asked.digest})),
    });
    with_sentences(ours, case.item)
}

/// What lay in the worktree that had to make way is kept as a diff, unless it was nothing, or an attempt of ours has
/// it already.
pub fn keep_edits(case: &Case<'_>) {
    let found = case.job.folder.stage(case.attempt, Stage::Worktree).join(LEFT);
    let Ok(bytes) = fs::read(&found) else { return };
    let digest = digest(&bytes);
    let checks = case.item.attempts.iter().filter_map(|attempt| attempt.check());
    let is_known = bytes.is_empty() || checks.map(|check| &check.patch_digest).any(|known| *known == digest);
    if is_known && let Err(error) = fs::remove_file(&found) {
        tracing::warn!("can't remove {}: {error}", found.display());
    }
}
