//! `inspect FOLDER`: everything below a folder, as a tree on the screen or as a list.

mod closer;
mod index;
mod print;
mod rows;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::find;
use super::trajectory::{self, Folder};
use crate::agent::open;
use crate::domain::ItemId;
use crate::host::clock;
use crate::shell::Browser;
use crate::ui::browse::{Browse, Place, Start};
use crate::ui::state::Pointer;

pub(super) use print::print;

/// Whether a path is a folder of many things, and not one item or one trajectory.
pub(super) fn is_many(path: &Path) -> bool {
    path.is_dir() && Folder::of(path) == Folder::Other && open::file_of(path).is_none()
}

/// A browser over a folder, with those who read for it at work. The error is a sentence.
pub(super) fn browser(root: Option<&Path>, folder: &Path) -> Result<Browser, String> {
    let folder = whole(folder)?;
    let masker = trajectory::masker(root, [folder.as_path(), &folder.join("state")]);
    let (wishes, news) = index::start(&folder, masker.clone()).map_err(|error| format!("can't start a thread: {error}"))?;
    let mut browse = Browse::new(Start { folder, zone: TimeZone::system(), masker, now: clock::now() });
    browse.pointer = Pointer::Ours;
    Ok(Browser { browse, wishes, news: Some(news), path_of, state_home: find::state_home() })
}

/// The folder by its whole path: one that is named `.` has a name, too.
fn whole(folder: &Path) -> Result<PathBuf, String> {
    folder.canonicalize().map_err(|error| format!("{}: {error}", crate::text::clean::path(folder)))
}

/// The files of an item: what is compared with those of another.
pub(super) fn path_of(place: &Place) -> PathBuf {
    match place {
        Place::Item(path) | Place::Loose { path, .. } => path.clone(),
        Place::Ours { run, item, n } => super::screen::item_folder(run, item, *n).unwrap_or_else(|| run.clone()),
        Place::Measured { folder, .. } => folder.clone(),
    }
}

/// The item that a run is opened at; `None` where the path says it.
pub(super) fn item_of(place: &Place) -> Option<ItemId> {
    match place {
        Place::Ours { item, .. } | Place::Measured { item, .. } => Some(item.clone()),
        Place::Item(_) | Place::Loose { .. } => None,
    }
}
