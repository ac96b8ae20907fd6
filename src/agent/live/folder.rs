//! A folder of events, one file each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::source::Document;
use super::{News, least};
use crate::agent::openhands::Events;
use crate::host::files::LARGEST;

/// A folder with more files is no event store of one agent.
const MOST: usize = 200_000;

/// The events of one folder, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct EventFolder {
    events: Events,
    identity: Option<(u64, u64)>,
    /// The numbers that were read, or passed over because they make no sense and others came after.
    done: BTreeSet<u64>,
    /// Those that were passed over, as they were then: one that was met half-written may become whole.
    passed_over: BTreeMap<u64, Option<(u64, SystemTime)>>,
    state: Document,
}

impl EventFolder {
    pub(super) const fn events(&self) -> &Events {
        &self.events
    }

    pub(super) fn look(&mut self, folder: &Path) -> io::Result<Option<News>> {
        let there = match fs::metadata(folder) {
            Ok(there) if there.is_dir() => there,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let files = numbered(folder)?;
        let identity = Some((there.dev(), there.ino()));
        let restarted = self.is_another(identity, &files);
        if restarted {
            *self = Self::default();
        }
        self.identity = identity;
        let mut from = restarted.then_some(0);
        let mut changed = None;
        let newest = files.last_key_value().map(|(number, _)| *number);
        for (number, path) in files.iter().filter(|(number, _)| !self.done.contains(number)).collect::<Vec<_>>() {
            let read = Document::default().changed(path, LARGEST)?;
            match read.as_ref().map(|(bytes, _)| self.events.take(bytes)) {
                Some(Ok(news)) => from = least(from, news),
                // the newest is still being written; an older one stays as it is
                Some(Err(_)) | None if Some(*number) == newest => break,
                Some(Err(_)) | None => {
                    self.passed_over.insert(*number, stamp(path));
                }
            }
            changed = read.map(|(_, at)| at).max(changed);
            self.done.insert(*number);
        }
        let (state_from, state_changed) = self.look_at_state(folder)?;
        let from = least(from, state_from);
        let changed = changed.max(state_changed).or_else(|| there.modified().ok()).unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(from.map(|from| News { from, changed }))
    }

    /// Another store, events that come before those that were read, or one that became whole: all is read again, in order.
    /// A copy of the same events in another folder is such a store too.
    fn is_another(&self, identity: Option<(u64, u64)>, files: &BTreeMap<u64, PathBuf>) -> bool {
        let Some(last) = self.done.last() else { return false };
        self.identity != identity
            || self.done.iter().any(|number| !files.contains_key(number))
            || files.range(..last).any(|(number, _)| !self.done.contains(number))
            || self.passed_over.iter().any(|(number, then)| files.get(number).is_some_and(|path| stamp(path) != *then))
    }

    /// V1's `base_state.json` lies beside the folder; kept, it lies in it.
    fn look_at_state(&mut self, folder: &Path) -> io::Result<(Option<usize>, Option<SystemTime>)> {
        let Some(path) = state_file(folder) else { return Ok((None, None)) };
        let Some((bytes, at)) = self.state.changed(&path, LARGEST)? else { return Ok((None, None)) };
        match self.events.take_state(&bytes) {
            Ok(from) => {
                self.state.good();
                Ok((from, Some(at)))
            }
            Err(_) => Ok((None, None)),
        }
    }
}

/// Length and time of a file; `None` where it can't be told.
fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let there = fs::symlink_metadata(path).ok()?;
    Some((there.len(), there.modified().ok()?))
}

/// Where V1's `base_state.json` is, if it is anywhere.
pub(super) fn state_file(folder: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(folder).ok()?;
    let places = [real.join("base_state.json"), real.parent()?.join("base_state.json")];
    places.into_iter().find(|path| path.is_file())
}

/// The events of a folder by their numbers: `<number>.json` of V0, `event-<number>-<uuid>.json` of V1.
pub(in crate::agent) fn numbered(folder: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)?.take(MOST) {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().map(|name| name.strip_suffix(".gz").unwrap_or(name));
        let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else { continue };
        let number = name.strip_prefix("event-").map_or(name, |rest| rest.split('-').next().unwrap_or_default());
        if number.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = number.parse()
        {
            files.insert(number, entry.path());
        }
    }
    Ok(files)
}
