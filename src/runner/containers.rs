//! Arms in containers of the Docker engine: what is measured, by `arms.mapping`, and what came of it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::conclude::{Case, clip, plain, stopped};
use super::create::digest;
use super::job::Job;
use super::results;
use crate::artifact::mapping::Mapping;
use crate::artifact::{ArtifactError, Checkout};
use crate::bench::arm::script::own_end;
use crate::bench::arm::{ArmPlan, Question, plan};
use crate::bench::{Output, first_cause, read_from, take_most, timeout_of};
use crate::config::{Config, Engine};
use crate::docker;
use crate::docker::arm::{self, ArmEnd, ArmOutcome, SIGNALS};
use crate::domain::{
    ArmDetail, ArmPhase, ArmProgress, Cause, ChildEnd, EndCause, FailureClass, Flag, Metric, PausedBefore, Repair, Stage, StageDetail,
    StageEnd, Workload, is_measured,
};
use crate::host::files::{self, Links};
use crate::model::Item;
use crate::text::count;
use crate::text::duration::short;

/// A larger file of the worker's is none, in bytes.
const LARGEST: u64 = 16 << 20;

/// So much of each output is read for numbers and causes, in bytes: what a server writes over and over is passed over quickly.
const MOST_OUTPUT: u64 = 1 << 30;

/// So much of an output's end is read where a text is asked for, in bytes.
const TAIL: u64 = 1 << 20;

/// How long the engine gets to remove what is left of a run.
const SWEEP: Duration = Duration::from_mins(1);

/// How something ended by signal 9.
const KILLED: &str = "signal 9, from the kernel out of memory or from a person";

/// How the note begins that says how the patch went in.
pub const PATCH_APPLIED: &str = "patch applied";

/// How the note begins that says when the server answered.
pub const SERVER_READY: &str = "its server was ready";

/// Whether arms run in containers.
pub fn is_used(config: &Config) -> bool {
    config.arms.engine == Engine::Docker
}

/// Why there is no mapping.
#[derive(Debug, thiserror::Error)]
pub enum NoMapping {
    /// None is named, and none lies where the harness has it.
    #[error("no data/mappings/benchmark_mode_mapping.json at or above the harness folder")]
    Nowhere,
    /// It can't be read.
    #[error(transparent)]
    Unread(#[from] ArtifactError),
}

impl From<NoMapping> for String {
    fn from(error: NoMapping) -> Self {
        match error {
            NoMapping::Nowhere => format!("{error}: name another with arms.mapping"),
            NoMapping::Unread(error) => error.to_string(),
        }
    }
}

/// The mapping that says how commits are measured.
pub fn mapping(checkout: &Checkout, config: &Config) -> Result<Mapping, NoMapping> {
    let named = config.arms.mapping.as_ref().map(|path| checkout.root.join(path));
    Ok(Mapping::read(&named.or_else(|| Mapping::find(&checkout.root)).ok_or(NoMapping::Nowhere)?)?)
}

/// What is measured of a commit; the error says why nothing can be, as a sentence about the commit.
pub fn planned(mapping: &Mapping, human: &str, config: &Config) -> Result<ArmPlan, String> {
    if let Some(why) = mapping.unread(human) {
        return Err(format!("what arms.mapping says of it can't be read: {why}"));
    }
    let entry = mapping.entry(human).ok_or("arms.mapping does not know this commit: add it, or leave the item out")?;
    let command = entry.perf_command.as_deref().map(str::trim).filter(|command| !command.is_empty());
    let perf_command = command.ok_or("arms.mapping has no perf_command for this commit: add one, or leave the item out")?;
    let docker = &config.docker;
    plan(&Question {
        perf_command,
        model: entry.model.as_deref(),
        overrides: &docker.models,
        repairs: &docker.repairs,
        server_args: &docker.server_args,
        sources: &docker.sources,
    })
}

/// What is measured of an item.
pub fn plan_of(job: &Job, item: &Item) -> Result<ArmPlan, String> {
    planned(&mapping(&job.checkout, &job.config)?, &item.human, &job.config)
}

/// SHA-256 of all that an arm is asked to do, hex: two arms of one digest were measured alike.
pub fn command_digest(plan: &ArmPlan, config: &Config) -> String {
    let repairs: Vec<&str> = plan.repairs.iter().map(|repair| repair.name()).collect();
    let asked = (&plan.environment, &plan.client, &plan.client_cli, &plan.server, &repairs, &plan.model_run, &config.docker.set);
    digest(format!("{asked:?}").as_bytes())
}

/// Removes the containers that are left of a run: those of a worker that was killed. What can't be removed is said in the log, and
/// tried again by whoever comes next.
pub async fn sweep(job: &Job) {
    let run = job.folder.run_id();
    let swept = async {
        let engine = docker::Engine::connect().await?;
        arm::sweep(&engine, &run, None).await
    };
    match timeout(SWEEP, swept).await {
        Ok(Ok(removed)) if !removed.is_empty() => {
            tracing::info!("removed {} that were left of run {run}", count(removed.len(), "container"));
        }
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!("can't look for containers of run {run}: {error}"),
        Err(_late) => tracing::warn!("docker did not say in time which containers are left of run {run}"),
    }
}

/// What the worker and the container left.
struct Left<'a> {
    case: &'a Case<'a>,
    folder: PathBuf,
    plan: Option<ArmPlan>,
    outcome: Option<ArmOutcome>,
}

