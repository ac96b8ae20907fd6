//! Times in lines of logs: `2026-11-21T09:30:12.345Z`, `2026-11-21 09:30:12,345`, and vLLM's `11-21 09:30:12` without a year.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use regex::Regex;

/// Characters at the beginning of a line in which its time is looked for.
const HEAD: usize = 160;

static STAMP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:\b(\d{4})-)?\b(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d{1,9})?(Z|[+-]\d{2}:?\d{2})?").ok());

/// What is known of a log whose lines have times: lines without a zone are of ours or of UTC, whichever fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Nothing was written before.
    pub from: Timestamp,
    /// Nothing was written after.
    pub to: Timestamp,
    /// The zone of this machine.
    pub zone: TimeZone,
}

/// Minutes that the clocks of a log and ours may differ.
const SLACK_S: i64 = 120;

/// The time that a line says; `None`: it says none, or one that does not fit.
pub fn of(line: &str, frame: &Frame) -> Option<Timestamp> {
    let head = line.char_indices().nth(HEAD).map_or(line, |(end, _)| line.get(..end).unwrap_or(line));
    let found = STAMP.as_ref()?.captures(head)?;
    let number = |at: usize| found.get(at).and_then(|part| part.as_str().parse::<i8>().ok());
    let (month, day) = (number(2)?, number(3)?);
    let time = jiff::civil::Time::new(number(4)?, number(5)?, number(6)?, 0).ok()?;
    let year = found.get(1).and_then(|year| year.as_str().parse::<i16>().ok());
    let middle = frame.to.to_zoned(frame.zone.clone()).year();
    // a log without years may go over New Year
    let years = year.map_or_else(|| vec![middle, middle - 1], |year| vec![year]);
    let zone = found.get(7).map(|zone| zone.as_str());
    let fits = |at: &Timestamp| at.as_second() >= frame.from.as_second() - SLACK_S && at.as_second() <= frame.to.as_second() + SLACK_S;
    let dates = years.into_iter().filter_map(|year| Date::new(year, month, day).ok());
    dates.flat_map(|date| moments(DateTime::from_parts(date, time), zone, &frame.zone)).find(fits)
}

fn moments(at: DateTime, zone: Option<&str>, ours: &TimeZone) -> Vec<Timestamp> {
    let zones = match zone {
        Some("Z") => vec![TimeZone::UTC],
        Some(offset) => offset_of(offset).map(TimeZone::fixed).into_iter().collect(),
        None => vec![ours.clone(), TimeZone::UTC],
    };
    zones.into_iter().filter_map(|zone| Some(at.to_zoned(zone).ok()?.timestamp())).collect()
}

fn offset_of(text: &str) -> Option<Offset> {
    let (sign, digits) = text.split_at_checked(1)?;
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_read_as_programs_write_them() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let frame = Frame { from: at("2026-11-21T09:00:00Z"), to: at("2026-11-21T10:00:00Z"), zone };
        for (line, wanted) in [
            ("INFO 11-21 09:30:12 [core.py:58] Initializing", Some("2026-11-21T09:30:12Z")),
            ("(EngineCore pid=7) INFO 11-21 11:30:12 [x.py:1] local time", Some("2026-11-21T09:30:12Z")),
            ("2026-11-21 09:30:12,345 - trae - INFO", Some("2026-11-21T09:30:12Z")),
            (r#"{"timestamp":"2026-11-21T10:30:12.345+01:00"}"#, Some("2026-11-21T09:30:12Z")),
            ("2026-11-21T09:30:12Z stdout F x", Some("2026-11-21T09:30:12Z")),
            ("Profiling: 40%|####      | 12/30 [00:50<01:14]", None),
            ("2025-11-21 09:30:12 of last year", None),
            ("version 12-34-56 09:30:12", None),
        ] {
            assert_eq!(of(line, &frame), wanted.map(at), "{line}");
        }
    }

    #[test]
    fn a_log_may_go_over_new_year() {
        let frame = Frame { from: at("2026-12-31T23:00:00Z"), to: at("2027-01-01T01:00:00Z"), zone: TimeZone::UTC };
        assert_eq!(of("INFO 12-31 23:30:00 x", &frame), Some(at("2026-12-31T23:30:00Z")));
        assert_eq!(of("INFO 01-01 00:30:00 x", &frame), Some(at("2027-01-01T00:30:00Z")));
    }
}
