//! The steps of both sides, a row each, and those under the cursor laid out below.

use ratatui::layout::Rect;

use super::halves;
use crate::text::count;
use crate::theme::Role;
use crate::ui::compare::align::How;
use crate::ui::compare::{Compare, Layout, Pair, Side};
use crate::ui::detected::level_at;
use crate::ui::mouse::Hit;
use crate::ui::step::{self, Shown};
use crate::view::canvas::{Canvas, Flow, Words, row_of};
use crate::view::parts::heading::heading;
use crate::view::parts::strip;
use crate::view::steps::unfolded;

/// Rows of the list at least, where steps are laid out below it.
const LIST: usize = 4;

/// Columns of a half from which a step with a call says what it thought as well.
const ROOMY: u16 = 70;

pub(super) fn draw(canvas: &mut Canvas<'_>, mut flow: Flow, screen: &Compare, pair: &Pair, layout: &mut Layout) {
    if let Some(row) = flow.row() {
        let (left, _, right) = halves(row);
        for (area, side) in [(left, &pair.left), (right, &pair.right)] {
            let figure = match (&side.steps, side.unread_steps()) {
                (Some(steps), _) => count(steps.len(), "step"),
                (None, Some(unread)) => format!("{}, not read", count(usize::try_from(unread).unwrap_or(usize::MAX), "step")),
                (None, None) => "no steps".to_owned(),
            };
            heading(canvas, area, &side.name, &figure);
        }
    }
    let room = flow.left();
    let for_list = if screen.detail.is_some() { (room * 2 / 5).max(LIST).min(room) } else { room };
    let Some(list) = flow.take(for_list.min(room)) else { return };
    layout.rows = usize::from(list.height);
    let reading = screen.reading();
    for (nth, row) in pair.steps.iter().enumerate().skip(reading.top).take(layout.rows) {
        let place = row_of(list, nth - reading.top);
        let (left, middle, right) = halves(place);
        half(canvas, left, &pair.left, row.left);
        half(canvas, right, &pair.right, row.right);
        let wall = canvas.glyphs().wall;
        let (role, mark) = match row.how {
            How::Same => (Role::Good, "="),
            How::Parted => (Role::Warn, "≠"),
            How::Like => (Role::Accent, "≈"),
            How::Alone => (Role::Faint, wall),
        };
        canvas.line(middle, &Words::of(role, format!(" {mark} ")));
        if nth == reading.cursor {
            canvas.tint(place, Role::Selected);
        }
        canvas.mark(place, screen.find.as_ref());
        canvas.spot(place, Hit::Choice(nth));
    }
    if let Some(top) = screen.detail {
        detail(canvas, flow.rest(), screen, pair, top, layout);
    }
}

fn step_of(side: &Side, at: Option<usize>) -> Option<&Shown> {
    side.steps.as_ref()?.get(at?)
}

/// `  14 E■ edit  core/scheduler.py`
fn half(canvas: &mut Canvas<'_>, area: Rect, side: &Side, at: Option<usize>) {
    let Some(step) = step_of(side, at) else { return };
    let digits = side.steps.iter().flatten().next_back().map_or(1, |last| last.index.to_string().len());
    let glyphs = canvas.glyphs();
    let mut words = Words::of(Role::Muted, format!("{:>digits$} ", step.index)).add(strip::role(step.kind), step.kind.letter().to_string());
    words = match strip::mark(&glyphs, level_at(&side.spans, step.index)) {
        Some((role, glyph, _)) => words.add(role, glyph).add(Role::Text, " "),
        None => words.add(Role::Text, "  "),
    };
    let words = match step.main_call() {
        Some(call) => {
            let role = if call.result.as_ref().is_some_and(|result| result.how == step::How::Badly) { Role::Bad } else { Role::Accent };
            let others = if step.calls.len() > 1 { format!(" +{}", step.calls.len() - 1) } else { String::new() };
            let words = words.add(role, call.word.as_str()).add(Role::Muted, others).add(Role::Text, format!("  {}", call.gist));
            // what it thought of it, where there is room
            if area.width >= ROOMY { words.add(Role::Muted, format!("   {}", step.title())) } else { words }
        }
        None => words.add(if step.error.is_some() { Role::Bad } else { Role::Text }, step.title()),
    };
    canvas.line(area, &words);
}

/// The steps under the cursor, whole.
fn detail(canvas: &mut Canvas<'_>, area: Rect, screen: &Compare, pair: &Pair, top: usize, layout: &mut Layout) {
    let Some(row) = pair.steps.get(screen.reading().cursor) else { return };
    let mut flow = Flow::new(area);
    let Some(head) = flow.row() else { return };
    let rest = flow.rest();
    let ((left_head, _, right_head), (left, middle, right)) = (halves(head), halves(rest));
    layout.detail_rows = usize::from(rest.height);
    for (head, area, side, at) in [(left_head, left, &pair.left, row.left), (right_head, right, &pair.right, row.right)] {
        let Some(step) = step_of(side, at) else {
            heading(canvas, head, "nothing here", "");
            continue;
        };
        heading(
            canvas,
            head,
            &format!("step {}", step.index),
            &if step.tokens > 0 { format!("{} tokens", crate::text::tokens(step.tokens)) } else { String::new() },
        );
        let level = level_at(&side.spans, step.index);
        let lines = unfolded(canvas, area, step, level, top, screen.find.as_ref());
        layout.detail_lines = layout.detail_lines.max(lines);
    }
    crate::view::parts::heading::wall(canvas, Rect { x: middle.x.saturating_add(1), width: 1, ..middle });
}
