//! A line that is typed: a search, or a command.

use super::Key;
use crate::text::find::{Meaning, Pattern};

/// Longest line, in characters.
const LONGEST: usize = 500;

/// A line being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// Characters before the cursor.
    cursor: usize,
}

/// A search being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What was typed so far.
    pub line: Line,
    /// How it is meant.
    pub meaning: Meaning,
}

/// What came of a key while a search is typed.
#[derive(Debug, Clone)]
pub enum Typed {
    /// It is typed on.
    On,
    /// Nothing is searched for.
    Closed,
    /// This is searched for; `None` where nothing was typed.
    Sought(Option<Pattern>),
    /// It is no expression, in a sentence; it is typed on.
    Wrong(String),
}

impl Search {
    /// Takes a key. An empty line searches for the last one again, where there is one.
    pub fn press(&mut self, key: Key, last: Option<&Pattern>) -> Typed {
        match key {
            Key::Esc | Key::Ctrl('c') => return Typed::Closed,
            Key::Tab => self.turn(),
            Key::Enter => {
                let (text, meaning) = match last {
                    Some(last) if self.line.text().is_empty() => (last.text.as_str(), last.meaning),
                    _ => (self.line.text(), self.meaning),
                };
                return match Pattern::new(text, meaning) {
                    Ok(pattern) => Typed::Sought(Some(pattern).filter(|pattern| !pattern.text.is_empty())),
                    Err(says) => Typed::Wrong(says),
                };
            }
            _ => {
                self.line.take(key);
            }
        }
        Typed::On
    }

    /// A text becomes an expression, an expression a text.
    pub const fn turn(&mut self) {
        self.meaning = match self.meaning {
            Meaning::Text => Meaning::Regex,
            Meaning::Regex => Meaning::Text,
        };
    }
}

impl Line {
    /// What was typed so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor and behind it.
    pub fn split(&self) -> (&str, &str) {
        self.text.split_at_checked(self.byte(self.cursor)).unwrap_or((&self.text, ""))
    }

    /// Puts a text where the cursor is, as somebody who pastes; controls are left out.
    pub fn paste(&mut self, text: &str) {
        for char in text.chars().filter(|char| !char.is_control()) {
            self.put(char);
        }
    }

    /// Takes a key; whether it was one for a line.
    pub fn take(&mut self, key: Key) -> bool {
        match key {
            Key::Char(char) => self.put(char),
            Key::Backspace | Key::Ctrl('h') => self.back(1),
            Key::Ctrl('u') => self.back(self.cursor),
            Key::Ctrl('w') => {
                let (before, _) = self.split();
                let kept = before.trim_end().rfind(' ').map_or(0, |at| before.get(..=at).map_or(0, |kept| kept.chars().count()));
                self.back(self.cursor - kept.min(self.cursor));
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.len()),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.len(),
            _ => return false,
        }
        true
    }

    fn put(&mut self, char: char) {
        if self.len() < LONGEST {
            let at = self.byte(self.cursor);
            self.text.insert(at, char);
            self.cursor += 1;
        }
    }

    fn back(&mut self, chars: usize) {
        let from = self.cursor.saturating_sub(chars);
        self.text.replace_range(self.byte(from)..self.byte(self.cursor), "");
        self.cursor = from;
    }

    fn len(&self) -> usize {
        self.text.chars().count()
    }

    fn byte(&self, char: usize) -> usize {
        self.text.char_indices().nth(char).map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::default();
        line.paste("größe\n two");
        line.take(Key::Left);
        line.take(Key::Char('日'));
        assert_eq!(line.split(), ("größe tw日", "o"));
        line.take(Key::Ctrl('w'));
        assert_eq!(line.split(), ("größe ", "o"));
        line.take(Key::Backspace);
        line.take(Key::Home);
        line.take(Key::Right);
        line.take(Key::Ctrl('u'));
        assert_eq!(line.split(), ("", "rößeo"));
        assert!(!line.take(Key::Enter));
    }
}
