//! The model that a run's folder is named by, where nobody named one: what the agent's own configuration says.

use std::path::Path;

use serde_json::Value;

use super::{AgentConfig, Origin};
use crate::artifact::Checkout;
use crate::artifact::document::read_text;
use crate::artifact::expand::Variables;
use crate::domain::AgentKind;

/// A model's name and where it stands; `Err` is why the file that should name it can't be asked.
pub(super) fn derived(agent: &AgentConfig, checkout: &Checkout, variables: Variables<'_>) -> Result<(String, Origin), String> {
    if let Some(model) = &agent.model {
        return Ok((model.clone(), Origin::Derived("agent.model".to_owned())));
    }
    let variable = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
    if let Some(model) = variable("LLM_MODEL") {
        return Ok((model, Origin::Variable("LLM_MODEL".to_owned())));
    }
    let root = &checkout.root;
    let found = match (agent.kind, &agent.config_file) {
        (AgentKind::Trae | AgentKind::Codex, Some(file)) => of_trae(&root.join(file))?,
        (AgentKind::CodexCli, _) => {
            // the harness gives Codex a home of its own in its folder
            let home = variable("CODEX_HOME").map_or_else(|| root.join(".codex_home/.codex"), |home| root.join(home));
            codex_model(&home.join("config.toml"), agent.profile.as_deref())?
        }
        (AgentKind::Openhands, _) if agent.cli.as_deref().is_some_and(|cli| cli != "uvx") => {
            of_openhands(&root.join("config/main_openai.toml"))?
        }
        _ => None,
    };
    Ok(found.unwrap_or_else(|| ("default".to_owned(), Origin::Default)))
}

type Found = Result<Option<(String, Origin)>, String>;

/// TRAE's YAML: the first of `models.*` that has one, else `llm.model`, as the harness looks for it.
fn of_trae(path: &Path) -> Found {
    let text = read_text(path).map_err(|error| error.to_string())?;
    let whole: Value = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {}", path.display(), first_line(&error.to_string())))?;
    let model = |at: &Value| at.get("model").and_then(Value::as_str).filter(|model| !model.trim().is_empty()).map(str::to_owned);
    let mut models = whole.get("models").and_then(Value::as_object).into_iter().flatten();
    let named = models.find_map(|(name, at)| Some((model(at)?, format!("models.{name}.model"))));
    let named = named.or_else(|| Some((model(whole.get("llm")?)?, "llm.model".to_owned())));
    Ok(named.map(|(model, field)| (model, of_file(path, &field))))
}

/// Codex's TOML: the profile's model, else the model, and where it stands. No file, no model.
pub fn codex_model(path: &Path, profile: Option<&str>) -> Found {
    let Some(table) = toml_of(path)? else { return Ok(None) };
    let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
    let of_profile = profile.and_then(|profile| {
        let model = text(table.get("profiles").and_then(|profiles| profiles.get(profile)?.get("model")))?;
        Some((model, of_file(path, &format!("profiles.{profile}.model"))))
    });
    Ok(of_profile.or_else(|| Some((text(table.get("model"))?, of_file(path, "model")))))
}

/// The file that the harness names to OpenHands. No file, no model.
fn of_openhands(path: &Path) -> Found {
    let Some(table) = toml_of(path)? else { return Ok(None) };
    let model = table.get("llm").and_then(|llm| llm.get("model")).and_then(toml::Value::as_str);
    Ok(model.map(|model| (model.to_owned(), of_file(path, "llm.model"))))
}

fn toml_of(path: &Path) -> Result<Option<toml::Table>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(path).map_err(|error| error.to_string())?;
    toml::from_str(&text).map(Some).map_err(|error| format!("{}: {}", path.display(), first_line(error.message())))
}

fn of_file(path: &Path, field: &str) -> Origin {
    Origin::Derived(format!("{}: {field}", path.display()))
}

fn first_line(says: &str) -> &str {
    says.lines().next().unwrap_or(says)
}
