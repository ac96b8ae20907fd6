//! The benchmark arms.

use std::path::PathBuf;

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::{Config, Engine};
use crate::host::credentials;
use crate::runner::three_way;

/// Rows about the arms.
pub(super) fn arms(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    match look.config.arms.engine {
        Engine::Process if look.config.arms.command.is_empty() => vec![Row::warning(
            About::Arms,
            format!("no arms.command in {}: patches are taken and checked, and not benchmarked", Config::FILE),
            "write one, or leave it so",
        )],
        Engine::Process => Vec::new(),
        Engine::ThreeWay => three_way(look, plan),
    }
}

fn three_way(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let repo = plan.map_or("", |plan| &plan.repo);
    let items = look.checkout.items(repo, &look.config.agent.name, &look.config.agent.model_name, "");
    let mut rows = vec![match three_way::ready(look.checkout, look.config, &items) {
        Ok(says) => Row::ok(About::Arms, says),
        Err(why) => {
            let (says, fix) = why.split_once(": ").unwrap_or((&why, "name another engine with arms.engine"));
            Row::blocked(About::Arms, says, fix)
        }
    }];
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
