//! The result files of arms in containers, in the schema of ISO-Bench's three-way runner:
//! `results/<run>/<sha8>_<arm>_result.json` below the repository's root. Each measurement's own result lies with its attempt
//! too; the one in `results/<run>` holds the medians of all good measurements of the newest attempt.

mod reuse;

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::conclude::Case;
use super::containers;
use super::job::Job;
use super::three_way::name;
use crate::artifact::result_file::{self, ArmResult, BadEnd, Findings, ImageOf, Sample, Written, numbers_of};
use crate::bench::Patched;
use crate::docker::arm::ArmOutcome;
use crate::domain::{Arm, ArmDetail, AttemptId, ChildEnd, Flag, LostRound, Machine, Stage, StageEnd, Taint};
use crate::host::clock;
use crate::host::files::{self, Links};
use crate::host::stage_folder::StageFolder;
use crate::model::Item;
use crate::telemetry::read::latest;
use crate::telemetry::{Files, GpuFacts, Header};

pub use reuse::{Taken, measured_images, reused, take};

/// So much of the end of each file that it printed is looked at, in bytes.
const MOST_PRINTED: u64 = 256 * 1024;

/// What came of an arm.
#[derive(Debug)]
pub struct ArmReport<'a> {
    /// How it ended.
    pub end: &'a StageEnd,
    /// What it measured.
    pub detail: &'a ArmDetail,
    /// The end of its processes.
    pub child: &'a ChildEnd,
    /// The image that it ran in, as it is named.
    pub image: Option<String>,
    /// What tells whether two arms were asked to do the same.
    pub command_digest: Option<String>,
    /// The files that it printed, in the order in which they are kept: of the last one most is.
    pub printed: Vec<PathBuf>,
}

/// The folder of a run's results.
fn folder(job: &Job) -> PathBuf {
    job.checkout.repo_root.join("results").join(job.folder.run_id().0)
}

/// Where the result of an arm lies.
pub fn path(job: &Job, item: &Item, arm: Arm) -> PathBuf {
    folder(job).join(name(item, arm))
}

/// Where the result of one measurement lies: with its attempt.
fn own(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage) -> Option<PathBuf> {
    Some(job.folder.stage(attempt, stage).join(name(item, stage.arm()?)))
}

/// Writes the result of an arm that ended well or badly; one that was stopped or interrupted leaves none. What lay there of
/// an older attempt is moved to this one.
pub fn write(case: &Case<'_>, report: &ArmReport<'_>) -> io::Result<()> {
    let Some((arm, own)) = case.stage.arm().zip(own(case.job, case.item, case.attempt, case.stage)) else { return Ok(()) };
    let (StageEnd::Done | StageEnd::Failed { .. }) = report.end else { return Ok(()) };
    let stage = case.job.folder.stage(case.attempt, case.stage);
    let left = containers::outcome(&stage);
    let paused_ms = left.as_ref().and_then(|left| left.outside).map_or(0, |outside| outside.ms);
    let earlier = case.item.last_attempt().map(|last| last.samples(case.stage)).unwrap_or_default();
    let told = Told {
        case,
        report,
        marks: marks(left.as_ref()),
        printed: printed(case, &report.printed),
        timestamp: now(),
        duration_ms: report.child.duration_ms.saturating_sub(report.child.frozen_ms).saturating_sub(paused_ms),
    };
    let round = case.item.last_attempt().and_then(|last| last.stage(case.stage)).map_or(0, |record| record.earlier.len());
    let mut ours = told.findings(round + 1, left.as_ref());
    files::replace(&own, told.text(report.detail, &ours).as_bytes())?;
    let is_done = *report.end == StageEnd::Done;
    if !is_done && !earlier.is_empty() {
        // what was measured before this round stands
        return lose(&path(case.job, case.item, arm), report.end, earlier.len());
    }
    let all: Vec<&ArmDetail> = earlier.into_iter().chain([report.detail]).collect();
    let merged = ArmDetail::of_samples(&all).unwrap_or_default();
    let detail = if is_done { &merged } else { report.detail };
    together(&mut ours, detail, &all);
    let path = path(case.job, case.item, arm);
    make_way(&path, &stage, &ours)?;
    files::replace(&path, told.text(detail, &ours).as_bytes())
}

