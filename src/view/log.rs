//! The log screen: one line that says which file and where in it, and the file's lines.

use std::ops::Range;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, inset, role_of, row_of};
use crate::domain::Stage;
use crate::text;
use crate::text::paint::diff;
use crate::text::width;
use crate::theme::{Glyphs, Role};
use crate::ui::Mood;
use crate::ui::log::{Fate, Log, Source, Stick, Tab, tabs};
use crate::ui::message::Layout;
use crate::ui::mouse::Hit;
use crate::ui::state::State;
use crate::ui::words::moment;

/// Columns between two tabs.
const GAP: u16 = 2;

/// Draws it and says how much room the lines have.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Layout {
    let mut flow = Flow::new(area);
    let head = flow.row();
    let (log_rows, log_cols) = body(canvas, flow.rest(), state, now);
    if let Some(row) = head {
        header(canvas, row, state, log_rows);
    }
    Layout { log_rows, log_cols, ..Layout::default() }
}

/// The file's lines, and above them what is to be said of it; how many rows and columns the lines have.
pub fn body(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> (usize, usize) {
    let mut flow = Flow::new(area);
    let word = word(state, now);
    if let Some((role, says)) = word.filter(|_| flow.left() > 2)
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(role, says));
    }
    let pane = flow.rest();
    let rows = usize::from(pane.height);
    lines(canvas, pane, state, rows);
    (rows, usize::from(pane.width))
}

/// ` agent  agent err  run log        62 %  372 MB of 600 MB`.
fn header(canvas: &mut Canvas<'_>, row: Rect, state: &State, rows: usize) {
    let place = Words::of(Role::Muted, position(&state.log, rows));
    let right = u16::try_from(place.width()).unwrap_or(u16::MAX);
    let (tabs, glyphs) = (tabs(state), canvas.glyphs());
    let room = row.width.saturating_sub(right.saturating_add(GAP));
    let item = state.selected_item().map(|item| Words::of(Role::Text, item.id.0.as_str()));
    let item = item.unwrap_or_default();
    let sized: Vec<Words> = tabs.iter().map(|tab| label(&glyphs, state, tab, true)).collect();
    let plain: Vec<Words> = tabs.iter().map(|tab| label(&glyphs, state, tab, false)).collect();
    let wide = |labels: &[Words]| labels.iter().map(|words| words.width() + usize::from(GAP)).sum::<usize>();
    let (own, room) = (item.width() + usize::from(GAP), usize::from(room));
    let (item, labels) = if own + wide(&sized) <= room {
        (Some(item), sized)
    } else if own + wide(&plain) <= room {
        (Some(item), plain)
    } else if wide(&plain) <= room {
        (None, plain)
    } else {
        return short(canvas, row, state, &tabs, rows);
    };
    let mut x = row.x;
    if let Some(item) = item.filter(|item| item.width() > 0) {
        canvas.line(row, &item);
        x = x.saturating_add(u16::try_from(own).unwrap_or(u16::MAX));
    }
    for (at, words) in labels.iter().enumerate() {
        let spot = Rect { x, width: u16::try_from(words.width()).unwrap_or(u16::MAX), ..row };
        canvas.line(spot, words);
        canvas.spot(spot, Hit::Source(at));
        x = x.saturating_add(spot.width).saturating_add(GAP);
    }
    canvas.line(Rect { x: row.right().saturating_sub(right), width: right.min(row.width), ..row }, &place);
}

