//! Trajectories by their path: a file, a folder of events, an item's folder.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{find, tell};
use crate::agent::open::{OpenError, Opened, is_cut_off, open};
use crate::agent::paged::{LARGE, Paged};
use crate::artifact::item::OPENHANDS_EVENTS;
use crate::artifact::{Checkout, Journal};
use crate::detect::Human;
use crate::host::environment;
pub(super) use crate::import::folder::Folder;
use crate::import::folder::IN_ITEM;
use crate::text::clean;
use crate::text::mask::Masker;

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

/// The runs that a path tells of. That a packed file ends too early is said on stderr.
pub(super) fn read(path: &Path, masker: &Masker) -> Result<Vec<Opened>, Refused> {
    let (runs, cut_off) = quietly(path, masker)?;
    if let Some(says) = cut_off {
        tell(format_args!("isobench-tui: {says}"));
    }
    Ok(runs)
}

/// The same beside a screen: that a packed file ends too early is a sentence.
pub(super) fn quietly(path: &Path, masker: &Masker) -> Result<(Vec<Opened>, Option<String>), Refused> {
    let found = match path.is_dir().then(|| Folder::of(path)) {
        Some(Folder::Item(Some(found))) => found,
        Some(Folder::Item(None)) => {
            return Err(Refused::NoTrajectory(format!("{}: nothing in this item's folder tells of its agent", clean::path(path))));
        }
        Some(Folder::Events | Folder::Other) | None => path.to_owned(),
    };
    if let Ok(Some(paged)) = Paged::open(&found, LARGE) {
        return match Opened::paged(Arc::new(paged)) {
            Ok(opened) => Ok((vec![opened], None)),
            Err(error) => Err(Refused::Unreadable(format!("{}: {error}", clean::path(&found)))),
        };
    }
    // a defect of ours in one trajectory must not end the look at the others
    let Ok(opened) = catch_unwind(AssertUnwindSafe(|| open(&found))) else {
        return Err(Refused::Unreadable(format!("{}: isobench-tui itself failed at reading it", clean::path(&found))));
    };
    let cut_off = (opened.is_ok() && is_cut_off(&found)).then(|| {
        let says = format!("{}: the packed file ends too early or is damaged: what could be read of it is shown", clean::path(&found));
        masker.mask(&says).into_owned()
    });
    opened.map(|runs| (runs, cut_off)).map_err(|error| match error {
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
