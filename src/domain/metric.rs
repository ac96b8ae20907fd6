//! Numbers that a benchmark printed, and how two of them compare.

use serde::{Deserialize, Serialize};

use super::{Arm, Samples};

/// One number with its name and its unit, as printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// As printed, `Mean TTFT` or `latency_avg`.
    pub name: String,
    /// The number as printed, in `unit`.
    pub value: f64,
    /// As printed: `ms`, `tok/s`, … Empty when none was printed.
    pub unit: String,
}

/// Words of names under which 0 can be measured: the time between tokens (TPOT, ITL) where a single token was asked for,
/// requests that failed, and those that met no goal, or guesses none of which was taken.
const MAY_BE_0: [&str; 5] = ["tpot", "itl", "failed", "goodput", "acceptance"];

/// Whether a number can have been measured under this name. A time, a rate or a size is above 0.
pub fn is_measured(name: &str, value: f64) -> bool {
    let low = name.to_lowercase();
    let may_be_0 = || MAY_BE_0.iter().any(|word| low.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word));
    value.is_finite() && (value > 0.0 || (value == 0.0 && may_be_0()))
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Times, bytes.
    LowerIsBetter,
    /// Rates.
    HigherIsBetter,
}

/// How the agent's number stands against another arm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Better by more than the threshold.
    Beats,
    /// Within the threshold either way.
    Similar,
    /// Worse by more than the threshold.
    Worse,
}

/// One metric over the arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The metric compared.
    pub metric: String,
    /// Its unit, the same in all arms.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
    /// The agent's number.
    pub agent: f64,
    /// The human's number, where that arm printed one.
    pub human: Option<f64>,
    /// The baseline's number, where that arm printed one.
    pub baseline: Option<f64>,
    /// Agent against human in percent, + is better.
    pub against_human_pct: Option<f64>,
    /// Agent against baseline in percent, + is better.
    pub against_baseline_pct: Option<f64>,
    /// The hard class: against the human.
    pub standing: Option<Standing>,
    /// What that class goes by; `None` in ledgers of old, and where there is no such number of the human.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// The same against the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_band: Option<Band>,
}

/// Up to which difference two numbers are similar, and of how many measurements they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// In percent: the threshold, or twice the relative spread of the samples where that is more.
    pub pct: f64,
    /// Measurements of the agent's arm.
    pub agent: u32,
    /// Measurements of the other.
    pub other: u32,
}

impl Band {
    /// In words: `±7.2 % of 3 samples each`, `±5 % of 3 and 1 samples`, `one sample, threshold 5 %`.
    pub fn says(&self) -> String {
        let pct = self.rounded();
        match (self.agent, self.other) {
            (1, 1) => format!("one sample, threshold {} %", self.pct),
            (agent, other) if agent == other => format!("±{pct} % of {agent} samples each"),
            (agent, other) => format!("±{pct} % of {agent} and {other} samples"),
        }
    }

    /// The percent as they are shown.
    fn rounded(&self) -> f64 {
        (self.pct * 10.0).round() / 10.0
    }

    /// Whether it is of one measurement of each arm.
    pub const fn is_of_one(&self) -> bool {
        self.agent == 1 && self.other == 1
    }
}

impl Verdict {
    /// How the agent stands against the baseline, by the same rule as against the human.
    pub fn against_baseline(&self) -> Option<Standing> {
        // ledgers of old have no band of the baseline's
        let threshold = self.baseline_band.or(self.band).map_or(Standing::THRESHOLD_PCT, |band| band.pct);
        Some(Standing::of(self.against_baseline_pct?, threshold))
    }

    /// Against human and baseline in words, where they compare: `better than the human's commit by 33.5 %`, `similar to the
    /// baseline (+51.2 %, within the noise of ±60.4 %)`.
    pub fn sides(&self) -> [Option<String>; 2] {
        let human = self.standing.zip(self.against_human_pct).map(|(standing, pct)| side("the human's commit", standing, pct, self.band));
        let baseline = self.against_baseline().zip(self.against_baseline_pct);
        [human, baseline.map(|(standing, pct)| side("the baseline", standing, pct, self.baseline_band))]
    }

