//! One prune of a checkout at a time. The file says who holds it, and what was cut off if he was killed.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::PruneFolder;
use crate::domain::PruneProgress;
use crate::host::files::{self, Links};

/// A longer line is not ours, in bytes.
const LARGEST: u64 = 64 << 10;

/// A longer `progress.json` is not ours, in bytes.
const LARGEST_PROGRESS: u64 = 64 << 20;

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// His pid.
    pub(super) pid: u32,
    /// Since when.
    pub(super) since: Timestamp,
    /// The run that he works for; `None` for a person's prune.
    #[serde(default)]
    pub(super) run: Option<String>,
    /// Where his files are; `None` where he keeps none.
    #[serde(default)]
    pub(super) folder: Option<PathBuf>,
}

/// Held while a prune works; gone with its process, however that ends.
#[derive(Debug)]
pub(super) struct PruneLock {
    file: File,
    /// What the one before left that was killed, in a sentence.
    pub(super) cut_off: Option<String>,
}

/// What became of an attempt to take the lock.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is ours.
    Ours(PruneLock),
    /// Somebody has it; who, where he said it already.
    Held(Option<Holder>),
}

impl PruneLock {
    /// Takes it, and writes down who we are.
    pub(super) fn take(state: &Path, holder: &Holder) -> io::Result<Taken> {
        DirBuilder::new().recursive(true).mode(0o700).create(state)?;
        let path = PruneFolder::lock(state);
        let mut file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Taken::Held(read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let cut_off = read(&mut file).as_ref().and_then(cut_off);
        let mut line = serde_json::to_vec(holder)?;
        line.push(b'\n');
        // a full disk must not keep anybody from making room: the lock is the flock
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&line));
        Ok(Taken::Ours(Self { file, cut_off }))
    }
}

impl Drop for PruneLock {
    fn drop(&mut self) {
        // nothing was cut off
        let _ = self.file.set_len(0);
    }
}

impl Holder {
    /// Who he is, in words: `a prune of run 1f2e (pid 812) since 12:03`.
    pub(super) fn words(&self, zone: &TimeZone) -> String {
        let who = match &self.run {
            Some(run) => format!("a prune of run {run}"),
            None => "another prune".to_owned(),
        };
        format!("{who} (pid {}), since {}", self.pid, clock(self.since, zone))
    }
}

/// Hours and minutes.
fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(text.trim()).ok()
}

/// What he left, where he was killed in the middle.
fn cut_off(holder: &Holder) -> Option<String> {
    let folder = PruneFolder(holder.folder.clone()?);
    let bytes = files::read(&folder.progress(), LARGEST_PROGRESS, Links::Refused).ok()?;
    let progress: PruneProgress = serde_json::from_slice(&bytes).ok()?;
    let (all, done) = (progress.plan.going().count(), progress.done);
    (progress.end.is_none() && done < all)
        .then(|| format!("a prune of {} was cut off after {done} of {all}", clock(progress.started, &TimeZone::system())))
}

/// The last prune of this checkout, where it was killed in the middle and nobody came after it: for a dry run, which takes no lock.
pub fn was_cut_off(state: &Path) -> Option<String> {
    let mut file = File::options().read(true).open(PruneFolder::lock(state)).ok()?;
    file.try_lock_shared().ok()?;
    cut_off(&read(&mut file)?)
}

/// Whose prune of this checkout works now, in words; `None` where none does.
pub fn at_work(state: &Path) -> Option<String> {
    let mut file = File::options().read(true).open(PruneFolder::lock(state)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            Some(read(&mut file).map_or_else(|| "another prune".to_owned(), |holder| holder.words(&TimeZone::system())))
        }
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;
    use crate::domain::PrunePlan;

    #[test]
    fn one_at_a_time_and_a_killed_one_is_told() {
        let state = tempfile::tempdir().unwrap();
        let folder = PruneFolder(state.path().join("prunes/a"));
        let since: Timestamp = "2026-11-21T12:03:00Z".parse().unwrap();
        let me = Holder { pid: 7, since, run: None, folder: Some(folder.0.clone()) };
        let Taken::Ours(lock) = PruneLock::take(state.path(), &me).unwrap() else { panic!("nobody has it") };
        assert_eq!(lock.cut_off, None);
        let Taken::Held(Some(holder)) = PruneLock::take(state.path(), &me).unwrap() else { panic!("it is held") };
        assert_eq!(holder.words(&TimeZone::UTC), "another prune (pid 7), since 12:03");
        assert!(at_work(state.path()).unwrap().starts_with("another prune (pid 7), since "));
        // the kernel gives it back, and nobody tidies up
        let fate = crate::domain::Fate {
            thing: crate::domain::Thing::Image,
            id: "sha256:1".to_owned(),
            name: "a".to_owned(),
            bytes: None,
            goes: true,
            why: String::new(),
        };
        let progress = PruneProgress {
            started: since,
            at: since,
            plan: PrunePlan { fates: vec![fate.clone(), fate], ..PrunePlan::default() },
            done: 1,
            now: None,
            promised: 0,
            freed: None,
            rate: None,
            eta_ms: None,
            waits: None,
            refused: Vec::new(),
            cut_off: None,
            end: None,
        };
        files::replace(&folder.progress(), &serde_json::to_vec(&progress).unwrap()).unwrap();
        let PruneLock { file, .. } = &lock;
        file.unlock().unwrap();
        assert!(was_cut_off(state.path()).unwrap().ends_with("was cut off after 1 of 2"));
        let Taken::Ours(next) = PruneLock::take(state.path(), &me).unwrap() else { panic!("he is gone") };
        assert!(next.cut_off.as_ref().unwrap().ends_with("was cut off after 1 of 2"));
        drop(next);
        drop(lock);
        assert_eq!(was_cut_off(state.path()), None);
        assert_eq!(at_work(state.path()), None);
    }
}
