//! Whose images are: `<root>/state/docker/images.jsonl`, as pulls and prunes write it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::host::files::{self, Links};
use crate::ui::machine::Owner;

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 64 << 20;

/// Whose images are.
#[derive(Debug, Default)]
pub(super) struct Owned {
    ours: HashMap<String, (String, String)>,
    uncertain: HashSet<String>,
}

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    run: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    present: bool,
    #[serde(default)]
    id: String,
}

impl Owned {
    /// As the file below this `state/docker` says; what makes no sense is left out.
    pub(super) fn read(docker: &Path) -> Self {
        let mut owned = Self::default();
        let text = files::read(&docker.join("images.jsonl"), LARGEST, Links::Refused).unwrap_or_default();
        let mut present = HashSet::new();
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
            match line.event.as_str() {
                "pulling" if line.present => drop(present.insert(line.reference)),
                "pulling" => {
                    present.remove(&line.reference);
                    owned.uncertain.insert(line.reference);
                }
                "pulled" => {
                    owned.uncertain.remove(&line.reference);
                    if !present.contains(&line.reference) {
                        owned.ours.insert(line.id, (line.run, line.item));
                    }
                }
                "removed" => drop(owned.ours.remove(&line.id)),
                _ => {}
            }
        }
        owned
    }

    /// Whose an image is.
    pub(super) fn of(&self, id: &str, names: &[String]) -> Owner {
        match self.ours.get(id) {
            Some((run, item)) => Owner::Ours { run: run.clone(), item: item.clone() },
            None if names.iter().any(|name| self.uncertain.contains(name)) => Owner::Uncertain,
            None => Owner::Others,
        }
    }
}
