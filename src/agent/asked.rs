//! What a call was asked for, laid out by what it is: a command, an edit, a place in a file, a list of things to do.
//!
//! Agents name their tools as they like, and the same tool by another name has the same fields: the fields decide.

use serde_json::{Map, Value};

use crate::text::clean;
use crate::text::mask::Masker;
use crate::text::paint::{Line, Tone, diff, shell};
use crate::text::tree::{Trees, in_trees};

/// A part of what a call was asked for. All texts are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What it is about.
    Place(Place),
    /// A command for a shell.
    Command(String),
    /// A text and what became of it.
    Change {
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// A text that is new as a whole.
    Written(String),
    /// A text that holds a diff.
    Patch(String),
    /// Things to do.
    List(Vec<(Check, String)>),
    /// Prose, or a program.
    Text(String),
    /// Anything else, by its name.
    Field(String, String),
}

/// A file, and which part of it: `vllm/core/scheduler.py:120-180`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    text: String,
    /// Bytes of its path.
    path: usize,
}

/// How far a thing to do is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Not begun.
    Open,
    /// Under way.
    Doing,
    /// Done.
    Done,
}

/// Commands of the tools that edit files, which are no commands for a shell.
const EDITS: [&str; 5] = ["view", "create", "str_replace", "insert", "undo_edit"];

/// What those commands read. Strict modes fill in the others as well, which then mean nothing.
const EDIT_FIELDS: [&str; 6] = ["file_text", "old_str", "new_str", "insert_line", "view_range", "content"];

/// Fields of which the value says nothing about what was done.
const NOISE: [&str; 10] = [
    "impl_source",
    "confirmation_state",
    "is_confirmed",
    "kernel_init_code",
    "keep_prompt",
    "translated_ipython_code",
    "next_thought_needed",
    "include_extra",
    "blocking",
    "pretty_print",
];

const PATHS: [&str; 8] = ["path", "file_path", "filePath", "notebook_path", "filename", "file", "target_file", "absolute_path"];

/// With what a patch begins that is an argument by itself: Codex's own form, and git's.
const PATCH: [&str; 2] = ["*** Begin Patch", "diff --git "];

/// Longer values of arrays and tables are told over several lines.
const SHORT: usize = 60;

impl Place {
    /// A path, and what is said of the place behind it.
    fn new(path: &str, says: &str) -> Self {
        Self { text: format!("{path}{says}"), path: path.len() }
    }

    /// The file, in the tree that the agent works in; empty where it is not said, as of the file that is open.
    pub fn path(&self) -> &str {
        self.text.get(..self.path).unwrap_or(&self.text)
    }

    /// What is said of the place in words, if anything: `after line 12`, `new`.
    pub fn words(&self) -> Option<&str> {
        let says = self.text.get(self.path..)?;
        says.strip_prefix(", ").or_else(|| Some(says).filter(|says| self.path == 0 && !says.is_empty()))
    }

    fn mapped(&self, safe: impl Fn(String) -> String) -> Self {
        let path = safe(self.path().to_owned());
        let says = safe(self.text.get(self.path..).unwrap_or_default().to_owned());
        Self::new(&in_trees(&path, Trees::Named), &says)
    }
}

impl Part {
    /// What a call was asked for.
    pub fn all(name: &str, args: &Value, masker: &Masker) -> Vec<Self> {
        let parts = match args {
            Value::Null => Vec::new(),
            Value::Object(fields) => of_fields(name, fields),
            Value::String(text) if diff::is_in(text) => vec![Self::Patch(text.clone())],
            Value::String(text) => vec![Self::Text(text.clone())],
            other => vec![Self::Text(pretty(other))],
        };
        parts.into_iter().map(|part| part.mapped(|text| masker.text(&text).into_owned())).collect()
    }

