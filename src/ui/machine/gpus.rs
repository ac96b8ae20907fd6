//! The GPUs of the machine: what they do now, and their curves on one time axis with the stages.

pub mod bands;
pub mod curves;
pub mod keys;
pub mod readout;
pub mod rows;
mod visit;

use jiff::Timestamp;

use super::Seen;
use crate::domain::Driver;
use crate::telemetry::{Bucket, Chart, GpuBucket, GpuFacts, GpuKey, Latest, Span, Window};
use crate::ui::words::between;

/// What is known of the GPUs, and what of it is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gpus {
    /// Who samples; `None` before the first look.
    pub source: Option<Source>,
    /// The newest sample.
    pub latest: Option<Latest>,
    /// The curves of the window that was asked for last and came.
    pub chart: Option<Seen<Chart>>,
    /// The part of the machine's screen that is shown; `None`: nobody chose one.
    pub page: Option<Page>,
    /// Whose curves are shown; `None`: those of the first GPU, of the machine where there is none.
    pub selected: Option<Subject>,
    /// Which curves are shown.
    pub curves: Curves,
    /// The time of a column: an index of [`Window::STEPS`].
    pub zoom: usize,
    /// The end of the window in ms of Unix time, where it does not follow the time.
    pub held: Option<i64>,
    /// The moment under the cursor in ms of Unix time; `None`: there is no cursor.
    pub cursor: Option<i64>,
    /// Columns that the chart has on the screen.
    pub columns: u16,
}

/// Who samples the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The runner's sampler.
    Runner,
    /// Our own, because no runner lives.
    Own,
    /// Nobody: why, in a sentence.
    Nobody(String),
}

/// A part of the machine's screen, where not all have room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// GPUs and their curves.
    Curves,
    /// What runs on them, and what containers and stages use.
    Processes,
    /// Disks, images, pulls, prunes.
    Docker,
}

/// What has curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A GPU, or a MIG instance.
    Gpu(GpuKey),
    /// The machine itself.
    Host,
}

/// Which curves are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Curves {
    /// All of what is selected.
    #[default]
    One,
    /// One of each GPU.
    Each(Series),
}

/// A reading of a GPU that has a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// Utilisation in percent.
    Util,
    /// Memory in bytes.
    Memory,
    /// Power in W.
    Power,
    /// Temperature in °C.
    Temp,
    /// Clock of the multiprocessors in MHz.
    Clock,
}

impl Gpus {
    /// Columns come on the screen together, as many as take this long, in ms: a picture that moves costs a line as much as
    /// a new one, and a slow line should see that seldom.
    const TOGETHER_MS: i64 = 10_000;

    /// Samples older than this, in intervals, are no longer told as what is.
    const STALE: u64 = 3;

    /// The window that is to be drawn now.
    pub fn window(&self, now_ms: i64) -> Option<Window> {
        self.window_of(self.columns, now_ms)
    }

    /// The same where there are so many columns.
    pub fn window_of(&self, columns: u16, now_ms: i64) -> Option<Window> {
        let step_ms = *Window::STEPS.get(self.zoom)?;
        // whole columns, and several of the short ones at once: what was drawn stays where it is meanwhile
        let unit = step_ms.saturating_mul((Self::TOGETHER_MS / step_ms).max(1));
        let to_ms = self.held.unwrap_or(now_ms).div_euclid(unit).saturating_add(1).saturating_mul(unit);
        (columns > 0).then_some(Window { to_ms, step_ms, columns })
    }

    /// The part of the screen that is shown: by itself that of the GPUs, as soon as anybody samples.
    pub fn page(&self) -> Page {
        let by_itself = if self.source.is_none() && self.latest.is_none() { Page::Docker } else { Page::Curves };
        self.page.unwrap_or(by_itself)
    }

    /// The GPUs and MIG instances that are known, in order.
    pub fn keys(&self) -> Vec<GpuKey> {
        let Some(latest) = &self.latest else { return self.chart.iter().flat_map(|chart| chart.what.gpus()).collect() };
        let mut keys: Vec<GpuKey> = latest.header.gpus.keys().chain(latest.sample.gpus.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// All that can be selected.
    pub fn subjects(&self) -> Vec<Subject> {
        self.keys().into_iter().map(Subject::Gpu).chain([Subject::Host]).collect()
    }

    /// Whose curves are shown.
    pub fn subject(&self) -> Subject {
        let all = self.subjects();
        self.selected.filter(|wanted| all.contains(wanted)).or_else(|| all.first().copied()).unwrap_or(Subject::Host)
    }

    /// What never changes of a GPU.
    pub fn facts(&self, key: GpuKey) -> Option<&GpuFacts> {
        let now = self.latest.as_ref().and_then(|latest| latest.header.gpus.get(&key));
        now.or_else(|| self.chart.as_ref()?.what.header.as_ref()?.gpus.get(&key))
    }

    /// How the driver answers.
    pub fn driver(&self) -> Option<&Driver> {
        self.latest.as_ref().map(|latest| &latest.sample.driver)
    }

    /// For how long the driver has not answered, in ms.
    pub fn silent_ms(&self, now: Timestamp) -> Option<u64> {
        let since = self.latest.as_ref()?.sample.silent_since?;
        Some(u64::try_from(now.as_millisecond().saturating_sub(since)).unwrap_or_default())
    }

    /// How old the newest sample is, in ms, where that is too old to be told as what is.
    pub fn stale_ms(&self, now: Timestamp) -> Option<u64> {
        let latest = self.latest.as_ref()?;
        let age = between(latest.at, now);
        (age > latest.header.interval_ms.max(1000).saturating_mul(Self::STALE)).then_some(age)
    }

    /// The column of the chart that holds a moment, where anything was sampled in it.
    pub fn bucket(&self, ms: i64) -> Option<&Bucket> {
        let chart = &self.chart.as_ref()?.what;
        chart.columns.get(chart.window.column(ms)?)?.as_ref()
    }

    /// The column under the cursor.
    pub fn under_cursor(&self) -> Option<&Bucket> {
        self.bucket(self.cursor?)
    }
}

impl Page {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Curves => Self::Processes,
            Self::Processes => Self::Docker,
            Self::Docker => Self::Curves,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curves => "curves",
            Self::Processes => "processes",
            Self::Docker => "docker",
        }
    }
}

impl Curves {
    /// The next choice.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::One => Self::Each(Series::Util),
            Self::Each(Series::Util) => Self::Each(Series::Memory),
            Self::Each(Series::Memory) => Self::Each(Series::Power),
            Self::Each(Series::Power) => Self::Each(Series::Temp),
            Self::Each(Series::Temp) => Self::Each(Series::Clock),
            Self::Each(Series::Clock) => Self::One,
        }
    }
}

impl Series {
    /// Every one, the most telling first.
    pub const ALL: [Self; 5] = [Self::Util, Self::Memory, Self::Power, Self::Temp, Self::Clock];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Util => "util",
            Self::Memory => "memory",
            Self::Power => "power",
            Self::Temp => "temp",
            Self::Clock => "clock",
        }
    }

    /// The field of a sample behind it, by which a GPU says that it has no such reading.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Util => "util",
            Self::Memory => "memory",
            Self::Power => "power_mw",
            Self::Temp => "temp",
            Self::Clock => "sm_mhz",
        }
    }

    /// Its values in a column.
    pub const fn of(self, gpu: &GpuBucket) -> Option<Span> {
        match self {
            Self::Util => gpu.util,
            Self::Memory => gpu.memory,
            Self::Power => gpu.power,
            Self::Temp => gpu.temp,
            Self::Clock => gpu.sm_mhz,
        }
    }
}
