//! Results that are printed a line at a time: latency, throughput, prefix caching, and serving before v0.4.

use super::label;
use crate::bench::unit_at_end;
use crate::domain::Metric;

/// The number in front of a text, and what stands behind it.
fn first_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E' | ','))).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    Some((label::number(number.trim_end_matches(','))?, rest))
}

/// A number that fills the rest of a line. Where nothing ended the line, digits may be missing.
fn last_number(text: &str, ended: bool) -> Option<f64> {
    let (number, rest) = first_number(text)?;
    (rest.trim().is_empty() && (ended || !rest.is_empty())).then_some(number)
}

fn metric(name: &str, value: f64) -> Metric {
    Metric { name: name.to_owned(), value, unit: unit_at_end(name).to_owned() }
}

/// `benchmark_latency.py`, `vllm bench latency`: `Avg latency: 1.69… seconds` and, from 2024-04 on, `50% percentile
/// latency: 1.69… seconds`. Kept in ms: the number printed times 1000.
pub(super) fn latency(line: &str, ended: bool) -> Option<Metric> {
    let (name, rest) = if let Some(rest) = line.strip_prefix("Avg latency:").or_else(|| line.strip_prefix("avg_latency:")) {
        ("latency_avg_ms".to_owned(), rest)
    } else {
        let (percentile, rest) = line.split_once("% percentile latency:")?;
        // one digit is what is left of two where the line's beginning was cut away
        label::number(percentile).filter(|_| percentile.len() > 1)?;
        (format!("latency_p{percentile}_ms"), rest)
    };
    let (number, unit) = first_number(rest)?;
    let value = match unit.trim() {
        "seconds" | "s" => number * 1000.0,
        "" if ended => number * 1000.0,
        "ms" => number,
        _ => return None,
    };
    Some(metric(&name, value))
}

/// `Throughput: 22.81 requests/s, 14598.31 total tokens/s, 2919.66 output tokens/s` and the counts below it.
/// Requests alone were the serving benchmark's line before 2024-02.
pub(super) fn throughput(line: &str, ended: bool) -> Option<Vec<Metric>> {
    if let Some(rest) = line.strip_prefix("Throughput:") {
        let mut metrics = Vec::new();
        for part in rest.split(", ") {
            let (number, unit) = first_number(part)?;
            let name = match unit.trim() {
                "requests/s" => "request_throughput_req_s",
                "tokens/s" | "total tokens/s" => "throughput_tok_s",
                "output tokens/s" => "output_token_throughput_tok_s",
                "prompt tokens/s" | "input tokens/s" => "input_token_throughput_tok_s",
                _ => break,
            };
            metrics.push(metric(name, number));
        }
        // behind half a line of requests tokens may have stood
        let is_whole = ended || metrics.len() > 1;
        let is_read = is_whole && metrics.first().is_some_and(|first| first.name == "request_throughput_req_s");
        return is_read.then_some(metrics);
    }
    for (label, name) in [("Total num prompt tokens:", "total_num_prompt_tokens"), ("Total num output tokens:", "total_num_output_tokens")]
    {
        if let Some(rest) = line.strip_prefix(label) {
            return Some(vec![metric(name, last_number(rest, ended)?)]);
        }
    }
    None
}

/// Serving before v0.4: whole lines `Mean TTFT: 85.33 ms` (February 2024), `Average latency: 5.61 s` (before).
pub(super) fn plain_serving(line: &str, ended: bool) -> Option<Metric> {
    const SECONDS_AS_MS: [(&str, &str); 3] = [
        ("Average latency", "latency_avg_ms"),
        ("Average latency per token", "latency_per_token_avg_ms"),
        ("Average latency per output token", "latency_per_output_token_avg_ms"),
    ];
    const LINES: [(&str, &str, &str); 8] = [
        ("Total time", "s", "benchmark_duration_s"),
        ("Benchmark duration", "s", "benchmark_duration_s"),
        ("Successful requests", "", "successful_requests"),
        ("Total input tokens", "", "total_input_tokens"),
        ("Total generated tokens", "", "total_generated_tokens"),
        ("Request throughput", "requests/s", "request_throughput_req_s"),
        ("Input token throughput", "tokens/s", "input_token_throughput_tok_s"),
        ("Output token throughput", "tokens/s", "output_token_throughput_tok_s"),
    ];
    let (printed, rest) = line.split_once(": ")?;
    if !printed.starts_with(|c: char| c.is_ascii_uppercase()) || printed.len() > 40 {
        return None;
    }
    if let Some((_, unit, name)) = LINES.iter().find(|(label, _, _)| *label == printed) {
        if unit.is_empty() {
            return Some(metric(name, last_number(rest, ended)?));
        }
        let (number, printed_unit) = first_number(rest)?;
        return (printed_unit.trim() == *unit).then(|| metric(name, number));
    }
    let (number, unit) = first_number(rest)?;
    if let Some((_, name)) = SECONDS_AS_MS.iter().find(|(label, _)| *label == printed) {
        return (unit.trim() == "s").then(|| metric(name, number * 1000.0));
    }
    let label = label::label(&format!("{printed} (ms)")).filter(|label| label.is_known && unit.trim() == "ms")?;
    Some(label.with(number))
}

