//! `bench.yaml`: which agent, how it is launched, its budgets, and where the harness keeps its things. People keep one
//! such file an agent. Every string may hold `${VAR:-default}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ArtifactError;
use super::document::{Format, Repeats, Source, Step, read_bytes};
use super::expand::{Variables, expand};
use super::plain::{null_is_default, number, some_text};

/// A bench file.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchFile {
    /// Where it lies.
    pub path: PathBuf,
    /// `agents.default`: the agent of `prepare`.
    pub default_agent: Option<String>,
    /// `paths.state_root`: holds `runs/`; relative to the harness folder.
    pub state_root: Option<PathBuf>,
    /// `paths.work_root`: holds `worktrees/` and `repos/`; relative to the harness folder.
    pub work_root: Option<PathBuf>,
    agents: BTreeMap<String, BenchAgent>,
    whole: Value,
    written: Value,
}

/// One agent's section below `agents`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct BenchAgent {
    /// The program: a Python for `trae` and `codex`, else the agent's own.
    #[serde(deserialize_with = "some_text")]
    pub cli: Option<String>,
    /// The agent's own configuration file; relative to the harness folder.
    #[serde(deserialize_with = "some_text")]
    pub config_file: Option<String>,
    /// OpenHands in a container.
    #[serde(deserialize_with = "some_text")]
    pub container_image: Option<String>,
    /// Minutes until the harness ends the agent.
    #[serde(deserialize_with = "number")]
    pub time_budget_minutes: Option<f64>,
    /// What the launch line is filled with.
    #[serde(deserialize_with = "null_is_default")]
    pub args: BenchArgs,
}

/// An agent's `args`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct BenchArgs {
    /// Steps (`trae`, `codex`; the harness only logs it for `claude_code` and `codex_cli`).
    #[serde(deserialize_with = "number")]
    pub max_steps: Option<u32>,
    /// Steps (`openhands`).
    #[serde(deserialize_with = "number")]
    pub iterations: Option<u32>,
    /// Dollars (`openhands`).
    #[serde(deserialize_with = "number")]
    pub max_budget_per_task: Option<f64>,
    /// The model (`claude_code`).
    #[serde(deserialize_with = "some_text")]
    pub model: Option<String>,
    /// Profile of the agent's own configuration (`codex_cli`).
    #[serde(deserialize_with = "some_text")]
    pub profile: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    #[serde(deserialize_with = "null_is_default")]
    paths: RawPaths,
    #[serde(deserialize_with = "null_is_default")]
    agents: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPaths {
    #[serde(deserialize_with = "some_text")]
    state_root: Option<String>,
    #[serde(deserialize_with = "some_text")]
    work_root: Option<String>,
}

impl BenchFile {
    /// Reads a bench file; `variables` is what its `${VAR}` are looked up in.
    pub fn read(path: &Path, variables: Variables<'_>) -> Result<Self, ArtifactError> {
        Self::parse(path, &read_bytes(path)?, variables)
    }

    /// Reads a bench file's bytes; the path is for errors.
    pub fn parse(path: &Path, bytes: &[u8], variables: Variables<'_>) -> Result<Self, ArtifactError> {
        let source = Source::new(path, bytes, Format::Yaml)?;
        let (written, _) = source.value(Repeats::Refused)?;
        let mut whole = written.clone();
        expand(&mut whole, variables);
        let raw: Raw = source.typed(&whole)?;
        let mut default_agent = None;
        let mut agents = BTreeMap::new();
        for (name, section) in &raw.agents {
            let below = [Step::from("agents"), Step::from(name.as_str())];
            if name == "default" {
                let word: Option<String> = source.typed_below(section, &below)?;
                default_agent = word.filter(|word| !word.trim().is_empty());
            } else {
                let agent: Option<BenchAgent> = source.typed_below(section, &below)?;
                agents.insert(name.clone(), agent.unwrap_or_default());
            }
        }
        let (state_root, work_root) = (raw.paths.state_root.map(PathBuf::from), raw.paths.work_root.map(PathBuf::from));
        Ok(Self { path: path.to_owned(), default_agent, state_root, work_root, agents, whole, written })
    }

    /// An agent's section.
    pub fn agent(&self, name: &str) -> Option<&BenchAgent> {
        self.agents.get(name)
    }

    /// The names of the agents that have a section.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.agents.keys().map(String::as_str)
    }

    /// What is wrong with a field, at its place in the file: `agents.trae.args.max_steps`.
    pub fn unfit(&self, field: &str, says: &str) -> ArtifactError {
        let steps: Vec<Step> = field.split('.').map(Step::from).collect();
        let at_its_place = |bytes: &[u8]| Ok(Source::new(&self.path, bytes, Format::Yaml)?.malformed(&steps, says));
        read_bytes(&self.path).and_then(|bytes| at_its_place(&bytes)).unwrap_or_else(|error| error)
    }

    /// All that the file holds, variables expanded.
    pub const fn whole(&self) -> &Value {
        &self.whole
    }

    /// All that the file holds, as written.
    pub const fn written(&self) -> &Value {
        &self.written
    }
}
