//! The suite over a whole trajectory, live or finished: each conversation in it (the agent's own, those of its subagents)
//! has rules of its own, and each step is taken once, when it is settled.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::suite::{Context, Suite, level};
use crate::domain::{Finding, Level, Remark, Reply, Step};

/// Steps of one conversation that wait at most for one before them: an answer that comes later than that does not come.
const WAITING: usize = 16;

/// Conversations that are watched at most: the agent's own, and those of its subagents.
const CONVERSATIONS: usize = 256;

/// Detectors over one agent's steps.
#[derive(Debug, Default)]
pub struct Watch {
    context: Context,
    /// By the call within which they are; in order, so that what is said is always said in the same order.
    conversations: BTreeMap<Option<String>, Conversation>,
    /// The steps that are known, by position.
    known: Vec<Known>,
}

/// A step as it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Not taken yet, or taken before it was over: it may change.
    Open,
    /// Taken when it was over, with its digest.
    Settled(u64),
}

#[derive(Debug)]
struct Conversation {
    suite: Suite,
    /// Positions that were not taken yet; the last one is the conversation's last.
    waiting: VecDeque<usize>,
}

impl Watch {
    /// Of an agent of which nothing was seen yet.
    pub fn new(context: Context) -> Self {
        Self { context, ..Self::default() }
    }

    /// Takes what is new: `steps` as they are now, of which those before `from` did not change. `are_final`: a finished step
    /// does not change any more, even if it is the last one. `is_over`: the agent has ended. Returns whether it began anew,
    /// because a step that was taken is another one now.
    pub fn take(&mut self, steps: &[Step], from: usize, are_final: bool, is_over: bool) -> bool {
        let changed = |(step, known): (&Step, &Known)| matches!(known, Known::Settled(before) if *before != digest(step));
        let is_another = steps.len() < self.known.len() || steps.iter().zip(&self.known).skip(from).any(changed);
        if is_another {
            *self = Self::new(std::mem::take(&mut self.context));
        }
        for (at, step) in steps.iter().enumerate().skip(self.known.len()) {
            self.known.push(Known::Open);
            let has_room = self.conversations.len() < CONVERSATIONS;
            match self.conversations.get_mut(&step.within) {
                Some(conversation) => conversation.waiting.push_back(at),
                None if has_room => {
                    let conversation = Conversation { suite: Suite::new(&self.context), waiting: VecDeque::from([at]) };
                    self.conversations.insert(step.within.clone(), conversation);
                }
                None => {}
            }
        }
        for conversation in self.conversations.values_mut() {
            while let Some(step) = conversation.waiting.front().and_then(|at| steps.get(*at)) {
                let is_last = conversation.waiting.len() == 1;
                let is_settled = step.reply == Reply::Complete && (are_final || is_over || !is_last);
                if !is_settled && !is_over && conversation.waiting.len() <= WAITING {
                    break;
                }
                conversation.suite.take(step);
                let known = conversation.waiting.pop_front().and_then(|at| self.known.get_mut(at));
                if let Some(known) = known.filter(|_| is_settled) {
                    *known = Known::Settled(digest(step));
                }
            }
            if is_over {
                conversation.suite.end();
            }
        }
        is_another
    }

    /// Takes the next step of a file that does not change any more, whose other steps nobody holds.
    pub fn pass(&mut self, step: &Step) {
        let has_room = self.conversations.len() < CONVERSATIONS;
        if !self.conversations.contains_key(&step.within) && has_room {
            let conversation = Conversation { suite: Suite::new(&self.context), waiting: VecDeque::new() };
            self.conversations.insert(step.within.clone(), conversation);
        }
        if let Some(conversation) = self.conversations.get_mut(&step.within) {
            conversation.suite.take(step);
        }
    }

    /// All steps were passed.
    pub fn end(&mut self) {
        for conversation in self.conversations.values_mut() {
            conversation.suite.end();
        }
    }

    /// What was found, in the order of its first steps.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.suites().flat_map(|suite| &suite.findings).collect();
        all.sort_by_key(|finding| (finding.first_step, finding.detector));
        all
    }

    /// Alarms: something will break.
    pub fn alarms(&self) -> Vec<&Remark> {
        let mut all: Vec<&Remark> = self.suites().flat_map(|suite| &suite.alarms).collect();
        all.sort_by_key(|remark| (remark.step, remark.detector));
        all
    }

    /// Badges: something to know.
    pub fn badges(&self) -> Vec<&Remark> {
        let mut all: Vec<&Remark> = self.suites().flat_map(|suite| &suite.badges).collect();
        all.sort_by_key(|remark| (remark.step, remark.detector));
        all
    }

    fn suites(&self) -> impl Iterator<Item = &Suite> {
        self.conversations.values().map(|conversation| &conversation.suite)
    }

    /// The highest level of all.
    pub fn level(&self) -> Level {
        self.suites().map(|suite| level(&suite.findings)).max().unwrap_or_default()
    }
}

fn digest(step: &Step) -> u64 {
    let mut hasher = DefaultHasher::new();
    (step.thought.len(), &step.error, &step.finish, step.harness.len(), step.calls.len()).hash(&mut hasher);
    for call in &step.calls {
        (&call.name, call.args.len(), call.result.as_ref().map(|result| (result.ok, result.text.len()))).hash(&mut hasher);
    }
    hasher.finish()
}
