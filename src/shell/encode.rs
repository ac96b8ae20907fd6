//! Changed cells → bytes for a terminal. Nothing changed → no byte.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::text::width;

/// What turns the frame `old` into `new`; empty when they are the same.
pub fn changes(old: &Buffer, new: &Buffer) -> Vec<u8> {
    let mut out = String::new();
    let mut at = None;
    let mut look: Option<(Color, Color, Modifier)> = None;
    each_change(old, new, |x, y, cell| {
        if at != Some((x, y)) {
            let _ = write!(out, "\u{1b}[{};{}H", y.saturating_add(1), x.saturating_add(1));
        }
        let next = (cell.fg, cell.bg, cell.modifier);
        if look != Some(next) {
            style(&mut out, cell);
            look = Some(next);
        }
        out.push_str(cell.symbol());
        at = Some((x.saturating_add(columns(cell)), y));
    });
    if look.is_some() {
        out.push_str("\u{1b}[0m");
    }
    out.into_bytes()
}

/// A row of cells as a line of text with its colours.
pub fn line(row: &Buffer) -> String {
    let mut out = String::new();
    for cell in row.content() {
        style(&mut out, cell);
        out.push_str(cell.symbol());
    }
    out.push_str("\u{1b}[0m");
    out
}

/// Hands out the cells that differ. What a wide character covered or uncovers counts as different: terminals disagree
/// on what half of one leaves behind.
fn each_change(old: &Buffer, new: &Buffer, mut each: impl FnMut(u16, u16, &Cell)) {
    let area = new.area.intersection(old.area);
    for y in area.top()..area.bottom() {
        let (mut x, mut stale_until) = (area.left(), area.left());
        while x < area.right() {
            let (Some(cell), Some(before)) = (new.cell((x, y)), old.cell((x, y))) else { return };
            let end = x.saturating_add(columns(cell)).min(area.right());
            if cell != before || x < stale_until {
                each(x, y, cell);
                let covered = (x..end).filter_map(|x| Some(x.saturating_add(columns(old.cell((x, y))?))));
                stale_until = covered.fold(stale_until, u16::max);
            }
            x = end;
        }
    }
}

/// Columns of a cell's character.
fn columns(cell: &Cell) -> u16 {
    let symbol = cell.symbol();
    if symbol.len() == 1 { 1 } else { u16::try_from(width::width(symbol)).unwrap_or(1).max(1) }
}

/// Everything that a cell's style says, from nothing.
fn style(out: &mut String, cell: &Cell) {
    out.push_str("\u{1b}[0");
    let marks =
        [(Modifier::BOLD, ";1"), (Modifier::DIM, ";2"), (Modifier::ITALIC, ";3"), (Modifier::UNDERLINED, ";4"), (Modifier::REVERSED, ";7")];
    for (_, code) in marks.iter().filter(|(mark, _)| cell.modifier.contains(*mark)) {
        out.push_str(code);
    }
    colour(out, cell.fg, 30);
    colour(out, cell.bg, 40);
    out.push('m');
}

/// A colour; `base` is 30 for the foreground and 40 for the background.
fn colour(out: &mut String, colour: Color, base: u8) {
    let plain = match colour {
        Color::Reset => return,
        Color::Rgb(red, green, blue) => {
            let _ = write!(out, ";{};2;{red};{green};{blue}", base + 8);
            return;
        }
        Color::Indexed(index) => {
            let _ = write!(out, ";{};5;{index}", base + 8);
            return;
        }
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
    };
    let _ = write!(out, ";{}", base + plain);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn frame(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 1, text, Style::new().fg(Color::Indexed(9)));
        buffer
    }

    #[test]
    fn the_same_frame_costs_nothing() {
        assert_eq!(changes(&frame("abc"), &frame("abc")), Vec::<u8>::new());
    }

    #[test]
    fn one_cell_costs_one_move_and_one_style() {
        let bytes = changes(&frame("0:41"), &frame("0:42"));
        assert_eq!(String::from_utf8_lossy(&bytes), "\u{1b}[2;4H\u{1b}[0;38;5;9m2\u{1b}[0m");
    }

    #[test]
    fn a_wide_character_moves_the_cursor_by_two() {
        let mut parser = vt100::Parser::new(2, 20, 0);
        parser.process(&changes(&frame(""), &frame("日本x")));
        assert_eq!(parser.screen().contents(), "\n日本x");
    }

    proptest! {
        #[test]
        fn a_terminal_shows_every_frame_as_it_was_meant(texts in proptest::collection::vec("[ab 日本🎉é]{0,10}", 1..8)) {
            let mut parser = vt100::Parser::new(2, 20, 0);
            let mut old = frame("");
            for text in texts {
                let new = frame(&text);
                parser.process(&changes(&old, &new));
                let meant = format!("\n{}", text.trim_end());
                let seen = parser.screen().contents();
                prop_assert_eq!(seen.trim_end(), meant.trim_end());
                old = new;
            }
        }
    }
}
