//! Files that a call wants to change: where they are, and what they are for.

use crate::text::tree;

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

/// A path without the worktree that it lies in, and without the folders where agents are usually put to work.
pub(super) fn in_tree(path: &str) -> &str {
    let path = path.trim().trim_matches(['"', '\'']);
    if let Some(inside) = tree::inside(path) {
        return inside;
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
    } else if OUTSIDE.iter().any(|start| path.starts_with(start))
        || matches!(end, "log" | "out" | "err" | "pid" | "bak" | "tmp" | "prof")
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

/// Where no worktree is.
const OUTSIDE: [&str; 4] = ["/tmp", "/var/", "/dev/", "~"];

/// How scripts are named that agents write to try something.
const SCRATCH: [&str; 8] = ["repro", "debug_", "tmp", "temp_", "scratch", "test_opt", "verify_", "try_"];

/// The files that a patch in Codex's form names.
pub(super) fn patched(text: &str) -> impl Iterator<Item = &str> {
    let marks = ["*** Update File: ", "*** Add File: ", "*** Delete File: "];
    text.lines().filter_map(move |line| marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark))).take(16)
}