    fn mapped(self, safe: impl Fn(String) -> String) -> Self {
        match self {
            Self::Place(place) => Self::Place(place.mapped(safe)),
            Self::Command(text) => Self::Command(safe(text)),
            Self::Change { old, new } => Self::Change { old: safe(old), new: safe(new) },
            Self::Written(text) => Self::Written(safe(text)),
            Self::Patch(text) => Self::Patch(safe(text)),
            Self::List(todo) => Self::List(todo.into_iter().map(|(check, text)| (check, safe(text))).collect()),
            Self::Text(text) => Self::Text(safe(text)),
            Self::Field(name, text) => Self::Field(safe(name), safe(text)),
        }
    }

    /// Its texts, as they were written.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Place(place) => vec![&place.text],
            Self::Command(text) | Self::Written(text) | Self::Patch(text) | Self::Text(text) => vec![text],
            Self::Change { old, new } => vec![old, new],
            Self::List(todo) => todo.iter().map(|(_, text)| text.as_str()).collect(),
            Self::Field(name, text) => vec![name, text],
        }
    }

    /// Its lines, as they are shown.
    pub fn lines(&self) -> Vec<Line> {
        match self {
            Self::Place(place) => vec![Line::of(Tone::Strong, &clean::first_line(&place.text))],
            Self::Command(text) => shell::lines(text.trim_matches('\n')),
            Self::Change { old, new } => diff::change(old, new),
            Self::Written(text) => diff::added(text),
            Self::Patch(text) => diff::mixed(text.trim_matches('\n'), plain),
            Self::List(todo) => todo.iter().map(|(check, text)| check.line(text)).collect(),
            Self::Text(text) => text.trim_matches('\n').lines().map(plain).collect(),
            Self::Field(name, text) => field(name, text),
        }
    }
}

impl Check {
    fn line(self, text: &str) -> Line {
        let (tone, mark) = match self {
            Self::Open => (Tone::Muted, "[ ] "),
            Self::Doing => (Tone::Live, "[>] "),
            Self::Done => (Tone::Good, "[x] "),
        };
        let told = if self == Self::Done { Tone::Muted } else { Tone::Plain };
        Line::of(tone, mark).add(told, &clean::first_line(text)).hung(4)
    }
}

fn plain(line: &str) -> Line {
    let line = clean::line(line);
    let indent = line.len() - line.trim_start_matches(' ').len();
    Line::of(Tone::Plain, &line).hung(indent)
}

/// `name: value`; a value of several lines stands below its name.
fn field(name: &str, text: &str) -> Vec<Line> {
    let name = Line::of(Tone::Muted, &clean::first_line(name)).add(Tone::Muted, ":");
    let text = text.trim_matches('\n');
    if !text.contains('\n') {
        return vec![name.add(Tone::Plain, " ").add(Tone::Plain, &clean::line(text)).hung(2)];
    }
    let below = text.lines().map(|line| Line::of(Tone::Plain, "  ").add(Tone::Plain, &clean::line(line)).hung(2));
    std::iter::once(name).chain(below).collect()
}

/// The fields that nothing was made of yet.
struct Fields<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Fields<'a> {
    /// The first of these fields, which is taken.
    fn take(&mut self, names: &[&str]) -> Option<&'a Value> {
        let at = names.iter().find_map(|name| self.0.iter().position(|(found, _)| found == name))?;
        Some(self.0.remove(at).1)
    }

    /// The same of a text. Of another kind it stays where it is.
    fn text(&mut self, names: &[&str]) -> Option<&'a str> {
        let known = |(name, value): &(&str, &Value)| names.contains(name) && value.is_string();
        let name = names.iter().find(|name| self.0.iter().any(|field| field.0 == **name && known(field)))?;
        self.take(&[name])?.as_str()
    }

    fn number(&mut self, names: &[&str]) -> Option<i64> {
        self.take(names)?.as_i64()
    }
}

