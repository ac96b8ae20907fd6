//! A step as it is shown: clean, masked, and of bounded size.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

pub use crate::detect::kind::Kind;
use crate::detect::kind::{Kinds, command};
use crate::domain::{Reply, Step, ToolCall};
use crate::text::clean;
use crate::text::mask::Masker;

/// Lines of one text that are kept.
const LINES: usize = 300;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its position, from 1.
    pub index: u32,
    /// When it was recorded.
    pub at: Option<Timestamp>,
    /// Its letter.
    pub kind: Kind,
    /// What the model wrote.
    pub thought: Vec<String>,
    /// Its tool calls.
    pub calls: Vec<ShownCall>,
    /// The step's own error.
    pub error: Option<String>,
    /// What the harness said.
    pub harness: Vec<String>,
    /// Tokens read and written.
    pub tokens: u64,
    /// Whether it is over.
    pub reply: Reply,
    /// The call of the parent agent within which a subagent did this.
    pub within: Option<String>,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCall {
    /// The tool.
    pub name: String,
    /// What it does, in a word: `bash`, `view`, `edit`.
    pub word: String,
    /// What it is about, in one line.
    pub gist: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What came back.
    pub result: Option<ShownResult>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownResult {
    /// How it went.
    pub how: How,
    /// Its text.
    pub lines: Vec<String>,
}

/// How a tool call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Well, by the tool's own word.
    Well,
    /// Not well.
    Badly,
}

impl Shown {
    /// A step, ready to be shown.
    pub fn of(step: &Step, kinds: &mut Kinds, masker: &Masker) -> Self {
        Self {
            index: step.index,
            at: step.at,
            kind: kinds.of(step),
            thought: text(&step.thought, masker),
            calls: step.calls.iter().map(|call| ShownCall::of(call, masker)).collect(),
            error: step.error.as_ref().map(|error| clean::first_line(&masker.mask(error))),
            harness: step.harness.iter().map(|said| clean::first_line(&masker.mask(said))).collect(),
            tokens: step.usage.total(),
            reply: step.reply,
            within: step.within.as_ref().map(|call| clean::first_line(&masker.mask(call))),
        }
    }

    /// The first line of the thought; where there is none, of the error or of what the harness said.
    pub fn head(&self) -> &str {
        let said = || self.error.as_deref().or_else(|| self.harness.first().map(String::as_str));
        self.thought.iter().map(String::as_str).find(|line| !line.is_empty()).or_else(said).unwrap_or_default()
    }

    /// The call that runs, or else the last one.
    pub fn main_call(&self) -> Option<&ShownCall> {
        self.calls.iter().find(|call| call.result.is_none()).or_else(|| self.calls.last())
    }
}

impl ShownCall {
    fn of(call: &ToolCall, masker: &Masker) -> Self {
        let args: Value = serde_json::from_str(&call.args).unwrap_or_else(|_| Value::String(call.args.clone()));
        Self {
            name: clean::first_line(&masker.mask(&call.name)),
            word: clean::first_line(&masker.mask(word(&call.name, &args))),
            gist: clean::first_line(&masker.mask(&gist(&args))),
            args: arguments(&args, masker),
            result: call
                .result
                .as_ref()
                .map(|result| ShownResult { how: if result.ok { How::Well } else { How::Badly }, lines: text(&result.text, masker) }),
        }
    }
}

impl ShownResult {
    /// The first line that says something; of a failure the one that says the error, or else the last one. Paths in the
    /// item's own tree are told from there on.
    pub fn head(&self) -> Cow<'_, str> {
        let mut said = self.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let found = match self.how {
            How::Well => said.next(),
            How::Badly => said.clone().rev().find(|line| says_error(line)).or_else(|| said.next_back()),
        };
        in_tree(found.unwrap_or_default())
    }
}