/// Judges the end of an arm, and keeps its result.
pub fn conclude(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let folder = case.job.folder.stage(case.attempt, case.stage);
    let left = Left { case, plan: plan_of(case.job, case.item).ok(), outcome: outcome(&folder), folder };
    let output = left.output();
    let end = left.end(child, &output);
    let detail = left.detail(output);
    if matches!(end, StageEnd::Done | StageEnd::Failed { .. })
        && let Err(error) = results::write(case, &left.report(&end, &detail, child))
    {
        let why = case.masker.line(&format!("can't write its result: {error}"));
        let class = crate::bench::classify(&why).map_or(FailureClass::Unknown, |(class, _)| class);
        return (StageEnd::Failed { class, why }, StageDetail::Arm(detail));
    }
    (end, StageDetail::Arm(detail))
}

/// How the worker says that the arm ended; `None` where it was killed before it could.
pub fn outcome(folder: &Path) -> Option<ArmOutcome> {
    serde_json::from_slice(&files::read(&folder.join(arm::OUTCOME), LARGEST, Links::Refused).ok()?).ok()
}

/// How far the worker says that it is; `None` before it said anything.
pub fn progress(folder: &Path) -> Option<ArmProgress> {
    serde_json::from_slice(&files::read(&folder.join(arm::PROGRESS), LARGEST, Links::Refused).ok()?).ok()
}

