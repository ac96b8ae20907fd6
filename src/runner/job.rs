//! What a runner knows beside the ledger: where things are, and the configuration as it was when the run was made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::preflight::Row;
use super::{RunnerError, containers, harness, images};
use crate::agent::launch::program;
use crate::artifact::{Checkout, ItemFolder};
use crate::config::Config;
use crate::domain::{AgentKind, AttemptId, ItemId, Stage};
use crate::ledger::{LedgerError, Manifest, RunFolder};
use crate::model::{Item, Run};

/// A run's surroundings.
#[derive(Debug, Clone)]
pub struct Job {
    /// The run's folder.
    pub folder: RunFolder,
    /// The harness.
    pub checkout: Checkout,
    /// The configuration of the run.
    pub config: Config,
    /// The clone's git folder; `None` where there is no clone, and then every item is blocked.
    pub git_dir: Option<PathBuf>,
    /// The id of the task: ISO-Bench's own worktrees lie in a folder of this name.
    pub task_id: String,
    /// Timestamp folder below `state/runs/<repo>/<agent>/<model>/`.
    pub timestamp: String,
    /// This program, for keepers.
    pub binary: PathBuf,
}

/// `config` of the manifest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    /// The configuration with its defaults.
    pub config: Config,
    /// The clone's git folder.
    pub git_dir: Option<PathBuf>,
    /// The id of the task.
    #[serde(default)]
    pub task_id: String,
    /// What was found before the run was made, masked.
    #[serde(default)]
    pub preflight: Vec<Row>,
    /// Where the values come from that are no defaults: key and source in words.
    #[serde(default)]
    pub origins: BTreeMap<String, String>,
}

impl Resolved {
    /// What the manifest holds.
    pub fn of(manifest: &Manifest) -> Result<Self, serde_json::Error> {
        Self::deserialize(&manifest.config)
    }
}

impl Job {
    /// The surroundings of a run that exists.
    pub fn open(folder: RunFolder, binary: &Path) -> Result<Self, RunnerError> {
        let manifest = Manifest::read(&folder)?;
        let resolved = Resolved::of(&manifest).map_err(|error| LedgerError::Damaged { path: folder.manifest(), why: error.to_string() })?;
        Ok(Self {
            folder,
            checkout: Checkout::at(PathBuf::from(manifest.root)).with_paths(&resolved.config.paths.state, &resolved.config.paths.work),
            config: resolved.config,
            git_dir: resolved.git_dir,
            task_id: resolved.task_id,
            timestamp: manifest.harness_timestamp,
            binary: binary.to_owned(),
        })
    }

    /// The item's folder in the harness's own tree.
    pub fn item_folder(&self, run: &Run, item: &ItemId) -> ItemFolder {
        ItemFolder { path: self.checkout.items(&run.repo, &run.agent, &run.model, &self.timestamp).join(&item.0) }
    }

    /// The worktrees of the run.
    pub fn worktrees(&self) -> PathBuf {
        self.checkout.worktrees(&self.folder.run_id().0)
    }

    /// The worktree in which the item's agent works or worked.
    pub fn worktree(&self, item: &Item) -> PathBuf {
        if harness::is_used(&self.config) {
            return harness::tree(&self.checkout, &self.task_id, &item.id);
        }
        let made_in = item.last_attempt().and_then(|last| last.stage(Stage::Worktree)).map_or(1, |record| record.ran_in);
        self.worktrees().join(AttemptId { item: item.id.clone(), n: made_in }.to_string())
    }

    /// The time budget of a stage in ms of unfrozen time.
    pub fn budget_ms(&self, stage: Stage) -> Option<u64> {
        let margin = match stage {
            Stage::Agent if harness::is_used(&self.config) => harness::MARGIN_MS,
            Stage::Pull => images::MARGIN_MS,
            _ => 0,
        };
        self.config.budget_ms(stage).map(|budget| budget.saturating_add(margin))
    }

    /// The checkout in which an arm of this attempt runs.
    pub fn arm_tree(&self, attempt: &AttemptId, stage: Stage) -> PathBuf {
        self.worktrees().join(format!("{attempt}.{stage}"))
    }

    /// The folder of a stage, in the attempt in which it really ran.
    pub fn ran(&self, item: &Item, stage: Stage) -> Option<PathBuf> {
        let ran_in = item.last_attempt()?.stage(stage)?.ran_in;
        Some(self.folder.stage(&AttemptId { item: item.id.clone(), n: ran_in }, stage))
    }

    /// Where the agent of this item writes its trajectory, if it writes one.
    pub fn trajectory(&self, run: &Run, item: &Item) -> Option<PathBuf> {
        if harness::is_used(&self.config) || matches!(self.config.agent.kind, AgentKind::Trae | AgentKind::Codex) {
            return Some(self.item_folder(run, &item.id).trajectory());
        }
        let template = self.config.agent.trajectory.as_ref()?;
        Some(PathBuf::from(self.fill(template, run, item)))
    }

    /// The agent's program, as the journal names it.
    pub fn program(&self) -> String {
        let agent = &self.config.agent;
        match agent.kind {
            AgentKind::Command => agent.command.first().cloned().unwrap_or_default(),
            kind => program(kind, agent.cli.as_deref()),
        }
    }

    /// The images that the item's arms need; none where nothing says how it is measured.
    pub fn images(&self, item: &Item) -> Vec<String> {
        if containers::is_used(&self.config) && containers::plan_of(self, item).is_err() {
            return Vec::new();
        }
        self.config.arm_images().of(&item.id, &item.human, &item.parent)
    }

    /// A configured word with its `{names}` filled in.
    pub fn fill(&self, word: &str, run: &Run, item: &Item) -> String {
        let folder = self.item_folder(run, &item.id);
        let path = |path: PathBuf| path.display().to_string();
        word.replace("{item_id}", &item.id.0)
            .replace("{item_dir}", &path(folder.path.clone()))
            .replace("{task}", &path(folder.path.join("task.txt")))
            .replace("{trajectory}", &path(folder.path.join("trajectory.json")))
            .replace("{patch}", &path(folder.patch()))
            .replace("{worktree}", &path(self.worktree(item)))
    }
}
