//! Writing on a frame: clean, masked, clipped by columns, coloured by role.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar;

use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::text::paint::{Line, Tone};
use crate::text::{ansi, clean, width};
use crate::theme::{Glyphs, Role, Theme};
use crate::ui::Mood;
use crate::ui::mouse::{Hit, Spot};

/// A frame being drawn.
#[derive(Debug)]
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    masker: &'a Masker,
    spots: Vec<Spot>,
}

/// A line of text in several roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<(Role, String)>);

/// Rows of an area, handed out from its top.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    rest: Rect,
}

impl Words {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// One piece.
    pub fn of(role: Role, text: impl Into<String>) -> Self {
        Self::new().add(role, text)
    }

    /// One more piece.
    #[must_use]
    pub fn add(mut self, role: Role, text: impl Into<String>) -> Self {
        self.0.push((role, text.into()));
        self
    }

    /// One more cell, in one piece with those before it that have its role.
    #[must_use]
    pub fn cell(mut self, role: Role, text: &str) -> Self {
        match self.0.last_mut() {
            Some((last, piece)) if *last == role => piece.push_str(text),
            _ => self.0.push((role, text.to_owned())),
        }
        self
    }

    /// Everything of another line as well.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A line of a program's text.
    #[must_use]
    pub fn paint(self, line: &Line) -> Self {
        line.pieces().fold(self, |words, (tone, text)| words.add(role_of(tone), text))
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width::width(text)).sum()
    }
}

impl<'a> Canvas<'a> {
    /// A frame.
    pub const fn new(buffer: &'a mut Buffer, theme: &'a Theme, masker: &'a Masker) -> Self {
        Self { buffer, theme, masker, spots: Vec::new() }
    }

    /// What a click in this area means.
    pub fn spot(&mut self, area: Rect, hit: Hit) {
        let Rect { x, y, width, height } = area.intersection(self.buffer.area);
        self.spots.push(Spot { x, y, width, height, hit });
    }

    /// What clicks mean in what was drawn so far.
    pub fn spots(self) -> Vec<Spot> {
        self.spots
    }

    /// The whole frame.
    pub const fn area(&self) -> Rect {
        self.buffer.area
    }

    /// The characters of this terminal.
    pub const fn glyphs(&self) -> Glyphs {
        self.theme.glyphs
    }

    /// A line from the left edge of the area's first row; what does not fit is cut and marked.
    pub fn line(&mut self, area: Rect, words: &Words) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        let mut x = usize::from(area.x);
        let end = usize::from(area.right());
        let last = words.0.len().saturating_sub(1);
        for (at, (role, text)) in words.0.iter().enumerate() {
            let room = end - x;
            let text = self.safe(text);
            // a cut is marked in the piece that is cut, or in the last one that has a place
            let cut = width::width(&text) > room || (at < last && width::width(&text) == room && self.more_follows(words, at));
            let shown = if cut { self.clip(&text, room) } else { text };
            if shown.is_empty() {
                continue;
            }
            let (style, cols) = (self.theme.style(*role), u16::try_from(width::width(&shown).min(room)).unwrap_or(u16::MAX));
            // a colour that is the terminal's own would let that of a rule below shine through
            let below = Rect { x: u16::try_from(x).unwrap_or(u16::MAX), y: area.y, width: cols, height: 1 };
            self.buffer.set_style(below, Style::new().fg(Color::Reset).remove_modifier(Modifier::all()));
            let (next, _) = self.buffer.set_stringn(u16::try_from(x).unwrap_or(u16::MAX), area.y, &shown, room, style);
            x = usize::from(next).min(end);
            if cut || x >= end {
                return;
            }
        }
    }

    /// A line of somebody's output in its own colours, without so many columns at its left; what was searched for is lit.
    /// What is cut off at the right is marked.
    pub fn output(&mut self, area: Rect, role: Role, line: &ansi::Line, side: usize, found: &[Range<usize>]) {
        let area = area.intersection(self.buffer.area);
        let cols = usize::from(area.width);
        if area.is_empty() {
            return;
        }
        let (mut col, mut runs, mut found) = (0_usize, line.runs.iter().peekable(), found.iter().peekable());
        let mut last = None;
        for (at, char) in line.text.char_indices() {
            let wide = char.width().unwrap_or(0);
            while runs.next_if(|run| run.at.end <= at).is_some() {}
            while found.next_if(|range| range.end <= at).is_some() {}
            let Some(x) = col.checked_sub(side) else {
                // what stands across the left edge is left out
                col += wide;
                continue;
            };
            col += wide;
            if x + wide > cols {
                let edge = Rect { x: area.right() - 1, width: 1, height: 1, ..area };
                self.fill(edge, self.theme.glyphs.more, Role::Muted);
                return;
            }
            let ink = runs.peek().filter(|run| run.at.start <= at).map(|run| self.theme.ink(run.ink));
            let lit = found.peek().filter(|range| range.start <= at).map(|_| self.theme.style(Role::Match));
            let style = lit.or(ink).unwrap_or_else(|| self.theme.style(role));
            let place = (area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX)), area.y);
            if wide > 0 {
                self.buffer.set_stringn(place.0, place.1, self.theme.glyphs.speak(char.to_string()), wide, style);
                last = Some(place);
            } else if let Some(cell) = last.filter(|_| !self.theme.glyphs.is_ascii()).and_then(|last| self.buffer.cell_mut(last)) {
                // a mark goes with the letter before it
                cell.set_symbol(&format!("{}{char}", cell.symbol()));
            }
        }
    }

    /// A line at the left edge and one at the right edge. The right one is left out where there is no room for both.
    pub fn ends(&mut self, area: Rect, left: &Words, right: &Words) {
        let (cols, wide) = (usize::from(area.width), right.width());
        let least = left.width().min(cols / 2);
        if wide == 0 || wide + 2 + least > cols {
            self.line(area, left);
            return;
        }
        let split = u16::try_from(cols - wide).unwrap_or_default();
        self.line(Rect { width: split.saturating_sub(2), ..area }, left);
        self.line(Rect { x: area.x.saturating_add(split), width: area.width - split, ..area }, right);
    }

    /// Fills the area with one character.
    pub fn fill(&mut self, area: Rect, glyph: &str, role: Role) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(role);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.set_symbol(glyph).set_style(style);
            }
        }
    }

    /// Lays a role's background under what is drawn.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Marks what is searched for in one row of what is drawn.
    pub fn mark(&mut self, row: Rect, find: Option<&Pattern>) {
        let (Some(find), row) = (find, row.intersection(self.buffer.area)) else { return };
        let mut text = String::new();
        let mut columns = Vec::new();
        for x in row.left()..row.right() {
            let symbol = self.buffer.cell((x, row.y)).map_or(" ", |cell| cell.symbol());
            columns.extend(std::iter::repeat_n(x, symbol.len()));
            text.push_str(symbol);
        }
        let style = self.theme.style(Role::Match);
        for range in find.ranges(&text) {
            let (Some(first), Some(last)) = (columns.get(range.start), columns.get(range.end - 1)) else { continue };
            self.buffer.set_style(Rect { x: *first, width: last - first + 1, height: 1, ..row }, style);
        }
    }

    /// The cursor of a line that is typed: its cell turned round.
    pub fn cursor(&mut self, area: Rect) {
        self.buffer.set_style(area.intersection(self.buffer.area), Style::new().add_modifier(Modifier::REVERSED));
    }

    /// Makes the area empty again.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Text without controls and secrets, in characters that the terminal has.
    fn safe<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let masked = self.masker.mask(text);
        let clean = if clean::is_clean(&masked) { masked } else { Cow::Owned(clean::line(&masked)) };
        if self.theme.glyphs.is_ascii() && !clean.is_ascii() { Cow::Owned(self.theme.glyphs.speak(clean.into_owned())) } else { clean }
    }

    fn clip<'t>(&self, text: &str, cols: usize) -> Cow<'t, str> {
        let mut clipped = width::clip(text, cols).into_owned();
        if clipped == text && cols > 0 {
            // it fits, but something follows that does not
            clipped = width::clip(&format!("{text} "), cols).into_owned();
        }
        Cow::Owned(if self.theme.glyphs.is_ascii() { self.theme.glyphs.speak(clipped) } else { clipped })
    }

    fn more_follows(&self, words: &Words, at: usize) -> bool {
        words.0.iter().skip(at + 1).any(|(_, text)| !self.safe(text).trim().is_empty())
    }
}

