//! `data/mappings/benchmark_mode_mapping.json`: of each human commit, how it is measured and what its parent is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ArtifactError;
use super::document::{Document, Format, Source, Step, read_bytes};
use super::plain::some_text;

/// The mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Where it lies.
    pub path: PathBuf,
    /// By the keys of the file, shas of eight characters; of one that can't be read why, and where.
    entries: BTreeMap<String, Result<MappingEntry, String>>,
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
    /// Reads a mapping. What is wrong with one commit stops no other.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        let bytes = read_bytes(path)?;
        let source = Source::new(path, &bytes, Format::of(path))?;
        let entries = Document::<BTreeMap<String, Value>>::of(&source)?;
        let entry = |(key, value): (&String, &Value)| {
            let entry = source.typed_below(value, &[Step::Key(key.clone())]);
            (key.clone(), entry.map_err(|error: ArtifactError| error.to_string()))
        };
        Ok(Self { path: path.to_owned(), entries: entries.iter().map(entry).collect() })
    }

    /// The mapping at or above a harness folder.
    pub fn find(root: &Path) -> Option<PathBuf> {
        let places = ["data/mappings", "mappings"];
        let named = |folder: &Path| places.map(|place| folder.join(place).join("benchmark_mode_mapping.json"));
        root.ancestors().flat_map(named).find(|path| path.is_file())
    }

    /// What is known of a commit, full or abbreviated.
    pub fn entry(&self, human_sha: &str) -> Option<&MappingEntry> {
        let entries = || self.entries.iter().filter_map(|(key, entry)| Some((key, entry.as_ref().ok()?)));
        let full = entries().find(|(_, entry)| entry.commit_full.as_deref().is_some_and(|full| is_same(full, human_sha)));
        // the key alone counts only where the entry does not say more
        let found = full.or_else(|| entries().find(|(key, entry)| entry.commit_full.is_none() && is_same(key, human_sha)));
        found.map(|(_, entry)| entry)
    }

    /// Why what is known of a commit can't be read, and where; `None` where it can, or nothing is known.
    pub fn unread(&self, human_sha: &str) -> Option<&str> {
        let of_it = self.entries.iter().filter(|(key, _)| is_same(key, human_sha));
        of_it.filter_map(|(_, entry)| entry.as_ref().err()).map(String::as_str).next()
    }

    /// How many commits it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Whether both are, full or abbreviated, the same commit.
fn is_same(sha: &str, other: &str) -> bool {
    sha.len() >= 7 && other.len() >= 7 && (sha.starts_with(other) || other.starts_with(sha))
}
