//! How far an item is read: what is unfolded, where the cursor is.

use std::collections::BTreeSet;
use std::ops::Range;

use super::alike;
use super::detected::Which;
use super::finding::Turned;
use super::message::Unfolds;
use super::step::Shown;
pub use super::step::rows::{Fold, Row, Side, height, rows};

/// How far an item is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The step under the cursor, by its position.
    pub cursor: usize,
    /// Who moves the cursor.
    pub stick: Stick,
    /// What steps are that nobody folded or unfolded.
    pub all: Fold,
    /// The steps that are not, by position.
    pub others: BTreeSet<usize>,
    /// The steps of which every line is shown, by position.
    pub whole: BTreeSet<usize>,
    /// Steps in a row that say the same stand in one row, but for these, by the first one's position.
    pub opened: BTreeSet<usize>,
    /// The first row shown of the steps.
    pub top: Place,
    /// Of a step unfolded beside the list: the first row shown, once the reader went into it.
    pub inside: Option<usize>,
    /// The first row shown of the result.
    pub result_top: usize,
    /// What was chosen last of what was found of the agent.
    pub found: Option<Which>,
    /// Who has the keys.
    pub pane: Pane,
    /// The match that was gone to last.
    pub matched: Option<Matched>,
    /// Where a search began that was typed just now: its first match may be in what is not shown, and is gone to once it is known.
    pub searched_from: Option<usize>,
}

/// A match that was gone to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// The step's position.
    pub step: usize,
    /// Which of the step's rows that hold one.
    pub nth: usize,
    /// Whether the way there went round the end.
    pub turned: Turned,
}

/// Which part of the agent's screen has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// The steps.
    #[default]
    Steps,
    /// What was found.
    Found,
    /// The file that stands beside the steps.
    Beside,
}

/// A row of the steps: a step by its position, and a row of it. Only the steps around a place need to be laid out to
/// move it: of twenty thousand steps a key costs no more than of twenty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The step.
    pub step: usize,
    /// Its row.
    pub row: usize,
}

/// The steps as they are laid out, and the room for them.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The steps.
    pub steps: &'a [Shown],
    /// Of each the first of those in a row that say the same.
    pub alike: &'a [usize],
    /// Columns for the text of unfolded steps.
    pub cols: usize,
    /// Rows that are seen.
    pub rows: usize,
    /// Where steps are unfolded.
    pub unfolds: Unfolds,
}

/// Who moves the cursor over the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stick {
    /// It stays on the newest step.
    #[default]
    Newest,
    /// The reader.
    Hand,
}

impl Reading {
    /// How much is shown of the step at this position in the list.
    pub fn fold(&self, position: usize) -> Fold {
        let is_folded = (self.all == Fold::Folded) != self.others.contains(&position);
        if is_folded { Fold::Folded } else { self.fold_beside(position) }
    }

    /// The same of a step that is unfolded, wherever it stands.
    pub fn fold_beside(&self, position: usize) -> Fold {
        if self.whole.contains(&position) { Fold::Whole } else { Fold::Unfolded }
    }

    /// Shows every line of the step under the cursor, or of long bodies no more than their beginnings and ends.
    pub fn toggle_whole(&mut self, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        if !self.whole.remove(&self.cursor) {
            self.whole.insert(self.cursor);
        }
        self.stick = Stick::Hand;
        if sheet.unfolds == Unfolds::Inline && self.fold(self.cursor) == Fold::Folded {
            self.whole.insert(self.cursor);
            self.toggle(sheet);
        }
        self.top = self.first(sheet);
    }

    /// The steps that are told together with the one at this position: itself alone, or a row of those that say the same.
    pub fn told(&self, sheet: &Sheet<'_>, position: usize) -> Range<usize> {
        let around = alike::around(sheet.alike, position);
        if self.all == Fold::Folded && !self.opened.contains(&around.start) { around } else { position..position + 1 }
    }

