//! An arm that was measured more than once: its numbers are the medians, and how far they lie apart is its noise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Arm, ArmDetail, FailureClass, Flag, Metric};

/// Of how many measurements numbers are the medians.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Samples {
    /// How many.
    pub n: u32,
    /// The relative spread of each number, in percent: the standard deviation of the samples over their median. A number that
    /// fewer than two samples have is not there.
    pub spread_pct: BTreeMap<String, f64>,
}

/// A measurement of an arm that came to a bad end after good ones: these stand, and none follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRound {
    /// Which one, from 1: as many good ones stand, less one.
    pub round: u32,
    /// The class of its failure.
    pub class: FailureClass,
    /// In a sentence.
    pub why: String,
}

impl LostRound {
    /// How many good measurements came before it.
    pub const fn good(&self) -> u32 {
        self.round.saturating_sub(1)
    }

    /// In words: `round 3 failed, the numbers are of those before it: server_crashed: …`.
    pub fn says(&self) -> String {
        format!("round {} failed, the numbers are of those before it: {}: {}", self.round, self.class, self.why)
    }
}

impl Samples {
    /// How many measurements an arm's numbers are of.
    pub fn of(detail: &ArmDetail) -> u32 {
        detail.samples.as_ref().map_or(1, |samples| samples.n.max(1))
    }

    /// How often arms were measured, in words: `one sample each`, `3 samples each`, `samples: human 1, baseline 2, agent 1`.
    pub fn words(counts: &[(Arm, u32)]) -> String {
        match counts {
            [(_, n), rest @ ..] if rest.iter().all(|(_, other)| other == n) => {
                if *n == 1 {
                    "one sample each".to_owned()
                } else {
                    format!("{n} samples each")
                }
            }
            _ => format!("samples: {}", counts.iter().map(|(arm, n)| format!("{} {n}", arm.name())).collect::<Vec<_>>().join(", ")),
        }
    }

    /// The relative spread of one of its numbers, in percent; `None` of one sample alone.
    pub fn spread(detail: &ArmDetail, metric: &str) -> Option<f64> {
        detail.samples.as_ref()?.spread_pct.get(metric).copied()
    }
}

impl ArmDetail {
    /// What several measurements of an arm say together: medians of the numbers, and all that casts doubt on any of them.
    /// `None` of none.
    pub fn of_samples(samples: &[&Self]) -> Option<Self> {
        let (last, before) = samples.split_last()?;
        let mut all = (*last).clone();
        if before.is_empty() {
            return Some(all);
        }
        let mut spread_pct = BTreeMap::new();
        all.metrics = numbers(samples, &mut spread_pct);
        all.left_out = samples.iter().map(|sample| sample.left_out).max().unwrap_or_default();
        all.flags = samples.iter().flat_map(|sample| sample.flags.iter().copied()).collect();
        all.flags.sort_unstable();
        all.flags.dedup();
        all.taints = samples.iter().flat_map(|sample| sample.taints.iter().cloned()).collect();
        all.repairs = each_once(samples.iter().flat_map(|sample| sample.repairs.iter().copied()));
        all.notes = each_once(samples.iter().flat_map(|sample| sample.notes.iter().cloned()));
        all.samples = Some(Samples { n: u32::try_from(samples.len()).unwrap_or(u32::MAX), spread_pct });
        Some(all)
    }

    /// The same with the round that failed after them.
    #[must_use]
    pub fn without(mut self, lost: LostRound) -> Self {
        if !self.flags.contains(&Flag::RoundFailed) {
            self.flags.push(Flag::RoundFailed);
        }
        self.lost = Some(lost);
        self
    }
}

