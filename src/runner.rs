//! The runner: one process a run, and the only one that writes its ledger.
//!
//! Happening → facts → append → apply → plan → act. What it acts on is always on disk before.

pub mod agent_watch;
mod checking;
pub mod conclude;
pub mod containers;
pub mod create;
pub mod detection;
mod gate;
pub mod harness;
mod images;
pub mod job;
pub mod keep;
pub mod live;
mod machine;
pub mod preflight;
pub mod prompt;
pub mod results;
mod sampling;
pub mod score;
mod served;
pub mod signals;
pub mod stages;
pub mod three_way;
pub mod turn;

pub use checking::CheckPatch;
pub use create::{Wanted, create};
pub use job::Job;
pub use preflight::{Check, Look, Preflight, Row, Surroundings, preflight};
pub use turn::{Ended, Report, drive};

use crate::artifact::ArtifactError;
use crate::config::ConfigError;
use crate::host::git::GitError;
use crate::host::launch::LaunchError;
use crate::ledger::LedgerError;

/// What keeps the runner from doing its own job. How a stage or an item ends is data and never here.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The run's own files.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The harness's files.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// git before the start.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A stage's folder or keeper.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Another runner has the run.
    #[error("run {run} is held by the runner with pid {}: attach to it, or stop it first", pid.map_or("?".to_owned(), |pid| pid.to_string()))]
    Held {
        /// The run.
        run: String,
        /// Its runner.
        pid: Option<u32>,
    },
    /// The process itself: signals, file watches.
    #[error("can't {doing}: {source}")]
    Process {
        /// The verb.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The run has no beginning.
    #[error(
        "{run} holds no run that can be continued: its ledger does not begin with run_created; start another with `isobench-tui run --new`"
    )]
    Empty {
        /// The run.
        run: String,
    },
}
