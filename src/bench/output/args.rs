//! The arguments that a benchmark prints of itself: `Namespace(backend='vllm', …)`, the first line of all versions.

use crate::domain::{BenchKind, Workload};
use crate::text::clean;

/// A longer value is none that we look at, in bytes.
const LONGEST: usize = 300;

/// The arguments, as far as they matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Args {
    pub(super) workload: Workload,
    pub(super) kind: Option<BenchKind>,
    /// `--random-range-ratio`: up to 0.8 the least part of a length, since then the spread around it.
    pub(super) range_ratio: Option<f64>,
    /// It is the CLI's, `vllm bench …`.
    pub(super) is_cli: bool,
}

/// Reads such a line. SGLang puts `benchmark_args=` in front; a server prints its own arguments behind a log's prefix,
/// and those tell nothing of a benchmark.
pub(super) fn read(line: &str) -> Option<Args> {
    let inner = line.trim_start().strip_prefix("benchmark_args=").unwrap_or(line.trim_start()).strip_prefix("Namespace(")?;
    let pairs = pairs(inner);
    Some(of(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)))
}

/// The arguments, wherever they stand: `value` gives one by its name, without quotes, and none for `None` and null.
pub(super) fn of<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Args {
    let text = |name: &str| value(name).map(clean::line).filter(|text| !text.is_empty());
    let count = |name: &str| value(name)?.parse::<u64>().ok();
    let dataset = text("dataset_name");
    let of_dataset = |what: &str| {
        let by_name = dataset.as_ref().and_then(|name| count(&format!("{name}_{what}")));
        // `--input-len` stands for all of them, where it is given
        count(what).or(by_name)
    };
    let ignore_eos = match (value("ignore_eos"), value("disable_ignore_eos")) {
        (Some(yes), _) => Some(yes == "True"),
        (None, Some(no)) => Some(no == "False"),
        (None, None) => None,
    };
    let workload = Workload {
        model: text("model").or_else(|| text("model_id")),
        input_len: of_dataset("input_len"),
        output_len: of_dataset("output_len"),
        num_prompts: count("num_prompts"),
        batch_size: count("batch_size").and_then(|size| size.try_into().ok()),
        request_rate: value("request_rate").and_then(rate),
        max_concurrency: count("max_concurrency").and_then(|most| most.try_into().ok()),
        ignore_eos,
        dataset,
    };
    let kind = match value("bench_type") {
        Some("serve") => Some(BenchKind::Serving),
        Some("latency") => Some(BenchKind::Latency),
        Some("throughput") => Some(BenchKind::Throughput),
        _ if value("request_rate").is_some() => Some(BenchKind::Serving),
        _ if value("num_iters").is_some() => Some(BenchKind::Latency),
        _ if value("repeat_count").is_some() => Some(BenchKind::PrefixCaching),
        _ if workload.num_prompts.is_some() => Some(BenchKind::Throughput),
        _ => None,
    };
    let range_ratio = value("random_range_ratio").and_then(|ratio| ratio.parse().ok());
    Args { workload, kind, range_ratio, is_cli: value("bench_type").is_some() }
}

/// A rate in its shortest form: `inf`, `8`, `0.5`.
pub(super) fn rate(printed: &str) -> Option<String> {
    match printed.trim().trim_end_matches(" RPS.") {
        "inf" | "Infinity" => Some("inf".to_owned()),
        number => number.parse::<f64>().ok().filter(|rate| rate.is_finite()).map(|rate| rate.to_string()),
    }
}

/// The pairs of a list of arguments; a comma within brackets or quotes parts nothing. What stands behind the last comma of
/// a line that was cut is half a value, and is left out.
fn pairs(inner: &str) -> Vec<(&str, &str)> {
    let (mut depth, mut quote, mut from, mut escaped) = (0_usize, None, 0, false);
    let mut parts = Vec::new();
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')' | ']' | '}' | '>') if depth > 0 => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(inner.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            (None, ')') => {
                parts.push(inner.get(from..at).unwrap_or_default());
                break;
            }
            _ => {}
        }
    }
    parts.into_iter().filter_map(pair).collect()
}

fn pair(part: &str) -> Option<(&str, &str)> {
    let (name, value) = part.split_once('=')?;
    let value = value.trim();
    let bare = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value);
    (bare != "None" && bare.len() <= LONGEST).then_some((name.trim(), bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_data() {
        let args = read(
            "Namespace(backend='openai', dataset_name='sonnet', dataset_path='a,b=c', model='m', num_prompts=30, sonnet_input_len=550, sonnet_output_len=150, random_mm={(1, 2): 0.5}, request_rate=inf, cmd=<function f at 0x1>, seed=0)",
        );
        let args = args.unwrap_or_default();
        assert_eq!(args.workload.words(), "sonnet 550/150, 30 prompts, rate inf");
        assert_eq!((args.kind, args.workload.model.as_deref()), (Some(BenchKind::Serving), Some("m")));
    }

    #[test]
    fn a_server_s_arguments_and_half_values_tell_nothing() {
        assert_eq!(read("INFO 04-24 10:00:01 api_server.py:152] args: Namespace(host=None, model='x')"), None);
        let half = read("Namespace(model='m', num_prompts=30").unwrap_or_default();
        assert_eq!((half.workload.num_prompts, half.workload.model.as_deref()), (None, Some("m")));
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(
            (rate("20.0 RPS."), rate("inf"), rate("0.50"), rate("not set")),
            (Some("20".to_owned()), Some("inf".to_owned()), Some("0.5".to_owned()), None)
        );
    }
}
