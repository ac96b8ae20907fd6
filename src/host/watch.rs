//! File events as hints. A hint says "look again"; it carries nothing, may be missed and may be doubled, so every
//! reader also looks once a second.

use std::path::Path;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Which events are worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// Files closed after writing, made, renamed or removed: what is written whole.
    Closed,
    /// Every write as well: what is appended to.
    Writes,
}

/// Watches folders.
#[derive(Debug)]
pub struct Watch {
    watcher: RecommendedWatcher,
    hints: mpsc::Receiver<()>,
}

impl Watch {
    /// A watch on nothing yet.
    pub fn new(heed: Heed) -> notify::Result<Self> {
        // one hint is as good as a thousand
        let (send, hints) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_err() || event.is_ok_and(|event| matters(heed, &event)) {
                let _ = send.try_send(());
            }
        })?;
        Ok(Self { watcher, hints })
    }

    /// Watches a folder's own files.
    pub fn add(&mut self, folder: &Path) -> notify::Result<()> {
        self.watcher.watch(folder, RecursiveMode::NonRecursive)
    }

    /// Stops watching a folder; one that is gone is not watched anyhow.
    pub fn remove(&mut self, folder: &Path) {
        let _ = self.watcher.unwatch(folder);
    }

    /// Waits for the next hint.
    pub async fn hint(&mut self) {
        if self.hints.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

fn matters(heed: Heed, event: &notify::Event) -> bool {
    event.need_rescan()
        || match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Create(_) | EventKind::Remove(_) => true,
            EventKind::Modify(ModifyKind::Name(_)) => true,
            EventKind::Modify(_) => heed == Heed::Writes,
            _ => false,
        }
}
