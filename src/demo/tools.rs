//! The scripted agent's tools. Its commands and edits are real; so are their answers, but for those of programs that a
//! machine may lack.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A text of a script.
pub(super) type Text = Cow<'static, str>;

/// A tool call, as the script has it: paths are relative to the worktree.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// A shell command, run in the worktree.
    Bash(Text),
    /// A shell command whose program may be missing here: its error is part of the script.
    Fails(Text, Text),
    /// A look at a file or a folder; the empty path is the worktree.
    View(&'static str),
    /// A new file.
    Create(Text, Text),
    /// One place of a file changed.
    Replace(&'static str, &'static str, &'static str),
    /// A thought written down: text, number, of how many.
    Think(&'static str, u32, u32),
    /// The wish to end.
    Done,
}

/// What a tool answered, in TRAE's fields.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) ok: bool,
    pub(super) result: Option<String>,
    pub(super) error: Option<String>,
}

/// The tools that the agent has.
pub(super) const NAMES: [&str; 4] = ["bash", "str_replace_based_edit_tool", "sequentialthinking", "task_done"];

impl Ask {
    /// The tool's name.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Bash(_) | Self::Fails(..) => "bash",
            Self::View(_) | Self::Create(..) | Self::Replace(..) => "str_replace_based_edit_tool",
            Self::Think(..) => "sequentialthinking",
            Self::Done => "task_done",
        }
    }

    /// Its arguments, as the model would have sent them.
    pub(super) fn arguments(&self, worktree: &Path) -> Value {
        let path = |path: &str| worktree.join(path).to_string_lossy().trim_end_matches('/').to_owned();
        match self {
            Self::Bash(command) | Self::Fails(command, _) => json!({"command": command}),
            Self::View(file) => json!({"command": "view", "path": path(file)}),
            Self::Create(file, text) => json!({"command": "create", "path": path(file), "file_text": text}),
            Self::Replace(file, old, new) => json!({"command": "str_replace", "path": path(file), "old_str": old, "new_str": new}),
            Self::Think(text, number, total) => {
                json!({"thought": text, "next_thought_needed": number < total, "thought_number": number, "total_thoughts": total})
            }
            Self::Done => json!({}),
        }
    }

    /// Does it.
    pub(super) fn run(&self, worktree: &Path) -> Answer {
        match self {
            Self::Bash(command) => bash(command, worktree),
            Self::Fails(_, said) => Answer { ok: false, result: Some(String::new()), error: Some(said.to_string()) },
            Self::View(file) => view(&worktree.join(file)),
            Self::Create(file, text) => create(&worktree.join(file.as_ref()), text),
            Self::Replace(file, old, new) => replace(&worktree.join(file), old, new),
            Self::Think(_, number, total) => done(format!(
                "Sequential thinking step completed.\n\nStatus:\n{{\n  \"thought_number\": {number},\n  \"total_thoughts\": {total},\n  \
                 \"next_thought_needed\": {},\n  \"branches\": [],\n  \"thought_history_length\": {number}\n}}",
                number < total
            )),
            Self::Done => done(String::new()),
        }
    }
}

/// The diff of the worktree, as TRAE takes it to judge whether there is a patch, or against the last commit.
pub(super) fn diff(worktree: &Path, against: &[&str]) -> String {
    let args = [&["--no-pager", "diff"], against].concat();
    let output = quiet(Command::new("git").args(args), worktree).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn bash(command: &str, worktree: &Path) -> Answer {
    match quiet(Command::new("sh").arg("-c").arg(command), worktree).output() {
        Ok(output) => Answer {
            ok: output.status.success(),
            result: Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
            error: Some(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()),
        },
        Err(error) => fault(format!("Error running bash command: {error}")),
    }
}

/// Nothing of the caller's git settings, and an identity of its own.
fn quiet<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.current_dir(folder).stdin(Stdio::null());
    super::repo::identity(command, "Coding Agent", "agent@localhost")
}

fn view(path: &Path) -> Answer {
    if path.is_dir() {
        let mut list = Vec::new();
        walk(path, 2, &mut list);
        list.sort();
        let shown = path.display().to_string();
        let shown = shown.trim_end_matches('/');
        let mut text = format!("Here's the files and directories up to 2 levels deep in {shown}, excluding hidden items:\n{shown}\n");
        for entry in list {
            text.push_str(&entry);
            text.push('\n');
        }
        return Answer { ok: true, result: Some(text), error: Some(String::new()) };
    }
    match fs::read_to_string(path) {
        Ok(text) => done(format!("Here's the result of running `cat -n` on {}:\n{}", path.display(), numbered(&text, 1))),
        Err(_) => fault(format!("The path {} does not exist. Please provide a valid path.", path.display())),
    }
}

fn walk(folder: &Path, depth: usize, list: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        list.push(entry.path().display().to_string());
        if depth > 1 && entry.path().is_dir() {
            walk(&entry.path(), depth - 1, list);
        }
    }
}

fn create(path: &Path, text: &str) -> Answer {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    match written {
        Ok(()) => done(format!("File created successfully at: {}", path.display())),
        Err(error) => fault(format!("Ran into {error} while trying to write to {}", path.display())),
    }
}

fn replace(path: &Path, old: &str, new: &str) -> Answer {
    let Ok(text) = fs::read_to_string(path) else {
        return fault(format!("The path {} does not exist. Please provide a valid path.", path.display()));
    };
    let Some((before, after)) = text.split_once(old) else {
        return fault(format!("No replacement was performed, old_str `{old}` did not appear verbatim in {}.", path.display()));
    };
    if after.contains(old) {
        return fault(format!("No replacement was performed. Multiple occurrences of old_str `{old}`. Please ensure it is unique"));
    }
    let changed = format!("{before}{new}{after}");
    if let Err(error) = fs::write(path, &changed) {
        return fault(format!("Ran into {error} while trying to write to {}", path.display()));
    }
    let first = before.lines().count().saturating_sub(4);
    let lines = new.lines().count() + 8;
    let snippet: Vec<&str> = changed.split('\n').skip(first).take(lines).collect();
    done(format!(
        "The file {0} has been edited. Here's the result of running `cat -n` on a snippet of {0}:\n{1}\nReview the changes and make sure \
         they are as expected. Edit the file again if necessary.",
        path.display(),
        numbered(&snippet.join("\n"), first + 1)
    ))
}

fn numbered(text: &str, first: usize) -> String {
    let lines: Vec<String> = text.split('\n').enumerate().map(|(at, line)| format!("{:6}\t{line}", at + first)).collect();
    lines.join("\n")
}

fn done(text: String) -> Answer {
    Answer { ok: true, result: Some(text), error: None }
}

fn fault(text: String) -> Answer {
    Answer { ok: false, result: None, error: Some(text) }
}
