//! Runs of ours: the fold of their ledgers.

use std::collections::HashMap;
use std::path::Path;

use super::facts::Teller;
use super::item::Read;
use super::{Imported, Origin, Problem};
use crate::domain::ItemId;
use crate::ledger::{Fact, RunFolder};
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

/// Takes over what the harness-layout folder of an item says that a run of ours wrote: its ledger knows more, and the
/// folder is told once. Whether such a run is here.
pub(super) fn claim(runs: &mut [Imported], item: &Read) -> bool {
    let Some((run, n)) = &item.ours else { return false };
    let Some(ours) = runs.iter_mut().find(|ours| ours.origin == Origin::Ours && ours.name == *run) else { return false };
    let id = ItemId(item.id.clone());
    // the fold gives it to the last attempt: an older one's journal lies with that attempt
    let is_last = ours.run.item(&id).and_then(|item| item.last_attempt()).is_some_and(|last| last.n == *n && last.journal.is_none());
    if is_last {
        let mut teller = Teller::of(std::mem::take(&mut ours.run));
        teller.tell(None, Fact::JournalRead { item: id, n: *n, journal: item.said.clone() });
        ours.run = teller.done();
    }
    true
}
