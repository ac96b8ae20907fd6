//! The log that people `tee`: found by its name and its content, read as it grows. It lags and it may be interleaved, so that
//! it only adds to what the files say; and what it prints of the environment is never passed on.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::domain::ItemId;
use crate::host::files::{self, Links};
use crate::watch::log::{About, Said, is_line, prepare_error, run_path, said, secret};

/// What is read of a log at the first look, from its end, and at most at any other, in bytes.
const AT_ONCE: u64 = 4 << 20;

/// What is read of a file to tell whether it is a log, in bytes.
const HEAD: u64 = 64 << 10;

/// Files of one folder that are looked into.
const MOST_FILES: usize = 64;

/// Beginnings of lines that a runner of benchmarks prints.
const THREE_WAY: [&str; 3] = ["=== Agent Type: ", "] Processing ", "--- Running "];

/// A log that grows.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    read: Option<u64>,
    half: Vec<u8>,
    /// When it was written last.
    pub(super) changed: Option<SystemTime>,
}

/// What the harness's log said.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Of each item the newest.
    pub(super) said: HashMap<ItemId, (Option<Timestamp>, String)>,
    /// When each item was taken up last.
    pub(super) begun: HashMap<ItemId, Timestamp>,
    /// Items under way by the log, the one taken up last at the end.
    open: Vec<ItemId>,
    /// What ended all of it.
    pub(super) error: Option<String>,
    /// Whether it said that it is through.
    pub(super) is_completed: bool,
}

impl LogFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, read: None, half: Vec::new(), changed: None }
    }

    /// The lines that were added and are whole. A log that became shorter is another one.
    pub(super) fn lines(&mut self) -> io::Result<Vec<String>> {
        let (mut file, there) = files::open(&self.path, Links::Followed)?;
        self.changed = there.modified().ok();
        let length = there.len();
        let from = match self.read {
            Some(read) if read <= length => read.max(length.saturating_sub(AT_ONCE)),
            _ => length.saturating_sub(AT_ONCE),
        };
        if self.read != Some(from) {
            self.half.clear();
        }
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = std::mem::take(&mut self.half);
        let added = file.take(AT_ONCE).read_to_end(&mut bytes)?;
        self.read = Some(from.saturating_add(added as u64));
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.half = bytes.split_off(end);
        if self.half.len() as u64 > AT_ONCE {
            // no line of a log is as long as that
            self.half.clear();
        }
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}

impl Log {
    /// Takes lines. `known`: the items that there may be. Whether they said anything.
    pub(super) fn take(&mut self, lines: &[String], known: &[ItemId]) -> bool {
        let mut is_news = false;
        for line in lines {
            if let Some(said) = said(line) {
                is_news |= self.hear(said, known);
            } else if let Some(error) = prepare_error(line) {
                (self.error, is_news) = (Some(error.to_owned()), true);
            } else if line.starts_with("✓ Prepare completed") {
                (self.is_completed, is_news) = (true, true);
            }
        }
        is_news
    }

    fn hear(&mut self, said: Said, known: &[ItemId]) -> bool {
        let find = |id: &str| known.iter().find(|item| item.0 == id).cloned();
        let item = match &said.about {
            About::Begins(id) => {
                // somebody runs it again
                (self.error, self.is_completed) = (None, false);
                let Some(item) = find(id) else { return false };
                self.open.retain(|open| *open != item);
                self.open.push(item.clone());
                self.begun.extend(said.at.map(|at| (item.clone(), at)));
                item
            }
            About::Ends(id) => {
                let Some(item) = find(id) else { return false };
                self.open.retain(|open| *open != item);
                item
            }
            About::Worktree(path) => {
                let is_named = |item: &&ItemId| path.split(['/', ' ', '\'', '"', ':', ',']).any(|part| part == item.0);
                let Some(item) = known.iter().find(is_named) else { return false };
                item.clone()
            }
            // with several under way nobody can tell whose it is
            About::Unsaid => match self.open.as_slice() {
                [one] => one.clone(),
                _ => return false,
            },
        };
        self.said.insert(item, (said.at, said.words));
        true
    }
}

/// What kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of `prepare`.
    Prepare,
    /// Of a runner of benchmarks.
    ThreeWay,
}

