//! The steps of a log that is only ever added to.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{End, Live};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// Steps, and from which of them on something changed since it was last asked. No line costs more than the one before
/// it, however many there are: an agent may write what it likes.
#[derive(Debug, Default)]
pub(super) struct Steps {
    list: Vec<Step>,
    /// Where each call is: its step, and its place there.
    asked: HashMap<String, (usize, usize)>,
    /// The steps that run, each with the number of its calls that have no answer.
    running: BTreeMap<usize, usize>,
    calls: u32,
    changed: Option<usize>,
}

impl Steps {
    pub(super) fn list(&self) -> &[Step] {
        &self.list
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Position of the first step that is new or differs since the last call; their number when only something else did.
    pub(super) fn take_changed(&mut self) -> Option<usize> {
        self.changed.take()
    }

    /// Something changed that is in no step.
    pub(super) fn touch(&mut self) {
        self.mark(self.list.len());
    }

    fn mark(&mut self, at: usize) {
        self.changed = Some(self.changed.map_or(at, |before| before.min(at)));
    }

    /// A new step, complete as long as it has no calls. Returns its position.
    pub(super) fn begin(&mut self, recorded: Option<Timestamp>) -> usize {
        let at = self.list.len();
        self.mark(at);
        self.list.push(Step {
            index: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1),
            at: recorded,
            thought: String::new(),
            calls: Vec::new(),
            usage: Usage::default(),
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
        });
        at
    }

    /// A step, to be changed.
    pub(super) fn edit(&mut self, at: usize) -> Option<&mut Step> {
        self.mark(at);
        self.list.get_mut(at)
    }

    /// Adds to what the model wrote in a step.
    pub(super) fn say(&mut self, at: usize, text: &str) {
        if let Some(step) = self.edit(at).filter(|_| !text.is_empty()) {
            if !step.thought.is_empty() {
                step.thought.push('\n');
            }
            step.thought.push_str(text);
        }
    }

    /// Whether there is a call of this id.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.asked.contains_key(id)
    }

    /// A tool was asked for. The same id a second time is the same call.
    pub(super) fn call(&mut self, at: usize, id: String, name: String, args: String) {
        if !id.is_empty() && self.knows(&id) {
            return;
        }
        let Some(step) = self.edit(at) else { return };
        let place = step.calls.len();
        step.calls.push(ToolCall { id: id.clone(), name, args, result: None });
        step.reply = Reply::ToolsRunning;
        self.calls = self.calls.saturating_add(1);
        *self.running.entry(at).or_default() += 1;
        if !id.is_empty() {
            self.asked.insert(id, (at, place));
        }
    }

    /// A tool answered. An answer to a call that nobody saw gets a nameless call in the last step; a second answer to
    /// the same call is not taken.
    pub(super) fn answer(&mut self, id: &str, result: ToolResult) {
        let Some((at, place)) = self.asked.get(id).copied() else {
            let Some(last) = self.list.len().checked_sub(1) else { return };
            let Some(step) = self.edit(last) else { return };
            let place = step.calls.len();
            step.calls.push(ToolCall { id: id.to_owned(), name: String::new(), args: "null".to_owned(), result: Some(result) });
            self.calls = self.calls.saturating_add(1);
            if !id.is_empty() {
                self.asked.insert(id.to_owned(), (last, place));
            }
            return;
        };
        let Some(step) = self.list.get_mut(at) else { return };
        let Some(call) = step.calls.get_mut(place).filter(|call| call.result.is_none()) else { return };
        call.result = Some(result);
        if let Some(open) = self.running.get_mut(&at) {
            *open -= 1;
            if *open == 0 {
                self.running.remove(&at);
                step.reply = Reply::Complete;
            }
        }
        self.mark(at);
    }

    /// Nothing of this step runs any more: what never answered never will.
    pub(super) fn close(&mut self, at: usize) {
        if self.running.remove(&at).is_some()
            && let Some(step) = self.edit(at)
        {
            step.reply = Reply::Complete;
        }
    }

    /// Nothing runs any more.
    pub(super) fn close_all(&mut self) {
        while let Some((at, _)) = self.running.pop_last() {
            if let Some(step) = self.edit(at) {
                step.reply = Reply::Complete;
            }
        }
    }

    /// Who is to move, where the run has this end or none.
    pub(super) fn live(&self, end: Option<&End>) -> Live {
        match end {
            Some(end) => Live::Ended(end.clone()),
            None if self.running.is_empty() => Live::WaitingForModel,
            None => Live::ToolsRunning,
        }
    }

    /// Finished steps.
    pub(super) fn finished(&self) -> u32 {
        u32::try_from(self.list.len() - self.running.len()).unwrap_or(u32::MAX)
    }

    /// Tool calls.
    pub(super) const fn calls(&self) -> u32 {
        self.calls
    }

    /// Tokens of the steps from a position on.
    pub(super) fn usage_from(&self, from: usize) -> Usage {
        let mut usage = Usage::default();
        for step in self.list.iter().skip(from) {
            usage += step.usage;
        }
        usage
    }
}
