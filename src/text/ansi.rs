//! One raw line of a program's output: what a terminal would show of it at last, and in which colours.
//!
//! Sequences after ECMA-48, colours (SGR) after xterm's `ctlseqs`. SGR is kept as data; every other sequence is removed.
//! Each line begins without colour: a colour that a program forgot to end reaches no further than its line.

use std::ops::Range;

use super::clean::is_invisible;

/// Columns between tab stops.
const TAB: usize = 8;

/// A sequence of more characters is no sequence: what follows is text again.
const LONGEST: usize = 4096;

/// Parameters of a control sequence that are kept; more than any colour needs.
const PARAMETERS: usize = 32;

/// A colour that a program asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One of the sixteen that the terminal's user chose: 0 to 7, and 8 to 15 for the bright ones.
    Named(u8),
    /// One of xterm's 256, from 16 on.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// A way to draw letters, apart from their colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Look {
    /// SGR 1.
    Bold = 1,
    /// SGR 2.
    Dim = 2,
    /// SGR 3.
    Italic = 4,
    /// SGR 4.
    Underline = 8,
    /// SGR 7.
    Reverse = 16,
}

/// How a program wanted a piece of its line drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ink {
    /// Of the letters; `None`: the terminal's own.
    pub fg: Option<Colour>,
    /// Behind them; `None`: the terminal's own.
    pub bg: Option<Colour>,
    looks: u8,
}

/// A piece of a line in one ink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Where it is, in bytes of the line's text.
    pub at: Range<usize>,
    /// Its ink.
    pub ink: Ink,
}

/// What is left of a raw line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The text, without controls.
    pub text: String,
    /// Its coloured pieces, in order.
    pub runs: Vec<Run>,
}

/// Where the reader of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In plain text.
    Text,
    /// Behind an ESC.
    Escape,
    /// In a control sequence (`ESC [`).
    Control,
    /// In a string (OSC, DCS, SOS, PM, APC) of so many characters.
    String(usize),
    /// Behind an ESC in a string: `\` ends it.
    StringEscape(usize),
}

/// A line being put together.
struct Folder {
    at: At,
    line: Line,
    /// Characters in the text.
    len: usize,
    /// Characters of the text that are kept.
    most: usize,
    /// A carriage return came; what is written next overwrites the line.
    returned: bool,
    /// Something did not fit.
    cut: bool,
    ink: Ink,
    parameters: Parameters,
}

/// The parameters of a control sequence, as far as they are kept.
struct Parameters {
    values: [u16; PARAMETERS],
    /// The one that is being read.
    now: usize,
    /// A character that no colour has: this is no SGR, whatever its last letter says.
    private: bool,
    /// Whether the first one was written at all.
    given: bool,
}

/// The line as it would stand on a screen at last: what a carriage return, a backspace or an erase-line took back is gone,
/// tabs are spaces, blanks at its end are left out, and it is at most `most` characters long (then it ends with `…`).
/// A newline counts as a space.
pub fn line(raw: &str, most: usize) -> Line {
    let line = Line { text: String::with_capacity(raw.len().min(most)), runs: Vec::new() };
    let (ink, parameters) = (Ink::default(), Parameters::NONE);
    let mut folder = Folder { at: At::Text, line, len: 0, most, returned: false, cut: false, ink, parameters };
    for char in raw.chars() {
        folder.take(char);
    }
    let Folder { mut line, cut, .. } = folder;
    let end = line.text.trim_end().len();
    line.truncate(end);
    if cut {
        line.text.push('…');
    }
    line
}

/// How many bytes at the beginning of a text may be the rest of a sequence that began before it: rather too many than too
/// few.
pub fn rest_of_sequence(text: &str) -> usize {
    let ends_string = |(at, char): (usize, char)| {
        let is_end = matches!(char, '\u{7}' | '\u{9c}') || char == '\\' && text.get(..at).is_some_and(|before| before.ends_with('\u{1b}'));
        is_end.then_some(at + char.len_utf8())
    };
    let string = text.char_indices().take(LONGEST).find_map(ends_string);
    let behind = text.strip_prefix('[').unwrap_or(text).trim_start_matches(|char| matches!(char, ' '..='?'));
    let control = behind.strip_prefix(|char| matches!(char, '@'..='~')).unwrap_or(behind);
    string.unwrap_or_default().max(text.len() - control.len())
}

impl Line {
    /// Leaves out what stands behind so many bytes.
    pub fn truncate(&mut self, end: usize) {
        self.text.truncate(end);
        while let Some(run) = self.runs.last_mut() {
            run.at.end = run.at.end.min(end);
            if !run.at.is_empty() {
                return;
            }
            self.runs.pop();
        }
    }
}

impl Ink {
    /// Whether the letters are to be drawn so.
    pub const fn has(self, look: Look) -> bool {
        self.looks & look as u8 != 0
    }

    const fn set(&mut self, look: Look) {
        self.looks |= look as u8;
    }

