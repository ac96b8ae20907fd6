//! Where paths lie, seen from the worktree: what the trajectory itself tells of its root, and of the packages in it.

use std::collections::HashSet;

use super::super::call;
use super::names;
use super::written::Written;

/// Import names of the repositories that are worked on.
const OWN: [&str; 5] = ["vllm", "sglang", "sgl_kernel", "sgl_router", "benchmarks"];
/// Folders of the worktree that are on Python's path as the root is.
const ROOTS: [&str; 3] = ["src", "python", "lib"];
/// Folders under which nobody works, unless git is asked there.
const OUTSIDE: [&str; 8] = ["/tmp", "/usr", "/etc", "/var", "/dev", "/proc", "/opt", "/sys"];
/// Names of packages that are kept.
const MOST: usize = 256;

/// What is known of the worktree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Option<String>,
    /// Whether git was asked there: then it is no guess.
    is_sure: bool,
    /// The folder that a shell went to last.
    folder: String,
    /// Packages in the root that are the repository's own.
    own: HashSet<String>,
}

/// A package that something written stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StandIn {
    pub(super) package: String,
    /// Whether it lies where the repository's own packages do.
    pub(super) is_inside: bool,
}

impl Tree {
    pub(super) fn new(tracked: Option<&HashSet<String>>) -> Self {
        Self { own: tracked.cloned().unwrap_or_default(), ..Self::default() }
    }

    /// Follows the shell, and learns where the root is.
    pub(super) fn follow(&mut self, written: &Written) {
        if let Some(folder) = written.git_folder.as_deref().filter(|folder| folder.starts_with('/') && !self.is_sure) {
            self.root = Some(folder.trim_end_matches('/').to_owned());
            self.is_sure = true;
        }
        let Some(folder) = written.folder.as_deref() else { return };
        let folder = folder.trim_end_matches('/');
        let is_elsewhere = OUTSIDE.iter().any(|outside| folder.starts_with(outside)) || is_installed(folder);
        if folder.starts_with('/') && self.root.is_none() && !is_elsewhere && folder.len() > 1 {
            self.root = Some(folder.to_owned());
        }
        folder.clone_into(&mut self.folder);
    }

    /// The packages that this reads or changes in the root are there already, and so are those that an answer lists.
    pub(super) fn learn(&mut self, written: &Written, answer: &str, made: &HashSet<String>) {
        let mut own = Vec::new();
        for path in written.read.iter().chain(&written.changed) {
            own.extend(self.top(path).filter(|(_, has_more)| *has_more).map(|(name, _)| name));
        }
        if written.lists && !is_installed(&self.folder) && !written.read.iter().any(|path| is_installed(path)) {
            let is_root = written.read.is_empty() || written.read.iter().any(|path| self.inside(path).is_some_and(|path| path.is_empty()));
            let mut before = None;
            for line in answer.lines().take(4000) {
                // `path:line: text` of grep, or the last word of `ls -l`
                let head = line.split(':').next().unwrap_or_default();
                let word = if head.contains(char::is_whitespace) { head.split_whitespace().last().unwrap_or_default() } else { head };
                let mut words = line.split_whitespace();
                let is_folder = words.next().is_some() && words.next().is_none() || line.starts_with('d');
                // grep names a file with each of its lines
                if before.replace((word, is_folder)) == Some((word, is_folder)) {
                    continue;
                }
                own.extend(self.top(word).filter(|(_, has_more)| *has_more || is_root && is_folder).map(|(name, _)| name));
            }
        }
        own.retain(|name| !made.contains(name));
        if self.own.len() < MOST {
            self.own.extend(own);
        }
    }

    /// Whether a name is that of a package of others.
    pub(super) fn is_foreign(&self, name: &str) -> bool {
        !OWN.contains(&name) && !self.own.contains(name)
    }

    /// What a new path stands in for.
    pub(super) fn stands_in(&self, path: &str, is_folder: bool) -> Option<StandIn> {
        let path = path.trim_matches(['"', '\'']);
        if !is_python(path) && !is_folder || is_installed(path) {
            return None;
        }
        let is_package = |name: &str| names::is_package(name) && self.is_foreign(name);
        if let Some((name, _)) = self.top(path).filter(|(name, _)| is_package(name)) {
            return Some(StandIn { package: name, is_inside: true });
        }
        // beside the sources, for a script that tries something
        let whole = self.joined(path);
        let folders: Vec<&str> = whole.split('/').filter(|name| !name.is_empty()).collect();
        let pairs = folders.iter().zip(folders.iter().skip(1));
        let mut found = pairs.filter(|(folder, name)| is_aside(folder) && is_package(stem(name)));
        found.next().map(|(_, name)| StandIn { package: stem(name).to_owned(), is_inside: false })
    }

    /// The path as it is known here: from the root where it lies below it.
    pub(super) fn known_as(&self, path: &str) -> String {
        self.inside(path).unwrap_or_else(|| self.joined(path))
    }

    /// The first name of a path below the root, and whether something follows.
    fn top(&self, path: &str) -> Option<(String, bool)> {
        let inside = self.inside(path)?;
        let mut names = inside.split('/').filter(|name| !name.is_empty()).peekable();
        let mut first = names.next()?;
        if ROOTS.contains(&first) && names.peek().is_some() {
            first = names.next()?;
        }
        Some((stem(first).to_owned(), names.peek().is_some()))
    }

    /// The path from the root on; `None` where it lies elsewhere.
    fn inside(&self, path: &str) -> Option<String> {
        let whole = self.joined(path);
        let below = self.root.as_deref().and_then(|root| whole.strip_prefix(root));
        if let Some(rest) = below.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Some(rest.trim_matches('/').to_owned());
        }
        let inside = call::in_tree(&whole);
        let is_known = inside.len() < whole.len() || !whole.starts_with(['/', '~']);
        is_known.then(|| inside.trim_matches('/').to_owned())
    }

    /// The path with the shell's folder in front, without `.` and `..`.
    fn joined(&self, path: &str) -> String {
        let path = path.trim().trim_matches(['"', '\'']);
        // "$REPO/torch" lies in the root, as far as anybody can tell
        let path = match path.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
            Some((_, rest)) => rest,
            None => path,
        };
        let folder = if path.starts_with(['/', '~']) || !self.folder.starts_with('/') { "" } else { self.folder.as_str() };
        let mut names: Vec<&str> = Vec::new();
        for name in folder.split('/').chain(path.split('/')).filter(|name| !name.is_empty() && *name != ".") {
            if name == ".." {
                names.pop();
            } else {
                names.push(name);
            }
        }
        let start = if path.starts_with('/') || !folder.is_empty() { "/" } else { "" };
        format!("{start}{}", names.join("/"))
    }
}

/// A folder for things that are not the project's.
fn is_aside(folder: &str) -> bool {
    let folder = folder.to_ascii_lowercase();
    folder == "tmp" || ["stub", "mock", "fake", "shim", "dummy", "scratch", "standin"].iter().any(|mark| folder.contains(mark))
}

/// A file that Python imports.
pub(super) fn is_python(path: &str) -> bool {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    matches!(end, "py" | "pyi" | "so")
}

/// Where packages are installed.
fn is_installed(path: &str) -> bool {
    path.contains("-packages") || path.contains("/lib/python")
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".py").or_else(|| name.strip_suffix(".pyi")).unwrap_or(name)
}
