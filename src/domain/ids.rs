//! Names of runs, items and attempts. All of them become names of folders, so they are checked once, here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A run: `2026-11-21_09-30-12-3fa9` (local time of its creation and four hex digits).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

/// An item of the plan: one commit to be optimised, `vllm_core-0001`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub String);

/// One try at an item. Attempts count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId {
    /// The item tried.
    pub item: ItemId,
    /// Which try, from 1.
    pub n: u32,
}

impl ItemId {
    /// Why this id can't be the name of a folder, or `None` when it can.
    pub fn unfit(&self) -> Option<&'static str> {
        let id = self.0.as_str();
        if id.is_empty() {
            Some("it is empty")
        } else if id.len() > 200 {
            Some("it is longer than 200 bytes")
        } else if id.starts_with('-') {
            Some("it begins with '-', and it names a folder, which programs would take for an option")
        } else if id == "." || id == ".." {
            Some("it names a folder, and '.' and '..' name those that are there already")
        } else if id.contains(['/', '\\']) || id.chars().any(char::is_control) {
            Some("it holds a slash, a backslash or a control character, and it names a folder")
        } else {
            None
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.item, self.n)
    }
}

/// Whether two shas, whole or abbreviated to no less than seven characters, may be those of one commit.
pub fn is_same_commit(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= 7 && (one.starts_with(other) || other.starts_with(one))
}

/// The first eight characters of a sha, as the harness shows it.
pub fn short_sha(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}
