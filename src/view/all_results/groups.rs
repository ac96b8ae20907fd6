//! The groups of the table: each in a row with its bar, or all of them in few rows.

use ratatui::layout::Rect;

use crate::domain::{Quadrant, Rung};
use crate::text::width;
use crate::theme::Role;
use crate::ui::State;
use crate::ui::all_results::{Class, Group};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words};
use crate::view::parts::bar::shares;

/// Columns of a group's name at most.
const NAME: usize = 30;

/// Columns of a bar at most.
const BAR: u16 = 40;

/// Rows of groups that stand one behind the other.
const CHIPS: usize = 3;

/// Below so many rows there is one row of them.
const LOW: usize = 10;

/// The colour of a group: what is good, what is not.
pub(super) const fn role_of(group: &Group) -> Role {
    match group {
        Group::Class(class) => class_role(*class),
        Group::Quadrant(Some(Quadrant::TrueSuccess)) | Group::Rung(Some(Rung::BeyondNoise)) => Role::Good,
        Group::Quadrant(Some(Quadrant::GoodIntent | Quadrant::LuckyWin)) => Role::Warn,
        Group::Quadrant(Some(Quadrant::Failure)) | Group::Failure(Some(_)) => Role::Bad,
        Group::Quadrant(None) | Group::Failure(None) | Group::Kind(None) | Group::Rung(None) => Role::Muted,
        Group::Kind(Some(_)) | Group::Rung(Some(_)) | Group::Agent(_) => Role::Text,
    }
}

/// The colour of a class.
pub(super) const fn class_role(class: Class) -> Role {
    match class {
        Class::Beats => Role::Good,
        Class::Similar => Role::Text,
        Class::Worse | Class::Incomparable => Role::Warn,
        Class::NoNumbers => Role::Bad,
        Class::ToCome => Role::Muted,
    }
}

/// A row a group, below one for all of them.
pub(super) fn bars(canvas: &mut Canvas<'_>, area: Rect, state: &State, groups: &[(Group, usize)]) {
    let mut flow = Flow::new(area);
    let all: usize = groups.iter().map(|(_, n)| n).sum();
    let name = groups.iter().map(|(group, _)| width::width(&group.name())).max().unwrap_or_default().clamp(8, NAME);
    let is_funnel = groups.iter().any(|(group, _)| matches!(group, Group::Rung(_)));
    if let Some(row) = flow.row() {
        let head = if is_funnel { format!("{:>5} end there, {all} in all", "") } else { format!("{all:>5} in all") };
        canvas.line(row, &Words::of(Role::Muted, format!(" {}", width::fit("", name))).add(Role::Muted, head));
    }
    let rows = flow.left();
    let chosen = state.all_results.chosen();
    // the chosen one is always seen
    let at = chosen.and_then(|chosen| groups.iter().position(|(group, _)| group == chosen)).unwrap_or_default();
    let skip = (at + 1).saturating_sub(rows);
    for (nth, (group, n)) in groups.iter().enumerate().skip(skip).take(rows) {
        let Some(row) = flow.row() else { return };
        let role = if *n == 0 { Role::Muted } else { role_of(group) };
        let words = Words::of(role, format!(" {}", width::fit(&group.name(), name))).add(Role::Text, format!("{n:>5} "));
        canvas.line(row, &words);
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX);
        let bar = Rect { x: row.x.saturating_add(wide), width: row.width.saturating_sub(wide + 7).min(BAR), ..row };
        // of a ladder the bar is what came at least so far
        let reached: usize = if is_funnel { groups.iter().skip(nth).map(|(_, n)| n).sum() } else { *n };
        let share = share(reached, all);
        shares(canvas, bar, &[(share, if role == Role::Text { Role::Accent } else { role })]);
        let after = Rect { x: bar.right(), width: row.right().saturating_sub(bar.right()), ..row };
        canvas.line(after, &Words::of(Role::Muted, format!("{:>5.0} %", share * 100.0)));
        if chosen == Some(group) {
            canvas.tint(row, Role::Selected);
        }
        canvas.spot(row, Hit::Group(group.clone()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "so many items are not in a plan")]
fn share(n: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { n as f64 / all as f64 }
}

/// All groups one behind the other, in as few rows as they need.
pub(super) fn chips(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, groups: &[(Group, usize)]) {
    let mut row = None;
    let mut rows = 0;
    let mut x = 0;
    let most = if flow.left() < LOW { 1 } else { CHIPS };
    for (group, n) in groups {
        let role = if *n == 0 { Role::Muted } else { role_of(group) };
        let words = Words::of(Role::Text, format!(" {n} ")).add(role, format!("{} ", group.name()));
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX);
        let has_room = row.is_some_and(|row: Rect| x + wide <= row.right());
        if !has_room {
            rows += 1;
            row = if rows > most { None } else { flow.row() };
            let Some(next) = row else { return };
            x = next.x;
        }
        let Some(line) = row else { return };
        let place = Rect { x, width: wide.min(line.right().saturating_sub(x)), ..line };
        canvas.line(place, &words);
        if state.all_results.chosen() == Some(group) {
            canvas.tint(place, Role::Selected);
        }
        canvas.spot(place, Hit::Group(group.clone()));
        x += wide + 1;
    }
}
