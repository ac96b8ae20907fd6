//! From numbers to places, and the ticks of an axis.

/// `part` of `whole` as a percentage of the width, `0%` where there is no whole.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { within(float(part) / float(whole) * 100.0) }
}

/// A place as SVG writes it: between `0%` and `100%`, with two decimals at most.
pub(crate) fn percent(place: f64) -> String {
    let rounded = (within(place) * 100.0).round() / 100.0;
    format!("{rounded}%")
}

/// A share in words: `44 %`, `< 1 %`, `> 99 %`. Nothing is rounded to none or to all.
pub(crate) fn in_words(part: usize, whole: usize) -> String {
    let share = share(part, whole);
    if part > 0 && share < 1.0 {
        "< 1 %".to_owned()
    } else if part < whole && share > 99.0 {
        "> 99 %".to_owned()
    } else {
        format!("{share:.0} %")
    }
}

/// A count as a number with a fraction; counts of rows are far below where that loses any.
pub(crate) fn float(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::from(u32::MAX), f64::from)
}

fn within(place: f64) -> f64 {
    if place.is_finite() { place.clamp(0.0, 100.0) } else { 0.0 }
}

/// A logarithmic axis, for numbers above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Log {
    /// The exponent of ten at its left end.
    low: f64,
    /// The exponent at its right end, above `low`.
    high: f64,
}

/// Which numbers an axis names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ticks {
    /// 1, 2, 5, 10, …
    Decimal,
    /// Seconds: 10 s, 1 min, 1 h, …
    Time,
}

/// Numbers that an axis names at most.
const MOST_TICKS: usize = 5;

impl Log {
    /// The axis over these numbers; those that are not above 0 don't count. `None` where none is left.
    pub(crate) fn over(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let counts = numbers.filter(|n| n.is_finite() && *n > 0.0);
        let (least, most) = counts.fold((f64::INFINITY, 0.0_f64), |(least, most), n| (least.min(n), most.max(n)));
        // a little room on both sides; where all are equal, as much as to see that
        let (low, high) = (least.log10(), most.log10());
        let room = ((high - low) * 0.04).max(0.15);
        (most > 0.0).then_some(Self { low: low - room, high: high + room })
    }

    /// The place of a number, from 0 to 100.
    pub(crate) fn place(&self, n: f64) -> f64 {
        within((n.log10() - self.low) / (self.high - self.low) * 100.0)
    }

    /// The numbers to be named: a few, from the coarsest steps that give more than one.
    pub(crate) fn ticks(&self, ticks: Ticks) -> Vec<f64> {
        let decades = || (-308..=308).map(|exponent| 10_f64.powi(exponent));
        let steps: [Vec<f64>; 3] = match ticks {
            Ticks::Decimal => [
                decades().collect(),
                decades().flat_map(|n| [n, 3.0 * n]).collect(),
                decades().flat_map(|n| [n, 2.0 * n, 5.0 * n]).collect(),
            ],
            Ticks::Time => [
                vec![0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 360_000.0, 3_600_000.0],
                vec![0.1, 1.0, 5.0, 20.0, 60.0, 300.0, 1200.0, 3600.0, 14_400.0, 86_400.0],
                vec![0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18_000.0],
            ],
        };
        let inside = |n: &f64| (self.low..=self.high).contains(&n.log10());
        let found = steps.iter().map(|step| step.iter().copied().filter(inside).collect::<Vec<_>>());
        let found = found.enumerate().find(|(at, found)| found.len() > 2 || *at == 2).map(|(_, found)| found).unwrap_or_default();
        let each = found.len().div_ceil(MOST_TICKS).max(1);
        found.into_iter().step_by(each).collect()
    }
}

/// A symmetrical axis of percentages: 0 in the middle, as far out as the numbers go and no farther than 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Around {
    /// The percentage at its right end.
    most: f64,
}

impl Around {
    /// The axis over these percentages.
    pub(crate) fn over(numbers: impl Iterator<Item = f64>) -> Self {
        let far = numbers.filter(|n| n.is_finite()).fold(0.0_f64, |far, n| far.max(n.abs()));
        let most = [10.0, 20.0, 50.0, 100.0].into_iter().find(|most| far <= *most).unwrap_or(100.0);
        Self { most }
    }

    /// The place of a percentage, from 0 to 100, and whether it lies beyond the end.
    pub(crate) fn place(self, n: f64) -> (f64, bool) {
        (within((n / self.most + 1.0) * 50.0), n.abs() > self.most)
    }

    /// The percentages to be named.
    pub(crate) fn ticks(self) -> [f64; 5] {
        [-1.0, -0.5, 0.0, 0.5, 1.0].map(|part| part * self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_to_none_or_to_all() {
        assert_eq!((in_words(1, 5000), in_words(4999, 5000)), ("< 1 %".to_owned(), "> 99 %".to_owned()));
        assert_eq!((in_words(0, 0), in_words(0, 9), in_words(9, 9)), ("0 %".to_owned(), "0 %".to_owned(), "100 %".to_owned()));
    }

    #[test]
    fn a_place_is_on_the_page_whatever_the_number_is() {
        for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5.0, 1e308] {
            assert!(["0%", "100%"].contains(&percent(n).as_str()), "{n}");
        }
        assert_eq!(percent(33.333_33), "33.33%");
    }

    #[test]
    fn a_logarithmic_axis_has_few_ticks_and_holds_its_numbers() {
        for numbers in [vec![1.0], vec![7.0, 7.0], vec![1e-300, 1e300], vec![0.0, 5.0, f64::NAN], vec![1.0, 10.0], vec![20.0, 7000.0]] {
            let axis = Log::over(numbers.iter().copied()).unwrap_or(Log { low: 0.0, high: 1.0 });
            for ticks in [Ticks::Decimal, Ticks::Time] {
                let seen = axis.ticks(ticks);
                assert!(seen.len() <= MOST_TICKS && seen.iter().all(|tick| tick.is_finite() && *tick > 0.0), "{numbers:?}: {seen:?}");
            }
            assert!(!axis.ticks(Ticks::Decimal).is_empty(), "{numbers:?}");
            assert!(numbers.iter().all(|n| (0.0..=100.0).contains(&axis.place(*n))), "{numbers:?}");
        }
        assert_eq!(Log::over([0.0, -1.0, f64::NAN].into_iter()), None);
        let minutes = Log::over([30.0, 7000.0].into_iter()).map(|axis| axis.ticks(Ticks::Time));
        assert_eq!(minutes, Some(vec![60.0, 600.0, 3600.0]));
    }

    #[test]
    fn a_percentage_far_out_stands_at_the_end_and_says_so() {
        let axis = Around::over([3.0, -340.0].into_iter());
        assert_eq!((axis.place(-340.0), axis.place(0.0), axis.place(100.0)), ((0.0, true), (50.0, false), (100.0, false)));
        assert_eq!(Around::over([f64::NAN].into_iter()).ticks().map(|tick| tick.to_string()), ["-10", "-5", "0", "5", "10"]);
    }
}
