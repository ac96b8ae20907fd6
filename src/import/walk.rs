//! What lies below a path: told by names and by what lies beside it, never by how deep it is, because people move, rename
//! and copy these folders. Links to folders are not followed: one may lead in a circle.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;
use super::folder::{Folder, may_be_trajectory};
use crate::domain::Arm;
use crate::text::clean;

/// Files that only an item's folder holds.
const OF_ITEM: [&str; 4] = ["journal.json", "prompt.json", "task.txt", "run_summary.json"];

/// Folders in each other that are walked.
const DEEPEST: usize = 24;

/// Folders that hold none of ours and may hold a hundred thousand files.
const PASSED_OVER: [&str; 8] =
    ["node_modules", "third-party", "third_party", "site-packages", "bench-env", "worktrees", "repos", "__pycache__"];

/// Everything found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) runs: Vec<RunDir>,
    pub(super) results: Vec<ResultsDir>,
    /// Runs of ours.
    pub(super) ours: Vec<PathBuf>,
    pub(super) plans: Vec<PathBuf>,
    /// `hard_metrics.json`, `soft_metrics.json`, `patch_quality.json`.
    pub(super) analyses: Vec<PathBuf>,
    /// What may be a trajectory by its name, and lies in no item's folder.
    pub(super) loose: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// A folder of items.
#[derive(Debug)]
pub(super) struct RunDir {
    pub(super) path: PathBuf,
    pub(super) items: Vec<ItemDir>,
    /// Which of the named paths led here.
    pub(super) named: usize,
}

/// An item's folder.
#[derive(Debug)]
pub(super) struct ItemDir {
    pub(super) path: PathBuf,
    /// Names of what lies in it, folders too.
    pub(super) holds: Vec<String>,
}

/// What the Modal runner writes in a commit's folder.
pub(super) const MODAL: &str = "benchmark_result.json";

/// A folder of results.
#[derive(Debug)]
pub(super) struct ResultsDir {
    pub(super) path: PathBuf,
    pub(super) files: Vec<(PathBuf, Shape)>,
}

/// What a result file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `<sha8>_agent_result.json`
    Arm(Arm),
    /// `benchmark_result.json` of the Modal runner: three arms.
    Modal,
    /// `hero_3way_<ts>_progress.json`: many of those.
    Progress,
    /// `baseline_benchmark_results/*.json`: flat, of old.
    Flat,
    /// A file that was named itself; its content tells.
    Any,
}

/// Looks below all named paths.
pub(super) fn walk(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for (named, path) in paths.iter().enumerate() {
        match fs::metadata(path) {
            Err(error) => found.problem(path, format!("can't be read: {error}")),
            Ok(there) if there.is_dir() => found.named_folder(path, named),
            Ok(_) => found.named_file(path, named),
        }
    }
    found.gather();
    found
}

/// What one folder holds, by name.
#[derive(Debug, Default)]
struct Listing {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    names: Vec<String>,
}

impl Listing {
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|held| held == name)
    }

    fn is_item(&self) -> bool {
        OF_ITEM.iter().any(|name| self.has(name))
    }

    fn is_ours(&self) -> bool {
        self.has("events.jsonl") && self.has("manifest.json")
    }
}

impl Found {
    fn problem(&mut self, path: &Path, says: String) {
        self.problems.push(Problem { path: path.to_owned(), says });
    }

