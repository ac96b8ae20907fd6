//! What the live agent writes, read for its counts and its budgets. The screen reads the same files for itself.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::Job;
use crate::agent::codex::find_rollout;
use crate::agent::live::{self, CODEX_ROLLOUT, Reading};
use crate::domain::{AgentKind, AgentTotals, Stage};
use crate::host::environment::{dot_env, variables};
use crate::model::{Item, Run, StageState};

/// A rollout is looked for this often.
const SEARCH: Duration = Duration::from_secs(1);

/// An agent that writes while it works.
#[derive(Debug)]
pub struct AgentWatch {
    item_folder: PathBuf,
    reading: Reading,
    rollout: Option<RolloutSearch>,
    searched: Option<Instant>,
    told: AgentTotals,
}

/// Where Codex's rollout is to be looked for: it chooses the file's name itself.
#[derive(Debug, Clone)]
pub struct RolloutSearch {
    /// `$CODEX_HOME` of the agent.
    pub codex_home: PathBuf,
    /// The agent's working folder, by which its rollout is known.
    pub worktree: PathBuf,
    /// When the agent started.
    pub since: SystemTime,
}

impl RolloutSearch {
    /// For the agent of this item; `None` for another kind of agent.
    pub fn of(job: &Job, item: &Item) -> Option<Self> {
        if job.config.agent.kind != AgentKind::CodexCli {
            return None;
        }
        let root = &job.checkout.root;
        let named = dot_env(root).into_iter().chain(variables()).find(|(name, value)| name == "CODEX_HOME" && !value.is_empty());
        // the harness gives Codex a home of its own
        let codex_home = named.map_or_else(|| root.join(".codex_home/.codex"), |(_, path)| PathBuf::from(OsString::from(path)));
        let since = match item.last_attempt().and_then(|last| last.stage(Stage::Agent)).map(|record| &record.state) {
            Some(StageState::Running { since, .. }) => SystemTime::from(*since),
            _ => SystemTime::UNIX_EPOCH,
        };
        Some(Self { codex_home, worktree: job.worktree(item), since })
    }

    /// Shows the rollout in the item's folder, once it is there.
    pub fn show_in(&self, item_folder: &Path) -> io::Result<()> {
        let link = item_folder.join(CODEX_ROLLOUT);
        if link.exists() {
            return Ok(());
        }
        let Some(rollout) = find_rollout(&self.codex_home, &self.worktree, self.since) else { return Ok(()) };
        let _ = fs::remove_file(&link);
        symlink(rollout, link)
    }
}

impl AgentWatch {
    /// Of an agent that need not have written anything yet.
    pub fn new(item_folder: PathBuf, rollout: Option<RolloutSearch>) -> Self {
        Self { item_folder, reading: Reading::new(), rollout, searched: None, told: AgentTotals::default() }
    }

    /// For the agent of this item.
    pub fn of(job: &Job, run: &Run, item: &Item) -> Self {
        Self::new(job.item_folder(run, &item.id).path, RolloutSearch::of(job, item))
    }

    /// Reads what changed. A file caught half-written is read again at the next look. `Err` is the adapter's own panic: a
    /// defect of ours that must not end the run.
    pub fn look(&mut self) -> Result<(), String> {
        if let Some(search) = &self.rollout
            && self.searched.is_none_or(|at| at.elapsed() >= SEARCH)
        {
            self.searched = Some(Instant::now());
            if let Err(error) = search.show_in(&self.item_folder) {
                tracing::warn!("can't link Codex's rollout in {}: {error}", self.item_folder.display());
            }
        }
        match catch_unwind(AssertUnwindSafe(|| self.reading.look(&self.item_folder))) {
            Ok(_) => Ok(()),
            Err(panic) => {
                let says = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|says| (*says).to_owned()));
                Err(says.unwrap_or_else(|| "without a word".to_owned()))
            }
        }
    }

    /// The folders whose changes are worth a look; others as the agent's files appear.
    pub fn folders(&self) -> Vec<PathBuf> {
        live::folders(&self.item_folder)
    }

    /// What was read so far.
    pub const fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The counts, where they changed since the last call.
    pub fn news(&mut self) -> Option<AgentTotals> {
        let totals = self.reading.totals();
        (totals != self.told).then(|| {
            self.told = totals;
            totals
        })
    }
}
