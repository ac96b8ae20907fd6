//! Short questions to git, asked before a run starts. Work that takes time is a stage and runs under a keeper.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::ask::{Asked, ask};

/// Why git could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("can't run git: {source}: install git, or put it on PATH")]
    NotStarted {
        /// What the system said.
        source: io::Error,
    },
    /// It answered with an error.
    #[error("git says of {}: {says}", folder.display())]
    Refused {
        /// The folder asked about.
        folder: PathBuf,
        /// Its own words.
        says: String,
    },
}

/// What the clone knows of one name of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Its full sha.
    Found(String),
    /// No such commit.
    Missing,
    /// More than one commit begins so.
    Ambiguous,
}

/// The git folder of a clone: shared by all its worktrees, and good wherever the current folder is.
pub fn git_dir(clone: &Path) -> Result<PathBuf, GitError> {
    let output = Command::new("git")
        .arg("-C")
        .arg(clone)
        .args(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::NotStarted { source })?;
    if !output.status.success() {
        return Err(refused(clone, &output.stderr));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()))
}

/// Looks all names up in one process. A name is anything that git takes for a commit: `abc12345`, `abc12345~1`.
pub fn look_up(git_dir: &Path, names: &[String]) -> Result<Vec<Looked>, GitError> {
    let mut child = Command::new("git")
        .arg("--git-dir")
        .arg(git_dir)
        .args(["cat-file", "--batch-check=%(objectname) %(objecttype)"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| GitError::NotStarted { source })?;
    let question = |name: &String| name.replace(['\n', ' '], "?") + "^{commit}\n";
    let questions: String = names.iter().map(question).collect();
    // git answers while it reads: written from another thread, so that neither pipe fills up
    let asked = child.stdin.take().map(|mut stdin| std::thread::spawn(move || stdin.write_all(questions.as_bytes())));
    let output = child.wait_with_output().map_err(|source| GitError::NotStarted { source })?;
    if let Some(asked) = asked {
        let _ = asked.join();
    }
    if !output.status.success() {
        return Err(refused(git_dir, &output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut answers: Vec<Looked> = text
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((sha, "commit")) => Looked::Found(sha.to_owned()),
            Some((_, "ambiguous")) => Looked::Ambiguous,
            _ => Looked::Missing,
        })
        .collect();
    answers.resize(names.len(), Looked::Missing);
    Ok(answers)
}

/// The files of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// Their sizes together, in bytes.
    pub bytes: u64,
    /// How many.
    pub files: u64,
}

/// How much a checkout of a commit takes; `None` where git can't say it within `patience`: in a clone without blobs it
/// would have to fetch each.
pub fn tree_of(git_dir: &Path, commit: &str, patience: Duration) -> Option<Tree> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(git_dir).args(["ls-tree", "-r", "-l", "--full-tree", commit]).env("GIT_NO_LAZY_FETCH", "1");
    let Ok(Asked::Answered(output)) = ask(&mut command, patience) else { return None };
    if !output.status.success() {
        return None;
    }
    // mode, type, object, size, tab, path: the size of a submodule is `-`
    let size = |line: &[u8]| {
        let head = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
        String::from_utf8_lossy(head).split_whitespace().nth(3).and_then(|size| size.parse::<u64>().ok())
    };
    let none = Tree { bytes: 0, files: 0 };
    let sizes = output.stdout.split(|byte| *byte == b'\n').filter_map(size);
    Some(sizes.fold(none, |tree, size| Tree { bytes: tree.bytes.saturating_add(size), files: tree.files + 1 }))
}

/// What git answers to a question about commits. Neither the clone's configuration nor a person's changes it.
pub fn answer(git_dir: &Path, arguments: &[&str]) -> Result<String, GitError> {
    let output = Command::new("git")
        .arg("--git-dir")
        .arg(git_dir)
        .args(["-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::NotStarted { source })?;
    if !output.status.success() {
        return Err(refused(git_dir, &output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the clone was cut off at this commit, so that it lacks the parents.
pub fn is_shallow_at(git_dir: &Path, commit: &str) -> bool {
    std::fs::read_to_string(git_dir.join("shallow")).is_ok_and(|cut| cut.lines().any(|line| line == commit))
}

/// Takes worktrees whose folders are gone off the clone's list.
pub fn prune_worktrees(clone: &Path) -> Result<(), GitError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(clone).args(["worktree", "prune"]).stdin(Stdio::null());
    let output = command.output().map_err(|source| GitError::NotStarted { source })?;
    if output.status.success() { Ok(()) } else { Err(refused(clone, &output.stderr)) }
}

fn refused(folder: &Path, stderr: &[u8]) -> GitError {
    GitError::Refused { folder: folder.to_owned(), says: String::from_utf8_lossy(stderr).trim().to_owned() }
}
