//! The report for scripts: every row and every count, schema 1.

use serde_json::{Map, Value, json};

use super::compare::Comparison;
use super::counted::Counted;
use super::lead::Lead;
use super::study::{Compared, ItemRow, ResultRow, Study};
use crate::domain::{Flag, Metric};
use crate::model::Energy;
use crate::text::clean;

/// Raised when a key changes its meaning or goes; new keys may come at any time.
const SCHEMA: u32 = 1;

/// Everything.
pub fn json(study: &Study, counted: &Counted, lead: &Lead) -> Value {
    let coverage = &study.coverage;
    json!({
        "schema": SCHEMA,
        "paths": study.paths.iter().map(|path| clean::path(path)).collect::<Vec<_>>(),
        "says": lead.lines.iter().map(|line| json!({"about": line.about, "says": line.says})).collect::<Vec<_>>(),
        "attempts": {"total": study.items.len(), "by_status": counted.by_status, "marked_success": counted.marked, "commits": counted.commits},
        "items": study.items.iter().map(|row| item(study, row)).collect::<Vec<_>>(),
        "results": study.results.iter().map(|row| result(study, row)).collect::<Vec<_>>(),
        "compared": study.compared.iter().map(|row| compared(study, row)).collect::<Vec<_>>(),
        "by_agent": counted.by_agent,
        "all_agents": counted.all,
        "by_type": counted.by_kind.iter().map(kind).collect::<Vec<_>>(),
        "ladder": counted.all.ladder,
        "failures": counted.failures,
        "flags": counted.flags,
        "quadrants": counted.quadrants,
        "coverage": {
            "planned": coverage.planned,
            "with_patch": coverage.with_patch,
            "missing": coverage.missing,
            "by_agent": coverage.by_agent.iter().map(|agent| json!({
                "agent": agent.agent, "model": agent.model, "with_patch": agent.with_patch, "missing": agent.missing,
            })).collect::<Vec<_>>(),
        },
        "problems": study.problems.iter().map(|(path, says)| json!({"path": clean::path(path), "says": says})).collect::<Vec<_>>(),
    })
}

fn item(study: &Study, row: &ItemRow) -> Value {
    json!({
        "item_id": row.item_id,
        "human": row.human,
        "repo": row.repo,
        "agent": row.agent,
        "model": row.model,
        "run": row.run,
        "status": row.status,
        "rung": row.rung,
        "rungs": row.rungs,
        "flags": names(&row.flags),
        "steps": row.steps,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "duration_s": row.duration_s,
        "cost_usd": row.cost_usd,
        "energy_wh": row.energy.map(Energy::wh),
        "energy_covered_pct": row.energy.map(|energy| energy.covered_pct),
        "patch_bytes": row.patch_bytes,
        "terminal_error": row.terminal_error,
        "failure": row.failure,
        "folder": study.place(&row.folder),
        "finished": row.at,
    })
}

fn result(study: &Study, row: &ResultRow) -> Value {
    json!({
        "commit": row.commit,
        "arm": row.arm,
        "agent": row.agent,
        "model": row.model,
        "model_run": row.model_run,
        "type": row.kind.map_or("unknown", crate::domain::BenchKind::name),
        "status": row.status,
        "ok": row.is_measured(),
        "metrics": metrics(&row.metrics),
        "key": row.key(),
        "failure": row.failure,
        "flags": names(&row.flags),
        "workload": row.workload,
        "file": study.place(&row.file),
        "run": row.run,
    })
}

/// `{name: value}`; of two of one name the first counts, as it is the one that is shown.
fn metrics(metrics: &[Metric]) -> Map<String, Value> {
    let mut all = Map::new();
    for metric in metrics {
        all.entry(metric.name.clone()).or_insert_with(|| whole(metric.value));
    }
    all
}

/// A number as it was printed: one without a fraction is an integer.
fn whole(value: f64) -> Value {
    json!(value)
}

fn compared(study: &Study, row: &Compared) -> Value {
    json!({
        "commit": row.commit,
        "agent": row.agent,
        "model": row.model,
        "model_run": row.model_run,
        "run": row.run,
        "type": row.kind.map_or("unknown", crate::domain::BenchKind::name),
        "arms": row.arms.iter().map(|(arm, status)| (arm.name().to_owned(), Value::from(status.as_str()))).collect::<Map<_, _>>(),
        "rung": row.rung,
        "flags": names(&row.flags),
        "verdicts": row.verdicts,
        "incomparable": row.incomparable,
        "why_not": row.why_not,
        "class": row.hard,
        "class_from": row.hard_from.as_ref().map(|path| study.place(path)),
        "soft": row.soft,
        "quadrant": row.quadrant,
        "failure": row.failure,
    })
}

fn kind(count: &super::counted::KindCount) -> Value {
    let arm = |(good, all): (usize, usize)| json!({"ok": good, "total": all});
    json!({
        "type": count.kind.map_or("unknown", crate::domain::BenchKind::name),
        "human": arm(count.human),
        "baseline": arm(count.baseline),
        "agent": arm(count.agent),
        "beats": count.beats,
        "similar": count.similar,
        "worse": count.worse,
        "incomparable": count.incomparable,
    })
}

fn names(flags: &[Flag]) -> Vec<&'static str> {
    flags.iter().map(|flag| flag.name()).collect()
}

/// Two trees side by side.
pub fn comparison(comparison: &Comparison, lead: &Lead) -> Value {
    json!({
        "schema": SCHEMA,
        "says": lead.lines.iter().map(|line| json!({"about": line.about, "says": line.says})).collect::<Vec<_>>(),
        "compare": comparison,
    })
}
