//! Where telemetry lies: in a run's folder, or in one that a screen without a runner makes for itself.

use std::path::{Path, PathBuf};

/// A folder with telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub PathBuf);

impl Files {
    /// Those of a folder.
    pub fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// One line a second, kept for two hours and around arms.
    pub fn seconds(&self) -> PathBuf {
        self.0.join("telemetry.jsonl")
    }

    /// One line for every 10 s, kept for ever.
    pub fn tens(&self) -> PathBuf {
        self.0.join("telemetry.10s.jsonl")
    }

    /// One line for every 60 s, kept for ever.
    pub fn minutes(&self) -> PathBuf {
        self.0.join("telemetry.60s.jsonl")
    }

    /// Held by flock by the one sampler that writes here.
    pub fn lock(&self) -> PathBuf {
        self.0.join("telemetry.lock")
    }
}
