//! Choosing what is shown: the facets, their values, and how many items have each.

use super::filter::Facet;
use super::{Browse, Over};
use crate::ui::Key;

/// The values of one facet, and the one under the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The facet.
    pub facet: Facet,
    /// Its values with how many items have them.
    pub values: Vec<(String, usize)>,
    /// The value under the cursor.
    pub at: usize,
}

/// Opens the choice, or goes to another facet.
pub(super) fn open(browse: &mut Browse, facet: Facet) {
    let values = browse.filter.values(facet, browse.rows());
    browse.over = Over::Filters(Choice { facet, values, at: 0 });
}

/// Counts anew: more items were read, or another filter is on.
pub(super) fn count(browse: &mut Browse) {
    let Over::Filters(choice) = &browse.over else { return };
    let (facet, under) = (choice.facet, choice.values.get(choice.at).map(|(value, _)| value.clone()));
    let values = browse.filter.values(facet, browse.rows());
    if let Over::Filters(choice) = &mut browse.over {
        choice.at = under.and_then(|under| values.iter().position(|(value, _)| *value == under)).unwrap_or_default();
        choice.values = values;
    }
}

/// A key while values are chosen; whether the filter changed.
pub(super) fn press(browse: &mut Browse, key: Key) -> bool {
    let Over::Filters(choice) = &mut browse.over else { return false };
    let last = choice.values.len().saturating_sub(1);
    match key {
        Key::Down | Key::Char('j') => choice.at = (choice.at + 1).min(last),
        Key::Up | Key::Char('k') => choice.at = choice.at.saturating_sub(1),
        Key::Char('g') | Key::Home => choice.at = 0,
        Key::Char('G') | Key::End => choice.at = last,
        Key::Right | Key::Char('l') | Key::Tab => {
            let to = beside(choice.facet, 1);
            open(browse, to);
        }
        Key::Left | Key::Char('h') | Key::BackTab => {
            let to = beside(choice.facet, Facet::ALL.len() - 1);
            open(browse, to);
        }
        Key::Enter | Key::Char(' ') => {
            let at = choice.at;
            return toggle(browse, at);
        }
        Key::Char('x') => {
            browse.filter.chosen.clear();
            browse.filter.text = None;
            return true;
        }
        Key::Esc | Key::Char('F' | 'q') | Key::Backspace | Key::Ctrl('c') => browse.over = Over::Nothing,
        _ => {}
    }
    false
}

/// Chooses a value of those that are listed, or no more.
pub(super) fn toggle(browse: &mut Browse, at: usize) -> bool {
    let Over::Filters(choice) = &mut browse.over else { return false };
    let Some((value, _)) = choice.values.get(at).cloned() else { return false };
    choice.at = at;
    let facet = choice.facet;
    browse.filter.toggle(facet, &value);
    true
}

fn beside(facet: Facet, by: usize) -> Facet {
    let at = Facet::ALL.iter().position(|known| *known == facet).unwrap_or_default();
    Facet::ALL.iter().copied().cycle().nth(at + by).unwrap_or(facet)
}
