//! An action as a line of text, of a run whose history holds no calls of functions: SWE-agent's own commands get the names
//! and the arguments that a call of a function has, any other line is the shell's.

use serde_json::{Map, Value, json};

/// The tool and its arguments.
pub(super) fn named(action: &str) -> (&str, Value) {
    let text = action.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim_start_matches([' ', '\t']);
    let words = || words(rest);
    // arguments by their place, as the documentation of the tools names them
    let by_place = |names: &[&str]| {
        let pairs = names.iter().zip(words()).map(|(name, word)| ((*name).to_owned(), valued(name, word)));
        Value::Object(pairs.collect())
    };
    let args = match word {
        "str_replace_editor" => editor(words()),
        "open" => by_place(&["path", "line_number"]),
        "view" | "view_image" | "undo_edit" => by_place(&["path"]),
        "filemap" => by_place(&["file_path"]),
        "goto" => by_place(&["line_number"]),
        "create" => by_place(&["filename"]),
        "search_dir" => by_place(&["search_term", "dir"]),
        "search_file" => by_place(&["search_term", "file"]),
        "find_file" => by_place(&["file_name", "dir"]),
        "insert" => by_place(&["text", "line"]),
        "edit" => lines(rest).unwrap_or_else(|| by_place(&["search", "replace", "replace-all"])),
        "scroll_up" | "scroll_down" | "exit_forfeit" | "review_on_submit" => json!({}),
        // a task that is to be answered is submitted with the answer
        "submit" => by_place(&["answer"]),
        "connect_start" | "debug_start" => json!({"command": text}),
        _ => return ("bash", json!({"command": action.trim_end()})),
    };
    (word, args)
}

/// `COMMAND PATH --old_str 'x' --view_range 1 20`.
fn editor(words: Vec<String>) -> Value {
    let mut words = words.into_iter().peekable();
    let mut args = Map::new();
    for name in ["command", "path"] {
        if let Some(word) = words.next_if(|word| !word.starts_with("--")) {
            args.insert(name.to_owned(), Value::String(word));
        }
    }
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix("--") else { continue };
        let (name, mut values) = match name.split_once('=') {
            Some((name, value)) => (name, vec![value.to_owned()]),
            None => (name, Vec::new()),
        };
        let most = if name == "view_range" { 2 } else { 1 };
        while values.len() < most
            && let Some(value) = words.next()
        {
            values.push(value);
        }
        let mut values = values.into_iter().map(|value| valued(name, value));
        let value = if name == "view_range" { values.collect() } else { values.next().unwrap_or_default() };
        args.insert(name.to_owned(), value);
    }
    Value::Object(args)
}

/// `10:12`, the new lines below, and `end_of_edit`.
fn lines(rest: &str) -> Option<Value> {
    let (range, text) = rest.split_once('\n').unwrap_or((rest, ""));
    let (start, end) = range.trim().split_once(':')?;
    let (start, end) = (start.parse::<u64>().ok()?, end.parse::<u64>().ok()?);
    let text = text.trim_end().strip_suffix("end_of_edit").unwrap_or(text);
    Some(json!({"start_line": start, "end_line": end, "replacement_text": text.strip_suffix('\n').unwrap_or(text)}))
}

fn valued(name: &str, word: String) -> Value {
    let is_number = matches!(name, "view_range" | "insert_line" | "line_number" | "line");
    let number = word.parse::<i64>().ok().filter(|_| is_number);
    number.map_or(Value::String(word), Value::from)
}

/// Words as a shell reads them; where a quote stays open, those between blanks.
fn words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(action: &str) -> (&str, String) {
        let (name, args) = named(action);
        (name, args.to_string())
    }

    #[test]
    fn a_line_is_what_it_asks_for() {
        let lines = [
            (
                "str_replace_editor view /r/a.py --view_range 3 9\n",
                "str_replace_editor",
                r#"{"command":"view","path":"/r/a.py","view_range":[3,9]}"#,
            ),
            (
                "str_replace_editor str_replace /r/a.py --old_str 'x = 1\n' --new_str '--y'",
                "str_replace_editor",
                r#"{"command":"str_replace","path":"/r/a.py","old_str":"x = 1\n","new_str":"--y"}"#,
            ),
            (
                "str_replace_editor insert /r/a.py --insert_line 3 --new_str=z",
                "str_replace_editor",
                r#"{"command":"insert","path":"/r/a.py","insert_line":3,"new_str":"z"}"#,
            ),
            ("open \"src/a.py\" 100\n", "open", r#"{"path":"src/a.py","line_number":100}"#),
            ("create t.py", "create", r#"{"filename":"t.py"}"#),
            ("scroll_down", "scroll_down", "{}"),
            ("search_dir 'def f' src", "search_dir", r#"{"search_term":"def f","dir":"src"}"#),
            ("edit 4:5\nif x:\n    y\nend_of_edit\n", "edit", r#"{"start_line":4,"end_line":5,"replacement_text":"if x:\n    y"}"#),
            ("edit 'a' 'b'", "edit", r#"{"search":"a","replace":"b"}"#),
            ("submit", "submit", "{}"),
            ("python bench.py | tail -5\n", "bash", r#"{"command":"python bench.py | tail -5"}"#),
            ("editor x", "bash", r#"{"command":"editor x"}"#),
        ];
        for (line, name, args) in lines {
            assert_eq!(told(line), (name, args.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_quote_that_stays_open_breaks_nothing() {
        assert_eq!(told("str_replace_editor create /r/a.py --file_text 'x").0, "str_replace_editor");
        assert_eq!(told("str_replace_editor"), ("str_replace_editor", "{}".to_owned()));
        assert_eq!(
            told("str_replace_editor view --view_range 1"),
            ("str_replace_editor", r#"{"command":"view","view_range":[1]}"#.to_owned())
        );
        assert_eq!(told(""), ("bash", r#"{"command":""}"#.to_owned()));
    }
}
