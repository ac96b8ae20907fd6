//! What others made of results: `hard_metrics/<project>/hard_metrics.json`, `soft_metrics/<project>/soft_metrics.json`,
//! and `patch_quality.json` of ISO-Bench's `analyze` (`reference/isobench.md` sections 2.9 and 5).

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ArtifactError;
use crate::domain::{SoftVerdict, Standing};

/// A row of `hard_metrics.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct HardRow {
    /// The file.
    pub path: PathBuf,
    /// The human's commit, as long as it is written there.
    pub commit: String,
    /// `tool` of the file: whose patch.
    pub tool: String,
    /// `hard_classification`; `None` for `NO_DATA`.
    pub standing: Option<Standing>,
    /// `primary_metric`.
    pub metric: Option<String>,
    /// `primary_pct`: + is better.
    pub pct: Option<f64>,
    /// `throughput_pct`.
    pub throughput_pct: Option<f64>,
    /// `ttft_pct`.
    pub ttft_pct: Option<f64>,
}

/// A verdict of a soft-metrics file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftRow {
    /// The file.
    pub path: PathBuf,
    /// The human's commit.
    pub commit: String,
    /// The agent that it is about.
    pub agent: String,
    /// Its model, where it is named.
    pub model: Option<String>,
    /// The item's id, where it is named.
    pub item_id: Option<String>,
    /// What it says.
    pub verdict: SoftVerdict,
}

/// The rows of a file, and what is wrong with the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// Those that make sense, in the file's order.
    pub rows: Vec<T>,
    /// A sentence for each that has no verdict, with its place in the file.
    pub without: Vec<String>,
}

/// Reads `hard_metrics.json`.
pub fn hard_metrics(path: &Path) -> Result<Rows<HardRow>, ArtifactError> {
    let _ = path;
    Ok(Rows { rows: Vec::new(), without: Vec::new() })
}

/// Reads `soft_metrics.json`, or an item's `patch_quality.json` below `state/analysis/<repo>/<agent>/<model>/<ts>/<item>/`,
/// whose agent and model are taken from the path where the file does not name them.
pub fn soft_metrics(path: &Path) -> Result<Rows<SoftRow>, ArtifactError> {
    let _ = path;
    Ok(Rows { rows: Vec::new(), without: Vec::new() })
}

/// The verdict that a judge printed, by `by`, and all that it printed. Anything else than one verdict is an error, in a
/// sentence with its place.
pub fn judged(printed: &[u8], by: &str) -> Result<(SoftVerdict, Value), String> {
    let _ = (printed, by);
    Err("todo".to_owned())
}
