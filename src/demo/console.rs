//! TRAE's console, `-ct simple`: one table a step, 120 columns wide.

use std::io::{self, Write as _};
use std::path::Path;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::record::Finale;

/// Columns of a table, borders included.
const WIDE: usize = 120;
/// Columns of the first cell's text.
const LABEL: usize = 11;
/// Columns of the second cell's text.
const TEXT: usize = WIDE - LABEL - 7;
/// Columns of the two nested cells' texts.
const NESTED: (usize, usize) = (46, 47);

/// One tool call and its result, as shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) arguments: Value,
    pub(super) result: Option<String>,
}

/// What a step's table shows.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) number: usize,
    pub(super) thought: &'a str,
    pub(super) calls: &'a [Shown],
    /// Running totals.
    pub(super) tokens: (u64, u64),
}

/// The first lines: where, and the panel of the task.
pub(super) fn opening(worktree: &Path, trajectory: &Path, model: (&str, &str), max_steps: u32, task: &str) {
    let text = format!(
        "Task: {}\nModel Provider: {}\nModel: {}\nMax Steps: {max_steps}\nTrajectory File: {}\nTools: {}\nMust_patch: true",
        task.trim_end(),
        model.0,
        model.1,
        trajectory.display(),
        super::tools::NAMES.join(", ")
    );
    print(&format!("Changed working directory to: {}\n{}", worktree.display(), panel(" Task Details ", &text)));
}

/// A finished step.
pub(super) fn step(page: &Page<'_>) {
    let mut out = rule('┌', '┬', '┐', LABEL, TEXT);
    row(&mut out, "Status", &[format!("✅ Step {}: Completed", page.number)]);
    if !page.thought.is_empty() {
        row(&mut out, "LLM Response", &wrapped(&format!("💬 {}", page.thought), TEXT));
    }
    if !page.calls.is_empty() {
        let names: Vec<&str> = page.calls.iter().map(|call| call.name).collect();
        row(&mut out, "Tools", &wrapped(&format!("🔧 {}", names.join(", ")), TEXT));
    }
    for call in page.calls {
        row(&mut out, call.name, &nested(call));
    }
    row(&mut out, "Total Tokens", &[format!("Input: {} Output: {}", page.tokens.0, page.tokens.1)]);
    out.push_str(&rule('└', '┴', '┘', LABEL, TEXT));
    print(&out);
}

/// The last lines.
pub(super) fn closing(finale: &Finale, steps: usize, tokens: (u64, u64), task: &str, trajectory: &Path) {
    let bar = "=".repeat(60);
    let (label, text) = (18, 60 - 18 - 7);
    let mut out = format!("\n{bar}\nExecution Summary\n{bar}\n{}", rule('┌', '┬', '┐', label, text));
    let short: String = task.lines().next().unwrap_or_default().chars().take(text).collect();
    for (name, value) in [
        ("Task", short),
        ("Success", if finale.success { "✅ Yes" } else { "❌ No" }.to_owned()),
        ("Steps", steps.to_string()),
        ("Execution Time", format!("{:.2}s", finale.seconds)),
        ("Total Tokens", (tokens.0 + tokens.1).to_string()),
        ("Input Tokens", tokens.0.to_string()),
        ("Output Tokens", tokens.1.to_string()),
    ] {
        out.push_str(&cells(&[(name, label), (&value, text)]));
    }
    out.push_str(&rule('└', '┴', '┘', label, text));
    if !finale.final_result.is_empty() {
        out.push_str(&panel(" Final Result ", &finale.final_result));
    }
    print(&format!("{out}\nTrajectory saved to: {}\n", trajectory.display()));
}

/// A box around a text, with a title on its upper edge.
fn panel(title: &str, text: &str) -> String {
    let side = "─".repeat((WIDE - 2 - title.len()) / 2);
    let lines: String = wrapped(text, WIDE - 4).iter().map(|line| cells(&[(line, WIDE - 4)])).collect();
    format!("╭{side}{title}{side}╮\n{lines}╰{}╯\n", "─".repeat(WIDE - 2))
}

/// One line of a table: texts, and how wide their cells are.
fn cells(texts: &[(&str, usize)]) -> String {
    let cells: String = texts.iter().map(|(text, width)| padded(text, *width) + " │ ").collect();
    format!("│ {}\n", cells.trim_end())
}

fn row(out: &mut String, label: &str, lines: &[String]) {
    let labels = if label.contains('_') || label.width() <= LABEL && !label.contains(' ') {
        vec![cropped(label, LABEL)]
    } else {
        wrapped(label, LABEL)
    };
    for at in 0..lines.len().max(labels.len()) {
        let label = labels.get(at).map_or("", String::as_str);
        let text = lines.get(at).map_or("", String::as_str);
        out.push_str(&cells(&[(label, LABEL), (text, TEXT)]));
    }
}

/// A call's own table: its arguments as Python shows a dict, and its result.
fn nested(call: &Shown) -> Vec<String> {
    let (left, right) = NESTED;
    let arguments = wrapped(&python(&call.arguments), left);
    let result = wrapped(call.result.as_deref().unwrap_or_default(), right);
    let mut lines = vec![rule('┌', '┬', '┐', left, right).trim_end().to_owned()];
    for at in 0..arguments.len().max(result.len()) {
        let text = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
        lines.push(cells(&[(&text(&arguments), left), (&text(&result), right)]).trim_end().to_owned());
    }
    lines.push(rule('└', '┴', '┘', left, right).trim_end().to_owned());
    lines
}

/// A JSON value as Python prints it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\n', "\\n").replace('\'', "\\'")),
        Value::Array(list) => format!("[{}]", list.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            format!("{{{}}}", map.iter().map(|(name, value)| format!("'{name}': {}", python(value))).collect::<Vec<_>>().join(", "))
        }
    }
}

fn rule(left: char, middle: char, right: char, first: usize, second: usize) -> String {
    format!("{left}{}{middle}{}{right}\n", "─".repeat(first + 2), "─".repeat(second + 2))
}

/// Lines of at most `width` columns, broken at blanks where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.replace('\t', "    ");
        let mut current = String::new();
        for word in line.split_inclusive(' ') {
            if !current.is_empty() && current.width() + word.trim_end().width() > width {
                lines.push(std::mem::take(&mut current));
            }
            for c in word.chars() {
                if current.width() >= width && c != ' ' {
                    lines.push(std::mem::take(&mut current));
                }
                current.push(c);
            }
        }
        lines.push(current);
    }
    lines
}

fn cropped(text: &str, width: usize) -> String {
    if text.width() <= width { text.to_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

fn padded(text: &str, width: usize) -> String {
    let text = text.trim_end();
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Out at once; who has stopped reading does not stop the agent.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
