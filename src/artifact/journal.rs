//! `journal.json`: how an item's agent ended. Written last, so an item that has one is over; the harness's own resume
//! skips an item whose journal says `success`.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ArtifactError;
use super::document::{Document, Indent, python_json};
use super::item::replace;
use super::plain::null_is_default;
use crate::domain::AgentKind;

/// A journal. Older ones lack the blocks that the harness learned to write later; one of an exception lacks most.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Journal {
    /// The task; empty where it is not said.
    pub task_id: String,
    /// The two commits.
    pub commits: Commits,
    /// `agent/<task>/<human8>`
    pub agent_branch: Option<String>,
    /// `success`, `error` or `max_steps_exceeded`; empty where it is not said.
    pub status: String,
    /// Which run; journals before the end of 2025 and the flat form of runs lack it.
    pub run_metadata: Option<RunMetadata>,
    /// What was counted.
    pub metrics: Option<Metrics>,
    /// The agent's own block.
    pub agent: Option<AgentBlock>,
    /// What went wrong where the harness failed itself.
    pub error: Option<String>,
    /// The class of that exception.
    pub error_type: Option<String>,
    /// When it was written, in seconds since the epoch.
    pub written: Option<f64>,
}

/// `commits` of a journal or a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Commits {
    /// The commit to start from.
    #[serde(deserialize_with = "null_is_default")]
    pub pre: String,
    /// The human's commit, full or abbreviated.
    #[serde(deserialize_with = "null_is_default")]
    pub human: String,
}

/// `run_metadata` of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RunMetadata {
    /// Repository folder.
    #[serde(deserialize_with = "null_is_default")]
    pub repo: String,
    /// Agent folder.
    #[serde(deserialize_with = "null_is_default")]
    pub agent: String,
    /// Model folder.
    #[serde(deserialize_with = "null_is_default")]
    pub model: String,
    /// Timestamp folder.
    #[serde(deserialize_with = "null_is_default")]
    pub run_timestamp: String,
    /// All four.
    #[serde(deserialize_with = "null_is_default")]
    pub run_path: String,
}

/// `metrics` of a journal: `None` is null, which is unknown and not zero.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Seconds; null in detached worktrees.
    pub time_to_first_edit_s: Option<f64>,
    /// Commits of the agent; null in detached worktrees.
    pub commit_count: Option<u64>,
    /// Lines added and removed; null for an empty patch.
    pub patch_size_loc: Option<u64>,
    /// Files changed.
    pub changed_files_count: Option<u64>,
    /// Files changed outside the targets.
    pub violations_count: Option<u64>,
}

/// The agent's block of a journal, whose key is the agent's name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentBlock {
    /// The key.
    pub name: String,
    /// The program.
    pub cli: String,
    /// Minutes.
    pub time_budget_minutes: Option<f64>,
    /// Exit code; negative for a signal.
    pub returncode: Option<i64>,
    /// Seconds.
    pub duration_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "null_is_default")]
    task_id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    commits: Commits,
    #[serde(default)]
    agent_branch: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    status: String,
    #[serde(default)]
    run_metadata: Option<RunMetadata>,
    #[serde(default)]
    metrics: Option<Metrics>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    timestamps: RawTimestamps,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawTimestamps {
    written: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawAgent {
    #[serde(deserialize_with = "null_is_default")]
    cli: String,
    time_budget_minutes: Option<f64>,
    returncode: Option<i64>,
    duration_s: Option<f64>,
}

impl TryFrom<Raw> for Journal {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        Ok(Self {
            agent: agent_block(&raw)?,
            task_id: raw.task_id,
            commits: raw.commits,
            agent_branch: raw.agent_branch,
            status: raw.status,
            run_metadata: raw.run_metadata,
            metrics: raw.metrics,
            error: raw.error,
            error_type: raw.error_type,
            written: raw.timestamps.written,
        })
    }
}

/// The block under the name of the run's agent, or of any that we know.
fn agent_block(raw: &Raw) -> Result<Option<AgentBlock>, String> {
    let said = raw.run_metadata.as_ref().map(|run| run.agent.as_str());
    let mut names = said.into_iter().chain(AgentKind::ALL.iter().map(|kind| kind.name()));
    let Some((name, block)) = names.find_map(|name| Some((name, raw.rest.get(name)?))) else { return Ok(None) };
    let block: RawAgent = serde_path_to_error::deserialize(block).map_err(|error| format!("{name}.{}: {}", error.path(), error.inner()))?;
    Ok(Some(AgentBlock {
        name: name.to_owned(),
        cli: block.cli,
        time_budget_minutes: block.time_budget_minutes,
        returncode: block.returncode,
        duration_s: block.duration_s,
    }))
}

impl Journal {
    /// The file's name in an item's folder.
    pub const FILE: &str = "journal.json";

    /// Reads a journal.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }

    /// Whether the harness's resume skips the item.
    pub fn is_success(&self) -> bool {
        self.status == "success"
    }
}

/// Sets the key `isobench_tui` of a journal that the harness wrote; all else stays as it is.
pub fn add_ours(path: &Path, ours: Value) -> Result<(), ArtifactError> {
    let journal: Document<Map<String, Value>> = Document::read(path)?;
    let mut whole = journal.typed().clone();
    whole.insert("isobench_tui".to_owned(), ours);
    replace(path, python_json(&Value::Object(whole), Indent::Two).as_bytes())
}
