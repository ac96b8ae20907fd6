//! `data/mappings/benchmark_mode_mapping.json`: of each human commit, how it is measured and what its parent is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::ArtifactError;
use super::document::Document;
use super::plain::some_text;

/// The mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Where it lies.
    pub path: PathBuf,
    entries: Document<BTreeMap<String, MappingEntry>>,
}

/// What is known of a commit. Null is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MappingEntry {
    /// The whole sha.
    pub commit_full: Option<String>,
    /// `serving`, `standalone` or `prefix_caching`.
    pub benchmark_mode: Option<String>,
    /// The command that the human measured by.
    pub perf_command: Option<String>,
    /// The model that is served. The harness writes the word `unknown` where it does not know.
    #[serde(deserialize_with = "known")]
    pub model: Option<String>,
    /// The parent commit.
    pub parent_commit: Option<String>,
}

fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(some_text(deserializer)?.filter(|word| !word.trim().eq_ignore_ascii_case("unknown")))
}

impl Mapping {
    /// Reads a mapping.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        Ok(Self { path: path.to_owned(), entries: Document::read(path)? })
    }

    /// The mapping at or above a harness folder.
    pub fn find(root: &Path) -> Option<PathBuf> {
        let places = ["data/mappings", "mappings"];
        let named = |folder: &Path| places.map(|place| folder.join(place).join("benchmark_mode_mapping.json"));
        root.ancestors().flat_map(named).find(|path| path.is_file())
    }

    /// What is known of a commit, full or abbreviated. The file's keys are shas of eight characters.
    pub fn entry(&self, human_sha: &str) -> Option<&MappingEntry> {
        if human_sha.len() < 7 {
            return None;
        }
        let same = |sha: &str| sha.len() >= 7 && (sha.starts_with(human_sha) || human_sha.starts_with(sha));
        let entries = self.entries.typed();
        let full = entries.values().find(|entry| entry.commit_full.as_deref().is_some_and(same));
        // the key alone counts only where the entry does not say more
        full.or_else(|| entries.iter().find(|(key, entry)| entry.commit_full.is_none() && same(key)).map(|(_, entry)| entry))
    }

    /// How many commits it knows.
    pub fn len(&self) -> usize {
        self.entries.typed().len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.entries.typed().is_empty()
    }
}
