//! The steps of a log that is only ever added to.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{End, Live};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// Steps that are kept at most. No agent does so many; one that only writes down that it did is counted further.
pub(super) const MOST_STEPS: usize = 100_000;

/// Calls that are kept at most, of all steps together.
pub(super) const MOST_CALLS: usize = 200_000;

/// Bytes of text that are kept at most, of all steps together: what comes later is counted, and not shown.
const MOST_TEXT: usize = 256 * 1024 * 1024;

/// How far tokens were counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// The steps that there were.
    steps: usize,
    /// The tokens of steps that were not kept.
    gone: Usage,
}

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
    /// Steps beyond the most, whose place the next one took.
    gone: u32,
    /// Their tokens.
    gone_usage: Usage,
    /// Calls that are kept.
    kept_calls: usize,
    /// Bytes of text that are kept.
    kept_text: usize,
    /// Lines before the first one were not read: an answer to a call that nobody saw is of one of those.
    is_midway: bool,
}

impl Steps {
    /// Of a log that is read from its middle on.
    pub(super) fn midway() -> Self {
        Self { is_midway: true, ..Self::default() }
    }

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
        self.note(self.list.len());
    }

    fn note(&mut self, at: usize) {
        self.changed = Some(self.changed.map_or(at, |before| before.min(at)));
    }

    /// A new step, complete as long as it has no calls. Returns its position: beyond the most that are kept it is the last
    /// one's, whose counts alone stay.
    pub(super) fn begin(&mut self, recorded: Option<Timestamp>) -> usize {
        if self.list.len() >= MOST_STEPS
            && let Some(last) = self.list.pop()
        {
            self.running.remove(&self.list.len());
            self.gone = self.gone.saturating_add(1);
            self.gone_usage += last.usage;
        }
        let at = self.list.len();
        self.note(at);
        let index = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        self.list.push(Step { at: recorded, ..Step::empty(index) });
        at
    }

    /// A step, to be changed.
    pub(super) fn edit(&mut self, at: usize) -> Option<&mut Step> {
        self.note(at);
        self.list.get_mut(at)
    }

    /// Whether so much text may be kept; if so, it is counted.
    fn has_room(&mut self, more: usize) -> bool {
        let kept = self.kept_text.saturating_add(more);
        if kept > MOST_TEXT {
            return false;
        }
        self.kept_text = kept;
        true
    }

    /// The call that made a subagent is known now.
    pub(super) fn rename(&mut self, agent: &str, call: &str) {
        for step in self.list.iter_mut().filter(|step| step.within.as_deref() == Some(agent)) {
            step.within = Some(call.to_owned());
        }
    }

    /// Adds to what the model wrote in a step.
    pub(super) fn say(&mut self, at: usize, text: &str) {
        if !self.has_room(text.len()) {
            return;
        }
        if let Some(step) = self.edit(at).filter(|_| !text.is_empty()) {
            if !step.thought.is_empty() {
                step.thought.push('\n');
            }
            step.thought.push_str(text);
        }
    }

    /// The harness said something to the agent after a step.
    pub(super) fn tell(&mut self, at: usize, words: String) {
        if words.trim().is_empty() || !self.has_room(words.len()) {
            return;
        }
        if let Some(step) = self.edit(at) {
            step.harness.push(words);
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
        if self.kept_calls >= MOST_CALLS || !self.has_room(id.len() + name.len() + args.len()) {
            self.calls = self.calls.saturating_add(1);
            return;
        }
        self.kept_calls += 1;
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
    pub(super) fn answer(&mut self, id: &str, mut result: ToolResult) {
        if !self.has_room(result.text.len()) {
            result.text = String::new();
        }
        let Some((at, place)) = self.asked.get(id).copied() else {
            if self.is_midway || self.kept_calls >= MOST_CALLS {
                return;
            }
            self.kept_calls += 1;
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
        self.note(at);
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
        u32::try_from(self.list.len() - self.running.len()).unwrap_or(u32::MAX).saturating_add(self.gone)
    }

    /// Tool calls.
    pub(super) const fn calls(&self) -> u32 {
        self.calls
    }

    /// Where the counting of tokens stands now. The last step of very many may still change.
    pub(super) fn mark(&self) -> Mark {
        Mark { steps: self.list.len().min(MOST_STEPS - 1), gone: self.gone_usage }
    }

    /// Tokens of the steps since a mark.
    pub(super) fn usage_since(&self, mark: Mark) -> Usage {
        let gone = self.gone_usage;
        let mut usage = Usage {
            input: gone.input.saturating_sub(mark.gone.input),
            output: gone.output.saturating_sub(mark.gone.output),
            cached: gone.cached.saturating_sub(mark.gone.cached),
        };
        for step in self.list.iter().skip(mark.steps) {
            usage += step.usage;
        }
        usage
    }
}
