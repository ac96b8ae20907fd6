//! What a person may configure, as written and as resolved. Everything has a default.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{AgentKind, PromptSource, Stage};

/// What is wrong with a configuration file. Usage errors all: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("can't read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or holds a key or a value that we don't know.
    #[error("{}:{line}:{column}: {says}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's sentence.
        says: String,
    },
    /// A value makes no sense.
    #[error("{}: {key}: {says}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The key with its table: `limits.until`.
        key: &'static str,
        /// What is wrong, and what would be right.
        says: String,
    },
}

/// `isobench-tui.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The clone of the plan's repository; relative to the harness root. Looked for when empty.
    pub repo: Option<PathBuf>,
    /// Pause the queue after a failure and keep the worktree.
    pub hold: bool,
    /// Folders of the harness.
    pub paths: PathsConfig,
    /// The coding agent.
    pub agent: AgentConfig,
    /// What the agent is asked.
    pub prompt: PromptConfig,
    /// ISO-Bench's own scripts and files.
    pub harness: HarnessConfig,
    /// The benchmark arms.
    pub arms: ArmsConfig,
    /// Time budgets of the stages.
    pub budget: BudgetConfig,
    /// Limits of items and of the run.
    pub limits: LimitsConfig,
    /// Automatic retries.
    pub retry: RetryConfig,
    /// The breaker.
    pub breaker: BreakerConfig,
}

/// `[paths]`: relative to the harness root. `bench.yaml` names them `paths.state_root` and `paths.work_root`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PathsConfig {
    /// Holds `runs/`: the item folders.
    pub state: PathBuf,
    /// Holds `worktrees/` and `repos/`.
    pub work: PathBuf,
}

/// `[agent]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// Which agent; `agents.default` of `bench.yaml`.
    pub kind: AgentKind,
    /// Who runs it.
    pub via: Via,
    /// The folder below `state/runs/<repo>/`; the kind's name when none is configured.
    pub name: String,
    /// The model that the agent is told to use; its own choice when empty.
    pub model: Option<String>,
    /// The model that the run's folder is named by: `model`, or what the agent's own configuration names.
    pub model_name: String,
    /// The program: Python for `trae` and `codex`, else the agent's own.
    pub cli: Option<String>,
    /// Kind `command`: program and arguments; `{task}` `{worktree}` `{item_dir}` `{trajectory}` `{patch}` `{item_id}`
    /// are filled in.
    pub command: Vec<String>,
    /// Kind `command`: a TRAE trajectory that the agent writes while it works; the same words are filled in.
    pub trajectory: Option<String>,
    /// The agent's own configuration file (`trae`, `codex`); relative to the harness root.
    pub config_file: Option<PathBuf>,
    /// Profile of the agent's own configuration (`codex_cli`).
    pub profile: Option<String>,
    /// Steps after which the agent is stopped.
    pub max_steps: Option<u32>,
    /// Dollars after which the agent stops itself (`openhands`).
    pub max_usd: Option<f64>,
}

/// Who runs the agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// We do.
    #[default]
    Direct,
    /// ISO-Bench's own `python -m bench.cli prepare`, one item at a time.
    Harness,
}

/// `[prompt]`: what an agent that we run ourselves is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptConfig {
    /// Where the text comes from.
    pub source: PromptSource,
    /// Source `template`: the person's own template; ours when empty. Relative to the harness root.
    pub template: Option<PathBuf>,
    /// Source `copy`: the run whose `task.txt` is taken: its id, or a folder below `state/runs/`.
    pub from: Option<String>,
}

/// `[harness]`: ISO-Bench's own files and the Python that runs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HarnessConfig {
    /// The bench file; `bench.yaml` beside the configuration when empty.
    pub bench: Option<PathBuf>,
    /// The task file; the one of `tasks/` whose `id` is the plan's `task_id` when empty.
    pub task: Option<PathBuf>,
    /// The Python that has ISO-Bench's packages.
    pub python: String,
}

/// `[arms]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArmsConfig {
    /// Where the arms run.
    pub engine: Engine,
    /// Commit, model and benchmark command of each item; `data/mappings/benchmark_mode_mapping.json` at or above the
    /// harness root when empty.
    pub mapping: Option<PathBuf>,
    /// Engine `three_way`: the `--agent-type` of `scripts/runners/run_3way_benchmarks.py`.
    pub agent_type: Option<String>,
    /// Whether results that the harness's own scripts left are taken for ours.
    pub reuse: bool,
    /// Program and arguments, run in a checkout of the arm's commit; `{arm}` `{item_id}` are filled in.
    pub command: Vec<String>,
    /// Percent of difference below which two numbers are similar.
    pub threshold_pct: f64,
}

/// Where the arms run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// As local commands.
    #[default]
    Process,
    /// By ISO-Bench's own `scripts/runners/run_3way_benchmarks.py`, one commit and one arm at a time.
    ThreeWay,
}

/// `[budget]`: minutes of unfrozen time; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetConfig {
    /// Checkout.
    pub worktree: f64,
    /// The agent.
    pub agent: f64,
    /// Taking the patch.
    pub check: f64,
    /// Each arm.
    pub arm: f64,
}