impl Left<'_> {
    fn io(&self, name: &str) -> PathBuf {
        self.folder.join(arm::IO).join(name)
    }

    /// What client, or offline benchmark, printed; and where that is no success the cause, which the server names first.
    fn output(&self) -> Output {
        let of_client = || self.stream(&[arm::OUT, arm::ERR]);
        let mut output = read_from(of_client()).0;
        if output.failure.is_some() {
            output.failure = read_from(self.stream(&[arm::SERVER, arm::OUT, arm::ERR])).0.failure.or(output.failure);
        }
        output
    }

    /// Files one after another, each from where it was tried again. An agent's code may have put something else in their places: that
    /// is as if nothing were there.
    fn stream(&self, names: &[&str]) -> BufReader<Box<dyn Read>> {
        let empty: Box<dyn Read> = Box::new(io::empty());
        let opened = names.iter().filter_map(|name| {
            let (mut file, _) = files::open(&self.io(name), Links::Refused).ok()?;
            file.seek(SeekFrom::Start(self.repaired(name))).ok()?;
            Some(file)
        });
        BufReader::with_capacity(1 << 16, opened.fold(empty, |all, file| Box::new(all.chain(file.take(MOST_OUTPUT)).chain(&b"\n"[..]))))
    }

    /// Bytes of a file that were printed before something was repaired and tried again.
    fn repaired(&self, name: &str) -> u64 {
        let of = self.marks().filter_map(arm::again).filter(|(file, _)| *file == name);
        of.last().map(|(_, bytes)| bytes).unwrap_or_default()
    }

    fn failed(&self, class: FailureClass, why: &str) -> StageEnd {
        StageEnd::Failed { class, why: self.case.masker.line(why) }
    }

    fn end(&self, child: &ChildEnd, output: &Output) -> StageEnd {
        let ended = match (&child.cause, &self.outcome) {
            (EndCause::Stopped, _) => return stopped(self.case),
            (EndCause::Deadline, _) => {
                return self.late(&format!("did not end within its budget of {}{}", self.budget(), self.paused_outside()));
            }
            (_, Some(outcome)) => &outcome.end,
            (_, None) => return plain(self.case, child, FailureClass::ArmCrashed),
        };
        match ended {
            ArmEnd::Stopped => self.failed(FailureClass::Killed, "its container was told to end, and not by its keeper"),
            ArmEnd::Failed { class, why } => self.failed(*class, why),
            ArmEnd::Late { phase, limit_ms } => {
                let key = if *phase < ArmPhase::Ready && self.serves() { "budget.ready" } else { "budget.bench" };
                self.late(&format!("{} did not end within {} ({key})", phase.name(), short(*limit_ms)))
            }
            ArmEnd::Exited { code, oom } => self.exited(*code, *oom, child, output),
        }
    }

    /// That it stood still, where somebody else paused it: the stage's own budget goes on.
    fn paused_outside(&self) -> String {
        let outside = self.outcome.as_ref().and_then(|outcome| outcome.outside);
        outside.map_or_else(String::new, |outside| format!(", {} of it paused from outside", short(outside.ms)))
    }

    fn budget(&self) -> String {
        short(self.case.job.budget_ms(self.case.stage).unwrap_or_default())
    }

    fn serves(&self) -> bool {
        self.plan.as_ref().is_none_or(|plan| !plan.server.is_empty())
    }

    /// How far it came says which time was too short; what went wrong before that counts more.
    fn late(&self, says: &str) -> StageEnd {
        let printed = self.tails();
        let cause = first_cause(&printed).filter(|cause| cause.class == FailureClass::CudaOom || cause.class == FailureClass::NoSpace);
        let late = cause.unwrap_or_else(|| timeout_of(says, &printed));
        let of_phase = matches!(&self.outcome, Some(ArmOutcome { end: ArmEnd::Late { phase, .. }, .. }) if *phase < ArmPhase::Ready);
        let class = if of_phase && self.serves() { FailureClass::ServerNeverReady } else { late.class };
        let more = if late.evidence == says { String::new() } else { format!(": {}", clip(&late.evidence)) };
        self.failed(class, &format!("{says}{more}"))
    }

    fn tails(&self) -> String {
        let most = |name| Some(TAIL.min(self.io(name).metadata().ok()?.len().saturating_sub(self.repaired(name))));
        let tail = |name| files::tail(&self.io(name), most(name)?).ok();
        [arm::SERVER, arm::OUT, arm::ERR].into_iter().filter_map(tail).collect::<Vec<_>>().join("\n")
    }

    fn exited(&self, code: i64, oom: bool, child: &ChildEnd, output: &Output) -> StageEnd {
        let cause = output.failure.as_ref();
        let with = |what: &str, cause: Option<&Cause>| {
            let evidence = cause.map(|cause| format!(": {}", clip(&cause.evidence))).unwrap_or_default();
            format!("{what}{evidence}")
        };
        let says = |what: &str| with(what, cause);
        if oom {
            return self.failed(FailureClass::HostOom, &says("the kernel ended it for its memory (container limit)"));
        }
        if let Some((class, what)) = self.told(code) {
            // what was printed says why, the mark says what
            let known =
                cause.filter(|cause| class == FailureClass::ServerCrashed && is_root(cause.class)).map_or(class, |cause| cause.class);
            return self.failed(known, &says(&what));
        }
        if let Some(died) = self.marks().find_map(|mark| mark.strip_prefix("server died ")) {
            // what a client prints that has nobody to ask is no cause
            let class = cause.map(|cause| cause.class).filter(|class| is_root(*class)).unwrap_or(FailureClass::ServerCrashed);
            return self.failed(class, &says(&format!("the server ended while it was measured, exit {died}")));
        }
        if code > SIGNALS && !self.marks().any(|mark| mark.starts_with("client ")) {
            // what a server or a client says when it is ended is no cause of that
            let cause = cause.filter(|cause| is_root(cause.class) && cause.class != FailureClass::ServerCrashed);
            return self.failed(cause.map_or(FailureClass::Killed, |cause| cause.class), &with(&from_outside(code), cause));
        }
        // that it printed no number names no cause of an end that was bad
        let cause = cause.filter(|cause| code == 0 || cause.class != FailureClass::NoMetrics);
        let frozen_ms = self.outcome.as_ref().map_or(child.frozen_ms, |outcome| outcome.frozen_ms(child.frozen_ms));
        match (code, cause) {
            (0, None) if frozen_ms > 0 => {
                let frozen = short(frozen_ms);
                self.failed(FailureClass::Tainted, &format!("frozen for {frozen} while it measured: its numbers are invalid"))
            }
            (0, None) => StageEnd::Done,
            (0, Some(Cause { class: FailureClass::NoMetrics, .. })) => {
                self.failed(FailureClass::NoMetrics, "the benchmark ended well and printed no number above 0 with a unit")
            }
            (0, Some(cause)) => self.failed(cause.class, &cause.evidence),
            (137, None) => self.failed(FailureClass::Killed, KILLED),
            (129..=192, None) => self.failed(FailureClass::ArmCrashed, &format!("signal {} ended it", code - SIGNALS)),
            (code, cause) => {
                let class = cause.map_or(FailureClass::ArmCrashed, |cause| cause.class);
                self.failed(class, &with(&format!("exit {code}"), cause))
            }
        }
    }

    /// What the script says went wrong, before anything was measured: whoever came to the client's end found another way.
    fn told(&self, code: i64) -> Option<(FailureClass, String)> {
        if self.marks().any(|mark| mark.starts_with("client ")) {
            return None;
        }
        let of_mark = self.marks().find_map(|mark| {
            let mut words = mark.split_whitespace();
            Some(match (words.next()?, words.next()?, words.next()) {
                ("patch", "refused", _) => (FailureClass::PatchDoesNotApply, "the image's vLLM does not take the patch".to_owned()),
                ("no", "vllm" | "python", _) => (FailureClass::ImportError, format!("the image has no Python with vLLM (`{mark}`)")),
                ("server", "crashed", code) => {
                    let code = code.map_or_else(String::new, |code| format!(", exit {code}"));
                    (FailureClass::ServerCrashed, format!("the server ended before it answered{code}"))
                }
                _ => return None,
            })
        });
        of_mark.or_else(|| own_end(code).map(|(class, what)| (class, what.to_owned())))
    }

    fn marks(&self) -> impl Iterator<Item = &str> {
        self.outcome.iter().flat_map(|outcome| &outcome.marks).map(String::as_str)
    }

    fn detail(&self, output: Output) -> ArmDetail {
        let Output { kind, metrics, workload, mut flags, .. } = output;
        // a count may be 0, a time or a rate that is 0 was not measured
        let metrics: Vec<Metric> =
            metrics.into_iter().filter(|metric| metric.unit.is_empty() || is_measured(&metric.name, metric.value)).collect();
        let plan = self.plan.clone().unwrap_or_default();
        let mut repairs = plan.repairs;
        repairs.extend(self.marks().filter_map(|mark| repaired(mark.strip_prefix("repaired ")?)));
        repairs.sort();
        repairs.dedup();
        if self.marks().any(|mark| mark == "patch applied forced") {
            flags.push(Flag::PatchForced);
        }
        if plan.model.is_some() && plan.model != plan.model_run {
            flags.push(Flag::ModelOverridden);
        }
        let mut notes = plan.notes;
        notes.extend(self.marks().filter_map(note));
        let outcome = self.outcome.as_ref();
        notes.extend(outcome.and_then(|outcome| outcome.before).into_iter().flat_map(before));
        ArmDetail {
            kind: kind.or(plan.kind),
            model: plan.model,
            model_run: plan.model_run,
            workload: Some(joined(workload, plan.workload)).filter(|workload| !workload.is_empty()),
            flags,
            repairs,
            notes: notes.iter().map(|note| self.case.masker.line(note)).collect(),
            phases: outcome.map(|outcome| outcome.phases.clone()).unwrap_or_default(),
            machine: results::machine(self.case.job, self.case.attempt, self.case.stage),
            image: outcome.and_then(|outcome| outcome.image_digest.clone().or_else(|| outcome.image_id.clone())),
            ..take_most(metrics)
        }
    }

    fn report<'a>(&'a self, end: &'a StageEnd, detail: &'a ArmDetail, child: &'a ChildEnd) -> results::ArmReport<'a> {
        let image = self.case.job.config.docker.image(self.case.stage, &self.case.item.id, &self.case.item.human, &self.case.item.parent);
        results::ArmReport {
            end,
            detail,
            child,
            image,
            command_digest: self.plan.as_ref().map(|plan| command_digest(plan, &self.case.job.config)),
            // of a success the numbers are kept, of a failure what the server said before
            printed: [arm::SERVER, arm::OUT, arm::ERR].iter().skip(usize::from(*end == StageEnd::Done)).map(|name| self.io(name)).collect(),
        }
    }
}

