//! What a call does, whoever made it: every agent has tools of its own, and shells do most of it.

use std::borrow::Cow;

use serde_json::Value;

use super::print::{self, Print};
use super::shell::{self, Part};
use crate::domain::ToolCall;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// It thinks, plans, keeps a list.
    Think,
    /// It looks at a file.
    View,
    /// It searches.
    Search,
    /// It asks git, or changes what git keeps.
    Git,
    /// It runs something.
    Run,
    /// It changes files.
    Edit,
    /// It says that all is done.
    Finish,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The source under work.
    Source,
    /// Its tests.
    Test,
    /// Anything for the moment: scripts to try things, outputs, what lies outside the tree.
    Scratch,
    /// A patch.
    Patch,
}

/// A file that a call wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// The file, worktree off; empty where it is not said.
    pub(super) path: String,
    /// What it is for.
    pub(super) place: Place,
}

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
        let command = if is_file_tool(&tool) { Cow::Borrowed("") } else { command(&args) };
        let command = shell::without_cd(&command).to_owned();
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
            ["restart", "is_input", "session_id"].iter().for_each(|name| asked.value(args.get(name).unwrap_or(&Value::Null)));
        }
        let answered = call.result.as_ref().map_or(0, |result| print::of_result(&result.text) ^ u64::from(result.ok));
        let waits = is_waiting(&tool) || parts.iter().any(|part| part.program() == "sleep" || part.program() == "wait");
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
        text.lines().find(|line| is_short && (line.starts_with("error: ") || line.starts_with("fatal: ")))
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

/// A path without the worktree that it lies in, and without the folders where agents are usually put to work.
pub(super) fn in_tree(path: &str) -> &str {
    let path = path.trim().trim_matches(['"', '\'']);
    if let Some((_, inside)) = path.split_once("/worktrees/") {
        // the project's folder, and the item's
        return inside.splitn(3, '/').nth(2).unwrap_or(".");
    }
    let known = ["/testbed/", "/workspace/", "/repo/", "/app/", "$WT/", "./"];
    known.iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path)
}

/// What a file is for, by its path.
pub(super) fn place(path: &str) -> Place {
    let path = in_tree(path);
    let name = path.rsplit('/').next().unwrap_or_default();
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let folders = || path.split('/').rev().skip(1);
    if matches!(end, "patch" | "diff" | "rej" | "orig") {
        Place::Patch
    } else if path.starts_with("/tmp") || path.starts_with("/var/") || path.starts_with("/dev/") || path.starts_with('~') {
        Place::Scratch
    } else if matches!(end, "log" | "out" | "err" | "pid" | "bak" | "tmp" | "prof")
        || folders().any(|folder| folder.starts_with('.') && folder.len() > 2 || folder.contains("scratch"))
        || SCRATCH.iter().any(|start| stem.starts_with(start))
    {
        Place::Scratch
    } else if folders().any(|folder| matches!(folder, "test" | "tests" | "testing"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
    {
        Place::Test
    } else {
        Place::Source
    }
}

/// How scripts are named that agents write to try something.
const SCRATCH: [&str; 8] = ["repro", "debug_", "tmp", "temp_", "scratch", "test_opt", "verify_", "try_"];

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

/// The files that a patch in Codex's form names.
fn patched(text: &str) -> impl Iterator<Item = &str> {
    let marks = ["*** Update File: ", "*** Add File: ", "*** Delete File: "];
    text.lines().filter_map(move |line| marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark))).take(16)
}

/// SWE-agent's own commands take lines of text behind them, which are no commands.
fn parts_of(command: &str) -> Vec<Part> {
    let first = command.split_whitespace().next().unwrap_or_default();
    match first {
        "edit" | "insert" | "create" | "str_replace_editor" | "apply_patch" => {
            let line = command.lines().next().unwrap_or_default();
            shell::parts(line).into_iter().take(1).collect()
        }
        _ => shell::parts(command),
    }
}

