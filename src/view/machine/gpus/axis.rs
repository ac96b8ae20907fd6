//! Below the curves: which stage ran, what happened, what time it was.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::domain::{Stage, Throttle};
use crate::telemetry::Window;
use crate::text::width;
use crate::theme::{Glyphs, Role};
use crate::ui::State;
use crate::ui::machine::gpus::bands::{self, Band};
use crate::view::canvas::{Canvas, Words, row_of};

/// What may lie between two labels, in ms.
const BETWEEN: [i64; 17] = [
    5_000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
];

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Draws two rows, or three where marks have one of their own; their names stand in so many columns left of them.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, side: u16, state: &State, window: Window, now: Timestamp) {
    let name = |row: Rect| Rect { x: row.x.saturating_sub(side), width: side, ..row };
    let stages = row_of(area, 0);
    canvas.line(name(stages), &Words::of(Role::Muted, "stages"));
    bands_row(canvas, stages, state, window, now);
    let last = row_of(area, usize::from(area.height.saturating_sub(1)));
    let glyphs = canvas.glyphs();
    let marks: Vec<Option<(&str, Role)>> = (0..area.width).map(|column| mark(&glyphs, state, window, column)).collect();
    if area.height > 1 {
        // where marks stand on the axis, a time with a mark in its digits would be another time
        let is_free = |from: usize, cols: usize| area.height > 2 || marks.iter().skip(from).take(cols).all(Option::is_none);
        labels(canvas, last, window, &state.zone, &is_free);
    }
    if area.height > 2 {
        canvas.line(name(row_of(area, 1)), &Words::of(Role::Muted, "marks"));
    }
    let row = row_of(area, usize::from(area.height > 1));
    for (column, mark) in (0..row.width).zip(marks) {
        if let Some((glyph, role)) = mark {
            canvas.fill(Rect { x: row.x.saturating_add(column), width: 1, height: 1, ..row }, glyph, role);
        }
    }
}

fn begin(window: Window, column: u16) -> i64 {
    window.from_ms().saturating_add(i64::from(column).saturating_mul(window.step_ms))
}

/// `│agent vllm_core-0007─────│check│human 0007──`.
fn bands_row(canvas: &mut Canvas<'_>, row: Rect, state: &State, window: Window, now: Timestamp) {
    let all: Vec<Band> =
        bands::all(&state.run, now).into_iter().filter(|band| band.to >= window.from_ms() && band.from < window.to_ms).collect();
    let until = now.as_millisecond();
    let of = |column: u16| {
        let from = begin(window, column);
        let to = from.saturating_add(window.step_ms).min(until.max(from));
        all.iter().position(|band| bands::between(&all, from, to) == Some(band))
    };
    let glyphs = canvas.glyphs();
    let mut column = 0;
    while column < row.width {
        let Some(at) = of(column) else {
            column += 1;
            continue;
        };
        let first = column;
        while column < row.width && of(column) == Some(at) {
            column += 1;
        }
        let Some(band) = all.get(at) else { continue };
        let place = Rect { x: row.x.saturating_add(first), width: column - first, ..row };
        let role = match band.stage {
            Stage::Agent => Role::Accent,
            Stage::Human | Stage::Baseline | Stage::Candidate => Role::Live,
            _ => Role::Muted,
        };
        canvas.fill(place, glyphs.rule, Role::Faint);
        canvas.fill(Rect { width: 1, ..place }, glyphs.wall, role);
        let inside = Rect { x: place.x.saturating_add(1), width: place.width.saturating_sub(1), ..place };
        canvas.line(inside, &Words::of(role, label(band, usize::from(inside.width))));
    }
}

/// As much of stage and item as has room.
fn label(band: &Band, cols: usize) -> String {
    let (stage, item) = (band.stage.name(), &band.attempt.item);
    let all = [format!("{stage} {item}"), format!("{stage} {}", bands::short(item)), stage.to_owned()];
    let fits = all.into_iter().find(|label| width::width(label) <= cols);
    fits.or_else(|| stage.get(..1).filter(|_| cols > 0).map(str::to_owned)).unwrap_or_default()
}

/// What happened in a column, the worst of it.
fn mark(glyphs: &Glyphs, state: &State, window: Window, column: u16) -> Option<(&'static str, Role)> {
    let [_, warn, _] = glyphs.levels;
    let gpus = &state.machine.gpus;
    let bucket =
        gpus.chart.as_ref().filter(|chart| chart.what.window.step_ms == window.step_ms).and_then(|_| gpus.bucket(begin(window, column)))?;
    if !bucket.xid.is_empty() {
        Some((glyphs.alarm, Role::Bad))
    } else if bucket.gpus.values().any(|gpu| gpu.lost) {
        Some((glyphs.no, Role::Bad))
    } else if bucket.silent_ms > 0 {
        Some(("?", Role::Warn))
    } else if bucket.gpus.values().any(|gpu| gpu.throttle().has(Throttle::SPOILS)) {
        Some((warn, Role::Warn))
    } else {
        None
    }
}

/// `│09:41       │09:42`: each stands at the column that begins then.
fn labels(canvas: &mut Canvas<'_>, row: Rect, window: Window, zone: &TimeZone, is_free: &dyn Fn(usize, usize) -> bool) {
    let glyphs = canvas.glyphs();
    let has_seconds = window.step_ms < 20_000;
    let wide = if has_seconds { 11 } else { 8 };
    let apart = BETWEEN.into_iter().find(|apart| apart / window.step_ms.max(1) >= wide && apart % window.step_ms.max(1) == 0);
    let Some(apart) = apart.or_else(|| BETWEEN.last().copied()) else { return };
    for column in 0..row.width {
        let ms = begin(window, column);
        let Ok(at) = Timestamp::from_millisecond(ms) else { continue };
        let at = at.to_zoned(zone.clone());
        let local = ms.saturating_add(i64::from(at.offset().seconds()).saturating_mul(1000));
        // of long columns the first one that begins after it
        if local.rem_euclid(apart) >= window.step_ms {
            continue;
        }
        let says = if local.rem_euclid(DAY) < window.step_ms {
            at.strftime("%b %d").to_string()
        } else if has_seconds {
            format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
        } else {
            format!("{:02}:{:02}", at.hour(), at.minute())
        };
        let place = Rect { x: row.x.saturating_add(column), width: row.width - column, ..row };
        if usize::from(place.width) > says.len() && is_free(usize::from(column), says.len() + 1) {
            canvas.fill(Rect { width: 1, ..place }, glyphs.wall, Role::Faint);
            canvas.line(Rect { x: place.x.saturating_add(1), width: place.width - 1, ..place }, &Words::of(Role::Muted, says));
        }
    }
}
