//! The truth ladder as a funnel.

use serde::Serialize;

use crate::domain::{Answer, Rung};
use crate::report::study::ItemRow;

/// A rung over several attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RungCount {
    /// The rung.
    pub rung: Rung,
    /// Of how many attempts; the sum of the four answers.
    pub of: usize,
    /// It holds.
    pub yes: usize,
    /// It does not hold.
    pub no: usize,
    /// It makes no sense for them.
    pub not_applicable: usize,
    /// Nobody looked. Never counted as yes.
    pub unchecked: usize,
    /// This rung and all below it hold, or make no sense: what the funnel lets through.
    pub unbroken: usize,
}

/// The ladder of these attempts, one count a rung, lowest first.
pub(super) fn ladder<'a>(items: &(impl Iterator<Item = &'a ItemRow> + Clone)) -> Vec<RungCount> {
    let count = |rung: Rung| {
        let mut count = RungCount { rung, of: 0, yes: 0, no: 0, not_applicable: 0, unchecked: 0, unbroken: 0 };
        for item in items.clone() {
            count.of += 1;
            match item.answer(rung) {
                Answer::Yes => count.yes += 1,
                Answer::No => count.no += 1,
                Answer::NotApplicable => count.not_applicable += 1,
                Answer::Unchecked => count.unchecked += 1,
            }
            count.unbroken += usize::from(item.is_unbroken_to(rung));
        }
        count
    };
    Rung::ALL.into_iter().map(count).collect()
}