/// How the script itself was ended, which no signal reaches but from outside of its container; TERM it hears, and says so by its code.
fn from_outside(code: i64) -> String {
    match code - SIGNALS {
        9 => KILLED.to_owned(),
        15 => "stopped from outside (`docker stop`, or another TERM)".to_owned(),
        signal => format!("signal {signal} from outside ended it"),
    }
}

/// What names a cause that lies below a server's crash.
const fn is_root(class: FailureClass) -> bool {
    !matches!(class, FailureClass::NoMetrics | FailureClass::ArmCrashed | FailureClass::ServerNeverReady | FailureClass::Unknown)
}

fn repaired(name: &str) -> Option<Repair> {
    Repair::ALL.into_iter().find(|repair| repair.name() == name.trim())
}

/// What a mark says that is to be known beside the numbers.
fn note(mark: &str) -> Option<String> {
    let mut words = mark.split_whitespace();
    Some(match (words.next()?, words.next()?, words.next()) {
        ("vllm", version, _) => format!("vLLM {version}"),
        ("ready", seconds, _) => format!("{SERVER_READY} after {seconds} s"),
        ("patch", "applied", Some(how)) => format!("{PATCH_APPLIED}: {how}"),
        ("patch", "uncompiled", Some(files)) => {
            format!("{files} of the patch's files would have to be compiled, and were not: their change is not measured")
        }
        ("patch", "left_out", Some(files)) => {
            format!("{files} of the patch's files are not of the installed package, and were left out")
        }
        ("server", "without", Some(argument)) => format!("the server does not know {argument} (docker.server_args): started without it"),
        _ => return None,
    })
}

