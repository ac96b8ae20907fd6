//! What others made of results: `hard_metrics/<project>/hard_metrics.json`, `soft_metrics/<project>/soft_metrics.json`,
//! `patch_quality.json` of ISO-Bench's `analyze` (`reference/isobench.md` sections 2.9 and 5), and a judge's verdict.
//!
//! Liberal in shape, as people keep such files in many: a list, one row, rows below names. Strict in meaning: a word that
//! we don't know is no verdict, and is told.

mod hard;
mod judged;
mod loose;
mod soft;
#[cfg(test)]
mod tests;

pub use hard::{HardRow, hard_metrics};
pub use judged::{SCHEMA, judged};
pub use soft::{SoftRow, soft_metrics};

/// The rows of a file, and what is wrong with the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// Those that make sense, in the file's order.
    pub rows: Vec<T>,
    /// A sentence for each that has no verdict, with its place in the file: `row 3 (commit 021f76e4): …`.
    pub without: Vec<String>,
}

/// One name for an agent, as hard metrics call it (`tool`), from what soft metrics or folders call it: `codex` is
/// `codex_cli`, and of TRAE the model tells which (`build_commit_data.py` of the project's site does the same).
pub fn tool(agent: &str, model: Option<&str>) -> String {
    let agent = agent.trim().to_lowercase().replace('-', "_");
    let model = model.unwrap_or_default().to_lowercase();
    match agent.as_str() {
        "codex" | "codex_gpt5" => "codex_cli".to_owned(),
        "trae" if model.contains("sonnet") => "trae_sonnet".to_owned(),
        "trae" if model.contains("gpt-5") || model.contains("gpt5") => "trae_gpt5".to_owned(),
        "trae_sonnet45" | "trae_sonnet_45" => "trae_sonnet".to_owned(),
        _ => agent,
    }
}
