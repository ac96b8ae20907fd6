//! What the agent did: from its trajectory, from what it printed, and from how the journal says that it ended.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{Files, Read};
use crate::agent::open::{OpenError, Opened, open};
use crate::agent::trae::tally::{Tally, tally};
use crate::agent::{End, Live};
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::bench::first_cause;
use crate::detect::answer_peek;
use crate::domain::{AgentTotals, Cause, EndCause, FailureClass, Remark, Step};
use crate::host::files;
use crate::text::clean;

/// What the agent's files tell.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) totals: AgentTotals,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) duration_ms: Option<u64>,
    pub(super) failure: Option<Cause>,
    pub(super) badges: Vec<Remark>,
}

/// Of what an agent printed, the end is looked through for the error that ended it, in bytes.
const END_OF_PRINTED: u64 = 16 * 1024;

pub(super) fn read(files: &mut Files<'_>, read: &Read) -> Seen {
    let mut seen = Seen::default();
    let end = trajectory(files, read, &mut seen);
    seen.duration_ms = seen.began.zip(seen.ended).and_then(|(began, end)| u64::try_from(end.duration_since(began).as_millis()).ok());
    seen.failure = failure(files, read, end.as_ref());
    seen
}

/// Reads the trajectory, wherever it is, and says how it ended.
fn trajectory(files: &mut Files<'_>, read: &Read, seen: &mut Seen) -> Option<End> {
    let is_live_kept = [CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, "events"].iter().any(|name| files.has(name));
    if !is_live_kept && let Some(bytes) = files.bytes(TRAJECTORY) {
        // TRAE's are most of all bytes: they are not opened but counted
        if let Some(tally) = tally(bytes, &read.human) {
            return Some(of_tally(tally, read, seen));
        }
    }
    let path = source(files)?;
    match open(&path) {
        Ok(runs) => runs.into_iter().next().map(|run| of_opened(run, read, seen)),
        Err(OpenError::NoTrajectory(_) | OpenError::Unknown(..) | OpenError::TraeLog(_)) => None,
        // an empty one is that of an agent that wrote nothing
        Err(OpenError::Empty(_)) => None,
        Err(error) => {
            let says = error.to_string();
            let says = says.split_once(": ").map_or(says.as_str(), |(_, says)| says).to_owned();
            files.problem(path, says);
            None
        }
    }
}

/// The file or folder to be opened, where there is any.
fn source(files: &Files<'_>) -> Option<PathBuf> {
    let is_kept = |name: &&str| files.has(name) || files.has(&format!("{name}.gz"));
    if [CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, "events", TRAJECTORY].iter().any(is_kept) {
        return Some(files.item.path.clone());
    }
    // what an agent prints is a trajectory of some, and a result of Claude Code; TRAE's boxes are none
    let is_printed = |name: &&String| name.trim_end_matches(".gz").ends_with("_stdout.txt") || *name == "claude_code_stdout.json";
    let printed = files.item.holds.iter().find(|name| is_printed(name) && !name.starts_with("trae_"))?;
    Some(files.path(printed))
}

fn of_tally(tally: Tally, read: &Read, seen: &mut Seen) -> End {
    seen.totals = tally.totals;
    (seen.began, seen.ended) = (tally.started_at, tally.last_at);
    seen.badges = answer_peek::look(&read.human, &tally.asking);
    end(tally.state)
}

fn of_opened(run: Opened, read: &Read, seen: &mut Seen) -> End {
    seen.totals = run.totals;
    (seen.began, seen.ended) = (run.started_at, run.last_at);
    let asking: Vec<Step> = run.steps;
    seen.badges = answer_peek::look(&read.human, &asking);
    end(run.state)
}

/// A file that does not say how it ended is that of an agent that was killed.
fn end(state: Live) -> End {
    match state {
        Live::Ended(end) => end,
        Live::WaitingForModel | Live::ToolsRunning => End::Unexplained,
    }
}

/// Why the agent failed: the error that ended it, else what it printed, else how its process ended.
fn failure(files: &Files<'_>, read: &Read, end: Option<&End>) -> Option<Cause> {
    let said = |says: &str, or: FailureClass| {
        let found = first_cause(says);
        let class = found.as_ref().map_or(or, |cause| cause.class);
        Cause { class, evidence: clean::first_line(says) }
    };
    if let Some(End::StepError(says)) = end {
        return Some(said(says, FailureClass::AgentCrashed));
    }
    let is_well = read.said.status == "success" || read.said.status == "unfinished";
    if let Some(error) = &read.said.error {
        let class = if error.starts_with("TimeoutExpired") { FailureClass::TimeoutAgent } else { FailureClass::AgentCrashed };
        return Some(said(error, class));
    }
    if read.said.status == "max_steps_exceeded" || matches!(end, Some(End::MaxSteps | End::OwnBudget(_))) {
        return Some(Cause { class: FailureClass::AgentBudget, evidence: "it ran out of steps".to_owned() });
    }
    if let Some(End::Failed(says)) = end {
        return (!is_well).then(|| said(says, FailureClass::AgentCrashed));
    }
    match &read.cause {
        Some(EndCause::Deadline) => Some(Cause { class: FailureClass::AgentBudget, evidence: "its time was over".to_owned() }),
        Some(EndCause::Exited { code: 0 }) | None => None,
        Some(cause) => printed(files).or_else(|| {
            let class = if matches!(cause, EndCause::Signalled { .. }) { FailureClass::Killed } else { FailureClass::AgentCrashed };
            Some(Cause { class, evidence: cause.words() })
        }),
    }
}

/// The error with which what the agent printed ends.
fn printed(files: &Files<'_>) -> Option<Cause> {
    let is_printed = |name: &&String| name.ends_with("_stderr.txt") || name.ends_with("_stdout.txt");
    let mut names: Vec<&String> = files.item.holds.iter().filter(is_printed).collect();
    names.sort_by_key(|name| !name.ends_with("_stderr.txt"));
    names.into_iter().find_map(|name| first_cause(&files::tail(&files.path(name), END_OF_PRINTED).ok()?))
}
