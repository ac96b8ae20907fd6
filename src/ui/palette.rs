//! The command palette: everything that can be done here, found by its name. Made from the keymap.

use std::borrow::Cow;

use super::keymap::{Binding, KEYMAP, Place};
use super::prompt::Line;
use super::{Action, Key};

/// A palette that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed so far.
    pub line: Line,
    /// The chosen row, by its position.
    pub at: usize,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name, as in the footer.
    pub name: Cow<'static, str>,
    /// What it does, in a sentence.
    pub says: &'static str,
    /// Its keys, as many as there is room for.
    pub keys: String,
    /// What is done.
    pub action: Action,
}

/// Columns of the keys.
const KEYS: usize = 11;

/// What has its key before everybody's eyes, or is one of those that only move.
const LEFT_OUT: [Action; 7] = [Action::Open, Action::Back, Action::Help, Action::Quit, Action::Command, Action::FindNext, Action::PageDown];

/// What a key did to the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It stays open.
    Open,
    /// It closes.
    Closed,
    /// It closes, and this is to be done.
    Chosen(Action),
}

impl Palette {
    /// What can be chosen: what `offer` names and tells of the keys of a place, those whose name begins like what was typed first.
    pub fn rows(&self, place: Place, offer: impl Fn(&Binding) -> Option<(Cow<'static, str>, &'static str)>) -> Vec<Row> {
        let typed = self.line.text().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let named = |binding: &&Binding| binding.is_in(place) && !binding.short.is_empty() && !LEFT_OUT.contains(&binding.action);
        let row = |binding: &Binding| {
            let (name, says) = offer(binding)?;
            Some(Row { name, says, keys: binding.keys_label(KEYS), action: binding.action })
        };
        let is_meant = |row: &Row| {
            let told = format!("{} {}", row.name, row.says).to_lowercase();
            words.iter().all(|word| told.contains(word))
        };
        let mut rows: Vec<Row> = KEYMAP.iter().filter(named).filter_map(row).filter(is_meant).collect();
        rows.sort_by_key(|row| words.first().is_some_and(|word| !row.name.to_lowercase().starts_with(word)));
        rows
    }

    /// Takes a key, with so many rows to choose from.
    pub fn take(&mut self, key: Key, rows: &[Row]) -> Taken {
        match key {
            Key::Esc | Key::Ctrl('c') => return Taken::Closed,
            Key::Enter => return rows.get(self.at).map_or(Taken::Closed, |row| Taken::Chosen(row.action)),
            Key::Down | Key::Tab | Key::Ctrl('n') => self.at = (self.at + 1).min(rows.len().saturating_sub(1)),
            Key::Up | Key::BackTab | Key::Ctrl('p') => self.at = self.at.saturating_sub(1),
            Key::Backspace if self.line.text().is_empty() => return Taken::Closed,
            _ => {
                if self.line.take(key) {
                    self.at = 0;
                }
            }
        }
        Taken::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(binding: &Binding) -> (Cow<'static, str>, &'static str) {
        (binding.short.into(), binding.sentence())
    }

    fn typed(text: &str) -> Palette {
        let mut palette = Palette::default();
        palette.line.paste(text);
        palette
    }

    #[test]
    fn words_find_what_can_be_done() {
        let rows = |text: &str| typed(text).rows(Place::Queue, |row| Some(all(row))).iter().map(|row| row.action).collect::<Vec<_>>();
        assert_eq!(rows("skip").first(), Some(&Action::Skip));
        assert_eq!(rows("MOUSE"), [Action::Mouse]);
        assert_eq!(rows("item again"), [Action::Retry]);
        assert_eq!(rows("no such thing"), []);
        assert_eq!(rows("re").first(), Some(&Action::RetryStage));
        assert!([Action::Down, Action::Open, Action::Quit, Action::PreviousProblem].iter().all(|left_out| !rows("").contains(left_out)));
        assert!(typed("skip").rows(Place::Queue, |_| None).is_empty());
    }

    #[test]
    fn a_row_is_chosen_by_arrows_and_enter() {
        let mut palette = typed("retry");
        let rows = palette.rows(Place::Agent, |row| Some(all(row)));
        palette.take(Key::Down, &rows);
        assert_eq!(palette.take(Key::Enter, &rows), Taken::Chosen(rows.get(1).map_or(Action::Help, |row| row.action)));
        assert_eq!(typed("").take(Key::Backspace, &rows), Taken::Closed);
        assert_eq!(typed("zzz").take(Key::Enter, &[]), Taken::Closed);
    }
}
