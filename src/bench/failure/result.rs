//! The cause behind a result file of the benchmark runners. Their own sentence names the last thing that they missed; the
//! cause stands in what the container printed: stdout, and after it stderr, so that Docker's pull comes last though it was
//! first.

use super::line::lines;
use super::table::{Of, Rank};
use super::{Found, Search};
use crate::domain::{Cause, FailureClass};
use crate::text::clean;

/// The cause of a result that is no success; `None` for one that is (`status` is `success`). `error` is the runner's
/// sentence, `raw_output` the end of what was printed.
pub fn of_result(status: &str, error: Option<&str>, raw_output: &str) -> Option<Cause> {
    if status == "success" {
        return None;
    }
    let says = error.unwrap_or_default().trim();
    let printed = Search::of(raw_output, Of::Bench).found;
    let said = Search::of(says, Of::Bench).found;
    let is_cause = |found: &Found<'_>| found.rank == Rank::Cause;
    if let Some(found) = printed.filter(is_cause).or(said.filter(is_cause)) {
        return Some(found.cause());
    }
    if status == "timeout" || is_timeout(says) {
        return Some(timeout_of(says, raw_output));
    }
    let sentence = |class| Cause { class, evidence: clean::line(if says.is_empty() { "an error without a word why" } else { says }) };
    let low = says.to_ascii_lowercase();
    // it was alive, and did not answer: whatever it logged meanwhile was no end
    if low.contains("server startup timeout") {
        return Some(sentence(FailureClass::ServerNeverReady));
    }
    let crashed = |found: Found<'_>| match found.class {
        // the runner knows that it was the server
        FailureClass::ArmCrashed if low.contains("server crashed") => Cause { class: FailureClass::ServerCrashed, ..found.cause() },
        _ => found.cause(),
    };
    match (printed, said) {
        (Some(found), _) if found.rank == Rank::Crash || found.class == FailureClass::ServerNeverReady => Some(crashed(found)),
        // its word is as good as the container's marker, and says more
        (_, Some(found)) if found.class == FailureClass::ServerCrashed => Some(found.cause()),
        (Some(found), _) => Some(found.cause()),
        (None, Some(found)) if found.row.is_some() => Some(found.cause()),
        (None, _) => Some(sentence(FailureClass::Unknown)),
    }
}

/// `Benchmark timed out after 900s`, `Timeout after 900s`, `Benchmark exceeded 900s timeout`.
fn is_timeout(says: &str) -> bool {
    let low = says.to_ascii_lowercase();
    low.contains("timed out after") || low.starts_with("timeout after") || (low.contains("exceeded") && low.contains("timeout"))
}

/// How far a stage came before its time ran out, by what it had printed. `says` is the evidence where nothing was.
pub fn timeout_of(says: &str, printed: &str) -> Cause {
    let mut at = Phase::default();
    for line in printed.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()) {
        at.take(line);
    }
    let (class, line) = match at {
        Phase { benchmark: true, .. } | Phase { ready: true, .. } => (FailureClass::TimeoutBenchmark, None),
        Phase { server: Some(line), .. } => (FailureClass::TimeoutServer, Some(line)),
        Phase { pull: Some(line), other: false, .. } => (FailureClass::TimeoutPull, Some(line)),
        _ => (FailureClass::TimeoutBenchmark, None),
    };
    let evidence = match (says.is_empty(), line) {
        (true, Some(line)) => line.to_owned(),
        (true, None) => "its time ran out".to_owned(),
        (false, Some(line)) => format!("{says}; the last that was printed: {}", crate::text::width::clip(line, 200)),
        (false, None) => says.to_owned(),
    };
    Cause { class, evidence: clean::line(&evidence) }
}

/// What the lines so far show.
#[derive(Debug, Default)]
struct Phase<'a> {
    /// The last line of a pull that has not ended.
    pull: Option<&'a str>,
    /// The last line of a server that has not answered yet.
    server: Option<&'a str>,
    ready: bool,
    benchmark: bool,
    /// Something else was printed: a container was at work.
    other: bool,
}

impl<'a> Phase<'a> {
    fn take(&mut self, line: &'a str) {
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if has(&["SERVER_READY_AFTER", "Server is ready after", "Application startup complete"]) {
            self.ready = true;
        } else if has(&["=== Running", "Serving Benchmark Result", "Starting main benchmark run", "Traffic request rate", "Warming up..."])
        {
            self.benchmark = true;
        } else if has(&["Status: Downloaded newer image", "Status: Image is up to date"]) {
            self.pull = None;
            self.other = true;
        } else if is_pull(line) {
            self.pull = Some(line);
        } else if has(&["=== Starting vLLM server", "vLLM API server version", "Waiting for server"]) || self.server.is_some() {
            self.server = Some(line);
        } else {
            self.other = true;
        }
    }
}

/// A line of `docker pull`, or of the implicit one of `docker run`.
fn is_pull(line: &str) -> bool {
    let of_a_layer =
        ["Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"];
    (line.starts_with("Unable to find image") && line.ends_with("locally"))
        || line.contains(": Pulling from ")
        || line.starts_with("Digest: sha256:")
        || line.split_once(": ").is_some_and(|(id, says)| {
            id.len() == 12
                && id.bytes().all(|byte| byte.is_ascii_hexdigit())
                && (says == "Already exists" || of_a_layer.iter().any(|word| says.starts_with(word)))
        })
}

/// The last line that a text ends with and that may be evidence.
pub(super) fn last_line(text: &str) -> Option<&str> {
    lines(text).last().map(|line| line.whole)
}