/// `[limits]`: each pauses the queue with its reason, `item_tokens` ends the item's agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Tokens, read and written, of one agent.
    pub item_tokens: Option<u64>,
    /// Tokens of all agents of the run.
    pub run_tokens: Option<u64>,
    /// Dollars of all agents of the run, by the two prices.
    pub run_usd: Option<f64>,
    /// Dollars for a million tokens read.
    pub usd_per_mtok_input: f64,
    /// Dollars for a million tokens written.
    pub usd_per_mtok_output: f64,
    /// Local time of day, `"08:00"`: no stage starts that cannot end by then.
    pub until: Option<String>,
}

/// `[retry]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// Automatic retries after a transient failure.
    pub transient: u32,
    /// Seconds before the first; doubles with each.
    pub backoff_s: f64,
}

/// `[breaker]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Systemic ends in a row that open it; 0 turns it off.
    pub items: u32,
    /// Minutes between probes.
    pub probe_minutes: f64,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            kind: AgentKind::Command,
            via: Via::Direct,
            name: AgentKind::Command.name().to_owned(),
            model: None,
            model_name: "default".to_owned(),
            cli: None,
            command: Vec::new(),
            trajectory: None,
            config_file: None,
            profile: None,
            max_steps: None,
            max_usd: None,
        }
    }
}

impl Default for PathsConfig {
    fn default() -> Self {
        Self { state: PathBuf::from("state"), work: PathBuf::from(".work") }
    }
}

impl Default for HarnessConfig {
    fn default() -> Self {
        Self { bench: None, task: None, python: "python3".to_owned() }
    }
}

impl Default for ArmsConfig {
    fn default() -> Self {
        Self { engine: Engine::Process, mapping: None, agent_type: None, reuse: false, command: Vec::new(), threshold_pct: 5.0 }
    }
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { worktree: 20.0, agent: 120.0, check: 10.0, arm: 30.0 }
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { transient: 2, backoff_s: 30.0 }
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { items: 3, probe_minutes: 15.0 }
    }
}

impl Config {
    /// The name of the configuration file in the harness root.
    pub const FILE: &str = "isobench-tui.toml";

    /// Reads a file; the defaults when it is not there and was not asked for by name.
    pub fn load(path: &Path, asked_for: bool) -> Result<Self, ConfigError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(Self::default()),
            Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        };
        let mut config: Self = toml::from_str(&text).map_err(|error| {
            let (line, column) = error.span().map_or((1, 1), |span| line_and_column(&text, span.start));
            ConfigError::Malformed { path: path.to_owned(), line, column, says: error.message().to_owned() }
        })?;
        if let Some(model) = &config.agent.model {
            config.agent.model_name.clone_from(model);
        }
        config.check(path)?;
        Ok(config)
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let unfit = |key, says: String| Err(ConfigError::Unfit { path: path.to_owned(), key, says });
        if let Some(until) = &self.limits.until
            && time_of_day(until).is_none()
        {
            return unfit("limits.until", format!("'{until}' is no time of day; write it as \"08:00\""));
        }
        if self.limits.run_usd.is_some() && self.limits.usd_per_mtok_input == 0.0 && self.limits.usd_per_mtok_output == 0.0 {
            return unfit("limits.run_usd", "needs usd_per_mtok_input and usd_per_mtok_output to count by".to_owned());
        }
        for (key, word) in [("agent.name", &self.agent.name)] {
            if let Some(why) = crate::domain::ItemId(word.clone()).unfit() {
                return unfit(key, format!("'{word}': {why}"));
            }
        }
        let numbers = [
            ("budget.worktree", self.budget.worktree),
            ("budget.agent", self.budget.agent),
            ("budget.check", self.budget.check),
            ("budget.arm", self.budget.arm),
            ("retry.backoff_s", self.retry.backoff_s),
            ("breaker.probe_minutes", self.breaker.probe_minutes),
            ("arms.threshold_pct", self.arms.threshold_pct),
        ];
        for (key, number) in numbers {
            if !number.is_finite() || !(0.0..=1e7).contains(&number) {
                return unfit(key, format!("{number} is out of range; write a number from 0 to 10000000"));
            }
        }
        Ok(())
    }

    /// The time budget of a stage in ms of unfrozen time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 ..= 1e7 minutes")]
    pub fn budget_ms(&self, stage: Stage) -> Option<u64> {
        let minutes = match stage {
            Stage::Worktree => self.budget.worktree,
            Stage::Agent => self.budget.agent,
            Stage::Check => self.budget.check,
            Stage::Human | Stage::Baseline | Stage::Candidate => self.budget.arm,
            Stage::Pull | Stage::Score | Stage::Clean => 0.0,
        };
        (minutes > 0.0).then_some((minutes * 60_000.0) as u64)
    }
}

/// Line and column, from 1, of a byte in a text. Columns count characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

/// `"08:00"` as hour and minute.
pub fn time_of_day(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}
