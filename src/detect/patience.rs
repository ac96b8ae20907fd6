//! What may be done again and again for a good reason: to look at a job that runs in the background, to run once more what
//! passes, to try again what failed on the way.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::Value;

use super::call::{Act, Called};
use super::look::Look;
use super::shell::{Part, runs_in_background};

/// Between two equal looks, each that far behind the one before, somebody waits.
const PAUSE: SignedDuration = SignedDuration::from_secs(20);

/// Files of jobs that are remembered.
const FILES: usize = 16;

/// An answer that says that something is still at work is short, or says it at its end.
const END: usize = 1000;

/// How long a run may do the same before it is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Patience {
    /// It sees the same, and nothing explains why it looks again.
    #[default]
    None,
    /// The network or a server was not there: that goes away by itself, at times.
    Transient,
    /// It waits, or runs once more what passes: the same answer is what is to be expected.
    Waiting,
}

/// What was started in this run and may still be at work.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    has_started: bool,
    /// Where their output goes.
    files: Vec<String>,
    /// The last look, and when it was.
    last: Option<(u64, Timestamp)>,
}

impl Jobs {
    /// Marks those calls of a step that wait for a job.
    pub(super) fn mark(&mut self, look: &mut Look<'_>) {
        let print = look.calls.first().map(|call| call.asked);
        let paused = match (self.last, print, look.step.at) {
            (Some((known, before)), Some(print), Some(at)) => known == print && at.duration_since(before) >= PAUSE,
            _ => false,
        };
        self.last = print.zip(look.step.at);
        for call in &mut look.calls {
            if (self.has_started || paused) && self.is_look(call) {
                call.waits = true;
            }
            if starts_job(call) {
                self.has_started = true;
                let free = FILES.saturating_sub(self.files.len());
                self.files.extend(call.parts.iter().flat_map(|part| &part.into).take(free).cloned());
            }
        }
    }

    /// Whether it only looks how far something is.
    fn is_look(&self, call: &Called<'_>) -> bool {
        if !call.is_shell() {
            return call.act == Act::View && self.is_log(&call.target);
        }
        let is_small =
            |part: &Part| part.is_piped || matches!(part.program(), "echo" | "printf" | "date" | "true" | "cd" | "export" | "set");
        let writes = call.parts.iter().any(|part| !part.into.is_empty());
        !writes && call.parts.iter().any(|part| self.looks(part)) && call.parts.iter().all(|part| is_small(part) || self.looks(part))
    }

    fn looks(&self, part: &Part) -> bool {
        let first = part.operands().next().unwrap_or_default();
        match part.program() {
            "tail" | "cat" | "head" | "grep" | "less" => part.operands().any(|word| self.is_log(word)),
            "ps" | "pgrep" | "pidof" | "jobs" | "nvidia-smi" | "rocm-smi" | "gpustat" | "squeue" | "sacct" | "qstat" | "lsof" | "ss"
            | "netstat" | "top" | "uptime" | "free" | "nproc" => true,
            "docker" | "podman" => matches!(first, "ps" | "logs" | "inspect" | "stats" | "top"),
            "kubectl" => matches!(first, "get" | "logs" | "describe"),
            "tmux" => first == "capture-pane",
            "kill" => part.rest().any(|word| word == "-0"),
            "curl" | "wget" | "nc" | "http" => part.rest().any(is_near),
            "ls" | "stat" | "wc" | "du" | "test" | "[" => part.operands().filter(|word| word.contains(['.', '/'])).count() == 1,
            _ => false,
        }
    }

    fn is_log(&self, word: &str) -> bool {
        let name = word.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        matches!(ending, "log" | "out" | "err" | "pid") || name.starts_with("log") || self.files.iter().any(|file| file == word)
    }
}

/// What may be expected of a step that does the same as the one before.
pub(super) fn of(look: &Look<'_>) -> Patience {
    let of_call = |call: &Called<'_>| match call {
        _ if call.waits || passes(call) => Patience::Waiting,
        _ if is_transient(call) => Patience::Transient,
        _ => Patience::None,
    };
    look.calls.iter().map(of_call).min().unwrap_or_default()
}

/// Whether an address is one of this machine, or asks whether a server is up.
fn is_near(word: &str) -> bool {
    ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "/health", "/ready", "/ping", "/v1/models"].iter().any(|name| word.contains(name))
}