/// Puts a round that failed after good ones into the result that holds these.
fn lose(path: &Path, end: &StageEnd, good: usize) -> io::Result<()> {
    let StageEnd::Failed { class, why } = end else { return Ok(()) };
    // somebody took it away: that is no failure of this round's
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let round = u32::try_from(good).unwrap_or(u32::MAX).saturating_add(1);
    let lost = LostRound { round, class: *class, why: why.clone() };
    let put = |ours: &mut Findings| {
        if !ours.flags.contains(&Flag::RoundFailed) {
            ours.flags.push(Flag::RoundFailed);
        }
        ours.lost = Some(lost);
    };
    result_file::change(path, put).map_err(io::Error::other)
}

/// Puts several measurements into what is known of an arm.
fn together(ours: &mut Findings, merged: &ArmDetail, all: &[&ArmDetail]) {
    let Some(samples) = &merged.samples else { return };
    ours.flags.clone_from(&merged.flags);
    ours.taints.clone_from(&merged.taints);
    ours.repairs.clone_from(&merged.repairs);
    ours.notes.clone_from(&merged.notes);
    ours.noise = samples.spread_pct.clone();
    let sample = |(round, sample): (u32, &&ArmDetail)| Sample { round, metrics: numbers_of(&sample.metrics), tainted: sample.is_tainted() };
    ours.samples = (1..).zip(all).map(sample).collect();
}

/// Moves a result of another attempt, or of somebody else, into the stage's folder; one of this attempt is written anew.
fn make_way(path: &Path, stage: &Path, ours: &Findings) -> io::Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let there = ArmResult::read(path).ok().and_then(|result| result.ours.clone());
    if there.is_some_and(|there| (&there.run, there.attempt) == (&ours.run, ours.attempt)) {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let older = |nth: u32| stage.join(if nth == 1 { format!("older_{name}") } else { format!("older{nth}_{name}") });
    let free = (1..u32::MAX).map(older).find(|path| path.symlink_metadata().is_err());
    free.map_or(Ok(()), |free| fs::rename(path, free))
}

/// Puts what the machine did to an arm's numbers into its results, which were written before that was known.
pub fn mark(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage, taints: &[Taint]) -> io::Result<()> {
    let Some((arm, own)) = stage.arm().zip(own(job, item, attempt, stage)) else { return Ok(()) };
    let Some(measured) = ArmResult::read(&own).ok().and_then(|result| result.ours.clone()) else { return Ok(()) };
    let put = |ours: &mut Findings| {
        ours.taints.extend(taints.iter().filter(|taint| !ours.taints.contains(taint)).cloned().collect::<Vec<_>>());
        if !ours.flags.contains(&Flag::Tainted) {
            ours.flags.push(Flag::Tainted);
        }
        if let Some(sample) = ours.samples.iter_mut().find(|sample| sample.round == measured.round) {
            sample.tainted = true;
        }
    };
    result_file::change(&own, put).map_err(io::Error::other)?;
    let path = path(job, item, arm);
    let is_of_it = |there: &Findings| (&there.run, there.attempt, there.round) == (&measured.run, measured.attempt, measured.round);
    let there = ArmResult::read(&path).ok().and_then(|result| result.ours.clone());
    if there.is_some_and(|there| is_of_it(&there)) { result_file::change(&path, put).map_err(io::Error::other) } else { Ok(()) }
}

/// What is written of an arm's end.
struct Told<'a> {
    case: &'a Case<'a>,
    report: &'a ArmReport<'a>,
    marks: String,
    printed: String,
    timestamp: String,
    duration_ms: u64,
}

