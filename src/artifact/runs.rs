//! Run folders as the harness leaves them: `state/runs/<repo>/<agent>/<model>/<timestamp>/<item_id>/`, and the flat
//! form of old, `state/runs/<task_id>-<8hex>/<item_id>/`.

use std::fs;
use std::path::{Path, PathBuf};

use super::ArtifactError;
use super::document::Document;
use super::journal::Journal;
use crate::domain::ItemId;

/// Names of files that only an item's folder holds.
const ITEM_FILES: [&str; 3] = ["prompt.json", "journal.json", "task.txt"];

/// The deepest that a run folder lies below `runs/`.
const DEEPEST: usize = 4;

/// A run folder.
#[derive(Debug)]
pub struct HarnessRun {
    /// Where it lies.
    pub path: PathBuf,
    /// Repository folder, `sglan` as it is; `unknown` in the flat form.
    pub repo: String,
    /// Agent folder; `unknown` in the flat form.
    pub agent: String,
    /// Model folder; `default` in the flat form.
    pub model: String,
    /// Timestamp folder; the whole name in the flat form.
    pub timestamp: String,
    /// Every folder in it, in order of names.
    pub items: Vec<HarnessItem>,
}

/// An item's folder in a run.
#[derive(Debug)]
pub struct HarnessItem {
    /// The folder's name.
    pub id: ItemId,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its journal; `None` where it has none (the agent runs, or the harness was ended).
    pub journal: Option<Result<Document<Journal>, ArtifactError>>,
}

/// The counts of the harness's own `report`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items whose journal can be read.
    pub items: usize,
    /// Of them, `success`.
    pub success: usize,
    /// Of them, `error`. `max_steps_exceeded` is neither.
    pub error: usize,
}

impl HarnessRun {
    /// Reads a run folder and the journals in it.
    pub fn read(folder: &Path) -> Result<Self, ArtifactError> {
        let mut items: Vec<HarnessItem> = Vec::new();
        for entry in fs::read_dir(folder).map_err(ArtifactError::io("read the run folder", folder))? {
            let entry = entry.map_err(ArtifactError::io("read the run folder", folder))?;
            let path = entry.path();
            if !path.is_dir() {
                continue;
            }
            let journal = path.join(Journal::FILE);
            let journal = fs::symlink_metadata(&journal).is_ok().then(|| Journal::read(&journal));
            items.push(HarnessItem { id: ItemId(entry.file_name().to_string_lossy().into_owned()), folder: path, journal });
        }
        items.sort_by(|a, b| a.id.cmp(&b.id));
        let names: Vec<String> =
            folder.ancestors().take(DEEPEST).filter_map(|part| Some(part.file_name()?.to_string_lossy().into_owned())).collect();
        let mut run = Self {
            path: folder.to_owned(),
            repo: "unknown".to_owned(),
            agent: "unknown".to_owned(),
            model: "default".to_owned(),
            timestamp: names.first().cloned().unwrap_or_default(),
            items,
        };
        let is_flat = folder.parent().is_some_and(|above| above.ends_with("runs"));
        if let ([_, model, agent, repo], false) = (names.as_slice(), is_flat) {
            (run.repo, run.agent, run.model) = (repo.clone(), agent.clone(), model.clone());
        }
        Ok(run)
    }

    /// What the harness's own `report` counts.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for journal in self.items.iter().filter_map(HarnessItem::readable) {
            counts.items += 1;
            counts.success += usize::from(journal.status == "success");
            counts.error += usize::from(journal.status == "error");
        }
        counts
    }

    /// The item of that id.
    pub fn item(&self, id: &ItemId) -> Option<&HarnessItem> {
        self.items.iter().find(|item| item.id == *id)
    }
}

impl HarnessItem {
    /// Its journal, where it can be read.
    pub fn readable(&self) -> Option<&Journal> {
        self.journal.as_ref()?.as_ref().ok().map(Document::typed)
    }

    /// Whether the harness's `--resume` of this run skips it.
    pub fn is_skipped_by_resume(&self) -> bool {
        self.readable().is_some_and(Journal::is_success)
    }
}

/// Every run folder below `state/runs`, flat ones included, in order of paths. Links are not followed: one may lead in
/// a circle.
pub fn below(state_runs: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    look(state_runs, 0, &mut found);
    found.sort();
    found
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let folders = || {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
    };
    // at its depth a run may still be empty; elsewhere it is known by the items in it
    let is_item = |path: PathBuf| ITEM_FILES.iter().any(|name| path.join(name).is_file());
    if depth > 0 && (depth == DEEPEST || folders().any(is_item)) {
        found.push(folder.to_owned());
        return;
    }
    if depth < DEEPEST {
        folders().for_each(|inside| look(&inside, depth + 1, found));
    }
}

/// The repository of a run's folder as people know it: the harness makes `sglan` of `sglang.git`, and of a local clone
/// `sglang`. Both are shown as one.
pub fn shown_repo(name: &str) -> &str {
    if name == "sglan" { "sglang" } else { name }
}
