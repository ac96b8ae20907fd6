//! What the live agent writes, read for its counts and its budgets. The screen reads the same files for itself.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::Job;
use crate::agent::codex::find_rollout;
use crate::agent::launch::{codex_home, file_store};
use crate::agent::live::{self, News, Reading};
use crate::agent::openhands::find_events;
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, Shown, TRAJECTORY};
use crate::domain::{AgentKind, AgentTotals, AttemptId, Stage};
use crate::host::environment::{dot_env, of_agent};
use crate::model::{Item, Run, StageState};
use crate::watch::says_of;

/// Files whose names the agent chooses are looked for this often.
const SEARCH: Duration = Duration::from_secs(1);

/// Looks at an agent that has ended, each of 64 MiB: a larger stream is no work but an attack.
const LOOKS: u32 = 32;

/// An agent that writes while it works.
#[derive(Debug)]
pub struct AgentWatch {
    item_folder: PathBuf,
    reading: Reading,
    search: Option<Search>,
    searched: Option<Instant>,
    told: AgentTotals,
}

/// Where to look for what an agent writes under a name that it chooses itself.
#[derive(Debug, Clone)]
pub enum Search {
    /// Codex's rollout.
    Rollout {
        /// `$CODEX_HOME` of the agent.
        codex_home: PathBuf,
        /// The agent's working folder, by which its rollout is known.
        worktree: PathBuf,
        /// When the agent started.
        since: SystemTime,
    },
    /// OpenHands' events.
    Events {
        /// Its file store, which is the attempt's own.
        file_store: PathBuf,
    },
}

/// The link in the item's folder by which what its agent writes elsewhere is shown, if there is one.
pub fn shown(job: &Job, run: &Run, item: &Item) -> Option<Shown> {
    let folder = job.ran(item, Stage::Agent);
    match job.config.agent.kind {
        AgentKind::ClaudeCode => {
            let folder = folder?;
            Some(Shown { name: CLAUDE_CODE_STREAM, to: Some(folder.join("out")), within: folder, is_settled: true })
        }
        AgentKind::CodexCli => {
            Some(Shown { name: CODEX_ROLLOUT, to: None, within: codex_home_of(job).join("sessions"), is_settled: false })
        }
        AgentKind::Openhands => Some(Shown { name: OPENHANDS_EVENTS, to: None, within: file_store(&folder?), is_settled: false }),
        AgentKind::Command => {
            let to = job.trajectory(run, item)?;
            Some(Shown { name: TRAJECTORY, within: to.parent()?.to_owned(), to: Some(to), is_settled: false })
        }
        // they write into the item's folder themselves
        AgentKind::Trae | AgentKind::Codex => None,
    }
}

/// `$CODEX_HOME` of the agent.
fn codex_home_of(job: &Job) -> PathBuf {
    codex_home(&job.checkout.root, of_agent(&dot_env(&job.checkout.env_folders()), "CODEX_HOME").as_deref())
}

impl Search {
    /// For the agent of this item while it runs; `None` for one whose files are known beforehand.
    pub fn of(job: &Job, item: &Item) -> Option<Self> {
        let stage = item.last_attempt()?.stage(Stage::Agent)?;
        // once it has ended its files are kept as they are
        let StageState::Running { since, .. } = &stage.state else { return None };
        match job.config.agent.kind {
            AgentKind::CodexCli => {
                Some(Self::Rollout { codex_home: codex_home_of(job), worktree: job.worktree(item), since: SystemTime::from(*since) })
            }
            AgentKind::Openhands => {
                let ran = AttemptId { item: item.id.clone(), n: stage.ran_in };
                Some(Self::Events { file_store: file_store(&job.folder.stage(&ran, Stage::Agent)) })
            }
            AgentKind::Trae | AgentKind::Codex | AgentKind::ClaudeCode | AgentKind::Command => None,
        }
    }

    /// Shows what it finds in the item's folder. What was found once stays: an agent has one session.
    pub fn show_in(&self, item_folder: &Path) -> io::Result<()> {
        let name = match self {
            Self::Rollout { .. } => CODEX_ROLLOUT,
            Self::Events { .. } => OPENHANDS_EVENTS,
        };
        let link = item_folder.join(name);
        // in a folder that the agent's link leads to nothing of ours is made
        if item_folder.is_symlink() || link.exists() {
            return Ok(());
        }
        let found = match self {
            Self::Rollout { codex_home, worktree, since } => find_rollout(codex_home, worktree, *since),
            Self::Events { file_store } => find_events(file_store),
        };
        let Some(found) = found else { return Ok(()) };
        let _ = fs::remove_file(&link);
        symlink(found, link)
    }
}

impl AgentWatch {
    /// Of an agent that need not have written anything yet.
    pub fn new(item_folder: PathBuf, search: Option<Search>) -> Self {
        Self { item_folder, reading: Reading::new(), search, searched: None, told: AgentTotals::default() }
    }

    /// For the agent of this item.
    pub fn of(job: &Job, run: &Run, item: &Item) -> Self {
        Self::new(job.item_folder(run, &item.id).path, Search::of(job, item))
    }

    /// Reads what changed, and says from which step on. A file caught half-written is read again at the next look. `Err` is
    /// the adapter's own panic: a defect of ours that must not end the run.
    pub fn look(&mut self) -> Result<Option<News>, String> {
        if let Some(search) = &self.search
            && self.searched.is_none_or(|at| at.elapsed() >= SEARCH)
        {
            self.searched = Some(Instant::now());
            if let Err(error) = search.show_in(&self.item_folder) {
                tracing::warn!("can't link the agent's files in {}: {error}", self.item_folder.display());
            }
        }
        match catch_unwind(AssertUnwindSafe(|| self.reading.look(&self.item_folder))) {
            // what can't be read now is tried again at the next look
            Ok(news) => Ok(news.unwrap_or_default()),
            Err(panic) => Err(says_of(panic.as_ref())),
        }
    }

    /// Reads all that there is, of a stream of gigabytes its first 2 GiB, and says from which step on it is new.
    pub fn look_to_the_end(&mut self) -> Result<Option<usize>, String> {
        // an agent may have ended before its file was looked for again
        self.searched = None;
        let mut from: Option<usize> = None;
        for _ in 0..LOOKS {
            if let Some(news) = self.look()? {
                from = Some(from.map_or(news.from, |from| from.min(news.from)));
            }
            if !self.reading.is_behind() {
                break;
            }
        }
        Ok(from)
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
