//! Where telemetry lies: in a run's folder, or in one that a screen without a runner makes for itself.

use std::path::{Path, PathBuf};

/// A folder with telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub PathBuf);

/// What the names of packed stretches begin and end with: `telemetry.1763769600000-1763771400000.jsonl.gz`.
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

    /// Lines of the same kind that are older and were kept because an arm ran: from a moment to another, both in ms of Unix time
    /// and both told. Packed by gzip.
    pub fn packed(&self, from: i64, to: i64) -> PathBuf {
        let [before, after] = PACKED;
        self.0.join(format!("{before}{from}-{to}{after}"))
    }

    /// All of these that are there, with their first and last moments, in the order of time.
    pub fn all_packed(&self) -> Vec<(i64, i64, PathBuf)> {
        let [before, after] = PACKED;
        let times = |path: &Path| {
            let (from, to) = path.file_name()?.to_str()?.strip_prefix(before)?.strip_suffix(after)?.split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        };
        let there = std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path());
        let with_times = |path: PathBuf| times(&path).map(|(from, to)| (from, to, path));
        let mut found: Vec<_> = there.filter_map(with_times).collect();
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