    fn list(&mut self, folder: &Path) -> Listing {
        let mut listing = Listing::default();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(folder, format!("this folder can't be read: {error}"));
                return listing;
            }
        };
        let mut all: Vec<fs::DirEntry> = entries.flatten().collect();
        all.sort_by_key(fs::DirEntry::file_name);
        for entry in all {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                // `.git` is asked for by name
                if name == ".git" {
                    listing.names.push(".git".to_owned());
                }
                continue;
            }
            listing.names.push(name.to_string_lossy().into_owned());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => listing.folders.push(entry.path()),
                // a link to a file stands for it; one to a folder is not followed
                Ok(kind) if kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|there| there.is_dir()) => {}
                _ => listing.files.push(entry.path()),
            }
        }
        listing
    }

    /// A folder that was named: it may be one item, or whatever holds some.
    fn named_folder(&mut self, path: &Path, named: usize) {
        let listing = self.list(path);
        if listing.is_item() && !listing.is_ours() {
            self.item(path, listing.names, named);
        } else {
            self.folder(path, &listing, named, 0);
        }
    }

    /// A file that was named: its folder says whether it is a part of an item.
    fn named_file(&mut self, path: &Path, named: usize) {
        let Some(above) = path.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above }) else { return };
        if let Some(shape) = shape(path).filter(|shape| *shape != Shape::Flat) {
            return self.results.push(ResultsDir { path: above.to_owned(), files: vec![(path.to_owned(), shape)] });
        }
        if is_analysis(path) {
            return self.analyses.push(path.to_owned());
        }
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name == "events.jsonl" {
            return self.ours.push(above.to_owned());
        }
        let of_item = OF_ITEM.contains(&name) || name == "model_patch.diff" || name.starts_with("trajectory.json");
        if of_item {
            let listing = self.list(above);
            return self.item(above, listing.names, named);
        }
        if crate::artifact::PlanFile::read(path).is_ok() {
            return self.plans.push(path.to_owned());
        }
        self.results.push(ResultsDir { path: above.to_owned(), files: vec![(path.to_owned(), Shape::Any)] });
    }

    fn item(&mut self, path: &Path, holds: Vec<String>, named: usize) {
        let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        self.runs.push(RunDir { path: above.to_owned(), items: vec![ItemDir { path: path.to_owned(), holds }], named });
    }

    fn folder(&mut self, path: &Path, listing: &Listing, named: usize, depth: usize) {
        if listing.is_ours() {
            return self.ours.push(path.to_owned());
        }
        // a clone of somebody's repository is no place for runs, unless it was named or holds some state
        let is_clone = listing.has(".git") && depth > 0 && !["state", "archive", "bench.yaml"].iter().any(|name| listing.has(name));
        if is_clone || depth > DEEPEST {
            return;
        }
        if may_hold_events(listing) && Folder::of(path) == Folder::Events {
            return self.loose.push(path.to_owned());
        }
        self.files(path, listing);
        let is_wanted = |folder: &&PathBuf| folder.file_name().and_then(OsStr::to_str).is_none_or(|name| !PASSED_OVER.contains(&name));
        let inner: Vec<(PathBuf, Listing)> =
            listing.folders.iter().filter(is_wanted).map(|folder| (folder.clone(), self.list(folder))).collect();
        if !inner.iter().any(|(_, listing)| listing.is_item() && !listing.is_ours()) {
            for (folder, listing) in inner {
                self.folder(&folder, &listing, named, depth + 1);
            }
            return;
        }
        // beside one item every folder is one: the harness makes it before anything is in it
        let (mut items, mut others) = (Vec::new(), Vec::new());
        for (path, listing) in inner {
            if listing.is_item() || (listing.folders.is_empty() && !listing.is_ours() && !holds_results(&listing)) {
                items.push(ItemDir { path, holds: listing.names });
            } else {
                others.push((path, listing));
            }
        }
        self.runs.push(RunDir { path: path.to_owned(), items, named });
        for (folder, listing) in others {
            self.folder(&folder, &listing, named, depth + 1);
        }
    }

    /// The files of a folder that mean something by themselves.
    fn files(&mut self, folder: &Path, listing: &Listing) {
        let results: Vec<_> = listing.files.iter().filter_map(|path| Some((path.clone(), shape(path)?))).collect();
        // the Modal runner gives each commit a folder of its own
        let (modal, plain): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, shape)| *shape == Shape::Modal);
        for (path, files) in [(folder, plain), (folder.parent().unwrap_or(folder), modal)] {
            if !files.is_empty() {
                self.results.push(ResultsDir { path: path.to_owned(), files });
            }
        }
        self.analyses.extend(listing.files.iter().filter(|path| is_analysis(path)).cloned());
        let plans = listing.files.iter().filter(|path| may_be_plan(path)).cloned();
        self.plans.extend(plans);
        let is_known = |path: &Path| shape(path).is_some() || is_analysis(path) || may_be_plan(path);
        self.loose.extend(listing.files.iter().filter(|path| may_be_trajectory(path) && !is_known(path)).cloned());
    }

    /// The same folder by two paths is one; the items of one run that were named one by one are one run.
    fn gather(&mut self) {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut runs: Vec<RunDir> = Vec::new();
        let mut places = HashMap::new();
        for run in self.runs.drain(..) {
            if let Some(known) = places.get(&real(&run.path)).and_then(|at: &usize| runs.get_mut(*at)) {
                let names: HashSet<_> = known.items.iter().map(|item| item.path.file_name().map(OsStr::to_owned)).collect();
                known.items.extend(run.items.into_iter().filter(|item| !names.contains(&item.path.file_name().map(OsStr::to_owned))));
            } else {
                places.insert(real(&run.path), runs.len());
                runs.push(run);
            }
        }
        self.runs = runs;
        let mut results: Vec<ResultsDir> = Vec::new();
        let (mut places, mut seen) = (HashMap::new(), HashSet::new());
        for mut folder in self.results.drain(..) {
            folder.files.retain(|(path, _)| seen.insert(real(path)));
            if let Some(known) = places.get(&real(&folder.path)).and_then(|at: &usize| results.get_mut(*at)) {
                known.files.extend(folder.files);
            } else {
                places.insert(real(&folder.path), results.len());
                results.push(folder);
            }
        }
        self.results = results;
        for list in [&mut self.ours, &mut self.plans, &mut self.analyses, &mut self.loose] {
            let mut seen = HashSet::new();
            list.retain(|path| seen.insert(real(path)));
        }
    }
}

