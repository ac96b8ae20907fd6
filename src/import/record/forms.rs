//! The forms of result files (`reference/isobench.md` section 3).

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{Record, line, named, text};
use crate::artifact::result_file::{Findings, OURS};
use crate::domain::Arm;
use crate::import::walk::Shape;

/// Arms of the Modal runner, by the beginning of their names.
const ARMS: [(&str, Arm); 3] = [("human", Arm::Human), ("baseline", Arm::Baseline), ("agent", Arm::Agent)];

pub(super) fn records(path: &Path, shape: Shape, whole: &Value) -> Vec<Record> {
    match shape {
        Shape::Arm(arm) if whole.is_object() => vec![arm_result(path, arm, whole)],
        Shape::Modal => modal(path, whole),
        Shape::Progress => list(whole.get("results").unwrap_or(whole)).flat_map(|one| modal(path, one)).collect(),
        Shape::Flat => flat(path, whole),
        Shape::Any => any(path, whole),
        Shape::Arm(_) => Vec::new(),
    }
}

/// The elements of a list, or the one object.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Value::Array(many) => (many.as_slice(), None),
        Value::Object(_) => (&[][..], Some(value)),
        _ => (&[][..], None),
    };
    many.iter().chain(one)
}

/// A file that was named itself: its content says what it is.
fn any(path: &Path, whole: &Value) -> Vec<Record> {
    let of_modal = |value: &Value| ARMS.iter().any(|(arm, _)| value.get(format!("{arm}_metrics")).is_some());
    if whole.get("results").is_some() {
        return records(path, Shape::Progress, whole);
    }
    if whole.get("result").is_some_and(of_modal) || of_modal(whole) {
        return modal(path, whole);
    }
    let is_result = |value: &Value| value.get("human_commit").is_some() && value.get("status").is_some() && value.get("metrics").is_some();
    if is_result(whole) {
        return vec![arm_result(path, Arm::Agent, whole)];
    }
    if let Value::Array(rows) = whole {
        return rows.iter().flat_map(|row| dataset(path, row)).collect();
    }
    flat(path, whole)
}

fn numbers(metrics: Option<&Value>) -> Vec<(String, f64)> {
    let number = |value: &Value| value.as_f64().filter(|number| number.is_finite());
    let all = metrics.and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, value)| Some((canonical(name), number(value)?))).collect()
}

/// The one name of a number, whatever its runner called it.
fn canonical(name: &str) -> String {
    let low = crate::text::clean::line(name).to_lowercase();
    let is_time = |name: &str| ["ttft_", "tpot_", "itl_", "e2el_"].iter().any(|begin| name.starts_with(begin));
    match low.as_str() {
        "throughput" | "total_throughput" => "throughput_tok_s".to_owned(),
        "request_throughput" | "throughput_req_s" | "requests_per_second" => "request_throughput_req_s".to_owned(),
        "output_throughput" | "output_token_throughput" => "output_token_throughput_tok_s".to_owned(),
        "total_token_throughput" => "total_token_throughput_tok_s".to_owned(),
        "latency_avg" | "avg_latency_ms" | "latency_mean_ms" => "latency_avg_ms".to_owned(),
        name if is_time(name) && !name.ends_with("_ms") => format!("{name}_ms"),
        name => turned(name).unwrap_or_else(|| name.to_owned()),
    }
}

/// `mean_ttft_ms`, as vLLM's own files call it, is `ttft_mean_ms`.
fn turned(name: &str) -> Option<String> {
    let (statistic, rest) = name.split_once('_')?;
    let thing = rest.strip_suffix("_ms")?;
    let is_statistic =
        matches!(statistic, "mean" | "median" | "std") || statistic.strip_prefix('p').is_some_and(|rank| rank.parse::<f64>().is_ok());
    (is_statistic && matches!(thing, "ttft" | "tpot" | "itl" | "e2el")).then(|| format!("{thing}_{statistic}_ms"))
}

