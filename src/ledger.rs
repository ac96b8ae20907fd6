//! The ledger of a run: facts in `events.jsonl`, wishes in `requests.jsonl`, and the folder that holds them.
//!
//! One writer, any number of readers. A fact is appended (and synced when it begins or ends something) before
//! anybody acts on it; readers read from their offset to the end and fold.

pub mod entry;
pub mod fact;
pub mod folder;
pub mod lock;
pub mod manifest;
pub mod regular;
pub mod request;
pub mod tail;
pub mod writer;

pub use entry::{Body, Entry};
pub use fact::{By, Fact, PlannedItem, RunPlan};
pub use folder::RunFolder;
pub use lock::RunnerLock;
pub use manifest::Manifest;
pub use request::{Ask, Request, Verb};
pub use tail::{Line, Tail};
pub use writer::Writer;

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with the files of a run.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file operation failed.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// The verb: "open", "append to".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there and makes no sense.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else writes it.
    #[error("{} is being written by another runner, though its lock file was removed: let that one end", path.display())]
    Taken {
        /// The ledger.
        path: PathBuf,
    },
    /// Written by a newer program.
    #[error("{} was written by a newer isobench-tui (format {format}, this one knows {known}): read it with that one, or upgrade", path.display())]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Its major version.
        format: u32,
        /// Ours.
        known: u32,
    },
}

impl LedgerError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether the disk (or the quota) was full.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge))
    }
}
