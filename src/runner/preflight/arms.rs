//! The benchmark arms.

use std::fs;
use std::path::PathBuf;

use super::{About, Look, Row};
use crate::config::{Config, Engine};
use crate::host::credentials;

/// ISO-Bench's own runner of the arms, from the repository's root.
const SCRIPT: &str = "scripts/runners/run_3way_benchmarks.py";

/// Rows about the arms.
pub(super) fn arms(look: &Look<'_>) -> Vec<Row> {
    match look.config.arms.engine {
        Engine::Process if look.config.arms.command.is_empty() => vec![Row::warning(
            About::Arms,
            format!("no arms.command in {}: patches are taken and checked, and not benchmarked", Config::FILE),
            "write one, or leave it so",
        )],
        Engine::Process => Vec::new(),
        Engine::ThreeWay => three_way(look),
    }
}

fn three_way(look: &Look<'_>) -> Vec<Row> {
    let path = look.checkout.repo_root.join(SCRIPT);
    let fix = "name another engine with arms.engine, or use a whole checkout of ISO-Bench";
    let script = match fs::read_to_string(&path) {
        Ok(script) => script,
        Err(error) => return vec![Row::blocked(About::Arms, format!("can't read {}: {error}", path.display()), fix)],
    };
    let mut rows = Vec::new();
    // the script knows its agent types from tables of its own, and a new one is written into it
    let agent_type = look.config.arms.agent_type.as_deref();
    rows.push(match agent_type {
        Some(known) if [format!("\"{known}\""), format!("'{known}'")].iter().any(|word| script.contains(word.as_str())) => {
            Row::ok(About::Arms, format!("{} --agent-type {known}", path.display()))
        }
        Some(unknown) => {
            let says = format!("{} knows no agent type {unknown}", path.display());
            Row::blocked(
                About::Arms,
                says,
                "choose one of its own with arms.agent_type, or write it into AGENT_CONFIGS and AGENT_OUTPUT_DIRS there",
            )
        }
        None => Row::warning(
            About::Arms,
            format!("no arms.agent_type in {}: {} takes claude_code", Config::FILE, path.display()),
            "name the one whose folders hold this agent's patches",
        ),
    });
    let mapping =
        look.config.arms.mapping.as_ref().map_or_else(
            || look.checkout.repo_root.join("data/mappings/benchmark_mode_mapping.json"),
            |path| look.checkout.root.join(path),
        );
    if !mapping.is_file() {
        let says = format!("no {}: nothing says which command and model belong to a commit", mapping.display());
        rows.push(Row::warning(About::Arms, says, "name it with arms.mapping"));
    }
    rows.push(hugging_face(look));
    rows
}

/// The script reads the token from the file alone: variables do not reach it.
fn hugging_face(look: &Look<'_>) -> Row {
    let file: PathBuf = look.around.home().join(".cache/huggingface/token");
    if credentials::hugging_face(&look.around.home()).is_some() {
        return Row::ok(About::Keys, format!("Hugging Face: {}", file.display()));
    }
    let set = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].into_iter().find(|name| look.around.variable(name).is_some());
    let beside = set.map_or_else(String::new, |name| format!(" ({name} is set, and the 3-way runner does not look at it)"));
    Row::warning(
        About::Keys,
        format!("no Hugging Face token in {}{beside}: gated models will fail", file.display()),
        "`huggingface-cli login`, or write the token into that file",
    )
}
