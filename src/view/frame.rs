//! The whole frame: which region goes where.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, inset};
use super::parts::heading::{heading, rule, wall};
use super::{all_results, detail, footer, header, help, item, live, log, machine, palette, prompt, question, queue, since};
use crate::theme::{Role, Theme};
use crate::ui::keymap::Place;
use crate::ui::message::Layout;
use crate::ui::mouse::{Hit, Spot};
use crate::ui::notice::notices;
use crate::ui::state::Over;
use crate::ui::verbs::commands;
use crate::ui::{Screen, State};

/// The smallest frame that is worth drawing.
const SMALLEST: (u16, u16) = (40, 10);

/// From this width on the item stands beside the list, and not below it.
const SIDE_BY_SIDE: u16 = 100;

/// From this width or height on the item that runs has a panel beside another one that is looked at.
const LIVE_PANEL: (u16, u16) = (150, 50);

/// Draws a frame and says how much room its regions had.
pub fn draw(buffer: &mut Buffer, state: &State, theme: &Theme, now: Timestamp) -> (Layout, Vec<Spot>) {
    let mut canvas = Canvas::new(buffer, theme, &state.masker);
    let area = canvas.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut canvas, area, state);
        if let Over::Question(question) = &state.over {
            question::draw(&mut canvas, question);
        }
        return (Layout::default(), canvas.spots());
    }
    let page = inset(area, 1);
    let lines = header::lines(&notices(state, now), usize::from(page.width), area.height);
    let mut flow = Flow::new(page);
    if let Some(area) = flow.take(2 + lines.len()) {
        header::draw(&mut canvas, area, state, &lines, now);
    }
    if let Some(row) = flow.row() {
        tabs(&mut canvas, Rect { x: area.x, width: area.width, ..row }, state);
    }
    let body = Rect { height: flow.rest().height.saturating_sub(2), ..flow.rest() };
    let layout = body_of(&mut canvas, body, state, now);
    let bottom = Rect { y: body.bottom(), height: 1, ..body };
    footer::note(&mut canvas, bottom, state, now);
    footer::keys(&mut canvas, Rect { y: bottom.y.saturating_add(1), ..bottom }, state);
    let layout = over(&mut canvas, bottom, state, now).map_or(layout, |over| Layout { queue_rows: layout.queue_rows, ..over });
    (layout, canvas.spots())
}

/// What lies over the screen; how much room it has, where it has a list of its own.
fn over(canvas: &mut Canvas<'_>, bottom: Rect, state: &State, now: Timestamp) -> Option<Layout> {
    match &state.over {
        Over::Nothing | Over::Help(_) => {}
        Over::Question(question) => question::draw(canvas, question),
        Over::Find(search) => prompt::search(canvas, bottom, search),
        Over::Since => since::draw(canvas, state, now),
        Over::Palette(palette) => {
            palette::draw(canvas, palette, &commands(state, palette));
        }
        Over::Prune(open) => return Some(machine::dialog::draw(canvas, &state.machine, open)),
    }
    None
}

fn body_of(canvas: &mut Canvas<'_>, body: Rect, state: &State, now: Timestamp) -> Layout {
    let mut layout = match (&state.over, state.screen, state.selected_item()) {
        (Over::Help(top), ..) => {
            let (help_lines, range) = help::draw(canvas, body, *top, Place::of(state.screen), Some(state));
            range_above(canvas, body, range);
            Layout { queue_rows: state.layout.queue_rows, help_lines, ..Layout::default() }
        }
        (_, Screen::Machine, _) => machine::draw(canvas, body, state, now),
        (_, Screen::Results, _) => {
            let body = beside_live(canvas, body, state, now);
            all_results::draw(canvas, body, state)
        }
        (_, Screen::Log, _) => {
            let body = beside_live(canvas, body, state, now);
            log::draw(canvas, body, state, now)
        }
        (_, Screen::Agent | Screen::Benchmark, Some(found)) => {
            let body = beside_live(canvas, body, state, now);
            item::draw(canvas, body, state, found, now)
        }
        _ => list_and_item(canvas, body, state, now),
    };
    layout.help_rows = usize::from(body.height);
    layout
}

fn list_and_item(canvas: &mut Canvas<'_>, body: Rect, state: &State, now: Timestamp) -> Layout {
    let share = if (160..180).contains(&canvas.area().width) { 65 } else { 58 };
    let columns = queue::Columns::fitting(state, usize::from(body.width) * share / 100);
    // beside the item only a list that still says why an item failed or waits
    if canvas.area().width >= SIDE_BY_SIDE && columns.says_why() {
        let list = u16::try_from(columns.width()).unwrap_or(u16::MAX).min(body.width);
        let list_area = Rect { width: list, ..body };
        let rows = queue::draw(canvas, list_area, state, now);
        failures(canvas, list_area, state);
        range_above(canvas, list_area, queue::range(state, rows));
        wall(canvas, Rect { x: body.x.saturating_add(list + 1), width: 1, ..body });
        let item_area = Rect { x: body.x.saturating_add(list + 3), width: body.width.saturating_sub(list + 3), ..body };
        let item_area = beside_live(canvas, item_area, state, now);
        detail::draw(canvas, item_area, state, now);
        return Layout { queue_rows: rows, ..Layout::default() };
    }
    let most = (body.height / 2).max(4);
    let needed = u16::try_from(state.run.items.len()).unwrap_or(u16::MAX).saturating_add(1).max(3);
    let mut flow = Flow::new(body);
    let mut layout = Layout::default();
    if let Some(area) = flow.take(usize::from(needed.min(most).min(body.height))) {
        layout.queue_rows = queue::draw(canvas, area, state, now);
        range_above(canvas, area, queue::range(state, layout.queue_rows));
    }
    if flow.left() >= 3
        && let Some(row) = flow.row()
    {
        rule(canvas, Rect { x: 0, width: canvas.area().width, ..row });
        let area = beside_live(canvas, flow.rest(), state, now);
        detail::draw(canvas, area, state, now);
    }
    layout
}

