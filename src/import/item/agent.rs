//! What the agent did: from its trajectory, from what it printed, and from how the journal says that it ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Files, Read};
use crate::agent::open::{self, OpenError, Opened};
use crate::agent::trae::tally::{Tally, tally};
use crate::agent::{End, Live};
use crate::artifact::Journal;
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::bench::{AgentEnd, Printed, first_cause, of_agent};
use crate::detect::answer_peek::{self, Looking};
use crate::domain::{AgentTotals, Cause, FailureClass, Remark};
use crate::host::files;
use crate::text::clean;

/// What the agent's files tell.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) totals: AgentTotals,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) duration_ms: Option<u64>,
    /// How it ended by its own word.
    pub(super) end: Option<End>,
    pub(super) badges: Vec<Remark>,
}

/// Of what an agent printed, the end is looked through for the error that ended it, in bytes.
const END_OF_PRINTED: u64 = 16 * 1024;

pub(super) fn read(files: &mut Files<'_>, read: &Read) -> Seen {
    let mut seen = Seen::default();
    seen.end = trajectory(files, read, &mut seen);
    seen.duration_ms = seen.began.zip(seen.ended).and_then(|(began, end)| u64::try_from(end.duration_since(began).as_millis()).ok());
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
    if let Some(paged) = open::large(&path) {
        // it is looked through once, a few steps at a time
        let mut looking = Looking::of(&read.human);
        return match Opened::paged_with(Arc::new(paged), |step| seen.badges.extend(looking.take(step))) {
            Ok(run) => Some(told(run, seen)),
            Err(error) => {
                files.problem(path, &format!("can't be read: {error}"));
                None
            }
        };
    }
    match open::open(&path) {
        Ok(runs) => runs.into_iter().next().map(|run| of_opened(run, read, seen)),
        Err(OpenError::NoTrajectory(_) | OpenError::Unknown(..) | OpenError::TraeLog(_)) => None,
        // an empty one is that of an agent that wrote nothing
        Err(OpenError::Empty(_)) => None,
        Err(error) => {
            let (path, says) = (of_error(&error).unwrap_or(&path).to_owned(), error.to_string());
            let says = says.strip_prefix(&format!("{}: ", clean::path(&path))).unwrap_or(&says);
            files.problem(path, says);
            None
        }
    }
}

/// The file that an error is about.
fn of_error(error: &OpenError) -> Option<&Path> {
    match error {
        OpenError::Io(path, _) | OpenError::TooLarge(path, _) | OpenError::HalfWritten(path) | OpenError::CutOff(path) => Some(path),
        OpenError::Empty(_) | OpenError::TraeLog(_) | OpenError::NoTrajectory(_) | OpenError::Unknown(..) => None,
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
    seen.totals.steps = tally.totals.steps.map(|steps| steps.saturating_add(tally.unfinished));
    (seen.began, seen.ended) = (tally.started_at, tally.last_at);
    seen.badges = answer_peek::look(&read.human, &tally.asking);
    end(tally.state)
}

fn of_opened(run: Opened, read: &Read, seen: &mut Seen) -> End {
    seen.badges = answer_peek::look(&read.human, &run.steps);
    told(run, seen)
}

fn told(run: Opened, seen: &mut Seen) -> End {
    seen.totals = run.all();
    (seen.began, seen.ended) = (run.started_at, run.last_at);
    end(run.state)
}

/// A file that does not say how it ended is that of an agent that was killed.
fn end(state: Live) -> End {
    match state {
        Live::Ended(end) => end,
        Live::WaitingForModel | Live::ToolsRunning => End::Unexplained,
    }
}

/// Why the agent failed, by all files of the item. An agent whose API refused it to the end failed, whatever the journal
/// says.
pub(super) fn failure(files: &Files<'_>, read: &Read, journal: Option<&Journal>, end: Option<&End>) -> Option<Cause> {
    let terminal = match end {
        Some(End::StepError(says)) => Some(says.as_str()),
        Some(End::Failed(says)) if read.said.status != "success" => Some(says.as_str()),
        _ => None,
    };
    if matches!(read.said.status.as_str(), "success" | "unfinished") {
        let says = terminal?;
        return Some(first_cause(says).unwrap_or_else(|| Cause { class: FailureClass::AgentCrashed, evidence: clean::first_line(says) }));
    }
    let block = journal.and_then(|journal| journal.agent.as_ref());
    let metrics = journal.and_then(|journal| journal.metrics.as_ref());
    let told = AgentEnd {
        status: &read.said.status,
        terminal,
        is_out_of_steps: matches!(end, Some(End::MaxSteps | End::OwnBudget(_))),
        final_result: None,
        error: journal.and_then(|journal| journal.error.as_deref()),
        error_type: journal.and_then(|journal| journal.error_type.as_deref()),
        returncode: read.said.returncode,
        duration_s: block.and_then(|block| block.duration_s),
        budget_min: block.and_then(|block| block.time_budget_minutes),
        changed_files: metrics.and_then(|metrics| metrics.changed_files_count),
        violations: metrics.and_then(|metrics| metrics.violations_count),
        patch_bytes: read.check.as_ref().and_then(|(check, _)| check.patch_bytes),
    };
    of_agent(&told, || printed(files))
}

/// The ends of what the agent printed.
fn printed(files: &Files<'_>) -> Printed {
    let end_of = |ending: &str| {
        let name = files.item.holds.iter().find(|name| name.ends_with(ending));
        name.and_then(|name| files::tail(&files.path(name), END_OF_PRINTED).ok()).unwrap_or_default()
    };
    Printed { out: end_of("_stdout.txt"), err: end_of("_stderr.txt") }
}
