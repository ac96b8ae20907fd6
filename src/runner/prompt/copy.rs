//! `task.txt` of an earlier run: which one, and with the paths of that run turned into those of this one.

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use crate::host::files::open_regular;

/// Folders below `state/runs` that lie deeper hold no items.
const DEEPEST: u32 = 8;

/// A larger file is no list of commits, in bytes.
const LARGEST: u64 = 4 << 20;

/// A larger file is no prompt, in bytes: real ones have a few thousand.
const LARGEST_PROMPT: u64 = 256 << 10;

/// An item folder of an earlier run in which a prompt lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Earlier {
    /// The folder.
    pub(super) folder: PathBuf,
    /// The human's commit, full or abbreviated.
    human: String,
    /// Orders them: the run's timestamp, which later runs have a later one of, then the file's own time.
    age: (String, SystemTime),
}

/// The part of `prompt.json` and `journal.json` that tells whose item it was.
#[derive(Deserialize)]
struct Whose {
    commits: Commits,
}

#[derive(Deserialize)]
struct Commits {
    human: String,
}

impl Earlier {
    /// Every item with a prompt in or below a folder, the newest first, and what is wrong with the files of those that
    /// don't tell of which commit they are.
    pub(super) fn below(folder: &Path) -> (Vec<Self>, Vec<String>) {
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        walk(folder, DEEPEST, &mut |folder, modified| match Self::at(folder, modified) {
            Ok(earlier) => found.push(earlier),
            Err(says) => broken.push(says),
        });
        found.sort_by(|a, b| b.age.cmp(&a.age).then_with(|| a.folder.cmp(&b.folder)));
        broken.sort();
        (found, broken)
    }

    fn at(folder: PathBuf, modified: SystemTime) -> Result<Self, String> {
        // the journal of an older run says it as well; what is told is what is wrong with the prompt's own file
        let human = match whose(&folder.join("prompt.json")) {
            Ok(human) => human,
            Err(says) => whose(&folder.join("journal.json")).or(Err(says))?,
        };
        let run = folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let stamp = if is_timestamp(&run) { run } else { String::new() };
        Ok(Self { folder, human, age: (stamp, modified) })
    }

    /// Whether it was about this commit.
    pub(super) fn is_of(&self, human: &str) -> bool {
        is_same(&self.human, human)
    }

    /// Its prompt's file.
    pub(super) fn task(&self) -> PathBuf {
        self.folder.join("task.txt")
    }
}

/// The commit that a `prompt.json` or a `journal.json` is about; what is wrong with it, with its field.
fn whose(path: &Path) -> Result<String, String> {
    let text = text(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    let whose: Result<Whose, _> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(&text));
    whose.map(|whose| whose.commits.human).map_err(|error| {
        let (field, why) = (error.path().to_string(), error.inner());
        let field = if field == "." { String::new() } else { format!("{field}: ") };
        format!("{}: {field}{why}", path.display())
    })
}

/// Whether two shas, each whole or its first characters, are those of one commit.
fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim().to_ascii_lowercase(), b.trim().to_ascii_lowercase());
    a.len().min(b.len()) >= 7 && (a.starts_with(&b) || b.starts_with(&a))
}

fn is_timestamp(name: &str) -> bool {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    name.chars().map(digits).collect::<String>() == "0000-00-00_00-00-00"
}

fn walk(folder: &Path, deeper: u32, found: &mut impl FnMut(PathBuf, SystemTime)) {
    if let Ok(there) = fs::symlink_metadata(folder.join("task.txt"))
        && there.is_file()
    {
        found(folder.to_owned(), there.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        return;
    }
    // a link may lead round in a circle
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(is_folder) {
        if deeper > 0 {
            walk(&entry.path(), deeper - 1, found);
        }
    }
}

/// A small regular file as text. A pipe in its place would never end.
pub(super) fn text(path: &Path) -> io::Result<String> {
    text_up_to(path, LARGEST, "no file of ISO-Bench's is so long")
}

/// What an agent was asked, where it can be asked again: some words, of a length that prompts have. An agent's command
/// line can't hold a NUL.
pub(super) fn prompt_text(path: &Path) -> io::Result<String> {
    let text = text_up_to(path, LARGEST_PROMPT, "no prompt is so long")?;
    let wrong = if text.trim().is_empty() {
        Some("it is empty".to_owned())
    } else {
        text.find('\0').map(|at| format!("it is no text: byte {at} is a NUL"))
    };
    wrong.map_or(Ok(text), |says| Err(io::Error::other(says)))
}

fn text_up_to(path: &Path, most: u64, says: &str) -> io::Result<String> {
    let Some((file, there)) = open_regular(path)? else {
        // a missing file has an error of the system's own
        fs::metadata(path)?;
        return Err(io::Error::other("it is no regular file"));
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    let length = there.len().max(bytes.len() as u64);
    if length > most {
        return Err(io::Error::other(format!("it has {}, {says}", crate::text::bytes(length))));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("it is no UTF-8 text: byte {at} can't be read"))
    })
}

