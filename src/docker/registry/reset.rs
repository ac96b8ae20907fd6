//! When a registry that has had enough of us will answer again, by what its headers say.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

/// Headers that say it, in seconds: from now, or since 1970.
const SECONDS: [&str; 3] = ["retry-after", "x-ratelimit-reset", "ratelimit-reset"];

/// A larger number of seconds counts from 1970.
const FROM_NOW: i64 = 1_000_000_000;

/// When a rate limit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// At this moment.
    At(Timestamp),
    /// Some time within so many seconds: the registry counts over such a window.
    Within(u64),
    /// It does not say.
    Unknown,
}

/// By the headers of a refusal.
pub(super) fn reset(headers: &HeaderMap, now: Timestamp) -> Reset {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let moment = |value: &str| {
        if let Ok(seconds) = value.trim().parse::<i64>() {
            if seconds > FROM_NOW {
                return Timestamp::from_second(seconds).ok();
            }
            return now.checked_add(SignedDuration::from_secs(seconds.max(0))).ok();
        }
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()
    };
    if let Some(at) = SECONDS.iter().filter_map(|name| moment(text(name)?)).max() {
        return Reset::At(at);
    }
    // `0;w=21600`: so many left of those within a window
    let window = ["ratelimit-remaining", "ratelimit-limit"].iter().find_map(|name| text(name)?.split_once(";w=")?.1.trim().parse().ok());
    window.map_or(Reset::Unknown, Reset::Within)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_it_is_understood() {
        let now: Timestamp = "2026-11-21T20:00:00Z".parse().unwrap();
        let of = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            reset(&headers, now)
        };
        let at = |text: &str| Reset::At(text.parse().unwrap());
        assert_eq!(of("retry-after", "90"), at("2026-11-21T20:01:30Z"));
        assert_eq!(of("retry-after", "Sat, 21 Nov 2026 21:00:00 GMT"), at("2026-11-21T21:00:00Z"));
        assert_eq!(of("x-ratelimit-reset", "1795294800"), at("2026-11-21T21:00:00Z"));
        assert_eq!(of("ratelimit-remaining", "0;w=21600"), Reset::Within(21_600));
        assert_eq!(of("retry-after", "soon"), Reset::Unknown);
        assert_eq!(reset(&HeaderMap::new(), now), Reset::Unknown);
    }
}
