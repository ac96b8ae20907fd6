//! Steps in a row that say the same and do nothing: an agent that goes round in circles.

use std::ops::Range;

use super::step::Shown;
use crate::domain::Reply;

/// Whether the second step says what the first one said, and neither does anything. What its harness will say of a step that is
/// not over is not known yet: until then its text is enough.
pub fn alike(one: &Shown, next: &Shown) -> bool {
    let said = |step: &Shown| step.calls.is_empty() && !step.head().is_empty();
    let is_open = next.reply != Reply::Complete && next.harness.is_empty() && next.error.is_none();
    said(one) && said(next) && one.head() == next.head() && (is_open || (one.error == next.error && one.harness == next.harness))
}

/// Notes of each step from this position on the first of those in a row that say the same: numbers that never fall.
pub fn note(firsts: &mut Vec<usize>, from: usize, steps: &[Shown]) {
    firsts.truncate(from);
    for at in firsts.len()..steps.len() {
        let before = at.checked_sub(1).and_then(|before| Some((steps.get(before)?, *firsts.get(before)?)));
        let same = before.filter(|(before, _)| steps.get(at).is_some_and(|step| alike(before, step)));
        firsts.push(same.map_or(at, |(_, first)| first));
    }
}

/// The steps in a row that say the same as the one at this position, which is one of them.
pub fn around(firsts: &[usize], position: usize) -> Range<usize> {
    firsts.get(position).map_or(position..position + 1, |first| *first..firsts.partition_point(|known| known <= first))
}