/// The newest log in these folders that is one of this kind, and not another run's.
pub(super) fn find(folders: &[PathBuf], kind: Kind, run: &Path) -> Option<PathBuf> {
    let mut found: Vec<(SystemTime, PathBuf)> = folders.iter().flat_map(|folder| candidates(folder)).collect();
    found.sort_by(|one, other| other.cmp(one));
    found.dedup();
    let began = run.file_name().and_then(|name| name.to_str()).and_then(super::sight::begun).map(SystemTime::from);
    let may_be = |(changed, _): &(SystemTime, PathBuf)| kind == Kind::ThreeWay || began.is_none_or(|began| *changed >= began);
    found.into_iter().filter(may_be).map(|(_, path)| path).take(MOST_FILES).find(|path| is_log(path, kind, run))
}

/// What the logs of these folders, and this one, print of secrets: names and values, as far as they print them.
pub(super) fn secrets(folders: &[PathBuf], named: Option<&Path>) -> Vec<(String, String)> {
    let found = folders.iter().flat_map(|folder| candidates(folder)).map(|(_, path)| path).take(MOST_FILES);
    let logs = found.filter(|path| head(path).is_some_and(|head| head.lines().any(is_line))).chain(named.map(Path::to_owned));
    let mut pairs: Vec<(String, String)> =
        logs.flat_map(|path| LogFile::new(path).lines().unwrap_or_default()).filter_map(|line| secret(&line)).collect();
    pairs.sort();
    pairs.dedup();
    pairs
}

/// Files called as logs are, by when they were written.
fn candidates(folder: &Path) -> Vec<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_named = |name: &str| name.starts_with("pipeline_run_") || [".log", ".out", ".txt"].iter().any(|end| name.ends_with(end));
    let of = |entry: fs::DirEntry| {
        let there = entry.metadata().ok().filter(|there| there.is_file() && there.len() > 0)?;
        entry.file_name().to_str().filter(|name| is_named(name))?;
        Some((there.modified().ok()?, entry.path()))
    };
    entries.filter_map(of).collect()
}

fn is_log(path: &Path, kind: Kind, run: &Path) -> bool {
    let Some(head) = head(path) else { return false };
    match kind {
        Kind::Prepare => {
            // what Python prints into a pipe may come only at its end
            let tail = files::tail(path, HEAD).unwrap_or_default();
            let named = run_path(&head).or_else(|| run_path(&tail));
            head.lines().any(is_line) && named.is_none_or(|named| run.ends_with(named))
        }
        Kind::ThreeWay => head.lines().any(|line| THREE_WAY.iter().any(|mark| line.contains(mark))),
    }
}

fn head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    files::open(path, Links::Followed).ok()?.0.take(HEAD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Log {
        let known = ["a-0000", "a-0001"].map(|id| ItemId(id.to_owned()));
        let lines: Vec<String> = lines.iter().map(|line| format!("2026-01-23 21:19:19 - bench.prepare - INFO - {line}")).collect();
        let mut log = Log::default();
        log.take(&lines, &known);
        log
    }

    fn says(log: &Log, id: &str) -> Option<String> {
        log.said.get(&ItemId(id.to_owned())).map(|(_, says)| says.clone())
    }

    #[test]
    fn of_one_worker_every_line_is_of_the_item_taken_up_last() {
        let log = heard(&["Starting task processing: a-0000", "Process return code: 0", "Writing journal with final status: success"]);
        assert_eq!(says(&log, "a-0000").as_deref(), Some("final status success"));
    }

    #[test]
    fn of_two_workers_only_what_names_its_item_is_told() {
        let log = heard(&[
            "Starting task processing: a-0000",
            "Starting task processing: a-0001",
            "Process return code: 1",
            "Working directory: /w/worktrees/a/a-0001",
        ]);
        assert_eq!(says(&log, "a-0000").as_deref(), Some("item taken up"));
        assert_eq!(says(&log, "a-0001").as_deref(), Some("its worktree is there"));
        let log = heard(&[
            "Starting task processing: a-0000",
            "Starting task processing: a-0001",
            "Task completed successfully: success:a-0000",
            "Process return code: 1",
        ]);
        assert_eq!(says(&log, "a-0001").as_deref(), Some("agent's return code 1"));
    }
}
