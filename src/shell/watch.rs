//! Notifications that files changed. They are hints only: every reader also looks once a second.

use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::Sender;

/// Watches folders and tells who should look.
#[derive(Debug)]
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: Vec<PathBuf>,
}

impl Watch {
    /// Tells `ledger` of changes to `events` and `reader` of all others.
    pub fn new(events: PathBuf, ledger: Sender<()>, reader: SyncSender<()>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Ok(event) = event else {
                // the queue of events ran over: everybody looks
                let _ = (ledger.try_send(()), reader.try_send(()));
                return;
            };
            if !is_change(event.kind) {
                return;
            }
            // a full channel means that somebody is about to look anyway
            if event.need_rescan() || event.paths.contains(&events) {
                let _ = ledger.try_send(());
            }
            if event.need_rescan() || event.paths.iter().any(|path| *path != events) {
                let _ = reader.try_send(());
            }
        });
        Self { watcher: watcher.ok(), watched: Vec::new() }
    }

    /// Watches one folder for as long as this lives.
    pub fn always(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
    }

    /// Watches these folders instead of the last ones. Those that do not exist yet are tried again by the next call.
    pub fn instead(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        self.watched.retain(|folder| {
            let keep = folders.contains(folder) && folder.exists();
            if !keep {
                let _ = watcher.unwatch(folder);
            }
            keep
        });
        for folder in folders {
            if !self.watched.contains(folder) && folder.exists() && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                self.watched.push(folder.clone());
            }
        }
    }
}

/// Opening and reading are no changes: our own would wake us without end.
const fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}
