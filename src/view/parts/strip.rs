//! A trajectory as a strip: one letter a step, and below it what was found, from where to where.

use ratatui::layout::Rect;

use crate::domain::Level;
use crate::theme::{Glyphs, Role};
use crate::ui::detected::{Span, level_at};
use crate::ui::mouse::Hit;
use crate::ui::sought::Sought;
use crate::ui::step::{Kind, Shown};
use crate::view::canvas::{Canvas, Words, row_of};

/// Columns of the number of a line's first step, and the gap behind it.
pub const NUMBER: usize = 6;

/// Lines begin at these steps, so that they stand still while steps come.
pub const EVEN: usize = 10;

/// Steps, what was found of them, and where the reader is.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    /// The steps.
    pub steps: &'a [Shown],
    /// Where something was found.
    pub spans: &'a [Span],
    /// The step under the cursor, by its position; `None` where nobody reads.
    pub cursor: Option<usize>,
    /// What is searched for.
    pub sought: Option<&'a Sought>,
}

impl Strip<'_> {
    /// Rows for so many columns and lines at most: two a line, for the letters and for what was found. Where nothing was
    /// found, `is_steady` keeps the second row, so that the first finding moves nothing.
    pub fn rows(&self, cols: u16, most: usize, is_steady: bool) -> usize {
        if self.steps.is_empty() || cells(cols) < EVEN {
            return 0;
        }
        let lines = self.steps.len().div_ceil(even(cols)).clamp(1, most.max(1));
        lines * self.height(is_steady)
    }

    fn height(&self, is_steady: bool) -> usize {
        1 + usize::from(is_steady || !self.spans.is_empty())
    }

    /// Draws it into rows as [`rows`](Self::rows) tells them. In one line the end of it, or the steps around the cursor; in more
    /// those around the cursor, where not all fit.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, is_steady: bool) {
        let (cols, height) = (cells(area.width), self.height(is_steady));
        let lines = usize::from(area.height) / height;
        let all = self.steps.len();
        let cursor = self.cursor.unwrap_or(all.saturating_sub(1)).min(all.saturating_sub(1));
        if all == 0 || lines == 0 || cols < EVEN {
            return;
        }
        if lines == 1 {
            let end = if cursor + cols / 3 >= all { all } else { cursor + cols / 3 };
            let first = end.saturating_sub(cols).div_ceil(EVEN) * EVEN;
            self.line(canvas, area, first, cols, height);
            return;
        }
        let even = even(area.width);
        let last_line = (all - 1) / even;
        let top = (cursor / even).saturating_sub(lines / 2).min((last_line + 1).saturating_sub(lines));
        // the line in which the worst began is kept: where it goes on a line may be one letter from end to end
        let worst =
            self.spans.iter().filter(|span| span.level >= Level::Warn).min_by_key(|span| (std::cmp::Reverse(span.level), span.first));
        let began = worst.and_then(|span| self.steps.iter().position(|step| step.index >= span.first)).map(|at| at / even);
        for at in 0..lines {
            let line = if at == 0 { began.filter(|began| *began < top).unwrap_or(top) } else { top + at };
            let first = line * even;
            if first < all {
                let place = row_of(area, at * height);
                let rows = u16::try_from(height).unwrap_or(1);
                self.line(canvas, Rect { height: rows, ..place }, first, even, height);
            }
        }
    }

    fn line(&self, canvas: &mut Canvas<'_>, area: Rect, first: usize, cols: usize, height: usize) {
        let steps: Vec<&Shown> = self.steps.iter().skip(first).take(cols).collect();
        let glyphs = canvas.glyphs();
        let number = steps.first().map_or(0, |step| step.index);
        canvas.line(row_of(area, 0), &letters(number, steps.iter().map(|step| step.kind)));
        let cell =
            |at: usize| Rect { x: area.x.saturating_add(u16::try_from(NUMBER + at).unwrap_or(u16::MAX)), width: 1, height: 1, ..area };
        if let Some(sought) = self.sought {
            // the cursor stays the one cell that is turned round
            let found = (0..steps.len()).filter(|at| sought.lines_of(first + at) > 0 && self.cursor != Some(first + at));
            found.for_each(|at| canvas.tint(cell(at), Role::Match));
        }
        if self.cursor.is_some() {
            let width = u16::try_from(steps.len()).unwrap_or(u16::MAX);
            canvas.spot(Rect { width, ..cell(0) }, Hit::Strip(first));
        }
        if let Some(cursor) = self.cursor.and_then(|cursor| cursor.checked_sub(first)).filter(|at| *at < steps.len()) {
            canvas.cursor(cell(cursor));
        }
        if height < 2 {
            return;
        }
        let before = first.checked_sub(1).and_then(|at| self.steps.get(at));
        let before = before.map_or(Level::None, |step| level_at(self.spans, step.index));
        let found = steps.iter().map(|step| {
            let level = level_at(self.spans, step.index);
            (level, self.spans.iter().any(|span| span.first == step.index && span.level == level))
        });
        canvas.line(row_of(area, 1), &marks(&glyphs, before, found));
    }
}

/// Columns of letters.
fn cells(cols: u16) -> usize {
    usize::from(cols).saturating_sub(NUMBER)
}

/// Letters of a line, where there are several.
pub fn even(cols: u16) -> usize {
    (cells(cols) / EVEN * EVEN).max(EVEN)
}

/// The number before a line of letters.
pub fn number(number: &str) -> Words {
    Words::of(Role::Muted, format!("{number:>width$}  ", width = NUMBER - 2))
}

/// A line of letters, behind the number of its first step; 0: it has none.
pub fn letters(first: u32, kinds: impl Iterator<Item = Kind>) -> Words {
    // one near the end of a large file, before its steps were counted, has no number
    let head = if first == 0 { number("·") } else { number(&first.to_string()) };
    kinds.fold(head, |line, kind| line.cell(role(kind), kind.letter().encode_utf8(&mut [0; 4])))
}

/// What was found at the steps of a line, below their letters: how bad each is, and whether a finding begins there. `before`:
/// how bad the step before the line is.
pub fn marks(glyphs: &Glyphs, mut before: Level, found: impl Iterator<Item = (Level, bool)>) -> Words {
    found.fold(Words::of(Role::Text, " ".repeat(NUMBER)), |marks, (level, begins)| {
        let changes = std::mem::replace(&mut before, level) != level;
        match mark(glyphs, level) {
            Some((role, glyph, line)) => marks.cell(role, if begins || changes { glyph } else { line }),
            None => marks.cell(Role::Text, " "),
        }
    })
}

/// The mark of a level: its role, its glyph, and what goes on behind it; `None` where nothing was found.
pub const fn mark(glyphs: &Glyphs, level: Level) -> Option<(Role, &'static str, &'static str)> {
    let ([note, warn, stuck], [noted, warned, held]) = (glyphs.levels, glyphs.spans);
    match level {
        Level::None => None,
        Level::Note => Some((Role::Muted, note, noted)),
        Level::Warn => Some((Role::Warn, warn, warned)),
        Level::Stuck => Some((Role::Bad, stuck, held)),
    }
}

/// The role of a letter.
pub const fn role(kind: Kind) -> Role {
    match kind {
        Kind::Edit => Role::Accent,
        Kind::Finish => Role::Good,
        Kind::EditFailed | Kind::RunFailed | Kind::ApiError => Role::Bad,
        Kind::RefusedFinish | Kind::Seen | Kind::EditSeen => Role::Warn,
        Kind::Search | Kind::View | Kind::Run | Kind::Git | Kind::Text => Role::Muted,
    }
}