fn empty(path: &Path, arm: Arm) -> Record {
    Record {
        file: path.to_owned(),
        arm,
        is_three_way: false,
        commit: String::new(),
        full: String::new(),
        parent: String::new(),
        model: None,
        status: String::new(),
        error: None,
        duration_s: None,
        metrics: Vec::new(),
        raw: String::new(),
        timestamp: None,
        command: None,
        repo: None,
        ours: None,
    }
}

/// `<sha8>_{human,baseline,agent}_result.json`.
fn arm_result(path: &Path, arm: Arm, whole: &Value) -> Record {
    let full = line(whole, "human_commit_full").unwrap_or_default();
    let commit = line(whole, "human_commit").or_else(|| named(path)).or_else(|| full.get(..8).map(str::to_owned)).unwrap_or_default();
    let found = whole.get(OURS).and_then(|found| Findings::deserialize(found).ok());
    // beside a result of ISO-Bench's own script a run of ours writes what tainted it
    let ours = found.filter(|ours| !ours.run.is_empty() && ours.reused.as_ref().is_none_or(|reused| reused.run.is_some()));
    Record {
        is_three_way: ours.is_none(),
        ours,
        commit,
        full,
        parent: line(whole, "parent_commit").unwrap_or_default(),
        model: line(whole, "model"),
        status: line(whole, "status").unwrap_or_else(|| "unknown".to_owned()),
        error: text(whole, "error"),
        duration_s: whole.get("duration_s").and_then(Value::as_f64),
        metrics: numbers(whole.get("metrics")),
        raw: text(whole, "raw_output").unwrap_or_default(),
        timestamp: line(whole, "timestamp"),
        command: line(whole, "perf_command"),
        ..empty(path, arm)
    }
}

/// `benchmark_result.json` of the Modal runner: `{instance, result}`, or a `result` alone in a list of progress.
fn modal(path: &Path, whole: &Value) -> Vec<Record> {
    let instance = whole.get("instance").unwrap_or(&Value::Null);
    let result = whole.get("result").filter(|result| result.is_object()).unwrap_or(whole);
    let either = |name: &str, other: &str| line(result, name).or_else(|| line(instance, other)).or_else(|| line(whole, name));
    let full = either("full_commit", "commit_hash").unwrap_or_default();
    let above = path.parent().and_then(named);
    let commit = either("commit", "commit_short").or_else(|| full.get(..8).map(str::to_owned)).or(above).unwrap_or_default();
    if commit.is_empty() && full.is_empty() {
        return Vec::new();
    }
    let status = line(result, "status").unwrap_or_else(|| "unknown".to_owned());
    let error = text(result, "error").or_else(|| text(result, "traceback"));
    let command = either("perf_command", "perf_command");
    let has_patch = result.get("has_agent_patch").and_then(Value::as_bool).unwrap_or(true);
    let mut records = Vec::new();
    for (name, arm) in ARMS {
        let metrics = numbers(result.get(format!("{name}_metrics")));
        let own_error = text(result, &format!("{name}_error"));
        let raw = text(result, &format!("{name}_raw")).unwrap_or_default();
        let is_told = !metrics.is_empty() || own_error.is_some() || !raw.is_empty();
        // what failed as a whole failed for the arm that it is about: the agent's, where there was a patch
        let is_whole = arm == Arm::Agent && has_patch && status != "success";
        if !is_told && !is_whole {
            continue;
        }
        let is_good = !metrics.is_empty() && own_error.is_none();
        let shared = |text: &Option<String>| if is_good { None } else { text.clone() };
        let logs = text(result, "server_logs").filter(|_| !is_good && raw.is_empty());
        records.push(Record {
            commit: if commit.is_empty() { full.get(..8).unwrap_or(&full).to_owned() } else { commit.clone() },
            full: full.clone(),
            parent: either("parent_commit", "parent_commit").unwrap_or_default(),
            model: either("model", "model"),
            status: if is_good {
                "success".to_owned()
            } else if status == "success" {
                "error".to_owned()
            } else {
                status.clone()
            },
            error: own_error.or_else(|| shared(&error)),
            duration_s: result.get("duration_s").and_then(Value::as_f64),
            metrics,
            raw: logs.unwrap_or(raw),
            timestamp: either("timestamp", "timestamp"),
            command: command.clone(),
            repo: either("repo", "repo"),
            ..empty(path, arm)
        });
    }
    records
}

