//! Result files: `--save-result` of serving, `--output-json` of latency and throughput, SGLang's JSON lines, and the
//! harness's own `{human_commit, status, metrics, raw_output}`. A format is told by its fields.

use std::io::{self, BufRead};

use super::label::{self, Label};
use super::sketch::{Lenient, List, Sketch};
use super::table::put;
use super::verdict::{Seen, judge};
use super::{Output, args};
use crate::bench::score::is_of_engine_log;
use crate::bench::{of_result, unit_at_end};
use crate::domain::{BenchEngine, BenchKind, Cause, FailureClass, Flag, Metric, is_measured};
use crate::text::clean;

/// Arguments and other things in a result that nobody measured.
const NOT_MEASURED: [&str; 24] = [
    "date",
    "num_prompts",
    "request_rate",
    "burstiness",
    "max_concurrency",
    "best_of",
    "use_beam_search",
    "seed",
    "port",
    "sharegpt_output_len",
    "random_input_len",
    "random_output_len",
    "random_range_ratio",
    "tensor_parallel_size",
    "batch_size",
    "input_len",
    "output_len",
    "num_iters",
    "pipeline_parallel_size",
    "ramp_up_start_rps",
    "ramp_up_end_rps",
    "max_tokens",
    "temperature",
    "top_p",
];

/// Reads JSON: one result, or several one after the other, of which the last counts. Fails only where `bytes` does.
pub fn read_json(bytes: impl BufRead) -> io::Result<Output> {
    let mut values = serde_json::Deserializer::from_reader(Lenient::new(bytes)).into_iter::<Sketch>();
    let (mut count, mut last, mut broken) = (0_usize, None, None);
    for value in &mut values {
        match value {
            Ok(value) => {
                if let Some(read) = result(&value) {
                    count += 1;
                    last = Some(read);
                }
            }
            Err(error) if error.is_io() => return Err(error.into()),
            Err(error) => broken = Some(error.to_string()),
        }
        if broken.is_some() {
            break;
        }
    }
    let Some(mut output) = last else {
        let says = broken
            .map_or_else(|| "JSON that tells of no benchmark".to_owned(), |why| format!("JSON that ends too early or is damaged: {why}"));
        return Ok(Output { failure: Some(Cause { class: FailureClass::NoMetrics, evidence: clean::line(&says) }), ..Output::default() });
    };
    if count > 1 {
        output.notes.push(format!("{count} results in this file: the last one counts"));
    }
    if let Some(why) = broken {
        output.notes.push(format!("behind it stands something that is no whole JSON ({}): it was left out", clean::line(&why)));
    }
    Ok(output)
}

/// One result; `None` for other JSON.
fn result(value: &Sketch) -> Option<Output> {
    match value {
        // PyTorch's format is a list of them; ours are objects
        Sketch::List(list) => list.first.as_deref().and_then(result),
        Sketch::Map(fields) => {
            let has = |name: &str| value.get(name).is_some();
            if has("human_commit") || (has("raw_output") && has("status")) {
                Some(of_harness(value))
            } else if has("avg_latency") {
                Some(latency(value))
            } else if has("requests_per_second") || has("tokens_per_second") {
                Some(throughput(value))
            } else if has("request_throughput") || has("output_throughput") || has("completed") {
                Some(serving(value, fields))
            } else {
                None
            }
        }
        _ => None,
    }
}

fn metric(label: Label, value: &Sketch) -> Option<Metric> {
    Some(label.with(value.number().filter(|number| number.is_finite())?))
}

fn latency(value: &Sketch) -> Output {
    let mut metrics = Vec::new();
    let in_ms = |name: String, seconds: Option<f64>| Some(Metric { name, value: seconds? * 1000.0, unit: "ms".to_owned() });
    metrics.extend(in_ms("latency_avg_ms".to_owned(), value.get("avg_latency").and_then(Sketch::number)));
    if let Some(Sketch::Map(percentiles)) = value.get("percentiles") {
        let known = percentiles.iter().filter(|(name, _)| label::number(name).is_some());
        metrics.extend(known.filter_map(|(name, seconds)| in_ms(format!("latency_p{name}_ms"), seconds.number())));
    }
    judge(Seen { kind: Some(BenchKind::Latency), metrics, ..by_fields(value) }, "")
}

