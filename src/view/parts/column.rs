//! A curve in columns: a block as high as the mean, a shade up to the largest value, nothing where nothing was read.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::machine::gpus::curves::Curve;
use crate::view::canvas::Canvas;

/// Eighths of a row that a shade must have to be worth it.
const WORTH: u32 = 6;

/// Draws it, a point a column; the one under the cursor is bright from its foot to its head.
pub fn columns(canvas: &mut Canvas<'_>, area: Rect, curve: &Curve, cursor: Option<usize>) {
    let glyphs = canvas.glyphs();
    let eighths = u32::from(area.height) * 8;
    for (at, (x, point)) in (area.x..area.right()).zip(&curve.points).enumerate() {
        let Some(point) = point else { continue };
        let (mean, most) = (level(curve, point.span.mean, eighths), level(curve, point.span.most, eighths));
        let role = if point.is_spoiled { Role::Warn } else { Role::Accent };
        for (row, y) in (area.y..area.bottom()).rev().enumerate() {
            let foot = u32::try_from(row).unwrap_or_default() * 8;
            let filled = mean.saturating_sub(foot).min(8);
            let cell = Rect { x, y, width: 1, height: 1 };
            // its upper edge is the curve; what lies below it only carries it
            let role = match mean > foot + 8 {
                _ if cursor == Some(at) => Role::Strong,
                true => Role::Track,
                false => role,
            };
            match usize::try_from(filled).ok().and_then(|filled| filled.checked_sub(1)).and_then(|at| glyphs.heights.get(at)) {
                Some(glyph) => canvas.fill(cell, glyph, role),
                None if most > foot && most - mean >= WORTH => canvas.fill(cell, glyphs.shade, Role::Muted),
                // what is 0 was read: it has a foot
                None if row == 0 => canvas.fill(cell, glyphs.heights.first().unwrap_or(&"_"), Role::Faint),
                None => break,
            }
        }
    }
}

/// How high a value is in eighths of a row; one that is above its foot is seen.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the height before")]
fn level(curve: &Curve, value: f64, eighths: u32) -> u32 {
    let share = ((value - curve.least) / (curve.most - curve.least)).clamp(0.0, 1.0);
    let level = (share * f64::from(eighths)).round() as u32;
    if share > 0.0 { level.max(1) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::machine::gpus::curves::Unit;

    #[test]
    fn a_value_keeps_within_its_rows() {
        let curve = Curve { name: String::new(), unit: Unit::Percent, least: 20.0, most: 100.0, points: Vec::new(), lack: None };
        let seen = [10.0, 20.0, 20.1, 60.0, 100.0, 140.0, f64::NAN].map(|value| level(&curve, value, 16));
        assert_eq!(seen, [0, 0, 1, 8, 16, 16, 0]);
    }
}