impl ShownResult {
    /// How many lines say something beside the one that [`head`](Self::head) gives.
    pub fn more(&self) -> usize {
        self.lines.iter().filter(|line| !line.trim().is_empty()).count().saturating_sub(1)
    }
}

/// Whether a line names an error: what a tool printed before it does not tell why it failed.
fn says_error(line: &str) -> bool {
    const WORDS: [&str; 7] = ["error", "exception", "fatal", "failed", "not found", "no such", "denied"];
    let line = line.to_ascii_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}

/// What a call does, in a word.
fn word<'a>(name: &'a str, args: &'a Value) -> &'a str {
    match (name, args.get("command").and_then(Value::as_str)) {
        ("str_replace_based_edit_tool" | "str_replace_editor" | "file_editor", Some("str_replace")) => "edit",
        ("str_replace_based_edit_tool" | "str_replace_editor" | "file_editor", Some(command)) => command,
        ("sequentialthinking", _) => "think",
        ("task_done", _) => "done",
        _ => name,
    }
}

/// What a call is about: its file, its command, or its longest argument.
fn gist(args: &Value) -> String {
    let field = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
    let path = ["path", "file_path", "file"].into_iter().map(field).find(|path| !path.is_empty());
    match (path, command(args).as_ref()) {
        (Some(path), _) => short_path(&in_tree(path)),
        (None, "") => {
            let texts = args.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
            texts.max_by_key(|text| text.len()).unwrap_or_default().to_owned()
        }
        (None, command) => in_tree(without_cd(command)).into_owned(),
    }
}

/// The end of a long path.
fn short_path(path: &str) -> String {
    match path.rmatch_indices('/').nth(2) {
        Some((at, _)) if at > 0 => format!("…{}", path.get(at..).unwrap_or_default()),
        _ => path.to_owned(),
    }
}

/// A text with each path in a tree of an attempt, `<anywhere>/worktrees/<run>/<item>.<n>/<path>`, told as its `<path>`:
/// the agent knows no other place, and what comes before fills a row.
fn in_tree(text: &str) -> Cow<'_, str> {
    const TREES: &str = "/worktrees/";
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(TREES) {
        if let Some(path) = behind_tree(after) {
            let begin = before.rfind(ends_path).and_then(|at| Some(at + before.get(at..)?.chars().next()?.len_utf8()));
            told.push_str(before.get(..begin.unwrap_or_default()).unwrap_or_default());
            // the tree itself
            if path.is_empty() || path.starts_with(ends_path) {
                told.push('.');
            }
            rest = path;
        } else {
            told.push_str(before);
            told.push_str(TREES);
            rest = after;
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    told.push_str(rest);
    Cow::Owned(told)
}

/// What comes behind `<run>/<item>.<n>` and its slash.
fn behind_tree(text: &str) -> Option<&str> {
    let (run, rest) = text.split_once('/')?;
    let end = rest.find(|char| char == '/' || ends_path(char)).unwrap_or(rest.len());
    let (item, path) = rest.split_at_checked(end)?;
    let (item, n) = item.rsplit_once('.')?;
    let is_tree = !run.contains(ends_path) && !item.is_empty() && !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit());
    is_tree.then(|| path.strip_prefix('/').unwrap_or(path))
}

/// Whether a path ends where this stands.
const fn ends_path(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | '=' | ',' | ':' | ';' | '|' | '&' | '{' | '}')
}

/// A command without the change of folder that agents put before each.
fn without_cd(command: &str) -> &str {
    match command.trim_start().split_once("&&") {
        Some((cd, rest)) if cd.starts_with("cd ") => rest.trim_start(),
        _ => command,
    }
}

