//! What a call does, whoever made it: every agent has tools of its own, and shells do most of it.

use std::borrow::Cow;

use serde_json::Value;

use super::act::{of_parts, parts_of};
use super::place::patched;
use super::print::{self, Print};
use super::shell::{self, Part};

pub(super) use super::act::{Act, changes_git, moves_tree, verb};
pub(super) use super::place::{Edit, Place, in_tree, place};
use crate::domain::ToolCall;

/// A call, and what several rules need to know of it.
#[derive(Debug)]
pub(super) struct Called<'a> {
    /// The call itself.
    pub(super) call: &'a ToolCall,
    /// Its arguments; null where they are no JSON.
    pub(super) args: Value,
    /// The command of a shell tool, the change of folder in front gone; empty for others.
    pub(super) command: String,
    /// The command's parts.
    pub(super) parts: Vec<Part>,
    /// What it does.
    pub(super) act: Act,
    /// What it is about, for people and for counting: a file, a program; empty where there is nothing.
    pub(super) target: String,
    /// The files that it wants to change.
    pub(super) edits: Vec<Edit>,
    /// Fingerprint of the tool and its arguments.
    pub(super) asked: u64,
    /// Fingerprint of its answer; 0 while there is none.
    pub(super) answered: u64,
    /// Whether it waits for something: then the same answer is no news.
    pub(super) waits: bool,
}

impl<'a> Called<'a> {
    pub(super) fn of(call: &'a ToolCall) -> Self {
        let args: Value = serde_json::from_str(&call.args).unwrap_or_default();
        let tool = plain(&call.name);
        let line = command(&args);
        // SWE-agent names the tool in the line as well: then it is a command
        let is_line = line.split_ascii_whitespace().next() == Some(call.name.as_str());
        let command = if is_file_tool(&tool) && !is_line { Cow::Borrowed("") } else { line };
        let command = unwrapped(shell::without_cd(&command));
        let parts = parts_of(&command);
        let mut edits = Vec::new();
        let (act, target) = if command.is_empty() || is_thinking(&tool) {
            of_tool(&tool, &args, &mut edits)
        } else {
            of_parts(&command, &parts, &mut edits)
        };
        let mut asked = Print::new();
        asked.text(&tool);
        if command.is_empty() {
            asked_of(&mut asked, &args, &call.args);
        } else {
            asked.folded(&command);
            // a key for a program that waits, a restart: the same text, another call
            for name in ["restart", "is_input", "session_id"] {
                asked.value(args.get(name).unwrap_or(&Value::Null));
            }
        }
        let answered = call.result.as_ref().map_or(0, |result| print::of_result(&result.text) ^ u64::from(result.ok));
        // OpenHands: an empty command waits for what runs
        let is_empty_line = command.is_empty() && args.get("command").and_then(Value::as_str).is_some_and(|text| text.trim().is_empty());
        let waits = is_waiting(&tool) || is_empty_line || parts.iter().any(|part| part.program() == "sleep" || part.program() == "wait");
        Self { call, args, command, parts, act, target, edits, asked: asked.done(), answered, waits }
    }

    /// Whether the tool calls it a failure; an answer that is not there is none.
    pub(super) fn failed(&self) -> bool {
        self.call.result.as_ref().is_some_and(|result| !result.ok)
    }

    /// Whether the tool calls it a success.
    pub(super) fn worked(&self) -> bool {
        self.call.result.as_ref().is_some_and(|result| result.ok)
    }

    /// What came back; empty where nothing did.
    pub(super) fn answer(&self) -> &'a str {
        self.call.result.as_ref().map_or("", |result| result.text.as_str())
    }

    /// Whether it changed the source or its tests, as far as the call and its answer tell.
    pub(super) fn changed_source(&self) -> bool {
        self.worked() && self.edits.iter().any(|edit| matches!(edit.place, Place::Source | Place::Test))
    }

    /// Whether it is a shell's: run with a command.
    pub(super) const fn is_shell(&self) -> bool {
        !self.command.is_empty()
    }

    /// The line of its answer that says what went wrong; `None` where nothing did.
    pub(super) fn error_line(&self) -> Option<&'a str> {
        let text = self.answer();
        if self.failed() {
            return Some(error_line(text));
        }
        // a pipe hides that git failed
        let is_short = self.act == Act::Git && text.len() < 2000;
        let text = if is_short { text } else { "" };
        text.lines().find(|line| line.starts_with("error: ") || line.starts_with("fatal: "))
    }

    /// What it is, for a line of evidence: the command, or the tool and what it is about.
    pub(super) fn gist(&self) -> String {
        if self.is_shell() {
            return self.command.clone();
        }
        let command = self.args.get("command").and_then(Value::as_str).unwrap_or_default();
        [self.call.name.as_str(), command, self.target.as_str()].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The command of a call, empty where there is none: text, or a list of words, which may hold the text for a shell.
pub(super) fn command(args: &Value) -> Cow<'_, str> {
    let field = args.get("command").or_else(|| args.get("cmd")).or_else(|| args.get("code")).or_else(|| args.get("script"));
    match field {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [shell, flag, text] if shell.ends_with("sh") && matches!(*flag, "-c" | "-lc") => Cow::Borrowed(text),
                words => Cow::Owned(words.join(" ")),
            }
        }
        _ => Cow::Borrowed(""),
    }
}

