//! Two attempts beside each other: what it comes to, the figures, the strips, and the steps or patches of both.

mod figures;
mod patches;
mod steps;
mod strips;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, inset};
use super::parts::heading::rule;
use super::{footer, help, prompt};
use crate::text::width;
use crate::theme::{Role, Theme};
use crate::ui::Action;
use crate::ui::apart::Apart;
use crate::ui::compare::{Compare, Layout, Over, Pair, Sheet};
use crate::ui::keymap::{self, Binding, FOOTER, PINNED};
use crate::ui::mouse::{Hit, Spot};

/// The smallest frame that is worth drawing.
const SMALLEST: (u16, u16) = (40, 10);

/// From this width on patches stand side by side.
pub const SIDE_BY_SIDE: u16 = 100;

/// Columns between the two halves.
const MIDDLE: u16 = 3;

/// Draws a frame and says how much room its regions had.
pub fn draw(buffer: &mut Buffer, screen: &Compare, theme: &Theme, now: Timestamp) -> (Layout, Vec<Spot>) {
    let mut canvas = Canvas::new(buffer, theme, &screen.masker);
    let area = canvas.area();
    let mut layout = Layout { is_wide: area.width >= SIDE_BY_SIDE, ..Layout::default() };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (cols, rows) = SMALLEST;
        let says = format!("this terminal is {}x{}; {cols}x{rows} shows the comparison", area.width, area.height);
        canvas.line(area, &Words::of(Role::Muted, says));
        return (layout, canvas.spots());
    }
    let mut flow = Flow::new(inset(area, 1));
    if let Some(row) = flow.row() {
        title(&mut canvas, row, screen);
    }
    if let Some(row) = flow.row() {
        rule(&mut canvas, Rect { x: 0, width: area.width, ..row });
    }
    let body = Rect { height: flow.rest().height.saturating_sub(2), ..flow.rest() };
    layout.help_rows = usize::from(body.height);
    match (&screen.over, &screen.pair) {
        (Over::Help(top), _) => layout.help_lines = help::draw(&mut canvas, body, *top, keymap::Place::Compare, None).0,
        (_, Some(pair)) => body_of(&mut canvas, body, screen, pair, &mut layout),
        (_, None) => nothing(&mut canvas, body, screen),
    }
    let bottom = Rect { y: body.bottom(), height: 1, ..body };
    if let Over::Find(search) = &screen.over {
        prompt::search(&mut canvas, bottom, search);
    } else if let Some(said) = screen.fresh_note(now) {
        footer::say(&mut canvas, bottom, said);
    }
    keys(&mut canvas, Rect { y: bottom.y.saturating_add(1), ..bottom }, screen);
    (layout, canvas.spots())
}

/// `trae gpt-5 │ human        steps  patches  figures`
fn title(canvas: &mut Canvas<'_>, row: Rect, screen: &Compare) {
    let mut tabs = Words::new();
    let mut chosen = None;
    let all: usize = Sheet::ALL.iter().map(|sheet| sheet.name().len() + 2).sum::<usize>() - 2;
    let mut x = row.right().saturating_sub(u16::try_from(all).unwrap_or(u16::MAX));
    for (at, sheet) in Sheet::ALL.into_iter().enumerate() {
        let role = if sheet == screen.sheet { Role::Strong } else { Role::Muted };
        tabs = tabs.add(Role::Text, if at > 0 { "  " } else { "" }).add(role, sheet.name());
        let wide = u16::try_from(sheet.name().len()).unwrap_or(u16::MAX);
        canvas.spot(Rect { x, width: wide, ..row }, Hit::Source(at));
        if sheet == screen.sheet {
            // as the screens of a run: it is seen without colours too
            let before = u16::from(x > row.x);
            chosen = Some(Rect { x: x - before, width: wide + before + 1, ..row });
        }
        x = x.saturating_add(wide + 2);
    }
    let names = match &screen.pair {
        Some(pair) => {
            let between = format!(" {} ", canvas.glyphs().wall);
            let (left, right) = (&pair.left, &pair.right);
            let names = Words::of(Role::Strong, left.name.as_str()).add(Role::Faint, between).add(Role::Strong, right.name.as_str());
            let item = [left, right].into_iter().map(|side| side.item.as_str()).find(|item| !item.is_empty()).unwrap_or_default();
            names.add(Role::Muted, if item.is_empty() { String::new() } else { format!("   {item}") })
        }
        None => Words::of(Role::Strong, "comparison"),
    };
    canvas.ends(row, &names, &tabs);
    if let Some(chosen) = chosen {
        canvas.tint(chosen, Role::Selected);
    }
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect, screen: &Compare) {
    let (role, says) = match &screen.trouble {
        Some(says) => (Role::Bad, says.as_str()),
        None => (Role::Muted, "reading both sides…"),
    };
    told(canvas, &mut Flow::new(area), role, says, usize::from(area.height));
}

/// A sentence over as many rows as it needs.
fn told(canvas: &mut Canvas<'_>, flow: &mut Flow, role: Role, says: &str, most: usize) {
    for line in width::wrap(says, usize::from(flow.rest().width), most) {
        if let Some(row) = flow.row() {
            canvas.line(row, &Words::of(role, line));
        }
    }
}

fn body_of(canvas: &mut Canvas<'_>, area: Rect, screen: &Compare, pair: &Pair, layout: &mut Layout) {
    let mut flow = Flow::new(area);
    let most = if area.height < 26 { 3 } else { 4 };
    told(canvas, &mut flow, Role::Text, &pair.says.join("; "), most);
    match screen.sheet {
        Sheet::Steps => {
            figures::grid(canvas, &mut flow, pair);
            strips::draw(canvas, &mut flow, screen, pair);
            steps::draw(canvas, flow, screen, pair, layout);
        }
        Sheet::Patches => patches::draw(canvas, flow, screen, pair, layout),
        Sheet::Figures => figures::table(canvas, flow, screen, pair, layout),
    }
}

/// The two halves of an area, and what lies between them.
fn halves(area: Rect) -> (Rect, Rect, Rect) {
    let wide = area.width.saturating_sub(MIDDLE) / 2;
    let middle = area.x.saturating_add(wide);
    let right = middle.saturating_add(MIDDLE);
    (
        Rect { width: wide, ..area },
        Rect { x: middle, width: MIDDLE, ..area },
        Rect { x: right, width: area.right().saturating_sub(right), ..area },
    )
}

/// The keys that do something now, as far as there is room.
fn keys(canvas: &mut Canvas<'_>, area: Rect, screen: &Compare) {
    let place = keymap::Place::Compare;
    let named = keymap::named(place, FOOTER).filter(|binding| is_offered(screen, binding)).map(|binding| (binding, binding.short.into()));
    let pinned: &[Action] = if screen.over == Over::Nothing { &PINNED } else { &[] };
    footer::row(canvas, area, named, keymap::named(place, pinned));
}

fn is_offered(screen: &Compare, binding: &Binding) -> bool {
    if screen.over != Over::Nothing {
        return matches!((binding.action, &screen.over), (Action::Back, Over::Help(_)));
    }
    match binding.action {
        Action::Back => screen.detail.is_some() || screen.find.is_some(),
        _ if screen.pair.is_none() => false,
        Action::Open => screen.sheet == Sheet::Steps && screen.rows() > 0,
        Action::FindNext => screen.find.is_some(),
        Action::PageDown => screen.rows() > screen.layout.rows,
        _ => true,
    }
}
