//! A finished step as the rules see it: what several of them need is computed once.

use std::cell::OnceCell;

use super::call::Act;
pub(super) use super::call::Called;
use super::print::Print;
use crate::domain::Step;

/// A step.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// The step itself.
    pub(super) step: &'a Step,
    /// Its calls; one that the same answer holds twice, once.
    pub(super) calls: Vec<Called<'a>>,
    /// Fingerprint of its calls and their answers; `None` where it has none, or one has no answer.
    pub(super) print: Option<u64>,
    /// Whether it says that all is done.
    pub(super) finish: Finish,
    gist: OnceCell<String>,
}

/// Whether a step says that all is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// It does not.
    No,
    /// It does, and nobody objects.
    Said,
    /// It does, and the harness or the tool refuses.
    Refused,
}

impl<'a> Look<'a> {
    /// Looks at a step.
    pub(super) fn of(step: &'a Step) -> Self {
        let calls = calls(step);
        let finish = finish(step, &calls);
        let print = print(&calls);
        Self { step, calls, print, finish, gist: OnceCell::new() }
    }

    /// Whether the model answered with text only, and the request did not fail.
    pub(super) fn is_text(&self) -> bool {
        let failed = self.step.error.is_some() || self.step.finish.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("error"));
        self.calls.is_empty() && !failed
    }

    /// Whether it changed the source or its tests, as far as calls and answers tell.
    pub(super) fn changed_source(&self) -> bool {
        self.calls.iter().any(Called::changed_source)
    }

    /// Whether all that it does is to wait for something: then the same answer is no news.
    pub(super) fn waits(&self) -> bool {
        !self.calls.is_empty() && self.calls.iter().all(|call| call.waits)
    }

    /// One line of evidence: its calls, or what it says.
    pub(super) fn gist(&self) -> String {
        let of = || self.calls.first().map_or_else(|| line(&self.step.thought), |call| line(&call.gist()));
        self.gist.get_or_init(of).clone()
    }
}

/// The calls of a step; one that the same answer holds twice, once.
pub(super) fn calls(step: &Step) -> Vec<Called<'_>> {
    let mut calls: Vec<Called<'_>> = Vec::with_capacity(step.calls.len());
    let mut known = std::collections::HashSet::new();
    for call in step.calls.iter().map(Called::of) {
        if known.insert((call.asked, call.answered)) {
            calls.push(call);
        }
    }
    calls
}

/// Whether a step says that all is done, and what came of it.
pub(super) fn finish(step: &Step, calls: &[Called<'_>]) -> Finish {
    match calls.iter().find(|call| call.act == Act::Finish) {
        None => Finish::No,
        Some(call) if call.failed() || call.answer().starts_with("ERROR") || step.harness.iter().any(|words| objects(words)) => {
            Finish::Refused
        }
        Some(_) => Finish::Said,
    }
}

/// Whether words after a finish object to it; a person who has more to do says something else: "Thanks, now the README".
fn objects(words: &str) -> bool {
    let words = words.get(..600).unwrap_or(words).to_ascii_lowercase();
    let marks = [
        "error",
        "fail",
        "empty",
        "not ",
        "n't",
        "no ",
        "incomplete",
        "invalid",
        "missing",
        "reject",
        "refus",
        "must",
        "still",
        "without",
        "patch",
    ];
    marks.iter().any(|mark| words.contains(mark))
}

/// Fingerprint of calls and their answers; `None` where there are none, or one has no answer.
pub(super) fn print(calls: &[Called<'_>]) -> Option<u64> {
    let mut print = Print::new();
    for call in calls {
        call.call.result.as_ref()?;
        print.number(call.asked);
        print.number(call.answered);
    }
    (!calls.is_empty()).then(|| print.done())
}

/// Characters of one line of evidence at most.
const LINE: usize = 200;

/// One line of evidence: the first line that says something, bounded, free of control characters.
pub(super) fn line(text: &str) -> String {
    // not all of a text that may be long
    let end = (0..=1024.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    crate::text::clean::first_line(text.get(..end).unwrap_or_default()).chars().take(LINE).collect()
}
