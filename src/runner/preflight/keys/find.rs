//! Which key or login each kind of agent takes, in the agent's own order.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::agent::launch;
use crate::domain::AgentKind;
use crate::host::credentials::{self, Credential, Life};
use crate::host::files::open_regular;
use crate::runner::preflight::Look;
use crate::runner::preflight::agent::{config_path, read_config};

/// A larger file is no configuration of an agent, in bytes.
const LARGEST: u64 = 4 << 20;

/// A small file as text; anything else in its place is none: reading a pipe may never end.
fn read(path: &Path) -> Option<String> {
    let (file, there) = open_regular(path).ok()??;
    let mut text = String::new();
    let fits = there.len() <= LARGEST && file.take(LARGEST).read_to_string(&mut text).is_ok();
    fits.then_some(text)
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A key or a login.
    There {
        /// Where, and how long it works.
        credential: Credential,
        /// How a person renews it: an imperative without a full stop.
        renew: String,
    },
    /// None.
    Missing {
        /// What was looked for.
        says: String,
        /// What to do.
        fix: String,
    },
    /// Nothing says which it needs.
    Unclear {
        /// Why.
        says: String,
        /// What to do.
        fix: String,
    },
    /// The agent's own configuration needs none.
    NotNeeded {
        /// Why.
        says: String,
    },
}

/// The agent's key or login; `None` for a kind whose needs we don't know.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    match look.config.agent.kind {
        AgentKind::ClaudeCode => Some(claude_code(look)),
        AgentKind::CodexCli => Some(codex_cli(look)),
        AgentKind::Trae | AgentKind::Codex => trae(look),
        AgentKind::Openhands => Some(openhands(look)),
        AgentKind::Command => None,
    }
}

/// The first of these variables that is set.
fn variable(look: &Look<'_>, names: &[&str]) -> Option<Found> {
    let (name, found) = names.iter().find_map(|name| Some((name, look.around.variable(name)?)))?;
    let place = if found.in_dot_env { " in .env" } else { "" };
    let credential = Credential { from: format!("{name}{place}"), life: Life::of_value(found.value) };
    Some(Found::There { credential, renew: format!("renew {name}") })
}

fn aws(look: &Look<'_>, why: &str) -> Found {
    match credentials::aws(&look.around.home(), &|name| look.around.value(name)) {
        Ok(credential) => {
            let profile = look.around.value("AWS_PROFILE").map_or_else(String::new, |name| format!(" --profile {name}"));
            let renew =
                if credential.from.contains("sso") { format!("`aws sso login{profile}`") } else { format!("renew {}", credential.from) };
            Found::There { credential, renew }
        }
        Err(says) => Found::Missing {
            says: format!("{why} needs AWS, and there are {says}"),
            fix: format!("`aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in {}", look.around.env_file().display()),
        },
    }
}

fn claude_code(look: &Look<'_>) -> Found {
    let is_set = |name: &str| look.around.value(name).is_some_and(|value| !matches!(value.as_str(), "0" | "false"));
    if is_set("CLAUDE_CODE_USE_BEDROCK") {
        return aws(look, "CLAUDE_CODE_USE_BEDROCK");
    }
    let home = look.around.home();
    if is_set("CLAUDE_CODE_USE_VERTEX") {
        let named = look.around.value("GOOGLE_APPLICATION_CREDENTIALS");
        return match credentials::google(&home, named.as_deref()) {
            Some(credential) => Found::There { credential, renew: "`gcloud auth application-default login`".to_owned() },
            None => Found::Missing {
                says: "CLAUDE_CODE_USE_VERTEX needs Google's login, and there is none".to_owned(),
                fix: "`gcloud auth application-default login`".to_owned(),
            },
        };
    }
    if let Some(found) = variable(look, &["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"]) {
        return found;
    }
    let folder = look.around.value("CLAUDE_CONFIG_DIR").map_or_else(|| home.join(".claude"), PathBuf::from);
    if let Some(credential) = credentials::claude(&folder) {
        return Found::There { credential, renew: "log in again with `claude /login`".to_owned() };
    }
    if helper(&folder.join("settings.json")) {
        return Found::NotNeeded { says: format!("from the apiKeyHelper of {}", folder.join("settings.json").display()) };
    }
    Found::Missing {
        says: format!(
            "no key for Claude Code: neither ANTHROPIC_API_KEY, nor CLAUDE_CODE_OAUTH_TOKEN, nor a login in {}",
            folder.display()
        ),
        fix: format!("log in with `claude /login`, or set ANTHROPIC_API_KEY in {}", look.around.env_file().display()),
    }
}

