//! What a step, a call and an answer come to in one row.

use std::borrow::Cow;

use serde_json::Value;

use super::How;
use super::answer::is_numbered;
use crate::agent::asked::{Check, Part};
use crate::detect::kind::{command, patched};
use crate::text::clean;
use crate::text::tree::{Trees, in_trees};
use crate::text::width::width;

/// Columns of a title that is told together with what it stands above.
const TITLE: usize = 24;

/// Files that are named of an edit of several.
const NAMED: usize = 3;

/// What agents' templates put before a thought.
const BEFORE: [&str; 4] = ["<think>", "</think>", "THOUGHT:", "DISCUSSION"];

/// What the model wrote, in one row; none where it wrote nothing.
pub(super) fn title(thought: &[String]) -> Option<Cow<'_, str>> {
    let mut lines = thought.iter().map(|line| plain(line)).filter(|line| !line.is_empty());
    let first = lines.next()?;
    if !first.ends_with(':') || width(first) > TITLE {
        return Some(Cow::Borrowed(first));
    }
    Some(lines.next().map_or(Cow::Borrowed(first), |next| Cow::Owned(format!("{first} {next}"))))
}

/// A line without what marks it as a heading or as bold, and without what a template wants before it.
fn plain(line: &str) -> &str {
    let mut line = line.trim();
    for before in BEFORE {
        line = line.strip_prefix(before).map_or(line, str::trim_start);
    }
    let heading = line.trim_start_matches('#');
    if heading.len() < line.len() && heading.starts_with(' ') {
        line = heading.trim_start();
    }
    // it may end in another line
    let bold = line.strip_prefix("**").map(|rest| rest.strip_suffix("**").unwrap_or(rest));
    bold.filter(|inner| !inner.is_empty() && !inner.contains("**")).unwrap_or(line)
}

/// The same of an argument, which may be a program: what one `#` begins is a remark there.
fn plain_but_remarks(line: &str) -> &str {
    if line.trim_start().starts_with("# ") { line.trim() } else { plain(line) }
}

/// What a call does, in a word.
pub(super) fn word<'a>(name: &'a str, args: &'a Value) -> &'a str {
    match (name, args.get("command").and_then(Value::as_str)) {
        ("str_replace_based_edit_tool" | "str_replace_editor" | "file_editor", Some("str_replace")) => "edit",
        ("str_replace_based_edit_tool" | "str_replace_editor" | "file_editor", Some(command)) => command,
        _ if !patched(args).is_empty() => "apply_patch",
        ("sequentialthinking", _) => "think",
        ("task_done", _) => "done",
        _ => name,
    }
}

/// What a call is about: its files, its command, or its longest argument.
pub(super) fn gist(args: &Value) -> String {
    let field = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
    let path = ["path", "file_path", "file"].into_iter().map(field).find(|path| !path.is_empty());
    if let Some(path) = path {
        return short_path(&in_trees(path, Trees::Named));
    }
    let files = patched(args);
    if !files.is_empty() {
        let more = files.len().saturating_sub(NAMED);
        let named: Vec<String> = files.iter().take(NAMED).map(|path| short_path(&in_trees(path, Trees::Named))).collect();
        return if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") };
    }
    match command(args).as_ref() {
        "" => {
            let texts = args.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
            let longest = texts.max_by_key(|text| text.len()).unwrap_or_default();
            longest.lines().map(plain_but_remarks).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
        }
        command => in_trees(telling(command), Trees::Named).into_owned(),
    }
}

/// `1 of 3 done, now: mend it`, of a list of things to do.
pub(super) fn things_to_do(part: &Part) -> Option<String> {
    let Part::List(list) = part else { return None };
    let done = list.iter().filter(|(check, _)| *check == Check::Done).count();
    let now = list.iter().find(|(check, _)| *check == Check::Doing).map_or_else(String::new, |(_, text)| format!(", now: {text}"));
    Some(format!("{done} of {} done{now}", list.len()))
}

/// The end of a long path.
fn short_path(path: &str) -> String {
    match path.rmatch_indices('/').nth(2) {
        Some((at, _)) if at > 0 => format!("…{}", path.get(at..).unwrap_or_default()),
        _ => path.to_owned(),
    }
}

/// The first line of a command that does something: without the change of folder and the settings of the shell that agents
/// put before each.
fn telling(command: &str) -> &str {
    let lines = || command.lines().map(str::trim).filter(|line| !line.is_empty());
    lines().map(without_settings).find(|line| !line.is_empty() && !line.starts_with('#')).or_else(|| lines().next()).unwrap_or_default()
}

/// A line of a command without `cd x &&`, `set -e;` before it; empty where there is nothing else.
fn without_settings(line: &str) -> &str {
    let mut line = line;
    while ["cd ", "set -", "export "].iter().any(|word| line.starts_with(word)) {
        let ends = ["&&", ";"].iter().filter_map(|end| line.split_once(end));
        // the nearest one; a quoted one may be cut there, which is of no harm
        let Some((_, rest)) = ends.min_by_key(|(before, _)| before.len()) else { return "" };
        line = rest.trim_start();
    }
    line
}

