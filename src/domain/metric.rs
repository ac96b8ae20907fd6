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

/// Whether a number can have been measured under this name. A time, a rate or a size is above 0; only the time between
/// tokens (TPOT, ITL) is 0 where a single token was asked for.
pub fn is_measured(name: &str, value: f64) -> bool {
    let low = name.to_lowercase();
    let may_be_0 = || ["tpot", "itl"].iter().any(|word| low.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word));
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
}

impl Standing {
    /// The word of the reports: `beats`, `similar`, `worse`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beats => "beats",
            Self::Similar => "similar",
            Self::Worse => "worse",
        }
    }
}
