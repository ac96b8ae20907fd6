//! The values to filter by, with how many items have each.

use ratatui::layout::Rect;

use crate::text::width;
use crate::theme::Role;
use crate::ui::browse::{Browse, Choice, Facet};
use crate::ui::mouse::Hit;
use crate::ui::now::ratio;
use crate::view::canvas::{Canvas, Flow, Words};
use crate::view::parts::bar;
use crate::view::parts::dialog::dialog;

/// Columns of the dialog.
const COLS: u16 = 58;

/// Rows of values at most.
const ROWS: usize = 12;

/// Columns of a count.
const COUNT: usize = 6;

/// Columns of a value.
const VALUE: usize = 24;

/// Draws it and says how many rows of values there is room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, browse: &Browse, choice: &Choice) -> usize {
    let frame = canvas.area();
    let most = usize::from(frame.height.saturating_sub(8)).clamp(1, ROWS);
    let inside = dialog(canvas, COLS.min(frame.width.saturating_sub(4)), u16::try_from(most + 5).unwrap_or(u16::MAX));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        tabs(canvas, row, browse, choice);
    }
    flow.row();
    let top = (choice.at + 1).saturating_sub(most);
    let largest = choice.values.iter().map(|(_, n)| *n).max().unwrap_or_default();
    for nth in 0..most {
        let Some(row) = flow.row() else { return most };
        let Some((value, n)) = choice.values.get(top + nth) else { continue };
        let is_chosen = browse.filter.has(choice.facet, value);
        let sign = if is_chosen { canvas.glyphs().ok } else { " " };
        let role = if is_chosen { Role::Strong } else { Role::Text };
        let words = Words::of(Role::Good, width::fit(sign, 2))
            .add(role, width::fit(&width::middle(value, VALUE), VALUE))
            .add(role, format!("{n:>COUNT$}"));
        canvas.line(row, &words);
        let taken = u16::try_from(words.width() + 2).unwrap_or(u16::MAX);
        if taken < row.width && *n > 0 {
            let room = row.width - taken;
            let area = Rect { x: row.x.saturating_add(taken), width: room, ..row };
            bar::shares(canvas, area, &[(ratio(*n as u64, largest as u64), if is_chosen { Role::Accent } else { Role::Muted })]);
        }
        if top + nth == choice.at {
            canvas.tint(row, Role::Selected);
        }
        canvas.spot(row, Hit::Choice(top + nth));
    }
    flow.row();
    if let Some(row) = flow.row() {
        let shown = browse.tree.totals.rows();
        let figure = format!("{shown} of {} shown", browse.tree.all.rows());
        canvas.ends(row, &Words::of(Role::Accent, figure), &Words::of(Role::Muted, "space choose  Tab next  x all  Esc close"));
    }
    most
}

fn tabs(canvas: &mut Canvas<'_>, row: Rect, browse: &Browse, choice: &Choice) {
    let mut x = row.x;
    for (at, facet) in Facet::ALL.into_iter().enumerate() {
        let role = match facet {
            _ if facet == choice.facet || browse.filter.chosen.contains_key(&facet) => Role::Strong,
            _ => Role::Muted,
        };
        let chosen = browse.filter.chosen.get(&facet).map_or(0, Vec::len);
        let name = if chosen > 0 { format!("{} {chosen}", facet.name()) } else { facet.name().to_owned() };
        let wide = u16::try_from(width::width(&name)).unwrap_or(u16::MAX);
        let place = Rect { x, width: wide.min(row.right().saturating_sub(x)), ..row };
        canvas.line(place, &Words::of(role, name));
        if facet == choice.facet {
            // with a column on both sides: it is seen without colours too
            canvas.tint(Rect { x: x.saturating_sub(1), width: place.width + 2, ..place }, Role::Selected);
        }
        canvas.spot(place, Hit::Source(at));
        x = x.saturating_add(wide + 3);
    }
}
