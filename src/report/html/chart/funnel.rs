//! The truth funnel: of what was marked success, how much holds at each rung, how much nobody checked, how much fell.

use maud::{Markup, html};

use super::scale::{in_words, percent, share};
use super::{drawing, nothing};

/// A rung of the funnel. Holding, unchecked and fallen together are the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub says: String,
    /// Those that hold up to here.
    pub holds: usize,
    /// Those of which nobody knows: here or below, something was not checked.
    pub unchecked: usize,
    /// Those that fell here or below.
    pub fell: usize,
}

/// Pixels of a row.
const ROW: usize = 30;

/// The rungs from the top of the page down.
pub(crate) fn funnel(says: &str, steps: &[Step]) -> Markup {
    let whole = steps.iter().map(|step| step.holds + step.unchecked + step.fell).max().unwrap_or(0);
    if whole == 0 {
        return nothing("Nothing is marked success, so there is no ladder to climb.");
    }
    let inside = html! {
        @for (at, step) in steps.iter().enumerate() {
            @let top = at * ROW;
            @let (holds, unchecked, fell) = (share(step.holds, whole), share(step.unchecked, whole), share(step.fell, whole));
            g {
                title {
                    (step.name) ": " (step.holds) " hold (" (in_words(step.holds, whole)) "), " (step.unchecked) " unchecked, "
                    (step.fell) " fell. " (step.says)
                }
                text.name x="-10" y=(top + 19) { (step.name) }
                rect.true x="0" y=(top + 5) width=(percent(holds)) height="20" {}
                rect.open x=(percent(holds)) y=(top + 5) width=(percent(unchecked)) height="20" {}
                rect.fell x=(percent(holds + unchecked)) y=(top + 5) width=(percent(fell)) height="20" {}
                text.value x="100%" dx="10" y=(top + 19) {
                    (step.holds)
                    tspan.soft dx="6" { (in_words(step.holds, whole)) @if step.unchecked > 0 { ", " (step.unchecked) " open" } }
                }
            }
        }
    };
    drawing("named wide", steps.len() * ROW + 2, says, &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(holds: usize, unchecked: usize, fell: usize) -> Step {
        Step { name: "patch".to_owned(), says: "the patch is not empty".to_owned(), holds, unchecked, fell }
    }

    #[test]
    fn unchecked_is_drawn_as_such_and_is_not_lost() {
        let seen = funnel("says", &[step(4, 0, 0), step(1, 2, 1)]).0;
        assert!(seen.contains(r#"<rect class="open" x="25%" y="35" width="50%""#), "{seen}");
        assert!(seen.contains(r#"<rect class="fell" x="75%" y="35" width="25%""#), "{seen}");
        assert!(seen.contains("25 %, 2 open") && seen.contains("1 hold (25 %), 2 unchecked, 1 fell."), "{seen}");
    }

    #[test]
    fn without_a_success_it_is_a_sentence() {
        assert!(funnel("says", &[step(0, 0, 0)]).0.contains("no ladder to climb"));
        assert!(funnel("says", &[]).0.contains("no ladder to climb"));
    }
}