    const fn unset(&mut self, looks: u8) {
        self.looks &= !looks;
    }

    /// Takes the parameters of an SGR sequence.
    fn take(&mut self, values: &[u16]) {
        let mut rest = values.iter().copied();
        while let Some(value) = rest.next() {
            match value {
                0 => *self = Self::default(),
                1 => self.set(Look::Bold),
                2 => self.set(Look::Dim),
                3 => self.set(Look::Italic),
                4 | 21 => self.set(Look::Underline),
                7 => self.set(Look::Reverse),
                22 => self.unset(Look::Bold as u8 | Look::Dim as u8),
                23 => self.unset(Look::Italic as u8),
                24 => self.unset(Look::Underline as u8),
                27 => self.unset(Look::Reverse as u8),
                30..=37 => self.fg = Some(named(value - 30)),
                40..=47 => self.bg = Some(named(value - 40)),
                90..=97 => self.fg = Some(named(value - 82)),
                100..=107 => self.bg = Some(named(value - 92)),
                38 => self.fg = of_more(&mut rest).or(self.fg),
                48 => self.bg = of_more(&mut rest).or(self.bg),
                39 => self.fg = None,
                49 => self.bg = None,
                _ => {}
            }
        }
    }
}

fn named(value: u16) -> Colour {
    Colour::Named(u8::try_from(value).unwrap_or_default())
}

/// `5;n` or `2;r;g;b`, behind a 38 or a 48.
fn of_more(rest: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    let byte = |rest: &mut dyn Iterator<Item = u16>| rest.next().and_then(|value| u8::try_from(value).ok());
    match rest.next()? {
        5 => byte(rest).map(|n| if n < 16 { Colour::Named(n) } else { Colour::Indexed(n) }),
        2 => Some(Colour::Rgb(byte(rest)?, byte(rest)?, byte(rest)?)),
        _ => None,
    }
}

impl Parameters {
    const NONE: Self = Self { values: [0; PARAMETERS], now: 0, private: false, given: false };

    fn take(&mut self, char: char) {
        match (char, self.values.get_mut(self.now)) {
            ('0'..='9', Some(value)) => {
                let digit = u16::try_from(char.to_digit(10).unwrap_or_default()).unwrap_or_default();
                *value = value.saturating_mul(10).saturating_add(digit);
                self.given = true;
            }
            // with colons too, as in `38:5:208`
            (';' | ':', _) => self.now = self.now.saturating_add(1),
            ('0'..='9', None) => {}
            _ => self.private = true,
        }
    }

    fn values(&self) -> &[u16] {
        self.values.get(..=self.now).unwrap_or(&self.values)
    }

    fn first(&self) -> Option<u16> {
        self.values.first().copied().filter(|_| self.given)
    }
}

impl Folder {
    fn take(&mut self, char: char) {
        self.at = match self.at {
            At::Text => self.text(char),
            At::Escape => self.escape(char),
            At::Control => self.control(char),
            At::String(n) => string(char, n),
            At::StringEscape(n) => {
                if char == '\\' {
                    At::Text
                } else {
                    string(char, n)
                }
            }
        };
    }

