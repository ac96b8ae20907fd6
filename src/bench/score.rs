//! The comparison of the arms, with the reasons why not where they are not comparable.

mod alike;
mod direction;
mod percent;
mod quadrant;
#[cfg(test)]
mod tests;
mod traps;

pub use alike::{has_numbers, notes};
pub use direction::{direction, unit, unit_at_end};
pub use quadrant::{hard_passes, with_soft};
pub use traps::{is_of_engine_log, traps};

use crate::domain::{
    Answer, Arm, ArmDetail, Band, Cause, Direction, Metric, Rung, RungAnswer, Samples, ScoreDetail, StageDetail, StageEnd, StageOutcome,
    Standing, Verdict, Workload, is_measured,
};
use crate::text::count;
use alike::{apart, kind_of, left_out};
use direction::is_named;
use percent::{percent_better, standing};

/// An arm for the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmInput<'a> {
    /// Whose code was measured.
    pub arm: Arm,
    /// What it brought, or why it brought nothing. Numbers of an arm that failed are no numbers.
    pub brought: Result<&'a ArmDetail, Missing>,
}

/// Why an arm has no numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// It was not run. The same as no input at all.
    NotRun,
    /// It was begun and did not end.
    NotEnded,
    /// It failed.
    Failed(Cause),
}

/// What an arm brought: what all good measurements say together, whatever became of the last try; else how that ended.
pub fn brought(outcome: Option<&StageOutcome>, measured: Option<ArmDetail>) -> Result<ArmDetail, Missing> {
    if let Some(detail) = measured {
        return Ok(detail);
    }
    match outcome {
        None => Err(Missing::NotRun),
        Some(StageOutcome { end: StageEnd::Done, detail: StageDetail::Arm(arm), .. }) => Ok(arm.clone()),
        Some(StageOutcome { end: StageEnd::Failed { class, why }, .. }) => {
            Err(Missing::Failed(Cause { class: *class, evidence: why.clone() }))
        }
        Some(_) => Err(Missing::NotEnded),
    }
}

impl Missing {
    /// In words: `was not run`, `no_space: …`.
    fn says(&self) -> String {
        match self {
            Self::NotRun => "was not run".to_owned(),
            Self::NotEnded => "did not end".to_owned(),
            Self::Failed(cause) => format!("{}: {}", cause.class, cause.evidence),
        }
    }
}

/// Lays the agent's numbers beside the human's and the baseline's, wherever they come from: our own stages or result files.
/// Of several inputs of one arm the first counts. Two numbers that differ by at most `threshold_pct` are similar.
///
/// The first verdict is the primary one: that of [`BenchKind::primary`], else of the first number that agent and human
/// share. Where it has no class, `incomparable` says why.
pub fn score(arms: &[ArmInput<'_>], threshold_pct: f64) -> ScoreDetail {
    let arm = |whose: Arm| {
        let found = arms.iter().find(|input| input.arm == whose).map(|input| input.brought.clone());
        Side { whose, brought: found.unwrap_or(Err(Missing::NotRun)) }
    };
    let (human, baseline, agent) = (arm(Arm::Human), arm(Arm::Baseline), arm(Arm::Agent));
    let mut why_not: Vec<String> = [&human, &baseline, &agent].into_iter().flat_map(Side::doubts).collect();
    let (to_human, to_baseline) = (Pair::new(&agent, &human), Pair::new(&agent, &baseline));
    why_not.extend(to_human.apart.iter().chain(&to_baseline.apart).cloned());
    let mut verdicts = Vec::new();
    if let Ok(detail) = &agent.brought {
        let full_rate = detail.workload.as_ref().is_some_and(Workload::is_full_rate);
        for metric in agent.metrics() {
            let Some(direction) = direction(metric, full_rate) else { continue };
            verdicts.push(verdict((&agent, metric), direction, [&to_human, &to_baseline], threshold_pct, &mut why_not));
        }
        first_the_primary(&mut verdicts, &mut why_not, &agent, &to_human);
    }
    let tainted: Vec<&str> = [&agent, &baseline].into_iter().filter(|side| side.is_tainted()).map(|side| side.whose.name()).collect();
    let rungs = vec![metrics_rung(&agent), beyond_noise(verdicts.first(), &to_baseline, &tainted)];
    let incomparable = match verdicts.first() {
        Some(Verdict { standing: Some(_), .. }) => None,
        primary => Some(to_human.incomparable(primary)),
    };
    let mut seen = Vec::new();
    why_not.retain(|why| {
        !seen.contains(why) && {
            seen.push(why.clone());
            true
        }
    });
    ScoreDetail { verdicts, why_not, incomparable, rungs, ..ScoreDetail::default() }
}

/// An arm.
struct Side<'a> {
    whose: Arm,
    brought: Result<&'a ArmDetail, Missing>,
}

