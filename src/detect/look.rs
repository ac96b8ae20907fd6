//! A finished step as the rules see it: what several of them need is computed once.

use serde_json::Value;

use super::kind::{Kind, Kinds, command};
use crate::domain::{Step, ToolCall};

/// A step.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// The step itself.
    pub(super) step: &'a Step,
    /// Its letter in the strip.
    pub(super) kind: Kind,
    /// Its calls; one that the same answer holds twice, once.
    pub(super) calls: Vec<Called<'a>>,
}

/// A call.
#[derive(Debug)]
pub(super) struct Called<'a> {
    /// The call itself.
    pub(super) call: &'a ToolCall,
    /// Its arguments; null where they are no JSON.
    pub(super) args: Value,
    /// The command of a shell tool; empty for others.
    pub(super) command: String,
}

impl<'a> Look<'a> {
    /// Looks at a step.
    pub(super) fn of(step: &'a Step, kinds: &mut Kinds) -> Self {
        let calls = step.calls.iter().map(Called::of).collect();
        Self { step, kind: kinds.of(step), calls }
    }
}

impl<'a> Called<'a> {
    fn of(call: &'a ToolCall) -> Self {
        let args: Value = serde_json::from_str(&call.args).unwrap_or_default();
        let command = command(&args).into_owned();
        Self { call, args, command }
    }
}

/// Characters of one line of evidence at most.
const LINE: usize = 200;

/// One line of evidence: the first line that says something, bounded, free of control characters.
pub(super) fn line(text: &str) -> String {
    crate::text::clean::first_line(text).chars().take(LINE).collect()
}