/// `candidate · candidate err  6/8      62 %`, as far as there is room: where not all tabs have any, the neighbours of the
/// one that is shown.
fn short(canvas: &mut Canvas<'_>, row: Rect, state: &State, tabs: &[Tab], rows: usize) {
    let Some(shown) = tabs.iter().position(|tab| Some(&tab.source) == state.log.source.as_ref()) else { return };
    let glyphs = canvas.glyphs();
    let labels: Vec<Words> = tabs.iter().map(|tab| label(&glyphs, state, tab, false)).collect();
    let item = state.selected_item().map(|item| Words::of(Role::Text, format!("{}  ", item.id.0))).unwrap_or_default();
    let count = Words::of(Role::Muted, format!("  {}/{}", shown + 1, tabs.len()));
    let gap = Words::of(Role::Faint, format!(" {} ", glyphs.dot));
    let wide = |tabs: Range<usize>| {
        let gaps = tabs.len().saturating_sub(1) * gap.width();
        labels.get(tabs).unwrap_or_default().iter().map(Words::width).sum::<usize>() + gaps + count.width() + usize::from(GAP)
    };
    let position = position(&state.log, rows);
    // the share, or the end, says most
    let share = position.split("  ").next().unwrap_or_default();
    let cols = usize::from(row.width);
    let place = if wide(shown..shown + 1) + width::width(&position) <= cols { position.as_str() } else { share };
    let room = cols.saturating_sub(width::width(place));
    let mut seen = shown..shown + 1;
    // one more to the left, one more to the right, as long as there is room
    loop {
        let (before, after) = (seen.start.saturating_sub(1)..seen.end, seen.start..(seen.end + 1).min(tabs.len()));
        let next = [before, after].into_iter().filter(|next| *next != seen && wide(next.clone()) <= room);
        match next.min_by_key(|next| (shown - next.start).max(next.end - shown - 1)) {
            Some(next) => seen = next,
            None => break,
        }
    }
    let mut x = row.x;
    let mut put = |canvas: &mut Canvas<'_>, words: &Words| {
        let area = Rect { x, width: u16::try_from(words.width()).unwrap_or(u16::MAX).min(row.right().saturating_sub(x)), ..row };
        canvas.line(area, words);
        x = x.saturating_add(area.width);
        area
    };
    if item.width() + wide(seen.clone()) <= room {
        put(canvas, &item);
    }
    for at in seen.clone() {
        if at > seen.start {
            put(canvas, &gap);
        }
        let Some(words) = labels.get(at) else { continue };
        let area = put(canvas, words);
        canvas.spot(area, Hit::Source(at));
    }
    put(canvas, &count);
    canvas.ends(Rect { x, width: row.right().saturating_sub(x), ..row }, &Words::new(), &Words::of(Role::Muted, place));
}

fn label(glyphs: &Glyphs, state: &State, tab: &Tab, sized: bool) -> Words {
    let shown = state.log.source.as_ref() == Some(&tab.source);
    // the name tells which one is shown, the mark whose stage failed
    let mark = if tab.mood == Mood::Bad { Words::of(Role::Bad, format!("{} ", glyphs.no)) } else { Words::new() };
    let words = mark.add(if shown { Role::Strong } else { Role::Muted }, tab.name.as_str());
    match tab.bytes.filter(|bytes| sized && *bytes > 0 && !shown) {
        Some(bytes) => words.add(Role::Muted, format!(" {}", text::bytes(bytes))),
        None => words,
    }
}

/// Where in the file the reader is: `62 %  372 MB of 600 MB`.
pub fn position(log: &Log, rows: usize) -> String {
    let len = text::bytes(log.len());
    match (&log.window, log.stick) {
        (None, _) => String::new(),
        (Some(window), _) if window.lines.is_empty() => String::new(),
        (Some(_), Stick::Newest) => format!("end of {len}"),
        (Some(_), Stick::Hand) => {
            let bottom = log.bottom(rows);
            let share = u128::from(bottom).saturating_mul(100).checked_div(u128::from(log.len())).unwrap_or(100).min(100);
            format!("{share} %  {} of {len}", text::bytes(bottom))
        }
    }
}

