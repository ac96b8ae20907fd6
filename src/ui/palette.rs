//! The command palette: everything that can be done here, found by its name. Made from the keymap.

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
    /// What can be chosen: the keys of a place that do something now, those whose name begins like what was typed first.
    pub fn rows(&self, place: Place, is_offered: impl Fn(Action) -> bool) -> Vec<&'static Binding> {
        let typed = self.line.text().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        // moving about has its keys, and the palette itself is no command
        let moves = [Action::Command, Action::Down, Action::Up, Action::Left, Action::Right];
        let says = |binding: &Binding| format!("{} {}", binding.short, binding.sentence()).to_lowercase();
        let mut rows: Vec<&Binding> = KEYMAP
            .iter()
            .filter(|binding| binding.is_in(place) && !moves.contains(&binding.action) && is_offered(binding.action))
            .filter(|binding| words.iter().all(|word| says(binding).contains(word)))
            .collect();
        rows.sort_by_key(|binding| words.first().is_some_and(|word| !says(binding).trim_start().starts_with(word)));
        rows
    }

    /// Takes a key, with so many rows to choose from.
    pub fn take(&mut self, key: Key, rows: &[&'static Binding]) -> Taken {
        match key {
            Key::Esc | Key::Ctrl('c') => return Taken::Closed,
            Key::Enter => return rows.get(self.at).map_or(Taken::Closed, |binding| Taken::Chosen(binding.action)),
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

    fn typed(text: &str) -> Palette {
        let mut palette = Palette::default();
        palette.line.paste(text);
        palette
    }

    #[test]
    fn words_find_what_can_be_done() {
        let rows = |text: &str| typed(text).rows(Place::Queue, |_| true).iter().map(|binding| binding.action).collect::<Vec<_>>();
        assert_eq!(rows("skip").first(), Some(&Action::Skip));
        assert_eq!(rows("MOUSE"), [Action::Mouse]);
        assert_eq!(rows("item again"), [Action::Retry]);
        assert_eq!(rows("no such thing"), []);
        assert!(!rows("").contains(&Action::Down));
        assert!(typed("skip").rows(Place::Queue, |action| action != Action::Skip).is_empty());
    }

    #[test]
    fn a_row_is_chosen_by_arrows_and_enter() {
        let mut palette = typed("retry");
        let rows = palette.rows(Place::Agent, |_| true);
        palette.take(Key::Down, &rows);
        assert_eq!(palette.take(Key::Enter, &rows), Taken::Chosen(rows.get(1).map_or(Action::Help, |row| row.action)));
        assert_eq!(typed("").take(Key::Backspace, &rows), Taken::Closed);
        assert_eq!(typed("zzz").take(Key::Enter, &[]), Taken::Closed);
    }
}
