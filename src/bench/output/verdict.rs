//! Whether an output is a success. An exit code of 0 and a printed block do not say so: a client goes on when its server is
//! gone, and counts the answers that broke off as successful.

use super::Output;
use super::args::Args;
use super::marks::Marks;
use crate::bench::first_cause;
use crate::domain::{BenchEngine, BenchKind, Cause, FailureClass, Flag, Metric};
use crate::text::clean;

/// Where so large a part of the requests failed and nothing says why, nobody was there any more, in percent.
const MOST_FAILED: f64 = 25.0;

/// What was read of an output.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) kind: Option<BenchKind>,
    pub(super) engine: Option<BenchEngine>,
    pub(super) metrics: Vec<Metric>,
    pub(super) args: Args,
    pub(super) marks: Marks,
    /// Requests with an error, where they are listed.
    pub(super) request_errors: Option<usize>,
    /// It is a result file and no text.
    pub(super) is_file: bool,
    pub(super) notes: Vec<String>,
}

impl Seen {
    fn get(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }
}

/// Judges it. `text` is what may name a cause.
pub(super) fn judge(seen: Seen, text: &str) -> Output {
    let mut flags = Vec::new();
    let failure = failure(&seen, text, &mut flags);
    let Seen { kind, engine, metrics, args, notes, .. } = seen;
    Output { kind, engine, metrics, workload: args.workload, flags, notes, failure }
}

fn cause(class: FailureClass, evidence: &str) -> Cause {
    Cause { class, evidence: clean::line(evidence.trim()) }
}

fn failure(seen: &Seen, text: &str, flags: &mut Vec<Flag>) -> Option<Cause> {
    if seen.metrics.is_empty() {
        let (named, vague) = named(text);
        return Some(named.or_else(|| marked(&seen.marks)).or(vague).unwrap_or_else(|| {
            let what = if seen.is_file { "the file states no number of a benchmark" } else { "no number of a benchmark was printed" };
            cause(FailureClass::NoMetrics, what)
        }));
    }
    // where counts are known nothing else decides that nobody answered
    let successful = seen.get("successful_requests");
    // TPOT and ITL may be 0, but not they alone
    let is_nothing = successful == Some(0.0) || !seen.metrics.iter().any(|metric| is_result(&metric.name) && metric.value > 0.0);
    if is_nothing && (successful.is_some() || seen.metrics.iter().any(|metric| is_result(&metric.name))) {
        flags.push(Flag::AllZero);
        return Some(match named(text).0 {
            Some(named) => named,
            None if seen.kind == Some(BenchKind::Serving) => {
                let says = seen.marks.nobody_there.as_deref().unwrap_or("no request succeeded: every number is 0");
                cause(FailureClass::ServerNeverReady, says)
            }
            None => cause(FailureClass::NoMetrics, "every number is 0"),
        });
    }
    let lost = lost(seen, successful);
    let cut = cut_short(seen, successful);
    if lost.is_none() && cut.is_none() {
        return None;
    }
    flags.extend(lost.as_ref().map(|_| Flag::FailedRequests));
    flags.extend(cut.as_ref().map(|_| Flag::CutShort));
    Some(went_away(seen, text, lost, cut.as_deref()))
}

/// The cause that a text names; or, second, one that says only that something gave up.
fn named(text: &str) -> (Option<Cause>, Option<Cause>) {
    match first_cause(text) {
        Some(cause) if matches!(cause.class, FailureClass::ArmCrashed | FailureClass::Unknown) => (None, Some(cause)),
        cause => (cause, None),
    }
}

/// Whether something like this can come over a server that answered already.
const fn can_come_late(class: FailureClass) -> bool {
    use FailureClass::{CudaOom, GpuLost, HostOom, Killed, NoSpace, ServerCrashed, ServerNeverReady};
    matches!(class, ServerCrashed | ServerNeverReady | CudaOom | HostOom | GpuLost | Killed | NoSpace)
}

