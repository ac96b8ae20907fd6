//! `hard_metrics.json` and the files of soft metrics, as rows.

use std::path::Path;

use serde_json::Value;

use super::bytes::Scratch;
use super::{HardRow, Problem, SoftRow};
use crate::domain::{SoftVerdict, Standing, Target};
use crate::text::clean;

/// What one such file holds.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) hard: Vec<HardRow>,
    pub(super) soft: Vec<SoftRow>,
}

pub(super) fn read(path: &Path, scratch: &mut Scratch) -> Result<Rows, Problem> {
    let problem = |says: String| Problem { path: path.to_owned(), says };
    let (bytes, _) = scratch.read(path).map_err(|error| problem(format!("can't be read: {error}")))?;
    let whole = super::record::parse(bytes).map_err(|error| problem(format!("is no JSON: {error}")))?;
    let mut rows = Rows::default();
    for row in elements(&whole) {
        rows.hard.extend(hard(path, row));
        rows.soft.extend(soft(path, row));
    }
    if rows.hard.is_empty() && rows.soft.is_empty() { Err(problem("holds no verdict of a form that we know".to_owned())) } else { Ok(rows) }
}

/// The rows: a list, an object of them by commit, or one.
fn elements(whole: &Value) -> Vec<&Value> {
    match whole {
        Value::Array(rows) => rows.iter().collect(),
        Value::Object(fields) if fields.contains_key("patch_quality") || fields.contains_key("hard_classification") => vec![whole],
        Value::Object(fields) => {
            fields.values().flat_map(|value| value.as_array().map_or(vec![value], |rows| rows.iter().collect())).collect()
        }
        _ => Vec::new(),
    }
}

fn line(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(clean::line).filter(|text| !text.is_empty())
}

fn hard(path: &Path, row: &Value) -> Option<HardRow> {
    let class = row.get("hard_classification")?;
    let standing = match class.as_str().unwrap_or_default() {
        "beats" => Some(Standing::Beats),
        "similar" => Some(Standing::Similar),
        "worse" => Some(Standing::Worse),
        _ => None,
    };
    Some(HardRow {
        path: path.to_owned(),
        commit: line(row, "commit")?,
        tool: line(row, "tool").unwrap_or_default(),
        standing,
        metric: line(row, "primary_metric"),
        pct: row.get("primary_pct").and_then(Value::as_f64).filter(|pct| pct.is_finite()),
        throughput_pct: row.get("throughput_pct").and_then(Value::as_f64).filter(|pct| pct.is_finite()),
        ttft_pct: row.get("ttft_pct").and_then(Value::as_f64).filter(|pct| pct.is_finite()),
    })
}

fn soft(path: &Path, row: &Value) -> Option<SoftRow> {
    let quality = row.get("patch_quality").unwrap_or(row);
    let word = quality.get("bottleneck_target")?.get("category")?.as_str()?;
    let target = [Target::SameTarget, Target::RelatedTarget, Target::DifferentTarget, Target::NoOptimization];
    let target = target.into_iter().find(|target| target.name() == word)?;
    let meta = row.get("meta").unwrap_or(&Value::Null);
    let commits = meta.get("commits").unwrap_or(&Value::Null);
    let commit = line(commits, "human")
        .or_else(|| line(meta, "commit"))
        .or_else(|| line(row, "commit"))
        .or_else(|| commits.as_str().map(clean::line))?;
    Some(SoftRow {
        path: path.to_owned(),
        commit,
        agent: line(meta, "agent").or_else(|| line(row, "tool")).unwrap_or_default(),
        model: line(meta, "model"),
        item_id: line(meta, "item_id"),
        verdict: SoftVerdict {
            target,
            approach: quality.get("approach_comparison").and_then(|approach| line(approach, "category")),
            says: quality.get("bottleneck_target").and_then(|target| line(target, "reasoning").or_else(|| line(target, "explanation"))),
            by: clean::path(path),
        },
    })
}
