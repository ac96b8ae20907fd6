//! How fast the disk comes back, and how long the rest takes.

use std::collections::VecDeque;

/// The rate is that of so many ms.
const WINDOW: u64 = 15_000;

/// Free bytes over time.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    /// Free when it began; `None` where the disk can't be seen.
    base: Option<u64>,
    /// Of the window: when, in ms, and what was freed by then.
    samples: VecDeque<(u64, u64)>,
}

impl Meter {
    /// From what is free before the first removal.
    pub(super) fn new(free: Option<u64>, now: u64) -> Self {
        Self { base: free, samples: VecDeque::from([(now, 0)]) }
    }

    /// Takes what is free now, or where that can't be seen what is said to be free by now.
    pub(super) fn take(&mut self, free: Option<u64>, promised: u64, now: u64) {
        let freed = self.freed(free).unwrap_or(promised);
        self.samples.push_back((now, freed));
        while self.samples.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// What came back since the beginning. Others may write meanwhile: it never says less than nothing.
    pub(super) fn freed(&self, free: Option<u64>) -> Option<u64> {
        Some(free?.saturating_sub(self.base?))
    }

    /// Bytes a second; `None` before there is anything to tell.
    pub(super) fn rate(&self) -> Option<u64> {
        let ((first, from), (last, to)) = (self.samples.front()?, self.samples.back()?);
        let ms = last.saturating_sub(*first);
        let rate = to.saturating_sub(*from).saturating_mul(1000).checked_div(ms)?;
        (ms >= 500 && rate > 0).then_some(rate)
    }

    /// How long the rest of so many bytes takes, in ms.
    pub(super) fn eta(&self, all: u64) -> Option<u64> {
        let (_, freed) = self.samples.back()?;
        all.saturating_sub(*freed).saturating_mul(1000).checked_div(self.rate()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut meter = Meter::new(Some(1000), 0);
        assert_eq!((meter.rate(), meter.eta(9000)), (None, None));
        for second in 1..=20 {
            meter.take(Some(1000 + second * 100), 0, second * 1000);
        }
        assert_eq!(meter.rate(), Some(100));
        assert_eq!(meter.eta(9000), Some(70_000));
        assert_eq!(meter.freed(Some(500)), Some(0), "somebody else wrote");
        assert_eq!(meter.freed(None), None);
    }

    #[test]
    fn without_a_disk_the_promise_counts() {
        let mut meter = Meter::new(None, 0);
        meter.take(None, 5000, 1000);
        assert_eq!((meter.rate(), meter.eta(15_000)), (Some(5000), Some(2000)));
    }
}
