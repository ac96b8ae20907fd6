//! A line in several tones: what a program's text is made of, before a theme gives it colours.

pub mod diff;
pub mod shell;

use unicode_width::UnicodeWidthChar;

use super::clean;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// What is read.
    #[default]
    Plain,
    /// A heading; the program in a command.
    Strong,
    /// Line numbers, comments, what is only looked at when looked for.
    Muted,
    /// A place in a diff, a variable.
    Accent,
    /// Went well, is done.
    Good,
    /// Says an error.
    Bad,
    /// Runs now.
    Live,
    /// A line that a change adds.
    Added,
    /// A line that a change removes.
    Removed,
    /// What is new within an added line.
    AddedWord,
    /// What is gone within a removed line.
    RemovedWord,
    /// Text in quotes.
    Quoted,
    /// A word or an operator of the language.
    Keyword,
}

/// A line of text, safe to draw, in one or more tones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// Where each tone begins, in bytes, in order; before the first one the text is plain.
    tones: Vec<(usize, Tone)>,
    /// Columns that further rows of a wrapped line begin with.
    pub hang: usize,
}

impl Line {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { text: String::new(), tones: Vec::new(), hang: 0 }
    }

    /// One piece, made safe.
    pub fn of(tone: Tone, text: &str) -> Self {
        Self::new().add(tone, text)
    }

    /// One more piece, made safe. What follows a space at its end keeps it.
    #[must_use]
    pub fn add(mut self, tone: Tone, text: &str) -> Self {
        self.push(tone, text);
        self
    }

    /// The same in place.
    pub fn push(&mut self, tone: Tone, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.tones.last().map_or(Tone::Plain, |(_, last)| *last) != tone {
            self.tones.push((self.text.len(), tone));
        }
        if clean::is_clean(text) {
            self.text.push_str(text);
        } else {
            self.text.push_str(&clean::line(text));
        }
    }

    /// Further rows begin below what stands behind so many columns.
    #[must_use]
    pub const fn hung(mut self, cols: usize) -> Self {
        self.hang = cols;
        self
    }

    /// Its pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = (Tone, &str)> {
        let starts = std::iter::once((0, Tone::Plain)).chain(self.tones.iter().copied());
        let ends = self.tones.iter().map(|(start, _)| *start).chain([self.text.len()]);
        starts.zip(ends).filter_map(|((start, tone), end)| Some((tone, self.text.get(start..end)?))).filter(|(_, text)| !text.is_empty())
    }

    /// The line in rows of at most so many columns, so many rows at most; what is cut off ends with `…`. Spaces are kept:
    /// in code they mean something.
    pub fn wrapped(&self, cols: usize, most: usize) -> Vec<Self> {
        // a character takes no more columns than bytes
        if self.text.len() <= cols || super::width::width(&self.text) <= cols {
            return vec![self.clone()];
        }
        let hang = if self.hang * 2 < cols { self.hang } else { 0 };
        let mut rows = Vec::new();
        let mut start = 0;
        while start < self.text.len() && rows.len() < most {
            let indent = if rows.is_empty() { 0 } else { hang };
            let room = cols.saturating_sub(indent).max(1);
            let mut end = self.break_at(start, room);
            let is_cut = rows.len() + 1 == most && end < self.text.len();
            if is_cut {
                end = self.break_at(start, room.saturating_sub(1).max(1));
            }
            let mut row = Self { hang: self.hang, ..Self::new() };
            row.push(Tone::Plain, &" ".repeat(indent));
            self.copy(start, end, &mut row);
            start = end;
            if is_cut {
                row.push(Tone::Muted, "…");
            }
            rows.push(row);
        }
        rows
    }

    /// Where a row that begins here ends: behind a space, unless that leaves much of the row empty.
    fn break_at(&self, start: usize, room: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let (mut used, mut space) = (0, None);
        for (at, char) in rest.char_indices() {
            let wide = char.width().unwrap_or(0);
            if used + wide > room && at > 0 {
                let end = space.filter(|space| *space * 2 > at).unwrap_or(at);
                return start + end;
            }
            used += wide;
            if char == ' ' {
                space = Some(at + 1);
            }
        }
        self.text.len()
    }

    fn copy(&self, start: usize, end: usize, into: &mut Self) {
        let mut at = 0;
        for (tone, piece) in self.pieces() {
            let (from, to) = (at.max(start), (at + piece.len()).min(end));
            if from < to {
                into.push(tone, piece.get(from - at..to - at).unwrap_or_default());
            }
            at += piece.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::width::width;

    #[test]
    fn a_line_wraps_with_its_tones_and_its_indent() {
        let line = Line::of(Tone::Added, "+ ").add(Tone::AddedWord, "one two").add(Tone::Added, " three").hung(2);
        let rows = line.wrapped(8, 9);
        let told: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(told, ["+ one ", "  two ", "  three"]);
        let tones: Vec<_> = rows.iter().flat_map(Line::pieces).collect();
        assert_eq!(tones.get(1), Some(&(Tone::AddedWord, "one ")));
        assert_eq!(tones.last(), Some(&(Tone::Added, "three")));
    }

    #[test]
    fn rows_beyond_the_most_are_marked() {
        let rows = Line::of(Tone::Plain, "aaaaaaaaaa").wrapped(4, 2);
        assert_eq!(rows.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), ["aaaa", "aaa…"]);
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_keeps_to_its_columns(text in "\\PC{0,80}", cols in 2_usize..30, hang in 0_usize..6) {
            let line = Line::of(Tone::Plain, &text).hung(hang);
            let rows = line.wrapped(cols, usize::MAX);
            prop_assert!(rows.iter().all(|row| width(&row.text) <= cols.max(2) + 2), "{rows:?}");
            let hang = if hang * 2 < cols { hang } else { 0 };
            let joined: String = rows.iter().enumerate().map(|(at, row)| row.text.get(if at > 0 { hang } else { 0 }..).unwrap_or_default()).collect();
            prop_assert_eq!(joined, line.text);
        }
    }
}