/// The text with the paths of the earlier run's worktree and item folder turned into ours.
pub(super) fn moved(text: &str, earlier: &Path, worktree: &str, item_dir: &str) -> String {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let (item, run) = (name(Some(earlier)), name(earlier.parent()));
    let text = replaced(text, item_dirs(text, &format!("/{run}/{item}")), item_dir);
    let found = worktrees(&text, &item);
    replaced(&text, found, worktree)
}

/// Where worktrees are named in a text: `…/worktrees/<task>/<item>` of the harness, `…/worktrees/<run>/<item>.<attempt>`
/// of ours. Where none is that of the item, whatever stands there.
fn worktrees(text: &str, item: &str) -> Vec<Range<usize>> {
    const MARK: &str = "/worktrees/";
    let (mut exact, mut other) = (Vec::new(), Vec::new());
    let mut starts = Starts::of(text);
    for (at, _) in text.match_indices(MARK) {
        let from = starts.of_path(at);
        let rest = text.get(at + MARK.len()..).unwrap_or_default();
        let Some((group, rest)) = rest.split_once('/').filter(|(group, _)| !group.is_empty() && !group.contains(is_edge)) else { continue };
        let inner = at + MARK.len() + group.len() + 1;
        if let Some(behind) = rest.strip_prefix(item) {
            let attempt = attempt(behind);
            if ends_name(behind.get(attempt..).unwrap_or_default()) {
                exact.push(from..inner + item.len() + attempt);
                continue;
            }
        }
        let name = rest.split(|c: char| is_edge(c) || c == '/').next().unwrap_or_default().trim_end_matches('.');
        if !name.is_empty() {
            other.push(from..inner + name.len());
        }
    }
    if exact.is_empty() { other } else { exact }
}

/// Where paths stand that end like the earlier item's folder and lead through one of `runs`.
fn item_dirs(text: &str, tail: &str) -> Vec<Range<usize>> {
    const RUNS: &str = "/runs/";
    let mut starts = Starts::of(text);
    let mut runs = text.match_indices(RUNS).map(|(at, _)| at).peekable();
    let mut last_runs = None;
    let one = |(at, _): (usize, &str)| {
        let (from, end) = (starts.of_path(at), at + tail.len());
        while let Some(at) = runs.next_if(|at| at + RUNS.len() <= end) {
            last_runs = Some(at);
        }
        (last_runs >= Some(from) && ends_name(text.get(end..)?)).then_some(from..end)
    };
    text.match_indices(tail).filter_map(one).collect()
}

