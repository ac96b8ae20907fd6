//! The live agent's trajectory, read for its counts and its budgets. The screen reads the same file for itself.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::agent::trae::{Taken, Trajectory};
use crate::domain::AgentTotals;
use crate::host::files::read_regular;

/// A trajectory being written.
#[derive(Debug)]
pub struct AgentWatch {
    path: PathBuf,
    trajectory: Trajectory,
    stamp: Option<(u64, i64, i64)>,
    told: AgentTotals,
}

impl AgentWatch {
    /// A trajectory that need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, trajectory: Trajectory::new(), stamp: None, told: AgentTotals::default() }
    }

    /// Reads the file if it changed. A file caught half-written is read again at the next look. `Err` is the
    /// adapter's own panic: a defect of ours that must not end the run.
    pub fn look(&mut self) -> Result<(), String> {
        let Ok(there) = fs::metadata(&self.path) else { return Ok(()) };
        let stamp = (there.len(), there.mtime(), there.mtime_nsec());
        if self.stamp == Some(stamp) {
            return Ok(());
        }
        let Ok(bytes) = read_regular(&self.path) else { return Ok(()) };
        match catch_unwind(AssertUnwindSafe(|| self.trajectory.take(&bytes))) {
            Ok(Taken::Torn) => Ok(()),
            Ok(_) => {
                self.stamp = Some(stamp);
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
