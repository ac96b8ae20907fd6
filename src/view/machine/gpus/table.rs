//! The GPUs and the machine, one a row; two a row where there are more than rows.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::Throttle;
use crate::text::{count, duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::gpus::rows::Row;
use crate::ui::machine::gpus::{Gpus, Page, Subject, readout};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words, role, row_of};
use crate::view::parts::bar::shares;
use crate::view::parts::heading::heading;

/// Columns of what has always as many.
const LABEL: u16 = 7;
const PERCENT: u16 = 4;
const MEMORY: u16 = 9;
const POWER: u16 = 7;
const TEMP: u16 = 3;
const CLOCK: u16 = 4;
const STATE: u16 = 3;
const HELD: u16 = 11;

/// Between two columns.
const GAP: u16 = 2;

/// Columns of a bar: the fewest, and the most.
const BAR: [u16; 2] = [4, 14];

/// From this width on two stand in a row, where there are too many for one.
const TWO: u16 = 76;

/// °C below those at which a GPU slows down, from which on it is warm.
const WARM: f64 = 5.0;

/// The columns that have room.
#[derive(Debug, Clone, Copy, Default)]
struct Columns {
    name: u16,
    util_bar: u16,
    memory_bar: u16,
    memory: u16,
    temp: u16,
    power: u16,
    clock: u16,
    state: u16,
    held: u16,
    users: u16,
}

/// Draws it into all rows but so many.
pub(super) fn draw(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, (rows, now): (&[Row], Timestamp), others: usize) {
    let gpus = &state.machine.gpus;
    let room = flow.left().saturating_sub(others + 2).max(1);
    let wide = flow.rest().width;
    let sides = if rows.len() > room && wide >= TWO { 2 } else { 1 };
    let lines = rows.len().div_ceil(sides);
    let shown = lines.min(room);
    // the selected one is seen
    let at = rows.iter().position(|row| row.subject == gpus.subject()).unwrap_or_default() % lines.max(1);
    let top = (at + 1).saturating_sub(shown).min(lines.saturating_sub(shown));
    let range = (shown < lines).then(|| format!("{}–{} of {}", top + 1, top + shown, rows.len()));
    let Some(head) = flow.row() else { return };
    title(canvas, head, (gpus, state), rows, range, now);
    let side = if sides == 2 { (wide - 2 * GAP) / 2 } else { wide };
    let columns = Columns::fitting(side, rows);
    // the machine itself is seen without the driver
    let is_stale = gpus.cursor.is_none() && gpus.stale_ms(now).is_some();
    let is_silent = gpus.cursor.is_none() && gpus.silent_ms(now).is_some();
    let Some(labels) = flow.row() else { return };
    let Some(area) = flow.take(shown.min(flow.left().max(1))) else { return };
    for at in 0..sides {
        let x = area.x.saturating_add(u16::try_from(at).unwrap_or_default() * (side + 2 * GAP));
        columns.labels(canvas, Rect { x, width: side, ..labels });
        for (line, row) in rows.iter().skip(at * lines).take(lines).skip(top).take(shown).enumerate() {
            let place = row_of(Rect { x, width: side, ..area }, line);
            columns.draw(canvas, place, row, is_stale || (is_silent && row.subject != Subject::Host));
            if row.subject == gpus.subject() {
                canvas.tint(place, Role::Selected);
            }
            canvas.spot(place, Hit::Subject(row.subject));
        }
    }
}

/// `gpus ──── 8 × H100 80GB HBM3 · driver 550.54.15 · CUDA 12.4`.
fn title(canvas: &mut Canvas<'_>, row: Rect, (gpus, state): (&Gpus, &State), rows: &[Row], range: Option<String>, now: Timestamp) {
    let names: Vec<&Row> = named(rows).collect();
    let word = match (gpus.cursor, rows.len() < 2) {
        (Some(cursor), _) => format!("at {}", readout::clock(cursor, now, &state.zone)),
        (None, true) => "machine".to_owned(),
        (None, false) => "gpus".to_owned(),
    };
    let mut facts = Vec::new();
    let silent = gpus.silent_ms(now).filter(|_| rows.len() > 1);
    let is_old = gpus.stale_ms(now).or(silent).filter(|_| gpus.cursor.is_none());
    facts.extend(is_old.map(|age| format!("as they were {} ago", duration::age(age))));
    facts.extend(range);
    match names.as_slice() {
        [] if rows.len() < 2 => {}
        [first, ..] if names.iter().all(|row| row.name == first.name) => {
            facts.push(if rows.len() == 2 { first.name.clone() } else { format!("{} × {}", rows.len() - 1, first.name) });
        }
        _ => {
            let [whole, parts] = [false, true].map(|is_part| {
                let is_it = |row: &&Row| matches!(row.subject, Subject::Gpu(key) if key.mig.is_some() == is_part);
                rows.iter().filter(is_it).count()
            });
            facts.push(count(whole, "GPU"));
            if parts > 0 {
                facts.push(count(parts, "MIG instance"));
            }
        }
    }
    let header = gpus.latest.as_ref().map(|latest| &latest.header);
    if row.width >= 100 {
        facts.extend(header.and_then(|header| header.driver_version.as_ref()).map(|version| format!("driver {version}")));
        facts.extend(header.and_then(|header| header.cuda.as_ref()).map(|version| format!("CUDA {version}")));
    }
    facts.push(format!("o: {}", Page::Curves.next().name()));
    heading(canvas, row, &word, &facts.join(" · "));
}