/// What failed, by class, and what agents got stuck in, where a short list leaves many rows free.
fn failures(canvas: &mut Canvas<'_>, list: Rect, state: &State) {
    let taken = state.run.items.len() + 1;
    let free = usize::from(list.height).saturating_sub(taken);
    let failed = state.tally.failures.iter().map(|(class, n)| (class.name(), *n)).collect::<Vec<_>>();
    let stuck = state.tally.stuck_in.iter().map(|(detector, n)| (detector.title(), *n)).collect::<Vec<_>>();
    let mut flow = Flow::new(list);
    flow.take(taken);
    let mut needed = 6;
    for (title, counts) in [("what failed", failed), ("what got stuck", stuck)] {
        needed += counts.len() + 2;
        if counts.is_empty() || free < needed {
            continue;
        }
        flow.row();
        if let Some(row) = flow.row() {
            heading(canvas, row, title, "");
        }
        for (name, n) in counts {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(Role::Bad, format!("{n:>4}  ")).add(Role::Text, name));
        }
    }
}

/// The item that runs gets the end of the area where another one is looked at: a panel where there is room for one, or
/// else a line. What is left of the area is given back.
fn beside_live(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> Rect {
    let Some(live) = state.live_beside().filter(|_| area.height >= 3) else { return area };
    let frame = canvas.area();
    let is_wide = frame.width >= LIVE_PANEL.0 || frame.height >= LIVE_PANEL.1;
    let rows = match state.selected_item() {
        _ if state.screen != Screen::Queue => 1,
        // of an item that never began there is little to say
        Some(item) if item.attempts.is_empty() && area.height >= 3 + live::SMALLEST => area.height - 3,
        _ if is_wide && area.height >= live::ROWS * 2 => live::ROWS,
        _ => 1,
    };
    let rest = Rect { height: area.height - rows, ..area };
    let end = Rect { y: rest.bottom(), height: rows, ..area };
    if rows == 1 {
        live::line(canvas, end, state, live, now);
    } else {
        live::panel(canvas, end, state, live, now);
    }
    rest
}

/// The rule below the header, with the screens in it: `── 1 queue ── 2 agent ──`.
fn tabs(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let shown = state.screen;
    rule(canvas, row);
    let mut x = row.x.saturating_add(1);
    let screens = || Screen::ALL.into_iter().filter(|screen| state.has_screen(*screen));
    // where not all names have room the digits do, and the name of what is shown
    let is_narrow = screens().map(|screen| screen.name().len() + 5).sum::<usize>() >= usize::from(row.width);
    for screen in screens() {
        let role = if screen == shown { Role::Strong } else { Role::Muted };
        let name = if is_narrow && screen != shown { String::new() } else { format!("{} ", screen.name()) };
        let words = Words::of(Role::Accent, format!(" {} ", screen.digit())).add(role, name);
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX);
        if x.saturating_add(wide) >= row.right() {
            return;
        }
        let place = Rect { x, width: wide, ..row };
        canvas.line(place, &words);
        if screen == shown {
            canvas.tint(place, Role::Selected);
        }
        canvas.spot(place, Hit::Screen(screen));
        x = x.saturating_add(wide + 1);
    }
}

/// Which rows of a list are seen, in the rule above it.
fn range_above(canvas: &mut Canvas<'_>, list: Rect, range: Option<String>) {
    let Some(range) = range else { return };
    let words = Words::of(Role::Muted, format!(" {range} "));
    let wide = u16::try_from(words.width()).unwrap_or(u16::MAX);
    // the last tab ends with a blank column
    let tabs: usize = Screen::ALL.iter().map(|screen| screen.name().len() + 5).sum::<usize>();
    if usize::from(list.right()) >= tabs + words.width() {
        let above = Rect { x: list.right() - wide, y: list.y.saturating_sub(1), width: wide, height: 1 };
        canvas.line(above, &words);
    }
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect, state: &State) {
    let mut flow = Flow::new(area);
    let (cols, rows) = SMALLEST;
    let lines = [
        Words::of(header::state_role(state.run_state()), state.run_state().name()).add(
            Role::Muted,
            format!(" {} done, {} failed of {}", state.tally.count("done"), state.tally.count("failed"), state.run.items.len()),
        ),
        Words::of(Role::Muted, format!("this terminal is {}x{}; {cols}x{rows} shows more", area.width, area.height)),
    ];
    for line in &lines {
        if let Some(row) = flow.row() {
            canvas.line(row, line);
        }
    }
}
