//! A run as a whole.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::act::Act;
use super::item::{Item, ItemState, StageRecord, StageState};
use crate::domain::{AttemptId, FailureClass, ItemId, OnStuck, Stage, StageOutcome, Usage};
use crate::ledger::By;
use crate::ledger::fact::{Answer, AttemptEnd};

/// The word for a run's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Stages run.
    Running,
    /// The live stage ends, and no other starts.
    Pausing,
    /// Nothing runs until somebody resumes.
    Paused,
    /// Nothing can run before a moment, or before an arm has its GPUs.
    Waiting,
    /// Nothing is left to do.
    Finished,
    /// There is work left and no runner.
    Interrupted,
}

/// Everything the facts say of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// The plan's file.
    pub plan: String,
    /// SHA-256 of its bytes and of what was chosen from it.
    pub digest: String,
    /// What was chosen from it, in words; `None` for all of it.
    pub selection: Option<String>,
    /// `repo` of the plan.
    pub repo: String,
    /// `task_id` of the plan.
    pub task_id: String,
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// The stages of every item.
    pub stages: Vec<Stage>,
    /// How often each arm is measured.
    pub repeat: u32,
    /// The queue, in order.
    pub items: Vec<Item>,
    /// The item whose attempt is under way.
    pub live: Option<ItemId>,
    /// Why no stage starts.
    pub pause: Option<Pause>,
    /// Whether a failure pauses the queue and keeps the worktree.
    pub hold: bool,
    /// What happens to an agent that is stuck, where somebody set it; else the run's configuration says so.
    pub on_stuck: Option<OnStuck>,
    /// The breaker.
    pub breaker: Breaker,
    /// A person resumed after a limit of the run had paused it: the limits of the run are off.
    pub limits_lifted: bool,
    /// The arm that may not begin yet.
    pub delay: Option<Delay>,
    /// When everything was done.
    pub finished: Option<Timestamp>,
    /// The newest runner.
    pub runner: Option<Runner>,
    /// When the run was made.
    pub created: Option<Timestamp>,
    /// Requests answered so far.
    pub answers: HashMap<String, (String, Answer)>,
    /// Lines that could not be read.
    pub faults: Vec<Fault>,
    /// Kinds of facts that this program does not know, with their counts.
    pub unknown: BTreeMap<String, u64>,
    /// Sequence number of the newest fact.
    pub seq: u64,
    /// Its wall clock.
    pub at: Option<Timestamp>,
    /// Its milliseconds since boot.
    pub up_ms: u64,
    /// Sentences about automatic changes and requests, newest last; at most `NOTES`.
    pub notes: Vec<(Timestamp, String)>,
    /// What happened without the reader's hand, newest last; at most `ACTS`.
    pub acts: VecDeque<Act>,
    pub(super) index: HashMap<ItemId, usize>,
}

/// Why no stage starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The sentence.
    pub why: String,
    /// Who ordered it.
    pub by: By,
    /// When.
    pub at: Timestamp,
}

/// An arm that may not begin yet: its GPU is held by somebody else, or is not clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// The attempt.
    pub attempt: AttemptId,
    /// The arm's stage.
    pub stage: Stage,
    /// What it waits for, in a sentence.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

impl Delay {
    /// `candidate waits for its GPUs: GPU 0 is held by ann: …`
    pub fn says(&self) -> String {
        format!("{} waits for its GPUs: {}", self.stage, self.why)
    }
}

/// A stage with the time that it took: what is drawn below the curves of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The attempt.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; `None`: it runs.
    pub to: Option<Timestamp>,
    /// Whether it did its work, once it ended.
    pub is_done: bool,
}

/// Whether the same cause ended several items in a row: one outside the items by its class, or by the same error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breaker {
    /// The queue goes on. The ends by one cause in a row so far.
    Closed {
        /// Their class.
        class: Option<FailureClass>,
        /// The last one's error, where the error and not the class is the common cause.
        error: Option<String>,
        /// The items.
        items: Vec<ItemId>,
    },
    /// The queue waits.
    Open {
        /// The cause.
        class: FailureClass,
        /// The error, where it and not the class is the common cause.
        error: Option<String>,
        /// The items that ended by it.
        items: Vec<ItemId>,
        /// When one item is tried.
        probe_at: Timestamp,
        /// An item that ended since: whether it got through.
        probed: Option<(ItemId, bool)>,
    },
}

