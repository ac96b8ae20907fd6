//! What a path leads to: a run folder, folders above several, a folder of results.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::artifact::{Checkout, runs};
use crate::domain::ItemId;
use crate::import::follow::is_results;
use crate::text::{clean, count};

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// One run of `prepare`.
    Run(PathBuf),
    /// The newest one below here.
    Below(PathBuf),
    /// A folder of results.
    Results(PathBuf),
}

impl Target {
    pub(super) fn place(&self) -> &Path {
        let (Self::Run(path) | Self::Below(path) | Self::Results(path)) = self;
        path
    }
}

/// Parts of a run folder's path below `runs/`.
const PARTS: usize = 4;

/// What a path leads to, and the item that it names. The error is a sentence.
pub(super) fn target(path: &Path) -> Result<(Target, Option<ItemId>), String> {
    let named = std::path::absolute(path).map_err(|error| format!("{}: {error}", clean::path(path)))?;
    let shown = clean::path(path);
    if !named.exists() {
        // a run that is about to begin
        let is_awaited = below_runs(&named) == Some(PARTS) && named.ancestors().any(|there| there.ends_with("runs") && there.is_dir());
        return if is_awaited { Ok((Target::Run(named), None)) } else { Err(format!("{shown}: there is no such folder")) };
    }
    let real = named.canonicalize().map_err(|error| format!("{shown}: {error}"))?;
    if !real.is_dir() {
        return Err(format!("{shown} is a file: name the run's folder, or use `isobench-tui inspect` for a trajectory"));
    }
    if real.join("events.jsonl").is_file() {
        return Err(format!("{shown} is a run of isobench-tui itself: `isobench-tui attach {shown}` opens it"));
    }
    if is_results(&real) {
        return Ok((Target::Results(real), None));
    }
    if is_item(&real)
        && let (Some(above), Some(name)) = (real.parent(), real.file_name())
    {
        return Ok((Target::Run(above.to_owned()), Some(ItemId(name.to_string_lossy().into_owned()))));
    }
    if below_runs(&real) == Some(PARTS) || holds_items(&real) {
        return Ok((Target::Run(real), None));
    }
    let results = real.join("results");
    if is_results(&results) {
        return Ok((Target::Results(results), None));
    }
    if below_runs(&real).is_some() {
        return Ok((Target::Below(real), None));
    }
    let checkout = Checkout::named(&real).map_err(|error| error.to_string())?;
    for runs in [checkout.state.join("runs"), real.join("runs")] {
        if runs.is_dir() {
            return Ok((Target::Below(runs.canonicalize().unwrap_or(runs)), None));
        }
    }
    if checkout.state.is_dir() || !checkout.bench_files().is_empty() {
        // nothing ran here yet
        return Ok((Target::Below(checkout.state.join("runs")), None));
    }
    if !runs::below(&real).is_empty() {
        return Ok((Target::Below(real), None));
    }
    Err(format!(
        "{shown}: nothing here can be followed: no run folder (state/runs/REPO/AGENT/MODEL/TIME), no checkout, and no folder of `…_result.json`"
    ))
}

/// How many parts a path has below the last `runs/` in it.
fn below_runs(path: &Path) -> Option<usize> {
    let parts: Vec<_> = path.components().map(std::path::Component::as_os_str).collect();
    let at = parts.iter().rposition(|part| *part == "runs")?;
    Some(parts.len() - at - 1)
}

fn is_item(path: &Path) -> bool {
    ["prompt.json", "journal.json", "task.txt"].iter().any(|name| path.join(name).is_file())
}

fn folders(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}

fn holds_items(path: &Path) -> bool {
    folders(path).any(|folder| is_item(&folder))
}

/// Which run of several is shown.
#[derive(Debug, Default)]
pub(super) struct Which {
    pub(super) chosen: Option<PathBuf>,
    /// How many others there are, and of them how many changed lately.
    others: usize,
    at_work: usize,
}

/// A run that changed within this time may be at work beside the one that is shown.
const LATELY: std::time::Duration = std::time::Duration::from_mins(5);

impl Which {
    /// The run below a folder that changed last. One that is at work stays, whatever else changes.
    pub(super) fn below(above: &Path, current: Option<&Path>, is_at_work: bool) -> Self {
        let found: Vec<(SystemTime, PathBuf)> = runs_below(above).into_iter().map(|path| (changed(&path), path)).collect();
        let newest = found.iter().max().map(|(_, path)| path.clone());
        let chosen = current.filter(|_| is_at_work).map(Path::to_owned).or(newest);
        let is_lately = |at: &SystemTime| at.elapsed().is_ok_and(|age| age < LATELY);
        let others = || found.iter().filter(|(_, path)| Some(path) != chosen.as_ref());
        Self { others: others().count(), at_work: others().filter(|(at, _)| is_lately(at)).count(), chosen }
    }

    /// What is to be said of the others.
    pub(super) fn says(&self) -> Option<String> {
        if self.others == 0 {
            return None;
        }
        let lately = match self.at_work {
            0 => String::new(),
            n => format!(", {n} of them changed within five minutes"),
        };
        Some(format!("the newest of {} below here{lately}: `watch` another one's own folder to see that", count(self.others + 1, "run")))
    }
}

/// The run folders at or below a folder.
fn runs_below(above: &Path) -> Vec<PathBuf> {
    let Some(parts) = below_runs(above) else { return runs::below(above) };
    let root: PathBuf = above.ancestors().nth(parts).map(Path::to_owned).unwrap_or_default();
    let mut found = runs::below(&root);
    found.retain(|path| path.starts_with(above));
    found
}

/// When a run changed last: an item begins by its folder, and each of its files changes that.
fn changed(run: &Path) -> SystemTime {
    let of = |path: &Path| fs::metadata(path).and_then(|there| there.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    folders(run).map(|item| of(&item)).chain([of(run)]).max().unwrap_or(SystemTime::UNIX_EPOCH)
}
