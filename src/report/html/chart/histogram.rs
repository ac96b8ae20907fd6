//! How numbers spread: a row of small columns a group, over one logarithmic axis.

use maud::{Markup, html};

use super::scale::{Log, Ticks, float, percent};
use super::{clipped_middle, drawing, nothing};
use crate::report::median;

/// A group and its numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// Its name.
    pub name: String,
    /// Its numbers; what nobody measured is not among them.
    pub numbers: Vec<f64>,
}

/// Pixels of a group.
const ROW: usize = 58;

/// Pixels of the highest column.
const HIGH: f64 = 30.0;

/// Columns over the whole axis: a page of thousands of numbers stays small.
const BINS: usize = 48;

/// Columns of a name above its row.
const NAME: usize = 26;

/// The groups one below the other, each with its median. `word` writes a number for people.
pub(crate) fn histogram(says: &str, groups: &[Group], word: impl Fn(f64) -> String, ticks: Ticks) -> Markup {
    let all = || groups.iter().flat_map(|group| group.numbers.iter().copied());
    let Some(axis) = Log::over(all()) else { return nothing("No number is known.") };
    let foot = groups.len() * ROW;
    let inside = html! {
        @for tick in axis.ticks(ticks) {
            @let x = percent(axis.place(tick));
            line.grid x1=(x) x2=(x) y1="18" y2=(foot) {}
            text class={ "tick" (ends(axis.place(tick))) } x=(x) y=(foot + 16) { (word(tick)) }
        }
        @for (at, group) in groups.iter().enumerate() {
            (row(at * ROW, group, axis, &word))
        }
    };
    drawing("whole", foot + 22, says, &inside)
}

fn row(top: usize, group: &Group, axis: Log, word: &impl Fn(f64) -> String) -> Markup {
    let mut sorted: Vec<f64> = group.numbers.iter().copied().filter(|n| n.is_finite() && *n >= 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let above = sorted.iter().copied().filter(|n| *n > 0.0);
    let bins = binned(above, axis);
    let most = bins.iter().copied().max().unwrap_or(0).max(1);
    let foot = top + ROW - 6;
    let wide = percent(100.0 / float(BINS) - 0.3);
    html! {
        g {
            text.above x="0" y=(top + 13) { (clipped_middle(&group.name, NAME)) }
            @if let (Some(least), Some(median), Some(last)) = (sorted.first(), median(&sorted), sorted.last()) {
                title { (group.name) ": " (sorted.len()) " known, from " (word(*least)) " to " (word(*last)) ", median " (word(median)) }
                text.value.end x="100%" y=(top + 13) { "median " (word(median)) tspan.soft { ", n = " (sorted.len()) } }
                @for (bin, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
                    @let high = (float(*count) / float(most) * HIGH).max(2.0);
                    rect.known x=(percent(float(bin) * 100.0 / float(BINS))) y=(format!("{:.1}", float(foot) - high)) width=(wide) height=(format!("{high:.1}")) {}
                }
                @if median > 0.0 {
                    @let x = percent(axis.place(median));
                    line.median x1=(x) x2=(x) y1=(top + 18) y2=(foot + 2) {}
                }
            } @else {
                text.value.end.soft x="100%" y=(top + 13) { "unknown" }
            }
            line.axis x1="0" x2="100%" y1=(foot) y2=(foot) {}
        }
    }
}

/// A text at an end of the axis stays inside the drawing.
pub(super) fn ends(place: f64) -> &'static str {
    if place < 4.0 {
        " first"
    } else if place > 96.0 {
        " end"
    } else {
        ""
    }
}

fn binned(numbers: impl Iterator<Item = f64>, axis: Log) -> [usize; BINS] {
    let mut bins = [0; BINS];
    for n in numbers {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place is between 0 and 100")]
        let at = (axis.place(n) / 100.0 * float(BINS)) as usize;
        if let Some(bin) = bins.get_mut(at.min(BINS - 1)) {
            *bin += 1;
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(numbers: &[f64]) -> String {
        histogram("says", &[Group { name: "trae".to_owned(), numbers: numbers.to_vec() }], |n| format!("{n}"), Ticks::Decimal).0
    }

    #[test]
    fn degenerate_numbers_draw_or_are_a_sentence() {
        for numbers in [vec![], vec![f64::NAN], vec![0.0], vec![-1.0, f64::INFINITY]] {
            assert!(drawn(&numbers).contains("No number is known"), "{numbers:?}");
        }
        for numbers in [vec![5.0], vec![5.0; 900], vec![1e-300, 1e300], vec![0.0, 3.0]] {
            let seen = drawn(&numbers);
            assert!(seen.contains("median ") && !seen.contains("NaN") && !seen.contains("inf"), "{numbers:?}: {seen}");
        }
    }

    #[test]
    fn many_numbers_make_no_more_columns() {
        let many: Vec<f64> = (1..50_000_u32).map(f64::from).collect();
        assert!(drawn(&many).matches("<rect").count() <= BINS);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!((median(&[]), median(&[3.0]), median(&[1.0, 2.0, 9.0]), median(&[1.0, 2.0])), (None, Some(3.0), Some(2.0), Some(1.5)));
    }
}
