//! From a printed label, or a key of a JSON file, to the name and the unit of a metric: `<thing>_<statistic>_<unit>`.
//!
//! The names are those of the harness's result files (`reference/isobench.md` section 3). A label that nobody knows keeps
//! its words, by the same rule.

use crate::bench::unit_at_end;
use crate::domain::Metric;

/// What a label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The metric's name, its unit at the end.
    pub(super) name: String,
    /// `ms`, `s`, `req/s`, `tok/s`, `%`; empty for a count.
    pub(super) unit: String,
    /// Whether one of the formats is known to print it.
    pub(super) is_known: bool,
}

impl Label {
    /// The metric with its number.
    pub(super) fn with(self, value: f64) -> Metric {
        Metric { name: self.name, value, unit: self.unit }
    }
}

/// Labels without a statistic that vLLM and SGLang print, in lower case and without their unit, and their names where
/// those are not the same words.
const KNOWN: [(&str, &str); 42] = [
    ("successful requests", ""),
    ("failed requests", ""),
    ("benchmark duration", ""),
    ("total input tokens", ""),
    ("total input text tokens", ""),
    ("total input vision tokens", ""),
    ("total generated tokens", ""),
    ("total generated tokens (retokenized)", ""),
    ("request throughput", ""),
    ("request goodput", ""),
    ("input token throughput", ""),
    ("input throughput", ""),
    ("output token throughput", ""),
    ("peak output token throughput", ""),
    ("peak concurrent requests", ""),
    ("total token throughput", ""),
    ("last generation throughput", ""),
    ("maximum request concurrency", ""),
    ("max request concurrency", "maximum_request_concurrency"),
    // SGLang 0.3.6
    ("max reqeuest concurrency", "maximum_request_concurrency"),
    ("request rate configured", ""),
    ("traffic request rate", ""),
    ("concurrency", ""),
    ("accept length", ""),
    ("acceptance rate", ""),
    ("acceptance length", ""),
    ("drafts", ""),
    ("draft tokens", ""),
    ("accepted tokens", ""),
    ("probe requests completed", ""),
    ("probe requests failed", ""),
    ("rtfx (inverse real-time factor)", "rtfx"),
    // a label of `benchmark_serving_structured_output.py`
    ("correct rate", ""),
    ("total cached tokens", ""),
    ("cache hit rate", ""),
    ("total generated embeddings", ""),
    ("denoising steps", ""),
    ("canvas positions", ""),
    ("committed tokens", ""),
    ("committed throughput", ""),
    ("steps per canvas", ""),
    ("committed per step", ""),
];

/// Things with a statistic, in lower case, and their names where those are not the same words.
const THINGS: [(&str, &str); 9] = [
    ("ttft", ""),
    ("tpot", ""),
    ("itl", ""),
    ("e2el", ""),
    // SGLang's word for it
    ("e2e latency", "e2el"),
    ("probe e2el", ""),
    ("client queue time", ""),
    ("e2el incl. client queue", ""),
    ("e2el incl client queue", ""),
];

/// Reads a printed label (`Mean TTFT (ms)`, without its colon). `None` for something that is none.
pub(super) fn label(printed: &str) -> Option<Label> {
    let printed = printed.trim();
    let is_letter = |c: char| c.is_ascii_alphanumeric() || " .,%()/_+-".contains(c);
    if printed.len() > 60 || !printed.starts_with(|c: char| c.is_ascii_alphabetic()) || !printed.chars().all(is_letter) {
        return None;
    }
    let low = printed.to_ascii_lowercase();
    let (bare, unit) = match low.rsplit_once('(') {
        Some((bare, unit)) => match unit.strip_suffix(')').and_then(unit_of) {
            Some(unit) => (bare.trim().to_owned(), unit),
            None => (low, Unit::default()),
        },
        None => (low, Unit::default()),
    };
    let with_statistic = bare.split_once(' ').and_then(|(first, thing)| Some((statistic(first)?, thing.trim())));
    let (stem, is_known) = if let Some((statistic, thing)) = with_statistic {
        let known = THINGS.iter().find(|(known, _)| *known == thing);
        (format!("{}_{statistic}", named(thing, known)), known.is_some())
    } else {
        let known = KNOWN.iter().find(|(known, _)| *known == bare);
        (named(&bare, known), known.is_some())
    };
    Some(Label { name: format!("{stem}{}", unit.suffix), unit: unit.word, is_known })
}

