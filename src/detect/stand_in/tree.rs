//! Where paths lie, seen from the worktree: what the trajectory itself tells of its root, and of the packages in it.

use std::collections::HashSet;

use super::super::call;
use super::names;
use super::written::{Lists, Written};

/// Import names of the repositories that are worked on.
const OWN: [&str; 5] = ["vllm", "sglang", "sgl_kernel", "sgl_router", "benchmarks"];
/// Folders of the worktree that are on Python's path as the root is.
const ROOTS: [&str; 3] = ["src", "python", "lib"];
/// Folders under which nobody works, unless git is asked there.
const OUTSIDE: [&str; 8] = ["/tmp", "/usr", "/etc", "/var", "/dev", "/proc", "/opt", "/sys"];
/// Names of packages that are kept.
const MOST: usize = 256;

/// Those whose checkout has the name of its package.
const REPOSITORIES: [&str; 2] = ["vllm", "sglang"];
/// What lies in a checkout and in no package.
const MARKS: [&str; 7] = ["setup.py", "pyproject.toml", "README.md", "CMakeLists.txt", "csrc", ".git", ".bench_scratch"];
/// Absolute paths that have to be seen before the folder that holds them all is taken for the root.
const PATHS: u32 = 3;

/// How the root is known: the later, the better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Basis {
    /// Not at all.
    #[default]
    Nothing,
    /// A path goes through a package of the repository there.
    Holds,
    /// The shell went there first.
    Entered,
    /// A path names the repository and then its package: `vllm/vllm`.
    Named,
    /// Git was asked there.
    Asked,
}

/// What is known of the worktree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Option<String>,
    basis: Basis,
    /// The folder that holds all absolute paths that were seen, and their number.
    common: Option<String>,
    paths: u32,
    /// A package of others seen directly below a folder that has the repository's name.
    other: Option<String>,
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
    /// Whether it makes the package, and is not only a file somewhere in it.
    pub(super) is_whole: bool,
}

impl Tree {
    pub(super) fn new(tracked: Option<&HashSet<String>>) -> Self {
        Self { own: tracked.cloned().unwrap_or_default(), ..Self::default() }
    }

    /// Follows the shell, and learns where the root is.
    pub(super) fn follow(&mut self, written: &Written) {
        if let Some(folder) = written.git_folder.as_deref().filter(|folder| folder.starts_with('/') && self.basis < Basis::Asked) {
            self.is_at(folder.trim_end_matches('/'), Basis::Asked);
        }
        let made = written.made.iter().map(|made| &made.path);
        for path in written.read.iter().chain(&written.changed).chain(made) {
            self.see(path.trim_matches(['"', '\'']));
        }
        let Some(folder) = written.folder.as_deref() else { return };
        let folder = folder.trim_end_matches('/');
        if folder.starts_with('/') && !is_elsewhere(folder) && folder.len() > 1 {
            self.is_at(folder, Basis::Entered);
        }
        folder.clone_into(&mut self.folder);
    }

    fn is_at(&mut self, root: &str, basis: Basis) {
        if basis > self.basis {
            self.root = Some(root.to_owned());
            self.basis = basis;
        }
    }

    /// An absolute path tells of the root: by the name of the repository's package in it, or by what it has in common with
    /// all others.
    fn see(&mut self, path: &str) {
        // where worktrees lie is known
        if !path.starts_with('/') || is_elsewhere(path) || path.contains("/worktrees/") || self.basis >= Basis::Named {
            return;
        }
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let up_to = |end: usize| names.iter().take(end).fold(String::new(), |all, name| all + "/" + name);
        if let Some(at) = names.iter().position(|name| OWN.contains(name)) {
            let is_in_root = at > 0 && names.get(at - 1).is_some_and(|name| ROOTS.contains(name));
            let is_repository = !is_in_root && names.get(at).is_some_and(|name| REPOSITORIES.contains(name));
            let mut below = names.iter().skip(at + 1).skip_while(|name| ROOTS.contains(name));
            let again = below.next().filter(|name| Some(*name) == names.get(at) || MARKS.contains(name));
            let end = at - usize::from(is_in_root);
            // nobody puts packages of others there, were it the package: with a second one it is the checkout
            let other = names.get(at + 1).map(|name| stem(name)).filter(|name| is_repository && names::is_package(name));
            let is_second = other.is_some() && self.other.as_deref().is_some_and(|before| Some(before) != other);
            self.other = self.other.take().or_else(|| other.map(str::to_owned));
            if again.is_some() && is_repository || is_second {
                self.is_at(&up_to(at + 1), Basis::Named);
            } else if end > 0 && names.len() > at + 1 {
                self.is_at(&up_to(end), Basis::Holds);
            }
        }
        let is_file = names.last().is_some_and(|name| name.contains('.'));
        let folder = up_to(names.len() - usize::from(is_file));
        self.paths = self.paths.saturating_add(1);
        self.common = Some(match &self.common {
            None => folder,
            Some(before) => {
                let both = before.split('/').zip(folder.split('/')).take_while(|(left, right)| left == right);
                both.map(|(name, _)| name).collect::<Vec<_>>().join("/")
            }
        });
    }

