//! When a person last looked at a run: a file of that person's own, never in the run's folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::host::files::{Links, read, replace};
use crate::ledger::{By, RunFolder};
use crate::ui::message::Looked;

/// While the screen is shown the look is remembered this often: a connection that drops says no farewell.
const OFTEN: Duration = Duration::from_secs(30);

/// A moment in RFC 3339 is shorter, in bytes.
const LONGEST: u64 = 64;

/// Remembers when one person looked at one run.
#[derive(Debug)]
pub struct Looks {
    file: Option<PathBuf>,
    kept: Instant,
}

impl Looks {
    /// Below the person's folder for state, `$XDG_STATE_HOME`; `None`: there is no such folder.
    pub fn of(state: Option<&Path>, run: &RunFolder, by: &By) -> Self {
        let who = match by {
            By::Person { user, .. } => user,
            By::Rule { rule } => rule,
        };
        // a name is no path
        let safe = |char: char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '_' };
        let name: String = format!("{}.{who}", run.run_id().0).chars().map(safe).collect();
        Self { file: state.map(|state| state.join("isobench-tui/looks").join(name)), kept: Instant::now() }
    }

    /// When the person looked before. Where this look can't be remembered the last one does not count: it would be told
    /// of again and again.
    pub fn before(&mut self, now: Timestamp) -> Looked {
        let Some(file) = &self.file else { return Looked::Unknown("neither XDG_STATE_HOME nor HOME is set".to_owned()) };
        let read = read(file, LONGEST, Links::Followed).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        let looked = match read {
            // what is no moment is as good as none
            Ok(text) => text.trim().parse().map_or(Looked::Never, Looked::Until),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Looked::Never,
            Err(error) => Looked::Unknown(format!("{}: {error}", file.display())),
        };
        let again = match looked {
            Looked::Until(before) => self.keep(before),
            Looked::Never => self.keep(now),
            Looked::Unknown(_) => Ok(()),
        };
        again.map_or_else(Looked::Unknown, |()| looked)
    }

    /// Whether the look is to be remembered again.
    pub fn is_due(&self) -> bool {
        self.kept.elapsed() >= OFTEN
    }

    /// Remembers that the person looks now. The file appears whole or not at all. After a failure nothing more is tried.
    pub fn keep(&mut self, now: Timestamp) -> Result<(), String> {
        self.kept = Instant::now();
        let Some(file) = &self.file else { return Ok(()) };
        let kept = replace(file, format!("{now}\n").as_bytes()).map_err(|error| format!("{}: {error}", file.display()));
        if kept.is_err() {
            self.file = None;
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn person(user: &str) -> By {
        By::Person { user: user.to_owned(), host: "box".to_owned(), tty: None }
    }

    #[test]
    fn a_look_is_remembered_for_one_person_and_one_run() {
        let state = tempfile::tempdir().unwrap();
        let run = RunFolder::at(state.path().join("2026-11-21_09-30-12-3fa9"));
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let (first, second, third) = (at("2026-11-21T09:40:00.5Z"), at("2026-11-21T09:50:00Z"), at("2026-11-21T10:50:00Z"));
        let mut looks = Looks::of(Some(state.path()), &run, &person("a/../b"));
        assert_eq!(looks.before(first), Looked::Never);
        assert_eq!(looks.before(second), Looked::Until(first), "a short look is no look");
        looks.keep(second).unwrap();
        assert_eq!((looks.before(third), looks.is_due()), (Looked::Until(second), false));
        assert_eq!(Looks::of(Some(state.path()), &run, &person("ann")).before(third), Looked::Never);
        let files: Vec<_> = fs::read_dir(state.path().join("isobench-tui/looks")).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(files.len(), 2, "nothing is left beside them: {files:?}");
        assert!(files.iter().all(|file| file.metadata().unwrap().permissions().mode() & 0o777 == 0o600));
    }

    #[test]
    fn what_is_no_moment_is_no_look_and_what_cant_be_written_is_said_once() {
        let state = tempfile::tempdir().unwrap();
        let run = RunFolder::at(state.path().join("r"));
        let now = Timestamp::UNIX_EPOCH;
        let mut looks = Looks::of(Some(state.path()), &run, &person("ann"));
        looks.keep(now).unwrap();
        fs::write(state.path().join("isobench-tui/looks/r.ann"), "yesterday").unwrap();
        assert_eq!(looks.before(now), Looked::Never);
        let in_the_way = state.path().join("file");
        fs::write(&in_the_way, "").unwrap();
        let mut looks = Looks::of(Some(&in_the_way), &run, &person("ann"));
        assert!(matches!(looks.before(now), Looked::Unknown(why) if why.contains("looks/r.ann")));
        assert!(looks.keep(now).is_err());
        assert_eq!(looks.keep(now), Ok(()));
    }
}
