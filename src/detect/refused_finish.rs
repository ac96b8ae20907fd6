//! D1: the agent says that it is done, and the harness refuses.

use super::call::Called;
use super::look::{Finish, Look, line};
use super::memory::Trail;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};

/// Refusals for note, warn and stuck. They are 2 to 20 steps apart, so no window bounds them.
const NOTE: u32 = 1;
const WARN: u32 = 2;
const STUCK: u32 = 3;

/// Steps that it gets after the second refusal to do something about it, before that is worth a look: who understands why
/// he was refused changes the source within the next few steps.
const GRACE: u32 = 6;

/// Counts refusals until a finish is accepted.
#[derive(Debug, Default)]
pub(super) struct RefusedFinish {
    count: u32,
    first_step: u32,
    /// Refusals since the source last changed, and steps since the last of them.
    unheeded: u32,
    since: u32,
    /// The step of its last commit that worked.
    committed: Option<u32>,
    is_about_patch: bool,
    trail: Trail,
}

impl Rule for RefusedFinish {
    fn detector(&self) -> Detector {
        Detector::RefusedFinish
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        if look.calls.iter().any(commits) {
            self.committed = Some(look.step.index);
        }
        self.since = self.since.saturating_add(1);
        if look.changed_source() {
            self.unheeded = 0;
        }
        match look.finish {
            Finish::No => {}
            Finish::Said => {
                let committed = self.committed;
                *self = Self { committed, ..Self::default() };
            }
            Finish::Refused => {
                if self.count == 0 {
                    self.first_step = look.step.index;
                }
                self.count = self.count.saturating_add(1);
                self.unheeded = self.unheeded.saturating_add(1);
                self.since = 0;
                let refusal = refusal(look);
                self.is_about_patch = refusal.to_ascii_lowercase().contains("patch");
                self.trail.add(look.step.index, line(refusal));
            }
        }
        let level = match self.count {
            STUCK.. => Level::Stuck,
            _ if self.unheeded >= WARN && self.since >= GRACE => Level::Warn,
            NOTE.. => Level::Note,
            _ => Level::None,
        };
        Now { level, first_step: self.first_step, count: self.count, episode: 0 }
    }

    fn tell(&self) -> Told {
        let times = if self.count == 1 { String::new() } else { format!(" {} times", self.count) };
        let says = format!("it said{times} that it was done, and was refused");
        let hint = match (self.is_about_patch, self.committed) {
            (true, Some(step)) => format!(
                "It committed (step {step}), and the harness looks at the uncommitted diff only: `git reset --soft` to the base in its \
                 worktree makes the change visible to it"
            ),
            (true, None) => {
                "The harness finds no change in the worktree: see whether it edited the source at all, or only scratch files".to_owned()
            }
            (false, _) => "Read what it is answered: it does not find out by itself what is missing".to_owned(),
        };
        Told { says, hint, evidence: self.trail.list() }
    }
}

/// What it was answered.
fn refusal<'a>(look: &'a Look<'_>) -> &'a str {
    let answer = || look.calls.iter().find(|call| call.failed()).map(Called::answer);
    look.step.harness.first().map(String::as_str).or_else(answer).unwrap_or_default()
}

fn commits(call: &Called<'_>) -> bool {
    call.worked() && call.parts.iter().any(|part| part.program() == "git" && part.rest().any(|word| word == "commit"))
}
