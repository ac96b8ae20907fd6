//! Curves over the stages, on one time axis.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::axis;
use crate::telemetry::Window;
use crate::text::{duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::gpus::curves::{self, Curve};
use crate::ui::machine::gpus::{Curves, Series, Subject, readout};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words};
use crate::view::parts::column::columns;
use crate::view::parts::heading::heading;

/// Columns at the left for what a curve is, and its scale.
const SIDE: u16 = 20;

/// Rows of one curve at most.
const HIGHEST: usize = 8;

/// Rows of heading, curves, bands and axis that are wanted where there are so many rows in all, and so many rows below them.
pub(super) const fn least(rows: usize, read: usize) -> usize {
    match rows {
        0..14 => 4 + read,
        // what is read at the cursor says what curves without a row would
        14..24 if read > 0 => 6 + read,
        _ => 8 + read,
    }
}

/// Draws them and says how many columns they have.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> u16 {
    let gpus = &state.machine.gpus;
    let cols = area.width.saturating_sub(SIDE);
    if area.height < 3 || cols < 8 {
        return 0;
    }
    let Some(window) = gpus.window_of(cols, now.as_millisecond()) else { return cols };
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        title(canvas, row, state, window, now);
    }
    let found = curves::wanted(state, window);
    // marks have a row of their own where there is one, else they stand on the axis
    let ends = if flow.left() > found.len() + 2 && flow.left() >= 6 { 3 } else { 2 };
    let room = flow.left().saturating_sub(ends);
    let shown = found.len().min(room);
    let top = first(state, &found, shown);
    let at_cursor = gpus.cursor.and_then(|cursor| window.column(cursor));
    let all = Rect { x: area.x.saturating_add(SIDE), width: cols, height: flow.rest().height, y: flow.rest().y };
    for (at, curve) in found.iter().skip(top).take(shown).enumerate() {
        let more = usize::from(at < room % shown.max(1));
        let rows = (room / shown.max(1) + more).clamp(1, HIGHEST);
        let Some(place) = flow.take(rows) else { break };
        side(canvas, Rect { width: SIDE, ..place }, state, (curve, window), now);
        let plot = Rect { x: all.x, width: cols, ..place };
        columns(canvas, plot, curve, at_cursor);
        if let Some(lack) = curve.lack {
            canvas.line(plot, &Words::of(Role::Muted, lack));
        }
    }
    let plots = Rect { height: flow.rest().y.saturating_sub(all.y), ..all };
    if found.iter().all(|curve| curve.points.iter().all(Option::is_none) && curve.lack.is_none()) {
        empty(canvas, plots, state, window, now);
    }
    let foot = Rect { x: all.x, width: cols, height: u16::try_from(ends).unwrap_or(2).min(flow.rest().height), y: flow.rest().y };
    axis::draw(canvas, foot, SIDE, state, window, now);
    let whole = Rect { height: foot.bottom().saturating_sub(all.y), ..all };
    if let Some(column) = at_cursor.and_then(|column| u16::try_from(column).ok()).filter(|column| *column < cols) {
        canvas.tint(Rect { x: whole.x.saturating_add(column), width: 1, ..whole }, Role::Selected);
    }
    canvas.spot(whole, Hit::Curves(0));
    cols
}

/// The first curve shown where not all have room: the one of the selected GPU is among them.
fn first(state: &State, found: &[Curve], shown: usize) -> usize {
    let gpus = &state.machine.gpus;
    let at = match gpus.curves {
        Curves::One => 0,
        Curves::Each(_) => gpus.subjects().iter().position(|subject| *subject == gpus.subject()).unwrap_or_default(),
    };
    (at + 1).saturating_sub(shown).min(found.len().saturating_sub(shown))
}

/// `gpu 0 ──── 10 s a column, 18 min · up to 09:41:20, Esc follows`.
fn title(canvas: &mut Canvas<'_>, row: Rect, state: &State, window: Window, now: Timestamp) {
    let gpus = &state.machine.gpus;
    let word = match (gpus.curves, gpus.subject()) {
        (Curves::Each(series), _) => format!("{} of all GPUs", long(series)),
        (Curves::One, Subject::Gpu(key)) => format!("gpu {key}"),
        (Curves::One, Subject::Host) => "machine".to_owned(),
    };
    let span = |columns: u16| duration::rough(window.step_ms.unsigned_abs().saturating_mul(columns.into()));
    let step = format!("{} a column, {}", span(1), span(window.columns));
    let way = if state.is_over() { "G: now" } else { "Esc follows" };
    let stands = gpus.held.map(|held| format!(" · up to {}, {way}", readout::clock(held, now, &state.zone)));
    heading(canvas, row, &word, &format!("{step}{}", stands.unwrap_or_default()));
}

