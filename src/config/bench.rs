//! What ISO-Bench's bench file says, as values of ours.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::file::{NUL, has_nul, out_of_range};
use super::origin::Filled;
use super::{ConfigError, Origin, wrong};
use crate::artifact::expand::Variables;
use crate::artifact::{BenchAgent, BenchFile, Checkout};
use crate::domain::AgentKind;

/// A value with its key and where it comes from.
pub(super) type Sourced = (&'static str, Value, Origin);

/// Steps that the harness gives an agent which counts them, where the bench file says nothing.
const STEPS: u32 = 50;

/// Minutes that the harness gives an agent, where the bench file says nothing.
const MINUTES: f64 = 60.0;

/// Dollars that the harness gives OpenHands, where the bench file says nothing.
const DOLLARS: f64 = 10.0;

/// The bench file to take: `bench.yaml`, the only one, or the only one whose default is the wanted agent.
pub(super) fn choose(checkout: &Checkout, wanted: Option<AgentKind>, variables: Variables<'_>) -> Result<Option<PathBuf>, ConfigError> {
    let mut files = checkout.bench_files();
    let usual = files.iter().find(|file| ["bench.yaml", "bench.yml"].iter().any(|name| file.ends_with(name)));
    if let Some(usual) = usual {
        return Ok(Some(usual.clone()));
    }
    if files.len() > 1
        && let Some(kind) = wanted
    {
        let is_wanted = |file: &PathBuf| {
            let default = BenchFile::read(file, variables).ok().and_then(|bench| bench.default_agent);
            default.as_deref() == Some(kind.name())
        };
        let fit: Vec<PathBuf> = files.iter().filter(|file| is_wanted(file)).cloned().collect();
        if !fit.is_empty() {
            files = fit;
        }
    }
    if files.len() > 1 {
        return Err(ConfigError::Benches { files: files.iter().map(|file| name(file)).collect() });
    }
    Ok(files.pop())
}

/// The name of a file.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A sentence for each section of an agent that there is not.
pub(super) fn unknown_agents(bench: &BenchFile) -> Vec<String> {
    let unknown = bench.agents().filter(|word| AgentKind::from_name(word).is_none());
    let says = |word| {
        let known = wrong::word(word, &AgentKind::ALL.map(AgentKind::name));
        format!("{}: agents.{word} is read by nobody, there is no such agent: {known}", name(&bench.path))
    };
    unknown.map(says).collect()
}

/// The kind of `agents.default`.
pub(super) fn default_kind(bench: &BenchFile, variables: Variables<'_>) -> Result<Option<(AgentKind, Origin)>, ConfigError> {
    let field = "agents.default";
    let Some(word) = bench.default_agent.as_deref() else { return Ok(None) };
    let unfit = || {
        let says = format!("'{word}' is no agent: {}", wrong::word(word, &AgentKind::ALL.map(AgentKind::name)));
        bench.unfit(field, &says)
    };
    let kind = AgentKind::from_name(word).ok_or_else(unfit)?;
    Ok(Some((kind, origin(bench, field, variables).unwrap_or(Origin::HarnessDefault))))
}

/// The values of the file for an agent of this kind.
pub(super) fn values(bench: &BenchFile, kind: AgentKind, variables: Variables<'_>) -> Result<Vec<Sourced>, ConfigError> {
    let mut found = Vec::new();
    let paths = [("paths.state", "paths.state_root", &bench.state_root), ("paths.work", "paths.work_root", &bench.work_root)];
    for (key, field, path) in paths {
        if let (Some(path), Some(origin)) = (path, origin(bench, field, variables)) {
            let path = path.strip_prefix("./").unwrap_or(path);
            found.push((key, json!(path.to_string_lossy()), origin));
        }
    }
    let Some(agent) = bench.agent(kind.name()).filter(|_| kind != AgentKind::Command) else { return Ok(found) };
    for (key, field, value) in fields(agent, kind) {
        let field = format!("agents.{}.{field}", kind.name());
        if let Some(says) = value.as_f64().and_then(out_of_range) {
            return Err(bench.unfit(&field, &says).into());
        }
        if has_nul(&value) {
            return Err(bench.unfit(&field, NUL).into());
        }
        match origin(bench, &field, variables) {
            Some(origin) => found.push((key, value, origin)),
            None => found.extend(own_default(key, kind).map(|value| (key, value, Origin::HarnessDefault))),
        }
    }
    Ok(found)
}

/// Keys of ours, fields of the agent's section, and their values.
fn fields(agent: &BenchAgent, kind: AgentKind) -> [(&'static str, &'static str, Value); 7] {
    let args = &agent.args;
    let (steps_field, steps) =
        if kind == AgentKind::Openhands { ("args.iterations", args.iterations) } else { ("args.max_steps", args.max_steps) };
    [
        ("agent.model", "args.model", json!(args.model)),
        ("agent.cli", "cli", json!(agent.cli)),
        ("agent.config_file", "config_file", json!(agent.config_file)),
        ("agent.profile", "args.profile", json!(args.profile)),
        ("agent.max_steps", steps_field, json!(steps.filter(|steps| *steps > 0))),
        ("agent.max_usd", "args.max_budget_per_task", json!(args.max_budget_per_task.filter(|usd| *usd != 0.0))),
        ("budget.agent", "time_budget_minutes", json!(agent.time_budget_minutes.unwrap_or(MINUTES))),
    ]
}

/// What the harness takes where its file has the agent's section and not this field.
fn own_default(key: &str, kind: AgentKind) -> Option<Value> {
    match (key, kind) {
        ("agent.max_steps", AgentKind::Trae | AgentKind::Codex | AgentKind::Openhands) => Some(json!(STEPS)),
        ("agent.max_usd", AgentKind::Openhands) => Some(json!(DOLLARS)),
        ("budget.agent", _) => Some(json!(MINUTES)),
        _ => None,
    }
}

/// Where a field stands, and the variables that stand in it; `None` where it does not stand there.
fn origin(bench: &BenchFile, field: &str, variables: Variables<'_>) -> Option<Origin> {
    let written = bench.written().pointer(&format!("/{}", field.replace('.', "/"))).filter(|value| !value.is_null())?;
    let filled = written.as_str().map(|text| filled(text, variables)).unwrap_or_default();
    Some(Origin::Bench { name: name(&bench.path), field: field.to_owned(), filled })
}

/// The `${…}` of a text, and what became of them.
fn filled(text: &str, variables: Variables<'_>) -> Vec<Filled> {
    let inside = text.split("${").skip(1).filter_map(|part| part.split_once('}').map(|(inside, _)| inside));
    let became = |inside: &str| {
        let (name, fallback) = inside.split_once(":-").map_or((inside, None), |(name, fallback)| (name, Some(fallback)));
        match (variables(name), fallback) {
            (Some(_), _) => Filled::Set(name.to_owned()),
            (None, Some(_)) => Filled::Fallback(name.to_owned()),
            (None, None) => Filled::Unset(name.to_owned()),
        }
    };
    inside.map(became).collect()
}