/// What is to be said besides, in a line of its own.
fn word(state: &State, now: Timestamp) -> Option<(Role, String)> {
    let log = &state.log;
    if let Some(hunting) = &log.hunting {
        let what = hunting.what();
        let (searched, of) = (text::bytes(hunting.searched), text::bytes(log.len()));
        return Some((Role::Live, format!("searching {what}: {searched} of {of} searched; Esc stops")));
    }
    let told = log.told.as_ref().map(|(at, turn)| format!("{}  {}", moment(*at, now, &state.zone), turn.says()));
    let since = (log.since() > 0).then(|| format!("{} came since; f follows", text::bytes(log.since())));
    match (told, since) {
        (Some(told), Some(since)) => Some((Role::Warn, format!("{told}; {since}"))),
        (Some(told), None) => Some((Role::Warn, told)),
        (None, Some(since)) => Some((Role::Live, since)),
        (None, None) => None,
    }
}

fn lines(canvas: &mut Canvas<'_>, pane: Rect, state: &State, rows: usize) {
    let log = &state.log;
    let shown = log.visible(rows);
    if shown.is_empty() {
        let (role, says) = nothing(state);
        for (row, line) in width::wrap(&says, usize::from(pane.width), rows).into_iter().enumerate() {
            canvas.line(row_of(pane, row), &Words::of(role, line));
        }
        return;
    }
    for (row, line) in shown.iter().enumerate() {
        let area = row_of(pane, row);
        if log.mark == Some(line.at) {
            canvas.tint(inset(area, 0), Role::Selected);
        }
        let found: Vec<_> = state.find.as_ref().map(|pattern| pattern.ranges(&line.shown.text).collect()).unwrap_or_default();
        let role = if matches!(log.source, Some(Source::Patch(_))) { role_of(diff::tone(&line.shown.text)) } else { Role::Text };
        canvas.output(area, role, &line.shown, log.side, &found);
    }
}

/// Why there are no lines.
fn nothing(state: &State) -> (Role, String) {
    let log = &state.log;
    let Some((window, source)) = log.window.as_ref().zip(log.source.as_ref()) else { return (Role::Muted, String::new()) };
    let live = |stage: Stage| state.selected_item().and_then(|item| item.live_stage()).is_some_and(|record| record.stage == stage);
    let quiet = |says: &str| (Role::Muted, says.to_owned());
    match (&window.fate, source) {
        (Fate::Read, Source::Stage { stage, .. }) if live(*stage) => (Role::Muted, format!("nothing written yet: {stage} runs")),
        // of a trajectory alone nothing else is kept
        (Fate::Missing, Source::Stage { stage, .. }) if state.is_others() && !live(*stage) => {
            let steps = if *stage == Stage::Agent { "; 2 shows its steps" } else { "" };
            (Role::Muted, format!("what {stage} printed is not kept here{steps}"))
        }
        (Fate::Read | Fate::Missing, Source::Stage { stage, .. }) if !live(*stage) => (Role::Muted, format!("{stage} wrote nothing")),
        (Fate::Missing, Source::Stage { stage, .. }) => (Role::Muted, format!("no such file yet: {stage} only begins")),
        (Fate::Missing, Source::Runner) if state.is_others() => quiet("no log of ISO-Bench was found"),
        (Fate::Missing, Source::Runner) => quiet("no run log yet: no runner has begun"),
        (Fate::Missing | Fate::Read, Source::Patch(_)) => quiet("there is no patch"),
        (Fate::Missing, Source::Kept(_, kept)) => (Role::Muted, format!("there is no {}: {} is missing", kept.name(), kept.file())),
        (Fate::Read, _) => quiet("the file is empty"),
        (Fate::Forbidden, _) => (
            Role::Bad,
            "this log may not be read by you: open the screen as the user who started the run, or have its mode changed".to_owned(),
        ),
        (Fate::NoFile, _) => {
            (Role::Bad, "this is no regular file: a pipe, a device or a folder, or a link, stands in the log's place".to_owned())
        }
        (Fate::Failed(says), _) => (Role::Bad, format!("this log can't be read: {says}")),
    }
}