impl Flow {
    /// All rows of an area.
    pub const fn new(area: Rect) -> Self {
        Self { rest: area }
    }

    /// Rows left.
    pub const fn left(&self) -> usize {
        self.rest.height as usize
    }

    /// The next row.
    pub fn row(&mut self) -> Option<Rect> {
        self.take(1)
    }

    /// The next rows, `None` where there are not so many.
    pub fn take(&mut self, rows: usize) -> Option<Rect> {
        let rows = u16::try_from(rows).ok().filter(|rows| *rows > 0 && *rows <= self.rest.height)?;
        let taken = Rect { height: rows, ..self.rest };
        self.rest = Rect { y: self.rest.y.saturating_add(rows), height: self.rest.height - rows, ..self.rest };
        Some(taken)
    }

    /// All rows that are left.
    pub const fn rest(&self) -> Rect {
        self.rest
    }
}

/// The role of a tone.
pub const fn role(mood: Mood) -> Role {
    match mood {
        Mood::Calm => Role::Text,
        Mood::Quiet => Role::Muted,
        Mood::Live => Role::Live,
        Mood::Good => Role::Good,
        Mood::Warn => Role::Warn,
        Mood::Bad => Role::Bad,
    }
}

/// The role of a piece of a program's text.
pub const fn role_of(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Strong => Role::Strong,
        Tone::Muted => Role::Muted,
        Tone::Accent => Role::Accent,
        Tone::Good => Role::Good,
        Tone::Bad => Role::Bad,
        Tone::Live => Role::Live,
        Tone::Added => Role::Added,
        Tone::Removed => Role::Removed,
        Tone::AddedWord => Role::AddedWord,
        Tone::RemovedWord => Role::RemovedWord,
        Tone::Quoted => Role::Quoted,
        Tone::Keyword => Role::Keyword,
    }
}

/// The area without so many columns at its left and right.
pub fn inset(area: Rect, cols: u16) -> Rect {
    let cols = cols.min(area.width / 2);
    Rect { x: area.x.saturating_add(cols), width: area.width - cols * 2, ..area }
}

/// A row of an area, counted from its top; empty when there is no such row.
pub fn row_of(area: Rect, row: usize) -> Rect {
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    if row >= area.height { Rect::default() } else { Rect { y: area.y.saturating_add(row), height: 1, ..area } }
}

/// What a row of a frame says.
pub fn row_text(buffer: &Buffer, row: Rect) -> String {
    let mut text = String::new();
    let mut covered = 0;
    for cell in row.positions().filter_map(|at| buffer.cell(at)) {
        // a wide letter covers the cell behind it
        if covered > 0 {
            covered -= 1;
            continue;
        }
        covered = width::width(cell.symbol()).saturating_sub(1);
        text.push_str(cell.symbol());
    }
    text.truncate(text.trim_end().len());
    text
}
