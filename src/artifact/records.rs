//! The other files of an item's folder: `prompt.json`, `diff_targets.json`, `prediction.jsonl`, `run_summary.json`.

use std::path::Path;

use serde::Deserialize;

use super::ArtifactError;
use super::document::{Document, Source, read_text};
use super::journal::Commits;
use super::plain::null_is_default;

/// `prompt.json`: what the agent's text was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Prompt {
    /// `name` of the task.
    #[serde(deserialize_with = "null_is_default")]
    pub task: String,
    /// `description` of the task.
    #[serde(deserialize_with = "null_is_default")]
    pub description: String,
    /// What must stay as it is.
    #[serde(deserialize_with = "null_is_default")]
    pub constraints: Vec<String>,
    /// The files that may be changed: the task's, else those that the human changed.
    #[serde(deserialize_with = "null_is_default")]
    pub target_files: Vec<String>,
    /// When it counts as done.
    #[serde(deserialize_with = "null_is_default")]
    pub success: Success,
    /// The two commits.
    #[serde(deserialize_with = "null_is_default")]
    pub commits: Commits,
}

/// `success` of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Success {
    /// `scoring.primary` of the task.
    pub primary_metric: Option<String>,
    /// Two fixed sentences.
    #[serde(deserialize_with = "null_is_default")]
    pub rules: Vec<String>,
}

/// `diff_targets.json`: the files that the patch changes, and whether it may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DiffTargets {
    /// Changed files.
    #[serde(deserialize_with = "null_is_default")]
    pub changed: Vec<String>,
    /// The targets, in any order.
    #[serde(deserialize_with = "null_is_default")]
    pub allowed: Vec<String>,
    /// Changed and no target.
    #[serde(deserialize_with = "null_is_default")]
    pub disallowed: Vec<String>,
    /// Whether none is disallowed.
    pub ok: bool,
}

/// One line of `prediction.jsonl`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Prediction {
    /// `owner__repo-<first 7 of the parent's sha>`
    #[serde(deserialize_with = "null_is_default")]
    pub instance_id: String,
    /// The patch; empty where there is none.
    #[serde(deserialize_with = "null_is_default")]
    pub model_patch: String,
    /// What the harness takes for the model, which is not always the one that was used.
    #[serde(deserialize_with = "null_is_default")]
    pub model_name_or_path: String,
}

/// `run_summary.json`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RunSummary {
    /// `1.0`
    #[serde(deserialize_with = "null_is_default")]
    pub schema_version: String,
    /// Which run and item.
    #[serde(deserialize_with = "null_is_default")]
    pub meta: SummaryMeta,
    /// The two commits.
    #[serde(deserialize_with = "null_is_default")]
    pub commits: Commits,
    /// How the agent ended.
    #[serde(deserialize_with = "null_is_default")]
    pub agent: SummaryAgent,
}

/// `meta` of a summary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SummaryMeta {
    /// Repository folder.
    #[serde(deserialize_with = "null_is_default")]
    pub repo: String,
    /// Agent folder.
    #[serde(deserialize_with = "null_is_default")]
    pub agent: String,
    /// The model's short name.
    #[serde(deserialize_with = "null_is_default")]
    pub model: String,
    /// The model's whole name.
    #[serde(deserialize_with = "null_is_default")]
    pub model_full: String,
    /// Timestamp folder.
    #[serde(deserialize_with = "null_is_default")]
    pub timestamp: String,
    /// The task.
    #[serde(deserialize_with = "null_is_default")]
    pub task_id: String,
    /// The item.
    #[serde(deserialize_with = "null_is_default")]
    pub item_id: String,
}

/// `agent` of a summary.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SummaryAgent {
    /// Status of the journal.
    #[serde(deserialize_with = "null_is_default")]
    pub status: String,
    /// Whether there is a patch that is not empty.
    pub patch_generated: bool,
    /// Its size, where there is one.
    pub patch_stats: Option<PatchStats>,
    /// Seconds; null for any agent but `trae`.
    pub duration_s: Option<f64>,
    /// Seconds.
    pub time_to_first_edit_s: Option<f64>,
}

/// `agent.patch_stats` of a summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct PatchStats {
    /// Lines added.
    pub lines_added: u64,
    /// Lines removed.
    pub lines_removed: u64,
    /// Files changed.
    pub files_changed: u64,
}

impl Prompt {
    /// The file's name in an item's folder.
    pub const FILE: &str = "prompt.json";

    /// Reads a prompt.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }
}

impl DiffTargets {
    /// The file's name in an item's folder.
    pub const FILE: &str = "diff_targets.json";

    /// Reads the targets.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }

    /// What is disallowed in earnest. Agents are told to write `model_patch.diff` into the repository, and many commit
    /// it: the harness then counts its own file as a violation.
    pub fn really_disallowed(&self) -> impl Iterator<Item = &str> {
        self.disallowed.iter().map(String::as_str).filter(|path| *path != "model_patch.diff")
    }
}

impl Prediction {
    /// The file's name in an item's folder.
    pub const FILE: &str = "prediction.jsonl";

    /// Reads predictions, one a line; blank lines are skipped.
    pub fn read(path: &Path) -> Result<Vec<Document<Self>>, ArtifactError> {
        let text = read_text(path)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(number, line)| Document::of(&Source::line(path, line, number))).collect()
    }
}

impl RunSummary {
    /// The file's name in an item's folder.
    pub const FILE: &str = "run_summary.json";

    /// Reads a summary.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }
}
