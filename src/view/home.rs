//! The start screen: the list of what there is, and what the selected entry is.

mod list;
mod plan;
mod run;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, inset, role, row_of};
use super::parts::heading::{rule, wall};
use super::{footer, help, prompt, question};
use crate::text::{count, width};
use crate::theme::{Role, Theme};
use crate::ui::apart::Apart;
use crate::ui::home::{Entry, Home, Layout, Over, Place, RunCard, Summary};
use crate::ui::keymap::{self, Binding, FOOTER, PINNED};
use crate::ui::mouse::Spot;
use crate::ui::{Action, Mood};

/// The smallest frame that is worth drawing.
const SMALLEST: (u16, u16) = (40, 10);

/// From this width on the entry stands beside the list, and not below it.
const SIDE_BY_SIDE: u16 = 100;

/// Columns of the labels of an entry.
const LABEL: usize = 11;

/// An entry: what stays in sight, and what is scrolled.
struct Detail {
    /// Its name, and how it stands at the right edge.
    title: (Words, Words),
    /// What to do with it.
    acts: Vec<Words>,
    /// All else.
    lines: Vec<Words>,
}

/// Draws a frame and says how much room its regions had.
pub fn draw(buffer: &mut Buffer, home: &Home, theme: &Theme, now: Timestamp) -> (Layout, Vec<Spot>) {
    let mut canvas = Canvas::new(buffer, theme, &home.masker);
    let area = canvas.area();
    let mut layout = Layout::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut canvas, area, home);
    } else {
        let mut flow = Flow::new(inset(area, 1));
        if let Some(row) = flow.row() {
            title(&mut canvas, row, home);
        }
        if let Some(row) = flow.row() {
            rule(&mut canvas, Rect { x: 0, width: area.width, ..row });
        }
        let body = Rect { height: flow.rest().height.saturating_sub(2), ..flow.rest() };
        layout = body_of(&mut canvas, body, home, now);
        let bottom = Rect { y: body.bottom(), height: 1, ..body };
        note(&mut canvas, bottom, home, now);
        keys(&mut canvas, Rect { y: bottom.y.saturating_add(1), ..bottom }, home, &layout);
    }
    if let Over::Question(question) = &home.over {
        question::draw(&mut canvas, question);
    }
    (layout, canvas.spots())
}

fn title(canvas: &mut Canvas<'_>, row: Rect, home: &Home) {
    let mut left = Words::of(Role::Strong, "isobench-tui");
    if let Place::Checkout(root) = &home.place {
        left = left.add(Role::Muted, format!("  {}", root.display()));
    }
    let right = match &home.place {
        Place::Nowhere(_) => String::new(),
        Place::Checkout(_) if home.runs.is_none() || home.found.is_none() => "looking…".to_owned(),
        Place::Checkout(_) => format!("{}, {}", count(home.runs().len(), "run"), count(home.plans().len(), "plan")),
    };
    canvas.ends(row, &left, &Words::of(Role::Muted, right));
}

fn body_of(canvas: &mut Canvas<'_>, body: Rect, home: &Home, now: Timestamp) -> Layout {
    let mut layout = Layout { help_rows: usize::from(body.height), ..Layout::default() };
    if let Over::Help(top) = home.over {
        layout.help_lines = help::draw(canvas, body, top, keymap::Place::Home, None).0;
        return layout;
    }
    if canvas.area().width >= SIDE_BY_SIDE {
        let wide = u16::try_from(list::width(home, now)).unwrap_or(u16::MAX).clamp(36, body.width * 54 / 100);
        list::draw(canvas, Rect { width: wide, ..body }, home, now, &mut layout);
        wall(canvas, Rect { x: body.x.saturating_add(wide + 1), width: 1, ..body });
        let area = Rect { x: body.x.saturating_add(wide + 3), width: body.width.saturating_sub(wide + 3), ..body };
        detail(canvas, area, home, now, &mut layout);
        return layout;
    }
    let most = usize::from((body.height * 2 / 5).max(3));
    let needed = Some(list::height_with_own(home)).filter(|rows| *rows <= most).unwrap_or_else(|| list::height(home).min(most));
    let mut flow = Flow::new(body);
    if let Some(area) = flow.take(needed) {
        list::draw(canvas, area, home, now, &mut layout);
    }
    if let Some(row) = flow.row() {
        rule(canvas, Rect { x: 0, width: canvas.area().width, ..row });
        detail(canvas, flow.rest(), home, now, &mut layout);
    }
    layout
}

