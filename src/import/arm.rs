//! What one arm's record says, beside what its raw output says: kind, model as run, flags, cause.

use crate::artifact::MappingEntry;
use crate::artifact::result_file::Findings;
use crate::bench::{self, Patched, Stated};
use crate::domain::{Arm, ArmDetail, Cause, FailureClass, Flag, Metric, Workload};
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
    if let Some(ours) = &record.ours {
        return known(record, ours);
    }
    let output = bench::output::read_result(&Stated {
        status: &record.status,
        error: record.error.as_deref().unwrap_or_default(),
        numbers: &record.metrics,
        raw_output: &record.raw,
        model: None,
        command: record.command.as_deref().or_else(|| mapped?.perf_command.as_deref()),
    });
    let model = record.model.clone().filter(|model| !model.eq_ignore_ascii_case("unknown"));
    let model_run = model.as_ref().map(|model| output.workload.model.clone().unwrap_or_else(|| overridden(model).to_owned()));
    let mut flags = output.flags.clone();
    flags.extend(flags_of(record));
    if model != model_run {
        flags.push(Flag::ModelOverridden);
    }
    let failure = output.failure.clone().or_else(|| without_numbers(record));
    let mut detail = ArmDetail {
        flags,
        kind: output.kind,
        model,
        model_run,
        workload: Some(output.workload.clone()).filter(|work| *work != Workload::default()),
        from: Some(clean::path(&record.file)),
        status: Some(record.status.clone()),
        ..bench::metrics::take_most(numbers(record).collect())
    };
    if record.is_three_way {
        detail.flags.extend(bench::score::traps(record.arm, &detail));
    }
    detail.flags.sort_unstable();
    detail.flags.dedup();
    Heard { detail, failure, server: server(&record.raw) }
}

/// What a run of ours wrote needs no guesses.
fn known(record: &Record, ours: &Findings) -> Heard {
    let metrics = bench::metrics::take_most(numbers(record).collect());
    let detail = ArmDetail {
        left_out: metrics.left_out,
        from: Some(clean::path(&record.file)),
        status: Some(record.status.clone()),
        ..ours.detail(metrics.metrics, record.model.clone(), ours.reused.clone())
    };
    let told = ours.end.as_ref().map(|end| Cause { class: end.class, evidence: clean::line(&end.why) });
    Heard { detail, failure: told.or_else(|| without_numbers(record)), server: server(&record.raw) }
}

fn numbers(record: &Record) -> impl Iterator<Item = Metric> + '_ {
    record.metrics.iter().map(|(name, value)| {
        let metric = Metric { name: name.clone(), value: *value, unit: String::new() };
        Metric { unit: bench::score::unit(&metric).to_owned(), ..metric }
    })
}

fn overridden(model: &str) -> &str {
    OVERRIDES.iter().find(|(asked, _)| *asked == model).map_or(model, |(_, served)| served)
}

/// What casts doubt on the numbers of a file, beside what its own output says against them.
fn flags_of(record: &Record) -> Vec<Flag> {
    let mut flags = Vec::new();
    let number = |name: &str| record.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    if record.arm == Arm::Agent && Patched::by(&record.raw) == Patched::Forced {
        flags.push(Flag::PatchForced);
    }
    if number("failed_requests").is_some_and(|failed| failed > 0.0) {
        flags.push(Flag::FailedRequests);
    }
    if !record.metrics.is_empty() && record.metrics.iter().all(|(_, value)| *value == 0.0) {
        flags.push(Flag::AllZero);
    }
    flags
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