    /// The packages that this reads or changes in the root are there already, and so are those that an answer lists.
    pub(super) fn learn(&mut self, written: &Written, answer: &str, made: &HashSet<String>) {
        let (lists, is_ls) = (written.lists != Lists::Nothing, written.lists == Lists::Names);
        let mut own = Vec::new();
        for path in written.read.iter().chain(&written.changed) {
            own.extend(self.top(path).filter(|(_, has_more)| *has_more).map(|(name, _)| name));
        }
        let is_elsewhere = || is_installed(&self.folder) || written.read.iter().any(|path| is_installed(path));
        if written.is_sure && !is_elsewhere() {
            // what can be listed or entered is there
            let is_there = !answer.contains("No such file") && !answer.contains("cannot access");
            let listed = written.read.iter().filter(|_| lists && !answer.trim().is_empty()).chain(&written.folder);
            own.extend(listed.filter(|_| is_there).filter_map(|path| self.top(path)).map(|(name, _)| name));
        }
        // `ls X || echo none` lists nothing of X
        if lists && !is_elsewhere() && (written.is_sure || written.listed.is_none()) {
            let is_root = written.read.is_empty() || written.read.iter().any(|path| self.inside(path).is_some_and(|path| path.is_empty()));
            let mut before: Option<(String, bool)> = None;
            for line in answer.lines().take(4000) {
                // `path:line: text` of grep, the last word of `ls -l`, or all words of `ls`
                let head = line.split(':').next().unwrap_or_default();
                let is_long = line.starts_with(['d', 'l', '-']) && head.split_whitespace().count() > 4;
                let skipped = if is_long || !is_ls { head.split_whitespace().count().saturating_sub(1) } else { 0 };
                let is_folder = if is_long { line.starts_with('d') } else { is_ls || !line.trim().contains(char::is_whitespace) };
                for word in head.split_whitespace().skip(skipped).take(64) {
                    // `ls X` names what is in X
                    let word = match written.listed.as_deref().filter(|_| !word.starts_with('/')) {
                        Some(folder) => format!("{folder}/{word}"),
                        None => word.to_owned(),
                    };
                    // grep names a file with each of its lines
                    if before.as_ref().is_some_and(|(last, was_folder)| *last == word && *was_folder == is_folder) {
                        continue;
                    }
                    own.extend(self.top(&word).filter(|(_, has_more)| *has_more || is_root && is_folder).map(|(name, _)| name));
                    before = Some((word, is_folder));
                }
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
        if let Some((package, rest)) = self.parted(path).filter(|(name, _)| is_package(name)) {
            let is_whole = is_folder || rest.is_empty() || stem(&rest) == "__init__";
            return Some(StandIn { package, is_inside: true, is_whole });
        }
        // beside the sources, for a script that tries something
        let whole = self.joined(path);
        let folders: Vec<&str> = whole.split('/').filter(|name| !name.is_empty()).collect();
        let pairs = folders.iter().zip(folders.iter().skip(1));
        let mut found = pairs.filter(|(folder, name)| is_aside(folder) && is_package(stem(name)));
        found.next().map(|(_, name)| StandIn { package: stem(name).to_owned(), is_inside: false, is_whole: true })
    }

    /// The path as it is known here: from the root where it lies below it.
    pub(super) fn known_as(&self, path: &str) -> String {
        self.inside(path).unwrap_or_else(|| self.joined(path))
    }

    /// The first name of a path below the root, and whether something follows.
    fn top(&self, path: &str) -> Option<(String, bool)> {
        self.parted(path).map(|(name, rest)| (name, !rest.is_empty()))
    }

    /// The first name of a path below the root, and what follows.
    fn parted(&self, path: &str) -> Option<(String, String)> {
        let inside = self.inside(path)?;
        let mut names = inside.split('/').filter(|name| !name.is_empty()).peekable();
        let mut first = names.next()?;
        if ROOTS.contains(&first) && names.peek().is_some() {
            first = names.next()?;
        }
        Some((stem(first).to_owned(), names.collect::<Vec<_>>().join("/")))
    }

    /// The path from the root on; `None` where it lies elsewhere.
    fn inside(&self, path: &str) -> Option<String> {
        let whole = self.joined(path);
        let below = |root: Option<&str>| {
            let rest = root.and_then(|root| whole.strip_prefix(root)).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            rest.map(|rest| rest.trim_matches('/').to_owned())
        };
        if let Some(rest) = below(self.root.as_deref()) {
            return Some(rest);
        }
        let inside = call::in_tree(&whole);
        let is_known = inside.len() < whole.len() || !whole.starts_with(['/', '~']);
        if is_known {
            return Some(inside.trim_matches('/').to_owned());
        }
        // a home or a disk holds more than a worktree
        let common = self.common.as_deref().filter(|common| self.root.is_none() && self.paths >= PATHS && common.matches('/').count() > 1);
        below(common)
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

/// Where no worktree is.
fn is_elsewhere(path: &str) -> bool {
    OUTSIDE.iter().any(|outside| path.starts_with(outside)) || is_installed(path)
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
