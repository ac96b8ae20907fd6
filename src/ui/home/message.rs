//! What reaches the start screen, and what it wants done.

use super::card::{Choice, Looked, RunCard};
use super::{Found, Home};
use crate::domain::RunId;
use crate::ledger::RunFolder;
use crate::ui::apart::{EffectOf, MsgOf};

/// Something that happened.
pub type Msg = MsgOf<Home>;

/// Something to be done by the shell.
pub type Effect = EffectOf<Home>;

/// What the start screen is told.
#[derive(Debug, Clone)]
pub enum News {
    /// These are the runs, the newest first.
    Listed(Vec<RunId>),
    /// A run was read, or changed.
    Run(Box<RunCard>),
    /// A container that a run left, with what can be done, in a sentence; `None` once there is none.
    Left(RunId, Option<String>),
    /// These are the plans and the agents.
    Found(Found),
    /// Preflight found this.
    Looked(Box<Looked>),
    /// What was to be started has its runner.
    Started(RunFolder),
    /// It could not be started, in a sentence.
    Refused(String),
}

/// What only the program outside the screen can do. Nobody waits for it: what came of it is a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Look for plans and agents anew.
    Find,
    /// Run preflight.
    Look(Choice),
    /// Start a run.
    Start {
        /// The plan and the agent.
        choice: Choice,
        /// SHA-256 of the plan that was looked at.
        digest: String,
        /// What happens where a run of them is unfinished.
        beside: Beside,
    },
    /// Start a runner for a run.
    Continue(RunId),
    /// Make the demo and start it.
    Demo,
}

/// What happens where a run of the same plan and agent is unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing is started beside it.
    Never,
    /// Another is started all the same.
    All,
}

/// Why the start screen was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// For the screen of a run of this checkout.
    Open(RunId),
    /// For the screen of a run that was just started.
    Opened(RunFolder),
    /// For the tree of all runs of this checkout.
    Inspect,
    /// For good.
    Quit,
}

/// How much room the last frame had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Rows of runs.
    pub run_rows: usize,
    /// Rows of plans, the demo among them.
    pub plan_rows: usize,
    /// Rows of the selected entry.
    pub detail_rows: usize,
    /// All rows that it has.
    pub detail_lines: usize,
    /// Rows of the help that are seen.
    pub help_rows: usize,
    /// All its rows, while it is shown.
    pub help_lines: usize,
}
