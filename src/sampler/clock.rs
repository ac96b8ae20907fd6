//! When samples are taken: on every whole second of the wall clock, as long as it can be trusted.

use std::time::Duration;

use crate::host::clock;

/// Time between two samples in ms.
pub(super) const INTERVAL_MS: i64 = 1_000;

/// A sample that comes so much later than it should have come, in ms, follows a gap.
const LATE_MS: i64 = 1_500;

/// A sample that comes so much too early by the wall clock, in ms, follows a jump of it.
const EARLY_MS: i64 = 500;

/// A moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Wall clock in ms of Unix time.
    pub(super) at: i64,
    /// Time since boot in ms, suspended time included.
    pub(super) up: i64,
}

impl Moment {
    /// This one.
    pub(super) fn now() -> Self {
        Self { at: clock::now().as_millisecond(), up: i64::try_from(clock::up_ms()).unwrap_or(i64::MAX) }
    }

    /// Whether it follows the last sample's without a gap and without a jump of the wall clock.
    pub(super) const fn follows(self, last: Self) -> bool {
        let (by_wall, by_boot) = (self.at - last.at, self.up - last.up);
        by_boot <= INTERVAL_MS + LATE_MS && by_wall <= INTERVAL_MS + LATE_MS && by_wall >= by_boot - EARLY_MS
    }

    /// How long it is to a whole second of the wall clock.
    pub(super) fn to_whole(self) -> Duration {
        Duration::from_millis(u64::try_from(INTERVAL_MS - self.at.rem_euclid(INTERVAL_MS)).unwrap_or_default())
    }

    /// How long it is to the next sample: a whole second of the wall clock, and never less than half an interval.
    pub(super) fn to_next(self) -> Duration {
        let left = INTERVAL_MS - self.at.rem_euclid(INTERVAL_MS);
        let left = if left < INTERVAL_MS / 2 { left + INTERVAL_MS } else { left };
        Duration::from_millis(u64::try_from(left).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_machine_and_a_clock_that_jumps_leave_a_gap() {
        let last = Moment { at: 1_000_000, up: 5_000 };
        let later = |wall, boot| Moment { at: last.at + wall, up: last.up + boot };
        assert!(later(1_000, 1_000).follows(last) && later(1_004, 998).follows(last));
        assert!(later(2_000, 2_000).follows(last), "one tick that came late is no gap that a chart could show");
        assert!(!later(60_000, 60_000).follows(last), "suspended");
        assert!(!later(3_600_000, 1_000).follows(last), "put forward");
        assert!(!later(-3_600_000, 1_000).follows(last), "put back");
        assert!(!later(300, 1_000).follows(last), "put back by less than a second");
    }

    #[test]
    fn samples_are_taken_on_whole_seconds() {
        let at = |at| Moment { at, up: 0 }.to_next().as_millis();
        assert_eq!([at(5_000), at(5_001), at(5_300), at(5_499)], [1_000, 999, 700, 501]);
        assert_eq!(at(5_900), 1_100, "a look that took long, or a clock that was woken early, is not followed by another at once");
    }
}
