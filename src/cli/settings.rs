//! The flags that change the configuration, and the plan that is meant.

use std::path::{Path, PathBuf};

use clap::Args;

use super::tell;
use crate::artifact::{ArtifactError, Checkout, PlanFile, TaskFile};
use crate::config::{Asked, ConfigError, Resolution, Via, resolve};
use crate::domain::OnStuck;
use crate::host::environment;
use crate::text::mask::is_secret;

/// What `run` and `print config` have in common.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SettingsArgs {
    /// The configuration [default: isobench-tui.toml of the harness]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// ISO-Bench's bench file [default: bench.yaml of the harness, or the only bench*.yaml there]
    #[arg(long, value_name = "FILE")]
    bench_cfg: Option<PathBuf>,
    /// The agent: trae, codex, codex_cli, claude_code, openhands or command; for a configured command any name of a
    /// folder below state/runs/<repo>/ [default: agent.kind, or agents.default of the bench file]
    #[arg(long)]
    agent: Option<String>,
    /// The model that the agent is told to use, which names the run's folder as well [default: agent.model]
    #[arg(long)]
    model: Option<String>,
    /// Who runs the agent: isobench-tui itself (direct), or ISO-Bench's own `prepare` (harness) [default: agent.via]
    #[arg(long, value_parser = via, value_name = "direct|harness")]
    via: Option<Via>,
    /// What happens to an agent that is stuck: it is marked, or stopped and its patch benchmarked (stop), or stopped and
    /// its item skipped with the patch kept (skip) [default: agent.on_stuck]
    #[arg(long, value_parser = on_stuck, value_name = "mark|stop|skip")]
    on_stuck: Option<OnStuck>,
    /// Run items all the same whose arms can't be measured, for want of a command or an image: their patches are taken and
    /// checked [default: arms.unmeasured]
    #[arg(long)]
    unmeasured: bool,
}

impl SettingsArgs {
    /// No flag but `--agent`, where an agent is named.
    pub(super) fn of_agent(agent: Option<&str>) -> Self {
        Self { agent: agent.map(str::to_owned), ..Self::default() }
    }
}

fn via(word: &str) -> Result<Via, String> {
    match word {
        "direct" => Ok(Via::Direct),
        "harness" => Ok(Via::Harness),
        _ => Err("write direct or harness".to_owned()),
    }
}

/// `--on-stuck`
pub(super) fn on_stuck(word: &str) -> Result<OnStuck, String> {
    OnStuck::from_name(word).ok_or_else(|| "write mark, stop or skip".to_owned())
}

/// The configuration of a harness with these flags.
pub(super) fn resolved(checkout: &Checkout, args: &SettingsArgs) -> Result<Resolution, ConfigError> {
    let config = args.config.as_deref().map(|path| there(checkout, "--config", path));
    let bench = args.bench_cfg.as_deref().map(|path| there(checkout, "--bench-cfg", path));
    let asked = Asked {
        config: config.as_deref(),
        bench: bench.as_deref(),
        agent: args.agent.as_deref(),
        model: args.model.as_deref(),
        via: args.via,
        on_stuck: args.on_stuck,
        unmeasured: args.unmeasured,
    };
    let file = environment::dot_env(&checkout.env_folders());
    let is_of_file = |name: &str| std::env::var_os(name).is_none() && file.iter().any(|(found, _)| found == name);
    resolve(checkout, &asked, &variables(checkout)).map(|resolution| resolution.with_dot_env(is_of_file))
}

/// A file as it is named from the current folder; where it is not there, the one of that name in the harness folder,
/// which is said.
fn there(checkout: &Checkout, flag: &str, named: &Path) -> PathBuf {
    let below = checkout.root.join(named);
    if named.exists() || !below.exists() {
        return named.to_owned();
    }
    tell(format_args!("{flag} {}: it is not in this folder; taken is {}", named.display(), below.display()));
    below
}

/// Variables of the environment, else of the harness's `.env`: nobody must have sourced it. What is named like a secret
/// stays there: what we resolve is written down.
pub(super) fn variables(checkout: &Checkout) -> impl Fn(&str) -> Option<String> + use<> {
    let file = environment::dot_env(&checkout.env_folders());
    move |name| {
        let ours = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let of_file = || file.iter().rev().find(|(found, _)| found == name && !is_secret(found)).map(|(_, value)| value.clone());
        ours.or_else(of_file)
    }
}

/// The plan that is meant: the named one, `plan.json`, or the only one there.
pub(super) fn plan(resolution: &Resolution, named: Option<&Path>) -> Result<PathBuf, String> {
    let usual = resolution.checkout.default_plan();
    let mut plans = resolution.checkout.plans();
    match (named, plans.len()) {
        (Some(named), _) => Ok(there(&resolution.checkout, "--plan", named)),
        (None, 1) if !usual.exists() => Ok(plans.remove(0)),
        (None, 2..) if !usual.exists() => {
            let lines: Vec<String> = plans.iter().map(|path| format!("\n  --plan {}  ({})", path.display(), size(path))).collect();
            Err(format!(
                "there are {} plans in {} and none is called plan.json: name one{}",
                plans.len(),
                resolution.checkout.state.display(),
                lines.concat()
            ))
        }
        _ => Ok(usual),
    }
}

/// How much there is in a plan, or what is wrong with it.
pub(super) fn size(path: &Path) -> String {
    match PlanFile::read(path) {
        Ok((plan, _)) if plan.items.len() == 1 => format!("1 item of {}", plan.task_id),
        Ok((plan, _)) => format!("{} items of {}", plan.items.len(), plan.task_id),
        Err(error) => error.to_string(),
    }
}

/// Reads a plan; a list of commits needs its task file.
pub(super) fn read_plan(resolution: &Resolution, path: &Path) -> Result<(PlanFile, Vec<u8>), ArtifactError> {
    PlanFile::read_any(path, || task(resolution, path))
}

/// The task of a list of commits: the configured one, or the only one there.
fn task(resolution: &Resolution, commits: &Path) -> Result<TaskFile, ArtifactError> {
    let checkout = &resolution.checkout;
    let variables = variables(checkout);
    if let Some(path) = &resolution.config.harness.task {
        return TaskFile::read(&checkout.root.join(path), &variables);
    }
    let files = checkout.task_files();
    if let [only] = files.as_slice() {
        return TaskFile::read(only, &variables);
    }
    let names: Vec<String> = files.iter().map(|path| path.strip_prefix(&checkout.root).unwrap_or(path).display().to_string()).collect();
    let says = if names.is_empty() {
        format!("a list of commits needs its task, and there is none in {}", checkout.root.join("tasks").display())
    } else {
        format!("a list of commits needs its task: name one with `harness.task` in isobench-tui.toml ({})", names.join(", "))
    };
    Err(ArtifactError::Malformed { path: commits.to_owned(), line: 1, column: 1, says })
}
