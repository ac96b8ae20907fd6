//! A comparison for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::report::steps::line;
use crate::ui::compare::align::How;
use crate::ui::compare::patches::{self, Changes, File, Mark, Row};
use crate::ui::compare::{Pair, Side, Told};

/// Writes it as one line of JSON.
pub(super) fn json(out: &mut impl Write, pair: &Pair) -> io::Result<()> {
    let side = |side: &Side| json!({"name": side.name, "from": side.from, "steps": side.steps.as_ref().map(Vec::len)});
    let figures: Vec<Value> = pair
        .figures
        .iter()
        .map(|figure| json!({"name": figure.name, "left": plain(&figure.left), "right": plain(&figure.right)}))
        .collect();
    // nobody knows whether a step stands alone where those of the other side were not read
    let is_known = pair.left.unread_steps().is_none() && pair.right.unread_steps().is_none();
    let steps: Vec<Value> = pair
        .steps
        .iter()
        .map(|row| {
            let index = |side: &Side, at: Option<usize>| Some(side.steps.as_ref()?.get(at?)?.index);
            let how = match row.how {
                How::Same => "same",
                How::Parted => "parted",
                How::Like => "like",
                How::Alone => "alone",
            };
            json!({"left": index(&pair.left, row.left), "right": index(&pair.right, row.right), "how": is_known.then_some(how)})
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

const fn sign(mark: Mark) -> char {
    match mark {
        Mark::Kept => ' ',
        Mark::Added => '+',
        Mark::Removed => '-',
    }
}
