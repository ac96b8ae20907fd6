//! Numbers that a benchmark printed, and how two of them compare.

use serde::{Deserialize, Serialize};

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
        let pct = (self.pct * 10.0).round() / 10.0;
        match (self.agent, self.other) {
            (1, 1) => format!("one sample, threshold {} %", self.pct),
            (agent, other) if agent == other => format!("±{pct} % of {agent} samples each"),
            (agent, other) => format!("±{pct} % of {agent} and {other} samples"),
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
