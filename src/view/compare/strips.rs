//! Both trajectories as strips, one letter a row of the comparison: what does the same stands in one column.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::compare::align::{How, Row};
use crate::ui::compare::{Compare, Pair, Side};
use crate::view::canvas::{Canvas, Flow, row_of};
use crate::view::parts::strip::{self, EVEN, NUMBER};

/// Draws the lines around the cursor, two rows each.
pub(super) fn draw(canvas: &mut Canvas<'_>, flow: &mut Flow, screen: &Compare, pair: &Pair) {
    let cells = usize::from(flow.rest().width).saturating_sub(NUMBER) / EVEN * EVEN;
    let all = pair.steps.len();
    if cells == 0 || all == 0 {
        return;
    }
    let most = match canvas.area().height {
        ..34 => 1,
        34..50 => 2,
        _ => 3,
    };
    let lines = all.div_ceil(cells);
    let shown = lines.min(most);
    let cursor = screen.reading().cursor;
    let top = (cursor / cells).saturating_sub(shown / 2).min(lines - shown);
    let Some(area) = flow.take(shown * 2) else { return };
    for line in 0..shown {
        let first = (top + line) * cells;
        let rows = pair.steps.get(first..(first + cells).min(all)).unwrap_or_default();
        let at = cursor.checked_sub(first).filter(|at| *at < rows.len());
        one(canvas, row_of(area, line * 2), &pair.left, rows, |row| row.left, at);
        one(canvas, row_of(area, line * 2 + 1), &pair.right, rows, |row| row.right, at);
    }
}

fn one(canvas: &mut Canvas<'_>, area: Rect, side: &Side, rows: &[Row], of: fn(&Row) -> Option<usize>, cursor: Option<usize>) {
    let steps = side.steps.as_deref().unwrap_or_default();
    let number = rows.iter().find_map(|row| steps.get(of(row)?)).map_or_else(String::new, |step| step.index.to_string());
    let none = canvas.glyphs().none;
    let words = rows.iter().fold(strip::number(&number), |words, row| match of(row).and_then(|at| steps.get(at)) {
        Some(step) => {
            // what both did stands out
            let role = Some(strip::role(step.kind)).filter(|role| row.how == How::Alone || *role != Role::Muted).unwrap_or(Role::Text);
            words.cell(role, step.kind.letter().encode_utf8(&mut [0; 4]))
        }
        None => words.cell(Role::Faint, none),
    });
    canvas.line(area, &words);
    if let Some(at) = cursor {
        canvas.cursor(Rect { x: area.x.saturating_add(u16::try_from(NUMBER + at).unwrap_or(u16::MAX)), width: 1, ..area });
    }
}
