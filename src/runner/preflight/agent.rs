//! The agent's program, and what it needs beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{About, Look, Row};
use crate::agent::launch;
use crate::artifact::{BenchFile, harness_model};
use crate::config::{Config, Via};
use crate::domain::AgentKind;
use crate::host::ask::{Asked, ask};
use crate::host::files;
use crate::runner::harness::bench_file;
use crate::text::count;

/// So few steps are a warning.
const FEW_STEPS: u32 = 5;

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
        rows.push(config_file(look));
    }
    rows.extend(container(look));
    rows.extend(root(look));
    rows.extend(few_steps(look));
    rows
}

/// OpenHands in a container is what ISO-Bench itself can do.
fn container(look: &Look<'_>) -> Option<Row> {
    let agent = &look.config.agent;
    let is_ours = agent.kind == AgentKind::Openhands && agent.via == Via::Direct;
    let bench = bench(look).filter(|_| is_ours)?;
    let image = bench.agent(agent.kind.name())?.container_image.as_ref()?;
    let program = launch::program(agent.kind, agent.cli.as_deref());
    let says = format!("container_image {image} of {} is not used: {program} is started here, without a container", bench.path.display());
    Some(Row::warning(About::Agent, says, "leave it so, or set agent.via = \"harness\""))
}

/// As root Claude Code refuses to go without asking, unless somebody says that the machine is there for that.
fn root(look: &Look<'_>) -> Option<Row> {
    let is_refused = look.config.agent.kind == AgentKind::ClaudeCode && rustix::process::getuid().is_root();
    let is_allowed = look.around.value("IS_SANDBOX").as_deref() == Some("1") || look.around.value("CLAUDE_CODE_BUBBLEWRAP").is_some();
    if !is_refused || is_allowed {
        return None;
    }
    let says = "Claude Code does not work without asking (--dangerously-skip-permissions) as root: expect every item to fail";
    let file = look.around.env_file().display();
    let fix = format!("run as another user, or set IS_SANDBOX=1 in {file} where an agent may do as it likes on this machine");
    Some(Row::warning(About::Agent, says, fix))
}

/// A limit that no task is solved within: a left-over of somebody's trial.
fn few_steps(look: &Look<'_>) -> Option<Row> {
    let steps = look.config.agent.max_steps.filter(|steps| (1..=FEW_STEPS).contains(steps))?;
    let says = format!("the agent stops after {}", count(usize::try_from(steps).ok()?, "step"));
    let field = if look.config.agent.kind == AgentKind::Openhands { "args.iterations" } else { "args.max_steps" };
    Some(Row::warning(About::Agent, says, format!("raise agent.max_steps, or {field} of the bench file; 0 is no limit")))
}

/// The bench file, variables as the agent finds them.
fn bench(look: &Look<'_>) -> Option<BenchFile> {
    look.config.harness.bench.as_ref()?;
    BenchFile::read(&bench_file(look.checkout, look.config), &|name| look.around.value(name)).ok()
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
fn config_file(look: &Look<'_>) -> Row {
    let Some(path) = config_path(look) else { return no_config_file(look) };
    match read_config(&path) {
        Ok(_) => Row::ok(About::Agent, format!("its configuration: {}", path.display())),
        Err(says) => {
            Row::blocked(About::Agent, says, "check agent.config_file, or the bench file's config_file and the variable that names it")
        }
    }
}

/// The agent's own configuration; `None` where none is named.
pub(super) fn config_path(look: &Look<'_>) -> Option<PathBuf> {
    let named = look.config.agent.config_file.as_ref().filter(|file| !file.as_os_str().is_empty())?;
    Some(look.checkout.root.join(named))
}

fn no_config_file(look: &Look<'_>) -> Row {
    let agent = &look.config.agent;
    let name = agent.kind.name();
    // people forget to export the variable that the bench file names
    let written =
        bench(look).and_then(|bench| bench.written().pointer(&format!("/agents/{name}/config_file"))?.as_str().map(str::to_owned));
    let variable = written.as_deref().and_then(|text| text.split_once("${")).and_then(|(_, rest)| rest.split(['}', ':']).next());
    let (why, fix) = match variable {
        Some(variable) => (
            format!("{variable} is not set, so agent.config_file is empty"),
            format!("set {variable}, or agent.config_file in {}", Config::FILE),
        ),
        None => ("agent.config_file is empty".to_owned(), format!("name it with agent.config_file in {}", Config::FILE)),
    };
    let folder = format!("{}/{}", agent.name, harness_model(&agent.model_name));
    Row::warning(About::Agent, format!("{why}: {name} takes its default configuration, the run's folder will be …/{folder}"), fix)
}

/// A larger configuration is none, in bytes.
const LARGEST_CONFIG: u64 = 4 * 1024 * 1024;

/// A YAML or JSON file as a value; what is wrong with it, with its place.
pub(super) fn read_config(path: &Path) -> Result<serde_json::Value, String> {
    let bytes = files::read(path, LARGEST_CONFIG, files::Links::Followed);
    let bytes = bytes.map_err(|error| format!("can't read {}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    serde_saphyr::from_str(&text).map_err(|error| {
        let says = error.to_string();
        format!("{} can't be read: {}", path.display(), says.lines().next().unwrap_or_default())
    })
}