/// Arguments by name; texts of several lines as such.
fn arguments(args: &Value, masker: &Masker) -> Vec<String> {
    let Some(fields) = args.as_object() else { return text(&words(args), masker) };
    let mut lines = Vec::new();
    for (name, value) in fields {
        let value = text(&words(value), masker);
        match value.as_slice() {
            [] => lines.push(format!("{name}:")),
            [one] => lines.push(format!("{name}: {one}")),
            many => {
                lines.push(format!("{name}:"));
                lines.extend(many.iter().map(|line| format!("  {line}")));
            }
        }
    }
    lines
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The lines of a text; from a long one its beginning and its end.
fn text(s: &str, masker: &Masker) -> Vec<String> {
    let masked = masker.mask(s);
    let masked = masked.trim_matches(['\n', '\r']);
    let all = masked.lines().count();
    if all <= LINES {
        return clean::lines(masked).collect();
    }
    let (head, tail) = (LINES * 2 / 3, LINES / 3);
    let mut lines: Vec<String> = clean::lines(masked).take(head).collect();
    lines.push(format!("… {} more lines …", all - head - tail));
    lines.extend(masked.lines().skip(all - tail).map(clean::line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ToolResult, Usage};

    #[test]
    fn a_call_is_told_in_a_few_words() {
        let edit = serde_json::json!({"command": "str_replace", "path": "/home/x/work/vllm/core/scheduler.py"});
        let told = (word("str_replace_based_edit_tool", &edit).to_owned(), gist(&edit));
        assert_eq!(told, ("edit".to_owned(), "…/vllm/core/scheduler.py".to_owned()));
        let bash = serde_json::json!({"command": "cd /home/x && make -j2"});
        assert_eq!((word("bash", &bash), gist(&bash).as_str()), ("bash", "make -j2"));
    }

    #[test]
    fn paths_in_the_tree_of_an_attempt_begin_there() {
        let tree = "/tmp/d/.work/worktrees/2026-11-21_05-12-10-87ad/demo_core-0000.1";
        let said = [
            (format!("The file {tree}/engine/run.sh has been edited"), "The file engine/run.sh has been edited"),
            (format!("ls {tree} && cat '{tree}/a b'"), "ls . && cat 'a b'"),
            (format!("{tree}/"), "."),
            (format!("x={tree}/a:{tree}/b"), "x=a:b"),
            ("cat /tmp/w/a /x/worktrees/a/b/c /worktrees/".to_owned(), "cat /tmp/w/a /x/worktrees/a/b/c /worktrees/"),
            ("/x/worktrees/r/i.1é/ü /é/worktrees/r/é.2/ü".to_owned(), "/x/worktrees/r/i.1é/ü ü"),
        ];
        for (text, wanted) in said {
            assert_eq!(in_tree(&text), wanted);
        }
        assert_eq!(gist(&serde_json::json!({"path": format!("{tree}/engine/tokenize.sh")})), "engine/tokenize.sh");
    }

    #[test]
    fn what_is_shown_is_clean_masked_and_bounded() {
        let call = ToolCall {
            id: String::new(),
            name: "bash".to_owned(),
            args: r#"{"command":"curl -H sk-secret\nsecond"}"#.to_owned(),
            result: Some(ToolResult { ok: false, text: "\u{1b}[31mno\u{1b}[0m\n".repeat(1000) }),
        };
        let step = Step {
            index: 7,
            at: None,
            thought: "\nThink sk-secret\u{7}".to_owned(),
            calls: vec![call],
            usage: Usage { input: 3, output: 4, cached: 0 },
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
            within: None,
        };
        let masker = Masker::new([("A_KEY", "sk-secret")], []);
        let shown = Shown::of(&step, &mut Kinds::default(), &masker);
        assert_eq!((shown.head(), shown.tokens, shown.kind), ("Think •••", 7, Kind::RunFailed));
        let call = shown.main_call().into_iter().next();
        assert_eq!(call.map(|call| call.gist.as_str()), Some("curl -H •••"));
        let result = call.and_then(|call| call.result.as_ref());
        assert_eq!(result.map(|result| (result.head(), result.lines.len())), Some(("no".into(), LINES + 1)));
    }
}
