//! How far an item is read: what is unfolded, where the cursor is.

use std::collections::BTreeSet;

use super::step::{How, Shown, ShownCall};
use crate::text::width;

/// Rows of one wrapped text.
const WRAPPED: usize = 12;

/// How far an item is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The step under the cursor, by its position.
    pub cursor: usize,
    /// Who moves the cursor.
    pub stick: Stick,
    /// The steps that are unfolded, by position.
    pub unfolded: BTreeSet<usize>,
    /// The first row shown of the steps.
    pub top: usize,
    /// The first row shown of the result.
    pub result_top: usize,
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

/// Whether a step shows everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Two rows.
    Folded,
    /// Thought, arguments and results.
    Unfolded,
}

/// A row of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Its number, its letter and its first line.
    Head,
    /// Its number, its letter and the beginning of its thought, wrapped.
    Begin(String),
    /// Its number, its letter and its main call: it says nothing.
    HeadCall,
    /// Its main call in one line.
    Call,
    /// A line of the thought.
    Thought(String),
    /// A call's name, by its position.
    Name(usize),
    /// A line of arguments.
    Argument(String),
    /// A line of a result.
    Result(How, String),
    /// What the step or the harness had to say.
    Said(String),
    /// Nothing.
    Blank,
}

impl Reading {
    /// Whether the step at this position is unfolded.
    pub fn fold(&self, position: usize) -> Fold {
        if self.unfolded.contains(&position) { Fold::Unfolded } else { Fold::Folded }
    }

    /// The first row of each step, and the number of all rows.
    pub fn starts(&self, steps: &[Shown], cols: usize) -> (Vec<usize>, usize) {
        let mut at = 0;
        let starts = steps.iter().enumerate().map(|(position, step)| {
            let start = at;
            at += height(step, self.fold(position), cols);
            start
        });
        (starts.collect(), at)
    }

    /// One line down (`by` = 1) or up (-1): through a step that is taller than the pane, then to the next one.
    pub fn step_by(&mut self, by: isize, steps: &[Shown], cols: usize, rows: usize) {
        let (starts, total) = self.starts(steps, cols);
        let start = |position: usize| starts.get(position).copied().unwrap_or(total);
        self.settle(total, rows);
        let (first, end) = (start(self.cursor), start(self.cursor + 1));
        if by > 0 && end > self.top + rows {
            self.top += 1;
        } else if by < 0 && first < self.top {
            self.top -= 1;
        } else {
            self.cursor = self.cursor.saturating_add_signed(by).min(steps.len().saturating_sub(1));
            self.show_cursor(&start, rows, by);
        }
        let at_end = self.cursor + 1 >= steps.len() && end <= self.top + rows;
        self.stick = if by > 0 && at_end { Stick::Newest } else { Stick::Hand };
    }

