//! Hard and soft verdict as two by two.

use maud::{Markup, html};

use super::scale::{in_words, percent};
use super::{drawing, nothing};
use crate::domain::Quadrant;

/// The four counts, and of how many no verdict is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Q1: the right target, and as fast.
    pub true_success: usize,
    /// Q2: the right target, not as fast.
    pub good_intent: usize,
    /// Q3: fast, by another target.
    pub lucky_win: usize,
    /// Q4: neither.
    pub failure: usize,
}

impl Counts {
    /// Counts what was found.
    pub(crate) fn of(found: impl Iterator<Item = Quadrant>) -> Self {
        let mut counts = Self::default();
        for quadrant in found {
            match quadrant {
                Quadrant::TrueSuccess => counts.true_success += 1,
                Quadrant::GoodIntent => counts.good_intent += 1,
                Quadrant::LuckyWin => counts.lucky_win += 1,
                Quadrant::Failure => counts.failure += 1,
            }
        }
        counts
    }

    /// All four.
    pub(crate) const fn whole(self) -> usize {
        self.true_success + self.good_intent + self.lucky_win + self.failure
    }
}

/// The square.
pub(crate) fn quadrants(says: &str, counts: Counts) -> Markup {
    let whole = counts.whole();
    if whole == 0 {
        return nothing("No quadrant is known: there is neither a soft-metrics file nor a judge.");
    }
    let field = |left: f64, top: usize, name: &str, count: usize, role: &str| {
        html! {
            g {
                title { (name) ": " (count) " of " (whole) " (" (in_words(count, whole)) ")" }
                rect class={ "quadrant " (role) } x=(percent(left + 0.5)) y=(top) width="49%" height="86" {}
                text.large x=(percent(left + 25.0)) y=(top + 44) { (count) }
                text.tick x=(percent(left + 25.0)) y=(top + 66) { (name) ", " (in_words(count, whole)) }
            }
        }
    };
    let inside = html! {
        text.tick x="25%" y="14" { "not as fast" }
        text.tick x="75%" y="14" { "as fast, or faster" }
        text.side x="-10" y="66" { "right target" }
        text.side x="-10" y="156" { "other target" }
        (field(0.0, 22, "good intent", counts.good_intent, "marked"))
        (field(50.0, 22, "true success", counts.true_success, "true"))
        (field(0.0, 112, "failure", counts.failure, "bad"))
        (field(50.0, 112, "lucky win", counts.lucky_win, "open"))
    };
    drawing("sided", 202, says, &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_fields_with_their_counts() {
        let counts = Counts::of([Quadrant::TrueSuccess, Quadrant::Failure, Quadrant::Failure].into_iter());
        let seen = quadrants("says", counts).0;
        assert!(seen.contains("true success: 1 of 3 (33 %)") && seen.contains("failure: 2 of 3 (67 %)"), "{seen}");
        assert!(quadrants("says", Counts::default()).0.contains("No quadrant is known"));
    }
}
