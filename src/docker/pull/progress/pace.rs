//! How fast a pull is, and how long it will still take.

use std::collections::VecDeque;

use super::layer::Row;

/// The rate is that of the last so many ms.
const WINDOW_MS: u64 = 5_000;

/// Looks that are kept at most.
const LOOKS: usize = 64;

/// A disk's rate is known once it was busy for so many ms.
const KNOWN_MS: u64 = 500;

/// What was longer ago counts half, each so many busy ms: the first writes only fill the memory.
const FADES_MS: u64 = 30_000;

/// Rates of network and disk.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Compressed bytes that came, in all tries.
    pub(super) fetched: u64,
    /// When, and how many had come by then.
    looks: VecDeque<(u64, u64)>,
    last: Option<Look>,
    busy_ms: u64,
    busy_bytes: u64,
    /// What the disk wrote a second when other images came: taken as long as this one told nothing.
    before: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at_ms: u64,
    written: u64,
    was_writing: bool,
}

impl Pace {
    /// A try begins.
    pub(super) fn begin(&mut self) {
        self.looks.clear();
        self.last = None;
    }

    /// What the disk writes a second while layers are extracted; `None` before it was seen for a while.
    pub(super) fn disk(&self) -> Option<u64> {
        if self.busy_ms < KNOWN_MS { self.before } else { per_second(self.busy_bytes, self.busy_ms) }
    }

    /// What it wrote when other images came.
    pub(super) fn expect(&mut self, disk: Option<u64>) {
        self.before = disk;
    }

    /// A look at what came and was written by now.
    pub(super) fn sampled(&mut self, at_ms: u64, written: u64, is_writing: bool) {
        self.looks.push_back((at_ms, self.fetched));
        let is_old = |look: &(u64, u64)| at_ms.saturating_sub(look.0) > WINDOW_MS;
        while self.looks.len() > LOOKS || (self.looks.len() > 2 && self.looks.front().is_some_and(is_old)) {
            self.looks.pop_front();
        }
        if let Some(last) = self.last
            && (last.was_writing || is_writing)
        {
            self.busy_ms = self.busy_ms.saturating_add(at_ms.saturating_sub(last.at_ms));
            self.busy_bytes = self.busy_bytes.saturating_add(written.saturating_sub(last.written));
            if self.busy_ms > 2 * FADES_MS {
                self.busy_ms /= 2;
                self.busy_bytes /= 2;
            }
        }
        self.last = Some(Look { at_ms, written, was_writing: is_writing });
    }

    /// Compressed bytes a second.
    pub(super) fn rate(&self) -> Option<u64> {
        let (from, to) = (self.looks.front()?, self.looks.back()?);
        per_second(to.1.saturating_sub(from.1), to.0.saturating_sub(from.0))
    }

    /// How long it will still take, in ms: layers come in their order, each is written once it and those below it are
    /// there. `None` as long as a rate that is needed is not known.
    pub(super) fn eta_ms(&self, rows: &[Row]) -> Option<u64> {
        let disk = self.disk();
        let mut comes = 0_u64;
        let mut at = 0_u64;
        for row in rows {
            comes = comes.saturating_add(row.left_to_come());
            let there = if comes == 0 { 0 } else { takes(comes, self.rate()?)? };
            let writes = match row.left_to_write() {
                0 => 0,
                // a disk that was never seen at work is not what it waits for
                _ if disk.is_none() && rows.iter().any(Row::is_extracted) => 0,
                left => takes(left, disk?)?,
            };
            at = at.max(there).saturating_add(writes);
        }
        Some(at)
    }
}

/// ms for so many bytes; `None` where nothing moves.
const fn takes(bytes: u64, a_second: u64) -> Option<u64> {
    bytes.saturating_mul(1000).checked_div(a_second)
}

fn per_second(bytes: u64, ms: u64) -> Option<u64> {
    u64::try_from(u128::from(bytes).checked_mul(1000)?.checked_div(u128::from(ms))?).ok()
}
