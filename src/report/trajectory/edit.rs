//! A change of a file, as agents ask for it, as a diff.

use std::fmt::Write as _;

use serde_json::Value;

use super::body::behind;

/// Names of what a change takes away.
const OLD: [&str; 3] = ["old_str", "old_string", "old_text"];

/// Names of what it puts there.
const NEW: [&str; 3] = ["new_str", "new_string", "new_text"];

/// Unchanged lines that are told around a change.
const AROUND: usize = 3;

/// What the arguments of a call change; `None`: they change no file by what they say.
pub(super) fn diff(args: &Value) -> Option<String> {
    let field = |value: &Value, names: &[&str]| names.iter().find_map(|name| Some(value.get(name)?.as_str()?.to_owned()));
    let texts = args.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    if let Some(patch) = texts.chain(args.as_str()).find(|text| is_patch(text)) {
        return Some(patch.to_owned());
    }
    let path = field(args, &["path", "file_path", "target_file", "file"])?;
    // some models fill in all arguments that a tool has, whatever they ask of it
    let asks = args.get("command").and_then(Value::as_str).unwrap_or_default();
    let several = args.get("edits").and_then(Value::as_array).into_iter().flatten();
    let change = |edit: &Value| {
        let [old, new] = [&OLD, &NEW].map(|names| field(edit, names).unwrap_or_default());
        Some((if asks == "insert" { String::new() } else { old }, new)).filter(|(old, new)| !old.is_empty() || !new.is_empty())
    };
    let whole = || field(args, &["file_text", "content"]).filter(|text| !text.is_empty()).map(|text| (String::new(), text));
    let changes: Vec<(String, String)> = match asks {
        "view" | "undo_edit" => Vec::new(),
        "create" => whole().into_iter().collect(),
        _ => several.chain([args]).filter_map(change).collect(),
    };
    let changes = if changes.is_empty() && asks.is_empty() { whole().into_iter().collect() } else { changes };
    if changes.is_empty() {
        return None;
    }
    let mut out = format!("--- {path}\n+++ {path}\n");
    for (old, new) in changes {
        let inserts = args.get("insert_line").filter(|line| line.is_number() && matches!(asks, "" | "insert"));
        let place = inserts.map_or_else(|| "@@ @@".to_owned(), |line| format!("@@ after line {line} @@"));
        let _ = write!(out, "{place}\n{}", changed(&old, &new));
    }
    Some(out)
}

/// Whether a text is a patch: of Codex's own form, or git's.
fn is_patch(text: &str) -> bool {
    text.starts_with("*** Begin Patch") || text.starts_with("diff --git ")
}

/// The lines that differ, with a few of those around them.
fn changed(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let part = |mark: &str, lines: &[&str]| behind(mark, lines.iter().take(lines.len() - tail).copied());
    let before = behind(" ", old.iter().take(head).skip(head.saturating_sub(AROUND)).copied());
    let after = behind(" ", old.iter().skip(old.len() - tail).take(AROUND).copied());
    format!("{before}{}{}{after}", part("-", old_rest), part("+", new_rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_way_to_change_a_file_is_a_diff() {
        let told = |args: Value| diff(&args).unwrap_or_default();
        let args = json!({"command": "str_replace", "path": "a.py", "old_str": "1\n2\n3\n4\nx\n9", "new_str": "1\n2\n3\n4\ny\nz\n9"});
        assert_eq!(told(args), "--- a.py\n+++ a.py\n@@ @@\n 2\n 3\n 4\n-x\n+y\n+z\n 9\n");
        let args = json!({"file_path": "b", "content": "new\nfile\n"});
        assert_eq!(told(args), "--- b\n+++ b\n@@ @@\n+new\n+file\n");
        let args = json!({"path": "c", "insert_line": 4, "new_str": "in"});
        assert_eq!(told(args), "--- c\n+++ c\n@@ after line 4 @@\n+in\n");
        let args = json!({"file_path": "d", "edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": ""}]});
        assert_eq!(told(args), "--- d\n+++ d\n@@ @@\n-a\n+b\n@@ @@\n-c\n");
        assert_eq!(told(json!({"input": "*** Begin Patch\n*** End Patch"})), "*** Begin Patch\n*** End Patch");
        let args = json!({"command": "view", "path": "a.py", "old_str": "", "new_str": "", "insert_line": 0, "file_text": ""});
        assert_eq!(diff(&args), None);
        let args = json!({"command": "create", "path": "e", "old_str": "", "new_str": "", "insert_line": 0, "file_text": "x"});
        assert_eq!(told(args), "--- e\n+++ e\n@@ @@\n+x\n");
        assert_eq!(diff(&json!({"command": "ls"})), None);
    }
}
