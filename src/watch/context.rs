//! What the detectors know beside the steps: the human's commit, the files at the base, the agent's limits.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::detect::{Context, Human};
use crate::host::ask::{Asked, ask};

/// How long git may take to answer. Without the answer two detectors know less, and nothing else is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines of a larger patch are nobody's in particular: it is not read.
const LARGEST_PATCH: u64 = 20_000;

/// Lines of the human's patch that are looked for.
const LINES: usize = 400;

/// A shorter line may be anybody's, in characters.
const SHORTEST: usize = 24;

/// A longer one is cut, in characters.
const LONGEST: usize = 300;

/// Names at the base that are kept: a repository has a few dozen.
const NAMES: usize = 10_000;

/// What the detectors know of an item before its agent's first step: what git says of it, where there is a clone.
pub fn context(git_dir: Option<&Path>, parent: &str, human: &str) -> Context {
    let added = || git_dir.map(|git_dir| added(git_dir, parent, human)).unwrap_or_default();
    let is_known = !human.is_empty();
    Context {
        human: is_known.then(|| Human { sha: human.to_owned(), added: added() }),
        tracked: git_dir.and_then(|git_dir| tracked(git_dir, parent)),
        ..Context::default()
    }
}

/// What git answers in time; nothing where it can't.
fn git(git_dir: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(git_dir).args(["-c", "core.quotePath=false"]).args(arguments).env("GIT_NO_LAZY_FETCH", "1");
    match ask(&mut command, PATIENCE) {
        Ok(Asked::Answered(output)) if output.status.success() => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => None,
    }
}

/// Top-level names that the base tracks.
fn tracked(git_dir: &Path, parent: &str) -> Option<HashSet<String>> {
    let named = (!parent.is_empty()).then_some(parent)?;
    let text = git(git_dir, &["ls-tree", "--name-only", "-z", "--end-of-options", named])?;
    Some(text.split('\0').filter(|name| !name.is_empty()).take(NAMES).map(str::to_owned).collect())
}

/// Lines that the human's patch adds and does not only move, long enough to be its own.
fn added(git_dir: &Path, parent: &str, human: &str) -> Vec<String> {
    if parent.is_empty() {
        return Vec::new();
    }
    let diff = |how: &[&str]| {
        git(git_dir, &[&["diff-tree", "-r", "--no-color", "--no-ext-diff", "--no-textconv"], how, &[parent, human]].concat())
    };
    let Some(sizes) = diff(&["--numstat"]) else { return Vec::new() };
    let lines = |line: &str| line.split('\t').take(2).filter_map(|count| count.parse::<u64>().ok()).sum::<u64>();
    if sizes.lines().map(lines).sum::<u64>() > LARGEST_PATCH {
        return Vec::new();
    }
    let patch = diff(&["-p", "-U0"]).unwrap_or_default();
    own_lines(&patch)
}

fn own_lines(patch: &str) -> Vec<String> {
    let of = |sign: char, head: &'static str| {
        patch.lines().filter(move |line| !line.starts_with(head)).filter_map(move |line| line.strip_prefix(sign)).map(str::trim)
    };
    let removed: HashSet<&str> = of('-', "--- ").collect();
    let is_own = |line: &&str| line.chars().count() >= SHORTEST && !removed.contains(line);
    let mut seen = HashSet::new();
    of('+', "+++ ").filter(is_own).filter(|line| seen.insert(*line)).take(LINES).map(|line| line.chars().take(LONGEST).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_its_own_are_the_human_s() {
        let patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n-    total = compute_the_total(rows, columns)\n\
                     +        total = compute_the_total(rows, columns)\n+    cache = {}\n+    table = precomputed_table(rows, columns, 16)\n\
                     +    table = precomputed_table(rows, columns, 16)\n";
        assert_eq!(own_lines(patch), ["table = precomputed_table(rows, columns, 16)"]);
    }
}