/// Whether it leaves something behind that goes on by itself.
fn starts_job(call: &Called<'_>) -> bool {
    let is_asked = ["run_in_background", "background", "is_background"].iter().any(|name| call.args.get(name) == Some(&Value::Bool(true)));
    let is_detached = |part: &Part| {
        let has = |flags: &[&str]| part.rest().any(|word| flags.contains(&word));
        match part.program() {
            "sbatch" | "setsid" | "disown" | "qsub" => true,
            "docker" | "podman" | "docker-compose" => has(&["-d", "--detach"]) || part.rest().any(|word| word == "-dit" || word == "-itd"),
            "tmux" => has(&["new", "new-session", "new-window", "send-keys"]),
            "screen" => part.rest().any(|word| word.starts_with("-d")),
            "systemctl" | "service" => has(&["start", "restart"]),
            _ => false,
        }
    };
    is_asked || call.is_shell() && (runs_in_background(&call.command) || call.parts.iter().any(is_detached)) || goes_on(call.answer())
}

/// Whether an answer says that what was started is not over.
pub(super) fn goes_on(answer: &str) -> bool {
    let from = (0..=answer.len().saturating_sub(END)).rev().find(|at| answer.is_char_boundary(*at)).unwrap_or_default();
    let end = answer.get(from..).unwrap_or_default();
    [
        "The command has no new output after",
        "is still running",
        "running in background",
        "running in the background",
        "Process running with session",
    ]
    .iter()
    .any(|words| end.contains(words))
}

/// What a test or a measurement says that failed, whatever its shell says.
static FAILS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?im)traceback \(most recent|\b[1-9]\d* (?:tests? )?(?:failed|errors?|failures?)\b|^FAILED|^FAIL\b|^E  |\w*(?:Error|Exception)\b:|^(?:error|fatal)\b|command not found|no such file|panicked at|core dumped|^killed|^aborted|timed out|no tests ran",
    )
    .ok()
});

/// Whether it is a test or a measurement that went well: it is run again to see whether it does so each time.
fn passes(call: &Called<'_>) -> bool {
    let text = call.answer();
    call.worked()
        && call.act == Act::Run
        && call.parts.iter().any(is_check)
        && !text.trim().is_empty()
        && FAILS.as_ref().is_some_and(|fails| !fails.is_match(text))
}

/// Whether it tests or measures.
fn is_check(part: &Part) -> bool {
    const NAMES: [&str; 6] = ["test", "bench", "perf", "timeit", "profile", "latency"];
    let says = |word: &str| !word.contains(char::is_whitespace) && NAMES.iter().any(|name| word.contains(name));
    let program = part.program();
    let runs = matches!(
        program,
        "cargo"
            | "go"
            | "npm"
            | "yarn"
            | "pnpm"
            | "npx"
            | "make"
            | "bash"
            | "sh"
            | "uv"
            | "poetry"
            | "torchrun"
            | "vllm"
            | "tox"
            | "nox"
            | "hyperfine"
    ) || program.starts_with("python");
    says(program) || runs && part.rest().any(says)
}

/// What a network or a server says that is not there just now.
static TRANSIENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)read ?time(?:d ?)?out|connect ?timeout|connection (?:timed out|reset|aborted|broken|was reset)|timeout was reached|operation timed out|could not resolve host|temporary failure in name resolution|temporary failure resolving|too many requests|rate.?limit(?:ed| exceeded)|(?:http|status|code|error)\S* ?:?(?:429|502|503|504)\b|\b(?:429|502|503|504) (?:client|server|too|service|bad|gateway)|service unavailable|bad gateway|gateway time-?out|\bretrying\b|etimedout|econnreset|remote end closed connection|early eof|rpc failed|ssl_error_syscall",
    )
    .ok()
});

/// Whether it failed on the way, which goes away by itself at times.
fn is_transient(call: &Called<'_>) -> bool {
    let text = call.answer();
    let may = call.failed() && !matches!(call.act, Act::Edit | Act::Search)
        || call.is_shell() && matches!(call.act, Act::Run | Act::Git) && text.len() <= 2 * END;
    may && text.len() <= 16 * END && TRANSIENT.as_ref().is_some_and(|words| words.is_match(text))
}
