//! The model that really runs when ISO-Bench starts the agent. No bench file can change it for every agent, and a result
//! under a model's name that another model made would be a lie.

use std::path::Path;

use serde_json::Value;

use crate::agent::launch::codex_home;
use crate::artifact::Checkout;
use crate::artifact::document::read_text;
use crate::config::{Config, codex_model};
use crate::domain::AgentKind;
use crate::host::environment::{dot_env, of_agent};

/// Why another model than the one that is asked for would run, and after ": " what to do.
pub(super) fn other(checkout: &Checkout, config: &Config) -> Option<String> {
    let asked = config.agent.model.as_deref()?;
    match config.agent.kind {
        AgentKind::Trae => of_trae(checkout, config, &["trae_agent"], asked),
        AgentKind::Codex => of_trae(checkout, config, &["codex_agent", "trae_agent"], asked),
        AgentKind::CodexCli => of_codex_cli(checkout, config, asked),
        AgentKind::Openhands => of_openhands(checkout, asked),
        // it gets its model from the bench file, and we write that one
        AgentKind::ClaudeCode | AgentKind::Command => None,
    }
}

/// `LLM_MODEL` names only the folder: TRAE asks its own configuration file.
fn of_trae(checkout: &Checkout, config: &Config, agents: &[&str], asked: &str) -> Option<String> {
    let Some(file) = &config.agent.config_file else {
        return Some(format!(
            "ISO-Bench takes the model from the agent's own file, and agent.config_file names none: name one whose model is '{asked}', or \
             leave agent.model out"
        ));
    };
    let file = checkout.root.join(file);
    match trae_model(&file, agents) {
        Ok((model, _)) if model == asked => None,
        Ok((model, field)) => Some(differs(&format!("{} ({field})", file.display()), &model, asked, "agent.config_file")),
        Err(why) => Some(format!(
            "what model {} names can't be told, and '{asked}' is asked for: {why}; mend it, or name another with agent.config_file",
            file.display()
        )),
    }
}

/// The model of the agent's section, else the first one there; and the field in which it stands.
fn trae_model(path: &Path, agents: &[&str]) -> Result<(String, String), String> {
    let text = read_text(path).map_err(|error| error.to_string())?;
    let whole: Value = serde_saphyr::from_str(&text).map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
    let models = whole.get("models");
    let named = agents.iter().find_map(|agent| whole.get("agents")?.get(agent)?.get("model")?.as_str());
    let name = named.or_else(|| models?.as_object()?.keys().next().map(String::as_str)).ok_or("there are no models in it")?;
    let field = format!("models.{name}.model");
    let model = models.and_then(|models| models.get(name)?.get("model")?.as_str());
    model.map(|model| (model.to_owned(), field.clone())).ok_or_else(|| format!("there is no {field}"))
}

/// ISO-Bench gives Codex CLI a profile at most.
fn of_codex_cli(checkout: &Checkout, config: &Config, asked: &str) -> Option<String> {
    let home = of_agent(&dot_env(&checkout.env_folders()), "CODEX_HOME");
    let path = codex_home(&checkout.root, home.as_deref()).join("config.toml");
    let profile = config.agent.profile.as_deref();
    match codex_model(&path, profile) {
        Ok(Some((model, _))) if model == asked => None,
        Ok(Some((model, _))) => Some(differs(&path.display().to_string(), &model, asked, "agent.profile")),
        Ok(None) => Some(format!(
            "ISO-Bench gives Codex CLI no model, and {} names none: write '{asked}' there, name a profile with it in agent.profile, or leave \
             agent.model out",
            path.display()
        )),
        Err(why) => Some(format!("what model {} names can't be told, and '{asked}' is asked for: {why}", path.display())),
    }
}

/// We set `LLM_MODEL`, and ISO-Bench puts its `.env` over it.
fn of_openhands(checkout: &Checkout, asked: &str) -> Option<String> {
    let pairs = dot_env(&checkout.env_folders());
    let (_, model) = pairs.into_iter().rev().find(|(name, _)| name == "LLM_MODEL")?;
    (model != asked).then(|| format!(".env sets LLM_MODEL to another model than '{asked}', which is asked for: take it out of there"))
}

fn differs(place: &str, model: &str, asked: &str, key: &str) -> String {
    format!("{place} makes ISO-Bench run the model '{model}', and '{asked}' is asked for: name another with {key}, or change agent.model")
}
