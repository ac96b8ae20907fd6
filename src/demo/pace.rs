//! How fast the demo plays.

use std::thread;
use std::time::{Duration, Instant};

/// Spreads a number of ticks evenly over a length of time, whatever the work between them takes.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    tick: Duration,
    gone: u32,
}

impl Pace {
    /// `seconds` at speed 1, in `ticks` parts.
    pub(super) fn new(seconds: f64, ticks: u32, speed: f64) -> Self {
        Self { start: Instant::now(), tick: scaled(seconds, speed) / ticks.max(1), gone: 0 }
    }

    /// Waits until `ticks` more ticks are over.
    pub(super) fn wait(&mut self, ticks: u32) {
        self.gone = self.gone.saturating_add(ticks);
        thread::sleep((self.tick * self.gone).saturating_sub(self.start.elapsed()));
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Seconds at speed 1 → real time; a speed that makes no sense counts as 1.
pub(super) fn scaled(seconds: f64, speed: f64) -> Duration {
    let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
    Duration::try_from_secs_f64(seconds / speed).unwrap_or_default()
}
