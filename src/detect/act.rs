//! What a shell's command does.

use super::place::{Edit, Place, in_tree, patched, place};
use super::shell::{self, Part};

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
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

/// SWE-agent's own commands take lines of text behind them, which are no commands.
pub(super) fn parts_of(command: &str) -> Vec<Part> {
    let first = command.split_whitespace().next().unwrap_or_default();
    match first {
        "edit" | "insert" | "create" | "str_replace_editor" | "apply_patch" => {
            let line = command.lines().next().unwrap_or_default();
            shell::parts(line).into_iter().take(1).collect()
        }
        _ => shell::parts(command),
    }
}

pub(super) fn of_parts(command: &str, parts: &[Part], edits: &mut Vec<Edit>) -> (Act, String) {
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
        // what a program prints is kept to be looked at, a patch apart
        let place = match place(file) {
            found if is_text || found == Place::Patch => found,
            _ => Place::Scratch,
        };
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

/// Whether a git command changes the files of the worktree, or what they are compared with.
pub(super) fn moves_tree(part: &Part) -> bool {
    if part.program() == "patch" {
        return !part.rest().any(|word| word == "--dry-run");
    }
    let only_asks = || part.rest().any(|word| matches!(word, "list" | "show" | "log" | "--check" | "--stat" | "--numstat" | "--summary"));
    part.program() == "git"
        && match verb(part).strip_prefix("git ").unwrap_or_default() {
            "stash" | "apply" | "bisect" => !only_asks(),
            "checkout" | "switch" | "reset" | "restore" | "commit" | "am" | "merge" | "rebase" | "cherry-pick" | "revert" | "clean"
            | "pull" => true,
            _ => false,
        }
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