fn named(words: &str, known: Option<&(&str, &str)>) -> String {
    known.map(|(_, name)| *name).filter(|name| !name.is_empty()).map_or_else(|| snake(words), str::to_owned)
}

/// `mean`, `p99`, `p99.9`, … where a word is a statistic.
fn statistic(word: &str) -> Option<String> {
    match word {
        "mean" | "median" | "std" | "max" | "min" => Some(word.to_owned()),
        "avg" | "average" => Some("avg".to_owned()),
        _ => {
            let number = word.strip_prefix('p')?;
            let is_number =
                number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number.starts_with(|c: char| c.is_ascii_digit());
            (is_number && number.parse::<f64>().is_ok()).then(|| format!("p{number}"))
        }
    }
}

/// A unit as a name ends with it, and as it is shown.
#[derive(Default)]
struct Unit {
    suffix: String,
    word: String,
}

fn unit_of(printed: &str) -> Option<Unit> {
    let unit = |suffix: &str, word: &str| Some(Unit { suffix: suffix.to_owned(), word: word.to_owned() });
    match printed {
        "ms" => unit("_ms", "ms"),
        "s" | "sec" | "secs" | "second" | "seconds" => unit("_s", "s"),
        "%" => unit("_pct", "%"),
        "rps" | "req/s" | "reqs/s" | "requests/s" => unit("_req_s", "req/s"),
        "tok/s" | "toks/s" | "token/s" | "tokens/s" => unit("_tok_s", "tok/s"),
        other => {
            let what = other.strip_suffix("/s")?;
            Some(Unit { suffix: format!("_{}_s", snake(what)), word: other.to_owned() })
        }
    }
}

/// Words as a name: lower case, `_` between them.
pub(super) fn snake(words: &str) -> String {
    let mut name = String::with_capacity(words.len());
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}

/// Keys of `--save-result` and SGLang's JSON that have another name in the printed block, and the names they get.
const KEYS: [(&str, &str, &str); 30] = [
    ("duration", "benchmark_duration_s", "s"),
    ("total_latency", "benchmark_duration_s", "s"),
    ("completed", "successful_requests", ""),
    ("successful_requests", "successful_requests", ""),
    ("failed", "failed_requests", ""),
    ("total_input_tokens", "total_input_tokens", ""),
    ("total_output_tokens", "total_generated_tokens", ""),
    ("total_output_tokens_retokenized", "total_generated_tokens_retokenized", ""),
    ("request_throughput", "request_throughput_req_s", "req/s"),
    ("request_goodput", "request_goodput_req_s", "req/s"),
    // v0.6.6 to v0.8.5 wrote it so
    ("request_goodput:", "request_goodput_req_s", "req/s"),
    ("input_throughput", "input_token_throughput_tok_s", "tok/s"),
    ("output_throughput", "output_token_throughput_tok_s", "tok/s"),
    ("total_token_throughput", "total_token_throughput_tok_s", "tok/s"),
    ("total_throughput", "total_token_throughput_tok_s", "tok/s"),
    ("last_gen_throughput", "last_generation_throughput_tok_s", "tok/s"),
    ("max_output_tokens_per_s", "peak_output_token_throughput_tok_s", "tok/s"),
    ("max_concurrent_requests", "peak_concurrent_requests", ""),
    ("spec_decode_acceptance_rate", "acceptance_rate_pct", "%"),
    ("spec_decode_acceptance_length", "acceptance_length", ""),
    ("spec_decode_num_drafts", "drafts", ""),
    ("spec_decode_draft_tokens", "draft_tokens", ""),
    ("spec_decode_accepted_tokens", "accepted_tokens", ""),
    ("elapsed_time", "elapsed_time_s", "s"),
    ("num_requests", "num_requests", ""),
    ("total_num_tokens", "total_tokens", ""),
    ("requests_per_second", "request_throughput_req_s", "req/s"),
    ("tokens_per_second", "throughput_tok_s", "tok/s"),
    ("rtfx", "rtfx", ""),
    ("concurrency", "concurrency", ""),
];

