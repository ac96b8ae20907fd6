//! One number against another.

use std::cmp::Ordering;

use super::unit;
use crate::domain::{Direction, Metric, Standing, is_measured};

/// By how many percent `mine` is better than `theirs`; nothing where that makes no sense: of 0 there is no percentage.
pub(super) fn percent_better(direction: Direction, mine: f64, theirs: f64) -> Option<f64> {
    let change = (mine - theirs) / theirs * 100.0;
    let better = match direction {
        Direction::HigherIsBetter => change,
        // not `-change`: no difference is 0, and not -0
        Direction::LowerIsBetter => 0.0 - change,
    };
    (mine > 0.0 && theirs > 0.0 && better.is_finite()).then_some(better)
}

/// The class of a number against another.
pub(super) fn standing(mine: &Metric, direction: Direction, theirs: f64, threshold_pct: f64) -> Option<Standing> {
    if let Some(pct) = percent_better(direction, mine.value, theirs) {
        return Some(Standing::of(pct, threshold_pct));
    }
    let may_be = |value: f64| is_measured(&mine.name, value);
    if !may_be(mine.value) || !may_be(theirs) {
        return None;
    }
    // one of them is 0, and may be
    match (mine.value.partial_cmp(&theirs)?, direction) {
        (Ordering::Equal, _) => Some(Standing::Similar),
        // no time passes between tokens where there is but one: another question was asked
        _ if is_time(unit(mine)) => None,
        (Ordering::Less, Direction::LowerIsBetter) | (Ordering::Greater, Direction::HigherIsBetter) => Some(Standing::Beats),
        _ => Some(Standing::Worse),
    }
}

fn is_time(unit: &str) -> bool {
    matches!(unit, "s" | "ms" | "us" | "µs" | "ns")
}
