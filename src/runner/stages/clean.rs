//! What an item leaves goes: its worktrees, and what nobody needs any more of the Docker engine.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use tokio::task::{JoinHandle, spawn_blocking};

use super::{command, harness, make_folder, remove_tree, trees_of};
use crate::docker::prune::{PruneFolder, PruneOrder};
use crate::domain::{AttemptId, FailureClass, ItemId, Stage, StageDetail, StageEnd, StageOutcome};
use crate::host::files;
use crate::host::stage_folder::Command;
use crate::model::{Item, Run};
use crate::runner::{Job, keep};

/// Removes the worktrees of all attempts of the item.
pub(super) fn remove(worktrees: PathBuf, item: ItemId, leftovers: harness::Leftovers) -> JoinHandle<StageOutcome> {
    spawn_blocking(move || {
        let started = Instant::now();
        let removed = trees_of(&worktrees, &item).and_then(|trees| trees.iter().try_for_each(|tree| remove_tree(tree)));
        let removed = removed.and_then(|()| leftovers.remove());
        // the last item leaves an empty folder
        let _ = fs::remove_dir(&worktrees);
        let end = match removed {
            Ok(()) => StageEnd::Done,
            Err(error) => StageEnd::Failed {
                class: FailureClass::Unknown,
                why: format!("can't remove a worktree in {}: {error}", worktrees.display()),
            },
        };
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        StageOutcome { end, child: None, duration_ms, detail: StageDetail::Nothing }
    })
}

/// What prunes the engine by the configured policy: `prune-images`, with what must stay in its order. `None` where nothing
/// is to go. That it could not be asked for is no reason for anything to fail: the next item's clean asks again.
pub(super) fn prune(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Option<Command> {
    let scope = job.config.arms.prune.scope().filter(|_| run.stages.contains(&Stage::Pull))?;
    let folder = PruneFolder(job.folder.stage(attempt, Stage::Clean));
    let order = PruneOrder {
        scope,
        volumes: false,
        keep: keep::keep(job, run, item),
        state: Some(job.checkout.docker()),
        run: Some(job.folder.run_id().0),
        item: Some(item.id.0.clone()),
        dry_run: false,
    };
    let written =
        make_folder(folder.path()).map_err(|(_, error)| error).and_then(|()| files::replace(&folder.order(), &serde_json::to_vec(&order)?));
    if let Err(error) = written {
        tracing::warn!("can't write what is to be pruned to {}: {error}", folder.order().display());
        return None;
    }
    let argv = vec![job.binary.display().to_string(), "prune-images".to_owned(), folder.path().display().to_string()];
    Some(command(folder.path(), argv))
}