fn helper(settings: &Path) -> bool {
    let settings = read(settings).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    settings.is_some_and(|settings| settings.get("apiKeyHelper").is_some_and(Value::is_string))
}

fn codex_cli(look: &Look<'_>) -> Found {
    let folder = launch::codex_home(&look.checkout.root, look.around.value("CODEX_HOME").as_deref());
    if let Some(provider) = provider_of(&folder.join("config.toml"), look.config.agent.profile.as_deref()) {
        return match provider.env_key {
            Some(name) => variable(look, &[&name]).unwrap_or_else(|| Found::Missing {
                says: format!("Codex's provider {} takes its key from {name}, which is not set", provider.name),
                fix: format!("set {name} in {}", look.around.env_file().display()),
            }),
            None => Found::NotNeeded { says: format!("Codex's provider {} names none", provider.name) },
        };
    }
    if let Some(found) = variable(look, &["CODEX_API_KEY"]) {
        return found;
    }
    let log_in = match folder.parent() {
        Some(home) if folder.ends_with(".codex") => format!("`HOME={} codex login`", home.display()),
        _ => format!("`CODEX_HOME={} codex login`", folder.display()),
    };
    if let Some(credential) = credentials::codex(&folder) {
        return Found::There { credential, renew: format!("log in again with {log_in}") };
    }
    variable(look, &["OPENAI_API_KEY"]).unwrap_or_else(|| {
        // people log in where they are, and the harness gives Codex a home of its own
        let elsewhere = look.around.home().join(".codex");
        let beside = if credentials::codex(&elsewhere).is_some() {
            format!(" (the login in {} is not used)", elsewhere.display())
        } else {
            String::new()
        };
        Found::Missing {
            says: format!("no key for Codex: neither CODEX_API_KEY, nor OPENAI_API_KEY, nor a login in {}{beside}", folder.display()),
            fix: format!("log in with {log_in}, or set OPENAI_API_KEY in {}", look.around.env_file().display()),
        }
    })
}

/// A model provider of Codex's own configuration, where it is not the usual one.
struct Provider {
    name: String,
    env_key: Option<String>,
}

fn provider_of(config: &Path, profile: Option<&str>) -> Option<Provider> {
    let config: toml::Table = read(config)?.parse().ok()?;
    let own = profile.and_then(|name| config.get("profiles")?.get(name)?.get("model_provider")?.as_str());
    let name = own.or_else(|| config.get("model_provider")?.as_str())?;
    let provider = config.get("model_providers")?.get(name)?;
    if provider.get("requires_openai_auth").and_then(toml::Value::as_bool) == Some(true) {
        return None;
    }
    Some(Provider { name: name.to_owned(), env_key: provider.get("env_key").and_then(toml::Value::as_str).map(str::to_owned) })
}

