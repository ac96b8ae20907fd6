//! Adapters: what agents write while they work, read into `domain::Step`; and how each agent is launched.

pub mod asked;
pub mod claude;
pub mod codex;
pub mod launch;
pub mod live;
mod mini_swe_agent;
pub mod open;
pub mod openhands;
pub mod paged;
pub mod prompt;
mod reader;
mod steps;
mod swe_agent;
pub mod trae;
mod value;
mod whole;

pub use value::repaired;

/// Who is to move, as far as what the agent wrote tells. Of a process that was killed it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// The model is asked; also the state before anything was written.
    WaitingForModel,
    /// The model answered and its tools run.
    ToolsRunning,
    /// The run is over.
    Ended(End),
}

/// How an agent's run ended, in its own words. Exit codes tell less: TRAE's and OpenHands' are 0 in all of these cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The agent finished: TRAE's `task_done` accepted, Claude Code's `success`, Codex's `task_complete`, OpenHands' `finish`.
    Accepted,
    /// The agent's own step budget ran out.
    MaxSteps,
    /// Another budget of the agent's own ran out (dollars), with its words.
    OwnBudget(String),
    /// A step failed (the API, or a malformed call), with its message.
    StepError(String),
    /// The run failed outside its steps, with the text that the agent left.
    Failed(String),
    /// Somebody stopped it: an interrupt, an aborted turn, with its words.
    Stopped(String),
    /// Finished without success and without a word why.
    Unexplained,
}