/// What `benchmark_prefix_caching.py` prints: a warm-up, `------start generating------`, the progress bar with its rates,
/// and `cost time`. The rates of the last bar after the start count.
#[derive(Debug, Default)]
pub(super) struct PrefixCaching {
    phase: Phase,
    /// Input and output, in tokens a second.
    speed: Option<(f64, f64)>,
    cost_s: Option<f64>,
    /// It was seen at all.
    pub(super) is_seen: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its beginning was not seen.
    #[default]
    Unknown,
    WarmUp,
    Generating,
}

impl PrefixCaching {
    /// Takes a line, and says whether it brought a number.
    pub(super) fn line(&mut self, line: &str, ended: bool) -> bool {
        let trimmed = line.trim();
        if trimmed.starts_with("------warm up") {
            *self = Self { phase: Phase::WarmUp, is_seen: true, ..Self::default() };
        } else if trimmed.starts_with("------start generating") {
            *self = Self { phase: Phase::Generating, is_seen: true, ..Self::default() };
        } else if let Some(rest) = trimmed.strip_prefix("cost time ") {
            self.is_seen = true;
            let cost = last_number(rest, ended).filter(|_| self.phase != Phase::WarmUp);
            self.cost_s = cost.or(self.cost_s);
            return cost.is_some();
        } else if self.phase != Phase::WarmUp
            && let Some((_, rates)) = line.rsplit_once("est. speed input: ")
        {
            let speed = speed(rates);
            self.speed = speed.or(self.speed);
            return self.is_seen && speed.is_some();
        }
        false
    }

    /// The numbers, by the harness's names: `throughput_tok_s` is the output's rate here.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        if !self.is_seen {
            return Vec::new();
        }
        let (input, output) = (self.speed.map(|(input, _)| input), self.speed.map(|(_, output)| output));
        let named = [("input_throughput_tok_s", input), ("throughput_tok_s", output), ("elapsed_time_s", self.cost_s)];
        named.into_iter().filter_map(|(name, value)| Some(metric(name, value?))).collect()
    }
}

fn speed(rates: &str) -> Option<(f64, f64)> {
    let (input, rest) = first_number(rates)?;
    let (_, output) = rest.split_once("output: ")?;
    let (output, unit) = first_number(output)?;
    unit.trim_start().starts_with("toks/s").then_some((input, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(metrics: &[Metric]) -> Vec<(&str, f64)> {
        metrics.iter().map(|metric| (metric.name.as_str(), metric.value)).collect()
    }

    #[test]
    fn seconds_become_milliseconds_as_python_would() {
        let read = |line: &str| latency(line, true).map(|metric| (metric.name, metric.value));
        assert_eq!(read("Avg latency: 1.3517173012661563 seconds"), Some(("latency_avg_ms".to_owned(), 1_351.717_301_266_156_3)));
        assert_eq!(read("99% percentile latency: 0.5 seconds"), Some(("latency_p99_ms".to_owned(), 500.0)));
        assert_eq!(latency("Avg latency: 1.35", false), None);
        assert_eq!(latency("Avg latency: 1.35 sec", false), None);
        assert_eq!(latency("Avg latency of all: 1 seconds", true), None);
    }

    #[test]
    fn throughput_lines_of_all_versions() {
        let read = |line: &str| throughput(line, true).unwrap_or_default();
        assert_eq!(
            seen(&read("Throughput: 22.81 requests/s, 14598.31 total tokens/s, 2919.66 output tokens/s")),
            [("request_throughput_req_s", 22.81), ("throughput_tok_s", 14598.31), ("output_token_throughput_tok_s", 2919.66)]
        );
        assert_eq!(
            seen(&read("Throughput: 22.81 requests/s, 14598.31 tokens/s")),
            [("request_throughput_req_s", 22.81), ("throughput_tok_s", 14598.31)]
        );
        assert_eq!(seen(&read("Total num prompt tokens:  512000")), [("total_num_prompt_tokens", 512_000.0)]);
        for half in ["Total num prompt tokens:  5120", "Throughput: 22.81 requests/s", "Throughput: 22.8"] {
            assert_eq!(throughput(half, false), None, "{half}");
        }
    }

    #[test]
    fn a_warm_up_is_no_measurement() {
        let mut reader = PrefixCaching::default();
        let bar = |input: &str, output: &str| {
            format!("100%|##| 2/2 [00:05<00:00, 16.98it/s, est. speed input: {input} toks/s, output: {output} toks/s]")
        };
        reader.line("------warm up------", true);
        reader.line(&bar("109.60", "33.98"), true);
        reader.line("cost time 6.02", true);
        assert_eq!(reader.metrics(), []);
        reader.line("------start generating------", true);
        reader.line(&bar("0.00", "0.00"), true);
        reader.line(&bar("10794.96", "3347.27"), true);
        reader.line("cost time 6.093891143798828", true);
        let metrics = reader.metrics();
        assert_eq!(
            seen(&metrics),
            [("input_throughput_tok_s", 10794.96), ("throughput_tok_s", 3347.27), ("elapsed_time_s", 6.093_891_143_798_828)]
        );
    }
}
