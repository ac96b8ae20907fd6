//! What a program wrote, made safe to draw: no escape sequence and no control character survives.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters of a line that are kept. The state of an unfinished escape sequence is bounded by the same number.
pub const LONGEST: usize = 4096;

/// Columns between tab stops.
const TAB: usize = 8;

/// Where the reader of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In plain text.
    Text,
    /// Behind an ESC.
    Escape,
    /// In a control sequence (`ESC [`), with its first parameter so far.
    Control(Option<u16>),
    /// In a string (OSC, DCS, SOS, PM, APC) of so many characters.
    String(usize),
    /// Behind an ESC in a string: `\` ends it.
    StringEscape(usize),
}

/// A line being put together.
struct Cleaner {
    at: At,
    out: String,
    /// Characters in `out`.
    len: usize,
    /// A carriage return came; what is written next overwrites the line.
    returned: bool,
    /// Something did not fit.
    cut: bool,
}

/// The line as it would stand on a screen at last: escape sequences are gone, what a carriage return or an
/// erase-line took back is gone, tabs are spaces, and it is at most [`LONGEST`] characters long (then it ends with `…`).
/// A newline counts as a space.
pub fn line(s: &str) -> String {
    let mut cleaner = Cleaner { at: At::Text, out: String::with_capacity(s.len().min(LONGEST)), len: 0, returned: false, cut: false };
    for char in s.chars() {
        cleaner.take(char);
    }
    let Cleaner { mut out, cut, .. } = cleaner;
    out.truncate(out.trim_end().len());
    if cut {
        out.push('…');
    }
    out
}

/// A name or a value from somebody's file, for a place within a line: what a terminal would obey, or would not show, is
/// written out (`\x1b`, `\n`, `\u{202e}`), so that two names that differ look different. Nothing is cut off.
pub fn shown(s: &str) -> Cow<'_, str> {
    written_out(s, is_invisible)
}

/// The same for a text of several lines: its newlines and tabs stay.
pub fn shown_lines(s: &str) -> Cow<'_, str> {
    written_out(s, |char| !matches!(char, '\n' | '\t') && is_invisible(char))
}

fn written_out(s: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !s.chars().any(&is_bad) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len() + 8);
    for char in s.chars() {
        match char {
            '\n' | '\r' | '\t' if is_bad(char) => out.extend(char.escape_default()),
            _ if is_bad(char) && u32::from(char) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(char));
            }
            _ if is_bad(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// Whether a text is safe as it is: no control characters, and nothing that changes order or width.
pub fn is_clean(s: &str) -> bool {
    s.bytes().all(|byte| (b' '..0x7f).contains(&byte)) || !s.chars().any(is_invisible)
}

/// The lines of a text, each made safe. A last newline opens no further line.
pub fn lines(s: &str) -> impl Iterator<Item = String> + '_ {
    s.lines().map(line)
}

/// The first line of a text that holds anything, made safe; empty when none does.
pub fn first_line(s: &str) -> String {
    lines(s).find(|line| !line.is_empty()).unwrap_or_default()
}

impl Cleaner {
    fn take(&mut self, char: char) {
        self.at = match self.at {
            At::Text => self.text(char),
            At::Escape => escape(char),
            At::Control(first) => self.control(char, first),
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
            '\u{9b}' => return At::Control(None),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => return At::String(0),
            '\r' => self.returned = true,
            '\u{8}' => {
                if self.out.pop().is_some() {
                    self.len -= 1;
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

    fn control(&mut self, char: char, first: Option<u16>) -> At {
        match char {
            '0'..='9' => {
                let digit = u16::try_from(char.to_digit(10).unwrap_or_default()).unwrap_or_default();
                At::Control(Some(first.unwrap_or_default().saturating_mul(10).saturating_add(digit)))
            }
            '\u{1b}' => At::Escape,
            ' '..='?' => At::Control(first),
            // erase in line: to its end counts from where a carriage return put the cursor
            'K' => {
                if self.returned || matches!(first, Some(1 | 2)) {
                    self.clear();
                }
                At::Text
            }
            // cursor to column: the first one is a carriage return by another name
            'G' => {
                self.returned |= first.unwrap_or(1) <= 1;
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
        self.out.clear();
        self.len = 0;
        self.returned = false;
        self.cut = false;
    }

    fn put(&mut self, char: char) {
        if self.len < LONGEST {
            self.out.push(char);
            self.len += 1;
        } else {
            self.cut = true;
        }
    }
}

fn escape(char: char) -> At {
    match char {
        '[' => At::Control(None),
        ']' | 'P' | 'X' | '^' | '_' => At::String(0),
        // an intermediate character: the final one follows
        ' '..='/' | '\u{1b}' => At::Escape,
        _ => At::Text,
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

/// Controls, and marks that change the order or the width of what stands beside them.
const fn is_invisible(char: char) -> bool {
    matches!(char,
        '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_device_strings_are_removed() {
        assert_eq!(
            line("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}plain\u{1b}]8;;http://x\u{1b}\\link\u{1b}P+q\u{1b}\\."),
            "red plainlink."
        );
    }

    #[test]
    fn only_what_stands_after_the_last_carriage_return_is_shown() {
        assert_eq!(line("10%\r 50%\r100%|####|"), "100%|####|");
        assert_eq!(line("windows line\r"), "windows line");
        assert_eq!(line("old\r\u{1b}[Knew"), "new");
        assert_eq!(line("gone\u{1b}[2K"), "");
        assert_eq!(line("a longer one\rshort"), "short");
    }

    #[test]
    fn tabs_are_spaces_and_backspaces_take_back() {
        assert_eq!((line("a\tb"), line("abc\u{8}\u{8}x")), ("a       b".to_owned(), "ax".to_owned()));
    }

    #[test]
    fn marks_that_reorder_text_are_removed() {
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200d}d"), "abcd");
    }

    #[test]
    fn a_name_is_written_out_and_a_clean_one_stays() {
        assert_eq!(shown("a\u{1b}]0;x\u{7}\n\u{9b}b\u{202e}é"), "a\\x1b]0;x\\x07\\n\\x9bb\\u{202e}é");
        assert_eq!(shown_lines("a\n\tb\rc\u{1b}"), "a\n\tb\\rc\\x1b");
        assert!(matches!(shown("runs/é x"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_unfinished_sequence_swallows_little() {
        let s = format!("\u{1b}]{}END", "x".repeat(LONGEST + 1));
        assert_eq!(line(&s), "END");
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let seen = line(&"y".repeat(LONGEST * 3));
        assert_eq!((seen.chars().count(), seen.ends_with('…')), (LONGEST + 1, true));
    }

    #[test]
    fn the_first_line_with_anything_counts() {
        assert_eq!(first_line("\n  \n\u{1b}[0m\nhere\nthere"), "here");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_become_safe_text(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let clean = line(&String::from_utf8_lossy(&bytes));
            prop_assert!(is_clean(&clean));
            prop_assert!(clean.chars().count() <= LONGEST + 1);
        }

        #[test]
        fn arbitrary_text_of_sequences_becomes_safe_text(s in "[\u{1b}\\[\\]PK0-9;m\r\u{7}\u{9b}\u{9d}a-c\u{8}\t]*") {
            let clean = line(&s);
            prop_assert!(clean.chars().all(|char| !char.is_control()));
            prop_assert_eq!(line(&clean), clean);
        }
    }
}
