//! A comparison as text: in a pipe, and where it leaves the terminal.

use std::fmt::Write as _;

use super::align::{self, How};
use super::pair::{At, Half};
use super::patches::{self, Changes, File, Line, Row};
use super::{Compare, Pair, Sheet, Side};
use crate::text::count;
use crate::text::hang::hang;
use crate::text::width::{clip, fit, width, wrap};

/// Columns of the names of figures.
const NAME: usize = 20;

/// Columns of a figure.
const FIGURE: usize = 18;

/// Columns of a line's number.
const NUMBER: usize = 6;

/// All of it, side by side in so many columns; the texts of a pair are clean and masked already.
pub fn text(pair: &Pair, columns: usize) -> String {
    let mut out = String::new();
    let mut tell = |line: &str| {
        out.push_str(line.trim_end());
        out.push('\n');
    };
    for side in [&pair.left, &pair.right] {
        for line in hang(&format!("{:<12}", side.name), &format!("  {}", side.from), columns) {
            tell(&line);
        }
    }
    tell("");
    for line in wrap(&pair.says.join("; "), columns, usize::MAX) {
        tell(&line);
    }
    tell("");
    tell(&format!("{}{}{}right has more", " ".repeat(NAME), cell(&pair.left.name, FIGURE), cell(&pair.right.name, FIGURE)));
    for figure in &pair.figures {
        let [left, right] = [&figure.left, &figure.right].map(|told| cell(&told.text(), FIGURE));
        tell(&format!("{}{left}{right}{}", fit(&figure.name, NAME), figure.left.more(&figure.right)));
    }
    if pair.left.steps.is_some() && pair.right.steps.is_some() {
        let parted = if pair.steps.iter().any(|row| row.how == How::Parted) { ", ! the same with another end" } else { "" };
        tell(&format!("\nsteps: = the same{parted}, ~ the same file or program"));
        for row in &pair.steps {
            let [left, right] = of_steps(pair, row);
            tell(&halves("", &left, mark_of(row.how), &right, columns));
        }
    }
    for line in pair.files.iter().flat_map(|file| of_file(file, columns)) {
        tell(&line);
    }
    out
}

/// The row under the cursor in one line, however long; `None`: there is none, or nothing in it.
pub(super) fn row(screen: &Compare, pair: &Pair) -> Option<String> {
    let at = screen.reading().cursor;
    let told = match screen.sheet {
        Sheet::Steps => {
            let row = pair.steps.get(at)?;
            let [left, right] = of_steps(pair, row);
            format!("{left} {} {right}", mark_of(row.how))
        }
        Sheet::Patches => match screen.lines().get(at)? {
            At::File(file) => head(pair.files.get(*file)?),
            At::Row { file, row, half } => match pair.files.get(*file)?.rows.get(*row)? {
                Row::Gap { line, section } => format!("{line} {section}"),
                Row::Lines { left, right, how } => match half {
                    Half::Left => of_line(left.as_ref()),
                    Half::Right => of_line(right.as_ref()),
                    Half::Both if matches!(how, patches::How::Context | patches::How::Same) => of_line(left.as_ref()),
                    Half::Both => format!("{} {} {}", of_line(left.as_ref()), mark(*how), of_line(right.as_ref())),
                },
            },
            At::Blank => return None,
        },
        Sheet::Figures => {
            let figure = pair.figures.get(at)?;
            let mut told =
                format!("{}: {} {}, {} {}", figure.name, pair.left.name, figure.left.text(), pair.right.name, figure.right.text());
            let more = figure.left.more(&figure.right);
            if !more.is_empty() {
                let _ = write!(told, ", {more}");
            }
            told
        }
    };
    Some(told.trim_end().to_owned()).filter(|told| !told.trim().is_empty())
}

fn cell(text: &str, cols: usize) -> String {
    format!("{}  ", fit(text, cols.saturating_sub(2)))
}

/// Two texts beside each other.
fn halves(head: &str, left: &str, mark: char, right: &str, columns: usize) -> String {
    let half = columns.saturating_sub(width(head) + 3) / 2;
    format!("{head}{} {mark} {}", fit(left, half), clip(right, half))
}

/// The steps of a row, a side each; empty where a side has none.
fn of_steps(pair: &Pair, row: &align::Row) -> [String; 2] {
    [(&pair.left, row.left), (&pair.right, row.right)].map(|(side, at)| of_step(side, at).unwrap_or_default())
}

fn of_step(side: &Side, at: Option<usize>) -> Option<String> {
    let steps = side.steps.as_ref()?;
    let step = steps.get(at?)?;
    let digits = steps.last().map_or(1, |last| last.index.to_string().len());
    let what = step.main_call().map_or_else(|| step.title().into_owned(), |call| format!("{}  {}", call.word, call.gist));
    Some(format!("{:>digits$} {} {what}", step.index, step.kind.letter()))
}

/// `vllm/config.py: left modified +1 -0, right unchanged`
fn head(file: &File) -> String {
    let stat = |changes: &Option<Changes>| {
        changes
            .as_ref()
            .map_or_else(|| "unchanged".to_owned(), |changes| format!("{} +{} -{}", changes.word, changes.added, changes.removed))
    };
    let same = if file.same > 0 { format!(", {} the same", count(file.same as usize, "line")) } else { String::new() };
    format!("{}: left {}, right {}{same}", file.path, stat(&file.left), stat(&file.right))
}

fn of_file(file: &File, columns: usize) -> Vec<String> {
    let row = |row: &Row| match row {
        Row::Gap { line, section } => format!("{line:>width$} {section}", width = NUMBER - 1),
        Row::Lines { left, right, how } => {
            let number =
                left.as_ref().or(right.as_ref()).and_then(|line| line.number).map_or_else(String::new, |number| number.to_string());
            let head = format!("{number:>width$} ", width = NUMBER - 1);
            halves(&head, &of_line(left.as_ref()), mark(*how), &of_line(right.as_ref()), columns)
        }
    };
    [String::new(), head(file)].into_iter().chain(file.rows.iter().map(row)).collect()
}

fn of_line(line: Option<&Line>) -> String {
    line.map_or_else(String::new, |line| line.text.text.clone())
}

const fn mark_of(how: How) -> char {
    match how {
        How::Same => '=',
        How::Parted => '!',
        How::Like => '~',
        How::Alone => '|',
    }
}

const fn mark(how: patches::How) -> char {
    match how {
        patches::How::Context => ' ',
        patches::How::Same => '=',
        patches::How::Differ => '|',
        patches::How::Left => '<',
        patches::How::Right => '>',
    }
}
