//! `hard_metrics.json`: how the agents' numbers stand against the humans', as the project itself classified them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Rows;
use super::loose::{self, number, place, shown, text};
use crate::artifact::ArtifactError;
use crate::domain::Standing;

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
    /// `primary_metric`; `None` for `none`.
    pub metric: Option<String>,
    /// `primary_pct`: + is better.
    pub pct: Option<f64>,
    /// `throughput_pct`
    pub throughput_pct: Option<f64>,
    /// `ttft_pct`
    pub ttft_pct: Option<f64>,
}

/// Words for a class that is not known.
const NO_DATA: [&str; 5] = ["no_data", "nodata", "none", "n/a", "unknown"];

/// Reads `hard_metrics.json`. A row whose class is a word that we don't know is kept without a class, and told.
pub fn hard_metrics(path: &Path) -> Result<Rows<HardRow>, ArtifactError> {
    let whole = loose::read(path)?;
    let is_row = |row: &Map<String, Value>| ["hard_classification", "primary_pct"].iter().any(|field| row.contains_key(*field));
    let mut found = Rows { rows: Vec::new(), without: Vec::new() };
    for (nth, row) in loose::rows(&whole, &is_row).into_iter().enumerate() {
        let field = |name: &str| row.row.get(name);
        let commit = ["commit", "commit_hash", "human_commit", "human"].iter().find_map(|name| text(field(name)));
        let Some(commit) = commit.or_else(|| row.commit_above()) else {
            found.without.push(format!("{}: no commit", place(nth, "")));
            continue;
        };
        let Some(tool) = ["tool", "agent"].iter().find_map(|name| text(field(name))).or_else(|| row.name_above()) else {
            found.without.push(format!("{}: no tool: whose patch is it?", place(nth, &commit)));
            continue;
        };
        let standing = standing(field("hard_classification")).unwrap_or_else(|says| {
            found.without.push(format!("{}: {says}", place(nth, &commit)));
            None
        });
        let metric = text(field("primary_metric")).filter(|name| !NO_DATA.contains(&name.to_lowercase().as_str()));
        let [pct, throughput_pct, ttft_pct] = ["primary_pct", "throughput_pct", "ttft_pct"].map(|name| number(field(name)));
        found.rows.push(HardRow { path: path.to_owned(), commit, tool, standing, metric, pct, throughput_pct, ttft_pct });
    }
    if found.rows.is_empty() && found.without.is_empty() && !is_empty(&whole) {
        found.without.push("no row with hard_classification: is this a hard_metrics.json?".to_owned());
    }
    Ok(found)
}

fn standing(value: Option<&Value>) -> Result<Option<Standing>, String> {
    let word = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(word)) => word.trim().to_lowercase(),
        Some(_) => String::new(),
    };
    if NO_DATA.contains(&word.as_str()) {
        return Ok(None);
    }
    let unknown = || format!("hard_classification is {}, and may be beats, similar, worse or NO_DATA", shown(value));
    Standing::from_name(&word).map(Some).ok_or_else(unknown)
}

/// Whether a file holds nothing at all, which is no mistake.
pub(super) fn is_empty(whole: &Value) -> bool {
    match whole {
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null => true,
        _ => false,
    }
}
