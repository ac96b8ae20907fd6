//! A question over the screen.

use super::canvas::{Canvas, Flow, Words};
use super::parts::dialog::dialog;
use crate::text::width;
use crate::theme::Role;
use crate::ui::mouse::Hit;
use crate::ui::question::{Choice, Question};

/// Columns of the text.
const COLS: u16 = 64;
/// Columns of the keys.
const KEYS: usize = 10;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, question: &Question) {
    let cols = COLS.min(canvas.area().width.saturating_sub(4)).max(1);
    let says: Vec<String> = question.says.iter().flat_map(|says| width::wrap(says, usize::from(cols), 4)).collect();
    let cost = |choice: &Choice| width::wrap(choice.cost.as_deref().unwrap_or_default(), usize::from(cols).saturating_sub(KEYS), 2);
    let costs: usize = question.choices.iter().map(|choice| cost(choice).len()).sum();
    let rows = 1 + says.len() + 1 + question.choices.len() + costs;
    let inside = dialog(canvas, cols, u16::try_from(rows).unwrap_or(u16::MAX));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        canvas.line(row, &Words::of(Role::Strong, question.title.as_str()));
    }
    for line in says {
        // on a small screen the answers go before the explanation
        if flow.left() <= question.choices.len() {
            break;
        }
        if let Some(row) = flow.row() {
            canvas.line(row, &Words::of(Role::Text, line));
        }
    }
    if flow.left() > question.choices.len() {
        flow.row();
    }
    for (at, choice) in question.choices.iter().enumerate() {
        let Some(row) = flow.row() else { return };
        let keys: Vec<_> = choice.keys.iter().take(2).map(|key| key.label()).collect();
        let keys = width::fit(&keys.join(" "), KEYS);
        canvas.line(row, &Words::of(Role::Accent, keys).add(Role::Text, choice.label));
        canvas.spot(row, Hit::Choice(at));
        for line in cost(choice) {
            // nor do costs
            if flow.left() < question.choices.len() - at {
                break;
            }
            if let Some(row) = flow.row() {
                canvas.line(row, &Words::of(Role::Muted, format!("{:KEYS$}{line}", "")));
            }
        }
    }
}
