//! From files, environment and command line to one configuration, each value with where it comes from.
//!
//! The lowest layer first: our defaults, ISO-Bench's bench file, environment variables, `isobench-tui.toml`, flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::bench::{self, Sourced};
use super::file::Written;
use super::{Config, ConfigError, Origin, Via, leaves, model_name, wrong};
use crate::artifact::expand::Variables;
use crate::artifact::{BenchFile, Checkout};
use crate::domain::{AgentKind, ItemId, OnStuck};

/// What the command line says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `--config`; relative to the current folder.
    pub config: Option<&'a Path>,
    /// `--bench-cfg`; relative to the current folder.
    pub bench: Option<&'a Path>,
    /// `--agent`: a kind, or for kind `command` the name of a folder.
    pub agent: Option<&'a str>,
    /// `--model`
    pub model: Option<&'a str>,
    /// `--via`
    pub via: Option<Via>,
    /// `--on-stuck`
    pub on_stuck: Option<OnStuck>,
    /// `--unmeasured`
    pub unmeasured: bool,
}

/// The configuration of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Every value.
    pub config: Config,
    /// Where each comes from, by its key: `agent.kind`.
    pub origins: BTreeMap<String, Origin>,
    /// The harness, its folders as configured.
    pub checkout: Checkout,
    /// The file of ours that was read.
    pub file: Option<PathBuf>,
    /// The bench file that was read.
    pub bench: Option<BenchFile>,
    /// What a person should know: values that were not taken, and why.
    pub notes: Vec<String>,
}

impl Resolution {
    /// The same, with the origins told apart that are variables of `.env` and not of the environment.
    #[must_use]
    pub fn with_dot_env(self, is_of_file: impl Fn(&str) -> bool) -> Self {
        let origins = self.origins.into_iter().map(|(key, origin)| (key, origin.with_dot_env(&is_of_file))).collect();
        Self { origins, ..self }
    }

    /// The values that are no defaults: key and origin in words.
    pub fn told(&self) -> BTreeMap<String, String> {
        let told = self.origins.iter().filter(|(_, origin)| **origin != Origin::Default);
        told.map(|(key, origin)| (key.clone(), origin.to_string())).collect()
    }
}

/// Resolves the configuration of a harness; `variables` are the environment's, then those of the harness's `.env`.
pub fn resolve(checkout: &Checkout, asked: &Asked<'_>, variables: Variables<'_>) -> Result<Resolution, ConfigError> {
    let path = asked.config.map_or_else(|| checkout.root.join(Config::FILE), Path::to_owned);
    let written = Written::read(&path, asked.config.is_some())?;
    let by_flag = asked.agent.and_then(AgentKind::from_name);
    let by_file = written.as_ref().and_then(kind_of_file);
    let wanted = by_flag.or(by_file.as_ref().map(|(kind, _)| *kind));
    let (bench, bench_path) = read_bench(checkout, asked, written.as_ref(), wanted, variables)?;
    let by_bench = match &bench {
        // an agent that we don't know is nobody's business where another one is wanted
        Some(bench) if wanted.is_some() => bench::default_kind(bench, variables).unwrap_or_default(),
        Some(bench) => bench::default_kind(bench, variables)?,
        None => None,
    };
    let of_files = by_file.or(by_bench).unwrap_or((AgentKind::Command, Origin::Default));
    let kind = by_flag.unwrap_or(of_files.0);

    let mut layers = Layers::new();
    let kind_origin = if by_flag.is_some() { Origin::Flag("--agent") } else { of_files.1 };
    layers.put(("agent.kind", json!(kind), kind_origin));
    if let Some(bench) = &bench {
        bench::values(bench, kind, variables)?.into_iter().for_each(|value| layers.put(value));
    }
    layers.environment(kind, variables);
    let mut notes = bench.as_ref().map(bench::unknown_agents).unwrap_or_default();
    if let Some(written) = &written {
        notes.extend(layers.file(written, of_files.0, kind));
    }
    if let Some((path, origin)) = bench_path {
        layers.put(("harness.bench", json!(path.to_string_lossy()), origin));
    }
    layers.flags(asked, kind)?;
    if !layers.is_said("agent.name") {
        layers.put(("agent.name", json!(kind.name()), Origin::Derived("agent.kind".to_owned())));
    }
    if !layers.is_said("agent.model_name") {
        let (model, origin) = model_name::derived(&layers.config()?.agent, checkout, variables).unwrap_or_else(|why| {
            notes.push(format!("agent.model_name: {why}; the model's folder is called 'default'"));
            ("default".to_owned(), Origin::Default)
        });
        layers.put(("agent.model_name", json!(model), origin));
    }
    let config = layers.config()?;
    let checkout = checkout.clone().with_paths(&config.paths.state, &config.paths.work);
    let file = written.map(|written| written.path);
    Ok(Resolution { config, origins: layers.origins, checkout, file, bench, notes })
}

