//! Colours that programs asked for, brought down to what the terminal has.

use ratatui::style::{Color, Modifier, Style};

use super::Depth;
use crate::text::ansi::{Colour, Ink, Look};

/// The sixteen, in their order.
const SIXTEEN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// What xterm shows for them: the nearest one stands for a colour that a terminal of sixteen does not have.
const SEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The style for an ink.
pub(super) fn style(ink: Ink, depth: Depth) -> Style {
    let looks = [
        (Look::Bold, Modifier::BOLD),
        (Look::Dim, Modifier::DIM),
        (Look::Italic, Modifier::ITALIC),
        (Look::Underline, Modifier::UNDERLINED),
        (Look::Reverse, Modifier::REVERSED),
    ];
    let colour = |colour: Option<Colour>| colour.and_then(|colour| shown(colour, depth));
    let style = Style { fg: colour(ink.fg), bg: colour(ink.bg), ..Style::new() };
    looks.into_iter().filter(|(look, _)| ink.has(*look)).fold(style, |style, (_, modifier)| style.add_modifier(modifier))
}

fn shown(colour: Colour, depth: Depth) -> Option<Color> {
    match (colour, depth) {
        (_, Depth::Mono) => None,
        (Colour::Named(n), _) => SIXTEEN.get(usize::from(n)).copied(),
        (Colour::Indexed(n), Depth::Sixteen) => nearest(rgb(n)),
        (Colour::Rgb(r, g, b), Depth::Sixteen) => nearest((r, g, b)),
        (Colour::Indexed(n), _) => Some(Color::Indexed(n)),
        (Colour::Rgb(r, g, b), Depth::TwoFiftySix) => Some(Color::Indexed(Depth::nearest_256(r, g, b))),
        (Colour::Rgb(r, g, b), Depth::True) => Some(Color::Rgb(r, g, b)),
    }
}

/// The colour of xterm's palette, from its cube (16 to 231) or its greys.
fn rgb(n: u8) -> (u8, u8, u8) {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match n {
        0..=15 => SEEN.get(usize::from(n)).copied().unwrap_or_default(),
        16..=231 => (level((n - 16) / 36), level((n - 16) / 6 % 6), level((n - 16) % 6)),
        232.. => (8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232)),
    }
}

fn nearest((r, g, b): (u8, u8, u8)) -> Option<Color> {
    let apart = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
    let (_, colour) = SEEN.into_iter().zip(SIXTEEN).min_by_key(|((x, y, z), _)| apart(*x, r) + apart(*y, g) + apart(*z, b))?;
    Some(colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ansi;

    fn ink(sequence: &str) -> Ink {
        ansi::line(&format!("{sequence}x"), 9).runs.first().map(|run| run.ink).unwrap_or_default()
    }

    fn fg(sequence: &str, depth: Depth) -> Option<Color> {
        style(ink(sequence), depth).fg
    }

    #[test]
    fn each_depth_gets_what_it_can_show() {
        let all = [Depth::True, Depth::TwoFiftySix, Depth::Sixteen, Depth::Mono];
        let orange = all.map(|depth| fg("\u{1b}[38;2;255;0;10m", depth));
        assert_eq!(orange, [Some(Color::Rgb(255, 0, 10)), Some(Color::Indexed(196)), Some(Color::LightRed), None]);
        let green = all.map(|depth| fg("\u{1b}[38;5;46m", depth));
        assert_eq!(green, [Some(Color::Indexed(46)), Some(Color::Indexed(46)), Some(Color::LightGreen), None]);
        assert_eq!(all.map(|depth| fg("\u{1b}[31m", depth)), [Some(Color::Red), Some(Color::Red), Some(Color::Red), None]);
        assert_eq!(fg("\u{1b}[38;5;250m", Depth::Sixteen), Some(Color::Gray));
    }

    #[test]
    fn without_colour_the_looks_stay() {
        let style = style(ink("\u{1b}[1;7;31;44m"), Depth::Mono);
        assert_eq!((style.fg, style.bg, style.add_modifier), (None, None, Modifier::BOLD | Modifier::REVERSED));
    }
}