const fn long(series: Series) -> &'static str {
    match series {
        Series::Util => "utilisation",
        Series::Memory => "memory",
        Series::Power => "power",
        Series::Temp => "temperature",
        Series::Clock => "clock",
    }
}

/// What a curve is, its scale, and its value: at the cursor, or the newest.
fn side(canvas: &mut Canvas<'_>, area: Rect, state: &State, (curve, window): (&Curve, Window), now: Timestamp) {
    let gpus = &state.machine.gpus;
    let at = |ms: i64| window.column(ms).and_then(|column| *curve.points.get(column)?);
    let is_host = gpus.curves == Curves::One && gpus.subject() == Subject::Host;
    let is_old = gpus.stale_ms(now).is_some() || (gpus.silent_ms(now).is_some() && !is_host);
    let point = match gpus.cursor {
        Some(cursor) => at(cursor),
        None if is_old => None,
        None => curve.points.iter().rev().take(12).flatten().next().copied(),
    };
    let value = point.map_or_else(|| "–".to_owned(), |point| curve.unit.says(point.span.mean));
    let most = if curve.lack.is_some() { String::new() } else { curve.unit.says(curve.most) };
    let room = usize::from(area.width).saturating_sub(1);
    let mut flow = Flow::new(Rect { width: area.width.saturating_sub(1), ..area });
    let line = |words: Words, right: (Role, String)| {
        let left = words.width();
        words.add(right.0, format!("{:>room$}", right.1, room = room.saturating_sub(left)))
    };
    let Some(row) = flow.row() else { return };
    if area.height == 1 {
        let name = curve.name.as_str();
        // the unit stands once
        let unit = most.rsplit_once(' ').map_or("", |(_, unit)| unit);
        let number = value.strip_suffix(unit).filter(|_| !unit.is_empty()).map_or(value.as_str(), str::trim_end);
        let scale = if most.is_empty() { most.clone() } else { format!("/{most}") };
        // where the scale has no room, the value alone
        let fits = width::width(name) + width::width(number) + width::width(&scale) < room;
        let (number, scale) = if fits { (number, scale) } else { (value.as_str(), String::new()) };
        let name = width::clip(name, room.saturating_sub(width::width(number) + width::width(&scale) + 1)).into_owned();
        let words = Words::of(Role::Muted, name);
        let pad = room.saturating_sub(words.width() + width::width(number) + width::width(&scale));
        canvas.line(row, &words.add(Role::Strong, format!("{}{number}", " ".repeat(pad))).add(Role::Muted, scale));
        return;
    }
    let name = width::clip(&curve.name, room.saturating_sub(width::width(&most) + 1)).into_owned();
    canvas.line(row, &line(Words::of(Role::Muted, name), (Role::Muted, most)));
    if let Some(row) = flow.row() {
        canvas.line(row, &line(Words::new(), (Role::Strong, value)));
    }
    if flow.left() > 0
        && curve.lack.is_none()
        && let Some(row) = flow.take(flow.left())
    {
        let last = Rect { y: row.bottom().saturating_sub(1), height: 1, ..row };
        canvas.line(last, &line(Words::new(), (Role::Muted, curve.unit.says(curve.least))));
    }
}

/// Why there is nothing to see.
fn empty(canvas: &mut Canvas<'_>, area: Rect, state: &State, window: Window, now: Timestamp) {
    let gpus = &state.machine.gpus;
    let says = match &gpus.chart {
        None => "nothing was read so far".to_owned(),
        Some(chart) if chart.what.window.step_ms != window.step_ms => "reading…".to_owned(),
        Some(chart) => match chart.what.reaches {
            Some((first, last)) => {
                let clock = |ms| readout::clock(ms, now, &state.zone);
                format!("nothing was sampled in this time; there are samples from {} to {}: G shows the newest", clock(first), clock(last))
            }
            None => "nothing was sampled so far".to_owned(),
        },
    };
    let row = Rect { y: area.y.saturating_add(area.height / 2), height: area.height.min(1), ..area };
    canvas.line(row, &Words::of(Role::Muted, says));
}
