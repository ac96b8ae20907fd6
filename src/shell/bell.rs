//! The terminal's bell: it rings for what somebody should look at now, and never without end.

use std::time::Duration;

use tokio::time::Instant;

/// Set to `off`, the bell is muted from the start.
pub const VARIABLE: &str = "ISOBENCH_TUI_BELL";

/// What rings a terminal's bell.
pub(super) const RING: &[u8] = b"\x07";

/// Between two rings.
const PAUSE: Duration = Duration::from_secs(1);

/// When it rang last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rang(Option<Instant>);

impl Rang {
    /// Whether it may ring now; if so, it does.
    pub(super) fn may(&mut self, now: Instant) -> bool {
        let may = self.0.is_none_or(|rang| now.saturating_duration_since(rang) >= PAUSE);
        if may {
            self.0 = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_once_a_second_at_most() {
        let (mut rang, begin) = (Rang::default(), Instant::now());
        let may: Vec<bool> = [0, 10, 999, 1000, 1001, 5000].map(|ms| rang.may(begin + Duration::from_millis(ms))).into();
        assert_eq!(may, [true, false, false, true, false, true]);
    }
}
