//! When a frame may be drawn: at most thirty in any second, those of a key at once, those of data further apart and
//! within a budget of bytes. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that may follow each other at once. Together with those of [`SECOND`] that are 30 in any second.
const BURST: f64 = 6.0;

/// Frames that a second brings.
const SECOND: f64 = 24.0;

/// Frames that data must leave to keys.
const RESERVE: f64 = 2.0;

/// The shortest time from a frame to one of data.
const DISTANCE: Duration = Duration::from_millis(66);

/// What follows a key within this time is its echo: a file that it asked for, say. It costs no bytes of the budget.
const ECHO: Duration = Duration::from_millis(300);

/// Bytes that frames of data may cost in a second.
const BYTES: f64 = 12_000.0;

/// Bytes that they may cost at once after a silence.
const BYTES_BURST: f64 = 24_000.0;

/// The most that one large frame may borrow of what comes: the next one waits no longer than a second.
const BYTES_DEBT: f64 = -12_000.0;

/// Why a frame is to be drawn. The greater one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Something was read, or a second went by.
    Data,
    /// Somebody pressed a key, or the terminal has another size.
    Input,
}

/// The frames and bytes that may be spent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    frames: f64,
    bytes: f64,
    at: Instant,
    last: Option<Instant>,
    input: Option<Instant>,
}

impl Pace {
    /// Everything may be spent.
    pub const fn new(now: Instant) -> Self {
        Self { frames: BURST, bytes: BYTES_BURST, at: now, last: None, input: None }
    }

    /// Somebody pressed a key.
    pub const fn heard(&mut self, now: Instant) {
        self.input = Some(now);
    }

    /// The earliest moment for a frame.
    pub fn next(&self, now: Instant, cause: Cause) -> Instant {
        let (frames, bytes) = self.budget(now);
        let needed = if cause == Cause::Input { 1.0 } else { 1.0 + RESERVE };
        let mut wait = (needed - frames) / SECOND;
        if cause == Cause::Data && !self.is_echo(now) {
            wait = wait.max(-bytes / BYTES);
        }
        let by_budget = now + Duration::from_secs_f64(wait.max(0.0));
        match self.last {
            Some(last) if cause == Cause::Data => by_budget.max(last + DISTANCE),
            _ => by_budget,
        }
    }

    /// A frame was drawn and cost so many bytes. One that changed nothing costs nothing.
    pub fn drawn(&mut self, now: Instant, cause: Cause, bytes: usize) {
        (self.frames, self.bytes) = self.budget(now);
        self.at = now;
        if bytes == 0 {
            return;
        }
        self.frames -= 1.0;
        self.last = Some(now);
        if cause == Cause::Data && !self.is_echo(now) {
            #[expect(clippy::cast_precision_loss, reason = "bytes of a frame")]
            let cost = bytes as f64;
            self.bytes = (self.bytes - cost).max(BYTES_DEBT);
        }
    }

    fn is_echo(&self, now: Instant) -> bool {
        self.input.is_some_and(|input| now.saturating_duration_since(input) < ECHO)
    }

    /// What may be spent at a moment: frames and bytes.
    fn budget(&self, now: Instant) -> (f64, f64) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        ((self.frames + seconds * SECOND).min(BURST), (self.bytes + seconds * BYTES).min(BYTES_BURST))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Draws a frame as soon as it may be, from a moment on.
    fn draw(pace: &mut Pace, from: Instant, cause: Cause, bytes: usize) -> Instant {
        let at = pace.next(from, cause);
        pace.drawn(at, cause, bytes);
        at
    }

    #[test]
    fn a_key_is_shown_at_once_though_data_streams() {
        let begin = Instant::now();
        let (mut pace, mut data_at, mut waits) = (Pace::new(begin), begin, Vec::new());
        for press in (0..40).map(|n| begin + ms(n * 150)) {
            while pace.next(data_at, Cause::Data) < press {
                data_at = draw(&mut pace, data_at, Cause::Data, 5000);
            }
            pace.heard(press);
            waits.push(pace.next(press, Cause::Input).duration_since(press));
            data_at = draw(&mut pace, press, Cause::Input, 500);
        }
        assert!(waits.iter().all(Duration::is_zero), "{waits:?}");
    }

    #[test]
    fn data_without_end_stays_within_its_bytes() {
        let begin = Instant::now();
        let (mut pace, mut at, mut bytes) = (Pace::new(begin), begin, 0);
        while at < begin + Duration::from_mins(1) {
            at = draw(&mut pace, at, Cause::Data, 5000);
            bytes += 5000;
        }
        assert!((12_000 * 60..12_600 * 60).contains(&bytes), "{bytes}");
    }

    #[test]
    fn small_frames_of_data_keep_their_distance() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        let times: Vec<_> = (0..100)
            .scan(begin, |at, _| {
                *at = draw(&mut pace, *at, Cause::Data, 40);
                Some(*at)
            })
            .collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= DISTANCE), "{times:?}");
    }

    #[test]
    fn what_a_key_asked_for_comes_though_the_bytes_are_spent() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        let spent = draw(&mut pace, begin, Cause::Data, 1_000_000);
        assert_eq!(pace.next(spent, Cause::Data), spent + Duration::from_secs(1));
        pace.heard(spent);
        assert_eq!(pace.next(spent, Cause::Data), spent + DISTANCE);
    }

    #[test]
    fn a_frame_that_changed_nothing_costs_nothing() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        (0..100).for_each(|_| pace.drawn(begin, Cause::Data, 0));
        assert_eq!(pace.next(begin, Cause::Data), begin);
    }

    proptest! {
        #[test]
        fn never_more_than_thirty_in_a_second(steps in proptest::collection::vec((0_u64..120, any::<bool>(), 1_usize..40_000), 1..400)) {
            let begin = Instant::now();
            let (mut pace, mut at, mut times) = (Pace::new(begin), begin, Vec::new());
            for (wait, is_key, bytes) in steps {
                at += ms(wait);
                let cause = if is_key { Cause::Input } else { Cause::Data };
                if is_key {
                    pace.heard(at);
                }
                at = draw(&mut pace, at, cause, bytes);
                times.push(at);
            }
            for (n, first) in times.iter().enumerate() {
                let in_second = times[n..].iter().take_while(|time| time.duration_since(*first) < Duration::from_secs(1)).count();
                prop_assert!(in_second <= 30, "{in_second}");
            }
        }
    }
}