fn throughput(value: &Sketch) -> Output {
    let mut metrics = Vec::new();
    for name in ["requests_per_second", "tokens_per_second", "elapsed_time", "num_requests", "total_num_tokens"] {
        metrics.extend(value.get(name).and_then(|number| metric(label::key(name), number)));
    }
    judge(Seen { kind: Some(BenchKind::Throughput), metrics, ..by_fields(value) }, "")
}

fn serving(value: &Sketch, fields: &[(String, Sketch)]) -> Output {
    let mut metrics = Vec::new();
    for (name, number) in fields.iter().filter(|(name, _)| name.len() <= 80 && !NOT_MEASURED.contains(&name.as_str())) {
        metrics.extend(metric(label::key(name), number));
    }
    if let Some(Sketch::List(rates)) = value.get("spec_decode_per_position_acceptance_rates") {
        // parts of 1 here, percent in the printed block
        let named = rates.numbers.iter().enumerate().map(|(nth, rate)| (format!("acceptance_position_{nth}_pct"), rate * 100.0));
        metrics.extend(named.map(|(name, value)| Metric { name, value, unit: "%".to_owned() }));
    }
    let is_sglang = ["total_output_tokens_retokenized", "mean_e2e_latency_ms", "last_gen_throughput", "server_info"];
    let is_sglang = is_sglang.iter().any(|name| value.get(name).is_some());
    // without a server: SGLang's offline throughput
    let is_offline = value.get("last_gen_throughput").is_some() && value.get("mean_ttft_ms").is_none();
    if is_offline
        && let Some(total) = metrics.iter().find(|metric| metric.name == "total_token_throughput_tok_s").map(|metric| metric.value)
    {
        put(&mut metrics, Metric { name: "throughput_tok_s".to_owned(), value: total, unit: "tok/s".to_owned() });
    }
    let errors = value.get("errors").and_then(|errors| if let Sketch::List(list) = errors { Some(list.clone()) } else { None });
    let prompts = value.get("num_prompts").and_then(Sketch::number);
    // a list that was cut short by hand tells nothing
    let errors = errors.filter(|list| prompts.is_some_and(|prompts| list.len.to_string() == prompts.to_string()));
    let seen = Seen {
        kind: Some(if is_offline { BenchKind::Throughput } else { BenchKind::Serving }),
        engine: Some(if is_sglang { BenchEngine::Sglang } else { BenchEngine::Vllm }),
        metrics,
        request_errors: errors.as_ref().map(|list| list.said),
        ..by_fields(value)
    };
    judge(seen, &errors.map(|List { first_said, .. }| first_said).unwrap_or_default())
}

/// What the fields of a result say of its work.
fn by_fields(value: &Sketch) -> Seen {
    let texts: Vec<(&str, String)> = match value {
        Sketch::Map(fields) => fields.iter().filter_map(|(name, value)| Some((name.as_str(), written(value)?))).collect(),
        _ => Vec::new(),
    };
    let args = args::of(|name| texts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()));
    Seen { engine: Some(BenchEngine::Vllm), args, is_file: true, ..Seen::default() }
}

fn written(value: &Sketch) -> Option<String> {
    match value {
        Sketch::Text(text) => Some(text.clone()),
        Sketch::Number(number) => Some(number.to_string()),
        Sketch::Bool(yes) => Some(if *yes { "True" } else { "False" }.to_owned()),
        _ => None,
    }
}

/// The harness's own file: its numbers are those that its `raw_output` prints, and of what the tail has lost those that it
/// states. It may state too much: the rate of a latency benchmark is a line of the engine's log.
fn of_harness(value: &Sketch) -> Output {
    let text = |name: &str| value.get(name).and_then(Sketch::text).unwrap_or_default();
    let stated: Vec<(String, f64)> = match value.get("metrics") {
        Some(Sketch::Map(fields)) => fields.iter().filter_map(|(name, value)| Some((name.clone(), value.number()?))).collect(),
        _ => Vec::new(),
    };
    let model = value.get("model").and_then(Sketch::text);
    let command = value.get("perf_command").and_then(Sketch::text);
    read_result(&Stated { status: text("status"), error: text("error"), numbers: &stated, raw_output: text("raw_output"), model, command })
}

/// A result of the harness by its parts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stated<'a> {
    /// `success`, `error`, `timeout`.
    pub status: &'a str,
    /// The sentence of its error; empty where there is none.
    pub error: &'a str,
    /// The numbers that it states.
    pub numbers: &'a [(String, f64)],
    /// The end of what was printed.
    pub raw_output: &'a str,
    /// The model that was asked for.
    pub model: Option<&'a str>,
    /// The benchmark's command.
    pub command: Option<&'a str>,
}

