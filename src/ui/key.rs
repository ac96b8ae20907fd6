//! Keys, without a terminal.

use std::borrow::Cow;

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, shifted as it comes.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Tabulator with Shift.
    BackTab,
    /// Cursor keys.
    Up,
    /// Cursor keys.
    Down,
    /// Cursor keys.
    Left,
    /// Cursor keys.
    Right,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Backspace.
    Backspace,
    /// A key without a meaning here.
    Other,
}

impl Key {
    /// Its name on the screen.
    pub fn label(self) -> Cow<'static, str> {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(char) => char.to_string().into(),
            Self::Ctrl(char) => format!("Ctrl-{}", char.to_ascii_uppercase()).into(),
            Self::Enter => "Enter".into(),
            Self::Esc => "Esc".into(),
            Self::Tab => "Tab".into(),
            Self::BackTab => "Shift-Tab".into(),
            Self::Up => "Up".into(),
            Self::Down => "Down".into(),
            Self::Left => "Left".into(),
            Self::Right => "Right".into(),
            Self::PageUp => "PgUp".into(),
            Self::PageDown => "PgDn".into(),
            Self::Home => "Home".into(),
            Self::End => "End".into(),
            Self::Backspace => "Backspace".into(),
            Self::Other => "?".into(),
        }
    }
}