/// By the provider of its configuration: `agents.*.model` names one of `models`, whose `model_provider` is one of
/// `model_providers`; older JSON files say `default_provider`. `None` where the configuration is broken.
fn trae(look: &Look<'_>) -> Option<Found> {
    let unclear = |says: String| {
        let says = format!("can't tell which key {} needs: {says}", look.config.agent.name);
        Some(Found::Unclear { says, fix: format!("be sure that it is set, e.g. in {}", look.around.env_file().display()) })
    };
    let Some(path) = config_path(look) else { return unclear("agent.config_file names no configuration".to_owned()) };
    // that it can't be read is the agent's row
    let config = read_config(&path).ok()?;
    let Some((name, written)) = trae_provider(&config) else { return unclear(format!("{} names no provider", path.display())) };
    let provider = written.and_then(|provider| provider.get("provider")).and_then(Value::as_str).unwrap_or(&name);
    if provider.eq_ignore_ascii_case("ollama") {
        return Some(Found::NotNeeded { says: "ollama takes none".to_owned() });
    }
    if provider.to_ascii_lowercase().contains("bedrock") {
        return Some(aws(look, &format!("provider {name} of {}", path.display())));
    }
    let key = format!("{}_API_KEY", provider.to_ascii_uppercase().replace('-', "_"));
    let is_removed = launch::SEARCH_KEYS.contains(&key.as_str());
    if !is_removed && let Some(found) = variable(look, &[&key]) {
        return Some(found);
    }
    let in_file = written.and_then(|provider| provider.get("api_key")).and_then(Value::as_str).filter(|key| is_real(key));
    if let Some(value) = in_file {
        let from = format!("api_key of provider {name} in {}", path.display());
        return Some(Found::There { credential: Credential { from, life: Life::of_value(value) }, renew: "write a new one".to_owned() });
    }
    Some(if is_removed {
        Found::Missing {
            says: format!("provider {name} has no api_key in {}, and the harness hides {key} from agents", path.display()),
            fix: "write api_key into that file".to_owned(),
        }
    } else {
        Found::Missing {
            says: format!("no key for provider {name}: neither {key}, nor api_key in {}", path.display()),
            fix: format!("set {key} in {}", look.around.env_file().display()),
        }
    })
}

/// The provider's name, and what is written about it.
fn trae_provider(config: &Value) -> Option<(String, Option<&Value>)> {
    let providers = config.get("model_providers");
    let models = config.get("models").and_then(Value::as_object);
    let agents = config.get("agents").and_then(Value::as_object);
    let model = agents.and_then(|agents| agents.values().find_map(|agent| agent.get("model")?.as_str()));
    let of = models.and_then(|models| model.and_then(|name| models.get(name)).or_else(|| models.values().next()));
    let name = of.and_then(|model| model.get("model_provider")).or_else(|| config.get("default_provider"))?.as_str()?;
    Some((name.to_owned(), providers.and_then(|providers| providers.get(name))))
}

/// Whether a key is more than the example's placeholder.
fn is_real(key: &str) -> bool {
    let key = key.trim();
    !key.is_empty() && !key.to_ascii_lowercase().starts_with("your") && !key.starts_with('<') && !key.starts_with("${")
}

/// `LLM_API_KEY`, or that of the provider before the `/` of the model's name, or `llm.api_key` of its own file.
fn openhands(look: &Look<'_>) -> Found {
    let model = look.config.agent.model.clone().or_else(|| look.around.value("LLM_MODEL"));
    let file = look.checkout.root.join("config/main_openai.toml");
    let config: Option<toml::Table> = read(&file).and_then(|text| text.parse().ok());
    let written = |key: &str| config.as_ref()?.get("llm")?.get(key)?.as_str().map(str::to_owned);
    let model = model.or_else(|| written("model")).unwrap_or_default();
    if model.starts_with("bedrock/") {
        return aws(look, &format!("model {model}"));
    }
    if model.starts_with("ollama/") {
        return Found::NotNeeded { says: "ollama takes none".to_owned() };
    }
    let provider = match model.split_once('/') {
        Some((provider, _)) => format!("{}_API_KEY", provider.to_ascii_uppercase().replace('-', "_")),
        None if model.starts_with("claude") => "ANTHROPIC_API_KEY".to_owned(),
        None => "OPENAI_API_KEY".to_owned(),
    };
    if let Some(found) = variable(look, &["LLM_API_KEY", &provider]) {
        return found;
    }
    if written("api_key").is_some_and(|key| is_real(&key)) {
        let credential = Credential { from: format!("llm.api_key in {}", file.display()), life: Life::Lasting };
        return Found::There { credential, renew: "write a new one".to_owned() };
    }
    Found::Missing {
        says: format!("no key for OpenHands: neither LLM_API_KEY nor {provider}"),
        fix: format!("set LLM_API_KEY in {}", look.around.env_file().display()),
    }
}