fn of_fields(name: &str, fields: &Map<String, Value>) -> Vec<Part> {
    let says = |(name, value): &(&str, &Value)| {
        let is_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(table) => table.is_empty(),
            _ => false,
        };
        !is_nothing && !NOISE.contains(name)
    };
    let mut left = Fields(fields.iter().map(|(name, value)| (name.as_str(), value)).filter(says).collect());
    let mut parts = Vec::new();
    let path = left.text(&PATHS);
    let edit = fields.get("command").and_then(Value::as_str).filter(|command| path.is_some() && EDITS.contains(command));
    if let Some(edit) = edit {
        left.take(&["command"]);
        editor(edit, path.unwrap_or_default(), &mut left, &mut parts);
        left.0.retain(|(name, value)| !EDIT_FIELDS.contains(name) && !is_default(name, value));
    } else {
        let mut body = Vec::new();
        // why a plan is another one now
        let why = fields.get("plan").filter(|plan| plan.is_array()).and_then(|_| left.text(&["explanation"]));
        body.extend(why.map(|text| Part::Text(text.to_owned())));
        body.extend(patches(&mut left));
        commands(fields, &mut left, &mut body);
        let after = inserted(&mut left, &mut body);
        changes(name, path, &mut left, &mut body);
        lists(&mut left, &mut body);
        let place = match (path, range(&mut left)) {
            (Some(path), Some(range)) => Some(Place::new(path, &format!(":{range}"))),
            (Some(path), None) => Some(Place::new(path, &after)),
            (None, Some(range)) => Some(Place::new("", &format!("lines {range}"))),
            (None, None) => None,
        };
        parts.extend(place.map(Part::Place));
        parts.extend(body);
        prose(&mut left, &mut parts);
    }
    let others = left.0.into_iter().filter(|(_, value)| value.as_str() != Some(""));
    parts.extend(others.map(|(name, value)| Part::Field(name.to_owned(), pretty(value))));
    parts
}

/// What the tools that edit files do: TRAE's, SWE-agent's and OpenHands' have the same commands.
fn editor(command: &str, path: &str, left: &mut Fields<'_>, parts: &mut Vec<Part>) {
    let place = match command {
        "view" => range(left).map(|range| format!(":{range}")),
        "insert" => left.number(&["insert_line"]).map(after_line),
        _ => None,
    };
    parts.push(Part::Place(Place::new(path, &place.unwrap_or_default())));
    match command {
        "create" => parts.extend(left.text(&["file_text", "content"]).map(|text| Part::Written(text.to_owned()))),
        "insert" => parts.extend(left.text(&["new_str"]).map(|text| Part::Written(text.to_owned()))),
        "str_replace" => {
            let (old, new) = (left.text(&["old_str"]).unwrap_or_default(), left.text(&["new_str"]).unwrap_or_default());
            parts.push(Part::Change { old: old.to_owned(), new: new.to_owned() });
        }
        _ => {}
    }
}

fn after_line(line: i64) -> String {
    format!(", after line {line}")
}

/// A text that goes into a file where nothing is taken away, by a tool that does nothing else; returns where.
fn inserted(left: &mut Fields<'_>, parts: &mut Vec<Part>) -> String {
    let field = |name: &str| left.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
    let takes_nothing = field("old_str").is_none_or(|old| old.as_str() == Some(""));
    let Some(line) = field("insert_line").and_then(Value::as_i64).filter(|_| takes_nothing) else { return String::new() };
    let Some(text) = left.text(&["new_str"]) else { return String::new() };
    left.take(&["insert_line"]);
    left.take(&["old_str"]);
    parts.push(Part::Written(text.to_owned()));
    after_line(line)
}

/// Fields that are patches, whatever they are called.
fn patches(left: &mut Fields<'_>) -> Vec<Part> {
    let is_patch = |(_, value): &(&str, &Value)| value.as_str().is_some_and(|text| PATCH.iter().any(|begin| text.starts_with(begin)));
    let (patches, others) = std::mem::take(&mut left.0).into_iter().partition(is_patch);
    left.0 = others;
    let patches: Vec<(&str, &Value)> = patches;
    patches.into_iter().filter_map(|(_, value)| Some(Part::Patch(value.as_str()?.to_owned()))).collect()
}

