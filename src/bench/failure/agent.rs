//! The cause of an agent's failure: what its API answered last, what the harness's journal says, what it printed.

use super::line::lines;
use super::result::last_line;
use super::table::Of;
use super::{Search, classify};
use crate::domain::{Cause, FailureClass};
use crate::text::{clean, count};

/// What an agent printed: the end of it is enough, the beginning is its prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The end of stdout.
    pub out: String,
    /// The end of stderr.
    pub err: String,
}

/// How an agent ended, by the files of its item. `None` is what no file says.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgentEnd<'a> {
    /// `status` of the journal.
    pub status: &'a str,
    /// The error of the trajectory's last step, or what the trajectory gives as its failure.
    pub terminal: Option<&'a str>,
    /// Whether the agent's own steps ran out.
    pub is_out_of_steps: bool,
    /// What the agent said at last.
    pub final_result: Option<&'a str>,
    /// `error` of the journal: the harness's own exception.
    pub error: Option<&'a str>,
    /// The class of that exception.
    pub error_type: Option<&'a str>,
    /// The agent's return code; negative for a signal.
    pub returncode: Option<i64>,
    /// Seconds that it took.
    pub duration_s: Option<f64>,
    /// Minutes that it had.
    pub budget_min: Option<f64>,
    /// Files changed, as the journal counts them.
    pub changed_files: Option<u64>,
    /// Files changed outside of the targets, as the journal counts them.
    pub violations: Option<u64>,
    /// Size of the patch that lies there.
    pub patch_bytes: Option<u64>,
}

/// The cause of an item that is no success; `None` for one whose status is `success`. `printed` is asked only where the
/// other files do not say it.
pub fn of_agent(end: &AgentEnd<'_>, printed: impl FnOnce() -> Printed) -> Option<Cause> {
    if end.status == "success" {
        return None;
    }
    let cause = |class, evidence: &str| Cause { class, evidence: clean::line(evidence) };
    if end.error_type == Some("TimeoutExpired") {
        let says = format!("its time budget ran out, and it did not end when it was told to: {}", end.error.unwrap_or_default());
        return Some(cause(FailureClass::TimeoutAgent, &says));
    }
    if let (true, Some(minutes)) = (is_out_of_time(end), end.budget_min) {
        return Some(cause(FailureClass::AgentBudget, &format!("its time budget ran out: {minutes} min (time_budget_minutes)")));
    }
    if let Some(says) = end.terminal.filter(|says| !says.trim().is_empty()) {
        let (class, line) = classify(says).unwrap_or((FailureClass::AgentCrashed, first_line(says)));
        return Some(cause(class, line));
    }
    let over_steps = |says: &&str| says.to_ascii_lowercase().contains("exceeded maximum steps");
    if let Some(says) = end.final_result.filter(over_steps) {
        return Some(cause(FailureClass::AgentBudget, first_line(says)));
    }
    if end.is_out_of_steps || end.status == "max_steps_exceeded" {
        return Some(cause(FailureClass::AgentBudget, "the agent's own step limit ran out"));
    }
    if let Some(says) = end.error.filter(|says| !says.trim().is_empty()) {
        return Some(cause(of_exception(end.error_type, says), &format!("{}: {}", end.error_type.unwrap_or("error"), first_line(says))));
    }
    match end.returncode {
        Some(0) => Some(of_a_good_end(end)),
        Some(code) => Some(of_a_bad_end(code, end, &printed())),
        None => {
            let says = if end.status.is_empty() { "its journal has no status" } else { "its journal says no more than that it failed" };
            Some(cause(FailureClass::Unknown, says))
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// An agent that ends when it is told to leaves a return code and no word why.
fn is_out_of_time(end: &AgentEnd<'_>) -> bool {
    let (Some(minutes), Some(seconds)) = (end.budget_min, end.duration_s) else { return false };
    end.returncode.is_some_and(|code| code < 0) && minutes > 0.0 && seconds >= minutes * 60.0
}

/// The harness itself failed, before, during or after its agent.
fn of_exception(kind: Option<&str>, says: &str) -> FailureClass {
    let known = classify(says).map(|(class, _)| class);
    let by_kind = match kind {
        Some("FileNotFoundError" | "PermissionError") => FailureClass::AgentNotFound,
        Some("CalledProcessError") if says.contains("git") => FailureClass::GitError,
        _ => FailureClass::AgentCrashed,
    };
    known.unwrap_or(by_kind)
}

/// It ended with 0, and the harness calls it a failure.
fn of_a_good_end(end: &AgentEnd<'_>) -> Cause {
    let patch = end.patch_bytes.unwrap_or_default();
    let (class, evidence) = match (end.violations, end.changed_files) {
        (Some(outside @ 1..), changed) if changed != Some(0) => (
            FailureClass::OutsideTargets,
            format!(
                "{} outside of the task's target_files (strict_targets)",
                count(usize::try_from(outside).unwrap_or(usize::MAX), "file")
            ),
        ),
        (_, Some(0)) if patch > 0 => (
            FailureClass::Uncommitted,
            format!("the agent ended well and committed nothing: ISO-Bench found no file changes, and a patch of {patch} bytes lies there"),
        ),
        (_, Some(0) | None) if patch == 0 => {
            (FailureClass::EmptyPatch, "the agent ended well, and ISO-Bench found no file changes".to_owned())
        }
        _ => (FailureClass::Unknown, "the agent ended well, and its journal calls it an error without a word why".to_owned()),
    };
    Cause { class, evidence }
}

/// It ended with a code or by a signal.
fn of_a_bad_end(code: i64, end: &AgentEnd<'_>, printed: &Printed) -> Cause {
    let after = end.duration_s.map(|seconds| format!(" after {seconds:.0} s")).unwrap_or_default();
    // Python gives signals as negative codes, a shell as 128 and more
    let signal = match code {
        -64..0 => Some(-code),
        129..=192 => Some(code - 128),
        _ => None,
    };
    if let Some(signal @ (1 | 2 | 9 | 15)) = signal {
        return Cause { class: FailureClass::Killed, evidence: format!("return code {code}: killed by signal {signal}{after}") };
    }
    // what it overcame stands above what it died of
    let known = [&printed.err, &printed.out].into_iter().find_map(|text| Search::of(text, Of::Agent).last);
    if let Some(found) = known {
        return found.cause();
    }
    let exception = |text: &'_ str| lines(text).filter(super::line::Line::is_exception).last().map(|line| line.whole.to_owned());
    let words = [&printed.err, &printed.out].into_iter().find_map(|text| exception(text).or_else(|| last_line(text).map(str::to_owned)));
    let evidence = match words {
        Some(words) => format!("return code {code}{after}: {words}"),
        None => format!("return code {code}{after}, and not a word"),
    };
    Cause { class: FailureClass::AgentCrashed, evidence: clean::line(&evidence) }
}
