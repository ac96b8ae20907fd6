//! D12: a tool or the machine is dead.

use std::sync::LazyLock;

use regex::Regex;

use super::call::{Act, Called};
use super::look::{Look, line};
use super::memory::Trail;
use super::rule::{Now, Rule, Told};
use crate::domain::Detector;

/// Dead answers in a row for note, warn and stuck.
const LEVELS: [u32; 3] = [2, 3, 5];

/// An answer that says that a tool is dead is short; a long one that holds such words shows them, or is of a program at work.
const LONGEST: usize = 2000;

/// What the dead say.
static DEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)has not returned in|must be restarted|not been restarted|broken pipe|cannot connect to the docker daemon|no space left on device|cuda(?: error: | )?out of memory|cuda error: (?:device|unknown|an illegal)|no cuda-capable device|nvml: driver/library|unable to determine the device handle|cannot allocate memory|resource temporarily unavailable|read-only file system|input/output error|too many open files|(?:shell|session|process|terminal|kernel|container|runtime|sandbox) (?:is|has|was)? ?(?:not running|not started|already exited|exited|died|dead|terminated|closed|been closed|disconnected)|no such container|transport (?:is )?closed|disk quota exceeded|tool has died",
    )
    .ok()
});

/// What the machine says that has no more of something, whatever the shell says of it: agents without return codes say that
/// everything worked.
static SPENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)has not returned in|must be restarted|cannot connect to the docker daemon|no space left on device|cuda(?: error: | )?out of memory|cuda error: (?:device|unknown|an illegal)|no cuda-capable device|nvml: driver/library|unable to determine the device handle|cannot allocate memory|resource temporarily unavailable|read-only file system|input/output error|too many open files|disk quota exceeded",
    )
    .ok()
});

/// An answer that does so is no more than a line or two.
const SHORT: usize = 400;

/// What a shell says whose command did not come back in time, in the words of each agent.
static TIMED_OUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)command timed out after|timed out after \d+(?:\.\d+)? ?(?:s|ms|seconds|milliseconds|minutes)\b|timed out and has been killed|is not executed\. the previous command is still running|the command has no new output after|was cancelled because it took more than",
    )
    .ok()
});

/// What a call says of the tool behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Dead,
    /// It did not come back in time.
    TimedOut,
    Lives,
    /// Nothing: it only restarts, goes on waiting, or asks another tool.
    Nothing,
}

/// Dead answers since something worked.
#[derive(Debug, Default)]
pub(super) struct DeadTool {
    count: u32,
    first_step: u32,
    command: String,
    /// The last command that did not come back in time: the same one once more is the fault of the command.
    slow: Option<u64>,
    trail: Trail,
}

impl Rule for DeadTool {
    fn detector(&self) -> Detector {
        Detector::DeadTool
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        for call in &look.calls {
            match sign(call) {
                Sign::TimedOut if self.slow == Some(call.asked) => {}
                found @ (Sign::Dead | Sign::TimedOut) => {
                    self.slow = (found == Sign::TimedOut).then_some(call.asked);
                    if self.count == 0 {
                        self.first_step = look.step.index;
                    }
                    self.count = self.count.saturating_add(1);
                    self.command = line(&call.gist());
                    self.trail.add(look.step.index, line(call.answer()));
                }
                Sign::Lives => *self = Self::default(),
                Sign::Nothing => {}
            }
        }
        Now::at(self.count, LEVELS, self.first_step)
    }

    fn tell(&self) -> Told {
        Told {
            says: format!("a tool or the machine was dead {} times, the last time for: {}", self.count, self.command),
            hint: "Look at the machine (disk, memory, GPU, daemon); TRAE's shell loses 120 s each time: stop it if nothing comes back"
                .to_owned(),
            evidence: self.trail.list(),
        }
    }
}

fn sign(call: &Called<'_>) -> Sign {
    let text = call.answer();
    let is = |words: &LazyLock<Option<Regex>>| words.as_ref().is_some_and(|words| words.is_match(text));
    let is_brief = text.len() <= LONGEST;
    // an empty command, or keys for what runs: the command before goes on
    let continues = call.args.get("is_input").is_some_and(|value| value == true || value == "true")
        || !call.is_shell() && call.args.get("command").is_some_and(|value| value == "");
    if continues {
        return if call.worked() && !is(&TIMED_OUT) { Sign::Lives } else { Sign::Nothing };
    }
    if call.failed() && is_brief && is(&DEAD) {
        return Sign::Dead;
    }
    if call.failed() && is_brief && call.is_shell() && is(&TIMED_OUT) {
        return Sign::TimedOut;
    }
    if call.worked() && call.is_shell() && text.len() <= SHORT && is(&SPENT) {
        // what it looks at may say so of another time
        return if matches!(call.act, Act::View | Act::Search) { Sign::Nothing } else { Sign::Dead };
    }
    if revives(call) { Sign::Lives } else { Sign::Nothing }
}

/// Whether it shows that the tool lives again: a restart does not yet, and other tools say nothing of it.
fn revives(call: &Called<'_>) -> bool {
    let restarts =
        call.args.get("restart").and_then(serde_json::Value::as_bool) == Some(true) || call.answer().contains("has been restarted");
    call.is_shell() && call.act != Act::Finish && call.call.result.is_some() && !restarts
}
