//! Widths on a terminal. Text is never cut inside a character.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `s` takes.
pub fn width(s: &str) -> usize {
    s.width()
}

/// `s` in at most `cols` columns; what was cut is marked with `…`.
pub fn clip(s: &str, cols: usize) -> Cow<'_, str> {
    // a character takes no more columns than bytes
    if s.len() <= cols || width(s) <= cols {
        return Cow::Borrowed(s);
    }
    let Some(room) = cols.checked_sub(1) else { return Cow::Borrowed("") };
    let mut out = prefix(s, room).to_owned();
    out.push('…');
    Cow::Owned(out)
}

/// `s` in exactly `cols` columns: clipped, or filled with spaces on its right.
pub fn fit(s: &str, cols: usize) -> String {
    let mut out = clip(s, cols).into_owned();
    out.extend(std::iter::repeat_n(' ', cols.saturating_sub(width(&out))));
    out
}

/// `s` in at most `cols` columns, its middle left out: what tells ids apart is often their end.
pub fn middle(s: &str, cols: usize) -> Cow<'_, str> {
    if width(s) <= cols {
        return Cow::Borrowed(s);
    }
    let Some(room) = cols.checked_sub(1) else { return Cow::Borrowed("") };
    let head = prefix(s, room - room / 2);
    let starts = s.char_indices().map(|(at, _)| at);
    let tail = starts.filter_map(|at| s.get(at..)).find(|tail| width(tail) <= room / 2).unwrap_or_default();
    let out = format!("{head}…{tail}");
    // a sequence of characters may be wider than its parts
    if width(&out) <= cols { Cow::Owned(out) } else { clip(s, cols) }
}

/// The longest beginning of `s` that takes at most `cols` columns.
fn prefix(s: &str, cols: usize) -> &str {
    let (mut end, mut used) = (0, 0);
    for (at, char) in s.char_indices() {
        used += char.width().unwrap_or(0);
        if used > cols {
            break;
        }
        end = at + char.len_utf8();
    }
    let mut found = s.get(..end).unwrap_or_default();
    // a sequence of characters may be wider than its parts
    while width(found) > cols {
        let mut chars = found.chars();
        chars.next_back();
        found = chars.as_str();
    }
    found
}

/// `s` broken at spaces into at most `rows` lines of at most `cols` columns; a longer text ends with `…`.
pub fn wrap(s: &str, cols: usize, rows: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if cols == 0 || rows == 0 {
        return lines;
    }
    let mut rest = s.trim();
    while !rest.is_empty() {
        if lines.len() + 1 == rows {
            lines.push(clip(rest, cols).into_owned());
            break;
        }
        let head = prefix(rest, cols);
        if head.is_empty() {
            // a character wider than the column
            break;
        }
        let cut = if head.len() == rest.len() { head.len() } else { break_at(rest, head) };
        let (line, after) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    lines
}

/// Where a line that holds `head` is broken: behind its last word, unless that leaves too little.
fn break_at(rest: &str, head: &str) -> usize {
    if rest.get(head.len()..).is_some_and(|after| after.starts_with(' ')) {
        return head.len();
    }
    match head.rfind(' ') {
        Some(space) if space * 3 >= head.len() => space,
        _ => head.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!((clip("abc", 3), clip("日本", 4)), (Cow::Borrowed("abc"), Cow::Borrowed("日本")));
    }

    #[test]
    fn what_is_cut_is_marked_and_whole_characters_remain() {
        assert_eq!((clip("abcdef", 4), clip("日本語", 4), clip("x", 0)), ("abc…".into(), "日…".into(), "".into()));
    }

    #[test]
    fn an_id_keeps_its_end() {
        assert_eq!(
            (middle("repository-0001", 9), middle("日本語-01", 6), middle("ab", 2)),
            ("repo…0001".into(), "日…01".into(), "ab".into())
        );
    }

    #[test]
    fn a_text_wraps_at_words_and_says_when_it_goes_on() {
        assert_eq!(wrap("one two three four", 9, 5), ["one two", "three", "four"]);
        assert_eq!(wrap("one two three four", 9, 2), ["one two", "three fo…"]);
        assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
    }

    proptest! {
        #[test]
        fn a_width_is_never_exceeded(s in "\\PC*", cols in 0_usize..40) {
            prop_assert!(width(&clip(&s, cols)) <= cols);
            prop_assert!(width(&middle(&s, cols)) <= cols);
            prop_assert!(wrap(&s, cols, 7).iter().all(|line| width(line) <= cols));
            prop_assert!(wrap(&s, cols, 7).len() <= 7);
        }

        #[test]
        fn a_fitted_text_is_exactly_as_wide(s in "\\PC*", cols in 0_usize..40) {
            prop_assert_eq!(width(&fit(&s, cols)), cols);
        }
    }
}
