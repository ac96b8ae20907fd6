//! Results of other runs that are taken in place of a measurement: those of ours where commit, command, image and machine
//! agree; those of ISO-Bench's own scripts, measured on a machine that nobody knows, where that is asked for.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::{header, make_way, own, path, with_gpus};
use crate::artifact::Document;
use crate::artifact::document::{Indent, python_json};
use crate::artifact::result_file::{ArmResult, Findings, ImageOf, OURS};
use crate::bench::score::{has_numbers, unit_at_end};
use crate::config::{ArmGpus, Reuse};
use crate::docker::ImageName;
use crate::docker::pull::MeasuredImage;
use crate::domain::{Arm, ArmDetail, AttemptId, Flag, Machine, Metric, Reused, Samples, Stage, StageDetail, StageEnd, StageOutcome};
use crate::host::files;
use crate::ledger::fact::AttemptEnd;
use crate::model::{Attempt, Item};
use crate::runner::Job;
use crate::runner::containers;
use crate::runner::gate::chosen;
use crate::runner::three_way::{name, newest};
use crate::telemetry::GpuFacts;

/// An older result that an arm takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// All of it.
    result: Document<ArmResult>,
    /// What it holds, with its origin.
    pub detail: ArmDetail,
}

/// What decides, beside image and machine, what an arm measures.
struct Setup {
    command: String,
    parent: Option<String>,
}

/// The older result that an arm takes, where there is one that it may take. The agent's arm takes none.
pub fn reused(job: &Job, item: &Item, stage: Stage) -> Option<Taken> {
    let arm = stage.arm().filter(|arm| *arm != Arm::Agent)?;
    if !may_be_taken(job, item, stage) {
        return None;
    }
    let image = image(job, item, stage);
    let is_in_it = |taken: &Taken| {
        let its = taken.result.ours.as_ref().and_then(|ours| ours.image.as_ref());
        its.zip(image.as_ref()).is_some_and(|(its, image)| its.is_same(image))
    };
    let ours = of_ours(job, item, arm, stage).into_iter().filter(is_in_it);
    ours.max_by_key(Taken::worth).or_else(|| of_harness(job, item, arm))
}

/// Not what was measured in this attempt, nor what a person wants measured again.
fn may_be_taken(job: &Job, item: &Item, stage: Stage) -> bool {
    let is_measured = item.last_attempt().is_none_or(|last| !last.samples(stage).is_empty());
    job.config.arms.reuse != Reuse::None && !is_measured && !is_asked_for(item, stage)
}

/// Whether a person asked for this stage again, or for all of an item in which it ended before; whatever came between: an
/// interruption, a wait for room, tries by themselves.
fn is_asked_for(item: &Item, stage: Stage) -> bool {
    let mut automatic = item.automatic_retries;
    for (at, pair) in item.attempts.windows(2).enumerate().rev() {
        let [before, attempt] = pair else { continue };
        match &before.end {
            Some((AttemptEnd::Interrupted { .. } | AttemptEnd::Deferred(_), _)) => {}
            _ if automatic > 0 => automatic -= 1,
            _ => {
                let is_done = |attempt: &Attempt| attempt.outcome(stage).is_some_and(StageOutcome::is_done);
                return attempt.from == stage || (attempt.from < stage && item.attempts.iter().take(at + 1).any(is_done));
            }
        }
    }
    false
}

/// The image of the human's commit, as those have it whose results may be taken in its place: then it is not pulled. That of the
/// parent is needed for the agent's patch in any case.
pub fn measured_images(job: &Job, item: &Item) -> Vec<MeasuredImage> {
    let Some(reference) = job.config.image_of_human_alone(&item.id, &item.human, &item.parent) else { return Vec::new() };
    if !may_be_taken(job, item, Stage::Human) {
        return Vec::new();
    }
    let image = |taken: Taken| taken.result.ours.as_ref()?.image.clone();
    let named = |image: ImageOf| MeasuredImage { reference: reference.clone(), id: image.id, digest: image.digest };
    of_ours(job, item, Arm::Human, Stage::Human).into_iter().filter_map(image).map(named).collect()
}

fn of_harness(job: &Job, item: &Item, arm: Arm) -> Option<Taken> {
    let (path, result, detail) = newest(&job.checkout.repo_root, item, arm).filter(|_| job.config.arms.reuse == Reuse::All)?;
    let reused = Reused { file: path.display().to_string(), run: None, at: result.timestamp.clone() };
    Some(Taken { result, detail: ArmDetail { reused: Some(reused), ..detail } })
}