    /// Of how many measurements its numbers are, in the words of [`Samples::words`].
    pub fn samples(&self) -> String {
        let others = [(Arm::Human, self.band), (Arm::Baseline, self.baseline_band)];
        let agent = others.iter().find_map(|(_, band)| *band).map_or(1, |band| band.agent);
        let counts = others.into_iter().filter_map(|(arm, band)| Some((arm, band?.other)));
        Samples::words(&counts.chain([(Arm::Agent, agent)]).collect::<Vec<_>>())
    }
}

/// One side of a comparison in words. What is within the noise of several measurements says how much that is.
fn side(whom: &str, standing: Standing, pct: f64, band: Option<Band>) -> String {
    match standing {
        Standing::Beats => format!("better than {whom} by {:.1} %", pct.abs()),
        Standing::Worse => format!("worse than {whom} by {:.1} %", pct.abs()),
        Standing::Similar if pct.abs() < 0.05 => format!("equal to {whom}"),
        Standing::Similar => {
            let many = band.filter(|band| !band.is_of_one());
            let noise = many.map_or_else(String::new, |band| format!(", within the noise of ±{} %", band.rounded()));
            format!("similar to {whom} ({pct:+.1} %{noise})")
        }
    }
}

impl Standing {
    /// Percent of difference up to which two numbers are similar, where nothing else is configured. On a GPU less is noise
    /// (`reference/isobench.md` section 5).
    pub const THRESHOLD_PCT: f64 = 5.0;

    /// The class of a difference, in percent and + for better. Exactly the threshold is similar.
    pub fn of(pct: f64, threshold_pct: f64) -> Self {
        // 0.3 against 0.315 is 5 %, and a little more as floats reckon
        let threshold = threshold_pct + threshold_pct.abs().max(1.0) * 1e-9;
        if pct > threshold {
            Self::Beats
        } else if pct < -threshold {
            Self::Worse
        } else {
            Self::Similar
        }
    }

    /// Whether it passes as fast as the human's commit.
    pub const fn passes(self) -> bool {
        matches!(self, Self::Beats | Self::Similar)
    }

    /// The class of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Beats, Self::Similar, Self::Worse].into_iter().find(|standing| standing.name() == name)
    }

    /// The word of the reports: `beats`, `similar`, `worse`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beats => "beats",
            Self::Similar => "similar",
            Self::Worse => "worse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(human: (f64, Band), baseline: (f64, Band)) -> Verdict {
        Verdict {
            metric: "ttft_mean_ms".to_owned(),
            unit: "ms".to_owned(),
            direction: Direction::LowerIsBetter,
            agent: 17.61,
            human: Some(36.71),
            baseline: Some(36.08),
            against_human_pct: Some(human.0),
            against_baseline_pct: Some(baseline.0),
            standing: Some(Standing::of(human.0, human.1.pct)),
            band: Some(human.1),
            baseline_band: Some(baseline.1),
        }
    }

    fn band(pct: f64, agent: u32, other: u32) -> Band {
        Band { pct, agent, other }
    }

    #[test]
    fn both_sides_are_judged_by_their_own_noise_and_say_it() {
        let noisy = verdict((52.0, band(5.0, 1, 1)), (51.2, band(60.43, 1, 2)));
        let says = ["better than the human's commit by 52.0 %", "similar to the baseline (+51.2 %, within the noise of ±60.4 %)"];
        assert_eq!(noisy.sides().map(Option::unwrap_or_default), says);
        assert_eq!(noisy.samples(), "samples: human 1, baseline 2, agent 1");
        let once = verdict((-3.0, band(5.0, 1, 1)), (-12.34, band(5.0, 1, 1)));
        assert_eq!(
            once.sides().map(Option::unwrap_or_default),
            ["similar to the human's commit (-3.0 %)", "worse than the baseline by 12.3 %"]
        );
        assert_eq!(once.samples(), "one sample each");
        let thrice = verdict((0.0, band(5.0, 3, 3)), (9.0, band(5.0, 3, 3)));
        assert_eq!(thrice.sides().map(Option::unwrap_or_default), ["equal to the human's commit", "better than the baseline by 9.0 %"]);
        assert_eq!(thrice.samples(), "3 samples each");
        let alone = Verdict { standing: None, band: None, ..noisy };
        let [human, _] = alone.sides();
        assert_eq!(human, None);
        assert_eq!(alone.samples(), "samples: baseline 2, agent 1");
        let of_old = Verdict { band: None, baseline_band: None, ..once };
        assert_eq!((of_old.against_baseline(), of_old.samples().as_str()), (Some(Standing::Worse), "one sample each"));
    }
}
