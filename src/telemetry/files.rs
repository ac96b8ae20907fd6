//! Where telemetry lies: in a run's folder, or in one that a screen without a runner makes for itself.

use std::path::{Path, PathBuf};

/// A folder with telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub PathBuf);

/// What the names of packed stretches begin and end with: `telemetry.1763769600000.jsonl.gz`.
const PACKED: [&str; 2] = ["telemetry.", ".jsonl.gz"];

impl Files {
    /// Those of a folder.
    pub fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// One line a second of the last two hours.
    pub fn seconds(&self) -> PathBuf {
        self.0.join("telemetry.jsonl")
    }

    /// Lines of the same kind that are older and were kept because an arm ran: those from a moment (in ms of Unix time) on, to
    /// some later one. Packed by gzip.
    pub fn packed(&self, from: i64) -> PathBuf {
        let [before, after] = PACKED;
        self.0.join(format!("{before}{from}{after}"))
    }

    /// All of these that are there, with the moments that they begin with, in the order of time.
    pub fn all_packed(&self) -> Vec<(i64, PathBuf)> {
        let [before, after] = PACKED;
        let from = |path: &Path| path.file_name()?.to_str()?.strip_prefix(before)?.strip_suffix(after)?.parse().ok();
        let there = std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut found: Vec<(i64, PathBuf)> = there.filter_map(|path| Some((from(&path)?, path))).collect();
        found.sort();
        found
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

    /// What the sampler says of itself, for people.
    pub fn log(&self) -> PathBuf {
        self.0.join("sampler.log")
    }
}