/// The text with something else in these places, which come in their order; of those that begin together, in the longest.
fn replaced(text: &str, places: Vec<Range<usize>>, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut places = places.into_iter().peekable();
    while let Some(mut place) = places.next() {
        while let Some(longer) = places.next_if(|next| next.start == place.start) {
            place = longer;
        }
        if place.start >= done {
            out.push_str(text.get(done..place.start).unwrap_or_default());
            out.push_str(new);
            done = place.end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Where the paths of a text begin, asked for from its front to its end: every character is looked at once.
struct Starts<'a> {
    text: &'a str,
    at: usize,
    before: Option<char>,
    /// Where the word begins that `at` stands in.
    word: usize,
    /// The last slash of the line that begins a word.
    slash: Option<usize>,
}

impl<'a> Starts<'a> {
    const fn of(text: &'a str) -> Self {
        Self { text, at: 0, before: None, word: 0, slash: None }
    }

    /// Where the path begins that goes on at `at`. A path with a space in it begins at the last word of the line that
    /// begins with a slash.
    fn of_path(&mut self, at: usize) -> usize {
        for (nth, c) in self.text.get(self.at..at).unwrap_or_default().char_indices() {
            let here = self.at + nth;
            if c == '/' && self.before.is_none_or(is_edge) {
                self.slash = Some(here);
            }
            if c == '\n' {
                self.slash = None;
            }
            if is_edge(c) {
                self.word = here + c.len_utf8();
            }
            self.before = Some(c);
        }
        self.at = self.at.max(at);
        if self.text.get(self.word..).unwrap_or_default().starts_with(['/', '.', '~', '$']) {
            return self.word;
        }
        self.slash.unwrap_or(self.word)
    }
}

/// Bytes of `.12` at the front of a text: the number of an attempt.
fn attempt(text: &str) -> usize {
    let digits = text.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits == 0 { 0 } else { digits + 1 }
}

/// Whether a name ends before this text: a dot ends a sentence, or goes on with a suffix.
fn ends_name(rest: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut chars = rest.chars();
    match chars.next() {
        None => true,
        Some('.') => !chars.next().is_some_and(goes_on),
        Some(c) => !goes_on(c),
    }
}

/// What stands around a path.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || "'\"`()<>[]{}=:,;|".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "/new/tree.1";

    fn of(text: &str, item: &str) -> String {
        moved(text, &Path::new("/h/state/runs/vllm/trae/gpt-5/2026-01-23_21-19-19").join(item), NEW, "/new/item")
    }

    #[test]
    fn a_harness_prompt_gets_the_new_worktree_wherever_it_names_the_old_one() {
        let old = "/root/OmniPerf-Bench/perf-agents-bench/.work/worktrees/vllm_core/vllm_core-0001";
        let text = format!(
            "I've uploaded a python code repository in the directory {old}.\nONLY inside {old}/.bench_scratch (e.g., {old}/.bench_scratch/t.py)\n\
             `{old}` x={old}:rw > {old}/model_patch.diff || true\nnot {old}0 nor {old}-b nor {old}.bak"
        );
        let got = of(&text, "vllm_core-0001");
        let kept = format!("not {old}0 nor {old}-b nor {old}.bak");
        assert!(got.ends_with(&kept), "{got}");
        assert_eq!(got.trim_end_matches(&kept).matches(NEW).count(), 6, "{got}");
        assert!(!got.trim_end_matches(&kept).contains("/root/"), "{got}");
    }

    #[test]
    fn one_of_ours_is_known_by_its_attempt_and_may_have_a_space_in_its_path() {
        let text = "The folder /home/my user/b/.work/worktrees/2026-11-21_09-30-12-ab12/c-0001.2 holds it.\nSee /usr/bin/git.";
        assert_eq!(of(text, "c-0001"), format!("The folder {NEW} holds it.\nSee /usr/bin/git."));
    }

    #[test]
    fn an_item_that_was_renamed_is_found_by_the_shape_of_the_path() {
        assert_eq!(of("in the directory /a/.work/worktrees/t/other-7.\n", "mine"), format!("in the directory {NEW}.\n"));
    }

    #[test]
    fn the_old_item_folder_becomes_the_new_one() {
        let text = "write /h/state/runs/vllm/trae/gpt-5/2026-01-23_21-19-19/i-1/model_patch.diff, not /x/2026-01-23_21-19-19/i-1";
        assert_eq!(of(text, "i-1"), "write /new/item/model_patch.diff, not /x/2026-01-23_21-19-19/i-1");
    }

    #[test]
    fn a_text_without_such_a_path_stays_as_it_is() {
        for text in ["", "no path", "/worktrees/", "/worktrees//x", "a/worktrees/b", "/worktrees/é/", "é/worktrees/t/é"] {
            let got = of(text, "i");
            assert!(got == text || got.contains(NEW), "{got}");
        }
        assert_eq!(of("/worktrees/ and /worktrees//x", "i"), "/worktrees/ and /worktrees//x");
    }

    #[test]
    fn a_path_right_below_the_root_takes_nothing_along_of_its_line() {
        assert_eq!(of("cd /foo and /worktrees/t/c-1, or /worktrees/t/c-1/x", "c-1"), format!("cd /foo and {NEW}, or {NEW}/x"));
    }

    #[test]
    fn a_text_made_to_be_slow_takes_one_look() {
        // each of these took minutes while every path was looked for in all of the text
        let many = |one: &dyn Fn(usize) -> String| (0..20_000).map(one).collect::<String>();
        let run = "2026-01-23_21-19-19";
        let marks = "/worktrees/".repeat(60_000);
        assert_eq!(of(&marks, "c-1"), marks);
        assert_eq!(of(&"/worktrees/a".repeat(60_000), "c-1"), format!("{NEW}/a"));
        let items = of(&many(&|i| format!("/runs/{i}/{run}/c-1 ")), "c-1");
        assert_eq!(items, "/new/item ".repeat(20_000));
        let trees = of(&many(&|i| format!("/w{i}/worktrees/g/c-1 ")), "c-1");
        assert_eq!(trees, format!("{NEW} ").repeat(20_000));
        assert!(of(&format!("/runs{}", format!("/{run}/c-1").repeat(100_000)), "c-1").starts_with("/new/item"));
    }

    #[test]
    fn shas_match_by_their_first_characters_both_ways_and_not_by_a_few() {
        assert!(is_same("2f427491", "2f4274910000") && is_same("2F4274910000", "2f427491"));
        assert!(!is_same("2f42", "2f427491") && !is_same("", "") && !is_same("2f427491", "2f427492"));
    }
}
