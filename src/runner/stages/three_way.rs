//! An arm that ISO-Bench's own script measures: older results make way for it, and it is started for one commit.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::{command, make_folder};
use crate::artifact::document::Document;
use crate::artifact::result_file::ArmResult;
use crate::config::Reuse;
use crate::domain::{Arm as Whose, ArmDetail, AttemptId, Stage, StageDetail, StageEnd, StageOutcome, short_sha};
use crate::host::stage_folder::Command;
use crate::model::Item;
use crate::runner::Job;
use crate::runner::harness::python;
use crate::runner::three_way::{ENTRY, REUSED_FROM, keep, name, newest, results, saved, script, timeout_s};

/// How an arm begins.
#[expect(clippy::large_enum_variant, reason = "one of it lives at a time, and it is moved once")]
pub(super) enum Arm {
    /// The script is run.
    Command(Command),
    /// An older result is taken.
    Reused(StageOutcome),
}

/// The script skips an arm that has a result, even one that is an error: so older ones are moved to the attempt.
pub(super) fn begin(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage, started: Instant) -> Result<Arm, (String, io::Error)> {
    let arm = stage.arm().unwrap_or(Whose::Agent);
    let (root, folder, name, saved) = (&job.checkout.repo_root, job.folder.stage(attempt, stage), name(item, arm), saved(job, item, arm));
    make_folder(&folder)?;
    let reused = reused(job, item, arm);
    if let Some((from, result, _)) = &reused {
        let measured = result.timestamp.as_deref().map(|at| format!(", measured {at}")).unwrap_or_default();
        let kept =
            keep(from, &folder.join(&name)).and_then(|()| fs::write(folder.join(REUSED_FROM), format!("{}{measured}\n", from.display())));
        kept.map_err(|error| (format!("copy {}", from.display()), error))?;
    }
    if saved.symlink_metadata().is_ok() {
        set_aside(&saved, &folder.join(format!("older_{name}")))
            .map_err(|error| (format!("move the older result {} aside", saved.display()), error))?;
    }
    if let Some((_, _, detail)) = reused {
        make_folder(saved.parent().unwrap_or(root))?;
        keep(&folder.join(&name), &saved).map_err(|error| (format!("write {}", saved.display()), error))?;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        return Ok(Arm::Reused(StageOutcome { end: StageEnd::Done, child: None, duration_ms, detail: StageDetail::Arm(detail) }));
    }
    let patches = folder.join("patches");
    make_folder(&patches)?;
    patch_alone(job, item, &patches).map_err(|error| (format!("put the patch into {}", patches.display()), error))?;
    let text = |path: &Path| path.display().to_string();
    let mut argv = vec![python(&job.checkout, &job.config)];
    argv.extend(["-u", "-c", ENTRY, &text(&script(root)), &text(&patches), &text(&results(job))].map(str::to_owned));
    argv.extend(["--commits", short_sha(&item.human), &format!("--{}-only", arm.name())].map(str::to_owned));
    argv.extend(["--timeout".to_owned(), timeout_s(job.budget_ms(stage)).to_string()]);
    Ok(Arm::Command(command(root, argv)))
}

/// The older result that an arm takes, where it may.
pub(super) fn reused(job: &Job, item: &Item, arm: Whose) -> Option<(PathBuf, Document<ArmResult>, ArmDetail)> {
    if arm != Whose::Agent && job.config.arms.reuse == Reuse::All { newest(&job.checkout.repo_root, item, arm) } else { None }
}

/// The folder in which the script looks for patches: it takes the first one of a commit that it finds, so there is one.
fn patch_alone(job: &Job, item: &Item, patches: &Path) -> io::Result<()> {
    let checked = job.ran(item, Stage::Check).unwrap_or_default();
    keep(&checked.join("model_patch.diff"), &patches.join("model_patch.diff"))?;
    let summary = json!({"commits": {"human": item.human, "pre": item.parent}});
    fs::write(patches.join("run_summary.json"), summary.to_string())
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