/// Commands for a shell, and programs for an interpreter.
fn commands(fields: &Map<String, Value>, left: &mut Fields<'_>, parts: &mut Vec<Part>) {
    for name in ["command", "cmd", "script"] {
        let Some(value) = fields.get(name).filter(|_| left.0.iter().any(|(left, _)| *left == name)) else { continue };
        let part = match value {
            Value::String(text) => Part::Command(text.clone()),
            Value::Array(words) => words_of(words),
            _ => continue,
        };
        left.take(&[name]);
        parts.push(part);
    }
    parts.extend(left.text(&["code"]).map(|text| Part::Text(text.to_owned())));
}

/// The words of a command; for a shell they hold its text, and Codex' own program takes a patch.
fn words_of(words: &[Value]) -> Part {
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    match words.as_slice() {
        [shell, "-c" | "-lc", text] if shell.ends_with("sh") => Part::Command((*text).to_owned()),
        ["apply_patch", text] => Part::Patch((*text).to_owned()),
        words => Part::Command(shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))),
    }
}

/// Edits of files, in the words of each agent.
fn changes(name: &str, path: Option<&str>, left: &mut Fields<'_>, parts: &mut Vec<Part>) {
    if let Some(Value::Array(edits)) = left.take(&["edits"]) {
        for edit in edits.iter().filter_map(Value::as_object) {
            let mut edit = Fields(edit.iter().map(|(name, value)| (name.as_str(), value)).collect());
            parts.extend(change(&mut edit));
        }
    }
    parts.extend(change(left));
    if let Some(text) = left.text(&["file_text", "new_source", "replacement_text"]) {
        parts.push(Part::Written(text.to_owned()));
    }
    // only of a file it is what is written
    let written = match (name, path) {
        ("insert", _) => left.text(&["text"]),
        (_, Some(_)) => left.text(&["content"]),
        _ => None,
    };
    parts.extend(written.filter(|text| !text.is_empty()).map(|text| Part::Written(text.to_owned())));
    for name in ["input", "patch", "diff"] {
        if left.0.iter().any(|(found, value)| *found == name && value.as_str().is_some_and(diff::is_in)) {
            parts.extend(left.text(&[name]).map(|text| Part::Patch(text.to_owned())));
        }
    }
    match left.0.iter().find(|(name, _)| *name == "changes").map(|(_, value)| *value) {
        Some(Value::Object(files)) => {
            left.take(&["changes"]);
            files.iter().for_each(|(path, what)| changed_file(path, what, parts));
        }
        Some(Value::Array(files)) => {
            left.take(&["changes"]);
            let told = |file: &Value| {
                let word = |name: &str| file.get(name).and_then(Value::as_str);
                Some(Part::Place(Place::new(&format!("{} {}", word("kind").unwrap_or("change"), word("path")?), "")))
            };
            parts.extend(files.iter().filter_map(told));
        }
        _ => {}
    }
}

fn change(left: &mut Fields<'_>) -> Option<Part> {
    let pairs = [("old_string", "new_string"), ("old_str", "new_str"), ("old_text", "new_text"), ("search", "replace")];
    pairs.into_iter().find_map(|(before, after)| {
        let old = left.text(&[before])?.to_owned();
        Some(Part::Change { old, new: left.text(&[after]).unwrap_or_default().to_owned() })
    })
}

/// What becomes of a file, as Codex records it: `{"update": {"unified_diff": …}}`.
fn changed_file(path: &str, what: &Value, parts: &mut Vec<Part>) {
    let text = |how: &str, name: &str| what.get(how).and_then(|how| how.get(name)).and_then(Value::as_str);
    if let Some(diff) = text("update", "unified_diff") {
        let to = text("update", "move_path").map_or_else(String::new, |to| format!(", now {to}"));
        parts.push(Part::Place(Place::new(path, &to)));
        parts.push(Part::Patch(diff.to_owned()));
    } else if let Some(content) = text("add", "content") {
        parts.push(Part::Place(Place::new(path, ", new")));
        parts.push(Part::Written(content.to_owned()));
    } else if what.get("delete").is_some() {
        parts.push(Part::Place(Place::new(path, ", deleted")));
        parts.extend(text("delete", "content").map(|old| Part::Change { old: old.to_owned(), new: String::new() }));
    } else {
        parts.push(Part::Field(path.to_owned(), pretty(what)));
    }
}

