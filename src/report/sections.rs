//! The tables of a report, in the order in which they are read: what was measured, what it comes to, and at the end every row.

mod rows;
mod sums;

use super::counted::Counted;
use super::section::Section;
use super::study::Study;

/// Every section that has something to say.
pub fn sections(study: &Study, counted: &Counted) -> Vec<Section> {
    let all = [
        rows::compared(study),
        sums::by_agent(counted),
        sums::ladder(counted),
        sums::failures(counted),
        sums::by_kind(counted),
        sums::quadrants(counted),
        sums::tries(counted),
        sums::errors(counted),
        sums::coverage(study),
        sums::flags(counted),
        sums::used(counted),
        rows::items(study),
        rows::results(study),
        rows::problems(study),
    ];
    all.into_iter().filter(|section| !section.table.rows.is_empty()).collect()
}
