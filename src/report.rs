//! A run for scripts and for people without a screen: from the same model that the screen draws.

pub mod compare;
pub mod counted;
pub mod episodes;
pub mod head;
pub mod html;
pub mod item;
pub mod json;
pub mod lead;
pub mod machine;
pub mod markdown;
pub mod plain;
pub mod runs;
pub mod section;
pub mod sections;
pub mod sheet;
pub mod status;
pub mod steps;
pub mod study;
pub mod table;
pub mod trajectory;
pub mod verdict;

pub use counted::Counted;
pub use lead::{Lead, lead};
pub use machine::{machine, machine_line};
pub use runs::Listed;
pub use section::{Align, Cell, Column, Document, Narrow, Section, Table, Tone};
pub use sections::sections;
pub use status::{Limits, Surroundings, status};
pub use study::Study;
pub use table::table;

use serde_json::{Map, Value};

/// A sentence of the model with commands in place of the keys of a screen.
pub fn by_command(says: &str) -> String {
    const KEYS: [(&str, &str); 15] = [
        ("; space resumes", "; `isobench-tui ctl resume` resumes"),
        ("; P goes on", "; `isobench-tui ctl thaw` goes on"),
        (
            "; R runs it again from its first stage",
            "; `isobench-tui ctl retry` runs it again from its first stage, `retry-stage --stage STAGE` from a later one",
        ),
        ("; R runs it again", "; `isobench-tui ctl retry` runs it again"),
        ("; R tries the whole item again", "; `isobench-tui ctl retry` tries the whole item again"),
        ("; R tries the item again", "; `isobench-tui ctl retry` tries the item again"),
        ("; R tries again", "; `isobench-tui ctl retry` tries again"),
        ("; R runs the item again", "; `isobench-tui ctl retry` runs the item again"),
        ("; r tries the stage again", "; `isobench-tui ctl retry-stage` tries the stage again"),
        ("r runs this arm again", "`isobench-tui ctl retry-stage` runs this arm again"),
        ("6 shows what ", "read what "),
        ("6 shows the patch", "look at the patch"),
        ("2 shows the agent's last steps", "read the agent's last steps"),
        ("; stop it first (x)", "; stop it first (`isobench-tui ctl stop`)"),
        ("; c continues the run", "; `isobench-tui run --resume` continues the run"),
    ];
    KEYS.iter().fold(says.to_owned(), |says, (key, command)| says.replace(key, command))
}

/// The median of sorted numbers; between two of them their middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied()?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(half.checked_sub(1)?).map(|lower| lower.midpoint(upper))
}

/// The fields of several objects as one.
fn joined(parts: impl IntoIterator<Item = Value>) -> Value {
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect::<Map<_, _>>())
}