impl Side<'_> {
    /// Its numbers, but those that are not what their names say.
    fn metrics(&self) -> impl Iterator<Item = &Metric> {
        let detail = self.brought.as_ref().ok();
        detail.into_iter().flat_map(|detail| detail.metrics.iter().filter(|metric| left_out(detail, metric).is_none()))
    }

    /// Up to which difference from another arm a number of this name is similar.
    fn band(&self, other: &Self, metric: &str, threshold_pct: f64) -> Band {
        let spread = |side: &Self| side.brought.as_ref().ok().and_then(|detail| Samples::spread(detail, metric)).unwrap_or_default();
        let n = |side: &Self| side.brought.as_ref().map_or(1, |detail| Samples::of(detail));
        Band { pct: threshold_pct.max(2.0 * spread(self).max(spread(other))), agent: n(self), other: n(other) }
    }

    fn is_tainted(&self) -> bool {
        self.brought.as_ref().is_ok_and(|detail| detail.is_tainted())
    }

    /// Why it has no numbers, and what is to be known of those that it has.
    fn doubts(&self) -> Vec<String> {
        let said = |says: String| format!("{}: {says}", self.whose.name());
        match &self.brought {
            Err(missing) => vec![said(missing.says())],
            Ok(detail) => notes(detail).into_iter().map(said).collect(),
        }
    }
}

/// The agent beside another arm.
struct Pair<'a> {
    theirs: &'a Side<'a>,
    /// Why the two don't compare; empty where they do.
    apart: Vec<String>,
    /// Why there is nothing to compare.
    missing: Option<String>,
}

impl<'a> Pair<'a> {
    fn new(agent: &Side<'_>, theirs: &'a Side<'a>) -> Self {
        let missing = [agent, theirs].into_iter().find_map(|side| {
            let missing = side.brought.as_ref().err()?;
            Some(format!("{}: {}", side.whose.name(), missing.says()))
        });
        let apart = match (&agent.brought, &theirs.brought) {
            (Ok(mine), Ok(others)) => apart(mine, (theirs.whose, others)),
            _ => Vec::new(),
        };
        Self { theirs, apart, missing }
    }

    /// Their number of this name; of two the first, as it is the one that is shown.
    fn number(&self, name: &str) -> Option<&Metric> {
        self.theirs.metrics().find(|metric| metric.name == name)
    }

    /// Why the primary metric has no class.
    fn incomparable(&self, primary: Option<&Verdict>) -> String {
        if let Some(missing) = &self.missing {
            return missing.clone();
        }
        if !self.apart.is_empty() {
            return self.apart.join("; ");
        }
        let whose = self.theirs.whose.name();
        match primary {
            None => "agent: none of its numbers is better or worse than another".to_owned(),
            Some(primary) => match self.number(&primary.metric) {
                None => format!("{whose}: no number is shared with the agent"),
                Some(theirs) if primary.human.is_none() => {
                    format!("{whose}: {} is in {} there and in {} for the agent", primary.metric, unit(theirs), primary.unit)
                }
                Some(theirs) => {
                    let whose = if is_measured(&theirs.name, theirs.value) && theirs.value > 0.0 { Arm::Agent.name() } else { whose };
                    format!("{whose}: {} is 0 or was not measured", primary.metric)
                }
            },
        }
    }
}

