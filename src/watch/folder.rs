//! How far an item of the harness is, by which files lie in its folder and when they were written: it writes down no state
//! of its own (`reference/isobench.md` §2.5).

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A journal is written in the moment that it names. Where its file's own time is another by more than this, the folder was
/// copied, and the times of its files say nothing.
const SAME_MOMENT: Duration = Duration::from_mins(2);

/// What one item's folder held at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// When the folder was made, where the file system tells.
    pub made: Option<SystemTime>,
    /// `prompt.json`.
    pub prompt: Option<Stamp>,
    /// `task.txt`: what the agent was asked.
    pub task: Option<Stamp>,
    /// What the agent printed, whichever it was.
    pub printed: Option<Stamp>,
    /// `journal.json`.
    pub journal: Option<Stamp>,
    /// `run_summary.json`.
    pub summary: Option<Stamp>,
    /// `model_patch.diff`.
    pub patch: Option<Stamp>,
    /// The newest time of anything in it.
    pub newest: SystemTime,
    /// Names of what lies in it, folders too.
    pub holds: Vec<String>,
}

/// A file as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it was written last.
    pub written: SystemTime,
    /// Its size.
    pub bytes: u64,
}

/// How far an attempt is, in the order in which the harness works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The item's folder is not there.
    Nothing,
    /// It is: the worktree is being made.
    Worktree,
    /// `prompt.json` is written.
    Prompt,
    /// `task.txt` is written, and the agent asked.
    Agent,
    /// The agent ended, and its changes are looked at: what it printed is written.
    Finalising,
    /// `journal.json` is written.
    Over,
}

impl Place {
    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "starting",
            Self::Worktree => "making the worktree",
            Self::Prompt => "prompt written",
            Self::Agent => "agent asked",
            Self::Finalising => "agent ended, finalising",
            Self::Over => "journal written",
        }
    }
}

impl Files {
    /// Looks at a folder; `None` where there is none.
    pub fn of(folder: &Path) -> Option<Self> {
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

    /// How far the attempt is of which everything in the folder is, whatever the times of its files say.
    pub const fn place(&self) -> Place {
        match self {
            Self { journal: Some(_), .. } => Place::Over,
            Self { printed: Some(_), .. } => Place::Finalising,
            Self { task: Some(_), .. } => Place::Agent,
            Self { prompt: Some(_), .. } => Place::Prompt,
            _ => Place::Worktree,
        }
    }

    /// How far the newest attempt is, where an earlier one may have left files. `written`: the moment that the journal names.
    pub fn newest_place(&self, written: Option<SystemTime>) -> Place {
        let Some(prompt) = self.prompt else {
            return if self.journal.is_some() { Place::Over } else { Place::Worktree };
        };
        let is_of_this = |file: &Option<Stamp>| file.is_some_and(|file| file.written >= prompt.written);
        match self.journal {
            // without an earlier journal nothing here is of an earlier attempt; `task.txt` follows the prompt at once
            None => self.place().max(Place::Agent),
            Some(_) if is_of_this(&self.journal) || self.is_copy(written) => Place::Over,
            Some(_) if is_of_this(&self.printed) => Place::Finalising,
            Some(_) => Place::Agent,
        }
    }

    /// Whether the folder was copied from elsewhere: the times of its files are those of the copy.
    fn is_copy(&self, written: Option<SystemTime>) -> bool {
        let (Some(journal), Some(said)) = (self.journal, written) else { return false };
        let apart = journal.written.duration_since(said).or_else(|_| said.duration_since(journal.written)).unwrap_or_default();
        apart > SAME_MOMENT
    }

    /// Whether an attempt goes on here after one that has its journal.
    pub fn is_retried(&self, written: Option<SystemTime>) -> bool {
        self.journal.is_some() && self.newest_place(written) != Place::Over
    }

    /// Names of the files that are of the attempt before: the journal's, and what is no newer than it.
    pub fn of_before(&self, folder: &Path) -> Vec<String> {
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
        files(prompt, printed, journal).newest_place(journal.map(|second| at(second).written))
    }

    #[test]
    fn the_files_say_how_far_it_is() {
        assert_eq!(place(None, None, None), Place::Worktree);
        assert_eq!(place(Some(1), None, None), Place::Agent);
        assert_eq!(place(Some(1), Some(60), None), Place::Finalising);
        assert_eq!(place(Some(1), Some(60), Some(61)), Place::Over);
        let asked = Files { task: Some(at(1)), ..files(None, None, None) };
        assert_eq!([asked.place(), files(None, None, None).place()], [Place::Agent, Place::Worktree]);
        assert_eq!(Files { task: None, ..files(Some(1), None, None) }.place(), Place::Prompt);
        // an older folder was set aside, and clocks of other machines are wrong
        assert_eq!(files(Some(100), Some(60), Some(61)).place(), Place::Over);
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
        assert_eq!(copied.newest_place(Some(at(98).written - Duration::from_hours(24))), Place::Over);
        // a journal that can't be read yet does not say when it was written
        assert_eq!(copied.newest_place(None), Place::Agent);
    }
}
