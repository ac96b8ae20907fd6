//! Runs of ours: the fold of their ledgers.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use super::item::Read;
use super::record::Record;
use super::{Imported, Origin, Problem};
use crate::domain::{ItemId, is_same_commit};
use crate::ledger::RunFolder;
use crate::model::Follower;

/// Folds the ledger of a run folder.
pub(super) fn load(path: &Path) -> Result<Imported, Problem> {
    let folder = RunFolder::at(path.to_owned());
    let problem = |says: String| Problem { path: folder.events(), says };
    let run = Follower::load(&folder).map_err(|error| problem(format!("can't be read: {error}")))?;
    if run.created.is_none() {
        return Err(problem("this ledger does not say what the run is about".to_owned()));
    }
    Ok(Imported { origin: Origin::Ours, path: path.to_owned(), name: folder.run_id().0, run, items: HashMap::new() })
}

/// Whether the ledger of a run of ours that was read tells what the harness-layout folder of an item holds: it knows more, and
/// is judged alike whether the folder lies beside it or not.
pub(super) fn tells_item(runs: &[Imported], item: &Read) -> bool {
    item.ours.as_ref().is_some_and(|(run, _)| of(runs, run).is_some())
}

/// Whether the ledger of a run of ours that was read tells what a result in this folder says.
pub(super) fn tells_result(runs: &[Imported], folder: &Path, record: &Record) -> bool {
    if let Some(ours) = &record.ours {
        return of(runs, &ours.run).is_some_and(|known| known.run.item(&ItemId(ours.item.clone())).is_some());
    }
    // ISO-Bench's own script names no run, and puts a folder `results` into the run's
    let folder = if folder.ends_with("results") { folder.parent().unwrap_or(folder) } else { folder };
    let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
    of(runs, name).is_some_and(|known| known.run.items.iter().any(|item| is_same_commit(&item.human, &record.commit)))
}

fn of<'a>(runs: &'a [Imported], run: &str) -> Option<&'a Imported> {
    runs.iter().find(|known| known.origin == Origin::Ours && known.name == run)
}
