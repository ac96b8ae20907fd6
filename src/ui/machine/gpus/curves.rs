//! Curves in the columns of the window, each with its scale.

use super::{Curves, Gpus, Series, Subject};
use crate::domain::Throttle;
use crate::telemetry::{Bucket, GpuKey, Lack, Span, Window};
use crate::text;
use crate::ui::state::State;

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it shows, in a word.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// The value at its foot.
    pub least: f64,
    /// The value at its head; it stays, so that the picture does.
    pub most: f64,
    /// One a column; `None`: nothing was read.
    pub points: Vec<Option<Point>>,
    /// Why there is no curve.
    pub lack: Option<&'static str>,
}

/// A column of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its values.
    pub span: Span,
    /// Whether clocks were held down by what spoils a benchmark.
    pub is_spoiled: bool,
}

/// What numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Percent.
    Percent,
    /// Bytes.
    Bytes,
    /// Watts.
    Watts,
    /// °C.
    Celsius,
    /// MHz.
    Mhz,
}

/// Values of a column that lie within this share of the largest one are alike.
const ALIKE: f64 = 0.02;

impl Unit {
    /// A value in it.
    pub fn says(self, value: f64) -> String {
        match self {
            Self::Percent => format!("{value:.0} %"),
            Self::Bytes => text::bytes(whole(value)),
            Self::Watts => format!("{value:.0} W"),
            Self::Celsius => format!("{value:.0} °C"),
            Self::Mhz => format!("{value:.0} MHz"),
        }
    }

    /// The values of a column: their mean, and between which two they lie where that is another thing.
    pub fn spread(self, span: Span) -> String {
        let (mean, least, most) = (self.says(span.mean), self.says(span.least), self.says(span.most));
        if span.most - span.least <= span.most.abs() * ALIKE {
            return mean;
        }
        // a unit that both have stands once
        let (number, unit) = least.rsplit_once(' ').unwrap_or((&least, ""));
        let from = if most.rsplit_once(' ').is_some_and(|(_, of)| of == unit) { number } else { &least };
        format!("{mean} ({from}–{most})")
    }
}

impl Series {
    /// What its numbers are.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Util => Unit::Percent,
            Self::Memory => Unit::Bytes,
            Self::Power => Unit::Watts,
            Self::Temp => Unit::Celsius,
            Self::Clock => Unit::Mhz,
        }
    }
}

/// The curves that are wanted, in the columns of this window.
pub fn wanted(state: &State, window: Window) -> Vec<Curve> {
    let gpus = &state.machine.gpus;
    match (gpus.curves, gpus.subject()) {
        (Curves::Each(series), _) => gpus.keys().into_iter().map(|key| gpu(gpus, window, key, series, format!("gpu {key}"))).collect(),
        (Curves::One, Subject::Gpu(key)) => {
            Series::ALL.into_iter().map(|series| gpu(gpus, window, key, series, series.name().to_owned())).collect()
        }
        (Curves::One, Subject::Host) => host(gpus, window),
    }
}

fn gpu(gpus: &Gpus, window: Window, key: GpuKey, series: Series, name: String) -> Curve {
    let points: Vec<Option<Point>> = points(gpus, window, |bucket| {
        let gpu = bucket.gpus.get(&key).filter(|gpu| !gpu.lost)?;
        Some(Point { span: series.of(gpu)?, is_spoiled: gpu.throttle().has(Throttle::SPOILS) })
    });
    let facts = gpus.facts(key);
    let seen = || points.iter().flatten().map(|point| point.span.most).fold(0.0, f64::max);
    let reading = gpus.latest.as_ref().and_then(|latest| latest.sample.gpus.get(&key));
    let (least, most) = match series {
        Series::Util => (0.0, Some(100.0)),
        Series::Memory => (0.0, facts.and_then(|facts| facts.memory).map(real)),
        Series::Power => (0.0, reading.and_then(|reading| reading.limit_mw).map(|mw| f64::from(mw) / 1000.0)),
        Series::Temp => (20.0, Some(facts.and_then(|facts| facts.slowdown_c).map_or(100.0, f64::from))),
        Series::Clock => (0.0, facts.and_then(|facts| facts.max_sm_mhz).map(f64::from)),
    };
    let most = most.unwrap_or_else(seen).max(least + 1.0);
    let lack = facts.and_then(|facts| facts.lacks.get(series.field())).map(|lack| match lack {
        Lack::NotSupported => "n/a: the GPU does not tell it",
        Lack::OldDriver => "n/a: the driver is too old to tell it",
        Lack::Forbidden => "n/a: we may not know it",
    });
    let lack = lack.filter(|_| points.iter().all(Option::is_none));
    Curve { name, unit: series.unit(), least, most, points, lack }
}

/// The machine itself: processors, memory, what waits, and its disks.
fn host(gpus: &Gpus, window: Window) -> Vec<Curve> {
    let curve = |name: &str, unit, most: f64, of: &dyn Fn(&Bucket) -> Option<Span>| {
        let points = points(gpus, window, |bucket| Some(Point { span: of(bucket)?, is_spoiled: false }));
        Curve { name: name.to_owned(), unit, least: 0.0, most: most.max(1.0), points, lack: None }
    };
    let header = gpus.latest.as_ref().map(|latest| &latest.header);
    let header = header.or_else(|| gpus.chart.as_ref()?.what.header.as_ref());
    let memory = header.map_or(0.0, |header| real(header.memory));
    let mut curves =
        vec![curve("cpu", Unit::Percent, 100.0, &|bucket| bucket.cpu), curve("memory", Unit::Bytes, memory, &|bucket| bucket.memory)];
    let waits = |at: usize| move |bucket: &Bucket| bucket.pressure.and_then(|all| all.get(at).copied());
    // of what waits for a processor the curve of the processors says most
    curves.push(curve("mem wait", Unit::Percent, 100.0, &waits(1)));
    curves.push(curve("io wait", Unit::Percent, 100.0, &waits(2)));
    let disks = gpus.latest.iter().flat_map(|latest| &latest.sample.disks);
    for (folder, disk) in disks.take(2) {
        let short = folder.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/");
        let used = |bucket: &Bucket| {
            let free = bucket.disks.get(folder)?;
            let total = real(disk.total);
            Some(Span { n: free.n, least: total - free.most, mean: total - free.mean, most: total - free.least })
        };
        curves.push(curve(&format!("disk {short}"), Unit::Bytes, real(disk.total), &used));
    }
    curves
}

fn points(gpus: &Gpus, window: Window, of: impl Fn(&Bucket) -> Option<Point>) -> Vec<Option<Point>> {
    let chart = gpus.chart.as_ref().filter(|chart| chart.what.window.step_ms == window.step_ms);
    let begin = |at: u16| window.from_ms().saturating_add(i64::from(at).saturating_mul(window.step_ms));
    (0..window.columns).map(|at| chart.and_then(|_| gpus.bucket(begin(at))).and_then(&of)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
const fn real(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a machine, never below 0")]
const fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_says_its_mean_and_where_values_lay_only_where_they_differ() {
        let span = |least, mean, most| Span { n: 3, least, mean, most };
        assert_eq!(Unit::Percent.spread(span(97.0, 97.2, 97.4)), "97 %");
        assert_eq!(Unit::Watts.spread(span(120.0, 640.4, 701.0)), "640 W (120–701 W)");
        assert_eq!(Unit::Bytes.says(61_234_000_000.0), "61.2 GB");
    }
}
