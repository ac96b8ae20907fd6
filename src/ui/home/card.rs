//! What is known of a run, a plan, an agent, and of a plan with its agent.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::{Check, FailureClass, Level, Row, RunId, Stage};
use crate::model::{ItemState, Run, RunState};
use crate::ui::detected::{is_stuck_now, level, sentence};

/// A run of the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCard {
    /// Its id.
    pub id: RunId,
    /// How far it is read.
    pub seen: Seen,
    /// The container that it left, with what can be done, in a sentence; `None` where none is known.
    pub left: Option<String>,
}

/// How far a run is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Its turn has not come.
    Unread,
    /// It can't be read: the sentence says why.
    Broken(String),
    /// To the end of its ledger.
    Read(Box<Summary>),
}

/// A run in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its state.
    pub state: RunState,
    /// Pid of its runner, where it has one.
    pub runner: Option<u32>,
    /// The plan's file.
    pub plan: String,
    /// What was chosen from it, in words.
    pub selection: Option<String>,
    /// SHA-256 of plan and choice.
    pub digest: String,
    /// The task.
    pub task: String,
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// Items in all.
    pub items: usize,
    /// Items that are over, however they ended.
    pub over: usize,
    /// Items by status: those that there are, in the order of the statuses.
    pub counts: Vec<(&'static str, usize)>,
    /// Items that are done, but whose agent failed.
    pub without_agent: usize,
    /// Items whose agent is stuck, or was.
    pub stuck: usize,
    /// The item at work whose agent is stuck, and how, in a sentence.
    pub stuck_now: Option<String>,
    /// Items that failed or are blocked, by class, the most frequent first.
    pub failures: Vec<(FailureClass, usize)>,
    /// Tokens of all attempts.
    pub tokens: u64,
    /// Time worked on the items, in ms.
    pub worked_ms: u64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When everything was done.
    pub finished: Option<Timestamp>,
    /// When its newest fact was written.
    pub last: Option<Timestamp>,
    /// Why it does not go on, in a sentence.
    pub why: Option<String>,
}

/// Statuses in the order in which they are told.
const STATUSES: [&str; 9] = ["done", "failed", "blocked", "stopped", "interrupted", "skipped", "running", "waiting", "queued"];

/// What is told of an agent at work that is stuck.
fn stuck_now(run: &Run) -> Option<String> {
    let live = run.live_item().filter(|live| is_stuck_now(live))?;
    Some(format!("{} is {}", live.id, sentence(live)?.text))
}

impl RunCard {
    /// The run in short, once read.
    pub const fn summary(&self) -> Option<&Summary> {
        match &self.seen {
            Seen::Read(summary) => Some(summary),
            Seen::Unread | Seen::Broken(_) => None,
        }
    }
}

impl Summary {
    /// A run in short. `runner` is the pid of its runner; `why` says why it does not go on.
    pub fn of(run: &Run, runner: Option<u32>, why: Option<String>) -> Self {
        let counts = STATUSES.into_iter().map(|status| (status, run.count(status))).filter(|(_, n)| *n > 0).collect();
        let mut failures: Vec<(FailureClass, usize)> = Vec::new();
        for item in &run.items {
            let (ItemState::Failed { class, .. } | ItemState::Blocked { class, .. }) = item.state else { continue };
            match failures.iter_mut().find(|(known, _)| *known == class) {
                Some((_, n)) => *n += 1,
                None => failures.push((class, 1)),
            }
        }
        failures.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        Self {
            state: run.state(runner.is_some()),
            runner,
            plan: run.plan.clone(),
            selection: run.selection.clone(),
            digest: run.digest.clone(),
            task: run.task_id.clone(),
            agent: run.agent.clone(),
            model: run.model.clone(),
            items: run.items.len(),
            over: run.items.iter().filter(|item| item.is_over()).count(),
            counts,
            stuck: run.items.iter().filter(|item| level(item) == Level::Stuck).count(),
            stuck_now: stuck_now(run),
            without_agent: run.items.iter().filter(|item| item.is_done_without_agent()).count(),
            failures,
            tokens: run.usage().total(),
            worked_ms: run.at.map_or(0, |at| run.worked_ms(at)),
            created: run.created,
            finished: run.finished,
            last: run.at,
            why,
        }
    }

    /// Items of a status.
    pub fn count(&self, status: &str) -> usize {
        self.counts.iter().find(|(known, _)| *known == status).map_or(0, |(_, n)| *n)
    }

    /// Items that came to a bad end.
    pub fn bad(&self) -> usize {
        ["failed", "blocked", "stopped"].into_iter().map(|status| self.count(status)).sum()
    }

    /// Whether a plan and an agent are those of this run.
    pub fn is_same_work(&self, looked: &Looked) -> bool {
        self.digest == looked.digest && self.agent == looked.agent && self.model == looked.model
    }

    /// Whether it can be continued: it has work left and no runner.
    pub fn is_interrupted(&self) -> bool {
        self.state == RunState::Interrupted
    }
}

/// A plan of the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCard {
    /// Its file.
    pub path: PathBuf,
    /// Its name in the state folder.
    pub name: String,
    /// Its size, or why it can't be read.
    pub size: Result<PlanSize, String>,
}

/// How much there is in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSize {
    /// Its items.
    pub items: usize,
    /// Its task.
    pub task: String,
    /// Its repository, as written.
    pub repo: String,
}

/// An agent that a plan can be run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCard {
    /// As `--agent` would name it; `None` for that of the configuration.
    pub asked: Option<String>,
    /// Its name.
    pub name: String,
    /// The model that it would use.
    pub model: String,
    /// The bench file that is read for it.
    pub bench: Option<String>,
    /// Why it is in the list, in two or three words.
    pub origin: &'static str,
}

/// Runs of ISO-Bench's own of one repository, agent and model, by the names of their folders alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRuns {
    /// Repository, agent and model: `vllm trae gpt-5`; of the flat form of old the folder's name.
    pub name: String,
    /// How many there are.
    pub runs: usize,
    /// The timestamp of the newest; empty in the flat form.
    pub newest: String,
}

/// A plan and the agent that it would be run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The plan's file.
    pub plan: PathBuf,
    /// As `--agent` would name it; `None` for that of the configuration.
    pub agent: Option<String>,
}

/// What preflight found of a plan and an agent. Without any secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What was looked at.
    pub choice: Choice,
    /// SHA-256 of the plan; empty where it can't be read.
    pub digest: String,
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// Items of the plan.
    pub items: usize,
    /// Of them, those that can run.
    pub runnable: usize,
    /// The stages of each, in order.
    pub stages: Vec<Stage>,
    /// How long it takes: `about 25 h`.
    pub length: String,
    /// Where the items' folders go.
    pub results: String,
    /// Where the worktrees go.
    pub worktrees: String,
    /// The table.
    pub rows: Vec<Row>,
    /// Items that are blocked by something of their own.
    pub blocked: Vec<BlockedItems>,
    /// Why nothing can be started, in a sentence.
    pub refusal: Option<String>,
}

/// Items that are blocked by the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedItems {
    /// The class.
    pub class: FailureClass,
    /// The sentence.
    pub why: String,
    /// Their ids.
    pub items: Vec<String>,
}

impl Looked {
    /// Rows of the table with this mark.
    pub fn count(&self, check: Check) -> usize {
        self.rows.iter().filter(|row| row.check == check).count()
    }

    /// Items that can't run.
    pub const fn left_out(&self) -> usize {
        self.items.saturating_sub(self.runnable)
    }
}
