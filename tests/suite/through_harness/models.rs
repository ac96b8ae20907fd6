//! Which model runs is ISO-Bench's own matter with most agents: what it would run must be what is asked for.

use std::fs;

use serde_json::Value;

use super::{campaign as harness, configure};
use crate::campaign::{Campaign, said};

/// What `doctor` says of the harness with these lines about the agent: whether it may start, and the sentence.
fn doctor(campaign: &Campaign, agent: &str) -> (String, String) {
    configure(campaign, agent, "");
    let mut command = campaign.command(&["doctor", "--format", "json"]);
    for name in ["LLM_MODEL", "CODEX_HOME", "CODEX_PROFILE", "CLAUDE_MODEL"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let row = found["rows"].as_array().unwrap().iter().find(|row| row["about"] == "harness").unwrap().clone();
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    (text("check"), format!("{}: {}", text("says"), text("fix")))
}

fn blocked(campaign: &Campaign, agent: &str, words: &[&str]) {
    let (check, says) = doctor(campaign, agent);
    assert!(check == "blocked" && words.iter().all(|word| says.contains(word)), "{agent}: {check}: {says}");
}

fn ok(campaign: &Campaign, agent: &str) {
    let (check, says) = doctor(campaign, agent);
    assert_eq!(check, "ok", "{agent}: {says}");
}

/// A file of TRAE's form: a first model that only gives a folder its name, and the one that its agent names.
const TRAE: &str = "# gpt-5-mini was tried\nagents:\n  trae_agent:\n    model: second\nmodels:\n  first:\n    model: gpt-5-mini\n  second:\n    model: \
                    gpt-5\n";

#[test]
fn traes_model_is_the_one_that_its_own_file_runs() {
    let campaign = harness(1);
    fs::write(campaign.root.join("trae.yaml"), TRAE).unwrap();
    for kind in ["trae", "codex"] {
        let with = |model: &str, file: &str| format!("kind = \"{kind}\"\nname = \"{kind}\"\nmodel = \"{model}\"\n{file}");
        let file = "config_file = \"trae.yaml\"";
        ok(&campaign, &with("gpt-5", file));
        ok(&campaign, &with("", ""));
        blocked(&campaign, &with("gpt-5", ""), &["agent.config_file names none", "whose model is 'gpt-5'"]);
        // the file has these words in it
        for other in ["gpt-5-mini", "gpt", "second"] {
            blocked(
                &campaign,
                &with(other, file),
                &["trae.yaml (models.second.model)", "run the model 'gpt-5'", &format!("'{other}' is asked for")],
            );
        }
        blocked(&campaign, &with("gpt-5", "config_file = \"none.yaml\""), &["none.yaml", "No such file"]);
    }
    let trae = |text: &str| {
        fs::write(campaign.root.join("trae.yaml"), text).unwrap();
        doctor(&campaign, "model = \"gpt-5\"\nconfig_file = \"trae.yaml\"")
    };
    assert_eq!(trae("models:\n  a:\n    model: gpt-5\n  b:\n    model: o3\n").0, "ok", "the first where its agent names none");
    let (check, says) = trae("agents: {trae_agent: {model: gone}}\nmodels: {a: {model: gpt-5}}\n");
    assert!(check == "blocked" && says.contains("there is no models.gone.model"), "{says}");
    let (check, says) = trae("models: [\n");
    assert!(check == "blocked" && says.contains("can't be told"), "{says}");
}

#[test]
fn codex_clis_model_is_that_of_its_profile() {
    let campaign = harness(1);
    let agent = |lines: &str| format!("kind = \"codex_cli\"\nname = \"codex_cli\"\n{lines}");
    ok(&campaign, &agent(""));
    blocked(&campaign, &agent("model = \"gpt-5\""), &["gives Codex CLI no model", ".codex_home/.codex/config.toml names none"]);
    let home = campaign.root.join(".codex_home/.codex");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("config.toml"), "model = \"o3\"\n[profiles.fast]\nmodel = \"gpt-5\"\n").unwrap();
    ok(&campaign, &agent("model = \"o3\""));
    ok(&campaign, &agent("model = \"gpt-5\"\nprofile = \"fast\""));
    blocked(&campaign, &agent("model = \"gpt-5\""), &["run the model 'o3'", "agent.profile"]);
    blocked(&campaign, &agent("model = \"o3\"\nprofile = \"fast\""), &["run the model 'gpt-5'"]);
}

#[test]
fn claude_code_and_openhands_are_told_their_model() {
    let campaign = harness(1);
    ok(&campaign, "kind = \"claude_code\"\nname = \"claude_code\"\nmodel = \"opus\"");
    let openhands = "kind = \"openhands\"\nname = \"openhands\"\nmodel = \"gpt-5\"";
    ok(&campaign, openhands);
    fs::write(campaign.root.join(".env"), "LLM_MODEL=gpt-5\n").unwrap();
    ok(&campaign, openhands);
    // ISO-Bench puts its .env over what we say
    fs::write(campaign.root.join(".env"), "LLM_MODEL=gpt-5-mini\n").unwrap();
    blocked(&campaign, openhands, &[".env sets LLM_MODEL", "'gpt-5'"]);
}
