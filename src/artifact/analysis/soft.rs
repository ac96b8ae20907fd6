//! `soft_metrics.json` and `patch_quality.json`: what a model said of the agents' patches.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Rows;
use super::hard::is_empty;
use super::loose::{self, Found, is_sha, place, shown, text};
use crate::artifact::ArtifactError;
use crate::domain::{SoftVerdict, Target};

/// A verdict of a soft-metrics file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftRow {
    /// The file.
    pub path: PathBuf,
    /// The human's commit, as long as it is written there; empty where only the item is named.
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

/// Reads `soft_metrics.json`, an item's `analysis.json`, or its `patch_quality.json` below
/// `state/analysis/<repo>/<agent>/<model>/<ts>/<item>/`, whose names are taken from its path, and its commit from the
/// `analysis.json` beside it. A row without a verdict that we know is told, and is no row.
pub fn soft_metrics(path: &Path) -> Result<Rows<SoftRow>, ArtifactError> {
    let whole = loose::read(path)?;
    let beside = About::of_path(path);
    let mut found = Rows { rows: Vec::new(), without: Vec::new() };
    for (nth, row) in loose::rows(&whole, &is_row).into_iter().enumerate() {
        let about = About::of_row(&row).or(&beside);
        let commit = about.commit.unwrap_or_default();
        let without = |says: &str| format!("{}: {says}", place(nth, &commit));
        let Some(agent) = about.agent else {
            found.without.push(without("no agent: whose patch is it?"));
            continue;
        };
        if commit.is_empty() && about.item_id.is_none() {
            found.without.push(without("neither commit nor item: what is it about?"));
            continue;
        }
        match verdict(quality(row.row), path) {
            Ok(verdict) => {
                found.rows.push(SoftRow { path: path.to_owned(), commit, agent, model: about.model, item_id: about.item_id, verdict });
            }
            Err(says) => found.without.push(without(&says)),
        }
    }
    if found.rows.is_empty() && found.without.is_empty() && !is_empty(&whole) {
        found.without.push("no row with patch_quality: is this a soft_metrics.json?".to_owned());
    }
    Ok(found)
}

fn is_row(row: &Map<String, Value>) -> bool {
    ["patch_quality", "bottleneck_target"].iter().any(|field| row.contains_key(*field))
}

/// Where a row's verdict stands: below `patch_quality`, or in the row itself.
fn quality(row: &Map<String, Value>) -> Option<&Map<String, Value>> {
    match row.get("patch_quality") {
        None => Some(row),
        Some(quality) => quality.as_object(),
    }
}

fn verdict(quality: Option<&Map<String, Value>>, path: &Path) -> Result<SoftVerdict, String> {
    let quality = quality.ok_or("patch_quality holds no verdict")?;
    let part = |name: &str| quality.get(name);
    let word = category(part("bottleneck_target"));
    let words = Target::ALL.map(Target::name).join(", ");
    let unknown = || format!("bottleneck_target.category is {}, and may be {words}", shown(word));
    let target = word.and_then(Value::as_str).and_then(|word| Target::from_name(&word.trim().to_lowercase())).ok_or_else(unknown)?;
    let says = ["bottleneck_target", "approach_comparison"].iter().find_map(|name| reasons(part(name)));
    Ok(SoftVerdict { target, approach: text(category(part("approach_comparison"))), says, by: path.display().to_string() })
}

/// `{category: word}`, or the word itself.
fn category(value: Option<&Value>) -> Option<&Value> {
    match value? {
        Value::Object(fields) => fields.get("category"),
        value => Some(value),
    }
}

/// Names of the field that holds a model's reasons, of today and of other versions.
pub(super) const REASONS: [&str; 5] = ["discussion", "reasoning", "explanation", "rationale", "reason"];

fn reasons(value: Option<&Value>) -> Option<String> {
    REASONS.iter().find_map(|name| text(value?.get(name)))
}

/// What a row is about, as far as it is known.
#[derive(Debug, Clone, Default)]
struct About {
    commit: Option<String>,
    agent: Option<String>,
    model: Option<String>,
    item_id: Option<String>,
}

impl About {
    fn of_row(found: &Found<'_>) -> Self {
        let nothing = Map::new();
        let meta = found.row.get("meta").and_then(Value::as_object).unwrap_or(&nothing);
        let either = |names: &[&str]| names.iter().find_map(|name| text(meta.get(*name)).or_else(|| text(found.row.get(*name))));
        let commit = [meta, found.row].into_iter().find_map(|fields| {
            let named = ["commits", "commit", "human_commit", "human", "commit_hash"].iter().find_map(|name| commit(fields.get(*name)?));
            named
        });
        Self {
            commit: commit.or_else(|| found.commit_above()),
            agent: either(&["agent", "tool"]).or_else(|| found.name_above()),
            model: either(&["model", "model_full"]),
            item_id: either(&["item_id"]),
        }
    }

    /// By the path `…/analysis/<repo>/<agent>/<model>/<ts>/<item>/patch_quality.json`, and the `analysis.json` beside it.
    fn of_path(path: &Path) -> Self {
        let folders: Vec<String> =
            path.ancestors().skip(1).take(6).map_while(|folder| Some(folder.file_name()?.to_str()?.to_owned())).collect();
        let [item, _, model, agent, _, root] = folders.as_slice() else { return Self::default() };
        if root != "analysis" {
            return Self::default();
        }
        let of_commit = |whole: &Value| commit(whole.get("meta")?.get("commits")?);
        let beside = path.with_file_name("analysis.json");
        let read = if beside == path { None } else { loose::read(&beside).ok() };
        let safe = |name: &String| Some(loose::text_of(name));
        Self { commit: read.as_ref().and_then(of_commit), agent: safe(agent), model: safe(model), item_id: safe(item) }
    }

    fn or(self, other: &Self) -> Self {
        Self {
            commit: self.commit.or_else(|| other.commit.clone()),
            agent: self.agent.or_else(|| other.agent.clone()),
            model: self.model.or_else(|| other.model.clone()),
            item_id: self.item_id.or_else(|| other.item_id.clone()),
        }
    }
}

/// The human's commit, however it is written: a sha, `{human, pre}`, a list with either.
fn commit(value: &Value) -> Option<String> {
    match value {
        Value::String(sha) => Some(sha.trim()).filter(|sha| is_sha(sha)).map(str::to_owned),
        Value::Object(fields) => ["human", "human_commit", "commit"].iter().find_map(|name| commit(fields.get(*name)?)),
        Value::Array(list) => list.iter().find_map(commit),
        _ => None,
    }
}