/// A row of a dataset of the Modal runner: `baseline_ttft_mean`, `human_…`, `agent_…` beside each other.
fn dataset(path: &Path, row: &Value) -> Vec<Record> {
    let full = line(row, "commit_hash").unwrap_or_default();
    let Some(commit) = line(row, "commit_short").or_else(|| full.get(..8).map(str::to_owned)) else { return Vec::new() };
    let Some(status) = line(row, "status") else { return Vec::new() };
    let mut records = Vec::new();
    for (name, arm) in ARMS {
        let of_arm = |key: &str| key.strip_prefix(name)?.strip_prefix('_').map(canonical);
        let pairs = row.as_object().into_iter().flatten();
        let metrics: Vec<(String, f64)> = pairs
            .filter(|(key, _)| !key.contains("_improvement_") && !key.contains("_vs_"))
            .filter_map(|(key, value)| Some((of_arm(key)?, value.as_f64()?)))
            .collect();
        let is_good = !metrics.is_empty();
        if is_good || (arm == Arm::Agent && status != "success") {
            records.push(Record {
                commit: commit.clone(),
                full: full.clone(),
                model: line(row, "model"),
                status: if is_good { "success".to_owned() } else { status.clone() },
                error: text(row, "error").filter(|_| !is_good),
                metrics,
                ..empty(path, arm)
            });
        }
    }
    records
}

/// Old baseline files: one flat object, or a list of them.
fn flat(path: &Path, whole: &Value) -> Vec<Record> {
    let rows = list(whole.get("results").unwrap_or(whole));
    let record = |row: &Value| {
        let full =
            ["human_commit_full", "human_commit", "commit_hash", "commit_full"].iter().find_map(|name| line(row, name)).unwrap_or_default();
        let short = ["human_commit_short", "commit_short", "commit", "human_short"].iter().find_map(|name| line(row, name));
        let commit = short.or_else(|| full.get(..8).map(str::to_owned)).or_else(|| named(path))?;
        let metrics = numbers(Some(row.get("metrics").unwrap_or(row)));
        let metrics: Vec<(String, f64)> = metrics.into_iter().filter(|(name, _)| is_metric(name)).collect();
        let error = text(row, "error");
        let status =
            line(row, "status").unwrap_or_else(|| if metrics.is_empty() || error.is_some() { "error" } else { "success" }.to_owned());
        let says_arm = line(row, "arm").or_else(|| line(row, "type"));
        let arm = ARMS.iter().find(|(name, _)| says_arm.as_deref() == Some(name)).map_or(Arm::Baseline, |(_, arm)| *arm);
        (!metrics.is_empty() || error.is_some()).then(|| Record {
            commit,
            full,
            parent: line(row, "parent_commit").unwrap_or_default(),
            model: line(row, "model"),
            status,
            error,
            duration_s: row.get("duration_s").and_then(Value::as_f64),
            metrics,
            raw: text(row, "raw_output").unwrap_or_default(),
            timestamp: line(row, "timestamp"),
            command: line(row, "perf_command").or_else(|| line(row, "benchmark_type").map(|kind| format!("benchmark_{kind}"))),
            ..empty(path, arm)
        })
    };
    rows.filter_map(record).collect()
}

/// Whether a flat file's number is one that a benchmark printed.
fn is_metric(name: &str) -> bool {
    ["_ms", "_req_s", "_tok_s", "_pct"].iter().any(|unit| name.ends_with(unit))
        || matches!(
            name,
            "successful_requests"
                | "failed_requests"
                | "benchmark_duration_s"
                | "elapsed_time_s"
                | "total_tokens"
                | "total_input_tokens"
                | "total_generated_tokens"
        )
}
