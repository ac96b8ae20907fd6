//! `tasks/*.yaml`: the repository, the targets and constraints of its commits, and how they are measured.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::ArtifactError;
use super::document::{Format, Repeats, Source, read_bytes};
use super::expand::{Variables, expand};
use super::plain::{null_is_default, number, some_text, yes};

/// A task file.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its id: the plan's `task_id`.
    pub id: String,
    /// Its name: `task` of `prompt.json`.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The repository.
    pub repo: TaskRepo,
    /// `optimization_contract.target_files`: the files that may be changed; any where empty.
    pub target_files: Vec<String>,
    /// `optimization_contract.constraints`
    pub constraints: Vec<String>,
    /// `optimization_contract.strict_targets`: a change outside the targets makes the item an error.
    pub strict_targets: bool,
    /// `scoring.primary`: the name of the metric that counts.
    pub primary_metric: Option<String>,
    /// How it is measured.
    pub metrics: Vec<TaskMetric>,
    /// Keys that stand twice in one mapping. As for the harness the last one counts: a real file of the corpus is two
    /// pasted together.
    pub repeated: Vec<String>,
    whole: Value,
}

/// `repo` of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TaskRepo {
    /// URL or path.
    #[serde(deserialize_with = "null_is_default")]
    pub url: String,
    /// The human's commit.
    #[serde(deserialize_with = "some_text")]
    pub human_commit: Option<String>,
    /// The commit to start from; the human's first parent where there is none.
    #[serde(deserialize_with = "some_text")]
    pub pre_commit: Option<String>,
    /// The queue where no commits file is given.
    #[serde(deserialize_with = "null_is_default")]
    pub pairs: Vec<TaskPair>,
}

/// One of a task's commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskPair {
    /// The human's commit.
    pub human: String,
    /// The commit to start from; empty for a parent of `human`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub pre: String,
    /// Which parent, from 1.
    #[serde(default, deserialize_with = "number")]
    pub pre_parent_index: Option<u32>,
}

/// One of a task's metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TaskMetric {
    /// Its name.
    #[serde(deserialize_with = "null_is_default")]
    pub name: String,
    /// The plugin that measures it: `runtime:throughput`.
    #[serde(deserialize_with = "null_is_default")]
    pub using: String,
}

#[derive(Debug, Deserialize)]
struct Raw {
    id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    name: String,
    #[serde(default, deserialize_with = "null_is_default")]
    description: String,
    #[serde(default, deserialize_with = "null_is_default")]
    repo: TaskRepo,
    #[serde(default, deserialize_with = "null_is_default")]
    optimization_contract: RawContract,
    #[serde(default, deserialize_with = "null_is_default")]
    metrics: Vec<TaskMetric>,
    #[serde(default, deserialize_with = "null_is_default")]
    scoring: RawScoring,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawContract {
    #[serde(deserialize_with = "null_is_default")]
    target_files: Vec<String>,
    #[serde(deserialize_with = "null_is_default")]
    constraints: Vec<String>,
    #[serde(deserialize_with = "yes")]
    strict_targets: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawScoring {
    #[serde(deserialize_with = "some_text")]
    primary: Option<String>,
}

impl TaskFile {
    /// Reads a task file; `variables` is what its `${VAR}` are looked up in.
    pub fn read(path: &Path, variables: Variables<'_>) -> Result<Self, ArtifactError> {
        Self::parse(path, &read_bytes(path)?, variables)
    }

    /// Reads a task file's bytes; the path is for errors.
    pub fn parse(path: &Path, bytes: &[u8], variables: Variables<'_>) -> Result<Self, ArtifactError> {
        let source = Source::new(path, bytes, Format::Yaml)?;
        let (mut whole, repeated) = source.value(Repeats::LastCounts)?;
        expand(&mut whole, variables);
        let raw: Raw = source.typed(&whole)?;
        Ok(Self {
            path: path.to_owned(),
            id: raw.id,
            name: raw.name,
            description: raw.description,
            repo: raw.repo,
            target_files: raw.optimization_contract.target_files,
            constraints: raw.optimization_contract.constraints,
            strict_targets: raw.optimization_contract.strict_targets,
            primary_metric: raw.scoring.primary,
            metrics: raw.metrics,
            repeated,
            whole,
        })
    }

    /// All that the file holds, variables expanded.
    pub const fn whole(&self) -> &Value {
        &self.whole
    }
}

/// The task file of `tasks/` below a harness folder whose id this is. A broken file beside it does not hide it; where
/// none has the id, the first broken one is the error.
pub fn find(root: &Path, task_id: &str, variables: Variables<'_>) -> Result<Option<TaskFile>, ArtifactError> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("tasks")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|suffix| suffix == "yaml" || suffix == "yml"));
    paths.sort();
    let mut broken = None;
    for path in paths {
        match TaskFile::read(&path, variables) {
            Ok(task) if task.id == task_id => return Ok(Some(task)),
            Ok(_) => {}
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    broken.map_or(Ok(None), Err)
}
