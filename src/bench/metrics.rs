//! The numbers that a benchmark command prints: lines `name: number unit` or `Name (unit): number`.

use std::collections::HashMap;

use crate::domain::{ArmDetail, Direction, Metric, is_measured};

/// At most this many numbers of an arm are kept and compared: each is a line of the ledger's and of the screen's.
pub const MOST_METRICS: usize = 100;

/// The metrics of an output, in the order printed; of a name printed twice the last number counts.
pub fn parse_metrics(output: &str) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    // a progress bar rewrites its row: what stands after the last return is what a person saw
    for line in output.lines().filter_map(|line| line.trim_end_matches('\r').rsplit('\r').next()) {
        let Some(metric) = parse_line(line) else { continue };
        if let Some(known) = places.get(&metric.name).and_then(|place| metrics.get_mut(*place)) {
            *known = metric;
        } else {
            places.insert(metric.name.clone(), metrics.len());
            metrics.push(metric);
        }
    }
    metrics
}

/// The first [`MOST_METRICS`] numbers of an arm, and how many are left out.
pub fn take_most(mut metrics: Vec<Metric>) -> ArmDetail {
    let left_out = u32::try_from(metrics.len().saturating_sub(MOST_METRICS)).unwrap_or(u32::MAX);
    metrics.truncate(MOST_METRICS);
    ArmDetail { metrics, left_out, ..ArmDetail::default() }
}

fn parse_line(line: &str) -> Option<Metric> {
    let (name, value) = line.split_once(": ").or_else(|| line.split_once(":\t")).or_else(|| line.split_once(" = "))?;
    let (name, value) = (name.trim(), value.trim());
    let (number, after) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let value: f64 = number.replace(',', "").parse().ok()?;
    let (name, unit) = match name.rsplit_once('(') {
        Some((bare, unit)) if after.is_empty() => (bare.trim(), unit.strip_suffix(')')?),
        _ => (name, after.trim()),
    };
    direction(unit)?;
    (!name.is_empty() && name.len() <= 80 && is_measured(name, value)).then(|| Metric {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
    })
}

/// Which way is better, by the unit; `None` for a unit that we don't know, which then is no metric.
pub fn direction(unit: &str) -> Option<Direction> {
    let low = unit.to_lowercase();
    match low.as_str() {
        "ns" | "us" | "µs" | "ms" | "s" | "sec" | "second" | "seconds" | "min" | "minutes" => Some(Direction::LowerIsBetter),
        "b" | "kb" | "mb" | "gb" | "kib" | "mib" | "gib" | "bytes" => Some(Direction::LowerIsBetter),
        rate if rate.split_once('/').is_some_and(|(what, per)| !what.is_empty() && matches!(per, "s" | "sec" | "second" | "min")) => {
            Some(Direction::HigherIsBetter)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_naming_a_unit_are_read() {
        let metrics = parse_metrics("warming up\nlatency_avg: 12.5 ms\nMean TTFT (ms):      3.25\nthroughput = 1,234.5 tok/s\n");
        let seen: Vec<_> = metrics.iter().map(|metric| (metric.name.as_str(), metric.value, metric.unit.as_str())).collect();
        assert_eq!(seen, [("latency_avg", 12.5, "ms"), ("Mean TTFT", 3.25, "ms"), ("throughput", 1234.5, "tok/s")]);
    }

    #[test]
    fn progress_and_chatter_are_no_metrics() {
        assert_eq!(parse_metrics("50%|###| 3/6: 2 it\rdone: yes\nINFO 12:30: 5 requests\nseed: 42\nport: 8000\n").len(), 0);
    }

    #[test]
    fn the_last_number_of_a_name_counts() {
        assert_eq!(parse_metrics("rate: 1 req/s\nrate: 2 req/s\n").first().map(|metric| metric.value), Some(2.0));
    }

    #[test]
    fn what_nobody_can_measure_is_no_number() {
        let metrics = parse_metrics("a: -5 ms\nb: 0 ms\nrate: -0.0 req/s\nMean TPOT (ms): 0.00\nitl_p99: 0 ms\nitlo: 0 ms\ntpot: -1 ms\n");
        assert_eq!(metrics.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["Mean TPOT", "itl_p99"]);
    }

    #[test]
    fn of_a_hundred_thousand_numbers_the_first_are_kept_and_the_rest_counted() {
        let printed: Vec<String> = (0..100_000).map(|nth| format!("m{nth}: 1 ms")).collect();
        let detail = take_most(parse_metrics(&printed.join("\n")));
        assert_eq!((detail.metrics.len(), detail.left_out), (MOST_METRICS, 99_900));
        assert_eq!(detail.metrics.last().map(|metric| metric.name.as_str()), Some("m99"));
    }

    #[test]
    fn nan_and_infinity_are_no_numbers() {
        assert_eq!(parse_metrics("a: nan ms\nb: inf ms\n").len(), 0);
    }
}
