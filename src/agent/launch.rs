//! From a kind of agent to the line that starts it: program, arguments, environment, input. Pure: the lines are those of
//! ISO-Bench's own `prepare`, with what a live screen needs beside them.

use std::path::{Path, PathBuf};

use crate::domain::AgentKind;

/// Longest argument that Linux takes, in bytes, with the NUL behind it.
const LONGEST_ARGUMENT: usize = 128 * 1024;

/// Steps where nobody configured any, as in the harness.
const MAX_STEPS: u32 = 50;

/// Dollars of OpenHands where nobody configured any, as in the harness.
const MAX_USD: f64 = 10.0;

/// Searches of the web would find the human's commit: the harness takes their keys away, and so do we.
const SEARCH_KEYS: [&str; 6] =
    ["GOOGLE_API_KEY", "SERPAPI_API_KEY", "BING_API_KEY", "TAVILY_API_KEY", "BRAVE_API_KEY", "PERPLEXITY_API_KEY"];

/// What a launch line is made from. All paths are absolute.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The agent; not `command`, whose line is the person's own.
    pub kind: AgentKind,
    /// The program; the kind's own when `None`.
    pub cli: Option<&'a str>,
    /// The model that it is told to use; its own choice when `None`.
    pub model: Option<&'a str>,
    /// Steps, where the agent can count them.
    pub max_steps: Option<u32>,
    /// Dollars, where the agent can count them.
    pub max_usd: Option<f64>,
    /// The agent's own configuration; for `openhands` the harness's `config/main_openai.toml` where that exists.
    pub config_file: Option<&'a Path>,
    /// Profile of the agent's own configuration.
    pub profile: Option<&'a str>,
    /// The worktree.
    pub worktree: &'a Path,
    /// The item's folder.
    pub item_folder: &'a Path,
    /// The attempt's own folder, for what the agent keeps beside its result.
    pub stage_folder: &'a Path,
    /// Holds the prompt.
    pub task_file: &'a Path,
    /// The prompt.
    pub prompt: &'a str,
    /// The harness folder.
    pub root: &'a Path,
    /// The repository that the harness folder lies in.
    pub repo_root: &'a Path,
    /// `PYTHONPATH` as the agent would otherwise have it.
    pub python_path: Option<&'a str>,
    /// `CODEX_HOME` where the person named one.
    pub codex_home: Option<&'a str>,
}

/// How an agent is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Set in its environment, whatever was there.
    pub set: Vec<(&'static str, String)>,
    /// Taken out of its environment, whoever set it.
    pub unset: &'static [&'static str],
    /// What it reads; nothing when `None`.
    pub stdin: Option<PathBuf>,
    /// Folders that it needs.
    pub folders: Vec<PathBuf>,
}

/// The program of a kind; empty for `command`, which has none of its own.
pub fn program(kind: AgentKind, cli: Option<&str>) -> String {
    let own = match kind {
        AgentKind::Trae | AgentKind::Codex => "python3",
        AgentKind::CodexCli => "codex",
        AgentKind::ClaudeCode => "claude",
        AgentKind::Openhands => "uvx",
        AgentKind::Command => "",
    };
    cli.filter(|cli| !cli.is_empty()).unwrap_or(own).to_owned()
}

/// Where Codex keeps its configuration, its login and its rollouts: the person's own choice, or the harness's private
/// folder.
pub fn codex_home(root: &Path, named: Option<&str>) -> PathBuf {
    named.filter(|named| !named.is_empty()).map_or_else(|| root.join(".codex_home/.codex"), PathBuf::from)
}

/// Where OpenHands keeps its sessions: below the attempt's own folder.
pub fn file_store(stage_folder: &Path) -> PathBuf {
    stage_folder.join("openhands")
}

/// The line of an agent.
pub fn line(asked: &Asked<'_>) -> Line {
    let cli = program(asked.kind, asked.cli);
    // the agent's folder is the worktree, and people write paths as seen from the harness folder
    let cli = if cli.contains('/') { text(&asked.root.join(cli)) } else { cli };
    let mut line = Line { argv: vec![cli], set: environment(asked), unset: &SEARCH_KEYS, stdin: None, folders: Vec::new() };
    match asked.kind {
        AgentKind::Trae => trae(asked, &mut line, "trae_agent.cli"),
        AgentKind::Codex => trae(asked, &mut line, "codex_agent.cli"),
        AgentKind::CodexCli => codex_cli(asked, &mut line),
        AgentKind::ClaudeCode => claude_code(asked, &mut line),
        AgentKind::Openhands => openhands(asked, &mut line),
        AgentKind::Command => {}
    }
    line
}

