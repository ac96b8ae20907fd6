//! How far an item is, by which files lie in its folder and when they were written: the harness writes down no state of
//! its own (`reference/isobench.md` §2.5).

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A journal is written in the moment that it names. Where its file's own time is another by more than this, the folder was
/// copied, and the times of its files say nothing.
const SAME_MOMENT: Duration = Duration::from_mins(2);

/// What one item's folder held at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    /// When the folder was made, where the file system tells.
    pub(super) made: Option<SystemTime>,
    pub(super) prompt: Option<Stamp>,
    pub(super) task: Option<Stamp>,
    /// `<agent>_stdout.txt`, whoever's.
    pub(super) printed: Option<Stamp>,
    pub(super) journal: Option<Stamp>,
    pub(super) summary: Option<Stamp>,
    pub(super) patch: Option<Stamp>,
    /// The newest time of anything in it.
    pub(super) newest: SystemTime,
    /// Names of what lies in it, folders too.
    pub(super) holds: Vec<String>,
}

/// A file as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) written: SystemTime,
    pub(super) bytes: u64,
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Its worktree is being made.
    Worktree,
    /// Its agent is at work, or about to be.
    Agent,
    /// Its agent has ended, and its changes are looked at.
    Finalising,
    /// It has its end.
    Over,
}

impl Files {
    /// Looks at a folder; `None` where there is none.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let there = fs::metadata(folder).ok().filter(Metadata::is_dir)?;
        let mut files = Self {
            made: there.created().ok(),
            prompt: None,
            task: None,
            printed: None,
            journal: None,
            summary: None,
            patch: None,
            newest: there.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            holds: Vec::new(),
        };
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Ok(there) = fs::metadata(entry.path()) {
                files.take(&name, &there);
            }
            files.holds.push(name);
        }
        files.holds.sort();
        Some(files)
    }

    fn take(&mut self, name: &str, there: &Metadata) {
        let Ok(written) = there.modified() else { return };
        self.newest = self.newest.max(written);
        let stamp = Some(Stamp { written, bytes: there.len() }).filter(|_| there.is_file());
        match name {
            "prompt.json" => self.prompt = stamp,
            "task.txt" => self.task = stamp,
            "journal.json" => self.journal = stamp,
            "run_summary.json" => self.summary = stamp,
            "model_patch.diff" => self.patch = stamp,
            name if name.ends_with("_stdout.txt") || name == "claude_code_stdout.json" => self.printed = stamp.or(self.printed),
            _ => {}
        }
    }

    /// How far it is. `written`: the moment that its journal names.
    pub(super) fn place(&self, written: Option<SystemTime>) -> Place {
        let Some(prompt) = self.prompt else {
            return if self.journal.is_some() { Place::Over } else { Place::Worktree };
        };
        let is_of_this = |file: &Option<Stamp>| file.is_some_and(|file| file.written >= prompt.written);
        match self.journal {
            Some(_) if is_of_this(&self.journal) || self.is_copy(written) => Place::Over,
            // without an earlier journal nothing here is of an earlier attempt
            None if self.printed.is_some() => Place::Finalising,
            Some(_) if is_of_this(&self.printed) => Place::Finalising,
            // `task.txt` follows at once
            None | Some(_) => Place::Agent,
        }
    }

    /// Whether the folder was copied from elsewhere: the times of its files are those of the copy.
    fn is_copy(&self, written: Option<SystemTime>) -> bool {
        let (Some(journal), Some(said)) = (self.journal, written) else { return false };
        let apart = journal.written.duration_since(said).or_else(|_| said.duration_since(journal.written)).unwrap_or_default();
        apart > SAME_MOMENT
    }

    /// Whether an attempt goes on here after one that has its journal.
    pub(super) fn is_retried(&self, written: Option<SystemTime>) -> bool {
        self.journal.is_some() && self.place(written) != Place::Over
    }

    /// Names of the files that are of the attempt before: the journal's, and what is no newer than it.
    pub(super) fn of_before(&self, folder: &Path) -> Vec<String> {
        let Some(journal) = self.journal else { return Vec::new() };
        let is_older = |name: &&String| {
            let written = fs::metadata(folder.join(name)).and_then(|there| there.modified());
            written.is_ok_and(|written| written <= journal.written + Duration::from_secs(5))
        };
        // a prompt and its successor are the same but for a retry's own times
        let always = |name: &str| name == "prompt.json" || name == "journal.json";
        self.holds.iter().filter(|name| always(name) || is_older(name)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Stamp {
        Stamp { written: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second), bytes: 1 }
    }

    fn files(prompt: Option<u64>, printed: Option<u64>, journal: Option<u64>) -> Files {
        Files {
            made: None,
            prompt: prompt.map(at),
            task: prompt.map(at),
            printed: printed.map(at),
            journal: journal.map(at),
            summary: None,
            patch: None,
            newest: SystemTime::UNIX_EPOCH,
            holds: Vec::new(),
        }
    }

    fn place(prompt: Option<u64>, printed: Option<u64>, journal: Option<u64>) -> Place {
        files(prompt, printed, journal).place(journal.map(|second| at(second).written))
    }

    #[test]
    fn the_files_say_how_far_it_is() {
        assert_eq!(place(None, None, None), Place::Worktree);
        assert_eq!(place(Some(1), None, None), Place::Agent);
        assert_eq!(place(Some(1), Some(60), None), Place::Finalising);
        assert_eq!(place(Some(1), Some(60), Some(61)), Place::Over);
        // the exception path may leave a journal and nothing else
        assert_eq!(place(Some(1), None, Some(2)), Place::Over);
    }

    #[test]
    fn a_retry_is_known_by_a_prompt_that_is_newer_than_the_journal() {
        assert_eq!(place(Some(100), Some(60), Some(61)), Place::Agent);
        assert_eq!(place(Some(100), Some(160), Some(61)), Place::Finalising);
        assert_eq!(place(Some(100), Some(160), Some(161)), Place::Over);
    }

    #[test]
    fn the_times_of_a_copy_say_nothing() {
        let copied = files(Some(100), Some(99), Some(98));
        assert_eq!(copied.place(Some(at(98).written - Duration::from_hours(24))), Place::Over);
        // a journal that can't be read yet does not say when it was written
        assert_eq!(copied.place(None), Place::Agent);
    }
}