/// Every number that any sample has, in the order printed.
fn numbers(samples: &[&ArmDetail], spread_pct: &mut BTreeMap<String, f64>) -> Vec<Metric> {
    let mut found: Vec<Metric> = Vec::new();
    for metric in samples.iter().flat_map(|sample| &sample.metrics) {
        if found.iter().any(|known| known.name == metric.name && known.unit == metric.unit) {
            continue;
        }
        // of two of one name in a sample the first counts, as everywhere
        let same =
            |sample: &&ArmDetail| sample.metrics.iter().find(|other| other.name == metric.name && other.unit == metric.unit).cloned();
        let values: Vec<f64> = samples.iter().filter_map(same).map(|metric| metric.value).collect();
        let value = median(&values).unwrap_or(metric.value);
        if let Some(spread) = relative_spread_pct(&values, value) {
            spread_pct.insert(metric.name.clone(), spread);
        }
        found.push(Metric { value, ..metric.clone() });
    }
    found
}

/// The number in the middle; between the two of an even count.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { sorted.get(middle.checked_sub(1)?).map(|lower| f64::midpoint(*lower, upper)) }
}

/// The standard deviation of a sample over its median, in percent; nothing of one value, or around 0.
#[expect(clippy::cast_precision_loss, reason = "a handful of samples")]
fn relative_spread_pct(values: &[f64], median: f64) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let spread = (squares / (n - 1.0)).sqrt() / median.abs() * 100.0;
    (values.len() > 1 && spread.is_finite()).then_some(spread)
}

fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Flag, Repair};

    fn sample(value: f64) -> ArmDetail {
        let metric = |name: &str, value| Metric { name: name.to_owned(), value, unit: "ms".to_owned() };
        ArmDetail { metrics: vec![metric("ttft_mean_ms", value), metric("itl_mean_ms", 0.0)], ..ArmDetail::default() }
    }

    fn merged(values: &[f64]) -> ArmDetail {
        let samples: Vec<ArmDetail> = values.iter().copied().map(sample).collect();
        ArmDetail::of_samples(&samples.iter().collect::<Vec<_>>()).unwrap_or_default()
    }

    fn first(detail: &ArmDetail) -> Option<f64> {
        detail.metrics.first().map(|metric| metric.value)
    }

    #[test]
    fn numbers_are_medians_and_the_spread_is_relative_to_them() {
        let three = merged(&[110.0, 90.0, 100.0]);
        assert_eq!((first(&three), Samples::of(&three)), (Some(100.0), 3));
        assert_eq!(Samples::spread(&three, "ttft_mean_ms").map(|pct| (pct * 1e6).round() / 1e6), Some(10.0));
        assert_eq!(Samples::spread(&three, "itl_mean_ms"), None, "around 0 there is no relative spread");
        assert_eq!(first(&merged(&[1.0, 9.0, 3.0, 5.0])), Some(4.0), "between the two in the middle");
        let same = merged(&[7.0, 7.0]);
        assert_eq!((first(&same), Samples::spread(&same, "ttft_mean_ms")), (Some(7.0), Some(0.0)));
    }

    #[test]
    fn one_sample_stays_as_it_is_and_says_nothing_of_noise() {
        let one = merged(&[5.0]);
        assert_eq!((one.samples.clone(), Samples::of(&one), Samples::spread(&one, "ttft_mean_ms")), (None, 1, None));
        assert_eq!(ArmDetail::of_samples(&[]), None);
    }

    #[test]
    fn what_casts_doubt_on_one_sample_casts_doubt_on_all() {
        let tainted = ArmDetail { flags: vec![Flag::Tainted], repairs: vec![Repair::SonnetToRandom], ..sample(1.0) };
        let all = ArmDetail::of_samples(&[&tainted, &sample(2.0)]).unwrap_or_default();
        assert!(all.is_tainted());
        assert_eq!(all.repairs, [Repair::SonnetToRandom]);
    }

    #[test]
    fn a_number_that_only_one_sample_has_is_kept() {
        let more = ArmDetail { metrics: vec![Metric { name: "x".to_owned(), value: 3.0, unit: "s".to_owned() }], ..ArmDetail::default() };
        let all = ArmDetail::of_samples(&[&sample(2.0), &more]).unwrap_or_default();
        let names: Vec<&str> = all.metrics.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["ttft_mean_ms", "itl_mean_ms", "x"]);
        assert_eq!(Samples::spread(&all, "x"), None);
    }
}