/// A command without the shell that runs it, the change of folder in front gone: `bash -lc 'cd x && ls'`.
fn unwrapped(command: &str) -> String {
    let mut words = command.split_ascii_whitespace();
    let is_shell = words.next().is_some_and(|word| matches!(word.rsplit('/').next(), Some("bash" | "sh" | "zsh" | "dash")));
    if !is_shell || !matches!(words.next(), Some("-c" | "-lc")) {
        return command.to_owned();
    }
    let inner = shell::parts(command).into_iter().next().and_then(|part| part.words.into_iter().nth(2));
    inner.map_or_else(|| command.to_owned(), |inner| shell::without_cd(&inner).to_owned())
}

/// Names of tools without the marks that agents differ in.
fn plain(name: &str) -> String {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    last.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Tools whose field `command` is no command of a shell.
fn is_file_tool(tool: &str) -> bool {
    tool.contains("edit") || tool.contains("strreplace") || tool == "ckg" || tool == "tasktracker"
}

fn is_thinking(tool: &str) -> bool {
    tool.contains("think") || tool.contains("todo") || tool.contains("plan") || tool == "tasktracker" || tool == "recall"
}

/// Tools that look how far something is.
fn is_waiting(tool: &str) -> bool {
    matches!(tool, "bashoutput" | "taskoutput" | "wait" | "writestdin" | "poll" | "monitor" | "agentoutputtool")
}

/// The path that a call is about.
fn path_of(args: &Value) -> &str {
    let names = ["path", "file_path", "filePath", "file", "filename", "notebook_path", "target_file", "abs_path", "absolute_path"];
    names.iter().find_map(|name| args.get(name)?.as_str()).unwrap_or_default()
}

fn of_tool(tool: &str, args: &Value, edits: &mut Vec<Edit>) -> (Act, String) {
    let path = in_tree(path_of(args));
    let action = args.get("command").or_else(|| args.get("operation")).and_then(Value::as_str).unwrap_or_default();
    let act = match tool {
        "taskdone" | "finish" | "submit" | "attemptcompletion" | "finalanswer" | "taskcomplete" | "complete" | "exitforfeit" => Act::Finish,
        _ if is_thinking(tool) => Act::Think,
        _ if is_file_tool(tool) && action == "view" => Act::View,
        "ckg" | "grep" | "glob" | "ls" | "listdir" | "listfiles" | "codebasesearch" => Act::Search,
        _ if tool.contains("search") || tool.starts_with("find") || tool.contains("grep") => Act::Search,
        _ if is_file_tool(tool) || tool.starts_with("write") && tool != "writestdin" => Act::Edit,
        "applypatch" | "filechange" | "patchapply" | "createfile" | "insert" | "create" | "replace" => Act::Edit,
        _ if tool.starts_with("read") || tool.starts_with("view") || tool.ends_with("fetch") => Act::View,
        "open" | "openfile" | "goto" | "scrollup" | "scrolldown" | "notebookread" => Act::View,
        _ => Act::Run,
    };
    if act == Act::Edit {
        match path {
            "" => of_patch(args, edits),
            path => edits.push(Edit { path: path.to_owned(), place: place(path) }),
        }
    }
    let target = edits.first().map_or_else(|| path.to_owned(), |edit| edit.path.clone());
    (act, if target.is_empty() { tool.to_owned() } else { target })
}

/// Paths of a patch in Codex's form: a list or a table of changes, or the patch itself.
fn of_patch(args: &Value, edits: &mut Vec<Edit>) {
    let mut add = |path: &str| edits.push(Edit { path: in_tree(path).to_owned(), place: place(path) });
    match args.get("changes") {
        Some(Value::Object(files)) => files.keys().for_each(|path| add(path)),
        Some(Value::Array(files)) => files.iter().filter_map(|file| file.get("path")?.as_str()).for_each(&mut add),
        _ => {
            let text = ["input", "patch", "diff"].iter().find_map(|name| args.get(name)?.as_str()).or(args.as_str());
            patched(text.unwrap_or_default()).for_each(&mut add);
        }
    }
    if edits.is_empty() {
        edits.push(Edit { path: String::new(), place: Place::Source });
    }
}

/// Fingerprint of the arguments: of a file tool only those that its command reads, since strict modes fill in the others.
fn asked_of(print: &mut Print, args: &Value, raw: &str) {
    let action = args.get("command").and_then(Value::as_str).unwrap_or_default();
    let fields: &[&str] = match action {
        "view" => &["path", "view_range"],
        "create" => &["path", "file_text"],
        "str_replace" => &["path", "old_str", "new_str"],
        "insert" => &["path", "insert_line", "new_str"],
        _ if args.is_null() => return print.folded(raw),
        _ => return print.value(args),
    };
    print.text(action);
    for name in fields {
        let value = args.get(name).filter(|value| print::says_something(value)).unwrap_or(&Value::Null);
        print.value(value);
    }
}

/// Whether a line sounds like an error.
pub(super) fn is_error(line: &str) -> bool {
    let line = line.trim_start();
    let word = line.split([' ', ':', '[']).next().unwrap_or_default();
    matches!(word, "error" | "Error" | "ERROR" | "fatal" | "FATAL" | "Invalid" | "failed" | "FAILED" | "bash" | "sh")
        || word.ends_with("Error")
        || word.ends_with("Exception")
        || line.contains(": error:")
        || line.contains("ommand not found")
}

/// The line that says what went wrong: the last one that sounds like an error, or the first one.
fn error_line(text: &str) -> &str {
    let mut lines = text.lines().rev().take(200).filter(|line| line.len() < 2000);
    lines.find(|line| is_error(line)).unwrap_or_else(|| text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}
