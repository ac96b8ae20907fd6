//! What a judge says of a patch, and the quadrant that hard and soft verdict make together (`reference/isobench.md` section 5).

use serde::{Deserialize, Serialize};

/// Whether the patch goes for the bottleneck that the human's commit goes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The same one.
    SameTarget,
    /// One next to it.
    RelatedTarget,
    /// Another one.
    DifferentTarget,
    /// None.
    NoOptimization,
}

/// A judge's verdict on a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftVerdict {
    /// `bottleneck_target.category`.
    pub target: Target,
    /// `approach_comparison.category`: `similar_approach`, `valid_alternative`, …; kept as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approach: Option<String>,
    /// The judge's reasons, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Who judged: a file, or the program of `[judge] command`.
    pub by: String,
}

/// Hard and soft verdict together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quadrant {
    /// Q1: the right target, and as fast as the human's or faster.
    TrueSuccess,
    /// Q2: the right target, and not as fast.
    GoodIntent,
    /// Q3: fast, and not by the target that was meant.
    LuckyWin,
    /// Q4: neither.
    Failure,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 4] = [Self::SameTarget, Self::RelatedTarget, Self::DifferentTarget, Self::NoOptimization];

    /// The target of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Whether this passes as the right target.
    pub const fn passes(self) -> bool {
        matches!(self, Self::SameTarget | Self::RelatedTarget)
    }

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameTarget => "same_target",
            Self::RelatedTarget => "related_target",
            Self::DifferentTarget => "different_target",
            Self::NoOptimization => "no_optimization",
        }
    }
}

impl Quadrant {
    /// Q1 to Q4.
    pub const ALL: [Self; 4] = [Self::TrueSuccess, Self::GoodIntent, Self::LuckyWin, Self::Failure];

    /// The word of the paper's tables: `Q1` to `Q4`.
    pub const fn short(self) -> &'static str {
        match self {
            Self::TrueSuccess => "Q1",
            Self::GoodIntent => "Q2",
            Self::LuckyWin => "Q3",
            Self::Failure => "Q4",
        }
    }

    /// What it is called there.
    pub const fn says(self) -> &'static str {
        match self {
            Self::TrueSuccess => "true success",
            Self::GoodIntent => "good intent, bad execution",
            Self::LuckyWin => "lucky win",
            Self::Failure => "failure",
        }
    }

    /// From whether the soft and the hard verdict pass.
    pub const fn of(soft: bool, hard: bool) -> Self {
        match (soft, hard) {
            (true, true) => Self::TrueSuccess,
            (true, false) => Self::GoodIntent,
            (false, true) => Self::LuckyWin,
            (false, false) => Self::Failure,
        }
    }

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrueSuccess => "true_success",
            Self::GoodIntent => "good_intent",
            Self::LuckyWin => "lucky_win",
            Self::Failure => "failure",
        }
    }
}
