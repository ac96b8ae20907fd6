//! What one arm's record says, beside what its raw output says: kind, model as run, flags, cause.

use crate::artifact::MappingEntry;
use crate::bench;
use crate::domain::{Arm, ArmDetail, BenchKind, Cause, FailureClass, Flag, Metric};
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
    let output = bench::output::read(&record.raw);
    let command = record.command.as_deref().or_else(|| mapped.and_then(|entry| entry.perf_command.as_deref()));
    let kind = output.kind.or_else(|| of_metrics(record)).or_else(|| of_words(record.error.as_deref()?)).or_else(|| of_command(command?));
    let model = record.model.clone().filter(|model| !model.eq_ignore_ascii_case("unknown"));
    let model_run = model.as_ref().map(|model| served(&record.raw).unwrap_or_else(|| overridden(model).to_owned()));
    let mut flags = output.flags.clone();
    let printed = |name: &str| output.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
    for flag in flags_of(record, kind, &printed) {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    if model != model_run {
        flags.push(Flag::ModelOverridden);
    }
    flags.sort_unstable();
    flags.dedup();
    let failure = failure(record, &output);
    let metrics = record.metrics.iter().map(|(name, value)| Metric { name: name.clone(), value: *value, unit: unit(name).to_owned() });
    let detail = ArmDetail {
        flags,
        kind,
        model,
        model_run,
        from: Some(clean::path(&record.file)),
        status: Some(record.status.clone()),
        ..bench::metrics::take_most(metrics.collect())
    };
    Heard { detail, failure, server: server(&record.raw) }
}

/// The unit, by the end of the name.
fn unit(name: &str) -> &'static str {
    const UNITS: [(&str, &str); 7] =
        [("_tok_s", "tok/s"), ("_req_s", "req/s"), ("_ms", "ms"), ("_pct", "%"), ("_s", "s"), ("_mib", "MiB"), ("_gib", "GiB")];
    UNITS.iter().find(|(end, _)| name.ends_with(end)).map_or("", |(_, unit)| unit)
}

/// What was measured, by the numbers that there are.
fn of_metrics(record: &Record) -> Option<BenchKind> {
    let has = |begin: &str| record.metrics.iter().any(|(name, _)| name.starts_with(begin));
    if ["ttft_", "tpot_", "itl_"].iter().any(|begin| has(begin)) {
        Some(BenchKind::Serving)
    } else if has("latency_") {
        Some(BenchKind::Latency)
    } else if has("input_throughput_tok_s") {
        Some(BenchKind::PrefixCaching)
    } else if has("throughput_tok_s") {
        Some(BenchKind::Throughput)
    } else {
        None
    }
}

/// The same by the sentence of an error: `No throughput metrics in agent output`.
fn of_words(error: &str) -> Option<BenchKind> {
    let kind = error.strip_prefix("No ")?.split_once(" metrics")?.0;
    [BenchKind::Serving, BenchKind::Latency, BenchKind::Throughput, BenchKind::PrefixCaching].into_iter().find(|known| known.name() == kind)
}

/// The same by the command, as the runner itself tells.
fn of_command(command: &str) -> Option<BenchKind> {
    let has = |words: &[&str]| words.iter().any(|word| command.contains(word));
    if has(&["benchmark_latency", "bench latency"]) {
        Some(BenchKind::Latency)
    } else if has(&["benchmark_throughput", "bench throughput"]) {
        Some(BenchKind::Throughput)
    } else if has(&["benchmark_prefix_caching"]) {
        Some(BenchKind::PrefixCaching)
    } else if has(&["benchmark_serving", "bench serve", "bench_serving"]) {
        Some(BenchKind::Serving)
    } else {
        None
    }
}

fn overridden(model: &str) -> &str {
    OVERRIDES.iter().find(|(asked, _)| *asked == model).map_or(model, |(_, served)| served)
}

/// The model that the output itself names, in the arguments that every client prints.
fn served(raw: &str) -> Option<String> {
    let args = raw.find("Namespace(").and_then(|at| raw.get(at..))?.lines().next()?;
    let name = args.split_once(" model='").or_else(|| args.split_once("(model='"))?.1.split('\'').next()?;
    (!name.is_empty() && name.len() < 200).then(|| clean::line(name))
}

/// What casts doubt on the numbers of a file.
fn flags_of(record: &Record, kind: Option<BenchKind>, printed: &impl Fn(&str) -> Option<f64>) -> Vec<Flag> {
    let mut flags = Vec::new();
    let number = |name: &str| record.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    if record.arm == Arm::Agent && record.raw.contains("AGENT_PATCH_APPLIED_FALLBACK") {
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

/// Why a record is no success: by its own word, and where that is `success`, by what its output says.
fn failure(record: &Record, output: &bench::output::Output) -> Option<Cause> {
    let is_good = record.status == "success";
    if is_good {
        let is_nothing = record.metrics.is_empty();
        return is_nothing.then(|| Cause { class: FailureClass::NoMetrics, evidence: "marked success without a number".to_owned() });
    }
    let error = record.error.as_deref().map(clean::first_line).unwrap_or_default();
    let found = bench::first_cause(&record.raw).or_else(|| output.failure.clone()).or_else(|| bench::first_cause(&error));
    Some(found.unwrap_or_else(|| {
        let class = if record.status == "timeout" || error.contains("timed out") || error.starts_with("Timeout after") {
            FailureClass::TimeoutBenchmark
        } else if error.starts_with("Server crashed") {
            FailureClass::ServerCrashed
        } else if error.starts_with("Server startup timeout") {
            FailureClass::ServerNeverReady
        } else if error.starts_with("No ") && error.contains("metrics") {
            FailureClass::NoMetrics
        } else {
            FailureClass::Unknown
        };
        Cause { class, evidence: if error.is_empty() { format!("the file says '{}'", record.status) } else { error } }
    }))
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