    /// Whether the cursor is on steps that are told in one row.
    pub fn opens(&self, sheet: &Sheet<'_>) -> bool {
        self.told(sheet, self.cursor).len() > 1
    }

    /// Tells the steps under the cursor one by one.
    pub fn open(&mut self, sheet: &Sheet<'_>) {
        if self.opens(sheet) {
            self.top = self.first(sheet);
            self.cursor = self.told(sheet, self.cursor).start;
            self.opened.insert(self.cursor);
            self.stick = Stick::Hand;
            self.show_cursor(sheet);
        }
    }

    /// Whether the cursor is on one of several steps that would fit in one row.
    pub fn is_in_opened(&self, sheet: &Sheet<'_>) -> bool {
        self.opened.contains(&alike::around(sheet.alike, self.cursor).start)
    }

    /// Tells the steps around the cursor that say the same in one row again.
    pub fn close(&mut self, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        self.cursor = alike::around(sheet.alike, self.cursor).start;
        self.opened.remove(&self.cursor);
        self.stick = Stick::Hand;
        self.show_cursor(sheet);
    }

    fn height(&self, sheet: &Sheet<'_>, step: usize) -> usize {
        if self.told(sheet, step).len() > 1 {
            return 1;
        }
        let fold = if sheet.unfolds == Unfolds::Beside { Fold::Folded } else { self.fold(step) };
        sheet.steps.get(step).map_or(0, |shown| height(shown, fold, sheet.cols))
    }

    /// The place so many rows further down; behind the last row at most.
    fn below(&self, sheet: &Sheet<'_>, from: Place, rows: usize) -> Place {
        let Place { mut step, row } = from;
        let mut left = row + rows;
        while step < sheet.steps.len() {
            let height = self.height(sheet, step);
            if left < height {
                return Place { step, row: left };
            }
            left -= height;
            step = self.told(sheet, step).end;
        }
        Place { step, row: 0 }
    }

    /// The place so many rows further up; the first row at most.
    fn above(&self, sheet: &Sheet<'_>, from: Place, rows: usize) -> Place {
        let Place { mut step, row } = from;
        let Some(mut left) = rows.checked_sub(row) else { return Place { step, row: row - rows } };
        while left > 0 && step > 0 {
            step = self.told(sheet, step - 1).start;
            let height = self.height(sheet, step);
            if left <= height {
                return Place { step, row: height - left };
            }
            left -= height;
        }
        Place { step, row: 0 }
    }

    /// The first row shown: at the end while the cursor sticks to the newest step, and never so far down that rows stay
    /// empty.
    pub fn first(&self, sheet: &Sheet<'_>) -> Place {
        let last = self.above(sheet, Place { step: sheet.steps.len(), row: 0 }, sheet.rows);
        match self.stick {
            Stick::Newest => last,
            Stick::Hand => {
                // a step may have become shorter since
                let row = self.top.row.min(self.height(sheet, self.top.step).saturating_sub(1));
                Place { row, step: self.told(sheet, self.top.step).start }.min(last)
            }
        }
    }

    /// One line down (`by` = 1) or up (-1): through a step that is taller than the pane, then to the next one.
    pub fn step_by(&mut self, by: isize, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        let told = self.told(sheet, self.cursor);
        let end = Place { step: told.end, row: 0 };
        if by > 0 && end > self.below(sheet, self.top, sheet.rows) {
            self.top = self.below(sheet, self.top, 1);
        } else if by < 0 && self.cursor_place(sheet) < self.top {
            self.top = self.above(sheet, self.top, 1);
        } else {
            let next = if by > 0 { told.end } else { told.start.saturating_sub(1) };
            self.cursor = self.told(sheet, next.min(sheet.steps.len().saturating_sub(1))).start;
            self.show_cursor(sheet);
        }
        let at_end = self.told(sheet, self.cursor).end >= sheet.steps.len() && end <= self.below(sheet, self.top, sheet.rows);
        self.stick = if by > 0 && at_end { Stick::Newest } else { Stick::Hand };
    }

