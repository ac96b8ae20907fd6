//! What a call writes: the files that it makes, with the text where it is known, and those that it takes away.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::super::call::{self, Act, Called};
use super::super::cut;
use super::super::shell::Part;

/// Files of one call that count.
const MOST: usize = 64;
/// Bytes of a script that are read.
const READ: usize = 256 * 1024;

/// What a call does to files, as far as stand-ins go.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Files and folders that it makes, as it names them.
    pub(super) made: Vec<Made>,
    /// Files that it changes.
    pub(super) changed: Vec<String>,
    /// Files and folders that it reads or lists.
    pub(super) read: Vec<String>,
    /// Files and folders that it takes away.
    pub(super) gone: Vec<String>,
    /// Whether it takes away all that git does not know.
    pub(super) cleans: bool,
    /// New text, and what it takes the place of.
    pub(super) text: String,
    pub(super) instead_of: String,
    /// The folder that it goes to first.
    pub(super) folder: Option<String>,
    /// The folder in which it asks git.
    pub(super) git_folder: Option<String>,
    /// Whether its answer lists the folder that it is in, or the paths below it.
    pub(super) lists: Lists,
    /// The one folder whose names `ls` lists.
    pub(super) listed: Option<String>,
    /// Whether what it reads, lists or enters is there if it works: no `||`, no complaint thrown away.
    pub(super) is_sure: bool,
}

/// What an answer lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Lists {
    /// Nothing.
    #[default]
    Nothing,
    /// A path a line.
    Paths,
    /// The names in a folder, as many in a line as fit.
    Names,
}

/// Something new.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) path: String,
    pub(super) is_folder: bool,
}

static OPENED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let quote = r#"f?["']([^"'\n{}]{1,300})["']"#;
    Regex::new(&format!(
        r#"open\(\s*{quote}\s*,\s*(?:mode\s*=\s*)?["'][wax]|(?:makedirs|mkdir)\(\s*{quote}|Path\(\s*{quote}\s*\)\.(?:write_text|write_bytes|mkdir|touch)\("#
    ))
    .ok()
});

impl Written {
    pub(super) fn by(called: &Called<'_>) -> Self {
        let mut written = Self::default();
        if called.is_shell() {
            written.by_shell(called);
        } else {
            written.by_tool(called);
        }
        written.made.truncate(MOST);
        written
    }

    fn by_tool(&mut self, called: &Called<'_>) {
        let args = &called.args;
        let texts = [
            "file_text",
            "content",
            "new_str",
            "new_string",
            "new_content",
            "text",
            "replacement_text",
            "replace",
            "input",
            "patch",
            "diff",
        ];
        let olds = ["old_str", "old_string", "search"];
        let parts = args.get("edits").and_then(Value::as_array).into_iter().flatten().chain([args]);
        for part in parts {
            let field = |name: &&str| part.get(name).and_then(Value::as_str);
            texts.iter().filter_map(field).for_each(|text| add(&mut self.text, text));
            olds.iter().filter_map(field).for_each(|text| add(&mut self.instead_of, text));
        }
        let action = args.get("command").and_then(Value::as_str).unwrap_or_default();
        let name = called.call.name.to_ascii_lowercase();
        let path = ["path", "file_path", "filePath", "file", "filename", "target_file"].iter().find_map(|name| args.get(name)?.as_str());
        match (called.act, path) {
            (Act::Edit, Some(path)) if action == "create" || name.contains("write") || name.contains("create") => self.make(path, false),
            (Act::Edit, Some(path)) => self.changed.push(path.to_owned()),
            (Act::Edit, None) => self.by_changes(args),
            (Act::View | Act::Search, Some(path)) => {
                self.read.push(path.to_owned());
                let is_folder = !path.rsplit('/').next().unwrap_or_default().contains('.');
                if is_folder && action == "view" && path.starts_with('/') {
                    self.folder = Some(path.trim_end_matches('/').to_owned());
                }
                self.lists = if is_folder { Lists::Paths } else { Lists::Nothing };
            }
            _ => {}
        }
        if called.act != Act::Edit {
            self.text.clear();
        }
    }

    /// Codex: a list or a table of changes, or a patch.
    fn by_changes(&mut self, args: &Value) {
        let is_new = |change: &Value| {
            let kind = change.get("kind").or_else(|| change.get("type"));
            kind.and_then(Value::as_str) == Some("add")
                || kind.and_then(|kind| kind.get("type")?.as_str()) == Some("add")
                || change.get("add").is_some()
        };
        match args.get("changes") {
            Some(Value::Object(files)) => files.iter().for_each(|(path, change)| self.change(path, is_new(change))),
            Some(Value::Array(files)) => {
                let path = |file: &Value| Some((file.get("path")?.as_str()?.to_owned(), is_new(file)));
                files.iter().filter_map(path).for_each(|(path, is_new)| self.change(&path, is_new));
            }
            _ => {
                let text = args.as_str().map_or_else(|| self.text.clone(), str::to_owned);
                self.by_patch(&text);
            }
        }
    }

