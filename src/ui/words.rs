//! Moments and numbers in the reader's own terms.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Said of a key that goes to the next match where there is no search.
pub(super) const NO_SEARCH: &str = "nothing is searched for: / searches";

/// Milliseconds from `since` to `now`; 0 when the clock was set back.
pub fn between(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(since).as_millis()).unwrap_or_default()
}

/// A remark older than this has been read, in ms.
const FRESH: u64 = 6000;

/// Whether a remark of a moment is still to be read.
pub fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    between(at, now) < FRESH
}

/// A moment: `09:40`, with its day when that is not today's.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    if at.date() == today.date() { clock } else { format!("{} {clock}", at.date()) }
}

/// The last part of a model's name: who made it comes before that.
pub fn model_name(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// A sentence with a capital at its beginning.
pub fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A measured number in four significant digits: `0.0123`, `12.30`, `1234`, `98765`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        value.to_string()
    } else if size >= 1e9 || (size > 0.0 && size < 1e-4) {
        format!("{value:.3e}")
    } else if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 || size == 0.0 {
        format!("{value:.2}")
    } else if size >= 1.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.4}")
    }
}

/// A difference in percent: `+20.3 %`.
pub fn percent(value: f64) -> String {
    format!("{value:+.1} %")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let seen: Vec<_> = [0.0, 0.01234, 1.5, 12.3, 123.45, 1234.5, 98765.4, 1.5e12].map(number).into();
        assert_eq!(seen, ["0.00", "0.0123", "1.500", "12.30", "123.5", "1234", "98765", "1.500e12"]);
    }

    #[test]
    fn a_moment_of_another_day_says_which() {
        let now: Timestamp = "2026-11-21T09:40:00Z".parse().unwrap();
        let before: Timestamp = "2026-11-20T23:59:00Z".parse().unwrap();
        assert_eq!(
            (moment(now, now, &TimeZone::UTC), moment(before, now, &TimeZone::UTC)),
            ("09:40".to_owned(), "2026-11-20 23:59".to_owned())
        );
        assert_eq!((between(before, now), between(now, before)), (34_860_000, 0));
    }
}
