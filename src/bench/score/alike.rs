//! Whether two arms were measured alike, and which of their numbers are not what they are called.

use crate::domain::{Arm, ArmDetail, BenchKind, Flag, Metric, Repair};

/// Flags that make all numbers of an arm worthless for a comparison.
const WORTHLESS: [Flag; 3] = [Flag::AllZero, Flag::FailedRequests, Flag::CutShort];

/// What was measured: as the arm says, else by numbers that only one kind of benchmark prints.
pub(super) fn kind_of(detail: &ArmDetail) -> Option<BenchKind> {
    // of the time to the first token a file may hold any statistic
    let has = |name: &str| detail.metrics.iter().any(|metric| metric.name.starts_with(name));
    let prints = [
        ("ttft_", BenchKind::Serving),
        ("latency_avg_ms", BenchKind::Latency),
        ("input_throughput_tok_s", BenchKind::PrefixCaching),
        ("throughput_tok_s", BenchKind::Throughput),
    ];
    detail.kind.or_else(|| prints.into_iter().find(|(name, _)| has(name)).map(|(_, kind)| kind))
}

/// Why the agent's numbers and those of another arm don't compare, one sentence a reason.
pub(super) fn apart(agent: &ArmDetail, (whose, theirs): (Arm, &ArmDetail)) -> Vec<String> {
    let mut found = Vec::new();
    let both = format!("{} and agent", whose.name());
    if let (Some(mine), Some(other)) = (kind_of(agent), kind_of(theirs))
        && mine != other
    {
        found.push(format!("{both} were measured by different benchmarks ({} / {})", other.name(), mine.name()));
    }
    if let (Some(mine), Some(other)) = (model(agent), model(theirs))
        && !is_same_model(mine, other)
    {
        found.push(format!("{both} were measured with different models ({other} / {mine})"));
    }
    let differences = match (&agent.workload, &theirs.workload) {
        (Some(mine), Some(other)) => other.differences(mine),
        _ => Vec::new(),
    };
    if !differences.is_empty() {
        found.push(format!("{both} were measured with different workloads ({})", differences.join(", ")));
    } else if has(agent, Flag::DifferentWorkload) || has(theirs, Flag::DifferentWorkload) {
        found.push(format!("{both} were measured with different workloads by run_3way_benchmarks.py (sonnet / random)"));
    }
    found.extend(repaired(agent, (whose, theirs)));
    if let (Some(mine), Some(other)) = (&agent.machine, &theirs.machine) {
        let differences = other.differences(mine);
        if !differences.is_empty() {
            found.push(format!("{both} were measured on different machines ({})", differences.join(", ")));
        }
    }
    if let Some(reused) = theirs.reused.as_ref().filter(|reused| reused.run.is_none()) {
        found.push(format!("{}: {}", whose.name(), reused.says()));
    }
    for (whose, detail) in [(whose, theirs), (Arm::Agent, agent)] {
        found.extend(WORTHLESS.into_iter().filter(|flag| has(detail, *flag)).map(|flag| format!("{}: {}", whose.name(), flag.says())));
    }
    found
}

/// Repairs that one of the two got and the other did not. Those that only bring the benchmark to run, and change nothing of what
/// is measured, may differ.
fn repaired(agent: &ArmDetail, (whose, theirs): (Arm, &ArmDetail)) -> Option<String> {
    let counts = |repair: &&Repair| !matches!(repair, Repair::Transformers | Repair::MovedToCli);
    let only = |one: &ArmDetail, other: &ArmDetail| -> Vec<&str> {
        one.repairs.iter().filter(counts).filter(|repair| !other.repairs.contains(repair)).map(|repair| repair.name()).collect()
    };
    // of an arm whose result says nothing of repairs nobody knows
    let says =
        |whose: Arm, only: Vec<&str>| (!only.is_empty()).then(|| format!("only {} was repaired ({})", whose.name(), only.join(", ")));
    let both = [says(whose, only(theirs, agent)), says(Arm::Agent, only(agent, theirs))];
    let found: Vec<String> = both.into_iter().flatten().collect();
    (!found.is_empty()).then(|| format!("{} and agent were not measured alike: {}", whose.name(), found.join(", ")))
}

fn has(detail: &ArmDetail, flag: Flag) -> bool {
    detail.flags.contains(&flag)
}

/// The model as run.
fn model(detail: &ArmDetail) -> Option<&str> {
    let named = detail.model_run.as_deref().or(detail.model.as_deref());
    named.map(|name| name.trim().trim_end_matches('/')).filter(|name| !name.is_empty())
}

/// Whether two names are of one model. `org/name` differs from `other/name`; a path or a bare name is told by its end.
fn is_same_model(one: &str, other: &str) -> bool {
    let name = |model: &str| model.rsplit('/').next().unwrap_or_default().to_lowercase();
    let is_full = |model: &str| model.matches('/').count() == 1 && !model.starts_with(['/', '.', '~']);
    if is_full(one) && is_full(other) { one.eq_ignore_ascii_case(other) } else { name(one) == name(other) }
}

/// Why a number of an arm is not what its name says; `None` where it is.
pub(super) fn left_out(detail: &ArmDetail, metric: &Metric) -> Option<&'static str> {
    let is_rate_of_tokens = super::unit(metric) == "tok/s";
    if has(detail, Flag::RequestsAsTokens) && is_rate_of_tokens {
        return Some("counts requests, not tokens, and is left out");
    }
    (has(detail, Flag::FromEngineLog) && metric.name == "throughput_tok_s")
        .then_some("is a line of the engine's log, not the benchmark's number, and is left out")
}

/// Whether an arm has a number that is what its name says.
pub fn has_numbers(detail: &ArmDetail) -> bool {
    detail.metrics.iter().any(|metric| left_out(detail, metric).is_none())
}

/// What is to be known of an arm's numbers beside what keeps them from being compared.
pub fn notes(detail: &ArmDetail) -> Vec<String> {
    let mut notes: Vec<String> =
        detail.metrics.iter().filter_map(|metric| Some(format!("its {} {}", metric.name, left_out(detail, metric)?))).collect();
    let worth_a_look = [Flag::PatchForced, Flag::NotAsPrinted];
    notes.extend(worth_a_look.into_iter().filter(|flag| has(detail, *flag)).map(|flag| flag.says().to_owned()));
    if let (true, Some(asked), Some(run)) = (has(detail, Flag::ModelOverridden), &detail.model, &detail.model_run) {
        notes.push(format!("measured with {run}, not with {asked}"));
    }
    notes.extend(detail.reused.as_ref().map(crate::domain::Reused::says));
    notes.extend(detail.lost.as_ref().map(crate::domain::LostRound::says));
    notes.extend(detail.taints.iter().map(|taint| format!("tainted: {}", taint.evidence)));
    if detail.left_out > 0 {
        notes.push(format!("{} numbers after its first {} are left out", detail.left_out, detail.metrics.len()));
    }
    notes
}