impl Told<'_> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of an arm")]
    fn text(&self, detail: &ArmDetail, ours: &Findings) -> String {
        let error = if let StageEnd::Failed { why, .. } = self.report.end { Some(why.as_str()) } else { None };
        Written {
            human: &self.case.item.human,
            parent: &self.case.item.parent,
            model: detail.model.as_deref(),
            status: self.report.end.result_word(),
            error,
            duration_s: self.duration_ms as f64 / 1000.0,
            metrics: &detail.metrics,
            marks: &self.marks,
            printed: &self.printed,
            timestamp: &self.timestamp,
            ours,
        }
        .text()
    }

    fn findings(&self, round: usize, left: Option<&ArmOutcome>) -> Findings {
        let (case, detail) = (self.case, self.report.detail);
        let image = self.report.image.clone().map(|name| ImageOf {
            name,
            id: left.and_then(|left| left.image_id.clone()),
            digest: left.and_then(|left| left.image_digest.clone()),
        });
        Findings {
            run: case.job.folder.run_id().0,
            item: case.item.id.0.clone(),
            attempt: case.attempt.n,
            round: u32::try_from(round).unwrap_or(u32::MAX),
            kind: detail.kind,
            model_run: detail.model_run.clone(),
            image,
            workload: detail.workload.clone(),
            command: self.report.command_digest.clone(),
            repairs: detail.repairs.clone(),
            notes: detail.notes.clone(),
            flags: detail.flags.clone(),
            taints: detail.taints.clone(),
            phases: detail.phases.clone(),
            end: match self.report.end {
                StageEnd::Failed { class, why } => Some(BadEnd { class: *class, why: why.clone() }),
                _ => None,
            },
            machine: detail.machine.clone(),
            ..Findings::default()
        }
    }
}

/// The marks of our script, in the words of the three-way runner's: its readers look for these.
fn marks(left: Option<&ArmOutcome>) -> String {
    let word = |mark: &String| {
        let mut words = mark.split_whitespace();
        Some(match (words.next()?, words.next()?, words.next()) {
            ("patch", "applied", Some("forced")) => format!("{}\n", Patched::FORCED),
            ("patch", "applied", Some("git")) => format!("{}\n", Patched::APPLIED),
            ("patch", "applied", _) => format!("{}_P1\n", Patched::APPLIED),
            ("ready", seconds, _) => format!("SERVER_READY_AFTER={}s\n", seconds.split('.').next().unwrap_or(seconds)),
            ("server", "crashed", _) => "SERVER_CRASHED\n".to_owned(),
            _ => return None,
        })
    };
    left.into_iter().flat_map(|left| &left.marks).filter_map(word).collect()
}

/// What it printed, without secrets. The code of an agent ran where these files are written: links are not followed.
fn printed(case: &Case<'_>, paths: &[PathBuf]) -> String {
    let texts: Vec<String> = paths.iter().filter_map(|path| tail(path).ok()).filter(|text| !text.is_empty()).collect();
    case.masker.mask(&texts.join("\n")).into_owned()
}

fn tail(path: &Path) -> io::Result<String> {
    let (mut file, there) = files::open(path, Links::Refused)?;
    file.seek(SeekFrom::Start(there.len().saturating_sub(MOST_PRINTED)))?;
    let mut bytes = Vec::new();
    file.take(MOST_PRINTED).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Local time, as Python's `strftime` writes it there.
fn now() -> String {
    clock::now().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The machine that an arm of an attempt has, by the GPUs that its keeper holds; `None` where nobody knows what they are.
pub fn machine(job: &Job, attempt: &AttemptId, stage: Stage) -> Option<Machine> {
    let spec = StageFolder::at(&job.folder.stage(attempt, stage)).spec().ok().flatten()?;
    if spec.gpus.is_empty() {
        return Some(with_gpus(None, &[]));
    }
    let header = header(job)?;
    let of = |uuid: &str| header.gpus.values().find(|facts| facts.uuid.as_deref() == Some(uuid));
    let facts: Option<Vec<&GpuFacts>> = spec.gpus.iter().map(|gpu| of(&gpu.uuid)).collect();
    Some(with_gpus(header.driver_version.clone(), &facts?))
}

/// What the sampler of this run says of the machine.
fn header(job: &Job) -> Option<Header> {
    latest(&Files::of(job.folder.path())).ok().flatten().map(|latest| latest.header)
}

fn with_gpus(driver: Option<String>, facts: &[&GpuFacts]) -> Machine {
    let mut gpus: Vec<String> = facts.iter().map(|facts| facts.name.clone().unwrap_or_else(|| "unknown GPU".to_owned())).collect();
    gpus.sort();
    Machine {
        gpus,
        uuids: facts.iter().filter_map(|facts| facts.uuid.clone()).collect(),
        driver: driver.filter(|_| !facts.is_empty()),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}
