//! An arm that ISO-Bench's own script measures: older results make way for it, and it is started for one commit.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::{command, make_folder};
use crate::artifact::result_file::ArmResult;
use crate::bench::take_most;
use crate::domain::{Arm as Whose, AttemptId, Stage, StageDetail, StageEnd, StageOutcome};
use crate::host::stage_folder::Command;
use crate::model::Item;
use crate::runner::Job;
use crate::runner::harness::python;
use crate::runner::three_way::{REUSED_FROM, keep, name, numbers, older, script, timeout_s};

/// How an arm begins.
pub(super) enum Arm {
    /// The script is run.
    Command(Command),
    /// An older result is taken.
    Reused(StageOutcome),
}

/// The script skips an arm that has a result, even one that is an error: so older ones are moved to the attempt.
pub(super) fn begin(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage, started: Instant) -> Result<Arm, (String, io::Error)> {
    let arm = stage.arm().unwrap_or(Whose::Agent);
    let (root, folder, name) = (job.checkout.repo_root.clone(), job.folder.stage(attempt, stage), name(item, arm));
    let agent_type = job.config.arms.agent_type.clone().unwrap_or_default();
    make_folder(&folder)?;
    for (nth, found) in older(&root, &agent_type, &name).iter().enumerate() {
        if arm != Whose::Agent
            && job.config.arms.reuse
            && let Some(outcome) = reuse(found, &folder, &name, arm, started)
        {
            return Ok(Arm::Reused(outcome));
        }
        let to = folder.join(format!("older{nth}_{name}"));
        set_aside(found, &to).map_err(|error| (format!("move the older result {} aside", found.display()), error))?;
    }
    let mut argv = vec![python(&job.checkout, &job.config), "-u".to_owned(), script(&root).display().to_string()];
    argv.extend(["--agent-type", &agent_type, "--commits", name.split('_').next().unwrap_or_default()].map(str::to_owned));
    argv.extend([format!("--{}-only", arm.name()), "--timeout".to_owned(), timeout_s(job.budget_ms(stage)).to_string()]);
    Ok(Arm::Command(command(&root, argv)))
}

/// A good result of an earlier run, kept with the attempt; `None` for one that is no use.
fn reuse(found: &Path, folder: &Path, name: &str, arm: Whose, started: Instant) -> Option<StageOutcome> {
    let result = ArmResult::read(found).ok().filter(|result| result.status == "success")?;
    let metrics = numbers(&result, arm);
    if metrics.is_empty() {
        return None;
    }
    keep(found, &folder.join(name)).ok()?;
    let measured = result.timestamp.as_deref().map(|at| format!(", measured {at}")).unwrap_or_default();
    fs::write(folder.join(REUSED_FROM), format!("{}{measured}\n", found.display())).ok()?;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Some(StageOutcome { end: StageEnd::Done, child: None, duration_ms, detail: StageDetail::Arm(take_most(metrics)) })
}

fn set_aside(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::remove_file(from)
        }
        other => other,
    }
}