/// The GPUs whose names are known.
fn named(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| !row.name.is_empty())
}

impl Columns {
    /// As many as have room, the most telling first; what is left over makes bars longer.
    fn fitting(wide: u16, rows: &[Row]) -> Self {
        let mut left = wide.saturating_sub(LABEL + GAP + PERCENT);
        let mut take = |cols: u16, gap: u16| {
            let has_room = left >= cols + gap;
            if has_room {
                left -= cols + gap;
            }
            if has_room { cols } else { 0 }
        };
        let needs = |of: &dyn Fn(&Row) -> usize| u16::try_from(rows.iter().map(of).max().unwrap_or_default()).unwrap_or(u16::MAX);
        let users = needs(&|row| row.users.iter().map(|user| width::width(&user.text) + 2).sum::<usize>().saturating_sub(2));
        let is_mixed = named(rows).next().is_some_and(|first| named(rows).any(|row| row.name != first.name));
        let mut columns = Self {
            memory: take(MEMORY, GAP),
            temp: take(TEMP, GAP),
            power: take(POWER, GAP),
            held: take(HELD, GAP),
            users: take(11, GAP),
            util_bar: take(*BAR.first().unwrap_or(&4), 1),
            memory_bar: take(*BAR.first().unwrap_or(&4), 1),
            state: take(STATE, GAP),
            clock: take(CLOCK, GAP),
            name: 0,
        };
        if is_mixed {
            columns.name = take(needs(&|row| width::width(&row.name)).min(22), GAP);
        }
        if columns.users > 0 {
            let more = users.saturating_sub(columns.users).min(left).min(24);
            (columns.users, left) = (columns.users + more, left - more);
        }
        if columns.memory_bar > 0 {
            let [least, most] = BAR;
            let more = (left / 2).min(most - least);
            (columns.util_bar, columns.memory_bar) = (columns.util_bar + more, columns.memory_bar + more);
        }
        columns
    }

    /// The names of the columns.
    fn labels(&self, canvas: &mut Canvas<'_>, row: Rect) {
        let mut at = Place { row, x: row.x };
        let muted = |text: &str| Words::of(Role::Muted, text);
        at.next(canvas, LABEL, &Words::new());
        at.next(canvas, self.name, &muted("name"));
        at.next(canvas, join(self.util_bar, PERCENT), &muted(if join(self.util_bar, PERCENT) < 11 { "util" } else { "utilisation" }));
        let room = usize::from(join(self.memory_bar, self.memory));
        at.next(canvas, join(self.memory_bar, self.memory), &muted(&format!("{:>room$}", "memory GB")));
        at.next(canvas, self.temp, &muted(" °C"));
        at.next(canvas, self.power, &muted("power W"));
        at.next(canvas, self.clock, &muted(" MHz"));
        at.next(canvas, self.state, &muted("P"));
        at.next(canvas, self.held, &muted("held by"));
        at.next(canvas, self.users, &muted("used by"));
    }