/// The selected entry.
fn detail(canvas: &mut Canvas<'_>, area: Rect, home: &Home, now: Timestamp, layout: &mut Layout) {
    let cols = usize::from(area.width);
    let glyphs = canvas.glyphs();
    let Some(detail) = (match &home.selected {
        Some(Entry::Run(_)) => home.selected_run().map(|run| run::detail(home, run, cols, &glyphs, now)),
        Some(Entry::Plan(_)) => home.selected_plan().map(|found| plan::detail(home, found, cols, &glyphs)),
        Some(Entry::Demo) => Some(plan::demo(home, cols)),
        None => None,
    }) else {
        return canvas.line(area, &Words::of(Role::Muted, "looking for runs and plans…"));
    };
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        canvas.ends(row, &detail.title.0, &detail.title.1);
    }
    let urgent = [(home.trouble.as_ref(), Role::Bad, 4), (home.starting.as_ref(), Role::Live, 2)];
    for (says, role, rows) in urgent {
        for line in width::wrap(says.map_or("", String::as_str), cols, rows) {
            if let Some(row) = flow.row() {
                canvas.line(row, &Words::of(role, line));
            }
        }
    }
    if home.starting.is_none() {
        for line in &detail.acts {
            if let Some(row) = flow.row() {
                canvas.line(row, line);
            }
        }
    }
    if flow.left() > 4 {
        flow.row();
    }
    let rest = flow.rest();
    (layout.detail_rows, layout.detail_lines) = (usize::from(rest.height), detail.lines.len());
    let top = home.scroll.min(detail.lines.len().saturating_sub(layout.detail_rows));
    for (row, line) in detail.lines.iter().skip(top).take(layout.detail_rows).enumerate() {
        canvas.line(row_of(rest, row), line);
    }
}

/// `label    a text over as many rows as it needs`.
fn field(lines: &mut Vec<Words>, label: &str, role: Role, text: &str, cols: usize) {
    for (at, line) in width::wrap(text, cols.saturating_sub(LABEL).max(12), 12).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        lines.push(Words::of(Role::Muted, width::fit(label, LABEL)).add(role, line));
    }
}

/// A sentence over as many rows as it needs.
fn told(lines: &mut Vec<Words>, role: Role, text: &str, cols: usize) {
    lines.extend(width::wrap(text, cols, 12).into_iter().map(|line| Words::of(role, line)));
}

/// `steps ────────── 14` as a line.
fn section(cols: usize, word: &str, figure: &str, rule: &str) -> Words {
    let taken = width::width(word) + width::width(figure) + 1 + usize::from(!figure.is_empty());
    let line = Words::of(Role::Muted, format!("{word} ")).add(Role::Faint, rule.repeat(cols.saturating_sub(taken)));
    if figure.is_empty() { line } else { line.add(Role::Muted, format!(" {figure}")) }
}

/// The remark, or what is typed.
fn note(canvas: &mut Canvas<'_>, area: Rect, home: &Home, now: Timestamp) {
    if let Over::Find(search) = &home.over {
        return prompt::search(canvas, area, search);
    }
    if let Some(said) = home.fresh_note(now) {
        footer::say(canvas, area, said);
    }
}

/// The keys that do something now, as far as there is room. A question names its own.
fn keys(canvas: &mut Canvas<'_>, area: Rect, home: &Home, layout: &Layout) {
    if matches!(home.over, Over::Question(_)) {
        return;
    }
    let place = keymap::Place::Home;
    let named = keymap::named(place, FOOTER).filter_map(|binding| Some((binding, offered(home, binding, layout)?.into())));
    let pinned: &[Action] = if home.over == Over::Nothing { &PINNED } else { &[] };
    footer::row(canvas, area, named, keymap::named(place, pinned));
}

/// The word of a key that does something now.
fn offered(home: &Home, binding: &Binding, layout: &Layout) -> Option<&'static str> {
    let on_plan = home.selected_plan().is_some();
    if home.over != Over::Nothing {
        return matches!((binding.action, &home.over), (Action::Back, Over::Help(_))).then_some(binding.short);
    }
    let is_offered = match binding.action {
        Action::Open => {
            return match &home.selected {
                Some(Entry::Run(_)) => Some("open"),
                Some(Entry::Plan(_)) if home.look().is_some_and(|looked| looked.refusal.is_none()) => Some("start"),
                Some(Entry::Demo) => Some("start"),
                Some(Entry::Plan(_)) | None => None,
            };
        }
        Action::Continue => home.selected_run().and_then(RunCard::summary).is_some_and(Summary::is_interrupted),
        Action::LookAgain => on_plan,
        Action::NextSource => on_plan && home.agents().len() > 1,
        Action::Find => home.entries().count() > 3,
        Action::Inspect => !home.own_runs().is_empty(),
        Action::FindNext => home.find.is_some(),
        Action::PageDown => layout.detail_lines > layout.detail_rows,
        _ => false,
    };
    is_offered.then_some(binding.short)
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect, home: &Home) {
    let mut flow = Flow::new(area);
    let (cols, rows) = SMALLEST;
    let lines = [
        Words::of(role(Mood::Calm), format!("{}, {}", count(home.runs().len(), "run"), count(home.plans().len(), "plan"))),
        Words::of(Role::Muted, format!("this terminal is {}x{}; {cols}x{rows} shows more", area.width, area.height)),
    ];
    for line in &lines {
        if let Some(row) = flow.row() {
            canvas.line(row, line);
        }
    }
}
