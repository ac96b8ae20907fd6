//! The agent's command with its environment, and the links by which what it writes is shown while it works.

use std::ffi::OsString;
use std::io;
use std::path::absolute;

use super::{command, make_folder};
use crate::agent::launch::{Asked, Line, line};
use crate::artifact::ItemFolder;
use crate::artifact::item::{CLAUDE_CODE_STREAM, TRAJECTORY};
use crate::domain::{AgentKind, AttemptId, Stage};
use crate::host::environment::{dot_env, of_agent};
use crate::host::launch::Environment;
use crate::host::stage_folder::Command;
use crate::model::{Item, Run};
use crate::runner::Job;

/// Where an agent is launched.
pub(super) struct Place<'a> {
    pub(super) job: &'a Job,
    pub(super) run: &'a Run,
    pub(super) item: &'a Item,
    pub(super) attempt: &'a AttemptId,
    pub(super) folder: &'a ItemFolder,
}

/// Makes the agent's command, gives its environment what belongs there, and shows its files in the item's folder.
pub(super) fn prepare(place: &Place<'_>, prompt: &str, environment: &mut Environment) -> io::Result<Command> {
    let Place { job, run, item, attempt, folder } = place;
    let pairs = dot_env(&job.checkout.env_folders());
    let kind = job.config.agent.kind;
    if kind == AgentKind::Command {
        if let Some(trajectory) = job.trajectory(run, item) {
            folder.show(TRAJECTORY, &trajectory).map_err(io::Error::other)?;
        }
        with(environment, &pairs, None);
        let argv = job.config.agent.command.iter().map(|word| job.fill(word, run, item)).collect();
        return Ok(command(&job.worktree(item), argv));
    }
    let launched = of_kind(place, prompt, &pairs)?;
    for folder in &launched.folders {
        make_folder(folder).map_err(|(doing, error)| io::Error::new(error.kind(), format!("{doing}: {error}")))?;
    }
    if kind == AgentKind::ClaudeCode {
        let out = job.folder.stage(attempt, Stage::Agent).join("out");
        folder.show(CLAUDE_CODE_STREAM, &out).map_err(io::Error::other)?;
    }
    with(environment, &pairs, Some(&launched));
    let mut command = command(&job.worktree(item), launched.argv);
    command.stdin = launched.stdin;
    Ok(command)
}

/// The harness's line for this agent, with the paths of this attempt.
fn of_kind(place: &Place<'_>, prompt: &str, pairs: &[(String, String)]) -> io::Result<Line> {
    let Place { job, item, attempt, folder, .. } = place;
    let agent = &job.config.agent;
    let root = absolute(&job.checkout.root)?;
    let main_openai = root.join("config/main_openai.toml");
    let config_file = match agent.kind {
        AgentKind::Openhands => main_openai.is_file().then_some(main_openai),
        _ => agent.config_file.as_ref().map(|file| root.join(file)),
    };
    Ok(line(&Asked {
        kind: agent.kind,
        cli: agent.cli.as_deref(),
        model: agent.model.as_deref(),
        max_steps: agent.max_steps,
        max_usd: agent.max_usd,
        config_file: config_file.as_deref(),
        profile: agent.profile.as_deref(),
        worktree: &job.worktree(item),
        item_folder: &folder.path,
        stage_folder: &job.folder.stage(attempt, Stage::Agent),
        task_file: &folder.path.join("task.txt"),
        prompt,
        root: &root,
        repo_root: root.parent().unwrap_or(&root),
        python_path: of_agent(pairs, "PYTHONPATH").as_deref(),
        codex_home: of_agent(pairs, "CODEX_HOME").as_deref(),
    }))
}

/// Ours, then `.env`, then what the line says, then the words by which we know our processes.
fn with(environment: &mut Environment, pairs: &[(String, String)], line: Option<&Line>) {
    let text = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    let mut set: Vec<_> = pairs.iter().map(|(name, value)| text(name, value)).collect();
    set.extend(line.into_iter().flat_map(|line| &line.set).map(|(name, value)| text(name, value)));
    if let Environment::Ours(ours) = environment {
        set.append(ours);
    }
    let unset = line.map_or(&[][..], |line| line.unset).iter().map(OsString::from).collect();
    *environment = Environment::Changed { set, unset };
}