/// Reads a result of the harness. A number that is printed counts more than one that is stated.
pub fn read_result(result: &Stated<'_>) -> Output {
    let printed = super::read(result.raw_output);
    let kind = printed.kind.or_else(|| kind_of(result.numbers, result.error)).or_else(|| BenchKind::of_command(result.command?));
    let mut output = Output { kind, ..printed };
    if output.workload.model.is_none() {
        output.workload.model = result.model.map(clean::line);
    }
    let has_printed = !output.metrics.is_empty();
    let requests = output.metrics.iter().find(|metric| metric.name == "request_throughput_req_s").map(|metric| metric.value);
    for (name, number) in result.numbers {
        if is_of_engine_log(kind, name) {
            output.flags.push(Flag::FromEngineLog);
            continue;
        }
        let is_tokens = matches!(name.as_str(), "output_token_throughput_tok_s" | "throughput_tok_s");
        if is_tokens && kind != Some(BenchKind::Serving) && requests.is_some_and(|requests| is_same(*number, requests)) {
            output.flags.push(Flag::RequestsAsTokens);
        }
        match output.metrics.iter().find(|metric| metric.name == *name) {
            Some(same) if !is_same(same.value, *number) => {
                output.flags.push(Flag::NotAsPrinted);
                output.notes.push(format!("{} is {number} in the file and {} in its output", clean::line(name), same.value));
            }
            None if is_measured(name, *number) => {
                output.metrics.push(Metric { name: clean::line(name), value: *number, unit: unit_at_end(name).to_owned() });
            }
            _ => {}
        }
    }
    output.flags.sort_unstable();
    output.flags.dedup();
    output.failure = match result.status {
        "success" if !has_printed && !output.metrics.is_empty() => None,
        "success" => output.failure,
        status => of_result(status, Some(result.error), result.raw_output).or(output.failure),
    };
    output
}

/// Whether two numbers are one, written twice.
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * one.abs().max(other.abs())
}

/// What was measured, by the names of the numbers or the sentence of the error.
fn kind_of(stated: &[(String, f64)], error: &str) -> Option<BenchKind> {
    let has = |start: &str| stated.iter().any(|(name, _)| name.starts_with(start));
    let says = |word: &str| error.starts_with(&format!("No {word} metrics"));
    if has("ttft_") || says("serving") || error.starts_with("Server ") {
        Some(BenchKind::Serving)
    } else if has("latency_") || says("latency") {
        Some(BenchKind::Latency)
    } else if has("input_throughput_tok_s") || says("prefix_caching") {
        Some(BenchKind::PrefixCaching)
    } else if has("throughput_tok_s") || says("throughput") {
        Some(BenchKind::Throughput)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(numbers: &[(&str, f64)], raw_output: &str, command: Option<&str>) -> Output {
        let numbers: Vec<(String, f64)> = numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        read_result(&Stated { status: "success", numbers: &numbers, raw_output, command, ..Stated::default() })
    }

    #[test]
    fn what_is_stated_is_held_against_what_is_printed() {
        let printed = "Throughput: 3.25 requests/s, 1500.00 total tokens/s, 400.00 output tokens/s";
        let as_tokens = read(&[("output_token_throughput_tok_s", 3.25)], printed, Some("python benchmarks/benchmark_throughput.py"));
        assert!(as_tokens.flags.contains(&Flag::RequestsAsTokens), "{as_tokens:?}");
        let another = read(&[("throughput_tok_s", 1400.0)], printed, None);
        assert_eq!(another.flags, [Flag::NotAsPrinted]);
        assert!(read(&[("throughput_tok_s", 1_500.000_000_1)], printed, None).flags.is_empty(), "one number, written twice");
        let by_numbers = read(&[("throughput_tok_s", 4.0)], "", Some("vllm bench latency"));
        assert_eq!(by_numbers.kind, Some(BenchKind::Throughput), "they say more than a command");
        assert!(by_numbers.flags.is_empty());
        let latency = read(&[("latency_avg_ms", 9.0), ("throughput_tok_s", 4.0)], "", None);
        assert_eq!((latency.flags, latency.metrics.len()), (vec![Flag::FromEngineLog], 1));
    }
}
