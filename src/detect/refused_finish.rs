//! D1: the agent says that it is done, and the harness refuses.

use std::sync::LazyLock;

use regex::Regex;

use super::call::{Act, Called};
use super::look::{Finish, Look, line};
use super::memory::Trail;
use super::print;
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Level};

/// Refusals for note, warn and stuck. They are 2 to 20 steps apart, so no window bounds them.
const NOTE: u32 = 1;
const WARN: u32 = 2;
const STUCK: u32 = 3;

/// Steps that it gets after the second refusal to do something about it, before that is worth a look: who understands why
/// he was refused changes the source within the next few steps.
const GRACE: u32 = 6;

/// Bytes of an objection that are read.
const LONGEST: usize = 2000;

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
    /// Of an agent that ends by a text: what it was answered, and whether these are what is counted.
    answered: Option<(u64, u32, String)>,
    is_by_text: bool,
    trail: Trail,
}

/// What who refuses says.
static REFUSES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bhook\b|patch is empty|\berror\b|\bfail|reject|refus|\bblocked\b").ok());

/// What who only misses a call says: D3 and D4 count that.
static REMINDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)tool call|function call|use (?:a|the|your) tools?|format|exactly one|it seems that you have not completed").ok()
});

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
            self.answered = None;
            // a person or a hook may say the same of each change, as it should
            if self.is_by_text {
                self.begin_anew();
            }
        }
        if look.is_text() {
            self.take_text(look);
        }
        match look.finish {
            Finish::No => {}
            Finish::Said => {
                self.begin_anew();
            }
            Finish::Refused => {
                self.is_by_text = false;
                self.refused(look.step.index, refusal(look));
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

impl RefusedFinish {
    fn begin_anew(&mut self) {
        *self = Self { committed: self.committed, ..Self::default() };
    }

    fn refused(&mut self, step: u32, refusal: &str) {
        if self.count == 0 {
            self.first_step = step;
        }
        self.count = self.count.saturating_add(1);
        self.unheeded = self.unheeded.saturating_add(1);
        self.since = 0;
        self.is_about_patch = refusal.to_ascii_lowercase().contains("patch");
        self.trail.add(step, line(refusal));
    }

    /// A text ends the turn of some agents: it is refused where it meets the same objection each time.
    fn take_text(&mut self, look: &Look<'_>) {
        let step = look.step.index;
        let Some(said) = look.step.harness.first() else {
            if self.is_by_text {
                self.begin_anew();
            }
            return;
        };
        let is = |words: &LazyLock<Option<Regex>>| words.as_ref().is_some_and(|words| words.is_match(super::cut::start(said, LONGEST)));
        if !is(&REFUSES) || is(&REMINDS) {
            return;
        }
        let words = print::of_words(said);
        match self.answered.take() {
            Some((known, first, text)) if known == words => {
                if self.count == 0 {
                    self.is_by_text = true;
                    self.refused(first, &text);
                }
                self.refused(step, said);
                self.answered = Some((known, first, text));
            }
            _ => self.answered = Some((words, step, line(said))),
        }
    }
}

/// What it was answered.
fn refusal<'a>(look: &'a Look<'_>) -> &'a str {
    let answer = || look.calls.iter().find(|call| call.failed() || call.act == Act::Finish).map(Called::answer);
    look.step.harness.first().map(String::as_str).or_else(answer).unwrap_or_default()
}

fn commits(call: &Called<'_>) -> bool {
    call.worked() && call.parts.iter().any(|part| part.program() == "git" && part.rest().any(|word| word == "commit"))
}