/// Why requests failed, or were cut short, though others succeeded.
fn went_away(seen: &Seen, text: &str, lost: Option<(f64, f64)>, cut: Option<&str>) -> Cause {
    let named = named(text).0.filter(|cause| can_come_late(cause.class));
    let named = named.or_else(|| seen.marks.died.as_deref().map(|line| cause(FailureClass::ServerCrashed, line)));
    match named {
        // some were answered: it was there, and went away
        Some(Cause { class: FailureClass::ServerNeverReady, evidence }) => return Cause { class: FailureClass::ServerCrashed, evidence },
        Some(named) => return named,
        None => {}
    }
    let share = lost.map_or(0.0, |(failed, asked)| failed / asked * 100.0);
    let says = [lost.map(|(failed, asked)| format!("{failed} of {asked} requests failed")), cut.map(str::to_owned)];
    let says = says.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let is_gone = cut.is_some() || (share >= MOST_FAILED && !seen.marks.has_request_errors);
    cause(if is_gone { FailureClass::ServerCrashed } else { FailureClass::Tainted }, &says)
}

/// Requests that failed, and requests in all.
fn lost(seen: &Seen, successful: Option<f64>) -> Option<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 requests")]
    let listed = seen.request_errors.map(|failed| failed as f64);
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 requests")]
    let asked = seen.args.workload.num_prompts.map(|asked| asked as f64);
    // until 0.12 and in SGLang no line says how many failed
    let missing = || Some((asked? - successful?).max(0.0)).filter(|_| seen.kind == Some(BenchKind::Serving));
    let failed = seen.get("failed_requests").or(listed).or_else(missing)?;
    let all = successful.map_or_else(|| asked.unwrap_or(failed), |successful| successful + failed);
    (failed > 0.0).then_some((failed, all))
}

/// A sentence where answers that count as successful have far fewer tokens than were asked for.
fn cut_short(seen: &Seen, successful: Option<f64>) -> Option<String> {
    let workload = &seen.args.workload;
    let (successful, made) = (successful?, seen.get("total_generated_tokens")?);
    #[expect(clippy::cast_precision_loss, reason = "nobody asks for 2^53 tokens")]
    let asked = successful * workload.output_len? as f64;
    let is_random = workload.dataset.as_deref() == Some("random");
    let ratio = seen.args.range_ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
    let least = match workload.ignore_eos {
        // since 0.9 lengths lie around the one asked for
        Some(true) if is_random && seen.args.is_cli => 0.8,
        // before, and in SGLang, the ratio is the least part of it
        Some(true) if is_random => 0.45 * (1.0 + ratio.unwrap_or(0.0)),
        Some(true) => 0.9,
        // a model may say less of its own accord
        _ if is_random => 0.05,
        _ => return None,
    };
    (made < asked * least)
        .then(|| format!("{successful} requests count as successful, with {made} of the {asked} tokens that were asked for"))
}

/// Whether a metric is a result and no setting or count.
fn is_result(name: &str) -> bool {
    ["_ms", "_req_s", "_tok_s", "_inputs_s"].iter().any(|end| name.ends_with(end))
        && !name.starts_with("request_rate_configured")
        && !name.starts_with("request_goodput")
}

/// What the words of an output without a number tell, where no cause is named.
fn marked(marks: &Marks) -> Option<Cause> {
    // an engine that died says of itself less than the error that it died of
    let died = marks.died.as_ref().map(|died| marks.raised.clone().unwrap_or_else(|| died.clone()));
    let told = [
        (&marks.interrupted, FailureClass::Killed),
        (&marks.deprecated, FailureClass::BenchmarkMissing),
        (&died, FailureClass::ServerCrashed),
        (&marks.nobody_there, FailureClass::ServerNeverReady),
        (&marks.raised, FailureClass::ArmCrashed),
    ];
    told.into_iter().find_map(|(line, class)| Some(cause(class, line.as_deref()?)))
}