/// The kind that the file names, or means by naming a command.
fn kind_of_file(written: &Written) -> Option<(AgentKind, Origin)> {
    if written.has("agent.kind") {
        return Some((written.config.agent.kind, origin_in(written, "agent.kind")));
    }
    let means = !written.config.agent.command.is_empty();
    means.then(|| (AgentKind::Command, Origin::Derived("agent.command".to_owned())))
}

fn origin_in(written: &Written, key: &str) -> Origin {
    let line = written.keys_with_lines().find(|(found, _)| *found == key).map_or(1, |(_, line)| line);
    Origin::File { name: bench::name(&written.path), line }
}

type Bench = (Option<BenchFile>, Option<(PathBuf, Origin)>);

/// The bench file, and what `harness.bench` is to say of it: relative to the harness folder where it lies below it.
fn read_bench(
    checkout: &Checkout,
    asked: &Asked<'_>,
    written: Option<&Written>,
    wanted: Option<AgentKind>,
    variables: Variables<'_>,
) -> Result<Bench, ConfigError> {
    let below = |path: &Path| path.strip_prefix(&checkout.root).unwrap_or(path).to_owned();
    let (path, origin) = if let Some(path) = asked.bench {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        (path, Origin::Flag("--bench-cfg"))
    } else if let Some((written, path)) = written.and_then(|written| Some((written, written.config.harness.bench.as_ref()?))) {
        (checkout.root.join(path), origin_in(written, "harness.bench"))
    } else if written.is_some_and(|written| written.has("harness.bench")) {
        // an empty word: none is wanted
        return Ok((None, None));
    } else {
        match bench::choose(checkout, wanted, variables)? {
            Some(path) => (path, Origin::Derived("the harness folder".to_owned())),
            None => return Ok((None, None)),
        }
    };
    let bench = BenchFile::read(&path, variables)?;
    Ok((Some(bench), Some((below(&path), origin))))
}

/// Keys of the file that belong to the kind of agent that it is written for.
const BOUND: [&str; 8] = [
    "agent.name",
    "agent.model",
    "agent.model_name",
    "agent.cli",
    "agent.command",
    "agent.trajectory",
    "agent.config_file",
    "agent.profile",
];

/// The kinds of agent that a key is for; `None` where it is for all.
fn users(key: &str) -> Option<&'static [AgentKind]> {
    match key {
        "agent.command" | "agent.trajectory" => Some(&[AgentKind::Command]),
        "agent.config_file" => Some(&[AgentKind::Trae, AgentKind::Codex]),
        "agent.profile" => Some(&[AgentKind::CodexCli]),
        "agent.max_usd" => Some(&[AgentKind::Openhands]),
        _ => None,
    }
}

/// Values laid over each other.
struct Layers {
    values: Value,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    fn new() -> Self {
        let values = Config::default().to_json();
        let origins = leaves(&values).into_iter().map(|(key, _)| (key, Origin::Default)).collect();
        Self { values, origins }
    }

    fn put(&mut self, (key, value, origin): Sourced) {
        self.lay(key, value, origin);
    }

    fn lay(&mut self, key: &str, value: Value, origin: Origin) {
        if let Some(place) = self.values.pointer_mut(&format!("/{}", key.replace('.', "/"))) {
            *place = value;
            self.origins.insert(key.to_owned(), origin);
        }
    }

    fn is_said(&self, key: &str) -> bool {
        self.origins.get(key).is_some_and(|origin| *origin != Origin::Default)
    }

