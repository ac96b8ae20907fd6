//! The agent's program, and what it needs beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{About, Look, Row};
use crate::agent::launch;
use crate::config::{Config, Via};
use crate::domain::AgentKind;
use crate::host::ask::{Asked, ask};

/// How long Python gets to say whether it has a module.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows about the agent.
pub(super) fn agent(look: &Look<'_>) -> Vec<Row> {
    let agent = &look.config.agent;
    let Some(program) = program(look) else {
        let fix = format!("write [agent] command = [\"program\", \"arg\", …] into {}", Config::FILE);
        return vec![Row::blocked(About::Agent, "no agent is configured", fix)];
    };
    let Some(path) = find_program(&program) else {
        let key = if agent.kind == AgentKind::Command { "agent.command" } else { "agent.cli" };
        let fix = format!("check {key} in {} or the bench file, and PATH", Config::FILE);
        let says = format!("the agent's program '{program}' is not there or not executable");
        return vec![Row::blocked(About::Agent, says, fix)];
    };
    let what = match agent.kind {
        AgentKind::Command => agent.name.clone(),
        kind if kind.name() == agent.name => agent.name.clone(),
        kind => format!("{} ({})", agent.name, kind.name()),
    };
    let model = agent.model.as_ref().map_or_else(String::new, |model| format!(", model {model}"));
    let through = if agent.via == Via::Harness { ", run by ISO-Bench itself" } else { "" };
    let mut rows = vec![Row::ok(About::Agent, format!("{what}: {}{model}{through}", path.display()))];
    if let AgentKind::Trae | AgentKind::Codex = agent.kind {
        rows.extend(module(look, agent.kind, &path));
        rows.extend(config_file(look));
    }
    rows
}

/// The program that is started; `None` where none is configured. A path is as seen from the harness folder, but that of
/// a person's own command line, which is taken as it stands.
fn program(look: &Look<'_>) -> Option<String> {
    let agent = &look.config.agent;
    if agent.kind == AgentKind::Command {
        return agent.command.first().cloned();
    }
    let program = launch::program(agent.kind, agent.cli.as_deref());
    Some(if program.contains('/') { look.checkout.root.join(program).display().to_string() } else { program })
}

/// A program by its path or on `PATH`.
pub fn find_program(program: &str) -> Option<PathBuf> {
    let executable = |path: &Path| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if program.contains('/') {
        let path = PathBuf::from(program);
        return executable(&path).then_some(path);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| executable(path))
}

/// Whether that Python has the agent's module, on the path that the launch sets. `None` where it has.
fn module(look: &Look<'_>, kind: AgentKind, python: &Path) -> Option<Row> {
    const MISSING: i32 = 3;
    let module = if kind == AgentKind::Trae { "trae_agent" } else { "codex_agent" };
    let above = &look.checkout.repo_root;
    let sources = above.join("third-party/trae-agent");
    let old = look.around.value("PYTHONPATH").map_or_else(String::new, |old| format!(":{old}"));
    let mut command = Command::new(python);
    let question = format!("import sys, importlib.util; sys.exit(0 if importlib.util.find_spec('{module}') else {MISSING})");
    command.args(["-c", &question]).current_dir("/").env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONPATH", format!("{}:{}{old}", sources.display(), above.display()));
    match ask(&mut command, PATIENCE) {
        Ok(Asked::Answered(output)) if output.status.success() => None,
        Ok(Asked::Answered(output)) if output.status.code() == Some(MISSING) => Some(Row::blocked(
            About::Agent,
            format!("{} has no module {module}, and there is none in {}", python.display(), sources.display()),
            "install it into that Python, or name another Python with agent.cli",
        )),
        Ok(Asked::Answered(_)) => {
            Some(Row::warning(About::Agent, format!("{} does not say whether it has {module}", python.display()), "is it a Python?"))
        }
        Ok(Asked::TooSlow) => Some(Row::warning(
            About::Agent,
            format!("{} did not say within {} s whether it has {module}", python.display(), PATIENCE.as_secs()),
            "is its disk slow, or a network's?",
        )),
        Err(error) => {
            Some(Row::blocked(About::Agent, format!("can't run {}: {error}", python.display()), "name another Python with agent.cli"))
        }
    }
}

/// The agent's own configuration: there, and YAML or JSON.
fn config_file(look: &Look<'_>) -> Option<Row> {
    let path = look.checkout.root.join(look.config.agent.config_file.as_ref()?);
    match read_config(&path) {
        Ok(_) => Some(Row::ok(About::Agent, format!("its configuration: {}", path.display()))),
        Err(says) => Some(Row::blocked(
            About::Agent,
            says,
            "check agent.config_file, or the bench file's config_file and the variable that names it",
        )),
    }
}

/// A YAML or JSON file as a value; what is wrong with it, with its place.
pub(super) fn read_config(path: &Path) -> Result<serde_json::Value, String> {
    let there = std::fs::metadata(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    if !there.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    serde_saphyr::from_str(&text).map_err(|error| {
        let says = error.to_string();
        format!("{} can't be read: {}", path.display(), says.lines().next().unwrap_or_default())
    })
}