/// The pauses that spoil nothing.
fn before(PausedBefore { ours_ms, outside_ms }: PausedBefore) -> impl Iterator<Item = String> {
    let told = [("frozen", ours_ms), ("paused from outside", outside_ms)].into_iter().filter(|(_, ms)| *ms > 0);
    told.map(|(what, ms)| format!("{what} for {} before it measured", short(ms)))
}

/// What the output tells of the work, and where it is silent what the command asked for.
fn joined(told: Workload, asked: Workload) -> Workload {
    Workload {
        model: asked.model.or(told.model),
        dataset: told.dataset.or(asked.dataset),
        input_len: told.input_len.or(asked.input_len),
        output_len: told.output_len.or(asked.output_len),
        num_prompts: told.num_prompts.or(asked.num_prompts),
        batch_size: told.batch_size.or(asked.batch_size),
        request_rate: told.request_rate.or(asked.request_rate),
        max_concurrency: told.max_concurrency.or(asked.max_concurrency),
        ignore_eos: told.ignore_eos.or(asked.ignore_eos),
    }
}

/// A path of the configuration, with the home folder for `~`.
pub(super) fn at_home(path: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Whether a stage is an arm in a container.
pub fn is_arm(config: &Config, stage: Stage) -> bool {
    is_used(config) && stage.arm().is_some()
}
