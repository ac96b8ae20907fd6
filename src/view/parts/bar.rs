//! Bars.

use ratatui::layout::Rect;

use crate::text::width;
use crate::theme::Role;
use crate::ui::now::Budget;
use crate::view::canvas::{Canvas, Words};

/// Columns of a budget's label.
const LABEL: u16 = 7;

/// Columns between two budgets of one row.
const GAP: u16 = 3;

/// A budget in a row of its own: label, bar, figures. Without a limit there is no bar.
pub fn budget(canvas: &mut Canvas<'_>, area: Rect, budget: &Budget, figures: u16) {
    labelled(canvas, area, budget, LABEL, figures);
}

fn labelled(canvas: &mut Canvas<'_>, area: Rect, budget: &Budget, label: u16, figures: u16) {
    canvas.line(Rect { width: label.min(area.width), ..area }, &Words::of(Role::Muted, budget.label));
    let area = Rect { x: area.x.saturating_add(label), width: area.width.saturating_sub(label), ..area };
    let Some(share) = budget.share else {
        canvas.line(area, &Words::of(Role::Text, budget.says.as_str()));
        return;
    };
    let bar = area.width.saturating_sub(figures + 1);
    let role = if share >= 0.95 {
        Role::Bad
    } else if share >= 0.8 {
        Role::Warn
    } else {
        Role::Accent
    };
    shares(canvas, Rect { width: bar, ..area }, &[(share, role)]);
    let after = if bar == 0 { 0 } else { bar + 1 };
    let area = Rect { x: area.x.saturating_add(after), width: area.width.saturating_sub(after), ..area };
    canvas.line(area, &Words::of(Role::Text, budget.says.as_str()));
}

/// Columns of a budget's figures.
pub fn figures(budget: &Budget) -> u16 {
    u16::try_from(width::width(&budget.says)).unwrap_or(u16::MAX)
}

/// Columns that budgets need at least to stand beside each other.
pub fn width_beside(budgets: &[Budget]) -> u16 {
    budgets.iter().map(|budget| beside_width(budget, if budget.share.is_some() { 8 } else { 0 })).sum::<u16>().saturating_sub(GAP)
}

fn label(budget: &Budget) -> u16 {
    u16::try_from(budget.label.len()).unwrap_or(LABEL).saturating_add(1)
}

fn beside_width(budget: &Budget, bar: u16) -> u16 {
    let bar = if bar == 0 { 0 } else { bar + 1 };
    label(budget).saturating_add(bar).saturating_add(figures(budget)).saturating_add(GAP)
}

/// Budgets in one row; their bars share the room.
pub fn beside(canvas: &mut Canvas<'_>, row: Rect, budgets: &[Budget]) {
    let bars = u16::try_from(budgets.iter().filter(|budget| budget.share.is_some()).count()).unwrap_or(1).max(1);
    let text: u16 = budgets.iter().map(|budget| beside_width(budget, 0)).sum();
    let bar = (row.width.saturating_add(GAP).saturating_sub(text) / bars).saturating_sub(1).min(24);
    let mut x = row.x;
    for found in budgets {
        let wide = beside_width(found, if found.share.is_some() { bar } else { 0 });
        let area = Rect { x, width: wide.saturating_sub(GAP).min(row.right().saturating_sub(x)), ..row };
        labelled(canvas, area, found, label(found), figures(found));
        x = x.saturating_add(wide);
    }
}

/// A bar of several shares one after another; the rest is track. A share above 0 shows at least one column.
pub fn shares(canvas: &mut Canvas<'_>, area: Rect, shares: &[(f64, Role)]) {
    let glyphs = canvas.glyphs();
    canvas.fill(Rect { height: area.height.min(1), ..area }, glyphs.track, Role::Track);
    let mut x = area.x;
    let mut sum = 0.0;
    for (share, role) in shares.iter().filter(|(share, _)| *share > 0.0) {
        sum += share;
        let end = area.x.saturating_add(columns(area.width, sum)).max(x.saturating_add(1)).min(area.right());
        canvas.fill(Rect { x, width: end.saturating_sub(x), height: area.height.min(1), ..area }, glyphs.bar_of(*role), *role);
        x = end;
    }
}

/// A share of so many columns.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the width before")]
fn columns(width: u16, share: f64) -> u16 {
    (f64::from(width) * share.clamp(0.0, 1.0)).round() as u16
}
