//! Measured arms by kind, and the quadrants.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::{Arm, BenchKind, Quadrant, Standing};
use crate::report::study::{Compared, Study};

/// What the arms of a kind of benchmark came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KindCount {
    /// The kind; `None` where nothing tells.
    pub kind: Option<BenchKind>,
    /// Human arms: with numbers, and in all.
    pub human: (usize, usize),
    /// Baseline arms.
    pub baseline: (usize, usize),
    /// Agent arms.
    pub agent: (usize, usize),
    /// Commits whose agent arm beats the human's.
    pub beats: usize,
    /// Is similar to it.
    pub similar: usize,
    /// Is worse.
    pub worse: usize,
    /// Is not compared with it: it can't be, or is not measured yet.
    pub incomparable: usize,
}

/// A quadrant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuadrantCount {
    /// Which.
    pub quadrant: Quadrant,
    /// Commits in it.
    pub count: usize,
    /// Commits that have a quadrant.
    pub of: usize,
    /// The commits, by agent.
    pub commits: BTreeMap<String, BTreeSet<String>>,
}

pub(super) fn by_kind(study: &Study) -> Vec<KindCount> {
    // the kinds first, what has none last
    let mut counts: BTreeMap<(bool, Option<BenchKind>), KindCount> = BTreeMap::new();
    let entry = |kind: Option<BenchKind>| ((kind.is_none(), kind), KindCount { kind, ..KindCount::default() });
    for result in &study.results {
        let (key, new) = entry(result.kind);
        let count = counts.entry(key).or_insert(new);
        let arm = match result.arm {
            Arm::Human => &mut count.human,
            Arm::Baseline => &mut count.baseline,
            Arm::Agent => &mut count.agent,
        };
        arm.0 += usize::from(result.is_measured());
        arm.1 += 1;
    }
    for compared in &study.compared {
        let (key, new) = entry(compared.kind);
        let count = counts.entry(key).or_insert(new);
        match compared.hard {
            Some(Standing::Beats) => count.beats += 1,
            Some(Standing::Similar) => count.similar += 1,
            Some(Standing::Worse) => count.worse += 1,
            None => count.incomparable += 1,
        }
    }
    counts.into_values().collect()
}

pub(super) fn quadrants(study: &Study) -> Vec<QuadrantCount> {
    let known: Vec<(Quadrant, &Compared)> = study.compared.iter().filter_map(|row| Some((row.quadrant?, row))).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let count = |quadrant: Quadrant| {
        let mut commits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, row) in known.iter().filter(|(of, _)| *of == quadrant) {
            commits.entry(row.whose().to_owned()).or_default().insert(row.commit.clone());
        }
        QuadrantCount { quadrant, count: known.iter().filter(|(of, _)| *of == quadrant).count(), of: known.len(), commits }
    };
    [Quadrant::TrueSuccess, Quadrant::GoodIntent, Quadrant::LuckyWin, Quadrant::Failure].map(count).into()
}