/// Reads a key of a result file: `mean_ttft_ms`, `p99.9_itl_ms`, `duration`.
pub(super) fn key(key: &str) -> Label {
    let label = |name: String, unit: &str, is_known| Label { name, unit: unit.to_owned(), is_known };
    if let Some((_, name, unit)) = KEYS.iter().find(|(known, _, _)| *known == key) {
        return label((*name).to_owned(), unit, true);
    }
    let with_statistic = key.split_once('_').and_then(|(first, rest)| Some((statistic(first)?, rest.strip_suffix("_ms")?)));
    if let Some((statistic, thing)) = with_statistic {
        let spaced = thing.replace('_', " ");
        let known = THINGS.iter().find(|(known, _)| *known == spaced);
        return label(format!("{}_{statistic}_ms", named(&spaced, known)), "ms", known.is_some());
    }
    let name = snake(key);
    let unit = unit_at_end(&name);
    label(name, unit, false)
}

/// A printed number; digits may be grouped by commas. What is infinite or no number at all is none.
pub(super) fn number(printed: &str) -> Option<f64> {
    if !printed.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') {
        return None;
    }
    let number: f64 = if printed.contains(',') { printed.replace(',', "").parse().ok()? } else { printed.parse().ok()? };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_the_names_of_the_result_files() {
        let seen = |printed: &str| label(printed).map(|label| (label.name, label.unit, label.is_known));
        let name = |name: &str, unit: &str, known| Some((name.to_owned(), unit.to_owned(), known));
        assert_eq!(seen("Mean TTFT (ms)"), name("ttft_mean_ms", "ms", true));
        assert_eq!(seen("P99.9 E2EL incl. Client Queue (ms)"), name("e2el_incl_client_queue_p99.9_ms", "ms", true));
        assert_eq!(seen("Mean E2E Latency (ms)"), name("e2el_mean_ms", "ms", true));
        assert_eq!(seen("Total Token throughput (tok/s)"), name("total_token_throughput_tok_s", "tok/s", true));
        assert_eq!(seen("Request rate configured (RPS)"), name("request_rate_configured_req_s", "req/s", true));
        assert_eq!(seen("Total generated tokens (retokenized)"), name("total_generated_tokens_retokenized", "", true));
        assert_eq!(seen("Input throughput (inputs/s)"), name("input_throughput_inputs_s", "inputs/s", true));
        assert_eq!(seen("Prefix reuse (%)"), name("prefix_reuse_pct", "%", false));
        assert_eq!(seen("Mean first hop (ms)"), name("first_hop_mean_ms", "ms", false));
        assert_eq!(seen("INFO 01-21 [metrics.py"), None);
        assert_eq!(seen("- x"), None);
    }

    #[test]
    fn keys_become_the_same_names() {
        for (written, name) in [
            ("mean_ttft_ms", "ttft_mean_ms"),
            ("p99.9_itl_ms", "itl_p99.9_ms"),
            ("median_e2e_latency_ms", "e2el_median_ms"),
            ("request_goodput:", "request_goodput_req_s"),
            ("something_new_ms", "something_new_ms"),
        ] {
            assert_eq!(key(written).name, name);
        }
    }

    #[test]
    fn only_finite_numbers_are_numbers() {
        assert_eq!(["nan", "inf", "-inf", "1e999", "", "x", "not"].iter().find_map(|text| number(text)), None);
        assert_eq!((number("1,234.5"), number("0.00"), number("-3")), (Some(1234.5), Some(0.0), Some(-3.0)));
    }
}
