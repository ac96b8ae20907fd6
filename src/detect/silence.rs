//! D17: silence, by what is usual for this run.
//!
//! This is no rule over steps: a finished trajectory does not say for how long nothing came, only when its steps were
//! recorded, and a pause that has ended is no longer silence. So the suite never speaks of it. Whoever follows an agent live
//! tells [`Usual`] of every pause that ended, and asks it about the one that goes on. All times are given by the caller and
//! are of unfrozen time only: an agent that we stopped ourselves is not silent.

use std::collections::BTreeMap;

use crate::domain::{Detector, Finding, Level};
use crate::text::duration::clock;

/// What a run begins with: a hundred pauses between steps of TRAE, in ms, and how many of them there were (median 7.5 s,
/// 99 in 100 under 179 s, the longest 351 s: `agent-watching.md` §4). They weigh less with every pause that is heard.
const REFERENCE: [(u64, u32); 6] = [(7_500, 50), (20_000, 25), (45_000, 15), (90_000, 7), (179_000, 2), (351_000, 1)];
/// Pauses of the reference.
const REFERENCES: u32 = 100;
/// A shorter pause is never worth a note: a model that thinks takes that long.
const NOTE_FLOOR_MS: u64 = 60_000;
/// A shorter pause is never worth a warning: a shell's time limit of 120 s and an answer after it.
const WARN_FLOOR_MS: u64 = 180_000;
/// Pauses from which on one in a thousand can be told; before, it is taken as twice the 99 in 100, as in the reference.
const ENOUGH_FOR_1000: u32 = 1000;

/// What is usual for a run: the pauses between the events of its agents. A pause is kept to 3 %, in at most 1,100 counters.
#[derive(Debug, Clone)]
pub struct Usual {
    /// How many pauses by their [`cell`].
    cells: BTreeMap<u16, u32>,
    /// Pauses in all, with those of the reference.
    total: u32,
}

impl Default for Usual {
    fn default() -> Self {
        let mut cells = BTreeMap::new();
        for (ms, times) in REFERENCE {
            cells.insert(cell(ms), times);
        }
        Self { cells, total: REFERENCES }
    }
}

impl Usual {
    /// A pause ended: an event came `gap_ms` after the one before it.
    pub fn heard(&mut self, gap_ms: u64) {
        // counters that are full are halved, so that the newest pauses always count
        if self.total == u32::MAX {
            self.cells.values_mut().for_each(|times| *times /= 2);
            self.total = self.cells.values().sum();
        }
        *self.cells.entry(cell(gap_ms)).or_default() += 1;
        self.total += 1;
    }

    /// How many pauses of this run itself are known.
    pub const fn known(&self) -> u32 {
        self.total.saturating_sub(REFERENCES)
    }

    /// The pause, in ms, that 99 in 100 stay under; at least a minute.
    pub fn p99(&self) -> u64 {
        self.under(990).max(NOTE_FLOOR_MS)
    }

    /// The pause, in ms, that 999 in 1000 stay under; at least three minutes.
    pub fn p999(&self) -> u64 {
        let p99 = self.p99();
        let rare = if self.total < ENOUGH_FOR_1000 { p99.saturating_mul(2) } else { self.under(999).max(p99) };
        rare.max(WARN_FLOOR_MS)
    }

    /// How bad it is that nothing came for `idle_ms`.
    pub fn level(&self, idle_ms: u64) -> Level {
        let rare = self.p999();
        match idle_ms {
            _ if idle_ms >= rare.saturating_mul(2) => Level::Stuck,
            _ if idle_ms >= rare => Level::Warn,
            _ if idle_ms >= self.p99() => Level::Note,
            _ => Level::None,
        }
    }

    /// The silence in one sentence.
    pub fn says(&self, idle_ms: u64) -> String {
        let whose = if self.known() < REFERENCES { "agents at work" } else { "this run" };
        format!("silent for {}; 99 in 100 pauses of {whose} are under {}", clock(idle_ms), clock(self.p99()))
    }

    /// The silence after `step` as a finding; nothing while it is usual.
    pub fn finding(&self, idle_ms: u64, step: u32) -> Option<Finding> {
        let level = self.level(idle_ms);
        (level > Level::None).then(|| Finding {
            detector: Detector::Silence,
            level,
            first_step: step,
            last_step: step,
            says: self.says(idle_ms),
            hint: "See what the agent waits for: a command without an end, or an answer of the model that does not come".to_owned(),
            evidence: Vec::new(),
            cleared: None,
        })
    }