    /// A page down or up.
    pub fn page_by(&mut self, by: isize, steps: &[Shown], cols: usize, rows: usize) {
        let (starts, total) = self.starts(steps, cols);
        self.settle(total, rows);
        let rows_by = by.saturating_mul(isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1));
        let most = total.saturating_sub(rows);
        let before = self.top;
        self.top = self.top.saturating_add_signed(rows_by).min(most);
        let last = steps.len().saturating_sub(1);
        self.cursor =
            if self.top == before { if by > 0 { last } else { 0 } } else { starts.partition_point(|start| *start < self.top).min(last) };
        self.stick = if self.cursor == last && self.top == most { Stick::Newest } else { Stick::Hand };
    }

    /// To the first or the last step.
    pub fn jump(&mut self, to: Stick, steps: &[Shown]) {
        self.stick = to;
        self.top = 0;
        self.cursor = if to == Stick::Newest { steps.len().saturating_sub(1) } else { 0 };
    }

    /// Unfolds the step under the cursor, or folds it.
    pub fn toggle(&mut self, steps: &[Shown], cols: usize, rows: usize) {
        let (_, total) = self.starts(steps, cols);
        self.settle(total, rows);
        if !self.unfolded.remove(&self.cursor) {
            self.unfolded.insert(self.cursor);
        }
        self.stick = Stick::Hand;
        let (starts, total) = self.starts(steps, cols);
        let start = |position: usize| starts.get(position).copied().unwrap_or(total);
        self.show_cursor(&start, rows, -1);
    }

    /// The first row shown: at the end while the cursor sticks to the newest step.
    pub fn first_row(&self, total: usize, rows: usize) -> usize {
        let most = total.saturating_sub(rows);
        match self.stick {
            Stick::Newest => most,
            Stick::Hand => self.top.min(most),
        }
    }

    fn settle(&mut self, total: usize, rows: usize) {
        self.top = self.first_row(total, rows);
    }

    /// Scrolls so that the step under the cursor is seen: its beginning when going up, as much as fits when going down.
    fn show_cursor(&mut self, start: &impl Fn(usize) -> usize, rows: usize, by: isize) {
        let (first, end) = (start(self.cursor), start(self.cursor + 1));
        if end > self.top + rows {
            self.top = end.saturating_sub(rows);
        }
        if first < self.top || (by < 0 && end - first > rows) {
            self.top = first;
        }
        if by > 0 && end - first > rows {
            self.top = first;
        }
    }
}

/// A step that says something has its call in a row of its own.
fn has_call_row(step: &Shown) -> bool {
    !step.calls.is_empty() && !step.head().is_empty()
}

/// How many rows a step takes.
pub fn height(step: &Shown, fold: Fold, cols: usize) -> usize {
    match fold {
        Fold::Folded => 1 + usize::from(has_call_row(step)),
        Fold::Unfolded => rows(step, fold, cols).len(),
    }
}

/// The rows of a step, texts wrapped to `cols` columns.
pub fn rows(step: &Shown, fold: Fold, cols: usize) -> Vec<Row> {
    let silent = step.head().is_empty() && !step.calls.is_empty();
    let mut rows = vec![if silent { Row::HeadCall } else { Row::Head }];
    if fold == Fold::Folded {
        if has_call_row(step) {
            rows.push(Row::Call);
        }
        return rows;
    }
    let head = step.thought.iter().position(|line| !line.is_empty());
    for (at, line) in step.thought.iter().enumerate().skip(head.unwrap_or(0)) {
        let mut lines = whole(line, cols).into_iter();
        if Some(at) == head
            && let Some(first) = lines.next()
        {
            rows = vec![Row::Begin(first)];
        }
        rows.extend(lines.map(Row::Thought));
    }
    for (at, call) in step.calls.iter().enumerate() {
        rows.push(Row::Name(at));
        push_call(&mut rows, call, cols);
    }
    for said in step.error.iter().chain(&step.harness) {
        push_wrapped(&mut rows, said, cols, Row::Said);
    }
    rows.push(Row::Blank);
    rows
}

fn push_call(rows: &mut Vec<Row>, call: &ShownCall, cols: usize) {
    for line in &call.args {
        push_wrapped(rows, line, cols, Row::Argument);
    }
    if let Some(result) = &call.result {
        for line in &result.lines {
            push_wrapped(rows, line, cols, |line| Row::Result(result.how, line));
        }
    }
}

/// All of a line of the thought, wrapped.
fn whole(line: &str, cols: usize) -> Vec<String> {
    if line.is_empty() || width::width(line) <= cols { vec![line.to_owned()] } else { width::wrap(line, cols, usize::MAX) }
}

fn push_wrapped(rows: &mut Vec<Row>, line: &str, cols: usize, row: impl Fn(String) -> Row) {
    if line.is_empty() {
        rows.push(row(String::new()));
    } else if width::width(line) <= cols {
        rows.push(row(line.to_owned()));
    } else {
        rows.extend(width::wrap(line, cols, WRAPPED).into_iter().map(row));
    }
}