/// What an answer comes to.
pub(super) struct Head {
    /// The line that says most.
    pub(super) line: String,
    /// How many lines say something beside it.
    pub(super) more: usize,
}

impl Head {
    /// Of an answer whose text is masked already.
    pub(super) fn of(how: How, text: &str) -> Self {
        let mut said = text.lines().filter(|line| !line.trim().is_empty() && !is_frame(line));
        let preface = said.clone().next().filter(|_| how == How::Well).and_then(Preface::of);
        let lines = said.clone().count();
        let more = match preface {
            Some(Preface::Edit) => 0,
            Some(Preface::Lines) => lines,
            Some(Preface::View) | None => lines.saturating_sub(1),
        };
        let is_trace = said.clone().next().is_some_and(|line| line.starts_with("Traceback (most recent call last)"));
        let worst = || said.clone().rev().find(|line| says_error(line)).or_else(|| said.clone().next_back());
        let found = match how {
            How::Well if preface.is_some() => None,
            // what it ends with says what went wrong
            How::Well if is_trace => worst(),
            How::Well => said.find(|line| !clean::line(line).trim().is_empty()),
            // an edit that is refused quotes what it looked for behind these words, line for line
            How::Badly => said.clone().find(|line| line.starts_with("No replacement was performed")).or_else(worst),
        };
        let found = found.or_else(|| text.lines().find(|line| code(line).is_some_and(|code| code != "0") && preface.is_none()));
        let line = clean::line(found.unwrap_or_default());
        let line = match (code(&line), line.trim()) {
            (Some(code), _) => format!("exit {code}"),
            // a word of its own says nothing
            (None, title) if title.eq_ignore_ascii_case("error:") && how == How::Well => {
                let next = said.next().map(clean::line).unwrap_or_default();
                format!("{title} {}", next.trim()).trim_end().to_owned()
            }
            (None, line) => line.to_owned(),
        };
        Self { line: in_trees(&line, Trees::Named).into_owned(), more }
    }
}

/// What mini-swe-agent puts around what a command printed.
pub(super) fn is_frame(line: &str) -> bool {
    let line = line.trim();
    matches!(line, "<output>" | "</output>") || code(line).is_some()
}

/// `1` of `<returncode>1</returncode>`.
fn code(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<returncode>")?.strip_suffix("</returncode>").map(str::trim)
}

/// What editors say before each answer, which tells nothing: TRAE's, Claude Code's, OpenHands' and SWE-agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preface {
    /// Before the lines of a file; how many they are does tell something.
    View,
    /// None: the numbered lines of a file begin at once.
    Lines,
    /// After an edit; the lines around it are told by its diff.
    Edit,
}

impl Preface {
    fn of(line: &str) -> Option<Self> {
        let edits = [" has been edited.", " has been updated"];
        let views = ["Here's the result of running `cat -n`", "Here's the files and directories up to", "[File: ", "--- /"];
        if views.iter().any(|words| line.starts_with(words)) {
            Some(Self::View)
        } else if is_numbered(line) {
            Some(Self::Lines)
        } else if line.starts_with("File created successfully at")
            || line.starts_with("Text replaced. Please review")
            || line.starts_with("Success. Updated the following files")
            || (line.starts_with("The file ") && edits.iter().any(|words| line.contains(words)))
        {
            Some(Self::Edit)
        } else {
            None
        }
    }
}

/// Whether a line is an editor's own, before or after what it shows.
pub(super) fn is_preface(line: &str) -> bool {
    is_frame(line) || matches!(Preface::of(line), Some(Preface::View | Preface::Edit)) && !line.starts_with("--- ")
}

