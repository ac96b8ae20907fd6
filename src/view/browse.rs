//! The browser: the tree of all runs, and beside it what is selected.

mod filters;
mod list;
mod preview;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use self::list::as_text;
use super::canvas::{Canvas, Flow, Words, inset, role};
use super::parts::bar;
use super::parts::heading::{rule, wall};
use super::{footer, help, prompt};
use crate::text::{self, count, duration, width};
use crate::theme::Role;
use crate::ui::apart::Apart;
use crate::ui::browse::{Browse, Disk, Layout, Over, Progress, Totals};
use crate::ui::keymap::{self, BROWSE_FOOTER, Binding, PINNED, Place};
use crate::ui::mouse::Spot;
use crate::ui::now::ratio;
use crate::ui::{Action, Mood};

/// The smallest frame that is worth drawing.
const SMALLEST: (u16, u16) = (40, 8);

/// From this width on what is selected stands beside the list.
const SIDE_BY_SIDE: u16 = 150;

/// Columns of the bar of progress.
const BAR: u16 = 16;

/// Draws a frame and says how much room its regions had.
pub fn draw(buffer: &mut Buffer, browse: &Browse, theme: &crate::theme::Theme, now: Timestamp) -> (Layout, Vec<Spot>) {
    let mut canvas = Canvas::new(buffer, theme, &browse.masker);
    let area = canvas.area();
    let mut layout = Layout::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut canvas, area, browse);
        return (layout, canvas.spots());
    }
    let mut flow = Flow::new(inset(area, 1));
    if let Some(row) = flow.row() {
        title(&mut canvas, row, browse);
    }
    if let Some(row) = flow.row() {
        canvas.ends(row, &totals(browse, usize::from(row.width)), &Words::of(Role::Muted, browse.sort.name()));
    }
    if let Some(words) = hint(browse)
        && let Some(row) = flow.row()
    {
        canvas.line(row, &words);
    }
    if let Some(row) = flow.row() {
        rule(&mut canvas, Rect { x: 0, width: area.width, ..row });
    }
    let body = Rect { height: flow.rest().height.saturating_sub(2), ..flow.rest() };
    if let Over::Help(top) = browse.over {
        layout.help_rows = usize::from(body.height);
        layout.help_lines = help::draw(&mut canvas, body, top, Place::Browse, None).0;
    } else {
        body_of(&mut canvas, body, browse, now, &mut layout);
    }
    let bottom = Rect { y: body.bottom(), height: 1, ..body };
    note(&mut canvas, bottom, browse, now);
    keys(&mut canvas, Rect { y: bottom.y.saturating_add(1), ..bottom }, browse, &layout);
    if let Over::Filters(choice) = &browse.over {
        layout.value_rows = filters::draw(&mut canvas, browse, choice);
    }
    (layout, canvas.spots())
}

fn body_of(canvas: &mut Canvas<'_>, body: Rect, browse: &Browse, now: Timestamp, layout: &mut Layout) {
    if canvas.area().width < SIDE_BY_SIDE {
        layout.rows = list::draw(canvas, body, browse);
        return;
    }
    let wide = body.width * 58 / 100;
    layout.rows = list::draw(canvas, Rect { width: wide, ..body }, browse);
    layout.previews = true;
    wall(canvas, Rect { x: body.x.saturating_add(wide + 1), width: 1, ..body });
    let area = Rect { x: body.x.saturating_add(wide + 3), width: body.width.saturating_sub(wide + 3), ..body };
    preview::draw(canvas, area, browse, now);
}

/// Which folder, and how far the reading is.
fn title(canvas: &mut Canvas<'_>, row: Rect, browse: &Browse) {
    // what is cut would not be known for a secret any more
    let folder = browse.folder.display().to_string();
    let folder = browse.masker.mask(&folder);
    let left = Words::of(Role::Strong, "isobench-tui");
    let (says, share) = match browse.progress {
        Progress::Listing if browse.rows.is_none() => ("looking…".to_owned(), None),
        Progress::Listing | Progress::Done => (String::new(), None),
        Progress::Reading(done, all) => (format!("indexing {done} of {all}"), Some(ratio(done as u64, all as u64))),
        Progress::Judging(done, all) => (format!("detectors {done} of {all}"), Some(ratio(done as u64, all as u64))),
    };
    let says_cols = u16::try_from(width::width(&says)).unwrap_or(u16::MAX);
    let right = if share.is_some() { says_cols.saturating_add(1 + BAR) } else { says_cols };
    let room = usize::from(row.width).saturating_sub(left.width() + 2 + usize::from(right) + 2);
    canvas.line(row, &left.add(Role::Muted, format!("  {}", width::middle(&folder, room))));
    let place = Rect { x: row.right().saturating_sub(right), width: right.min(row.width), ..row };
    canvas.line(place, &Words::of(Role::Muted, says));
    if let Some(share) = share {
        let area = Rect { x: row.right().saturating_sub(BAR), width: BAR, ..row };
        bar::shares(canvas, area, &[(share, Role::Accent)]);
    }
}

