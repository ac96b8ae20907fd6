//! What a server said of itself, folded to a bounded number of points however long it ran.

use jiff::Timestamp;

use crate::domain::{FiguresFrom, ServerFigures};

/// Points kept at most: two become one where there are more.
pub const MOST: usize = 256;

/// The time of a point at first, in ms: figures come once a second.
const STEP: u64 = 1000;

/// What has a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Requests that run.
    Running,
    /// Requests that wait.
    Waiting,
    /// KV cache in use, in percent.
    Kv,
    /// Prompt tokens a second.
    Prompt,
    /// Generated tokens a second.
    Generated,
    /// Time to the first token, in ms.
    Ttft,
}

/// The sum of so many numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sum {
    sum: f64,
    n: u32,
}

/// The figures of one time.
type Point = [Sum; Figure::ALL.len()];

/// The figures of a server over its time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// When the first came.
    first: Option<Timestamp>,
    /// The time of a point, in ms.
    step: u64,
    points: Vec<Point>,
    /// All of them.
    all: Point,
    /// The largest ever.
    most: [f64; Figure::ALL.len()],
    /// The newest.
    last: Option<ServerFigures>,
}

impl Figure {
    /// Every one, in the order of the screen.
    pub const ALL: [Self; 6] = [Self::Running, Self::Waiting, Self::Kv, Self::Prompt, Self::Generated, Self::Ttft];

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Kv => "KV cache",
            Self::Prompt => "prompt",
            Self::Generated => "generated",
            Self::Ttft => "TTFT",
        }
    }

    /// Its name in JSON, as in `figures.jsonl`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Kv => "kv_pct",
            Self::Prompt => "prompt_tok_s",
            Self::Generated => "generation_tok_s",
            Self::Ttft => "ttft_ms",
        }
    }

    /// What figures say of it; nonsense says nothing.
    pub fn of(self, figures: &ServerFigures) -> Option<f64> {
        let found = match self {
            Self::Running => figures.running,
            Self::Waiting => figures.waiting,
            Self::Kv => figures.kv_pct,
            Self::Prompt => figures.prompt_tok_s,
            Self::Generated => figures.generation_tok_s,
            Self::Ttft => figures.ttft_ms,
        };
        found.filter(|value| value.is_finite() && *value >= 0.0)
    }

    /// `12`, `63 %`, `4120 tok/s`, `41 ms`, `1.2 s`.
    pub fn says(self, value: f64) -> String {
        match self {
            Self::Running | Self::Waiting if value.fract() == 0.0 || value >= 100.0 => format!("{value:.0}"),
            Self::Running | Self::Waiting => format!("{value:.1}"),
            Self::Kv => format!("{value:.0} %"),
            Self::Prompt | Self::Generated => format!("{value:.0} tok/s"),
            Self::Ttft if value >= 10_000.0 => format!("{:.0} s", value / 1000.0),
            Self::Ttft if value >= 1000.0 => format!("{:.1} s", value / 1000.0),
            Self::Ttft => format!("{value:.0} ms"),
        }
    }
}

impl Curves {
    /// Takes figures; they come in the order of their times.
    pub fn take(&mut self, figures: ServerFigures) {
        let first = *self.first.get_or_insert(figures.at);
        self.step = self.step.max(STEP);
        let after = u64::try_from(figures.at.duration_since(first).as_millis()).unwrap_or_default();
        while after / self.step >= MOST as u64 {
            self.halve();
        }
        let at = usize::try_from(after / self.step).unwrap_or_default();
        if self.points.len() <= at {
            self.points.resize(at + 1, Point::default());
        }
        for (place, figure) in Figure::ALL.into_iter().enumerate() {
            let Some(value) = figure.of(&figures) else { continue };
            let sums = self.points.get_mut(at).into_iter().chain([&mut self.all]);
            sums.filter_map(|point| point.get_mut(place)).for_each(|sum| sum.add(Sum { sum: value, n: 1 }));
            if let Some(most) = self.most.get_mut(place) {
                *most = most.max(value);
            }
        }
        self.last = Some(figures);
    }