/// A runner, as it announced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    /// Its pid.
    pub pid: u32,
    /// Boot of the machine.
    pub boot: String,
    /// Since when.
    pub since: Timestamp,
    /// Why it let go, if it did so by itself, and when.
    pub stopped: Option<(String, Timestamp)>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Offset of its first byte in `events.jsonl`.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { class: None, error: None, items: Vec::new() }
    }
}

impl RunState {
    /// The word in JSON and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Run {
    /// The stages of all attempts in the order in which they began, each where it really ran.
    pub fn bands(&self) -> Vec<Band> {
        let mut bands: Vec<Band> = Vec::new();
        for item in &self.items {
            for attempt in &item.attempts {
                let own = attempt.stages.iter().filter(|record| record.ran_in == attempt.n);
                bands.extend(own.map(|record| {
                    let lasted = |outcome: &StageOutcome| i64::try_from(outcome.duration_ms).unwrap_or(i64::MAX);
                    let (to, is_done) = match &record.state {
                        StageState::Running { .. } => (None, false),
                        StageState::Ended(outcome) => {
                            (record.began.checked_add(SignedDuration::from_millis(lasted(outcome))).ok(), outcome.is_done())
                        }
                    };
                    let attempt = AttemptId { item: item.id.clone(), n: attempt.n };
                    Band { attempt, stage: record.stage, from: record.began, to, is_done }
                }));
            }
        }
        bands.sort_by_key(|band| band.from);
        bands
    }

    /// What an item's arm waits for, while a runner lives.
    pub fn delay_of(&self, item: &ItemId) -> Option<&Delay> {
        self.delay.as_ref().filter(|delay| delay.attempt.item == *item)
    }

    /// The item of this id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items.get(*self.index.get(id)?)
    }

    /// Its place in the queue, from 0.
    pub fn position(&self, id: &ItemId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The same where nobody works on the live item any more: it is interrupted, as whoever continues the run will find it; but for a
    /// stage that has ended meanwhile.
    #[must_use]
    pub fn cut_off(mut self, has_ended: bool) -> Self {
        let at = self.at.unwrap_or(Timestamp::UNIX_EPOCH);
        for item in self.items.iter_mut().filter(|item| matches!(item.state, ItemState::Running)) {
            let Some(last) = item.attempts.last_mut() else { continue };
            let why = if has_ended {
                "its stage ended without a runner: the next one takes its result"
            } else {
                "nobody looks after it any more"
            };
            let why = why.to_owned();
            last.end = Some((AttemptEnd::Interrupted { why: why.clone() }, at));
            item.state = ItemState::Interrupted { why, from: last.resume_from() };
        }
        self
    }

    /// The item that is under way.
    pub fn live_item(&self) -> Option<&Item> {
        self.item(self.live.as_ref()?)
    }

    /// The stage that runs now, with its attempt.
    pub fn live_stage(&self) -> Option<(AttemptId, &StageRecord)> {
        let item = self.live_item()?;
        Some((item.last_attempt_id()?, item.live_stage()?))
    }

    /// The state in a word. Whether a runner lives is not in the ledger: its lock says so.
    pub fn state(&self, runner_lives: bool) -> RunState {
        if self.finished.is_some() {
            RunState::Finished
        } else if !runner_lives {
            RunState::Interrupted
        } else if self.pause.is_some() {
            if self.live_stage().is_some() { RunState::Pausing } else { RunState::Paused }
        } else if self.delay.is_some() {
            RunState::Waiting
        } else if self.live.is_some() {
            RunState::Running
        } else if matches!(self.breaker, Breaker::Open { .. })
            || (self.items.iter().any(Item::is_pending)
                && !self.items.iter().any(|item| matches!(item.state, ItemState::Queued { .. } | ItemState::Interrupted { .. })))
        {
            RunState::Waiting
        } else {
            RunState::Running
        }
    }

    /// Tokens of all attempts.
    pub fn usage(&self) -> Usage {
        let mut sum = Usage::default();
        for item in &self.items {
            for attempt in &item.attempts {
                // a stage taken over was paid for in the attempt that ran it
                if attempt.stage(Stage::Agent).is_some_and(|record| record.ran_in == attempt.n)
                    && let Some(totals) = attempt.totals()
                {
                    sum += totals.usage;
                }
            }
        }
        sum
    }

    /// Time worked on all items up to `now`, in ms.
    pub fn worked_ms(&self, now: Timestamp) -> u64 {
        self.items.iter().map(|item| item.worked_ms(now)).sum()
    }

    /// How many items are in this state, by its word.
    pub fn count(&self, status: &str) -> usize {
        self.items.iter().filter(|item| item.status() == status).count()
    }
}
