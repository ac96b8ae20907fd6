//! The images of the engine; where it can't be asked, why not and what to do.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::RunId;
use crate::text::{self, bytes, duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::machine::text::{belongs, name};
use crate::ui::machine::told::{self, OLD_ENGINE};
use crate::ui::machine::{Here, Image, Owner};
use crate::ui::message::Layout;
use crate::ui::words::between;
use crate::view::canvas::{Canvas, Flow, Words, role, row_of};
use crate::view::parts::heading::heading;

/// Columns of a size and of an age.
const SIZE: usize = 8;
const AGE: usize = 5;

/// Draws them and says how much room they have.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    let machine = &state.machine;
    let mut flow = Flow::new(area);
    let Some(head) = flow.row() else { return Layout::default() };
    let seen = machine.engine.as_ref();
    let (here, age, is_old) = match (machine.here(), &machine.before) {
        (Some(here), _) => {
            let age = seen.map_or(0, |seen| between(seen.at, now));
            (here, age, age > OLD_ENGINE)
        }
        (None, Some(before)) => {
            away(canvas, &mut flow, state);
            (&before.what, between(before.at, now), true)
        }
        (None, None) => {
            heading(canvas, head, "docker", "");
            away(canvas, &mut flow, state);
            return Layout::default();
        }
    };
    let images = here.images.as_slice();
    let rows = flow.left().saturating_sub(1);
    let top = machine.top.min(images.len().saturating_sub(rows));
    heading(canvas, head, "docker images", &figure(here, (top, rows), is_old.then_some(age)));
    if images.is_empty() {
        if let Some(row) = flow.row() {
            canvas.line(row, &Words::of(Role::Muted, "the engine has no images"));
        }
        return Layout::default();
    }
    let cols = Columns::of(images, usize::from(area.width), &state.run_id);
    if let Some(row) = flow.row() {
        canvas.line(row, &Words::of(Role::Muted, cols.row("image", "takes", "built", "whose")));
    }
    let list = flow.rest();
    for (at, image) in images.iter().skip(top).take(usize::from(list.height)).enumerate() {
        image_row(canvas, row_of(list, at), &cols, (image, &belongs(image, &state.run_id).join(", ")), is_old, now);
    }
    Layout { pane_rows: rows, pane_lines: images.len(), ..Layout::default() }
}

/// `vfs · 14 images · 2 containers`, which of them are seen, and how old it is.
fn figure(here: &Here, (top, rows): (usize, usize), age: Option<u64>) -> String {
    let all = here.images.len();
    let mut facts = vec![here.driver.clone()];
    if here.running > 0 {
        facts.push(format!("{} running", text::count(here.running, "container")));
    }
    facts.push(if all > rows { format!("{}–{} of {all}", top + 1, (top + rows).min(all)) } else { text::count(all, "image") });
    facts.extend(age.map(|age| format!("as it was {} ago", duration::short(age))));
    facts.join(" · ")
}

/// Why it can't be asked, and what to do.
fn away(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State) {
    let Some(says) = told::away(&state.machine) else {
        if let Some(row) = flow.row() {
            canvas.line(row, &Words::of(Role::Muted, "asking docker…"));
        }
        return;
    };
    for said in says {
        for line in width::wrap(&said.text, usize::from(flow.rest().width), 3) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(role(said.mood), line));
        }
    }
}

/// Columns of the list.
struct Columns {
    name: usize,
}

impl Columns {
    /// Names get what they need, and leave room for whose they are.
    fn of(images: &[Image], cols: usize, run: &RunId) -> Self {
        let needed = images.iter().map(|image| width::width(&name(image))).max().unwrap_or_default().max(12);
        let whose =
            images.iter().map(|image| width::width(&belongs(image, run).join(", "))).max().unwrap_or_default().clamp(8, cols * 2 / 5);
        let room = cols.saturating_sub(SIZE + AGE + 6 + whose);
        Self { name: needed.min(room.max(12)) }
    }

    fn row(&self, name: &str, size: &str, age: &str, whose: &str) -> String {
        // the registry's address says least
        let rest = name.split_once('/').filter(|(first, _)| first.contains(['.', ':'])).map(|(_, rest)| rest);
        let cut = rest.filter(|_| width::width(name) > self.name).unwrap_or(name);
        let name = width::fit(&width::middle(cut, self.name), self.name);
        format!("{name}  {size:>SIZE$}  {age:>AGE$}  {whose}")
    }
}

fn image_row(canvas: &mut Canvas<'_>, row: Rect, cols: &Columns, (image, says): (&Image, &str), is_old: bool, now: Timestamp) {
    let size = image.bytes.map_or_else(|| "?".to_owned(), bytes);
    let built = image.created.map(|at| age(between(at, now))).unwrap_or_default();
    let head = cols.row(&name(image), &size, &built, "");
    let of = |role: Role| if is_old { Role::Muted } else { role };
    let is_wanted = image.containers > 0 || !image.needed_by.is_empty();
    let whose = if is_wanted {
        Role::Accent
    } else if image.owner == Owner::Others {
        Role::Muted
    } else {
        Role::Text
    };
    canvas.line(row, &Words::of(of(Role::Text), head).add(of(whose), says));
}

/// An age in one unit: `25 min`, `15 h`, `12 d`, `3 y`.
fn age(ms: u64) -> String {
    let hours = ms / 3_600_000;
    match hours {
        0 => format!("{} min", ms / 60_000),
        1..48 => format!("{hours} h"),
        48..17_520 => format!("{} d", hours / 24),
        _ => format!("{} y", hours / 8760),
    }
}
