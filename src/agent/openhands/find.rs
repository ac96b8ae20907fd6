//! Where OpenHands writes its events.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder of the events of the newest session below a file store (`FILE_STORE_PATH`, `~/.openhands`): of V0
/// `sessions/<id>/events` and `users/<user>/conversations/<id>/events`, of V1 `conversations/<id>/events`.
pub fn find_events(file_store: &Path) -> Option<PathBuf> {
    let mut sessions = below(&file_store.join("sessions"));
    sessions.extend(below(&file_store.join("conversations")));
    for user in below(&file_store.join("users")) {
        sessions.extend(below(&user.join("conversations")));
    }
    let began = |events: &PathBuf| fs::metadata(events).ok().filter(fs::Metadata::is_dir)?.modified().ok();
    let found = sessions.into_iter().map(|session| session.join("events"));
    let found = found.filter_map(|events| Some((began(&events)?, events)));
    found.max().map(|(_, events): (SystemTime, PathBuf)| events)
}

fn below(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