    /// A patch in Codex's form.
    fn by_patch(&mut self, text: &str) {
        for line in text.lines().map(str::trim_start) {
            if let Some(path) = line.strip_prefix("*** Add File: ") {
                self.make(path, false);
            } else if let Some(path) = line.strip_prefix("*** Update File: ") {
                self.changed.push(path.to_owned());
            } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
                self.gone.push(path.to_owned());
            }
        }
    }

    fn change(&mut self, path: &str, is_new: bool) {
        if is_new {
            self.make(path, false);
        } else {
            self.changed.push(path.to_owned());
        }
    }

    fn by_shell(&mut self, called: &Called<'_>) {
        let whole = call::command(&called.args);
        add(&mut self.text, &whole);
        let first = whole.trim_start().strip_prefix("cd ").and_then(|rest| rest.split([';', '\n', '&']).next());
        self.folder = first.map(|folder| folder.trim().trim_matches(['"', '\'']).to_owned());
        self.is_sure = !called.command.contains("||") && !called.command.contains("/dev/null");
        for part in &called.parts {
            self.by_part(part);
        }
        if called.act == Act::Git {
            self.git_folder = self.git_folder.take().or_else(|| self.folder.clone());
        }
    }

    fn by_part(&mut self, part: &Part) {
        part.into.iter().for_each(|path| self.make(path, false));
        let words = || part.operands().map(str::to_owned);
        match part.program() {
            "cd" if self.folder.is_none() => self.folder = words().next(),
            "mkdir" => part.operands().for_each(|path| self.make(path, true)),
            "touch" | "tee" => part.operands().for_each(|path| self.make(path, false)),
            "cp" | "mv" | "ln" => {
                if let Some(path) = part.operands().last() {
                    self.make(path, !path.contains(".py"));
                }
            }
            "rm" | "rmdir" => self.gone.extend(words()),
            "git" => self.by_git(part),
            "ls" => {
                self.lists = if part.is_piped { Lists::Nothing } else { Lists::Names };
                self.listed = words().next().filter(|_| words().count() == 1);
                self.read.extend(words());
            }
            "find" => {
                self.lists = if part.is_piped { Lists::Nothing } else { Lists::Paths };
                self.read.extend(part.rest().take_while(|word| !word.starts_with('-')).map(str::to_owned));
            }
            "tree" | "fd" | "rg" | "grep" => {
                self.lists = if part.is_piped { Lists::Nothing } else { Lists::Paths };
                self.read.extend(words().filter(|word| word.contains('/')));
            }
            "cat" | "head" | "tail" | "sed" | "nl" | "wc" | "less" | "awk" => self.read.extend(words().filter(|word| word.contains('/'))),
            "apply_patch" | "applypatch" => {
                let text = if part.body.is_empty() { self.text.clone() } else { part.body.clone() };
                self.by_patch(&text);
            }
            program if program.starts_with("python") => {
                let inline = part.rest().skip_while(|word| *word != "-c").nth(1).unwrap_or_default();
                for text in [part.body.as_str(), inline] {
                    let text = cut::start(text, READ);
                    let found = OPENED.iter().flat_map(|opened| opened.captures_iter(text));
                    let paths = found.filter_map(|found| found.iter().skip(1).flatten().next());
                    paths.take(MOST).for_each(|path| self.make(path.as_str(), !path.as_str().contains('.')));
                }
            }
            _ => {}
        }
    }

    fn by_git(&mut self, part: &Part) {
        let mut words = part.rest();
        let mut verb = "";
        while let Some(word) = words.next() {
            match word {
                "-C" => self.git_folder = words.next().map(str::to_owned),
                "-c" => drop(words.next()),
                _ if word.starts_with('-') => {}
                _ => {
                    verb = word;
                    break;
                }
            }
        }
        match verb {
            "clean" => self.cleans |= part.rest().any(|word| word.starts_with('-') && word.contains('f')),
            "rm" => self.gone.extend(part.operands().skip(1).map(str::to_owned)),
            "ls-files" | "ls-tree" | "grep" => self.lists = Lists::Paths,
            _ => {}
        }
    }

    fn make(&mut self, path: &str, is_folder: bool) {
        // `mkdir -p {torch,triton}/nn`; a brace in front of a word is lost on the way
        let path = path.trim();
        let path = &if path.contains('}') && !path.contains('{') { format!("{{{path}") } else { path.to_owned() };
        match path.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
            Some((start, (names, end))) => {
                names.split(',').take(MOST).for_each(|name| self.made.push(Made { path: format!("{start}{name}{end}"), is_folder }));
            }
            None => self.made.push(Made { path: path.to_owned(), is_folder }),
        }
    }
}

fn add(all: &mut String, text: &str) {
    let room = READ.saturating_sub(all.len());
    all.push_str(cut::start(text, room));
    all.push('\n');
}
