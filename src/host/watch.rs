//! File events as hints. A hint says "look again": it may be missed and may be doubled, so every reader also looks
//! once a second. Without inotify (its watches used up, say) there are no hints, and that second is all.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// Which events are worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// Files closed after writing, made, renamed or removed: what is written whole.
    Closed,
    /// Every write as well: what is appended to.
    Writes,
}

/// Where something changed.
#[derive(Debug, Clone, Copy)]
pub enum Changed<'a> {
    /// These files.
    Paths(&'a [PathBuf]),
    /// Events were lost: anything may have.
    Anything,
}

/// Watches folders, not what lies below them.
#[derive(Debug)]
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    passing: Vec<PathBuf>,
}

impl Watch {
    /// A watch on nothing yet. `tell` is called on a thread of its own and must not wait.
    pub fn new(heed: Heed, mut tell: impl FnMut(Changed<'_>) + Send + 'static) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) if event.need_rescan() => tell(Changed::Anything),
            Ok(event) if matters(heed, event.kind) => tell(Changed::Paths(&event.paths)),
            Ok(_) => {}
            // the queue of events ran over
            Err(_) => tell(Changed::Anything),
        });
        let watcher = watcher.inspect_err(|error| tracing::warn!("no file events ({error}); looking once a second")).ok();
        Self { watcher, passing: Vec::new() }
    }

    /// Watches a folder for as long as this lives.
    pub fn always(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.watch(folder, RecursiveMode::NonRecursive);
        }
    }

    /// Watches these folders instead of the last ones. Those that do not exist yet are tried again by the next call.
    pub fn instead(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        self.passing.retain(|folder| {
            let keep = folders.contains(folder) && folder.exists();
            if !keep {
                let _ = watcher.unwatch(folder);
            }
            keep
        });
        for folder in folders {
            if !self.passing.contains(folder) && folder.exists() && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                self.passing.push(folder.clone());
            }
        }
    }
}

/// Opening and reading are no changes: a reader's own would wake it without end.
const fn matters(heed: Heed, kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Name(_)) => true,
        EventKind::Modify(_) => matches!(heed, Heed::Writes),
        EventKind::Access(_) | EventKind::Any | EventKind::Other => false,
    }
}
