//! An estimate in words: everybody who says how long it will take says it so.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{From, Left};
use crate::config::time_of_day;
use crate::domain::Stage;
use crate::text::{count, duration};

impl Left {
    /// The same at a later moment of a queue that went on meanwhile.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        let passed = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or_default();
        let at = if passed > 0 { now } else { self.at };
        Self { p50_ms: self.p50_ms.saturating_sub(passed), p90_ms: self.p90_ms.saturating_sub(passed), at, ..self.clone() }
    }

    /// `5–8 h`
    pub fn range(&self) -> String {
        duration::between(self.p50_ms, self.p90_ms)
    }

    /// When it ends, if it runs from now on: `, 04:10–06:45`, with their days where that is more than a day off; ` while it runs` where it
    /// does not go on by itself. Empty where not all of it is known: that end is none.
    pub fn ends(&self, goes_on: bool, zone: &TimeZone) -> String {
        if !goes_on {
            return " while it runs".to_owned();
        }
        if self.unknown().is_some() {
            return String::new();
        }
        let [early, late] = [self.p50_ms, self.p90_ms].map(|ms| self.end(ms));
        let is_far = late.duration_since(self.at) > SignedDuration::from_hours(24);
        let told = |at: Timestamp| at.to_zoned(zone.clone()).strftime(if is_far { "%a %H:%M" } else { "%H:%M" }).to_string();
        let (early, late) = (told(early), told(late));
        if early == late { format!(", {early}") } else { format!(", {early}–{late}") }
    }

    /// The moment so many ms later.
    fn end(&self, ms: u64) -> Timestamp {
        self.at.saturating_add(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))).unwrap_or(Timestamp::MAX)
    }

    /// What comes beside it, and takes nobody knows how long: `, and benchmarks of unknown length`; empty where it is whole.
    pub fn beside(&self) -> String {
        self.unknown().map_or_else(String::new, |unknown| format!(", and {unknown} of unknown length"))
    }

    /// The same where there is little room: ` + benchmarks`.
    pub fn beside_short(&self) -> String {
        self.unknown().map_or_else(String::new, |unknown| format!(" + {unknown}"))
    }

    /// What of the queue nothing is known of; `None` where it is whole: only then it has an end.
    fn unknown(&self) -> Option<&'static str> {
        match (self.lacks.contains(&Stage::Pull), self.lacks.iter().any(|stage| stage.arm().is_some())) {
            (true, true) => Some("pulls and benchmarks"),
            (true, false) => Some("pulls"),
            (false, true) => Some("benchmarks"),
            (false, false) => None,
        }
    }

    /// Why it won't be all done by a moment: `will not end by 08:00`, `may not end by 08:00`; `None` where it will, as likely as nine
    /// times of ten.
    pub fn misses(&self, until: Timestamp, zone: &TimeZone) -> Option<String> {
        let by = until.to_zoned(zone.clone()).strftime("%H:%M");
        if self.end(self.p50_ms) > until {
            Some(format!("will not end by {by}"))
        } else if self.end(self.p90_ms) > until {
            Some(format!("may not end by {by}"))
        } else {
            None
        }
    }
}

impl From {
    /// `from 12 items of this run`, `from 3 earlier runs`
    pub fn words(self) -> String {
        match (self.items, self.runs) {
            (items, 0) => format!("from {} of this run", count(items, "item")),
            (0, runs) => format!("from {}", count(runs, "earlier run")),
            (items, runs) => format!("from {} of this run and {}", count(items, "item"), count(runs, "earlier run")),
        }
    }
}

/// The next moment after another at which the local clock shows this time of day: `limits.until` of a runner that began then.
pub fn next_time_of_day(text: &str, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let (hour, minute) = time_of_day(text)?;
    let after = after.to_zoned(zone.clone());
    let today = after.with().hour(hour).minute(minute).second(0).subsec_nanosecond(0).build().ok()?;
    let next = if today > after { today } else { today.tomorrow().ok()? };
    Some(next.timestamp())
}
