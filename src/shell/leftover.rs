//! Containers that run on though nobody looks after them any more: their runner, keeper and worker were killed. Only their engine knows of
//! them; one that can't be asked is no reason to say that there are none.

use std::borrow::Cow;
use std::path::Path;

use super::effects::keeper;
use crate::docker::arm::ORDER;
use crate::docker::containers::running;
use crate::docker::{DockerError, Engine, wait};
use crate::domain::{AttemptId, ItemId, RunId, Stage, Whose};
use crate::host::stage_folder::StageFolder;
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::Run;
use crate::ui::message::Sight;

/// A container that was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its id, as docker shows it.
    pub id: String,
    /// Its run.
    pub run: RunId,
    /// Its item.
    pub item: ItemId,
    /// Its stage.
    pub stage: Stage,
}

/// Digits of an id that are shown, as docker does.
const SHOWN: usize = 12;

impl Leftover {
    /// What it is.
    pub fn says(&self) -> String {
        format!("container {} ('{}' of {}) still runs, without runner and keeper", self.id, self.stage, self.item)
    }

    /// What a person can do about it; `way_on` continues its run.
    pub fn todo(&self, way_on: &str) -> String {
        format!("{way_on} removes it and measures anew, or `docker rm -f {}`", self.id)
    }
}

/// Those of the runs of the checkout in this folder.
pub fn of_checkout(root: &Path) -> Result<Vec<Leftover>, DockerError> {
    let found = wait(async { running(&Engine::connect().await?).await })?;
    let left = found.into_iter().filter_map(|container| {
        let Whose::Stage { run, item, n, stage } = container.whose else { return None };
        let folder = RunFolder::of(root, &RunId(run.clone()));
        let attempt = AttemptId { item: item.clone(), n };
        // what a label says is no path
        let is_left = !run.contains('/') && folder.manifest().exists() && is_alone(&folder, &attempt, stage);
        let id = container.id.get(..SHOWN).unwrap_or(&container.id).to_owned();
        is_left.then_some(Leftover { id, run: RunId(run), item, stage })
    });
    Ok(left.collect())
}

/// Whether the container of a stage that has no end may be left: it is an arm in one, and nobody keeps it.
pub(super) fn may_be(folder: &RunFolder, attempt: &AttemptId, stage: Stage) -> bool {
    stage.arm().is_some() && folder.stage(attempt, stage).join(ORDER).exists() && is_alone(folder, attempt, stage)
}

/// The run as it stands: with neither runner nor keeper nothing of it runs, and its live item is interrupted though no fact says so.
pub fn as_it_stands<'a>(folder: &RunFolder, run: &'a Run) -> Cow<'a, Run> {
    let is_left = match run.live_stage() {
        Some((attempt, record)) => is_alone(folder, &attempt, record.stage),
        None => run.live.is_some() && RunnerLock::holder(folder).is_none(),
    };
    let has_ended = || run.live_stage().is_some_and(|(attempt, record)| has_ended(folder, &attempt, record.stage));
    if is_left { Cow::Owned(run.clone().cut_off(has_ended())) } else { Cow::Borrowed(run) }
}

/// Whether a stage that has no end on record ended since its runner went: its keeper wrote how, and the next runner takes that up.
pub fn has_ended(folder: &RunFolder, attempt: &AttemptId, stage: Stage) -> bool {
    StageFolder::at(&folder.stage(attempt, stage)).has_end()
}

/// The container that a run left where it was interrupted, with what can be done; `None` where there is none.
pub fn of_run(folder: &RunFolder, run: &Run) -> Option<String> {
    let (attempt, record) = run.live_stage()?;
    let way_on = format!("`isobench-tui run --resume {}`", folder.run_id());
    of_stage(folder, &attempt, record.stage, &way_on)
}

/// The same of the stage in which that was; `way_on` continues the run.
pub fn of_stage(folder: &RunFolder, attempt: &AttemptId, stage: Stage, way_on: &str) -> Option<String> {
    may_be(folder, attempt, stage).then(|| ask(folder, way_on)).flatten()
}

/// Asks the engine whether a container of this run is left, and says so with what can be done: `way_on` continues the run. `None` where there
/// is none.
pub(super) fn ask(folder: &RunFolder, way_on: &str) -> Option<String> {
    let id = folder.run_id();
    match of_checkout(folder.root()?) {
        Ok(found) => found.iter().find(|left| left.run == id).map(|left| format!("{}: {}", left.says(), left.todo(way_on))),
        Err(error) => Some(format!("whether a container of this run still runs can't be told: {error}")),
    }
}

/// Whether neither a runner nor a keeper is there for a stage.
fn is_alone(folder: &RunFolder, attempt: &AttemptId, stage: Stage) -> bool {
    RunnerLock::holder(folder).is_none() && keeper(folder, attempt, stage) == Sight::Gone
}
