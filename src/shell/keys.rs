//! Keys and mouse of a terminal → those of the screen.

use termina::event::{KeyCode, KeyEvent, KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::ui::mouse::Did;
use crate::ui::{Key, Mouse};

/// What was pressed; `None` for releases.
pub fn key(event: &KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let control = event.modifiers.contains(Modifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(char) if control => Key::Ctrl(char.to_ascii_lowercase()),
        KeyCode::Char(_) if event.modifiers.contains(Modifiers::ALT) => Key::Other,
        KeyCode::Char(char) => Key::Char(char),
        KeyCode::Enter => Key::Enter,
        KeyCode::Escape => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Backspace => Key::Backspace,
        _ => Key::Other,
    })
}

/// What the mouse did; `None` for what means nothing here.
pub fn mouse(event: MouseEvent) -> Option<Mouse> {
    let did = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Did::Click,
        MouseEventKind::ScrollUp => Did::WheelUp,
        MouseEventKind::ScrollDown => Did::WheelDown,
        _ => return None,
    };
    Some(Mouse { did, x: event.column, y: event.row })
}
