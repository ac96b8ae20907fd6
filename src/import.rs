//! ISO-Bench's own trees and result folders as the facts that a run of ours would have written, without a copy: the model
//! that the screens and the reports read is the same fold over them (DESIGN section 2, sentence 8).

mod analysis;
mod arm;
mod bare;
mod bytes;
mod copies;
mod crew;
pub mod detected;
mod facts;
pub mod folder;
pub mod follow;
mod harness;
mod item;
mod join;
mod ours;
mod record;
mod results;
mod safe;
mod survey;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use bare::{bare, unread};
pub use bytes::Scratch;
pub use harness::Names;
pub use safe::safe;
pub use survey::{ItemRead, Listed, ListedRun, Survey};

pub use crate::artifact::analysis::{HardRow, SoftRow};

use crate::artifact::{Mapping, PlanFile};
use crate::domain::ItemId;
use crate::model::Run;

/// Everything found below some paths.
#[derive(Debug, Default)]
pub struct Import {
    /// Runs, folded: one a run folder of the harness, one a folder of results, one a run of ours.
    pub runs: Vec<Imported>,
    /// The plans that lie there, with their paths.
    pub plans: Vec<(PathBuf, PlanFile)>,
    /// The rows of the `hard_metrics.json` that lie there.
    pub hard: Vec<HardRow>,
    /// The verdicts of the soft-metrics files that lie there.
    pub soft: Vec<SoftRow>,
    /// What could not be read, each with its path and reason. It is told, and the rest is read.
    pub problems: Vec<Problem>,
}

/// A run, and where it comes from.
#[derive(Debug)]
pub struct Imported {
    /// What it is.
    pub origin: Origin,
    /// Its folder.
    pub path: PathBuf,
    /// How people call it: `vllm/trae/gpt-5/2026-01-23_21-19-19`, `results/codex_cli`, a run id of ours.
    pub name: String,
    /// The fold of its facts.
    pub run: Run,
    /// Where its items lie: the folders of the harness; of files without such folders nothing.
    pub items: HashMap<ItemId, PathBuf>,
}

/// Who wrote a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The harness's `prepare`: `state/runs/…`, also the flat form of old.
    Harness,
    /// Its benchmark runners: a folder of `…_result.json`, of `benchmark_result.json`, of old flat results.
    Results,
    /// We: `state/tui/<run-id>`.
    Ours,
}

/// A path that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path.
    pub path: PathBuf,
    /// What is wrong with it.
    pub says: String,
}

/// Reads whatever lies below these paths. `clone` answers what the parent commit holds; without it `applies` is unchecked,
/// but where the harness's own clone lies beside the tree (`.work/repos/<task>`).
pub fn import(paths: &[PathBuf], clone: Option<&Path>) -> Import {
    let survey = Survey::of(paths, clone);
    let items: Vec<usize> = (0..survey.items()).collect();
    let reads = crew::each(&items, |at, scratch| survey.read(*at, scratch));
    survey.finish(reads)
}

/// Reads the folders of results, but for what the ledger of one of these runs tells.
fn results(found: &[walk::ResultsDir], runs: &[Imported], problems: &mut Vec<Problem>) -> Vec<(PathBuf, results::Folder)> {
    let files: Vec<(PathBuf, walk::Shape)> = found.iter().flat_map(|folder| folder.files.clone()).collect();
    let mut records = crew::each(&files, record::read).into_iter();
    let mut mappings: HashMap<PathBuf, Option<Mapping>> = HashMap::new();
    let mut folders = Vec::new();
    for folder in found {
        let mut all = Vec::new();
        for read in records.by_ref().take(folder.files.len()) {
            match read {
                Ok(records) => all.extend(records),
                Err(problem) => problems.push(problem),
            }
        }
        let real = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        all.retain(|record| !ours::tells_result(runs, &real, record));
        if all.is_empty() {
            continue;
        }
        let mapping = Mapping::find(&real).map(|path| &*mappings.entry(path.clone()).or_insert_with(|| Mapping::read(&path).ok()));
        let read = results::Folder::of(&folder.path, all, mapping.and_then(Option::as_ref));
        let older = read.older.iter().map(|record| Problem {
            path: record.file.clone(),
            says: "another result of the same commit and arm lies beside it and is newer: this one is not counted".to_owned(),
        });
        problems.extend(older);
        folders.push((folder.path.clone(), read));
    }
    folders
}

/// A run of the harness, read.
struct HarnessRun {
    path: PathBuf,
    names: Names,
    items: Vec<item::Read>,
}

/// The runs of the harness, of what was read of their items; what a ledger of ours tells, and what was read before, is told
/// once.
fn harness(found: &[walk::RunDir], reads: Vec<Option<item::Read>>, import: &mut Import) -> Vec<HarnessRun> {
    let mut reads = reads.into_iter();
    let mut known = copies::Known::default();
    let mut runs = Vec::new();
    for run in found {
        let mut read: Vec<item::Read> = reads.by_ref().take(run.items.len()).flatten().collect();
        for item in &mut read {
            import.problems.append(&mut item.problems);
        }
        let names = Names::of(&run.path, &read);
        read.retain(|item| !ours::tells_item(&import.runs, item));
        known.keep_new(&names, run.named, &mut read);
        if !read.is_empty() {
            runs.push(HarnessRun { path: run.path.clone(), names, items: read });
        }
    }
    import.problems.extend(known.say());
    runs
}

/// The harness's own clone of a task, beside the `state` that an item lies in.
pub fn clone_of(item: &Path, task: &str) -> Option<PathBuf> {
    let is_name = ItemId(task.to_owned()).unfit().is_none();
    Some(repos_of(item)?.join(task)).filter(|clone| is_name && clone.is_dir())
}

/// Where the harness keeps its clones: `.work/repos` beside the `state` that a run lies in.
fn repos_of(run: &Path) -> Option<PathBuf> {
    let real = run.canonicalize().ok()?;
    let repos = |above: &Path| Some(above.join(".work/repos")).filter(|repos| repos.is_dir());
    real.ancestors().take(8).find_map(repos)
}

/// Joins attempts and results, and folds the runs.
fn fold(runs: Vec<HarnessRun>, folders: &[(PathBuf, results::Folder)], import: &mut Import) {
    let candidates: Vec<join::Candidate<'_>> = runs.iter().map(|run| join::Candidate { names: &run.names, items: &run.items }).collect();
    let mut measured: HashMap<usize, harness::Measured> = HashMap::new();
    for commit in folders.iter().flat_map(|(_, folder)| folder.commits.iter().map(move |commit| (folder, commit))) {
        if let Some((run, item)) = join::attempt_of(commit.0, commit.1, &candidates) {
            measured.entry(run).or_default().insert(item, join::rungs(commit.1));
        }
    }
    drop(candidates);
    for (at, run) in runs.into_iter().enumerate() {
        let none = harness::Measured::new();
        import.runs.push(harness::fold(&run.path, &run.names, run.items, measured.get(&at).unwrap_or(&none)));
    }
}
