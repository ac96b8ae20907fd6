//! Durations for people, and as people write them.

use std::time::Duration;

/// A duration of `ms` milliseconds in at most six characters: `0.4 s`, `41 s`, `4m12s`, `3h07m`, `2d03h`.
pub fn short(ms: u64) -> String {
    let s = ms / 1000;
    if s < 10 {
        format!("{s}.{} s", ms % 1000 / 100)
    } else if s < 60 {
        format!("{s} s")
    } else if s < 3600 {
        format!("{}m{:02}s", s / 60, s % 60)
    } else if s < 86_400 {
        format!("{}h{:02}m", s / 3600, s / 60 % 60)
    } else {
        format!("{}d{:02}h", s / 86_400, s / 3600 % 24)
    }
}

/// How long ago, in whole seconds: `4 s`, `42 s`, `5m12s`, `3h07m`. It changes no more than once a second.
pub fn age(ms: u64) -> String {
    if ms < 10_000 { format!("{} s", ms / 1000) } else { short(ms) }
}

/// A duration that is no more than a guess: `40 s`, `25 min`, `1.5 h`, `15 h`.
pub fn rough(ms: u64) -> String {
    let s = ms / 1000;
    let minutes = (s + 30) / 60;
    if s < 90 {
        format!("{} s", s.max(1))
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if minutes < 600 {
        let tenths = (minutes + 3) / 6;
        if tenths.is_multiple_of(10) { format!("{} h", tenths / 10) } else { format!("{}.{} h", tenths / 10, tenths % 10) }
    } else {
        format!("{} h", (minutes + 30) / 60)
    }
}

/// Two guesses, the first no longer than the second: `5–8 h`, `50 min–1.5 h`; where both are said alike, one.
pub fn between(short_ms: u64, long_ms: u64) -> String {
    let (short, long) = (rough(short_ms), rough(long_ms));
    match (short.split_once(' '), long.split_once(' ')) {
        _ if short == long => short,
        (Some((amount, unit)), Some((_, same))) if unit == same => format!("{amount}–{long}"),
        _ => format!("{short}–{long}"),
    }
}

/// A running clock: `0:41`, `6:51`, `1:07:09`.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    if s < 3600 { format!("{}:{:02}", s / 60, s % 60) } else { format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) }
}

/// A duration as people write it: `90s`, `30m`, `2h`, `1d`; `90` alone is seconds. The error says how to write one.
pub fn parse(text: &str) -> Result<Duration, String> {
    let how = || format!("'{text}' is no duration: write 90s, 30m, 2h or 1d; a number alone is seconds");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let seconds_each = match text.strip_prefix(digits).ok_or_else(how)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(how()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(how());
    }
    let seconds = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds_each));
    seconds.map(Duration::from_secs).ok_or_else(|| format!("'{text}' is longer than any run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short() {
        let seen: Vec<_> = [0, 400, 9_999, 41_000, 252_000, 11_220_000, 183_600_000].map(short).into();
        assert_eq!(seen, ["0.0 s", "0.4 s", "9.9 s", "41 s", "4m12s", "3h07m", "2d03h"]);
    }

    #[test]
    fn a_guess_pretends_no_more_than_it_knows() {
        let seen: Vec<_> = [400, 41_000, 1_500_000, 3_600_000, 5_400_000, 35_900_000, 54_000_000].map(rough).into();
        assert_eq!(seen, ["1 s", "41 s", "25 min", "1 h", "1.5 h", "10 h", "15 h"]);
    }

    #[test]
    fn two_guesses_share_their_unit() {
        let h = 3_600_000;
        assert_eq!([between(5 * h, 8 * h), between(50 * 60_000, h + h / 2), between(h, h + 1)], ["5–8 h", "50 min–1.5 h", "1 h"]);
    }

    #[test]
    fn a_clock_has_hours_only_when_needed() {
        let seen: Vec<_> = [0, 41_000, 411_000, 4_029_000].map(clock).into();
        assert_eq!(seen, ["0:00", "0:41", "6:51", "1:07:09"]);
    }

    #[test]
    fn it_is_read_as_people_write_it_and_nothing_else_is() {
        let seen = ["90s", "30m", "2h", "90", "0", "1d"].map(|text| parse(text).map(|found| found.as_secs()));
        assert_eq!(seen, [Ok(90), Ok(1800), Ok(7200), Ok(90), Ok(0), Ok(86_400)]);
        for wrong in ["", "s", "1.5h", "-1", "+1", "1 h", "1h30m", "2H", "ten", "1ms", "５s", "1e3"] {
            assert!(parse(wrong).is_err_and(|says| says.contains("write 90s")), "{wrong}");
        }
        assert!(parse("99999999999999999999").is_err() && parse("999999999999999999d").is_err());
    }
}
