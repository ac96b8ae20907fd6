//! Values as people and Python wrote them.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Map, Value};

use crate::artifact::ArtifactError;
use crate::artifact::document::read_bytes;
use crate::artifact::document::{Format, Repeats, Source};
use crate::text::clean;

/// Rows lie at most this deep below the top: deeper is another kind of file.
const DEEPEST: usize = 6;

/// More rows than this are no results, but somebody's flood.
const MOST: usize = 100_000;

/// The longest text of a file that is kept, in characters.
const LONGEST: usize = 2_000;

/// A JSON file as one value; of one object a line, a list of them. Python writes NaN where a number is missing: it is read
/// as null.
pub(super) fn read(path: &Path) -> Result<Value, ArtifactError> {
    let bytes = read_bytes(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let plain = without_nan(bytes);
    // whatever is JSON is taken; our own reader is stricter, and knows what is wrong with the rest, and where
    if let Some(whole) = serde_json::from_slice(&plain).ok().or_else(|| lines(&plain)) {
        return Ok(whole);
    }
    Source::new(path, &plain, Format::Json)?.value(Repeats::LastCounts).map(|(value, _)| value)
}

/// One object a line; `None` where a line is none.
fn lines(bytes: &[u8]) -> Option<Value> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let objects = lines.map(|line| serde_json::from_slice(line).ok().filter(Value::is_object));
    objects.collect::<Option<Vec<Value>>>().filter(|objects| !objects.is_empty()).map(Value::Array)
}

/// The bytes with `null` in the place of Python's `NaN` and `Infinity` outside of texts.
fn without_nan(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    if !bytes.windows(3).any(|three| three == b"NaN" || three == b"Inf") {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let (mut in_text, mut rest) = (false, bytes);
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = WORDS.iter().find_map(|word| rest.strip_prefix(*word)).filter(|_| !in_text) {
            plain.extend_from_slice(b"null");
            rest = after;
            continue;
        }
        plain.push(*first);
        rest = after;
        match first {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                plain.extend(rest.first());
                rest = rest.get(1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    Cow::Owned(plain)
}

/// A row, and the names above it.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    /// Its fields.
    pub(super) row: &'a Map<String, Value>,
    /// The keys on the way to it, the outermost first.
    pub(super) above: Vec<&'a str>,
}

impl Found<'_> {
    /// A name above the row that may be a commit.
    pub(super) fn commit_above(&self) -> Option<String> {
        self.above.iter().rev().find(|name| is_sha(name)).map(|name| (*name).to_owned())
    }

    /// The nearest name above the row that is no commit.
    pub(super) fn name_above(&self) -> Option<String> {
        self.above.iter().rev().find(|name| !is_sha(name)).map(|name| text_of(name))
    }
}

/// Whether a word may be a commit: 7 to 40 hex digits.
pub(super) fn is_sha(word: &str) -> bool {
    (7..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The rows below a value: objects that `is_row` knows, wherever they lie.
pub(super) fn rows<'a>(whole: &'a Value, is_row: &dyn Fn(&Map<String, Value>) -> bool) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    look(whole, &mut Vec::new(), is_row, &mut found, 0);
    found
}

fn look<'a>(
    value: &'a Value,
    above: &mut Vec<&'a str>,
    is_row: &dyn Fn(&Map<String, Value>) -> bool,
    found: &mut Vec<Found<'a>>,
    depth: usize,
) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| look(value, above, is_row, found, depth + 1)),
        Value::Object(row) if is_row(row) => found.push(Found { row, above: above.clone() }),
        Value::Object(fields) => {
            for (name, value) in fields {
                above.push(name);
                look(value, above, is_row, found, depth + 1);
                above.pop();
            }
        }
        _ => {}
    }
}

/// A text that says something, made safe to show; a number is taken as it is written.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text_of(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text made safe to show, on one line.
pub(super) fn text_of(text: &str) -> String {
    let line = clean::line(text.trim());
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}

/// A number, or one written as text; nothing else is one.
pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// What stands in a field, for a sentence.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) => format!("'{}'", clip(&clean::shown(text))),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(value) => clip(&value.to_string()),
    }
}

fn clip(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

/// `row 3 (commit 021f76e4)`.
pub(super) fn place(nth: usize, commit: &str) -> String {
    let commit = if commit.is_empty() { String::new() } else { format!(" (commit {})", clip(commit)) };
    format!("row {}{commit}", nth + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_for_no_number_is_null_outside_of_texts() {
        let text = br#"[{"a": NaN, "b": -Infinity, "c": "NaN \" Infinity", "d": Infinity}]"#;
        let plain: Value = serde_json::from_slice(&without_nan(text)).unwrap_or_default();
        assert_eq!(plain, serde_json::json!([{"a": null, "b": null, "c": "NaN \" Infinity", "d": null}]));
    }

    #[test]
    fn numbers_are_taken_as_people_write_them_and_nothing_else_is_one() {
        let of = |value: Value| number(Some(&value));
        assert_eq!([of("3.5".into()), of(" -2 % ".into()), of(7.into())], [Some(3.5), Some(-2.0), Some(7.0)]);
        assert_eq!([of("nan".into()), of("".into()), of(true.into()), of(Value::Null), number(None)], [None; 5]);
    }
}
