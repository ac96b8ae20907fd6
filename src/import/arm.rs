//! What one arm's record says, beside what its raw output says: kind, model as run, flags, cause.

use crate::artifact::MappingEntry;
use crate::bench::{self, Patched};
use crate::domain::{Arm, ArmDetail, BenchKind, Cause, FailureClass, Flag, Metric, Workload};
use crate::text::clean;

use super::record::Record;

/// An arm, heard.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) detail: ArmDetail,
    /// Why it is no success; `None` for one.
    pub(super) failure: Option<Cause>,
    /// Whether the server said that it was ready; `None` where nothing tells.
    pub(super) server: Option<bool>,
}

/// The models that the three-way runner serves in the place of others (`MODEL_OVERRIDES`); its files keep the name that was
/// asked for.
const OVERRIDES: [(&str, &str); 4] = [
    ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Meta-Llama-3-8B-Instruct"),
    ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Meta-Llama-3-70B-Instruct"),
    ("ibm-ai-platform/Bamba-9B", "meta-llama/Meta-Llama-3-8B-Instruct"),
    ("ibm-ai-platform/Bamba-9B-v2", "meta-llama/Meta-Llama-3-8B-Instruct"),
];

pub(super) fn heard(record: &Record, mapped: Option<&MappingEntry>) -> Heard {
    let error = record.error.as_deref().unwrap_or_default();
    let output = bench::output::read_result(&record.status, error, &record.metrics, &record.raw, None);
    let command = record.command.as_deref().or_else(|| mapped.and_then(|entry| entry.perf_command.as_deref()));
    let kind = output.kind.or_else(|| BenchKind::of_command(command?));
    let model = record.model.clone().filter(|model| !model.eq_ignore_ascii_case("unknown"));
    let model_run = model.as_ref().map(|model| output.workload.model.clone().unwrap_or_else(|| overridden(model).to_owned()));
    let mut flags = output.flags.clone();
    let raw = bench::output::read(&record.raw);
    let printed = |name: &str| raw.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
    for flag in flags_of(record, kind, &printed) {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    if model != model_run {
        flags.push(Flag::ModelOverridden);
    }
    let failure = output.failure.clone().or_else(|| without_numbers(record));
    let metrics = record.metrics.iter().map(|(name, value)| {
        let metric = Metric { name: name.clone(), value: *value, unit: String::new() };
        Metric { unit: bench::score::unit(&metric).to_owned(), ..metric }
    });
    let mut detail = ArmDetail {
        flags,
        kind,
        model,
        model_run,
        workload: Some(output.workload.clone()).filter(|work| *work != Workload::default()),
        from: Some(clean::path(&record.file)),
        status: Some(record.status.clone()),
        ..bench::metrics::take_most(metrics.collect())
    };
    if record.is_three_way {
        detail.flags.extend(bench::score::traps(record.arm, &detail));
    }
    detail.flags.sort_unstable();
    detail.flags.dedup();
    Heard { detail, failure, server: server(&record.raw) }
}

fn overridden(model: &str) -> &str {
    OVERRIDES.iter().find(|(asked, _)| *asked == model).map_or(model, |(_, served)| served)
}

/// What casts doubt on the numbers of a file.
fn flags_of(record: &Record, kind: Option<BenchKind>, printed: &impl Fn(&str) -> Option<f64>) -> Vec<Flag> {
    let mut flags = Vec::new();
    let number = |name: &str| record.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    if record.arm == Arm::Agent && Patched::by(&record.raw) == Patched::Forced {
        flags.push(Flag::PatchForced);
    }
    let requests = printed("request_throughput_req_s");
    let as_tokens = |name: &str| matches!((number(name), requests), (Some(number), Some(requests)) if is_same(number, requests));
    if kind != Some(BenchKind::Serving) && (as_tokens("output_token_throughput_tok_s") || as_tokens("throughput_tok_s")) {
        flags.push(Flag::RequestsAsTokens);
    }
    // a latency benchmark prints no throughput: the runner's pattern met the engine's line
    let from_log = kind == Some(BenchKind::Latency) && number("throughput_tok_s").is_some() && printed("throughput_tok_s").is_none();
    if from_log {
        flags.push(Flag::FromEngineLog);
    }
    let differs = |(name, value): &(String, f64)| printed(name).is_some_and(|printed| !is_same(printed, *value));
    if record.metrics.iter().any(differs) {
        flags.push(Flag::NotAsPrinted);
    }
    if number("failed_requests").is_some_and(|failed| failed > 0.0) {
        flags.push(Flag::FailedRequests);
    }
    if !record.metrics.is_empty() && record.metrics.iter().all(|(_, value)| *value == 0.0) {
        flags.push(Flag::AllZero);
    }
    flags
}

/// Whether two numbers are one, written twice.
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * one.abs().max(other.abs())
}

/// A success without a number is none.
fn without_numbers(record: &Record) -> Option<Cause> {
    let is_nothing = record.status == "success" && record.metrics.is_empty();
    is_nothing.then(|| Cause { class: FailureClass::NoMetrics, evidence: "marked success without a number".to_owned() })
}

/// Whether the server got ready, by the runner's own marks.
fn server(raw: &str) -> Option<bool> {
    if raw.contains("SERVER_READY_AFTER=") || raw.contains("Server is ready after") {
        Some(true)
    } else if ["SERVER_CRASHED", "SERVER_TIMEOUT", "SERVER_START_FAILED"].iter().any(|mark| raw.contains(mark)) {
        Some(false)
    } else {
        None
    }
}