/// Lists of things to do.
fn lists(left: &mut Fields<'_>, parts: &mut Vec<Part>) {
    for name in ["todos", "plan", "task_list"] {
        let Some(Value::Array(list)) = left.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value) else { continue };
        let todo: Option<Vec<(Check, String)>> = list.iter().map(thing_to_do).collect();
        if let Some(todo) = todo {
            left.take(&[name]);
            parts.push(Part::List(todo));
        }
    }
}

fn thing_to_do(thing: &Value) -> Option<(Check, String)> {
    let text = ["content", "step", "text", "title"].iter().find_map(|name| thing.get(name)?.as_str())?;
    let status = thing.get("status").and_then(Value::as_str).unwrap_or_default();
    let check = match status {
        "completed" | "done" => Check::Done,
        "in_progress" => Check::Doing,
        _ if thing.get("completed").and_then(Value::as_bool) == Some(true) => Check::Done,
        _ => Check::Open,
    };
    Some((check, text.to_owned()))
}

/// What is told in sentences.
fn prose(left: &mut Fields<'_>, parts: &mut Vec<Part>) {
    if let Some(number) = left.number(&["thought_number"]) {
        let of = left.number(&["total_thoughts"]).map_or_else(String::new, |of| format!(" of {of}"));
        parts.push(Part::Field("thought".to_owned(), format!("{number}{of}")));
    }
    for name in ["thought", "plan", "message", "final_thought", "prompt", "answer", "body"] {
        let Some(text) = left.text(&[name]).filter(|text| !text.is_empty()) else { continue };
        // a word or two say nothing without their name
        parts.push(match name {
            "prompt" | "body" if text.len() <= SHORT => Part::Field(name.to_owned(), text.to_owned()),
            _ => Part::Text(text.to_owned()),
        });
    }
}

/// Which lines of a file: `120-180`.
fn range(left: &mut Fields<'_>) -> Option<String> {
    let upto = |first: i64, last: i64| if last < first { format!("{first}-") } else { format!("{first}-{last}") };
    if let Some(Value::Array(ends)) = left.take(&["view_range"]) {
        return match ends.as_slice() {
            [first, last] => Some(upto(first.as_i64()?, last.as_i64()?)),
            _ => None,
        };
    }
    if let Some(first) = left.number(&["start_line"]) {
        return Some(left.number(&["end_line"]).map_or_else(|| first.to_string(), |last| upto(first, last)));
    }
    let (offset, limit) = (left.number(&["offset"]), left.number(&["limit"]));
    match (offset, limit) {
        (None, None) => {}
        (first, None) => return Some(upto(first.unwrap_or(1), 0)),
        (first, Some(limit)) => {
            let first = first.unwrap_or(1);
            return Some(upto(first, first.saturating_add(limit).saturating_sub(1)));
        }
    }
    if let Some(line) = left.number(&["line_number"]) {
        return Some(line.to_string());
    }
    left.0.retain(|(name, value)| !is_default(name, value));
    None
}

/// OpenHands' older versions say so where all of a file is meant.
fn is_default(name: &str, value: &Value) -> bool {
    matches!((name, value.as_i64()), ("start", Some(0 | 1)) | ("end", Some(-1)))
        || (name == "security_risk" && value.as_str() == Some("LOW"))
}

/// A value in words: of arrays and tables the short ones in one line.
fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            let short = value.to_string();
            if short.len() <= SHORT { short } else { format!("{value:#}") }
        }
        other => other.to_string(),
    }
}
