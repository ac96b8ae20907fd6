//! Trajectories by their path: a file, a folder of events, an item's folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::{find, tell};
use crate::agent::open::{OpenError, Opened, is_cut_off, open};
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::artifact::{Checkout, Journal};
use crate::detect::Human;
use crate::host::environment;
use crate::text::clean;
use crate::text::mask::Masker;

/// What may tell of an agent in an item's folder, the one that tells most first. The last one is what the harness keeps of
/// Claude Code: a single result.
const IN_ITEM: [&str; 5] = [TRAJECTORY, CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, "claude_code_stdout.txt"];

/// Files that make a folder an item's, even where nothing tells of its agent.
const OF_ITEM: [&str; 3] = ["journal.json", "prompt.json", "run_summary.json"];

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Folder {
    /// An item's, with this trajectory, or none.
    Item(Option<PathBuf>),
    /// Events, or a conversation with its events: one trajectory.
    Events,
    /// Any other.
    Other,
}

impl Folder {
    /// Looks at a folder.
    pub(super) fn of(path: &Path) -> Self {
        if let Some(found) = IN_ITEM.iter().map(|name| path.join(name)).find(|there| is_there(there)) {
            return Self::Item(Some(found));
        }
        if OF_ITEM.iter().any(|name| path.join(name).is_file()) {
            return Self::Item(None);
        }
        if path.join("base_state.json").is_file() || holds_events(path) {
            return Self::Events;
        }
        Self::Other
    }
}

/// A file with something in it, or a folder.
fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_dir() || (there.is_file() && there.len() > 0))
}

/// Bytes of an event in which it must say whose it is.
const HEAD: u64 = 64 * 1024;

/// Whether a folder holds OpenHands' events, `7.json` or `event-00007-<uuid>.json`, or a folder `events` with them. Others
/// number their files too: an event says its `source`.
fn holds_events(path: &Path) -> bool {
    let is_named = |name: &str| {
        let stem = name.strip_suffix(".json").unwrap_or_default();
        let number = stem.strip_prefix("event-").and_then(|rest| rest.split('-').next()).unwrap_or(stem);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_event = |path: &Path| {
        let mut head = Vec::new();
        let read = fs::metadata(path).is_ok_and(|there| there.is_file())
            && File::open(path).is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok());
        read && String::from_utf8_lossy(&head).contains("\"source\"")
    };
    let holds = |folder: &Path| {
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let first = entries.find(|entry| is_named(&entry.file_name().to_string_lossy()));
        first.is_some_and(|entry| is_event(&entry.path()))
    };
    holds(path) || holds(&path.join("events"))
}

/// Why a path tells of no run, in a sentence.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is none of the things that do.
    NoTrajectory(String),
    /// It is one, and ends too early.
    HalfWritten(String),
    /// It can't be read, or not by us.
    Unreadable(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::NoTrajectory(says) | Self::HalfWritten(says) | Self::Unreadable(says)) = self;
        f.write_str(says)
    }
}

/// The runs that a path tells of.
pub(super) fn read(path: &Path, masker: &Masker) -> Result<Vec<Opened>, Refused> {
    let found = match path.is_dir().then(|| Folder::of(path)) {
        Some(Folder::Item(Some(found))) => found,
        Some(Folder::Item(None)) => {
            return Err(Refused::NoTrajectory(format!("{}: nothing in this item's folder tells of its agent", clean::path(path))));
        }
        Some(Folder::Events | Folder::Other) | None => path.to_owned(),
    };
    // a defect of ours in one trajectory must not end the look at the others
    let Ok(opened) = catch_unwind(AssertUnwindSafe(|| open(&found))) else {
        return Err(Refused::Unreadable(format!("{}: isobench-tui itself failed at reading it", clean::path(&found))));
    };
    if opened.is_ok() && is_cut_off(&found) {
        let says = format!("{}: the packed file ends too early or is damaged: what could be read of it is shown", clean::path(&found));
        tell(format_args!("isobench-tui: {}", masker.mask(&says)));
    }
    opened.map_err(|error| match error {
        OpenError::Empty(..) | OpenError::NoTrajectory(..) | OpenError::TraeLog(..) | OpenError::Unknown(..) => {
            Refused::NoTrajectory(error.to_string())
        }
        OpenError::HalfWritten(..) | OpenError::CutOff(..) => Refused::HalfWritten(error.to_string()),
        OpenError::Io(..) | OpenError::TooLarge(..) => Refused::Unreadable(error.to_string()),
    })
}

/// The item's folder that a trajectory lies in: it stands beside the harness's files about the item.
pub(super) fn item_folder(path: &Path) -> Option<&Path> {
    let folder = if path.is_dir() && !path.ends_with(OPENHANDS_EVENTS) { path } else { path.parent()? };
    let is_named = || path.file_name().is_some_and(|name| IN_ITEM.iter().any(|known| name == *known));
    (path == folder && matches!(Folder::of(folder), Folder::Item(_)) || path != folder && is_named()).then_some(folder)
}

/// What the harness wrote about the item of a trajectory.
pub(super) fn journal(path: &Path) -> Option<Journal> {
    Some((*Journal::read(&item_folder(path)?.join("journal.json")).ok()?).clone())
}

/// The commit that the agent is not to look at, where the harness wrote it down beside the trajectory.
pub(super) fn human(journal: Option<&Journal>) -> Option<Human> {
    let sha = journal.map(|journal| journal.commits.human.clone()).filter(|sha| !sha.is_empty())?;
    Some(Human { sha, ..Human::default() })
}

/// Hides the secrets of our environment, of the harness where we are, and of those in which the trajectories lie.
pub(super) fn masker<'a>(root: Option<&Path>, paths: impl IntoIterator<Item = &'a Path>) -> Masker {
    masker_with(root, paths, [])
}

/// The same, and these: names and values.
pub(super) fn masker_with<'a>(
    root: Option<&Path>,
    paths: impl IntoIterator<Item = &'a Path>,
    more: impl IntoIterator<Item = (String, String)>,
) -> Masker {
    let mut checkouts: Vec<Checkout> = find::or_demo(root).ok().into_iter().collect();
    let folders: BTreeSet<PathBuf> = paths.into_iter().filter_map(|path| path.canonicalize().ok()?.parent().map(Path::to_owned)).collect();
    checkouts.extend(folders.iter().filter_map(|folder| Checkout::find(folder).ok().flatten()));
    let known = checkouts.iter().flat_map(|checkout| environment::secrets(&checkout.env_folders()));
    let secrets: BTreeSet<(String, String)> = known.chain(more).collect();
    Masker::new(environment::variables(), secrets)
}