    fn is_none(&self, key: &str) -> bool {
        self.values.pointer(&format!("/{}", key.replace('.', "/"))).is_none_or(Value::is_null)
    }

    /// The variables that the harness itself looks at.
    fn environment(&mut self, kind: AgentKind, variables: Variables<'_>) {
        let (key, name) = match kind {
            AgentKind::ClaudeCode => ("agent.model", "CLAUDE_MODEL"),
            AgentKind::CodexCli => ("agent.profile", "CODEX_PROFILE"),
            AgentKind::Openhands => ("agent.model", "LLM_MODEL"),
            AgentKind::Trae | AgentKind::Codex | AgentKind::Command => return,
        };
        if !self.is_none(key) {
            return;
        }
        if let Some(value) = variables(name).filter(|value| !value.trim().is_empty()) {
            self.put((key, json!(value), Origin::Variable(name.to_owned())));
        } else if kind == AgentKind::ClaudeCode {
            self.put((key, json!("sonnet"), Origin::HarnessDefault));
        }
    }

    /// The keys of our file. Where another agent is asked for than the file is written for, those of its agent are left
    /// out; hands back a sentence for each, and for each that the agent has no use for.
    fn file(&mut self, written: &Written, theirs: AgentKind, ours: AgentKind) -> Vec<String> {
        let name = bench::name(&written.path);
        let values: BTreeMap<String, Value> = written.config.leaves().into_iter().collect();
        let mut left_out = Vec::new();
        for (key, line) in written.keys_with_lines().filter(|(key, _)| *key != "agent.kind") {
            if theirs != ours && BOUND.contains(&key) {
                left_out.push(format!("{name}:{line}: {key} is for {} and not taken for {}", theirs.name(), ours.name()));
                continue;
            }
            let value = values.get(key).cloned().unwrap_or_default();
            let is_nothing = value.is_null() || value == json!([]) || value == json!("");
            if let Some(users) = users(key).filter(|users| !is_nothing && !users.contains(&ours)) {
                let users: Vec<&str> = users.iter().map(|kind| kind.name()).collect();
                left_out.push(format!(
                    "{name}:{line}: {key} is for agents of kind {}: {} has no use for it",
                    users.join(" and "),
                    ours.name()
                ));
            }
            self.lay(key, value, Origin::File { name: name.clone(), line });
        }
        left_out
    }

    fn flags(&mut self, asked: &Asked<'_>, kind: AgentKind) -> Result<(), ConfigError> {
        if let Some(agent) = asked.agent {
            let wrong = |says: String| ConfigError::Flag { flag: "--agent", value: agent.to_owned(), says };
            if kind.name() != agent && kind != AgentKind::Command {
                return Err(wrong(format!("there is no such agent: {}", wrong::word(agent, &AgentKind::ALL.map(AgentKind::name)))));
            }
            if let Some(why) = ItemId(agent.to_owned()).unfit() {
                return Err(wrong(format!("it names a folder: {why}")));
            }
            // the word `command` chooses the kind; the folder keeps the name that the file gives it
            if kind != AgentKind::Command || agent != kind.name() || !self.is_said("agent.name") {
                self.put(("agent.name", json!(agent), Origin::Flag("--agent")));
            }
        }
        if let Some(model) = asked.model {
            if model.trim().is_empty() {
                let says = "it is empty: name the model, or leave the flag out".to_owned();
                return Err(ConfigError::Flag { flag: "--model", value: model.to_owned(), says });
            }
            self.put(("agent.model", json!(model), Origin::Flag("--model")));
            self.put(("agent.model_name", json!(model), Origin::Flag("--model")));
        }
        if let Some(via) = asked.via {
            self.put(("agent.via", json!(via), Origin::Flag("--via")));
        }
        if let Some(policy) = asked.on_stuck {
            self.put(("agent.on_stuck", json!(policy), Origin::Flag("--on-stuck")));
        }
        if asked.unmeasured {
            self.put(("arms.unmeasured", json!(true), Origin::Flag("--unmeasured")));
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, ConfigError> {
        serde_json::from_value(self.values.clone()).map_err(|error| ConfigError::Layers { says: error.to_string() })
    }
}