    fn draw(&self, canvas: &mut Canvas<'_>, row: Rect, found: &Row, is_old: bool) {
        let of = |role: Role| if is_old { Role::Muted } else { role };
        let reading = &found.reading;
        let mut at = Place { row, x: row.x };
        let label = match found.subject {
            Subject::Gpu(key) => format!("gpu {key}"),
            Subject::Host => "machine".to_owned(),
        };
        at.next(canvas, LABEL, &Words::of(of(Role::Strong), label));
        at.next(canvas, self.name, &Words::of(of(Role::Text), found.name.as_str()));
        if reading.is_lost {
            at.next(canvas, row.width, &Words::of(Role::Bad, "lost: what it last said is from before"));
            return;
        }
        let util = reading.util.map(|percent| percent / 100.0);
        at.bar(canvas, self.util_bar, util, of(Role::Accent));
        at.next(canvas, PERCENT, &value(reading.util, 4, "%", of(Role::Text)));
        let share = reading.memory.zip(reading.total).map(|(used, total)| used / real(total.max(1)));
        at.bar(canvas, self.memory_bar.min(self.memory * 9), share, of(Role::Accent));
        at.next(canvas, self.memory, &Words::of(of(Role::Text), memory(reading.memory, reading.total)));
        if let Some([_, memory, io]) = reading.pressure.filter(|_| found.subject == Subject::Host) {
            let says = format!("waits: {io:.0} % for disks, {memory:.0} % for memory");
            at.next(canvas, row.width, &Words::of(of(Role::Muted), says));
            return;
        }
        if found.subject == Subject::Host {
            return;
        }
        let warmth = match reading.temp.zip(reading.slowdown) {
            Some((temp, slow)) if temp >= slow => Role::Bad,
            Some((temp, slow)) if temp >= slow - WARM => Role::Warn,
            _ => Role::Text,
        };
        at.next(canvas, self.temp, &value(reading.temp, 3, "", of(warmth)));
        let limit = reading.limit.map_or_else(String::new, |limit| format!("/{limit:.0}"));
        let power = reading.power.map_or_else(|| format!("{:>7}", "–"), |power| format!("{:>7}", format!("{power:.0}{limit}")));
        at.next(canvas, self.power, &Words::of(of(Role::Text), power));
        at.next(canvas, self.clock, &value(reading.mhz, 4, "", of(Role::Text)));
        at.next(
            canvas,
            self.state,
            &Words::of(of(Role::Muted), reading.pstate.map_or_else(|| "–".to_owned(), |state| format!("P{state}"))),
        );
        at.next(canvas, self.held, &held(reading.throttle, is_old));
        let users = found.users.iter().enumerate().fold(Words::new(), |words, (nth, user)| {
            words.add(of(role(user.mood)), format!("{}{}", if nth == 0 { "" } else { ", " }, user.text))
        });
        at.next(canvas, self.users, &users);
    }
}

/// Where the next column stands.
struct Place {
    row: Rect,
    x: u16,
}

impl Place {
    fn next(&mut self, canvas: &mut Canvas<'_>, cols: u16, words: &Words) {
        if cols == 0 || self.x >= self.row.right() {
            return;
        }
        let width = cols.min(self.row.right() - self.x);
        canvas.line(Rect { x: self.x, width, ..self.row }, words);
        self.x = self.x.saturating_add(width + GAP);
    }

    /// A bar right before the figure that it belongs to.
    fn bar(&mut self, canvas: &mut Canvas<'_>, cols: u16, share: Option<f64>, role: Role) {
        if cols == 0 || self.x.saturating_add(cols) >= self.row.right() {
            return;
        }
        if let Some(share) = share {
            shares(canvas, Rect { x: self.x, width: cols, ..self.row }, &[(share, role)]);
        }
        self.x = self.x.saturating_add(cols + 1);
    }
}

/// Columns of a bar with its figure.
const fn join(bar: u16, figure: u16) -> u16 {
    if bar == 0 { figure } else { bar + 1 + figure }
}

/// A number in so many columns, or a dash.
fn value(value: Option<f64>, cols: usize, unit: &str, role: Role) -> Words {
    match value {
        Some(value) => Words::of(role, format!("{:>cols$}", format!("{value:.0}{unit}"))),
        None => Words::of(Role::Muted, format!("{:>cols$}", "–")),
    }
}

/// `61.2/85.9` in GB.
fn memory(used: Option<f64>, total: Option<u64>) -> String {
    let giga = |bytes: f64, is_large: bool| if is_large { format!("{:.0}", bytes / 1e9) } else { format!("{:.1}", bytes / 1e9) };
    let is_large = total.is_some_and(|total| total >= 100_000_000_000);
    let used = used.map_or_else(|| "–".to_owned(), |used| giga(used, is_large));
    let total = total.map_or_else(String::new, |total| format!("/{}", giga(real(total), is_large)));
    format!("{:>9}", format!("{used}{total}"))
}

/// What holds the clocks down, the worst first.
fn held(throttle: Option<Throttle>, is_old: bool) -> Words {
    let Some(throttle) = throttle else { return Words::of(Role::Muted, "–") };
    let names: Vec<String> = throttle.names().into_iter().filter(|name| name != "idle").collect();
    let role = if throttle.has(Throttle::SPOILS) && !is_old { Role::Warn } else { Role::Muted };
    Words::of(role, if names.is_empty() && throttle.has(Throttle::GPU_IDLE) { "idle".to_owned() } else { names.join(", ") })
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
const fn real(bytes: u64) -> f64 {
    bytes as f64
}
