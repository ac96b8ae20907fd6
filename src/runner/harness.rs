//! `agent.via = "harness"`: ISO-Bench's own `python -m bench.cli prepare` runs the item, one at a time, under our keeper
//! and with our run id. Its files are the truth about how far it is; its log lags, and only decorates.

pub mod end;
mod model;
pub mod watch;

pub use watch::HarnessWatch;

use std::path::{Path, PathBuf};

use super::preflight::find_program;
use crate::artifact::Checkout;
use crate::artifact::task_file::{self, TaskFile};
use crate::config::{Config, Via};
use crate::domain::{AgentKind, ItemId};

/// Time beyond its own budget that `prepare` gets, in ms: its own timeout speaks first, and then it still looks at the
/// changes. What outlives this is swept by our keeper.
pub const MARGIN_MS: u64 = 10 * 60 * 1000;

/// Whether the harness runs the agent.
pub fn is_used(config: &Config) -> bool {
    config.agent.via == Via::Harness
}

/// The bench file that is configured, or the one in the harness folder.
pub fn bench_file(checkout: &Checkout, config: &Config) -> PathBuf {
    checkout.root.join(config.harness.bench.as_deref().unwrap_or_else(|| Path::new("bench.yaml")))
}

/// The task file that is configured, or the one of `tasks/` with this id, and the task's id: the harness names its
/// worktrees by that. `Err` says what is wrong and what to do.
pub fn task_of(checkout: &Checkout, config: &Config, task_id: &str) -> Result<(PathBuf, String), String> {
    let variables = |name: &str| std::env::var(name).ok();
    let found = match &config.harness.task {
        Some(path) => TaskFile::read(&checkout.root.join(path), &variables).map(Some),
        None => task_file::find(&checkout.root, task_id, &variables),
    };
    let folder = checkout.root.join("tasks");
    let missing = || format!("no task file in {} has the id '{task_id}' of the plan: name it with harness.task", folder.display());
    let task = found.map_err(|error| error.to_string())?.ok_or_else(missing)?;
    Ok((task.path, task.id))
}

/// The folder in which `prepare` has or had its worktree of an item. A reused one would carry the last agent's edits.
pub fn tree(checkout: &Checkout, task_id: &str, item: &ItemId) -> PathBuf {
    checkout.work.join("worktrees").join(task_id).join(&item.0)
}

/// The clone from which `prepare` makes its worktrees, where it exists already.
pub fn base(checkout: &Checkout, repo: &str, task_id: &str) -> Option<PathBuf> {
    let local = checkout.root.join(repo);
    let own = checkout.work.join("repos").join(task_id);
    [local, own].into_iter().find(|place| !repo.is_empty() && place.is_dir())
}

/// Whether `prepare` can be started at all: what it would be started with, or what is missing and what to do.
pub fn ready(checkout: &Checkout, config: &Config, task_id: &str) -> Result<String, String> {
    let root = checkout.root.display();
    if config.agent.kind == AgentKind::Command {
        return Err("ISO-Bench knows no agent of kind 'command': set agent.kind, or agent.via = \"direct\"".to_owned());
    }
    if !checkout.root.join("bench/cli.py").is_file() {
        return Err(format!("no bench/cli.py in {root}: agent.via = \"harness\" runs ISO-Bench's own `python -m bench.cli`"));
    }
    let python = python(checkout, config);
    if find_program(&python).is_none() {
        return Err(format!(
            "the Python '{python}' is not there or not executable: name the one with ISO-Bench's packages in harness.python"
        ));
    }
    let bench = bench_file(checkout, config);
    if !bench.is_file() {
        return Err(format!("no bench file at {}: name it with harness.bench", bench.display()));
    }
    let (task, id) = task_of(checkout, config, task_id)?;
    if let Some(why) = ItemId(id.clone()).unfit() {
        return Err(format!("{}: id '{id}': {why}", task.display()));
    }
    model::other(checkout, config).map_or_else(|| Ok(format!("{python} -m bench.cli prepare {}", task.display())), Err)
}

/// The Python, by its path where it is one.
pub fn python(checkout: &Checkout, config: &Config) -> String {
    let python = &config.harness.python;
    if python.contains('/') { checkout.root.join(python).display().to_string() } else { python.clone() }
}
