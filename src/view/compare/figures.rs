//! The figures of both sides: as many as fit above the steps, or all of them.

use ratatui::layout::Rect;

use crate::text::width;
use crate::theme::Role;
use crate::ui::compare::{Compare, Figure, Layout, Pair, Told};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words, row_of};
use crate::view::parts::heading::heading;

/// Columns of a name, a figure, and a difference, with a blank behind each.
const NAME: usize = 11;
const FIGURE: usize = 10;
const MORE: usize = 7;

/// Columns of a block, and the gap behind it.
const BLOCK: usize = NAME + FIGURE * 2 + MORE;
const GAP: usize = 2;

/// Above the steps: in as many blocks as stand side by side, in few rows.
pub(super) fn grid(canvas: &mut Canvas<'_>, flow: &mut Flow, pair: &Pair) {
    let all: Vec<&Figure> = pair.figures.iter().collect();
    let blocks = ((usize::from(flow.rest().width) + GAP) / (BLOCK + GAP)).max(1);
    let height = canvas.area().height;
    let most = match height {
        ..30 => 3,
        30..45 => 5,
        _ => 8,
    };
    let rows = all.len().div_ceil(blocks).min(most);
    if rows == 0 {
        return;
    }
    if height >= 30
        && let Some(row) = flow.row()
    {
        heading(canvas, row, "figures: left, right, and what the right one has more", "");
    }
    let Some(area) = flow.take(rows) else { return };
    for (at, figure) in all.into_iter().take(rows * blocks).enumerate() {
        let x = u16::try_from(at / rows * (BLOCK + GAP)).unwrap_or(u16::MAX);
        let place = Rect { x: area.x.saturating_add(x), width: u16::try_from(BLOCK).unwrap_or(u16::MAX), ..row_of(area, at % rows) };
        canvas.line(place, &line(figure, NAME, FIGURE, MORE));
    }
}

/// A figure of both, in columns of this width.
fn line(figure: &Figure, name: usize, cols: usize, more: usize) -> Words {
    let fit = |text: &str, cols: usize| format!("{} ", width::fit(text, cols.saturating_sub(1)));
    let apart = figure.left.more(&figure.right);
    let is_same = figure.left == figure.right;
    let role = |told: &Told| if *told == Told::Unknown || is_same { Role::Muted } else { Role::Text };
    let words = Words::of(Role::Muted, fit(&figure.name, name));
    if let (Told::Word(left), Told::Word(right)) = (&figure.left, &figure.right) {
        // words have no difference, and where they are long its room
        let wide = if width::width(left) < cols { cols } else { cols + more / 2 };
        return words.add(role(&figure.left), fit(left, wide)).add(role(&figure.right), width::fit(right, cols * 2 + more - wide));
    }
    let words = words.add(role(&figure.left), fit(&figure.left.text(), cols));
    if apart.is_empty() {
        // a word has the room of its difference as well
        return words.add(role(&figure.right), width::fit(&figure.right.text(), cols + more));
    }
    // a figure is not cut where its blank is all that is too much
    let apart = if width::width(&apart) > more { apart.replace(' ', "") } else { apart };
    words
        .add(role(&figure.right), fit(&figure.right.text(), cols))
        .add(if is_same { Role::Muted } else { Role::Accent }, width::fit(&apart, more))
}

/// All of them, a row each.
pub(super) fn table(canvas: &mut Canvas<'_>, mut flow: Flow, screen: &Compare, pair: &Pair, layout: &mut Layout) {
    const NAMES: usize = 20;
    const APART: usize = 10;
    let wide = usize::from(flow.rest().width);
    // short figures stand near each other, long ones have what there is
    let longest = pair.figures.iter().flat_map(|figure| [width::width(&figure.left.text()), width::width(&figure.right.text())]).max();
    let cols = (longest.unwrap_or_default() + 3).clamp(24, (wide.saturating_sub(NAMES + APART) / 2).max(24));
    if let Some(row) = flow.row() {
        let names = [&pair.left.name, &pair.right.name].map(|name| width::fit(name, cols - 1));
        let [left, right] = names;
        let words =
            Words::of(Role::Muted, width::fit("", NAMES)).add(Role::Strong, format!("{left} ")).add(Role::Strong, format!("{right} "));
        canvas.line(row, &words.add(Role::Muted, "difference"));
    }
    for (name, side) in [("left", &pair.left), ("right", &pair.right)] {
        if let Some(row) = flow.row() {
            let from = width::middle(&side.from, wide.saturating_sub(NAMES)).into_owned();
            canvas.line(row, &Words::of(Role::Muted, width::fit(name, NAMES)).add(Role::Muted, from));
        }
    }
    let area = flow.rest();
    layout.rows = usize::from(area.height);
    let reading = screen.reading();
    for (nth, figure) in pair.figures.iter().enumerate().skip(reading.top).take(layout.rows) {
        let place = row_of(area, nth - reading.top);
        canvas.line(place, &line(figure, NAMES, cols, APART));
        if nth == reading.cursor {
            canvas.tint(place, Role::Selected);
        }
        canvas.mark(place, screen.find.as_ref());
        canvas.spot(place, Hit::Choice(nth));
    }
}
