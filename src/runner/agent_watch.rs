//! The live agent's trajectory, read for its counts and its budgets. The screen reads the same file for itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::agent::trae::{Taken, Trajectory};
use crate::domain::AgentTotals;
use crate::host::files::Rewritten;

/// A trajectory being written.
#[derive(Debug)]
pub struct AgentWatch {
    path: PathBuf,
    trajectory: Trajectory,
    file: Rewritten,
    told: AgentTotals,
}

impl AgentWatch {
    /// A trajectory that need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, trajectory: Trajectory::new(), file: Rewritten::default(), told: AgentTotals::default() }
    }

    /// Reads the file if it changed. A file caught half-written is read again at the next look. `Err` is the
    /// adapter's own panic: a defect of ours that must not end the run.
    pub fn look(&mut self) -> Result<(), String> {
        let Ok(Some((bytes, _))) = self.file.changed(&self.path) else { return Ok(()) };
        match catch_unwind(AssertUnwindSafe(|| self.trajectory.take(&bytes))) {
            Ok(Taken::Torn) => Ok(()),
            Ok(_) => {
                self.file.good();
                Ok(())
            }
            Err(panic) => {
                let says = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|says| (*says).to_owned()));
                Err(says.unwrap_or_else(|| "without a word".to_owned()))
            }
        }
    }

    /// The trajectory so far.
    pub const fn trajectory(&self) -> &Trajectory {
        &self.trajectory
    }

    /// The counts, where they changed since the last call.
    pub fn news(&mut self) -> Option<AgentTotals> {
        let totals = self.trajectory.totals();
        (totals != self.told).then(|| {
            self.told = totals;
            totals
        })
    }
}
