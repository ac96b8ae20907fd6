//! What a program wrote, made safe to draw: no escape sequence and no control character survives.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use super::ansi;

/// Characters of a line that are kept.
pub const LONGEST: usize = 4096;

/// The line as it would stand on a screen at last: escape sequences are gone, what a carriage return or an
/// erase-line took back is gone, tabs are spaces, and it is at most [`LONGEST`] characters long (then it ends with `…`).
/// A newline counts as a space.
pub fn line(s: &str) -> String {
    // most lines are plain
    if s.len() <= LONGEST && s.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return s.trim_end().to_owned();
    }
    ansi::line(s, LONGEST).text
}

/// A name or a value from somebody's file, for a place within a line: what a terminal would obey, or would not show, is
/// written out (`\x1b`, `\n`, `\u{202e}`), so that two names that differ look different. Nothing is cut off.
pub fn shown(s: &str) -> Cow<'_, str> {
    written_out(s, is_invisible)
}

/// A path, for a place within a line: whoever made the file chose its name. See [`shown`].
pub fn path(path: &Path) -> String {
    shown(&path.display().to_string()).into_owned()
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

/// Controls, and marks that change the order or the width of what stands beside them.
pub(super) const fn is_invisible(char: char) -> bool {
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