/// What the harness sets for all of them.
fn environment(asked: &Asked<'_>) -> Vec<(&'static str, String)> {
    let own = [asked.repo_root.join("third-party/trae-agent"), asked.repo_root.to_owned()].map(|path| text(&path));
    let python_path: Vec<&str> = own.iter().map(String::as_str).chain(asked.python_path).filter(|path| !path.is_empty()).collect();
    let fixed = [
        ("LOG_ALL_EVENTS", "true"),
        ("OPENHANDS_DEBUG", "true"),
        ("PYTHONUNBUFFERED", "1"),
        ("OPENHANDS_AUTO_CONTINUE", "false"),
        ("AUTO_CONTINUE", "false"),
        ("MAX_EMPTY_RESPONSES", "2"),
        ("TRAE_LOG_STARTUP", "1"),
        ("AGENT_MODE", "action_oriented"),
        ("LOG_LEVEL", "DEBUG"),
        ("OPENHANDS_LOG_LEVEL", "DEBUG"),
    ];
    let mut set: Vec<_> = fixed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    set.push(("SANDBOX_VOLUMES", format!("{}:/workspace:rw", asked.worktree.display())));
    set.push(("PYTHONPATH", python_path.join(":")));
    if asked.kind != AgentKind::Openhands {
        set.push(("TRAE_STEP_LOG_FILE", text(&asked.item_folder.join("trae_steps.log"))));
    }
    set
}

/// TRAE, and the harness's fork of it.
fn trae(asked: &Asked<'_>, line: &mut Line, module: &str) {
    let steps = asked.max_steps.unwrap_or(MAX_STEPS).to_string();
    line.add(&["-m", module, "run", "--file"]).add_path(asked.task_file);
    line.add(&["--working-dir"]).add_path(asked.worktree);
    line.add(&["--max-steps", &steps, "--must-patch", "--patch-path"]).add_path(&asked.item_folder.join("model_patch.diff"));
    line.add(&["--trajectory-file"]).add_path(&asked.item_folder.join("trajectory.json"));
    if let Some(file) = asked.config_file {
        line.add(&["--config-file"]).add_path(file);
    }
    if let Some(model) = asked.model {
        line.add(&["--model", model]);
    }
    // its tables are 120 columns wide, and without a terminal it crops them to 80
    line.set.push(("COLUMNS", "160".to_owned()));
    if asked.kind == AgentKind::Codex {
        line.set.push(("CODEX_STEP_LOG_FILE", text(&asked.item_folder.join("trae_steps.log"))));
    }
}

fn codex_cli(asked: &Asked<'_>, line: &mut Line) {
    line.add(&["exec", "--cd"]).add_path(asked.worktree).add(&["--sandbox", "danger-full-access"]);
    if let Some(profile) = asked.profile {
        line.add(&["-p", profile]);
    }
    if let Some(model) = asked.model {
        line.add(&["-m", model]);
    }
    let is_argument = asked.prompt.len() < LONGEST_ARGUMENT && !asked.prompt.contains('\0') && !asked.prompt.starts_with('-');
    if is_argument {
        line.add(&[asked.prompt]);
    } else {
        line.add(&["-"]);
        line.stdin = Some(asked.task_file.to_owned());
    }
    let home = asked.root.join(".codex_home");
    let codex_home = codex_home(asked.root, asked.codex_home);
    line.set.push(("HOME", text(&home)));
    line.set.push(("XDG_STATE_HOME", text(&home.join(".xdg/state"))));
    line.set.push(("XDG_CACHE_HOME", text(&home.join(".xdg/cache"))));
    line.set.push(("CODEX_HOME", text(&codex_home)));
    // Codex makes neither; a folder that a person named is theirs to make
    line.folders.push(if asked.codex_home.is_some_and(|named| !named.is_empty()) { home } else { codex_home });
}

fn claude_code(asked: &Asked<'_>, line: &mut Line) {
    let model = asked.model.unwrap_or("sonnet");
    // the harness has `--output-format json`, which says nothing before the end
    line.add(&["-p", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"]);
    line.add(&["--model", model, "--disallowedTools", "WebFetch,WebSearch"]);
    line.stdin = Some(asked.task_file.to_owned());
}

fn openhands(asked: &Asked<'_>, line: &mut Line) {
    if asked.cli.is_none_or(|cli| cli.is_empty() || cli == "uvx") {
        line.add(&["--python", "3.12", "--from", "openhands-ai", "python", "-m", "openhands.core.main"]);
    } else {
        line.add(&["-m", "openhands.core.main"]);
        if let Some(file) = asked.config_file {
            line.add(&["--config-file"]).add_path(file);
        }
        line.add(&["--log-level", "INFO"]);
    }
    let (steps, usd) = (asked.max_steps.unwrap_or(MAX_STEPS).to_string(), format!("{:?}", asked.max_usd.unwrap_or(MAX_USD)));
    line.add(&["-d"]).add_path(asked.worktree).add(&["-f"]).add_path(asked.task_file).add(&["-i", &steps, "-b", &usd]);
    let store = file_store(asked.stage_folder);
    line.set.push(("FILE_STORE", "local".to_owned()));
    line.set.push(("FILE_STORE_PATH", text(&store)));
    line.folders.push(store);
    if let Some(model) = asked.model {
        line.set.push(("LLM_MODEL", model.to_owned()));
    }
}

impl Line {
    fn add(&mut self, words: &[&str]) -> &mut Self {
        self.argv.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    fn add_path(&mut self, path: &Path) -> &mut Self {
        self.argv.push(text(path));
        self
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
