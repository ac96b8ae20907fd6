//! What a person may configure, as written and as resolved. Everything has a default.

mod bench;
mod docker;
mod error;
mod file;
mod gpus;
mod images;
mod model_name;
mod origin;
mod resolve;
mod reuse;
mod wrong;

pub use docker::{Bind, DockerConfig};
pub use error::ConfigError;
pub use gpus::ArmGpus;
pub use images::{ArmImages, PrunePolicy};
pub use model_name::codex_model;
pub use origin::Origin;
pub use resolve::{Asked, Resolution, resolve};
pub use reuse::Reuse;
pub use wrong::nearest;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{AgentKind, OnStuck, PromptSource, Stage, Standing};

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
    /// Arms in containers.
    pub docker: DockerConfig,
    /// Who judges patches.
    pub judge: JudgeConfig,
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
    /// Steps after which the agent is stopped; no limit when 0.
    pub max_steps: Option<u32>,
    /// Dollars after which the agent stops itself (`openhands`); no limit when 0.
    pub max_usd: Option<f64>,
    /// What happens to an agent that is stuck.
    pub on_stuck: OnStuck,
    /// Seconds after which an agent that writes nothing is called silent; learned from the run when 0.
    pub silence_s: Option<f64>,
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
    /// Which human and baseline results of other runs are taken in place of measuring: `"none"`, `"ours"` (those of our own
    /// runs, where commit, workload, image and machine agree) or `"all"` (also what the harness's own scripts left: nobody
    /// knows on which machine that was measured).
    pub reuse: Reuse,
    /// Whether items whose arms can't be measured are run all the same: the agent works, and its patch is taken and checked.
    pub unmeasured: bool,
    /// How often each arm is measured: the arms take turns. With more than once the noise is known.
    pub repeat: u32,
    /// Program and arguments, run in a checkout of the arm's commit; `{arm}` `{item_id}` are filled in.
    pub command: Vec<String>,
    /// Percent of difference below which two numbers are similar.
    pub threshold_pct: f64,
    /// Docker images that the arms need, pulled before them; `{human}` `{human8}` `{parent}` `{parent12}` `{item_id}` are
    /// filled in. None are made sure of when empty.
    pub images: Vec<String>,
    /// What is removed from the Docker engine once an item is over, where there are `images`.
    pub prune: PrunePolicy,
    /// The GPUs that the arms use: no other run on this host measures on them at the same time. Where they are numbers, the
    /// arms' commands see no others (`CUDA_VISIBLE_DEVICES`); `three_way` takes all GPUs of the machine, whatever stands there.
    pub gpus: ArmGpus,
    /// Minutes that an arm waits for GPUs that are not clean: somebody else's process, memory in use, too hot. Then it starts
    /// all the same. 0 means that it does not wait.
    pub gpu_wait: f64,
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
    /// In containers of the Docker engine, by the commands of `arms.mapping`.
    Docker,
}

/// `[judge]`: a program that looks at the patch of each item once its arms are measured, and prints one JSON verdict
/// (`isobench-tui print judge-schema` shows its shape). Whatever becomes of it, no item fails by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeConfig {
    /// Program and arguments, run in the harness folder; `{item_dir}` `{item_id}` `{patch}` `{task}` `{trajectory}`
    /// `{worktree}` are filled in, and the item's folder is the last argument where no word has `{item_dir}`.
    pub command: Vec<String>,
    /// Seconds of unfrozen time that it gets for a patch; no limit when 0.
    pub timeout_s: f64,
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
    /// Getting the images of an item's arms, all together.
    pub pull: f64,
    /// Each arm.
    pub arm: f64,
    /// Of an arm in a container: until its server answers.
    pub ready: f64,
    /// The same: from then to its numbers.
    pub bench: f64,
}

/// `[limits]`: each pauses the queue with its reason, `item_tokens` ends the item's agent. 0 means no limit.
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
            on_stuck: OnStuck::Mark,
            silence_s: None,
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
        Self {
            engine: Engine::Process,
            mapping: None,
            reuse: Reuse::Ours,
            unmeasured: false,
            repeat: 1,
            command: Vec::new(),
            threshold_pct: Standing::THRESHOLD_PCT,
            images: Vec::new(),
            prune: PrunePolicy::Run,
            gpus: ArmGpus::Visible,
            gpu_wait: 10.0,
        }
    }
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self { command: Vec::new(), timeout_s: 600.0 }
    }
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { worktree: 20.0, agent: 120.0, check: 10.0, pull: 30.0, arm: 45.0, ready: 15.0, bench: 25.0 }
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

    /// Every key with its table, `agent.kind`, in the order of the structs.
    pub fn keys() -> Vec<String> {
        leaves(&Self::default().to_json()).into_iter().map(|(key, _)| key).collect()
    }

    /// Every key with its value, in the order of the structs.
    pub fn leaves(&self) -> Vec<(String, Value)> {
        leaves(&self.to_json())
    }

    /// Whether a key may have a few words of ours only.
    pub fn has_few_words(key: &str) -> bool {
        wrong::words(key).is_some()
    }

    /// Whether a key that may be without a value is a number.
    pub fn is_number(key: &str) -> bool {
        ["agent.max_steps", "agent.max_usd", "agent.silence_s", "limits.item_tokens", "limits.run_tokens", "limits.run_usd"].contains(&key)
    }

    fn to_json(&self) -> Value {
        // no key is no string and no map has another key: it can't fail
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The time budget of a stage in ms of unfrozen time.
    pub fn budget_ms(&self, stage: Stage) -> Option<u64> {
        let minutes = match stage {
            Stage::Worktree => self.budget.worktree,
            Stage::Agent => self.budget.agent,
            Stage::Check => self.budget.check,
            Stage::Pull => self.budget.pull,
            Stage::Human | Stage::Baseline | Stage::Candidate => self.budget.arm,
            Stage::Score if !self.judge.command.is_empty() => self.judge.timeout_s / 60.0,
            Stage::Score | Stage::Clean => 0.0,
        };
        limit_ms(minutes)
    }
}

/// Minutes of the configuration in ms; 0 means no limit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 ..= 1e7 minutes")]
pub fn limit_ms(minutes: f64) -> Option<u64> {
    (minutes > 0.0).then_some((minutes * 60_000.0) as u64)
}

/// The values below the tables of a configuration, each with its whole key.
fn leaves(config: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in config.as_object().into_iter().flatten() {
        match value {
            Value::Object(table) => found.extend(table.iter().map(|(key, value)| (format!("{name}.{key}"), value.clone()))),
            value => found.push((name.clone(), value.clone())),
        }
    }
    found
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
