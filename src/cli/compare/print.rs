//! A comparison for people who read a pipe, and for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cli::page;
use crate::report::steps::line;
use crate::text::count;
use crate::text::width::{fit, width, wrap};
use crate::ui::compare::align::How;
use crate::ui::compare::patches::{self, Changes, File, Mark, Row};
use crate::ui::compare::{Pair, Side, Told};
use crate::ui::step::Shown;

/// Columns of the names of figures.
const NAME: usize = 20;

/// Columns of a figure.
const FIGURE: usize = 18;

/// Columns of a line's number.
const NUMBER: usize = 6;

/// Writes it side by side, as wide as the terminal; texts are clean already.
pub(super) fn text(out: &mut impl Write, pair: &Pair) -> io::Result<()> {
    let columns = page::columns();
    for side in [&pair.left, &pair.right] {
        writeln!(out, "{}", page::hang(&format!("{:<12}", side.name), &format!("  {}", side.from), columns).join("\n"))?;
    }
    writeln!(out)?;
    for line in wrap(&pair.says.join("; "), columns, usize::MAX) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\n{}{}{}right has more", " ".repeat(NAME), cell(&pair.left.name, FIGURE), cell(&pair.right.name, FIGURE))?;
    for figure in &pair.figures {
        let row = format!(
            "{}{}{}{}",
            fit(&figure.name, NAME),
            cell(&figure.left.text(), FIGURE),
            cell(&figure.right.text(), FIGURE),
            figure.left.more(&figure.right)
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    let is_told = pair.left.steps.is_some() && pair.right.steps.is_some();
    if is_told {
        writeln!(out, "\nsteps: = the same, ~ the same file or program")?;
    }
    for row in pair.steps.iter().filter(|_| is_told) {
        let mark = match row.how {
            How::Same => '=',
            How::Like => '~',
            How::Alone => '|',
        };
        halves(out, "", &of_step(&pair.left, row.left), mark, &of_step(&pair.right, row.right), columns)?;
    }
    for file in &pair.files {
        of_file(out, file, columns)?;
    }
    Ok(())
}

fn cell(text: &str, cols: usize) -> String {
    format!("{}  ", fit(text, cols.saturating_sub(2)))
}

/// Two texts beside each other.
fn halves(out: &mut impl Write, head: &str, left: &str, mark: char, right: &str, columns: usize) -> io::Result<()> {
    let half = columns.saturating_sub(width(head) + 3) / 2;
    let row = format!("{head}{} {mark} {}", fit(left, half), crate::text::width::clip(right, half));
    writeln!(out, "{}", row.trim_end())
}

fn step(side: &Side, at: Option<usize>) -> Option<&Shown> {
    side.steps.as_ref()?.get(at?)
}

fn of_step(side: &Side, at: Option<usize>) -> String {
    let Some(step) = step(side, at) else { return String::new() };
    let digits = side.steps.iter().flatten().next_back().map_or(1, |last| last.index.to_string().len());
    let what = step.main_call().map_or_else(|| step.title().into_owned(), |call| format!("{}  {}", call.word, call.gist));
    format!("{:>digits$} {} {what}", step.index, step.kind.letter())
}

fn of_file(out: &mut impl Write, file: &File, columns: usize) -> io::Result<()> {
    let stat = |changes: &Option<Changes>| {
        changes
            .as_ref()
            .map_or_else(|| "unchanged".to_owned(), |changes| format!("{} +{} -{}", changes.word, changes.added, changes.removed))
    };
    let same = if file.same > 0 { format!(", {} the same", count(file.same as usize, "line")) } else { String::new() };
    writeln!(out, "\n{}: left {}, right {}{same}", file.path, stat(&file.left), stat(&file.right))?;
    for row in &file.rows {
        match row {
            Row::Gap { line, section } => writeln!(out, "{}", format!("{line:>width$} {section}", width = NUMBER - 1).trim_end())?,
            Row::Lines { left, right, how } => {
                let number =
                    left.as_ref().or(right.as_ref()).and_then(|line| line.number).map_or_else(String::new, |number| number.to_string());
                let half = |line: &Option<patches::Line>| line.as_ref().map_or_else(String::new, |line| line.text.text.clone());
                let head = format!("{number:>width$} ", width = NUMBER - 1);
                halves(out, &head, &half(left), mark(*how), &half(right), columns)?;
            }
        }
    }
    Ok(())
}

const fn sign(mark: Mark) -> char {
    match mark {
        Mark::Kept => ' ',
        Mark::Added => '+',
        Mark::Removed => '-',
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

/// Writes it as one line of JSON.
pub(super) fn json(out: &mut impl Write, pair: &Pair) -> io::Result<()> {
    let side = |side: &Side| json!({"name": side.name, "from": side.from, "steps": side.steps.as_ref().map(Vec::len)});
    let figures: Vec<Value> = pair
        .figures
        .iter()
        .map(|figure| json!({"name": figure.name, "left": plain(&figure.left), "right": plain(&figure.right)}))
        .collect();
    let steps: Vec<Value> = pair
        .steps
        .iter()
        .map(|row| {
            let index = |side: &Side, at| step(side, at).map(|step| step.index);
            let how = match row.how {
                How::Same => "same",
                How::Like => "like",
                How::Alone => "alone",
            };
            json!({"left": index(&pair.left, row.left), "right": index(&pair.right, row.right), "how": how})
        })
        .collect();
    let files: Vec<Value> = pair.files.iter().map(file).collect();
    line(
        out,
        &json!({"left": side(&pair.left), "right": side(&pair.right), "says": pair.says, "figures": figures, "steps": steps, "files": files}),
    )
}

fn file(file: &File) -> Value {
    let changes = |changes: &Option<Changes>| {
        changes.as_ref().map(|changes| json!({"change": changes.word, "added": changes.added, "removed": changes.removed}))
    };
    let line = |line: &Option<patches::Line>| {
        line.as_ref().map(|line| json!({"line": line.number, "mark": sign(line.mark).to_string(), "text": line.text.text.get(1..)}))
    };
    let how = |how: patches::How| match how {
        patches::How::Context => "context",
        patches::How::Same => "same",
        patches::How::Differ => "differ",
        patches::How::Left => "left",
        patches::How::Right => "right",
    };
    let rows = file.rows.iter().filter_map(|row| match row {
        Row::Lines { left, right, how: stands } => Some(json!({"left": line(left), "right": line(right), "how": how(*stands)})),
        Row::Gap { .. } => None,
    });
    json!({
        "path": file.path,
        "left": changes(&file.left),
        "right": changes(&file.right),
        "same": file.same,
        "same_parent": !file.is_torn,
        "rows": rows.collect::<Vec<_>>(),
    })
}

/// A figure as scripts want it: numbers in their unit (tokens, ms, bytes, millionths of a dollar), `null` for what is not
/// known.
fn plain(told: &Told) -> Value {
    match told {
        Told::Unknown => Value::Null,
        Told::Word(word) => json!(word),
        Told::Count(count) | Told::Tokens(count) | Told::Millis(count) | Told::Bytes(count) | Told::MicroUsd(count) => json!(count),
        Told::Measure(value) => json!(value),
    }
}
