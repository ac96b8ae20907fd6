//! What is wrong with every result of ISO-Bench's own `scripts/runners/run_3way_benchmarks.py` of a kind, whoever reads it
//! (`reference/isobench.md` section 3).

use super::alike::kind_of;
use crate::domain::{Arm, ArmDetail, BenchKind, Flag};

/// The flags that an arm earns by having been measured by that script:
/// its serving arms get different data (human and baseline sonnet, agent random); its baseline stage keeps requests a second
/// as `output_token_throughput_tok_s` where nothing is served; its `throughput_tok_s` of a latency benchmark is a line of the
/// engine's log.
pub fn traps(arm: Arm, detail: &ArmDetail) -> Vec<Flag> {
    let kind = kind_of(detail);
    let has = |name: &str| detail.metrics.iter().any(|metric| metric.name == name);
    let mut flags = Vec::new();
    // where the output names its data, that is compared, and nothing need be taken for granted
    let names_data = detail.workload.as_ref().is_some_and(|work| work.dataset.is_some());
    if arm == Arm::Agent && kind == Some(BenchKind::Serving) && !names_data && !detail.metrics.is_empty() {
        flags.push(Flag::DifferentWorkload);
    }
    if arm == Arm::Baseline && kind != Some(BenchKind::Serving) && has("output_token_throughput_tok_s") {
        flags.push(Flag::RequestsAsTokens);
    }
    if detail.metrics.iter().any(|metric| is_of_engine_log(kind, &metric.name)) {
        flags.push(Flag::FromEngineLog);
    }
    flags
}

/// Whether a number is a line of the engine's log, not the benchmark's: of a latency benchmark the rate is, which prints none.
pub fn is_of_engine_log(kind: Option<BenchKind>, name: &str) -> bool {
    kind == Some(BenchKind::Latency) && name == "throughput_tok_s"
}