    /// The end of the cell below which `of_1000` in 1000 pauses lie.
    fn under(&self, of_1000: u64) -> u64 {
        let rank = (u64::from(self.total) * of_1000).div_ceil(1000);
        let mut below = 0;
        for (&cell, &times) in &self.cells {
            below += u64::from(times);
            if below >= rank {
                return cell_end(cell);
            }
        }
        0
    }
}

/// Steps of a cell within a doubling, as a power of two.
const FINE: u32 = 5;

/// The counter of a pause: 32 of them for each doubling, so that it is known to 3 %. Longer than 49 days is 49 days.
fn cell(ms: u64) -> u16 {
    let ms = u32::try_from(ms).unwrap_or(u32::MAX);
    let high = ms.checked_ilog2().unwrap_or(0).saturating_sub(FINE);
    u16::try_from((high << FINE) + (ms >> high)).unwrap_or(u16::MAX)
}

/// The longest pause of a counter, in ms.
fn cell_end(cell: u16) -> u64 {
    let high = u32::from(cell >> FINE).saturating_sub(1);
    let low = u64::from(cell) - (u64::from(high) << FINE);
    ((low + 1) << high) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(gaps: impl IntoIterator<Item = u64>) -> Usual {
        let mut usual = Usual::default();
        gaps.into_iter().for_each(|gap| usual.heard(gap));
        usual
    }

    #[test]
    fn a_run_that_begins_is_judged_by_others() {
        let usual = Usual::default();
        let levels = [100, 150, 240, 340, 370, 700, 740].map(|s| usual.level(s * 1000));
        assert_eq!(levels, [Level::None, Level::None, Level::Note, Level::Note, Level::Warn, Level::Warn, Level::Stuck]);
        assert_eq!(usual.says(411_000), "silent for 6:51; 99 in 100 pauses of agents at work are under 3:00");
    }

    #[test]
    fn a_quick_run_never_alarms_at_a_shell_s_time_limit() {
        let usual = run((0..5000).map(|_| 2_000));
        assert_eq!((usual.p99(), usual.p999()), (60_000, 180_000));
        assert_eq!(
            [59, 61, 130, 181, 361].map(|s| usual.level(s * 1000)),
            [Level::None, Level::Note, Level::Note, Level::Warn, Level::Stuck]
        );
        assert_eq!(usual.says(65_000), "silent for 1:05; 99 in 100 pauses of this run are under 1:00");
    }

    #[test]
    fn a_slow_run_is_known_after_a_few_pauses() {
        let usual = run([600_000; 3]);
        assert_eq!([400_000, 700_000].map(|ms| usual.level(ms)), [Level::None, Level::Note]);
    }

    #[test]
    fn one_long_silence_does_not_deafen() {
        let before = run([5_000; 30]).p99();
        let mut usual = run([5_000; 30]);
        usual.heard(3_600_000);
        assert!(usual.p99() <= before.max(360_000), "{}", usual.p99());
    }

    #[test]
    fn one_in_a_thousand_is_told_from_what_was_heard() {
        let usual = run((0..20_000).map(|n| if n % 200 == 0 { 400_000 } else { 10_000 }));
        assert_eq!((usual.p99() / 1000, (400..=413).contains(&(usual.p999() / 1000))), (60, true));
        assert!(usual.finding(300_000, 7).is_some_and(|finding| finding.level == Level::Note && finding.first_step == 7));
        assert_eq!(usual.finding(30_000, 7), None);
    }

    proptest! {
        #[test]
        fn a_cell_holds_its_pause(ms in any::<u64>()) {
            let end = cell_end(cell(ms));
            let ms = ms.min(u64::from(u32::MAX));
            prop_assert!(ms <= end && end <= ms + ms / 32, "{ms} {end}");
            prop_assert_eq!(cell(end), cell(ms));
        }

        #[test]
        fn levels_only_rise(gaps in proptest::collection::vec(any::<u64>(), 0..300), idle in any::<u64>(), more in any::<u64>()) {
            let usual = run(gaps);
            prop_assert!(usual.p99() <= usual.p999());
            prop_assert!(usual.level(idle) <= usual.level(idle.saturating_add(more)));
        }
    }
}