    /// Two points become one.
    fn halve(&mut self) {
        self.step = self.step.saturating_mul(2);
        self.points = self.points.chunks(2).map(joined).collect();
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// The newest.
    pub const fn last(&self) -> Option<&ServerFigures> {
        self.last.as_ref()
    }

    /// Whether anything was ever said of it.
    pub fn has(&self, figure: Figure) -> bool {
        self.all.get(figure as usize).is_some_and(|sum| sum.n > 0)
    }

    /// The mean over all the time.
    pub fn mean(&self, figure: Figure) -> Option<f64> {
        self.all.get(figure as usize)?.mean()
    }

    /// The largest value.
    pub fn most(&self, figure: Figure) -> f64 {
        self.most.get(figure as usize).copied().unwrap_or_default()
    }

    /// The curve over all its time in so many columns, each the mean of its time; where nothing was said for a moment, what was
    /// said before. Fewer points than columns stay at the left.
    pub fn columns(&self, figure: Figure, cols: usize) -> Vec<Option<f64>> {
        let each = self.points.len().div_ceil(cols.max(1)).max(1);
        let gap = self.every_ms().saturating_mul(3) / (self.step.max(1) * each as u64);
        let (mut before, mut empty) = (None, 0);
        let value = |points: &[Point]| {
            let found = joined(points).get(figure as usize).and_then(Sum::mean);
            empty = if found.is_some() { 0 } else { empty + 1 };
            before = found.or(before).filter(|_| empty <= gap);
            before
        };
        self.points.chunks(each).map(value).collect()
    }

    /// How often figures come from there, in ms.
    pub fn every_ms(&self) -> u64 {
        match self.last.as_ref().map(|last| last.from) {
            Some(FiguresFrom::Log) => 10_000,
            Some(FiguresFrom::Metrics) | None => STEP,
        }
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.n += other.n;
    }

    fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / f64::from(self.n))
    }
}

/// Points as one.
fn joined(points: &[Point]) -> Point {
    let mut all = Point::default();
    for point in points {
        all.iter_mut().zip(point).for_each(|(all, sum)| all.add(*sum));
    }
    all
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use jiff::SignedDuration;

    use super::*;

    fn figures(second: i64, running: f64, from: FiguresFrom) -> ServerFigures {
        let begin: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
        let text = serde_json::json!({"at": begin + SignedDuration::from_secs(second), "from": from, "running": running});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn however_long_it_is_a_curve_has_so_many_points_and_keeps_its_mean() {
        let mut curves = Curves::default();
        (0..40_000).for_each(|second| curves.take(figures(second, if second < 20_000 { 10.0 } else { 30.0 }, FiguresFrom::Metrics)));
        assert!(curves.points.len() <= MOST);
        assert_eq!(curves.mean(Figure::Running), Some(20.0));
        let columns = curves.columns(Figure::Running, 20);
        assert!(columns.len() <= 20 && columns.first() == Some(&Some(10.0)) && columns.last() == Some(&Some(30.0)));
        assert_eq!(curves.columns(Figure::Waiting, 20).iter().flatten().count(), 0);
    }

    #[test]
    fn a_gap_between_two_lines_of_a_log_is_none_and_a_long_silence_is() {
        let mut curves = Curves::default();
        for second in [0, 10, 20] {
            curves.take(figures(second, 4.0, FiguresFrom::Log));
        }
        assert!(curves.columns(Figure::Running, 40).iter().all(|column| *column == Some(4.0)));
        curves.take(figures(90, 4.0, FiguresFrom::Log));
        assert!(curves.columns(Figure::Running, 200).iter().any(Option::is_none));
    }

    #[test]
    fn a_clock_that_jumps_by_years_costs_nothing() {
        let mut curves = Curves::default();
        for second in [0, 5_000_000_000, -3] {
            curves.take(figures(second, 1.0, FiguresFrom::Metrics));
        }
        assert!(curves.points.len() <= MOST);
        curves.take(ServerFigures { running: Some(f64::NAN), ..figures(1, 0.0, FiguresFrom::Log) });
        assert_eq!(curves.mean(Figure::Running), Some(1.0));
    }
}