    /// A page down or up.
    pub fn page_by(&mut self, by: isize, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        let before = self.top;
        let page = sheet.rows.saturating_sub(1).max(1);
        self.top = if by > 0 { self.below(sheet, self.top, page) } else { self.above(sheet, self.top, page) };
        self.stick = Stick::Hand;
        self.top = self.first(sheet);
        let last = sheet.steps.len().saturating_sub(1);
        self.cursor = match (self.top == before, by > 0) {
            (true, true) => last,
            (true, false) => 0,
            // the first step that is seen from its beginning
            (false, _) => (self.top.step + usize::from(self.top.row > 0)).min(last),
        };
        if self.cursor == last && by > 0 && self.top == before {
            self.stick = Stick::Newest;
        }
        self.inside = None;
    }

    /// To the first or the last step.
    pub fn jump(&mut self, to: Stick, steps: &[Shown]) {
        self.stick = to;
        self.top = Place::default();
        self.inside = None;
        self.cursor = if to == Stick::Newest { steps.len().saturating_sub(1) } else { 0 };
    }

    /// To a step, which is scrolled into sight.
    pub fn go_to(&mut self, position: usize, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        self.stick = Stick::Hand;
        self.inside = None;
        self.cursor = position.min(sheet.steps.len().saturating_sub(1));
        let told = self.told(sheet, self.cursor);
        if told.start < self.cursor {
            self.opened.insert(told.start);
        }
        self.show_cursor(sheet);
        self.top = self.first(sheet);
    }

    /// Unfolds the step under the cursor, or folds it.
    pub fn toggle(&mut self, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        if !self.others.remove(&self.cursor) {
            self.others.insert(self.cursor);
        }
        self.stick = Stick::Hand;
        self.show_cursor(sheet);
    }

    /// Unfolds every step; where all are unfolded, folds them.
    pub fn fold_all(&mut self, sheet: &Sheet<'_>) {
        self.top = self.first(sheet);
        let all_unfolded = self.all == Fold::Unfolded && self.others.is_empty();
        self.all = if all_unfolded { Fold::Folded } else { Fold::Unfolded };
        self.others.clear();
        self.opened.clear();
        self.stick = Stick::Hand;
        self.top = self.cursor_place(sheet);
    }

    /// Scrolls so that a row of the step under the cursor is seen.
    pub fn show_row(&mut self, row: usize, sheet: &Sheet<'_>) {
        let place = Place { row, ..self.cursor_place(sheet) };
        if place < self.top || place >= self.below(sheet, self.top, sheet.rows) {
            self.top = self.above(sheet, place, sheet.rows / 3);
        }
    }

    /// After the room became another: a step under the cursor that was seen is still seen.
    pub fn stay_in_sight(&mut self, before: &Sheet<'_>, now: &Sheet<'_>) {
        if self.stick == Stick::Hand && self.sees_cursor(before) && !self.sees_cursor(now) {
            self.top = self.first(now);
            self.show_cursor(now);
        }
    }

    fn sees_cursor(&self, sheet: &Sheet<'_>) -> bool {
        let top = self.first(sheet);
        (top..self.below(sheet, top, sheet.rows)).contains(&self.cursor_place(sheet))
    }

    fn cursor_place(&self, sheet: &Sheet<'_>) -> Place {
        Place { step: self.told(sheet, self.cursor).start, row: 0 }
    }

    /// Scrolls so that the step under the cursor is seen: from its beginning where it is taller than the pane.
    fn show_cursor(&mut self, sheet: &Sheet<'_>) {
        let (first, end) = (self.cursor_place(sheet), Place { step: self.told(sheet, self.cursor).end, row: 0 });
        let is_tall = self.height(sheet, self.cursor) > sheet.rows;
        if end > self.below(sheet, self.top, sheet.rows) {
            self.top = self.above(sheet, end, sheet.rows);
        }
        if first < self.top || is_tall {
            self.top = first;
        }
    }
}
