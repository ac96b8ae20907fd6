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

/// A logarithmic axis in powers of ten, for numbers above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Log {
    /// The exponent at its left end.
    low: i32,
    /// The exponent at its right end, above `low`.
    high: i32,
}

impl Log {
    /// The axis over these numbers; those that are not above 0 don't count. `None` where none is left.
    pub(crate) fn over(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let counts = numbers.filter(|n| n.is_finite() && *n > 0.0);
        let (least, most) = counts.fold((f64::INFINITY, 0.0_f64), |(least, most), n| (least.min(n), most.max(n)));
        (most > 0.0).then(|| {
            let low = exponent(least.log10().floor());
            Self { low, high: exponent(most.log10().ceil()).max(low + 1) }
        })
    }

    /// The place of a number, from 0 to 100.
    pub(crate) fn place(&self, n: f64) -> f64 {
        within((n.log10() - f64::from(self.low)) / f64::from(self.high - self.low) * 100.0)
    }

    /// At most six numbers to be named, ends included where they fall on a step.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        let step = ((self.high - self.low) / 5).max(1);
        let mut at = self.low;
        let mut ticks = Vec::new();
        while at <= self.high {
            ticks.push(10_f64.powi(at));
            at += step;
        }
        ticks
    }
}

/// The exponent of a finite number: always between -324 and 309.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what an exponent can be")]
fn exponent(n: f64) -> i32 {
    n.clamp(-324.0, 309.0) as i32
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
    pub(crate) fn place(&self, n: f64) -> (f64, bool) {
        (within((n / self.most + 1.0) * 50.0), n.abs() > self.most)
    }

    /// The percentages to be named.
    pub(crate) fn ticks(&self) -> [f64; 5] {
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
        for numbers in [vec![1.0], vec![7.0, 7.0], vec![1e-300, 1e300], vec![0.0, 5.0, f64::NAN], vec![1.0, 10.0]] {
            let axis = Log::over(numbers.iter().copied()).unwrap_or(Log { low: 0, high: 1 });
            assert!((2..=6).contains(&axis.ticks().len()), "{numbers:?}: {:?}", axis.ticks());
            assert!(axis.ticks().iter().all(|tick| tick.is_finite() && *tick > 0.0), "{numbers:?}");
            assert!(numbers.iter().all(|n| (0.0..=100.0).contains(&axis.place(*n))), "{numbers:?}");
        }
        assert_eq!(Log::over([0.0, -1.0, f64::NAN].into_iter()), None);
    }

    #[test]
    fn a_percentage_far_out_stands_at_the_end_and_says_so() {
        let axis = Around::over([3.0, -340.0].into_iter());
        assert_eq!((axis.place(-340.0), axis.place(0.0), axis.place(100.0)), ((0.0, true), (50.0, false), (100.0, false)));
        assert_eq!(Around::over([f64::NAN].into_iter()).ticks(), [-10.0, -5.0, 0.0, 5.0, 10.0]);
    }
}
