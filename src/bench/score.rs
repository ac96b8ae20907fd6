//! The comparison of the arms, with the reasons why not where they are not comparable.

use std::collections::HashMap;

use super::metrics::direction;
use crate::domain::{Answer, Arm, Direction, Metric, Rung, RungAnswer, ScoreDetail, Standing, Verdict};

/// What an arm brought: its numbers, or why it has none.
pub type ArmResult<'a> = Result<&'a [Metric], String>;

/// Compares the agent's numbers with the human's and the baseline's. `threshold_pct` is the band within which two
/// numbers are similar.
pub fn score(human: &ArmResult<'_>, baseline: &ArmResult<'_>, agent: &ArmResult<'_>, threshold_pct: f64) -> ScoreDetail {
    let mut why_not = Vec::new();
    for (arm, result) in [(Arm::Human, human), (Arm::Baseline, baseline), (Arm::Agent, agent)] {
        if let Err(why) = result {
            why_not.push(format!("{}: {why}", arm.name()));
        }
    }
    let (human, baseline) = (by_name(human), by_name(baseline));
    let verdicts: Vec<Verdict> = match agent {
        Ok(metrics) => metrics.iter().filter_map(|metric| verdict(metric, &human, &baseline, threshold_pct, &mut why_not)).collect(),
        Err(_) => Vec::new(),
    };
    let rungs = vec![metrics_rung(agent), beyond_noise(verdicts.first(), threshold_pct)];
    ScoreDetail { verdicts, why_not, rungs, ..ScoreDetail::default() }
}

/// An arm's numbers by their names.
fn by_name<'a>(arm: &ArmResult<'a>) -> HashMap<&'a str, &'a Metric> {
    // of two of one name the first counts, as it is the one that is shown
    arm.iter().flat_map(|metrics| metrics.iter().rev()).map(|metric| (metric.name.as_str(), metric)).collect()
}

fn verdict(
    mine: &Metric,
    human: &HashMap<&str, &Metric>,
    baseline: &HashMap<&str, &Metric>,
    threshold_pct: f64,
    why_not: &mut Vec<String>,
) -> Option<Verdict> {
    let direction = direction(&mine.unit)?;
    let mut other = |arm: Arm, numbers: &HashMap<&str, &Metric>| {
        let theirs = numbers.get(mine.name.as_str())?;
        if theirs.unit == mine.unit {
            return Some(theirs.value);
        }
        why_not.push(format!("{}: {} is in {} there and in {} for the agent", arm.name(), mine.name, theirs.unit, mine.unit));
        None
    };
    let (human, baseline) = (other(Arm::Human, human), other(Arm::Baseline, baseline));
    let against = |theirs: Option<f64>| theirs.and_then(|theirs| percent_better(direction, mine.value, theirs));
    let against_human_pct = against(human);
    Some(Verdict {
        metric: mine.name.clone(),
        unit: mine.unit.clone(),
        direction,
        agent: mine.value,
        human,
        baseline,
        against_human_pct,
        against_baseline_pct: against(baseline),
        standing: against_human_pct.map(|pct| standing(pct, threshold_pct)),
    })
}

/// By how many percent `mine` is better than `theirs`; nothing where that makes no sense.
fn percent_better(direction: Direction, mine: f64, theirs: f64) -> Option<f64> {
    let change = (mine - theirs) / theirs * 100.0;
    let better = match direction {
        Direction::HigherIsBetter => change,
        // not `-change`: no difference is 0, and not -0
        Direction::LowerIsBetter => 0.0 - change,
    };
    (mine > 0.0 && theirs > 0.0 && better.is_finite()).then_some(better)
}

fn standing(pct: f64, threshold_pct: f64) -> Standing {
    if pct > threshold_pct {
        Standing::Beats
    } else if pct < -threshold_pct {
        Standing::Worse
    } else {
        Standing::Similar
    }
}

fn metrics_rung(agent: &ArmResult<'_>) -> RungAnswer {
    let (answer, evidence) = match agent {
        Ok(metrics) => (Answer::Yes, format!("{} numbers", metrics.len())),
        Err(why) => (Answer::No, why.clone()),
    };
    RungAnswer { rung: Rung::Metrics, answer, evidence }
}

fn beyond_noise(primary: Option<&Verdict>, threshold_pct: f64) -> RungAnswer {
    let (answer, evidence) = match primary.map(|primary| (primary, primary.against_baseline_pct)) {
        Some((primary, Some(pct))) => {
            let answer = if pct > threshold_pct { Answer::Yes } else { Answer::No };
            (answer, format!("{} {pct:+.1} % against the baseline, one sample, threshold {threshold_pct} %", primary.metric))
        }
        Some((_, None)) | None => (Answer::Unchecked, "no number shared with the baseline".to_owned()),
    };
    RungAnswer { rung: Rung::BeyondNoise, answer, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, value: f64, unit: &str) -> Vec<Metric> {
        vec![Metric { name: name.to_owned(), value, unit: unit.to_owned() }]
    }

    #[test]
    fn a_shorter_time_beats_and_a_lower_rate_is_worse() {
        let (fast, slow) = (metric("latency", 8.0, "ms"), metric("latency", 10.0, "ms"));
        let detail = score(&Ok(&slow), &Ok(&slow), &Ok(&fast), 5.0);
        assert_eq!(detail.verdicts.first().and_then(|verdict| verdict.standing), Some(Standing::Beats));
        let (low, high) = (metric("rate", 8.0, "req/s"), metric("rate", 10.0, "req/s"));
        let detail = score(&Ok(&high), &Ok(&high), &Ok(&low), 5.0);
        assert_eq!(detail.verdicts.first().and_then(|verdict| verdict.standing), Some(Standing::Worse));
        assert_eq!(detail.rungs.last().map(|rung| rung.answer), Some(Answer::No));
    }

    #[test]
    fn other_units_and_missing_arms_are_reasons_and_no_verdict() {
        let (ms, s) = (metric("latency", 8.0, "ms"), metric("latency", 10.0, "s"));
        let detail = score(&Ok(&s), &Err("exit 1".to_owned()), &Ok(&ms), 5.0);
        assert_eq!(detail.verdicts.first().and_then(|verdict| verdict.standing), None);
        assert_eq!(detail.why_not.len(), 2);
    }

    #[test]
    fn zero_is_nothing_to_divide_by() {
        let (zero, some) = (metric("latency", 0.0, "ms"), metric("latency", 1.0, "ms"));
        let detail = score(&Ok(&zero), &Ok(&zero), &Ok(&some), 5.0);
        assert_eq!(detail.verdicts.first().and_then(|verdict| verdict.against_human_pct), None);
        for value in [0.0, -5.0] {
            let nothing = metric("latency", value, "ms");
            let detail = score(&Ok(&some), &Ok(&some), &Ok(&nothing), 5.0);
            let first = detail.verdicts.first();
            assert_eq!(first.and_then(|verdict| verdict.standing), None, "{value} ms is no win");
        }
    }

    #[test]
    fn of_two_of_one_name_the_first_is_compared() {
        let twice = [metric("latency", 8.0, "ms"), metric("latency", 9.0, "ms")].concat();
        let detail = score(&Ok(&twice), &Ok(&twice), &Ok(&metric("latency", 4.0, "ms")), 5.0);
        assert_eq!(detail.verdicts.first().and_then(|verdict| verdict.human), Some(8.0));
    }
}
