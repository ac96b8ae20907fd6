//! Which way is better: one table by name, and the unit where the name says nothing.

use crate::bench::metrics;
use crate::domain::{Direction, Metric};

/// What a number's name says of its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// Which way is better, whatever the unit.
    Better(Direction),
    /// Neither: a count or a setting.
    Neither,
    /// A time that says something only where requests are sent as fast as they are taken.
    TimeAtFullRate,
}

/// Words of a name, each followed by what they mean; the first row that fits decides. Any other name goes by its unit.
const NAMES: [(&str, Means); 22] = [
    ("failed_requests", Means::Better(Direction::LowerIsBetter)),
    ("goodput", Means::Better(Direction::HigherIsBetter)),
    ("acceptance_rate", Means::Better(Direction::HigherIsBetter)),
    ("acceptance_length", Means::Better(Direction::HigherIsBetter)),
    ("acceptance", Means::Better(Direction::HigherIsBetter)),
    ("successful_requests", Means::Neither),
    ("concurrent_requests", Means::Neither),
    ("num_prompts", Means::Neither),
    ("num_requests", Means::Neither),
    ("input_tokens", Means::Neither),
    ("output_tokens", Means::Neither),
    ("generated_tokens", Means::Neither),
    ("total_tokens", Means::Neither),
    ("draft_tokens", Means::Neither),
    ("accepted_tokens", Means::Neither),
    ("drafts", Means::Neither),
    ("concurrency", Means::Neither),
    ("request_rate", Means::Neither),
    ("burstiness", Means::Neither),
    ("batch_size", Means::Neither),
    ("warmup", Means::Neither),
    ("benchmark_duration", Means::TimeAtFullRate),
];

/// Which way is better for a number, by its name and its unit; `None` where a difference is neither better nor worse.
/// `full_rate`: requests are sent as fast as they are taken.
pub fn direction(metric: &Metric, full_rate: bool) -> Option<Direction> {
    let words = format!("_{}_", words(&metric.name));
    let means = NAMES.iter().find(|(name, _)| words.contains(&format!("_{name}_"))).map(|(_, means)| *means);
    match means {
        Some(Means::Better(direction)) => Some(direction),
        Some(Means::Neither) => None,
        Some(Means::TimeAtFullRate) if full_rate => Some(Direction::LowerIsBetter),
        Some(Means::TimeAtFullRate) => None,
        None => metrics::direction(unit(metric)),
    }
}

/// A name in small letters with `_` between its words: `Successful requests:` is `successful_requests`.
fn words(name: &str) -> String {
    let low = name.to_lowercase();
    low.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Ends of names, longest first, and their units.
const UNITS: [(&str, &str); 9] = [
    ("_tok_s", "tok/s"),
    ("_req_s", "req/s"),
    ("_ms", "ms"),
    ("_us", "us"),
    ("_ns", "ns"),
    ("_pct", "%"),
    ("_s", "s"),
    ("_mib", "MiB"),
    ("_gib", "GiB"),
];

/// Spellings of units, and the one that stands for all of them.
const SPELLINGS: [(&str, &str); 10] = [
    ("tokens/s", "tok/s"),
    ("toks/s", "tok/s"),
    ("token/s", "tok/s"),
    ("tok_s", "tok/s"),
    ("requests/s", "req/s"),
    ("reqs/s", "req/s"),
    ("req_s", "req/s"),
    ("seconds", "s"),
    ("second", "s"),
    ("sec", "s"),
];

/// The unit at the end of a number's name; empty for a count.
pub fn unit_at_end(name: &str) -> &'static str {
    UNITS.iter().find(|(end, _)| name.ends_with(end)).map_or("", |(_, unit)| unit)
}

/// The unit of a number: as printed, in one spelling; that of its name where none was printed.
pub fn unit(metric: &Metric) -> &str {
    let written = metric.unit.trim();
    if written.is_empty() {
        return unit_at_end(&metric.name);
    }
    SPELLINGS.iter().find(|(spelling, _)| written.eq_ignore_ascii_case(spelling)).map_or(written, |(_, unit)| unit)
}

/// Whether a number of this name and unit is the one that result files call `wanted`: `latency_avg` in ms is
/// `latency_avg_ms`.
pub(super) fn is_named(name: &str, unit: &str, wanted: &str) -> bool {
    let end = UNITS.iter().find(|(_, of)| *of == unit).map(|(end, _)| *end);
    name == wanted || end.and_then(|end| wanted.strip_suffix(end)).is_some_and(|bare| words(name) == bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::metrics;

    #[test]
    fn every_unit_of_a_name_has_a_direction_but_a_share() {
        let without: Vec<&str> = UNITS.iter().map(|(_, unit)| *unit).filter(|unit| metrics::direction(unit).is_none()).collect();
        assert_eq!(without, ["%"]);
    }
}
