//! The GPUs of the machine: what they do now, and their curves on one time axis with the stages.

use super::Seen;
use crate::telemetry::{Chart, GpuKey, Latest, Window};

/// What is known of the GPUs, and what of it is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gpus {
    /// Who samples; `None` before the first look.
    pub source: Option<Source>,
    /// The newest sample.
    pub latest: Option<Latest>,
    /// The curves of the window that was asked for last and came.
    pub chart: Option<Seen<Chart>>,
    /// The GPU whose curves are shown; `None`: the first one.
    pub selected: Option<GpuKey>,
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

impl Gpus {
    /// The window that is to be drawn now.
    pub fn window(&self, now_ms: i64) -> Option<Window> {
        let step_ms = *Window::STEPS.get(self.zoom)?;
        // whole columns: what was drawn stays where it is until a column is over
        let end = |ms: i64| ms.div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
        (self.columns > 0).then(|| Window { to_ms: end(self.held.unwrap_or(now_ms)), step_ms, columns: self.columns })
    }
}