fn verdict(
    (agent, mine): (&Side<'_>, &Metric),
    direction: Direction,
    pairs: [&Pair<'_>; 2],
    threshold_pct: f64,
    why_not: &mut Vec<String>,
) -> Verdict {
    let unit_of_mine = unit(mine).to_owned();
    let [human, baseline] = pairs.map(|pair| {
        let theirs = pair.number(&mine.name)?;
        if unit(theirs) == unit_of_mine {
            return Some(theirs.value);
        }
        let (whose, unit) = (pair.theirs.whose.name(), unit(theirs));
        why_not.push(format!("{whose}: {} is in {unit} there and in {unit_of_mine} for the agent", mine.name));
        None
    });
    let against = |pair: &Pair<'_>, theirs: Option<f64>| theirs.filter(|_| pair.apart.is_empty());
    let [to_human, to_baseline] = pairs;
    let (with_human, with_baseline) = (against(to_human, human), against(to_baseline, baseline));
    let band = |pair: &Pair<'_>| agent.band(pair.theirs, &mine.name, threshold_pct);
    let of_human = with_human.map(|_| band(to_human));
    let percent = |theirs: Option<f64>| theirs.and_then(|theirs| percent_better(direction, mine.value, theirs));
    Verdict {
        metric: mine.name.clone(),
        unit: if mine.unit.trim().is_empty() { unit_of_mine } else { mine.unit.clone() },
        direction,
        agent: mine.value,
        human,
        baseline,
        against_human_pct: percent(with_human),
        against_baseline_pct: percent(with_baseline),
        standing: with_human.zip(of_human).and_then(|(theirs, band)| standing(mine, direction, theirs, band.pct)),
        band: of_human,
        baseline_band: with_baseline.map(|_| band(to_baseline)),
    }
}

/// Puts the primary metric first: the one that decides for this kind of benchmark where agent and human both have it, else
/// the first that they share.
fn first_the_primary(verdicts: &mut Vec<Verdict>, why_not: &mut Vec<String>, agent: &Side<'_>, to_human: &Pair<'_>) {
    let kind = [agent, to_human.theirs].into_iter().find_map(|side| side.brought.as_ref().ok().and_then(|detail| kind_of(detail)));
    let is_primary = |verdict: &Verdict| kind.is_some_and(|kind| is_named(&verdict.metric, &verdict.unit, kind.primary()));
    // in another unit it is shared too, and then there is no class
    let shared = |verdict: &Verdict| to_human.number(&verdict.metric).is_some();
    let place = |fits: &dyn Fn(&Verdict) -> bool| verdicts.iter().position(fits);
    let best = place(&|verdict| is_primary(verdict) && shared(verdict));
    let at = best.or_else(|| place(&shared)).or_else(|| place(&is_primary)).unwrap_or(0);
    if at >= verdicts.len() {
        return;
    }
    let primary = verdicts.remove(at);
    if let (Some(kind), None, true) = (kind, best, shared(&primary)) {
        let decides = kind.primary();
        let whose = if is_primary(&primary) || verdicts.iter().any(is_primary) { "human" } else { "agent" };
        let instead = format!("{whose}: no {decides}, which decides for {}: {} is compared instead", kind.name(), primary.metric);
        why_not.push(instead);
    }
    verdicts.insert(0, primary);
}

fn metrics_rung(agent: &Side<'_>) -> RungAnswer {
    let (answer, evidence) = match &agent.brought {
        Ok(detail) => (Answer::Yes, count(detail.metrics.len(), "number")),
        Err(Missing::Failed(cause)) => (Answer::No, format!("{}: {}", cause.class, cause.evidence)),
        Err(missing @ (Missing::NotRun | Missing::NotEnded)) => (Answer::Unchecked, missing.says()),
    };
    RungAnswer { rung: Rung::Metrics, answer, evidence }
}

/// A number of an arm that is tainted proves nothing, neither way: it is shown, and the rung stays unchecked.
fn beyond_noise(primary: Option<&Verdict>, to_baseline: &Pair<'_>, tainted: &[&str]) -> RungAnswer {
    let against = primary.and_then(|primary| Some((primary, primary.against_baseline_pct?, primary.baseline_band?)));
    let (answer, evidence) = match against {
        Some((primary, pct, band)) if !tainted.is_empty() => {
            let samples = if band.is_of_one() { "one sample".to_owned() } else { band.says() };
            let tainted = tainted.join(", ");
            let says =
                format!("{} {pct:+.1} % against the baseline, {samples}, and that proves nothing: tainted: {tainted}", primary.metric);
            (Answer::Unchecked, says)
        }
        Some((primary, pct, band)) => {
            let answer = if primary.against_baseline() == Some(Standing::Beats) { Answer::Yes } else { Answer::No };
            (answer, format!("{} {pct:+.1} % against the baseline, {}", primary.metric, band.says()))
        }
        None if !to_baseline.apart.is_empty() => (Answer::Unchecked, to_baseline.apart.join("; ")),
        None => (Answer::Unchecked, "no number shared with the baseline".to_owned()),
    };
    RungAnswer { rung: Rung::BeyondNoise, answer, evidence }
}