fn of_parts(command: &str, parts: &[Part], edits: &mut Vec<Edit>) -> (Act, String) {
    let (mut act, mut target) = (Act::Think, String::new());
    for part in parts {
        let (one, about) = of_part(command, part, edits);
        if one > act || target.is_empty() {
            (act, target) = (one.max(act), about);
        }
    }
    // a script to try something is written and run in one command: it is run
    let is_source = |edit: &Edit| matches!(edit.place, Place::Source | Place::Test);
    if act != Act::Finish {
        if let Some(file) = edits.iter().find(|edit| is_source(edit) && !edit.path.is_empty()) {
            (act, target) = (Act::Edit, file.path.clone());
        } else if act == Act::Run && edits.iter().any(is_source) {
            // a script that changes it does not know which file; whether a patch applies is git's business
            act = Act::Edit;
        }
    }
    if act == Act::Think && !parts.is_empty() {
        act = if edits.is_empty() { Act::Run } else { Act::Edit };
    }
    (act, target)
}

/// What one part does and what it is about. What a program writes to a file by itself is not known.
fn of_part(command: &str, part: &Part, edits: &mut Vec<Edit>) -> (Act, String) {
    let program = part.program();
    for file in &part.into {
        let is_text = matches!(program, "cat" | "echo" | "printf" | "sed" | "awk" | "tee" | "");
        let place = if is_text { place(file) } else { if place(file) == Place::Patch { Place::Patch } else { Place::Scratch } };
        edits.push(Edit { path: in_tree(file).to_owned(), place });
    }
    let file = || part.operands().last().map(|path| in_tree(path).to_owned()).unwrap_or_default();
    let first = || part.operands().next().unwrap_or_default();
    let mut edit = |path: &str| edits.push(Edit { path: in_tree(path).to_owned(), place: place(path) });
    match program {
        "grep" | "rg" | "find" | "ls" | "fd" | "tree" | "locate" | "ag" | "search_dir" | "search_file" | "find_file" if !part.is_piped => {
            (Act::Search, first().to_owned())
        }
        "cat" | "head" | "tail" | "less" | "nl" | "wc" | "open" | "goto" | "scroll_down" | "scroll_up" if !part.is_piped => {
            if part.into.is_empty() { (Act::View, file()) } else { (Act::Think, String::new()) }
        }
        "sed" | "perl" if part.rest().any(|word| word.starts_with("-i") || word.starts_with("-pi") || word == "--in-place") => {
            let has_script = part.rest().any(|word| matches!(word, "-e" | "-f" | "-pe" | "-pie"));
            part.operands().skip(usize::from(!has_script)).for_each(&mut edit);
            (Act::Edit, file())
        }
        "sed" | "awk" if !part.is_piped => (Act::View, file()),
        "tee" => {
            part.operands().for_each(&mut edit);
            (Act::Think, String::new())
        }
        "mv" | "cp" => {
            part.operands().last().into_iter().for_each(&mut edit);
            (Act::Edit, file())
        }
        "git" => of_git(part, edits),
        "patch" if !part.rest().any(|word| word == "--dry-run") => {
            edits.push(Edit { path: String::new(), place: Place::Source });
            (Act::Git, "patch".to_owned())
        }
        "apply_patch" | "applypatch" => {
            let text = if part.body.is_empty() { command } else { &part.body };
            patched(text).for_each(&mut edit);
            (Act::Edit, edits.last().map(|edit| edit.path.clone()).unwrap_or_default())
        }
        "edit" | "insert" | "create" => {
            if let Some(path) = part.operands().find(|word| word.contains(['.', '/'])) {
                edit(path);
            } else {
                edits.push(Edit { path: String::new(), place: Place::Source });
            }
            (Act::Edit, file())
        }
        "str_replace_editor" => {
            let path = part.operands().nth(1).unwrap_or_default();
            if first() == "view" {
                return (Act::View, in_tree(path).to_owned());
            }
            edit(path);
            (Act::Edit, in_tree(path).to_owned())
        }
        "submit" | "exit_forfeit" => (Act::Finish, String::new()),
        "echo" | "printf" if part.rest().any(is_last_word) => (Act::Finish, String::new()),
        "" | "cd" | "echo" | "printf" | "true" | "false" | "set" | "export" | "source" | "pwd" | "[" | "test" | "mkdir" | "rm"
        | "touch" | "chmod" | "fi" | "done" | "for" | "sleep" | ":" => (Act::Think, String::new()),
        _ if part.is_piped && is_filter(program) => (Act::Think, String::new()),
        _ => {
            written_by_script(part, edits);
            (Act::Run, script(part))
        }
    }
}