/// Whether a look into its files is worth it: they are numbered, or a folder `events` holds them.
fn may_hold_events(listing: &Listing) -> bool {
    let is_numbered = |name: &String| {
        let stem = name.strip_suffix(".json").map(|stem| stem.strip_prefix("event-").unwrap_or(stem));
        stem.is_some_and(|stem| stem.starts_with(|first: char| first.is_ascii_digit()))
    };
    listing.has("base_state.json") || listing.has("events") || listing.names.iter().any(is_numbered)
}

/// Whether a file is a result of benchmarks, by its name.
pub(super) fn is_result(path: &Path) -> bool {
    shape(path).is_some()
}

/// Whether the Modal runner wrote it: a commit's folder, or the file in it, or what says how far it is.
pub(super) fn is_modal(path: &Path) -> bool {
    let is_commit = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    matches!(shape(path), Some(Shape::Modal | Shape::Progress)) || is_commit && path.join(MODAL).is_file()
}

fn holds_results(listing: &Listing) -> bool {
    listing.files.iter().any(|path| shape(path).is_some())
}

/// What a file is by its name, where it is a result.
fn shape(path: &Path) -> Option<Shape> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    if name == MODAL {
        return Some(Shape::Modal);
    }
    if name.starts_with("hero_") && name.ends_with("_progress.json") {
        return Some(Shape::Progress);
    }
    for arm in [Arm::Human, Arm::Baseline, Arm::Agent] {
        let is_of = |sha: &str| sha.strip_suffix('_').is_some_and(|sha| sha.len() >= 7 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if name.strip_suffix("_result.json").and_then(|name| name.strip_suffix(arm.name())).is_some_and(is_of) {
            return Some(Shape::Arm(arm));
        }
    }
    let above = path.parent()?.file_name()?.to_str()?;
    (above.contains("baseline_benchmark_results") && Path::new(name).extension().is_some_and(|ending| ending == "json"))
        .then_some(Shape::Flat)
}

fn is_analysis(path: &Path) -> bool {
    path.file_name()
        .and_then(OsStr::to_str)
        .is_some_and(|name| matches!(name, "hard_metrics.json" | "soft_metrics.json" | "patch_quality.json"))
}

fn may_be_plan(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let is_kind = [".json", ".yaml", ".yml"].iter().any(|ending| name.ends_with(ending));
    is_kind && name.contains("plan") && fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() < (4 << 20))
}

/// A path's last parts as people call it.
pub(super) fn called(path: &Path, parts: usize) -> String {
    let names: Vec<_> = path
        .components()
        .filter_map(|part| if let std::path::Component::Normal(name) = part { Some(name.to_string_lossy()) } else { None })
        .collect();
    clean::shown(&names.get(names.len().saturating_sub(parts)..).unwrap_or_default().join("/")).into_owned()
}