/// Those of our other runs that agree in all but the image.
fn of_ours(job: &Job, item: &Item, arm: Arm, stage: Stage) -> Vec<Taken> {
    let name = name(item, arm);
    let (own, own_run) = (super::folder(job), job.folder.run_id().0);
    let folders = fs::read_dir(job.checkout.repo_root.join("results")).into_iter().flatten().flatten().map(|entry| entry.path());
    let there: Vec<PathBuf> =
        folders.filter(|folder| *folder != own).map(|folder| folder.join(&name)).filter(|path| path.is_file()).collect();
    if there.is_empty() {
        return Vec::new();
    }
    let Some((setup, machine)) = Setup::of(job, item, stage).zip(machine(job)) else { return Vec::new() };
    let agrees = |path: &PathBuf| {
        let result = ArmResult::read(path).ok()?;
        let ours = result.ours.as_ref().filter(|_| result.status == "success" && result.is_of(&item.human))?;
        let is_alike = setup.is_of(&result, ours) && ours.machine.as_ref()?.differences(&machine).is_empty();
        let is_clean = ours.taints.is_empty() && !ours.flags.contains(&Flag::Tainted);
        let may_be = ours.repairs.iter().all(|repair| job.config.docker.repairs.contains(repair));
        // less often measured than is asked for: then it is measured
        let is_enough = ours.samples.len().max(1) >= job.config.arms.repeat.max(1) as usize;
        let is_others = ours.reused.as_ref().and_then(|reused| reused.run.as_deref()) != Some(own_run.as_str());
        let detail = detail(path, &result, ours);
        (is_alike && is_clean && may_be && is_enough && is_others && has_numbers(&detail)).then_some(Taken { result, detail })
    };
    there.iter().filter_map(agrees).collect()
}

/// The image of an arm, as it was pulled.
fn image(job: &Job, item: &Item, stage: Stage) -> Option<ImageOf> {
    let image = job.config.docker.image(stage, &item.id, &item.human, &item.parent)?;
    let name = ImageName::parse(&image).ok()?.to_string();
    let pulled = item.last_attempt()?.pull()?.images.iter().find(|pulled| pulled.reference == name)?;
    let id = Some(pulled.id.clone()).filter(|id| !id.is_empty());
    Some(ImageOf { name: image, id, digest: pulled.digest.clone() })
}

impl Taken {
    /// What is taken of several: first what nothing casts doubt on, then what was measured more often, then what is newer; of a
    /// result and its copies, which keep its time, the result itself.
    fn worth(&self) -> impl Ord + use<> {
        let is_original = self.result.ours.as_ref().is_some_and(|ours| ours.reused.is_none());
        (Reverse(self.detail.flags.len()), Samples::of(&self.detail), self.result.timestamp.clone(), is_original)
    }
}

impl Setup {
    fn of(job: &Job, item: &Item, stage: Stage) -> Option<Self> {
        let plan = containers::plan_of(job, item).ok()?;
        Some(Self {
            command: containers::command_digest(&plan, &job.config),
            // what the human measured does not depend on what came before
            parent: (stage == Stage::Baseline).then(|| item.parent.clone()),
        })
    }

    fn is_of(&self, result: &ArmResult, ours: &Findings) -> bool {
        ours.command.as_ref() == Some(&self.command)
            && self.parent.as_ref().is_none_or(|parent| result.parent_commit.as_ref() == Some(parent))
    }
}

/// The machine that an arm would have; `None` while nobody knows.
fn machine(job: &Job) -> Option<Machine> {
    if job.config.arms.gpus == ArmGpus::Numbers(Vec::new()) {
        return Some(with_gpus(None, &[]));
    }
    let header = header(job)?;
    let facts: Vec<&GpuFacts> = chosen(job, &header, &mut Vec::new()).iter().filter_map(|key| header.gpus.get(key)).collect();
    Some(with_gpus(header.driver_version.clone(), &facts))
}

/// What a result of ours holds.
fn detail(path: &Path, result: &Document<ArmResult>, ours: &Findings) -> ArmDetail {
    let names = result.whole().get("metrics").and_then(serde_json::Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    let numbers = names.filter_map(|name| {
        let value = *result.metrics.get(name)?;
        Some(Metric { name: name.clone(), value, unit: unit_at_end(name).to_owned() })
    });
    let origin = || Reused { file: path.display().to_string(), run: Some(ours.run.clone()), at: result.timestamp.clone() };
    ours.detail(numbers.collect(), result.model.clone(), Some(ours.reused.clone().unwrap_or_else(origin)))
}

/// The outcome of an arm that takes a result. A copy is kept with the attempt and among the results of this run.
pub fn take(job: &Job, item: &Item, at: (&AttemptId, Stage), taken: Taken, started: Instant) -> Result<StageOutcome, (String, io::Error)> {
    copy(job, item, at, &taken).map_err(|error| ("copy the result of another run".to_owned(), error))?;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(StageOutcome { end: StageEnd::Done, child: None, duration_ms, detail: StageDetail::Arm(taken.detail) })
}

fn copy(job: &Job, item: &Item, (attempt, stage): (&AttemptId, Stage), taken: &Taken) -> io::Result<()> {
    let Some((arm, own)) = stage.arm().zip(own(job, item, attempt, stage)) else { return Ok(()) };
    let mut ours = taken.result.ours.clone().unwrap_or_default();
    ours.run.clone_from(&job.folder.run_id().0);
    ours.item.clone_from(&item.id.0);
    ours.attempt = attempt.n;
    ours.reused.clone_from(&taken.detail.reused);
    let mut whole = taken.result.whole().as_object().cloned().unwrap_or_default();
    whole.insert(OURS.to_owned(), json!(ours));
    let text = python_json(&whole.into(), Indent::Two);
    files::replace(&own, text.as_bytes())?;
    let path = path(job, item, arm);
    make_way(&path, &job.folder.stage(attempt, stage), &ours)?;
    files::replace(&path, text.as_bytes())
}
