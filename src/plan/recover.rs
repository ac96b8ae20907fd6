//! What a new runner makes of the stage that its predecessor left running.

use crate::domain::{AttemptId, ChildEnd, Stage};
use crate::model::Run;

/// What is found of a stage's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Its `exit.json` is there: it ended while nobody looked.
    Ended(ChildEnd),
    /// Its keeper lives.
    Alive {
        /// Pid of the keeper.
        pid: u32,
    },
    /// Neither; what was left of it has been swept.
    Gone,
}

/// What to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// The ledger shows no live stage.
    Nothing,
    /// Take its end, as if we had waited.
    Take(AttemptId, Stage, ChildEnd),
    /// Go on with it.
    Adopt(AttemptId, Stage, u32),
    /// Nobody's fault; to be run again.
    Interrupted(AttemptId, Stage, String),
}

/// Decides by what is on record and what is seen.
pub fn recover(run: &Run, seen: Seen) -> Recovery {
    let Some((attempt, record)) = run.live_stage() else { return Recovery::Nothing };
    match seen {
        Seen::Ended(end) => Recovery::Take(attempt, record.stage, end),
        Seen::Alive { pid } => Recovery::Adopt(attempt, record.stage, pid),
        Seen::Gone => Recovery::Interrupted(attempt, record.stage, "its runner and its keeper were gone".to_owned()),
    }
}
