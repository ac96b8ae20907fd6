//! `task.txt` of an earlier run: which one, and with the paths of that run turned into those of this one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

/// Folders below `state/runs` that lie deeper hold no items.
const DEEPEST: u32 = 8;

/// A larger file is no prompt and no list of commits, in bytes.
const LARGEST: u64 = 4 << 20;

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
    /// Every item with a prompt in or below a folder, the newest first. What can't be read is left out.
    pub(super) fn below(folder: &Path) -> Vec<Self> {
        let mut found = Vec::new();
        walk(folder, DEEPEST, &mut found);
        found.sort_by(|a, b| b.age.cmp(&a.age).then_with(|| a.folder.cmp(&b.folder)));
        found
    }

    fn at(folder: PathBuf, modified: SystemTime) -> Option<Self> {
        let whose = |name| serde_json::from_str::<Whose>(&text(&folder.join(name)).ok()?).ok();
        let human = whose("prompt.json").or_else(|| whose("journal.json"))?.commits.human;
        let run = folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let stamp = if is_timestamp(&run) { run } else { String::new() };
        Some(Self { folder, human, age: (stamp, modified) })
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

/// Whether two shas, each whole or its first characters, are those of one commit.
fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim().to_ascii_lowercase(), b.trim().to_ascii_lowercase());
    a.len().min(b.len()) >= 7 && (a.starts_with(&b) || b.starts_with(&a))
}

fn is_timestamp(name: &str) -> bool {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    name.chars().map(digits).collect::<String>() == "0000-00-00_00-00-00"
}

fn walk(folder: &Path, deeper: u32, found: &mut Vec<Earlier>) {
    if let Ok(there) = fs::symlink_metadata(folder.join("task.txt"))
        && there.is_file()
    {
        found.extend(Earlier::at(folder.to_owned(), there.modified().unwrap_or(SystemTime::UNIX_EPOCH)));
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
    let there = fs::metadata(path)?;
    if !there.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if there.len() > LARGEST {
        return Err(io::Error::other(format!("it has {}, no prompt is so long", crate::text::bytes(there.len()))));
    }
    String::from_utf8(fs::read(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("it is no UTF-8 text: byte {at} can't be read"))
    })
}

/// The text with the paths of the earlier run's worktree and item folder turned into ours.
pub(super) fn moved(text: &str, earlier: &Path, worktree: &str, item_dir: &str) -> String {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let (item, run) = (name(Some(earlier)), name(earlier.parent()));
    let mut text = text.to_owned();
    for old in item_dirs(&text, &format!("/{run}/{item}")) {
        text = replace(&text, &old, item_dir);
    }
    for old in worktrees(&text, &item) {
        text = replace(&text, &old, worktree);
    }
    text
}

/// Paths of worktrees in a text, the longest first: `…/worktrees/<task>/<item>` of the harness,
/// `…/worktrees/<run>/<item>.<attempt>` of ours. Where none is that of the item, whatever stands there.
fn worktrees(text: &str, item: &str) -> Vec<String> {
    const MARK: &str = "/worktrees/";
    let (mut exact, mut other) = (BTreeSet::new(), BTreeSet::new());
    for (at, _) in text.match_indices(MARK) {
        let from = path_start(text, at);
        let rest = text.get(at + MARK.len()..).unwrap_or_default();
        let Some((group, rest)) = rest.split_once('/').filter(|(group, _)| !group.is_empty() && !group.contains(is_edge)) else { continue };
        let inner = at + MARK.len() + group.len() + 1;
        if let Some(behind) = rest.strip_prefix(item) {
            let attempt = attempt(behind);
            if ends_name(behind.get(attempt..).unwrap_or_default()) {
                exact.extend(text.get(from..inner + item.len() + attempt).map(str::to_owned));
                continue;
            }
        }
        let name = rest.split(|c: char| is_edge(c) || c == '/').next().unwrap_or_default().trim_end_matches('.');
        if !name.is_empty() {
            other.extend(text.get(from..inner + name.len()).map(str::to_owned));
        }
    }
    longest_first(if exact.is_empty() { other } else { exact })
}

/// Paths that end like the earlier item's folder, the longest first.
fn item_dirs(text: &str, tail: &str) -> Vec<String> {
    let one = |(at, _): (usize, &str)| {
        let end = at + tail.len();
        let path = text.get(path_start(text, at)..end)?;
        (path.contains("/runs/") && ends_name(text.get(end..)?)).then(|| path.to_owned())
    };
    longest_first(text.match_indices(tail).filter_map(one).collect())
}

fn longest_first(paths: BTreeSet<String>) -> Vec<String> {
    let mut paths: Vec<String> = paths.into_iter().collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    paths
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

/// Where the path begins that goes on at `at`. A path with a space in it begins at the last word of the line that
/// begins with a slash.
fn path_start(text: &str, at: usize) -> usize {
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(line_start..at).unwrap_or_default();
    let word = line.char_indices().rev().find(|(_, c)| is_edge(*c)).map_or(0, |(edge, c)| edge + c.len_utf8());
    if line.get(word..).unwrap_or_default().starts_with(['/', '.', '~', '$']) {
        return line_start + word;
    }
    let begins = |(slash, _): &(usize, &str)| line.get(..*slash).and_then(|before| before.chars().next_back()).is_none_or(is_edge);
    line_start + line.rmatch_indices('/').find(begins).map_or(word, |(slash, _)| slash)
}

/// Every mention of a path that ends with it.
fn replace(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(old) {
        let end = at + old.len();
        if ends_name(text.get(end..).unwrap_or_default()) {
            out.push_str(text.get(done..at).unwrap_or_default());
            out.push_str(new);
            done = end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
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
    fn shas_match_by_their_first_characters_both_ways_and_not_by_a_few() {
        assert!(is_same("2f427491", "2f4274910000") && is_same("2F4274910000", "2f427491"));
        assert!(!is_same("2f42", "2f427491") && !is_same("", "") && !is_same("2f427491", "2f427492"));
    }
}
