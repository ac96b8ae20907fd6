//! Short questions to git, asked before a run starts. Work that takes time is a stage and runs under a keeper.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

fn refused(folder: &Path, stderr: &[u8]) -> GitError {
    GitError::Refused { folder: folder.to_owned(), says: String::from_utf8_lossy(stderr).trim().to_owned() }
}
