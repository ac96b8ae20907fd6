//! Bars.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::now::Budget;
use crate::view::canvas::{Canvas, Words};

/// Columns of a budget's label.
const LABEL: u16 = 7;

/// A budget: label, bar, figures. Without a limit there is no bar.
pub fn budget(canvas: &mut Canvas<'_>, area: Rect, budget: &Budget, figures: u16) {
    canvas.line(Rect { width: LABEL.min(area.width), ..area }, &Words::of(Role::Muted, budget.label));
    let area = Rect { x: area.x.saturating_add(LABEL), width: area.width.saturating_sub(LABEL), ..area };
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

/// A bar of several shares one after another; the rest is track. A share above 0 shows at least one column.
pub fn shares(canvas: &mut Canvas<'_>, area: Rect, shares: &[(f64, Role)]) {
    let glyphs = canvas.glyphs();
    canvas.fill(Rect { height: area.height.min(1), ..area }, glyphs.track, Role::Track);
    let mut x = area.x;
    let mut sum = 0.0;
    for (share, role) in shares.iter().filter(|(share, _)| *share > 0.0) {
        sum += share;
        let end = area.x.saturating_add(columns(area.width, sum)).max(x.saturating_add(1)).min(area.right());
        canvas.fill(Rect { x, width: end.saturating_sub(x), height: area.height.min(1), ..area }, glyphs.bar, *role);
        x = end;
    }
}

/// A share of so many columns.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the width before")]
fn columns(width: u16, share: f64) -> u16 {
    (f64::from(width) * share.clamp(0.0, 1.0)).round() as u16
}
