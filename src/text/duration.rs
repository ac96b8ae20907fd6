//! Durations for people.

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

/// A running clock: `0:41`, `6:51`, `1:07:09`.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    if s < 3600 { format!("{}:{:02}", s / 60, s % 60) } else { format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) }
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
    fn a_clock_has_hours_only_when_needed() {
        let seen: Vec<_> = [0, 41_000, 411_000, 4_029_000].map(clock).into();
        assert_eq!(seen, ["0:00", "0:41", "6:51", "1:07:09"]);
    }
}
