//! Two trees side by side, commit by commit: what both have, what only one has, and by how much the same arm differs.

mod pairs;
mod tables;

use std::path::Path;

use serde::Serialize;

use super::section::{Document, Section};
use super::study::Study;
use crate::domain::{Arm, Direction, FailureClass, Rung, Standing};
use crate::text::clean;

/// Two trees, paired.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The first path.
    pub a: String,
    /// The second path.
    pub b: String,
    /// One a commit; one a commit and agent where a tree has several agents. In order of commits.
    pub pairs: Vec<Pair>,
    /// What they come to.
    pub totals: Totals,
}

/// A commit in both trees, or in one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The human's commit, as long as it is known.
    pub commit: String,
    /// What the first tree has of it.
    pub a: Option<Side>,
    /// What the second tree has of it.
    pub b: Option<Side>,
    /// The same arm there and here; for the arms that either has.
    pub deltas: Vec<Delta>,
}

/// What a tree has of a commit: its newest attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// The run, or the folder of results.
    pub run: String,
    /// How often it was tried.
    pub tries: usize,
    /// How it ended; where there are arms alone, how the agent's did.
    pub status: Option<String>,
    /// The last rung of the unbroken yes.
    pub rung: Option<Rung>,
    /// Steps.
    pub steps: Option<u32>,
    /// Tokens in.
    pub input_tokens: Option<u64>,
    /// Tokens out.
    pub output_tokens: Option<u64>,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// Bytes of the patch.
    pub patch_bytes: Option<u64>,
    /// Why it failed.
    pub failure: Option<FailureClass>,
}

/// The same arm in both trees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    /// Which arm.
    pub arm: Arm,
    /// The metric compared: the primary one of its kind.
    pub metric: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// Which way is better.
    pub direction: Option<Direction>,
    /// The number of the first tree.
    pub a: Option<f64>,
    /// The number of the second tree.
    pub b: Option<f64>,
    /// The second against the first in percent; + is better.
    pub pct: Option<f64>,
    /// The same as a class, by the threshold of 5 %.
    pub class: Option<Standing>,
    /// Why they can't be compared.
    pub incomparable: Option<String>,
}

/// What the pairs come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Commits in both.
    pub both: usize,
    /// Commits in the first alone.
    pub only_a: usize,
    /// Commits in the second alone.
    pub only_b: usize,
    /// Of those in both: marked success in both.
    pub success_both: usize,
    /// In the first alone.
    pub success_only_a: usize,
    /// In the second alone.
    pub success_only_b: usize,
    /// In neither.
    pub success_neither: usize,
    /// The arms that can be compared, by class.
    pub arms: Vec<ArmTotal>,
}

/// How the second tree's arms stand against the first's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArmTotal {
    /// Which arm.
    pub arm: Arm,
    /// Better in the second.
    pub better: usize,
    /// Similar.
    pub similar: usize,
    /// Worse in the second.
    pub worse: usize,
    /// Can't be compared.
    pub incomparable: usize,
}

impl Comparison {
    /// Lays two studies side by side. `a` and `b` are the paths that were named.
    pub fn of((a, first): (&Path, &Study), (b, second): (&Path, &Study)) -> Self {
        let pairs = pairs::of(first, second);
        let totals = Totals::of(&pairs);
        Self { a: clean::path(a), b: clean::path(b), pairs, totals }
    }

    /// Every pair as one table: what a spreadsheet wants.
    pub fn rows(&self) -> Section {
        tables::rows(self)
    }

    /// The same as lines and tables.
    pub fn document(&self) -> Document {
        tables::document(self)
    }
}

impl Side {
    /// Whether it counts as a success where nobody looks closer.
    pub fn is_marked(&self) -> bool {
        matches!(self.status.as_deref(), Some("success" | "done"))
    }
}

impl Totals {
    fn of(pairs: &[Pair]) -> Self {
        let mut totals = Self::default();
        for pair in pairs {
            match (&pair.a, &pair.b) {
                (Some(a), Some(b)) => {
                    totals.both += 1;
                    if a.status.is_some() && b.status.is_some() {
                        *match (a.is_marked(), b.is_marked()) {
                            (true, true) => &mut totals.success_both,
                            (true, false) => &mut totals.success_only_a,
                            (false, true) => &mut totals.success_only_b,
                            (false, false) => &mut totals.success_neither,
                        } += 1;
                    }
                }
                (Some(_), None) => totals.only_a += 1,
                (None, _) => totals.only_b += 1,
            }
        }
        for arm in [Arm::Human, Arm::Baseline, Arm::Agent] {
            let deltas = || pairs.iter().filter(|pair| pair.a.is_some() && pair.b.is_some()).flat_map(|pair| &pair.deltas);
            let class = |class: Option<Standing>| deltas().filter(|delta| delta.arm == arm && delta.class == class).count();
            let total = ArmTotal {
                arm,
                better: class(Some(Standing::Beats)),
                similar: class(Some(Standing::Similar)),
                worse: class(Some(Standing::Worse)),
                incomparable: class(None),
            };
            if deltas().any(|delta| delta.arm == arm) {
                totals.arms.push(total);
            }
        }
        totals
    }
}
