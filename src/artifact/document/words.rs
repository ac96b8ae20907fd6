//! The words of serde in words for people: what stands there, and what must.

use serde_json::Value;

use super::locate::Step;
use super::source::Format;

/// The longest that is repeated of what stands in a file, in characters.
const SHOWN: usize = 40;

/// What is wrong with the value at the end of a way into a part of a file.
pub(super) fn plain(says: &str, part: &Value, path: &[Step], format: Format) -> String {
    if let Some(field) = says.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return format!("the field '{field}' is missing");
    }
    let of_types = says.starts_with("invalid type: ") || says.starts_with("invalid value: ");
    let Some((_, wanted)) = says.rsplit_once(", expected ").filter(|_| of_types) else { return says.to_owned() };
    let found = at(part, path).unwrap_or(&Value::Null);
    let hint = match (wanted_text(wanted), format, found) {
        (true, Format::Yaml, Value::Number(_) | Value::Bool(_)) => ": unquoted it is no text for YAML; put it in quotes as it should be",
        (true, Format::Json, Value::Number(_) | Value::Bool(_)) => ": put it in quotes",
        _ => "",
    };
    format!("{} stands here, and it must be {}{hint}", shown(found), in_words(wanted))
}

fn wanted_text(wanted: &str) -> bool {
    in_words(wanted) == "text"
}

fn in_words(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 up",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "string" | "path string" => "text",
        "a sequence" => "a list",
        wanted if wanted == "a map" || wanted.starts_with("struct ") => "a mapping of fields to values",
        wanted => wanted,
    }
}

fn at<'a>(part: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(part, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::At(at) => value.get(*at),
    })
}

/// What stands there, shortened.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing (null)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {}", short(&number.to_string())),
        Value::String(text) => format!("the text '{}'", short(&text.escape_debug().to_string())),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

fn short(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
