//! A part of a run's telemetry in columns of equal time, ready to be drawn.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::rollup::{Bucket, Span};
use super::sample::{GpuKey, Header, Sample, Xid};

/// Which part is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The end of the last column, exclusive: a multiple of `step_ms` since 1970, so that columns stay what they are as time goes on.
    pub to_ms: i64,
    /// The time of a column in ms: one of [`Window::STEPS`].
    pub step_ms: i64,
    /// Columns.
    pub columns: u16,
}

impl Window {
    /// The times of a column that a person may choose, in ms: from one second to half an hour.
    pub const STEPS: [i64; 11] = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_200_000, 1_800_000];

    /// The beginning of its first column in ms of Unix time.
    pub const fn from_ms(&self) -> i64 {
        self.to_ms - self.step_ms * self.columns as i64
    }

    /// The column that holds a moment, in ms of Unix time.
    pub fn column(&self, ms: i64) -> Option<usize> {
        usize::try_from(ms.checked_sub(self.from_ms())?.div_euclid(self.step_ms.max(1))).ok().filter(|at| *at < usize::from(self.columns))
    }
}

/// The machine over a window. A column without a bucket is a time without samples: a break in every curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The window.
    pub window: Window,
    /// One a column; its `n` says of how many samples.
    pub columns: Vec<Option<Bucket>>,
    /// What the driver reported in it, with its moment in ms of Unix time.
    pub xids: Vec<(i64, Xid)>,
    /// The GPUs by the newest header in or before it.
    pub header: Option<Header>,
    /// The moments of the run's first and last samples in ms of Unix time, for the zoom to the whole run.
    pub reaches: Option<(i64, i64)>,
    /// The time in ms of the roll-ups that stand in columns shorter than they are, where there are such: one-second lines are
    /// kept for two hours and around arms. Such a column's `t` is the beginning of the roll-up.
    pub rolled_ms: Option<i64>,
}

/// The newest sample with its moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// When it was taken.
    pub at: Timestamp,
    /// What was seen.
    pub sample: Sample,
    /// The header of its stretch.
    pub header: Header,
}

impl Latest {
    /// How long ago it was taken, in ms.
    pub fn age_ms(&self, now: Timestamp) -> u64 {
        u64::try_from(now.as_millisecond().saturating_sub(self.at.as_millisecond())).unwrap_or(0)
    }

    /// Whether it is older than three intervals: nobody samples any more, or the sampler lags behind.
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.age_ms(now) > 3 * self.header.interval_ms.max(1_000)
    }
}

impl Chart {
    /// A reading of a GPU over the columns.
    pub fn track(&self, gpu: GpuKey, of: impl Fn(&super::rollup::GpuBucket) -> Option<Span>) -> Vec<Option<Span>> {
        self.columns.iter().map(|bucket| bucket.as_ref().and_then(|bucket| bucket.gpus.get(&gpu)).and_then(&of)).collect()
    }

    /// The GPUs that it knows.
    pub fn gpus(&self) -> impl Iterator<Item = GpuKey> + '_ {
        let seen: BTreeSet<GpuKey> = self.columns.iter().flatten().flat_map(|bucket| bucket.gpus.keys().copied()).collect();
        seen.into_iter()
    }
}