fn is_filter(program: &str) -> bool {
    matches!(
        program,
        "grep" | "rg" | "head" | "tail" | "sed" | "awk" | "sort" | "uniq" | "wc" | "cut" | "tr" | "less" | "cat" | "nl" | "xargs" | "jq"
    )
}

/// mini-swe-agent's way to say that all is done.
fn is_last_word(word: &str) -> bool {
    word.contains("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT") || word.contains("MINI_SWE_AGENT_FINAL_OUTPUT")
}

fn of_git(part: &Part, edits: &mut Vec<Edit>) -> (Act, String) {
    let only_asks = || part.rest().any(|word| matches!(word, "--check" | "--stat" | "--numstat" | "--summary"));
    let verb = verb(part);
    if verb == "git apply" && !only_asks() {
        edits.push(Edit { path: String::new(), place: Place::Source });
    }
    (Act::Git, verb)
}

/// What git is asked to do: `git apply`.
pub(super) fn verb(part: &Part) -> String {
    let mut words = part.rest().peekable();
    // git -C folder, git -c key=value
    while let Some(word) = words.next_if(|word| word.starts_with('-')) {
        if matches!(word, "-C" | "-c") {
            words.next();
        }
    }
    format!("git {}", words.next().unwrap_or_default())
}

/// Whether a git command changes what git keeps or what the patch will be.
pub(super) fn changes_git(part: &Part) -> bool {
    let changing = [
        "add",
        "commit",
        "reset",
        "stash",
        "checkout",
        "restore",
        "apply",
        "am",
        "format-patch",
        "rebase",
        "merge",
        "cherry-pick",
        "revert",
        "rm",
        "mv",
        "clean",
        "switch",
        "branch",
        "push",
        "update-index",
        "update-ref",
        "worktree",
    ];
    part.program() == "git" && (part.rest().any(|word| changing.contains(&word)) || !part.into.is_empty()) || part.program() == "patch"
}

/// What a program is given to run.
fn script(part: &Part) -> String {
    let file = part.operands().find(|word| word.contains('.') || word.contains('/')).map(in_tree);
    match file {
        Some(file) => format!("{} {file}", part.program()),
        None => part.program().to_owned(),
    }
}

/// Files that a script in the command itself opens to write.
fn written_by_script(part: &Part, edits: &mut Vec<Edit>) {
    if !part.program().starts_with("python") {
        return;
    }
    let inline = part.rest().skip_while(|word| *word != "-c").nth(1).unwrap_or_default();
    for text in [part.body.as_str(), inline] {
        let writes = [".write_text(", ".write(", "'w'", "\"w\"", "'a'", "\"a\"", "mode='w'"].iter().any(|mark| text.contains(mark));
        if !writes || !(text.contains("open(") || text.contains("write_text(")) {
            continue;
        }
        // the first quoted word that looks like a file
        let quoted = text.split(['"', '\'']).skip(1).step_by(2);
        let looks_like = |word: &&str| word.contains('.') && !word.contains(char::is_whitespace) && word.len() > 2;
        let path = quoted.take(64).find(looks_like).map(in_tree).unwrap_or_default();
        edits.push(Edit { path: path.to_owned(), place: if path.is_empty() { Place::Source } else { place(path) } });
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

/// The line that says what went wrong: the last one that sounds like an error, or the first one.
fn error_line(text: &str) -> &str {
    let sounds = |line: &&str| {
        let line = line.trim_start();
        let word = line.split([' ', ':', '[']).next().unwrap_or_default();
        matches!(word, "error" | "Error" | "ERROR" | "fatal" | "FATAL" | "Invalid" | "failed" | "FAILED" | "bash" | "sh")
            || word.ends_with("Error")
            || word.ends_with("Exception")
            || line.contains(": error:")
            || line.contains("ommand not found")
    };
    let mut lines = text.lines().rev().take(200).filter(|line| line.len() < 2000);
    lines.find(sounds).unwrap_or_else(|| text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}