/// Whether a line names an error: what a tool printed before it does not tell why it failed.
fn says_error(line: &str) -> bool {
    const WORDS: [&str; 8] = ["error", "exception", "fatal", "failed", "not found", "no such", "denied", "cannot execute"];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn titled(thought: &str) -> Option<String> {
        let lines: Vec<String> = thought.lines().map(str::to_owned).collect();
        title(&lines).map(Cow::into_owned)
    }

    #[test]
    fn a_thought_is_told_without_its_marks() {
        let said = [
            ("Plan:\n- look at it\n- mend it", "Plan: - look at it"),
            ("\n**Inspecting the repo**\n", "Inspecting the repo"),
            ("**a** and **b**", "**a** and **b**"),
            ("**I'll look\nat it.**", "I'll look"),
            ("## Done\nall", "Done"),
            ("#1 is open", "#1 is open"),
            ("THOUGHT: I look.", "I look."),
            ("<think>\nLet me see.\n</think>", "Let me see."),
            ("Now I look at the scheduler and its tests:\nfirst", "Now I look at the scheduler and its tests:"),
            ("Plan:", "Plan:"),
        ];
        for (thought, wanted) in said {
            assert_eq!(titled(thought).as_deref(), Some(wanted));
        }
        assert_eq!((titled(""), titled("<think>")), (None, None));
    }

    #[test]
    fn a_call_is_told_in_a_few_words() {
        let edit = json!({"command": "str_replace", "path": "/home/x/work/vllm/core/scheduler.py"});
        assert_eq!((word("str_replace_based_edit_tool", &edit), gist(&edit).as_str()), ("edit", "…/vllm/core/scheduler.py"));
        let patch = "*** Begin Patch\n*** Update File: calc.py\n@@\n-a\n+b\n*** Add File: b.py\n+c\n*** End Patch";
        let heredoc = format!("apply_patch <<'EOF'\n{patch}\nEOF");
        let said = [
            (json!({"command": "cd /home/x && make -j2"}), "make -j2"),
            (json!({"command": "set -e\n# all of it\ncd /x\n\ngit add -A"}), "git add -A"),
            (json!({"command": "set -euo pipefail; export A=1; pytest -q"}), "pytest -q"),
            (json!({"command": "cd /x"}), "cd /x"),
            (json!({"input": patch}), "calc.py, b.py"),
            (json!(patch), "calc.py, b.py"),
            (json!({"command": ["bash", "-lc", heredoc]}), "calc.py, b.py"),
            (json!({"item": "item_5", "changes": [{"path": "/h/b/w/c/notes.md", "kind": "add"}]}), "…/w/c/notes.md"),
            (json!({"changes": {"a": {}, "b": {}, "c": {}, "d": {}}}), "a, b, c and 1 more"),
            (json!({"search": "    x = [", "replace": "y"}), "x = ["),
            (json!({"search": "  # round it\n  x", "replace": "y"}), "# round it"),
            (json!({"summary": "## All done\nIt works."}), "All done"),
        ];
        for (args, wanted) in said {
            assert_eq!(gist(&args), wanted, "{args}");
        }
    }

    #[test]
    fn a_patch_of_codex_is_told_by_the_files_that_it_touches() {
        let patch =
            "*** Begin Patch\n*** Update File: vllm/a.py\n@@\n-x = 1\n+x = 2\n*** Add File: /w/x/work/vllm/core/b.py\n+y\n*** End Patch";
        let heredoc = format!("cd /w && apply_patch <<'EOF'\n{patch}\nEOF\n");
        let asked = [
            Value::String(patch.to_owned()),
            json!({"input": patch}),
            json!({"command": ["apply_patch", patch]}),
            json!({"command": heredoc}),
            json!({"changes": {"vllm/a.py": {"update": {}}, "/w/x/work/vllm/core/b.py": {"add": {}}}}),
        ];
        for args in asked {
            assert_eq!((word("shell", &args), gist(&args).as_str()), ("apply_patch", "vllm/a.py, …/vllm/core/b.py"), "{args}");
        }
        let others = json!({"command": "grep -n '*** Update File: a.py' notes"});
        assert_eq!((word("bash", &others), gist(&others).as_str()), ("bash", "grep -n '*** Update File: a.py' notes"));
    }

    #[test]
    fn a_list_is_told_by_how_far_it_is() {
        let list = vec![(Check::Done, "look".to_owned()), (Check::Doing, "mend it".to_owned()), (Check::Open, "test".to_owned())];
        assert_eq!(things_to_do(&Part::List(list)).as_deref(), Some("1 of 3 done, now: mend it"));
        assert_eq!(things_to_do(&Part::List(vec![(Check::Open, "a".to_owned())])).as_deref(), Some("0 of 1 done"));
        assert_eq!(things_to_do(&Part::Text("a".to_owned())), None);
    }

    #[test]
    fn an_answer_is_told_by_what_it_says() {
        let told = |how: How, text: &str| {
            let Head { line, more } = Head::of(how, text);
            (line, more)
        };
        let said = [
            (How::Well, "<returncode>0</returncode>\n<output>\n344\n345\n</output>", "344", 1),
            (How::Well, "<returncode>0</returncode>\n<output>\n</output>", "", 0),
            (How::Badly, "<returncode>1</returncode>\n<output>\nE: no\nfatal: gone\n</output>", "fatal: gone", 1),
            (How::Badly, "<returncode>2</returncode>\n<output>\n</output>", "exit 2", 0),
            (How::Well, "     1→def f():\n     2→  pass", "", 2),
            (How::Well, "     1\tdef f():\n     2\t  pass", "", 2),
            (How::Well, "372\t.\n12\t./a", "372\t.", 1),
            (How::Well, "[File: a.py (2 lines total)]\n1:a\n2:b", "", 2),
            (How::Well, "--- /workspace/a.py\n+++ /workspace/a.py\n@@ -1 +1 @@", "", 2),
            (How::Well, "Traceback (most recent call last):\n  File \"a\"\nValueError: no", "ValueError: no", 2),
            (How::Well, "ERROR:\nNo replacement was performed", "ERROR: No replacement was performed", 1),
            (How::Well, "The file /x/a.py has been edited. Here's the result\n 1\tx", "", 0),
        ];
        for (how, text, line, more) in said {
            assert_eq!(told(how, text), (clean::line(line), more), "{text}");
        }
    }
}
