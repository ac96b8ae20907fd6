//! The rows of a step: what is seen of it, folded and unfolded. They are laid out once for as long as nobody asks for others.

use std::sync::{Arc, Mutex, PoisonError};

use super::{How, Part, Shown, ShownCall};
use crate::text::paint::{Line, Tone};
use crate::text::width;

/// Rows of one wrapped line, where long bodies are folded.
const WRAPPED: usize = 12;

/// Of a body with more lines than this the first and the last ones are shown.
const LONG: usize = 40;
const FIRST: usize = 24;
const LAST: usize = 8;

/// How much of a step is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fold {
    /// Two rows.
    #[default]
    Folded,
    /// Thought, arguments and results; of long ones the beginning and the end.
    Unfolded,
    /// Every line.
    Whole,
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
    /// Its number, its letter and the name of its first call: it says nothing.
    HeadName,
    /// A call's name, by its position.
    Name(usize),
    /// A line of what a call was asked for, or of what came back.
    Line(Side, Line),
    /// So many lines are folded here.
    More(Side, usize),
    /// What the step or the harness had to say.
    Said(String),
    /// Nothing.
    Blank,
}

/// Where in a step a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the thought.
    Thought,
    /// In what a call was asked for.
    Asked,
    /// In what came back.
    Answered(How),
}

/// What was laid out last, and for what room. It is no part of what a step is.
#[derive(Debug, Default)]
pub struct Laid(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    fold: Fold,
    cols: usize,
    rows: Arc<[Row]>,
}

impl Clone for Laid {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Laid {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Laid {}

impl Row {
    /// What it says by itself; empty where it tells what the step holds in other words.
    pub fn text(&self) -> &str {
        match self {
            Self::Begin(line) | Self::Thought(line) | Self::Said(line) => line,
            Self::Line(_, line) => &line.text,
            Self::Head | Self::HeadCall | Self::HeadName | Self::Call | Self::Name(_) | Self::More(..) | Self::Blank => "",
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
        Fold::Unfolded | Fold::Whole => rows(step, fold, cols).len(),
    }
}

/// The rows of a step, texts wrapped to `cols` columns.
pub fn rows(step: &Shown, fold: Fold, cols: usize) -> Arc<[Row]> {
    if fold == Fold::Folded {
        return lay_out(step, fold, cols).into();
    }
    let mut kept = step.laid.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = kept.as_ref().filter(|kept| kept.fold == fold && kept.cols == cols) {
        return Arc::clone(&kept.rows);
    }
    let rows: Arc<[Row]> = lay_out(step, fold, cols).into();
    *kept = Some(Kept { fold, cols, rows: Arc::clone(&rows) });
    rows
}

fn lay_out(step: &Shown, fold: Fold, cols: usize) -> Vec<Row> {
    let silent = step.head().is_empty() && !step.calls.is_empty();
    if fold == Fold::Folded {
        let call = has_call_row(step).then_some(Row::Call);
        return std::iter::once(if silent { Row::HeadCall } else { Row::Head }).chain(call).collect();
    }
    let mut rows = if silent { Vec::new() } else { vec![Row::Head] };
    push_thought(&mut rows, step, fold, cols);
    for (at, call) in step.calls.iter().enumerate() {
        rows.push(if rows.is_empty() { Row::HeadName } else { Row::Name(at) });
        push_call(&mut rows, call, fold, cols);
    }
    for said in step.error.iter().chain(&step.harness) {
        rows.extend(whole(said, cols).into_iter().map(Row::Said));
    }
    rows.push(Row::Blank);
    rows
}

fn push_thought(rows: &mut Vec<Row>, step: &Shown, fold: Fold, cols: usize) {
    let Some(head) = step.thought.iter().position(|line| !line.is_empty()) else { return };
    let lines = step.thought.get(head..).unwrap_or_default();
    let hidden = hidden(lines.len(), fold);
    for (at, line) in lines.iter().enumerate() {
        let mut lines = whole(line, cols).into_iter();
        if at == 0
            && let Some(first) = lines.next()
        {
            *rows = vec![Row::Begin(first)];
        }
        if hidden.contains(&at) {
            if at == hidden.start {
                rows.push(Row::More(Side::Thought, hidden.len()));
            }
            continue;
        }
        rows.extend(lines.map(Row::Thought));
    }
}

fn push_call(rows: &mut Vec<Row>, call: &ShownCall, fold: Fold, cols: usize) {
    push_lines(rows, asked(&call.args), Side::Asked, fold, cols);
    if let Some(result) = &call.result {
        push_lines(rows, result.shown(), Side::Answered(result.how), fold, cols);
    }
}

/// The lines of all parts; between two changes of one file stands a mark.
fn asked(parts: &[Part]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut before: Option<&Part> = None;
    for part in parts {
        if let (Some(Part::Change { .. }), Part::Change { .. }) = (before, part) {
            lines.push(Line::of(Tone::Accent, "@@"));
        }
        lines.extend(part.lines());
        before = Some(part);
    }
    lines
}

fn push_lines(rows: &mut Vec<Row>, lines: Vec<Line>, side: Side, fold: Fold, cols: usize) {
    let hidden = hidden(lines.len(), fold);
    let most = if fold == Fold::Whole { usize::MAX } else { WRAPPED };
    for (at, line) in lines.into_iter().enumerate() {
        if hidden.contains(&at) {
            if at == hidden.start {
                rows.push(Row::More(side, hidden.len()));
            }
            continue;
        }
        rows.extend(line.wrapped(cols, most).into_iter().map(|line| Row::Line(side, line)));
    }
}

/// Which of so many lines are folded.
fn hidden(lines: usize, fold: Fold) -> std::ops::Range<usize> {
    if fold == Fold::Whole || lines <= LONG { 0..0 } else { FIRST..lines - LAST }
}

/// All of a text, wrapped.
fn whole(line: &str, cols: usize) -> Vec<String> {
    if line.is_empty() || width::width(line) <= cols { vec![line.to_owned()] } else { width::wrap(line, cols, usize::MAX) }
}

impl Row {
    /// `… 214 more lines (z)`.
    pub fn more(lines: usize) -> Line {
        Line::of(Tone::Muted, "… ").add(Tone::Accent, &crate::text::count(lines, "more line")).add(Tone::Muted, " (z)")
    }
}
