//! A patch tried on a commit by git itself, with an index and an object store of its own: nothing of the clone changes.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::ask::{Asked, ask_about};
use super::private::Private;

/// Git takes some ms for any of this.
const PATIENCE: Duration = Duration::from_mins(1);

/// What git says where a clone without all its objects lacks one: that is not the patch's fault.
const LACKING: [&str; 7] = ["lazy fetch", "unable to read", "could not fetch", "promisor", "bad object", "missing blob", "read of"];

/// Why nothing could be tried, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untried(pub String);

/// What git did with the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It took it.
    Taken,
    /// It refused it, in its own words.
    Refused {
        /// Its first complaints.
        says: String,
        /// It would take it with the lines of its hunks counted anew.
        miscounted: bool,
    },
}

/// Which of the two texts of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That of the parent commit.
    Before,
    /// That with the patch.
    After,
}

/// An index that holds a commit, in a folder that goes away with it.
#[derive(Debug)]
pub struct Trial {
    git_dir: PathBuf,
    sha: String,
    folder: Private,
}

impl Trial {
    /// Reads a commit of a clone, which is given by its git folder.
    pub fn begin(git_dir: &Path, sha: &str) -> Result<Self, Untried> {
        if sha.len() < 7 || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Untried("the parent commit is not known".to_owned()));
        }
        let folder = Private::new().map_err(|error| Untried(format!("no folder to try it in: {error}")))?;
        let trial = Self { git_dir: git_dir.to_owned(), sha: sha.to_owned(), folder };
        let made = DirBuilder::new().mode(0o700).create(trial.folder.path().join("objects"));
        made.map_err(|error| Untried(format!("no folder to try it in: {error}")))?;
        let output = trial.git(&["read-tree", sha], None)?;
        if output.status.success() {
            Ok(trial)
        } else {
            let says = complaints(&output);
            let what = if LACKING.iter().any(|word| says.contains(word)) { "not whole in" } else { "not in" };
            Err(Untried(format!("the parent commit {} is {what} the clone {}", sha.get(..8).unwrap_or(sha), git_dir.display())))
        }
    }

    /// Applies the patch to the index: all of it or nothing.
    pub fn apply(&self, patch: &[u8]) -> Result<Tried, Untried> {
        let path = self.folder.path().join("patch");
        fs::write(&path, patch).map_err(|error| Untried(format!("can't write {}: {error}", path.display())))?;
        // the words by which the agent's arm applies it, but for the place
        let apply = |more: &[&str]| self.git(&[&["apply", "--cached", "--whitespace=nowarn"], more, &["patch"]].concat(), None);
        let output = apply(&[])?;
        if output.status.success() {
            return Ok(Tried::Taken);
        }
        let says = complaints(&output);
        if LACKING.iter().any(|word| says.contains(word)) {
            return Err(Untried(format!("the clone lacks files of the parent commit: {says}")));
        }
        let miscounted = says.contains("corrupt patch") && apply(&["--recount", "--check"])?.status.success();
        Ok(Tried::Refused { says, miscounted })
    }

    /// Texts of files, each where there is one. A name with a newline can't be asked for.
    pub fn texts(&self, names: &[(Side, &str)]) -> Result<Vec<Option<Vec<u8>>>, Untried> {
        let failed = |error: io::Error| Untried(format!("can't ask git for the files: {error}"));
        let path = self.folder.path().join("names");
        let question = |(side, name): &(Side, &str)| match side {
            _ if name.contains('\n') => "-\n".to_owned(),
            Side::Before => format!("{}:{name}\n", self.sha),
            Side::After => format!(":0:{name}\n"),
        };
        fs::write(&path, names.iter().map(question).collect::<String>()).map_err(failed)?;
        let output = self.git(&["cat-file", "--batch"], Some(File::open(&path).map_err(failed)?))?;
        let mut rest = output.stdout.as_slice();
        Ok(names.iter().map(|_| next_text(&mut rest)).collect())
    }

    fn git(&self, arguments: &[&str], stdin: Option<File>) -> Result<Output, Untried> {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            command.env_remove(name);
        }
        // git of old knows no GIT_NO_LAZY_FETCH: no way out is left to it
        command.args(["-c", "protocol.allow=never", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
        command.args(["-c", "core.autocrlf=false", "-c", "apply.ignoreWhitespace=no", "-c", "core.attributesFile=/dev/null"]);
        command.args(arguments).current_dir(self.folder.path());
        command
            .env("GIT_DIR", &self.git_dir)
            .env("GIT_WORK_TREE", self.folder.path())
            .env("GIT_INDEX_FILE", self.folder.path().join("index"));
        command.env("GIT_OBJECT_DIRECTORY", self.folder.path().join("objects"));
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&self.git_dir.join("objects")));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_NO_LAZY_FETCH", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        match ask_about(&mut command, stdin.map_or_else(Stdio::null, Stdio::from), PATIENCE) {
            Ok(Asked::Answered(output)) => Ok(output),
            Ok(Asked::TooSlow) => Err(Untried(format!("git {} took too long", arguments.first().unwrap_or(&"")))),
            Err(error) => Err(Untried(format!("can't run git: {error}"))),
        }
    }
}

/// A path in a list that is parted by colons, as git reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains([':', '"', '\\', '\n']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    } else {
        text
    }
}

/// What git complains about, without its `error:`: the first two lines.
fn complaints(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = |line: &'_ str| line.trim().trim_start_matches("error: ").trim_start_matches("fatal: ").to_owned();
    let lines: Vec<String> =
        text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("warning:")).take(2).map(line).collect();
    if lines.is_empty() { "git says nothing".to_owned() } else { lines.join("; ") }
}

/// The next answer of `cat-file --batch`: `<object> <type> <size>`, a newline, the text, a newline; or `<name> missing`.
fn next_text(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, tail) = rest.split_at_checked(end)?;
    *rest = tail.get(1..)?;
    let head = String::from_utf8_lossy(head);
    if head.ends_with(" missing") || head.ends_with(" ambiguous") {
        return None;
    }
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let (text, tail) = rest.split_at_checked(size)?;
    *rest = tail.get(1..).unwrap_or_default();
    head.contains(" blob ").then(|| text.to_vec())
}