    fn text(&mut self, char: char) -> At {
        match char {
            '\u{1b}' => return At::Escape,
            '\u{9b}' => return self.begin(),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => return At::String(0),
            '\r' => self.returned = true,
            '\u{8}' => {
                if self.line.text.pop().is_some() {
                    self.len -= 1;
                    self.line.truncate(self.line.text.len());
                }
            }
            '\t' => {
                self.fresh();
                for _ in 0..TAB - self.len % TAB {
                    self.put(' ');
                }
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => {
                self.fresh();
                self.put(' ');
            }
            _ if is_invisible(char) => {}
            _ => {
                self.fresh();
                self.put(char);
            }
        }
        At::Text
    }

    fn escape(&mut self, char: char) -> At {
        match char {
            '[' => self.begin(),
            ']' | 'P' | 'X' | '^' | '_' => At::String(0),
            // an intermediate character: the final one follows
            ' '..='/' | '\u{1b}' => At::Escape,
            _ => At::Text,
        }
    }

    const fn begin(&mut self) -> At {
        self.parameters = Parameters::NONE;
        At::Control
    }

    fn control(&mut self, char: char) -> At {
        match char {
            '\u{1b}' => At::Escape,
            ' '..='?' => {
                self.parameters.take(char);
                At::Control
            }
            // erase in line: to its end counts from where a carriage return put the cursor
            'K' => {
                if self.returned || matches!(self.parameters.first(), Some(1 | 2)) {
                    self.clear();
                }
                At::Text
            }
            // cursor to column: the first one is a carriage return by another name
            'G' => {
                self.returned |= self.parameters.first().unwrap_or(1) <= 1;
                At::Text
            }
            'm' if !self.parameters.private => {
                self.ink.take(self.parameters.values());
                At::Text
            }
            '@'..='~' => At::Text,
            // a control character inside a control sequence: the sequence was broken off
            _ => self.text(char),
        }
    }

    /// What was there before a carriage return gives way to what comes now.
    fn fresh(&mut self) {
        if self.returned {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.line.text.clear();
        self.line.runs.clear();
        self.len = 0;
        self.returned = false;
        self.cut = false;
    }

    fn put(&mut self, char: char) {
        if self.len >= self.most {
            self.cut = true;
            return;
        }
        let from = self.line.text.len();
        self.line.text.push(char);
        self.len += 1;
        if self.ink == Ink::default() {
            return;
        }
        let end = self.line.text.len();
        match self.line.runs.last_mut() {
            Some(run) if run.at.end == from && run.ink == self.ink => run.at.end = end,
            _ => self.line.runs.push(Run { at: from..end, ink: self.ink }),
        }
    }
}

fn string(char: char, n: usize) -> At {
    match char {
        '\u{7}' | '\u{9c}' | '\u{18}' | '\u{1a}' => At::Text,
        '\u{1b}' => At::StringEscape(n),
        // never finished: do not swallow the rest of the world
        _ if n >= LONGEST => At::Text,
        _ => At::String(n + 1),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::string_slice, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::text::clean::is_clean;

    fn fold(raw: &str) -> Line {
        line(raw, 4096)
    }

    /// Each coloured piece with its ink.
    fn pieces(line: &Line) -> Vec<(&str, Ink)> {
        line.runs.iter().map(|run| (&line.text[run.at.clone()], run.ink)).collect()
    }

    fn fg(colour: Colour) -> Ink {
        Ink { fg: Some(colour), ..Ink::default() }
    }

    #[test]
    fn colours_are_kept_beside_the_text() {
        let seen = fold("a \u{1b}[31mred\u{1b}[0m \u{1b}[38;5;208mo\u{1b}[38;2;1;2;3mp\u{1b}[48:5:1m!\u{1b}[m.");
        assert_eq!(seen.text, "a red op!.");
        let last = Ink { bg: Some(Colour::Named(1)), ..fg(Colour::Rgb(1, 2, 3)) };
        let wanted = [("red", fg(Colour::Named(1))), ("o", fg(Colour::Indexed(208))), ("p", fg(Colour::Rgb(1, 2, 3))), ("!", last)];
        assert_eq!(pieces(&seen), wanted);
    }

    #[test]
    fn looks_come_and_go() {
        let seen = fold("\u{1b}[1;4;97mab\u{1b}[22;39mc\u{1b}[24md");
        let inks: Vec<Ink> = pieces(&seen).into_iter().map(|(_, ink)| ink).collect();
        assert_eq!(inks.len(), 2);
        assert!(inks.iter().all(|ink| ink.has(Look::Underline)));
        assert_eq!(
            inks.iter().map(|ink| (ink.has(Look::Bold), ink.fg)).collect::<Vec<_>>(),
            [(true, Some(Colour::Named(15))), (false, None)]
        );
    }

    #[test]
    fn a_progress_bar_leaves_its_last_state_in_its_last_colour() {
        let seen = fold("\u{1b}[32m 10%\r\u{1b}[K\u{1b}[33m 90%|###|\u{1b}[0m");
        assert_eq!(pieces(&seen), [(" 90%|###|", fg(Colour::Named(3)))]);
        let seen = fold("\u{1b}[31mabc\u{8}\u{8}d  ");
        assert_eq!((seen.text.as_str(), pieces(&seen)), ("ad", vec![("ad", fg(Colour::Named(1)))]));
    }

    #[test]
    fn what_only_looks_like_a_colour_is_none() {
        // xterm's keyboard modes end with m as well
        assert_eq!(fold("\u{1b}[>4;2mx\u{1b}[?1049hy\u{1b}[38;5mz").runs, []);
        assert_eq!(fold("\u{1b}[38;5;999mx").runs, []);
    }

    #[test]
    fn a_cut_line_is_marked() {
        let seen = line("\u{1b}[31mabcdef", 3);
        assert_eq!((seen.text.as_str(), pieces(&seen)), ("abc…", vec![("abc", fg(Colour::Named(1)))]));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_text_is_clean_and_the_runs_lie_in_it(raw in prop_oneof![
            "[\u{1b}\\[\\]PKGm0-9;:?\r\u{7}\u{8}\u{9b}\u{9d}a-cé日\t ]*",
            proptest::collection::vec(any::<u8>(), 0..400).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        ], most in 0_usize..50) {
            let seen = line(&raw, most);
            prop_assert!(is_clean(&seen.text));
            prop_assert!(seen.text.chars().count() <= most + 1);
            let mut from = 0;
            for run in &seen.runs {
                prop_assert!(run.at.start >= from && !run.at.is_empty() && seen.text.get(run.at.clone()).is_some());
                from = run.at.end;
            }
            prop_assert_eq!(line(&seen.text, most + 1).text, seen.text);
        }
    }
}