/// `37 of 281 items  12 ok  20 failed  5 unfinished  3 stuck  41.2M tokens  81h`: what is shown, as far as there is room.
fn totals(browse: &Browse, cols: usize) -> Words {
    let (shown, all) = (browse.tree.totals, browse.tree.all);
    if browse.rows.is_none() {
        return Words::of(Role::Muted, "looking for runs and trajectories");
    }
    let items =
        if browse.filter.is_empty() { count(all.items, "item") } else { format!("{} of {}", shown.items, count(all.items, "item")) };
    let mut words = Words::of(Role::Strong, items);
    let unread = shown.items - shown.read;
    let parts = counts(&shown).into_iter().chain([
        (Role::Muted, if unread > 0 && unread < shown.items { format!("{unread} not read") } else { String::new() }),
        (Role::Text, if shown.tokens > 0 { format!("{} tokens", text::tokens(shown.tokens)) } else { String::new() }),
        (Role::Text, if shown.duration_ms > 0 { format!("{} worked", duration::short(shown.duration_ms)) } else { String::new() }),
        (Role::Muted, if shown.measured > 0 { format!("{} measured", shown.measured) } else { String::new() }),
    ]);
    // the order of the list stands at the right
    let room = cols.saturating_sub(width::width(browse.sort.name()) + 2);
    for (role, text) in parts.filter(|(_, text)| !text.is_empty()) {
        if words.width() + 2 + width::width(&text) > room {
            break;
        }
        words = words.add(Role::Text, "  ").add(role, text);
    }
    words
}

/// `12 ok`, `20 failed`, `5 unfinished`, `3 stuck`: those that there are.
fn counts(totals: &Totals) -> Vec<(Role, String)> {
    let (well, badly) = outcomes(totals);
    let parts = [
        (Role::Good, well, "ok"),
        (Role::Bad, badly, "failed"),
        (Role::Warn, totals.open, "unfinished"),
        (Role::Bad, totals.stuck, "stuck"),
    ];
    parts.into_iter().filter(|(_, n, _)| *n > 0).map(|(role, n, word)| (role, format!("{n} {word}"))).collect()
}

/// How many went well and badly: attempts, or of results the arms.
const fn outcomes(totals: &Totals) -> (usize, usize) {
    if totals.items == 0 { totals.arms } else { (totals.success, totals.failed) }
}

/// What is filtered by, and what the reader must know of the folder.
fn hint(browse: &Browse) -> Option<Words> {
    let mut words = Words::new();
    if browse.rows.is_some() && !browse.filter.is_empty() {
        for chip in browse.filter.chips() {
            words = words.add(Role::Selected, format!(" {chip} ")).add(Role::Text, "  ");
        }
        words = words.add(Role::Muted, "x shows all  ");
    }
    if browse.disk == Disk::Changed {
        words = words.add(Role::Warn, "the folder has changed: r looks again  ");
    }
    match browse.problems.as_slice() {
        [] => {}
        [only] => words = words.add(Role::Warn, only.as_str()),
        [first, others @ ..] => {
            words = words.add(Role::Warn, format!("{first}  (and {} more: `isobench-tui report` tells all)", others.len()));
        }
    }
    (words.width() > 0).then_some(words)
}

/// The remark, or what is typed.
fn note(canvas: &mut Canvas<'_>, area: Rect, browse: &Browse, now: Timestamp) {
    if let Over::Find(search, _) = &browse.over {
        let (label, other) = match search.meaning {
            text::find::Meaning::Text => ("filter: ", "Tab regular expression"),
            text::find::Meaning::Regex => ("filter by regular expression: ", "Tab text"),
        };
        return prompt::line(canvas, area, label, &search.line, &format!("Enter keeps it   {other}   Esc"));
    }
    if let Some(said) = browse.fresh_note(now) {
        footer::say(canvas, area, said);
    }
}

/// The keys that do something now, as far as there is room.
fn keys(canvas: &mut Canvas<'_>, area: Rect, browse: &Browse, layout: &Layout) {
    if matches!(browse.over, Over::Filters(_)) {
        return;
    }
    let named = keymap::named(Place::Browse, BROWSE_FOOTER).filter_map(|binding| Some((binding, offered(browse, binding, layout)?.into())));
    let pinned: &[Action] = if browse.over == Over::Nothing { &PINNED } else { &[] };
    footer::row(canvas, area, named, keymap::named(Place::Browse, pinned));
}

/// The word of a key that does something now.
fn offered(browse: &Browse, binding: &Binding, layout: &Layout) -> Option<&'static str> {
    if browse.over != Over::Nothing {
        let is_help = matches!(browse.over, Over::Help(_));
        return match binding.action {
            Action::Back => is_help.then_some(binding.short),
            Action::PageDown => (is_help && layout.help_lines > layout.help_rows).then_some(binding.short),
            _ => None,
        };
    }
    let is_any = !browse.tree.lines.is_empty();
    let is_offered = match binding.action {
        Action::Open => {
            let node = browse.selected_node();
            return match node {
                Some(node) if node.whole.is_none() => Some(if browse.is_open(&node.id, node.is_leaf) { "fold" } else { "unfold" }),
                Some(_) => Some("open the run"),
                None => browse.selected.is_some().then_some("open"),
            };
        }
        Action::ClearFilters => !browse.filter.is_empty(),
        Action::LookAgain => browse.disk == Disk::Changed,
        Action::Filters | Action::Find | Action::Sort => is_any || !browse.filter.is_empty(),
        Action::Compare if browse.marked.is_some() => return Some("compare with this"),
        Action::Compare => browse.selected_row().is_some(),
        _ => false,
    };
    is_offered.then_some(binding.short)
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect, browse: &Browse) {
    let mut flow = Flow::new(area);
    let (cols, rows) = SMALLEST;
    let lines = [
        Words::of(role(Mood::Calm), count(browse.tree.totals.items, "item")),
        Words::of(Role::Muted, format!("this terminal is {}x{}; {cols}x{rows} shows more", area.width, area.height)),
    ];
    for line in &lines {
        if let Some(row) = flow.row() {
            canvas.line(row, line);
        }
    }
}
