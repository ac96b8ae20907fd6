//! A change of a file, as agents ask for it, as a diff.

use std::fmt::Write as _;

use super::body::behind;
use crate::agent::asked::{Part, Place};

/// Unchanged lines that are told around a change.
const AROUND: usize = 3;

/// What a call changes, by what it was asked for; `None`: it changes no file by what that says.
pub(super) fn diff(asked: &[Part]) -> Option<String> {
    let (mut out, mut place, mut headed) = (String::new(), None, None);
    for part in asked {
        let changed = match part {
            Part::Place(next) => {
                place = Some(next);
                continue;
            }
            Part::Patch(text) => {
                // one of Codex' records names its file only beside it
                if let Some(place) = place.filter(|_| text.trim_start().starts_with("@@")) {
                    head(&mut out, place, &mut headed);
                }
                text.clone()
            }
            Part::Change { old, new } => hunk(place?, &changed(old, new)),
            Part::Written(text) if !text.is_empty() => hunk(place?, &behind("+", text.lines())),
            _ => continue,
        };
        if let (Part::Change { .. } | Part::Written(_), Some(place)) = (part, place) {
            head(&mut out, place, &mut headed);
        }
        begin_line(&mut out);
        out.push_str(&changed);
    }
    (!out.is_empty()).then_some(out)
}

/// Lines of a file under the mark of their place.
fn hunk(place: &Place, lines: &str) -> String {
    match place.words() {
        Some(words) => format!("@@ {words} @@\n{lines}"),
        None => format!("@@ @@\n{lines}"),
    }
}

/// The head of a file that has a name, once.
fn head<'a>(out: &mut String, place: &'a Place, headed: &mut Option<&'a str>) {
    if headed.replace(place.path()) != Some(place.path()) && !place.path().is_empty() {
        begin_line(out);
        let _ = write!(out, "--- {path}\n+++ {path}\n", path = place.path());
    }
}

fn begin_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
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
    use serde_json::{Value, json};

    use super::*;
    use crate::text::mask::Masker;

    #[test]
    fn each_way_to_change_a_file_is_a_diff() {
        let diff = |args: &Value| diff(&Part::all("edit", args, &Masker::default()));
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

    #[test]
    fn what_the_screen_shows_as_a_change_is_a_diff() {
        let told = |args: Value| diff(&Part::all("edit", &args, &Masker::default())).unwrap_or_default();
        let args = json!({"changes": {
            "/x/.work/worktrees/r/i/a.py": {"update": {"unified_diff": "@@ -1 +1 @@\n-a\n+b", "move_path": null}},
            "b.py": {"add": {"content": "new\n"}},
        }});
        assert_eq!(told(args), "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-a\n+b\n--- b.py\n+++ b.py\n@@ new @@\n+new\n");
        assert_eq!(told(json!({"path": "c", "search": "a", "replace": "b"})), "--- c\n+++ c\n@@ @@\n-a\n+b\n");
        assert_eq!(told(json!({"path": "d", "old_text": "a", "new_text": "b"})), "--- d\n+++ d\n@@ @@\n-a\n+b\n");
        assert_eq!(told(Value::String("*** Begin Patch\n*** End Patch".to_owned())), "*** Begin Patch\n*** End Patch");
        assert_eq!(told(json!({"old_str": "a", "new_str": "b"})), "", "of no file");
        // of the file that is open
        assert_eq!(told(json!({"start_line": 1, "end_line": 3, "replacement_text": "x"})), "@@ lines 1-3 @@\n+x\n");
    }
}
