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

/// Dead answers since something worked.
#[derive(Debug, Default)]
pub(super) struct DeadTool {
    count: u32,
    first_step: u32,
    command: String,
    trail: Trail,
}

impl Rule for DeadTool {
    fn detector(&self) -> Detector {
        Detector::DeadTool
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        for call in &look.calls {
            if is_dead(call) {
                if self.count == 0 {
                    self.first_step = look.step.index;
                }
                self.count = self.count.saturating_add(1);
                self.command = line(&call.gist());
                self.trail.add(look.step.index, line(call.answer()));
            } else if revives(call) {
                *self = Self::default();
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

fn is_dead(call: &Called<'_>) -> bool {
    let text = call.answer();
    call.failed() && text.len() <= LONGEST && DEAD.as_ref().is_some_and(|dead| dead.is_match(text))
}

/// Whether it shows that the tool lives again: a restart does not yet, and other tools say nothing of it.
fn revives(call: &Called<'_>) -> bool {
    let restarts =
        call.args.get("restart").and_then(serde_json::Value::as_bool) == Some(true) || call.answer().contains("has been restarted");
    call.is_shell() && call.act != Act::Finish && call.call.result.is_some() && !restarts
}
