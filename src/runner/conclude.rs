//! From the end of a stage's processes to what the stage brought. Writes only what may be written twice: a runner
//! that dies here does the same again after its restart.

use std::path::Path;

use serde_json::{Value, json};

use super::agent_watch::{AgentWatch, shown};
use super::checking;
use super::containers;
use super::create::digest;
use super::job::Job;
use super::prompt::task_of;
use super::{harness, images, score, three_way};
use crate::agent::{End, Live};
use crate::artifact::{ArtifactError, Finished};
use crate::bench::{Output, classify, first_cause, read, take_most, timeout_of};
use crate::domain::{
    AgentKind, ArmDetail, AttemptId, BenchKind, Cause, CheckDetail, ChildEnd, EndCause, FailureClass, Metric, Stage, StageDetail, StageEnd,
    StageOutcome, is_measured,
};
use crate::host::clock;
use crate::host::files::{self, Links};
use crate::model::{Item, Run, StageState};
use crate::patch::{Climbed, changed_files, glance};
use crate::text::duration::short;
use crate::text::mask::Masker;

/// How much of an output's end is read for its cause and its numbers, in bytes.
pub(super) const OUTPUT_TAIL: u64 = 1024 * 1024;

/// A larger patch is no work that anybody would measure, in bytes: it is not even read.
pub(super) const LARGEST_PATCH: u64 = 256 * 1024 * 1024;

/// What a stage's end is judged by.
#[derive(Debug)]
pub struct Case<'a> {
    /// The surroundings.
    pub job: &'a Job,
    /// The run.
    pub run: &'a Run,
    /// The item.
    pub item: &'a Item,
    /// The attempt.
    pub attempt: &'a AttemptId,
    /// The stage.
    pub stage: Stage,
    /// Hides secrets in what is quoted.
    pub masker: &'a Masker,
}

/// A failed stage.
pub fn failed(class: FailureClass, why: String, child: Option<ChildEnd>, detail: StageDetail) -> StageOutcome {
    let duration_ms = child.as_ref().map_or(0, |child| child.duration_ms);
    StageOutcome { end: StageEnd::Failed { class, why }, child, duration_ms, detail }
}

/// Judges the end of the stage's processes.
pub fn conclude(case: &Case<'_>, child: ChildEnd) -> StageOutcome {
    let duration_ms = child.duration_ms;
    let (end, detail) = match case.stage {
        Stage::Agent => agent(case, &child),
        Stage::Check => check(case, &child),
        Stage::Human | Stage::Baseline | Stage::Candidate if three_way::is_used(&case.job.config) => three_way::conclude(case, &child),
        stage if containers::is_arm(&case.job.config, stage) => containers::conclude(case, &child),
        Stage::Human | Stage::Baseline | Stage::Candidate => arm(case, &child),
        Stage::Score => score::conclude(case, &child),
        Stage::Pull => images::pulled(case, &child),
        Stage::Clean => images::pruned(case, &child),
        Stage::Worktree if harness::is_used(&case.job.config) => {
            harness::end::keep_edits(case);
            (plain(case, &child, FailureClass::GitError), StageDetail::Nothing)
        }
        Stage::Worktree => (plain(case, &child, FailureClass::GitError), StageDetail::Nothing),
    };
    StageOutcome { end, child: Some(child), duration_ms, detail }
}

/// The end where only the processes' own end counts; `class` is that of an ordinary error.
pub(super) fn plain(case: &Case<'_>, child: &ChildEnd, class: FailureClass) -> StageEnd {
    let failed = |class, why| StageEnd::Failed { class, why };
    match &child.cause {
        EndCause::Exited { code: 0 } => StageEnd::Done,
        EndCause::Exited { .. } => {
            let (cause, line) = case.first_cause();
            // git says of a full disk only that it can't write a file
            let full = class == FailureClass::GitError && files::is_full(&case.job.worktrees());
            let class = match cause {
                _ if full => FailureClass::NoSpace,
                // of an arm the table knows more than that it ended badly
                Some(known) if known == FailureClass::NoSpace || class == FailureClass::ArmCrashed => known,
                _ => class,
            };
            failed(class, format!("{}{}", child.cause.words(), line))
        }
        EndCause::Signalled { signal: 9 } => failed(FailureClass::Killed, "killed by signal 9 from outside".to_owned()),
        EndCause::Signalled { .. } | EndCause::NotStarted { .. } => failed(class, child.cause.words()),
        EndCause::Deadline => {
            let says = format!("did not end within its budget of {}", short(case.job.budget_ms(case.stage).unwrap_or_default()));
            match case.stage {
                Stage::Human | Stage::Baseline | Stage::Candidate => {
                    let late = timeout_of(&says, &case.printed().0);
                    failed(late.class, case.masker.mask(&late.evidence).into_owned())
                }
                Stage::Pull => failed(FailureClass::TimeoutPull, says),
                Stage::Agent => failed(FailureClass::TimeoutAgent, says),
                _ => failed(class, says),
            }
        }
        EndCause::Stopped => stopped(case),
        EndCause::Lost => failed(FailureClass::Killed, "its keeper was killed from outside".to_owned()),
    }
}

/// Stopped by whom: a budget makes it a failure, a person a stop, and a runner that leaves an interruption.
pub(super) fn stopped(case: &Case<'_>) -> StageEnd {
    let live = case.item.last_attempt().and_then(|last| last.stage(case.stage)).map(|record| &record.state);
    match live {
        Some(StageState::Running { stopping: Some((Some(class), why)), .. }) => StageEnd::Failed { class: *class, why: why.clone() },
        Some(StageState::Running { stopping: Some((None, why)), .. }) => StageEnd::Stopped { why: why.clone() },
        _ => StageEnd::Interrupted { why: "the runner was told to end".to_owned() },
    }
}

fn agent(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let read = read_agent(case);
    let reading = read.reading();
    let failed = |class, why: String| StageEnd::Failed { class, why: case.masker.mask(&why).into_owned() };
    let api_or = |class, text: &str| {
        let (class, line) = classify(text).unwrap_or((class, text.lines().next().unwrap_or_default()));
        failed(class, format!("the agent's run failed: {}", clip(line)))
    };
    if matches!(child.cause, EndCause::NotStarted { .. })
        && !harness::is_used(&case.job.config)
        && swapped(case).is_none()
        && let Err(error) = write_not_started(case, child)
    {
        let why = format!("can't write the item's journal: {error}");
        return (StageEnd::Failed { class: FailureClass::AgentNotFound, why }, StageDetail::Nothing);
    }
    let end = match (&child.cause, reading.state()) {
        (_, live) if harness::is_used(&case.job.config) => harness::end::judge(case, child, &live),
        (EndCause::Exited { .. }, Live::Ended(End::StepError(text) | End::Failed(text) | End::Stopped(text))) => {
            api_or(FailureClass::AgentCrashed, &text)
        }
        (EndCause::Exited { .. }, Live::Ended(End::MaxSteps)) => {
            failed(FailureClass::AgentBudget, "the agent's own step limit ran out".to_owned())
        }
        (EndCause::Exited { .. }, Live::Ended(End::OwnBudget(text))) => {
            failed(FailureClass::AgentBudget, format!("the agent's own budget ran out: {}", clip(&text)))
        }
        (EndCause::Exited { code: 0 }, _) => StageEnd::Done,
        (EndCause::Exited { .. }, _) => {
            let (class, line) = case.first_cause();
            failed(class.unwrap_or(FailureClass::AgentCrashed), format!("{}{line}", child.cause.words()))
        }
        (EndCause::NotStarted { error }, _) => failed(FailureClass::AgentNotFound, error.clone()),
        (EndCause::Deadline, _) => failed(
            FailureClass::AgentBudget,
            format!("time budget: {} (budget.agent)", short(case.job.config.budget_ms(Stage::Agent).unwrap_or_default())),
        ),
        _ => plain(case, child, FailureClass::AgentCrashed),
    };
    // an agent that was killed while it wrote leaves half a file, and one may remove it: what was counted before stands
    let counted = case.item.totals().unwrap_or_default();
    let totals = reading.totals();
    (end, StageDetail::Agent(if totals.steps >= counted.steps { totals } else { counted }))
}

/// What the agent wrote, read once more: the last lines may have come after the last look. An adapter that panics has
/// read nothing.
fn read_agent(case: &Case<'_>) -> AgentWatch {
    let watch = || AgentWatch::of(case.job, case.run, case.item);
    let mut read = watch();
    match read.look_to_the_end() {
        Ok(_) => read,
        Err(says) => {
            tracing::error!("a defect of isobench-tui: the adapter of {}'s agent panicked: {says}", case.attempt);
            watch()
        }
    }
}

fn check(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let end = plain(case, child, FailureClass::GitError);
    if end != StageEnd::Done {
        return (end, StageDetail::Nothing);
    }
    let folder = case.job.folder.stage(case.attempt, Stage::Check);
    let patch = match files::read(&folder.join("model_patch.diff"), LARGEST_PATCH, Links::Refused) {
        Ok(patch) => patch,
        Err(error) => {
            let why = format!("can't read the patch in {}: {error}", folder.display());
            return (StageEnd::Failed { class: FailureClass::Unknown, why }, StageDetail::Nothing);
        }
    };
    let expected = checking::expected(&folder);
    let agent_end = case.item.last_attempt().and_then(|last| last.outcome(Stage::Agent)).and_then(|outcome| outcome.child.as_ref());
    let cause = agent_end.map(|end| &end.cause);
    let mut climbed = glance(cause, &patch, &expected, "the check came to a bad end: see its err");
    if let Some(whole) = checking::climbed(&folder) {
        // that process does not know how the agent ended
        let exited = climbed.rungs.into_iter().take(1);
        climbed = Climbed { rungs: exited.chain(whole.rungs.into_iter().skip(1)).collect(), ..whole };
    }
    for rung in &mut climbed.rungs {
        rung.evidence = case.masker.mask(&rung.evidence).into_owned();
    }
    if let (true, Some(child)) = (harness::is_used(&case.job.config), agent_end)
        && let Some(exited) = climbed.rungs.first_mut()
    {
        *exited = harness::end::exited(case, child);
    }
    let nothing = climbed.nothing.take();
    let text = String::from_utf8_lossy(&patch);
    let files = changed_files(&text);
    let secrets = checking::secrets(case.masker, &text, &files);
    let detail = CheckDetail { secrets, ..climbed.into_detail(digest(&patch), &patch) };
    let changed: Vec<String> = files.into_iter().map(|file| file.path).collect();
    if let Some(why) = swapped(case) {
        return (StageEnd::Failed { class: FailureClass::AgentCrashed, why }, StageDetail::Check(detail));
    }
    // a skipped item gets no journal, and its patch lies with the attempt; one that a policy skipped keeps it in its folder too
    if (case.item.skipping.is_none() || case.item.is_skipped_as_stuck())
        && let Err(error) = write_harness_files(case, &Brought { patch: &patch, changed: &changed, expected: &expected, detail: &detail })
    {
        let why = format!("can't write the item's files: {error}");
        let class = classify(&why).map_or(FailureClass::Unknown, |(class, _)| class);
        return (StageEnd::Failed { class, why }, StageDetail::Check(detail));
    }
    let end = match nothing {
        Some((class, why)) => StageEnd::Failed { class, why },
        None => StageEnd::Done,
    };
    (end, StageDetail::Check(detail))
}

/// Whether the item's folder is another one than we made, in words: nothing may be written or removed there then.
fn swapped(case: &Case<'_>) -> Option<String> {
    let folder = case.job.item_folder(case.run, &case.item.id);
    let to = folder.swapped_for().or_else(|| case.job.checkout.leads_out(&folder.path))?;
    let says = format!("the agent replaced its item folder by a link to {}: nothing was written there", to.display());
    Some(case.masker.mask(&crate::text::clean::line(&says)).into_owned())
}

/// What an agent brought, for the item's files.
struct Brought<'a> {
    patch: &'a [u8],
    /// Files that the patch changes.
    changed: &'a [String],
    /// Files that the human's commit changes.
    expected: &'a [String],
    detail: &'a CheckDetail,
}

fn write_harness_files(case: &Case<'_>, brought: &Brought<'_>) -> Result<(), ArtifactError> {
    let (job, run, item) = (case.job, case.run, case.item);
    let folder = job.item_folder(run, &item.id);
    folder.keep_shown(shown(job, run, item).as_ref())?;
    if harness::is_used(&job.config) {
        return harness::end::keep_findings(case, brought.detail);
    }
    let Some(agent) = item.last_attempt().and_then(|last| last.outcome(Stage::Agent)) else { return Ok(()) };
    let Some(child) = &agent.child else { return Ok(()) };
    if let Some(ran) = job.ran(item, Stage::Agent) {
        let (out, err) = (ran.join("out"), ran.join("err"));
        match job.config.agent.kind {
            AgentKind::ClaudeCode => folder.keep_claude_code_output(&out, &err)?,
            // the harness's own names
            AgentKind::CodexCli | AgentKind::Openhands => folder.keep_output("openhands", &out, &err)?,
            kind @ (AgentKind::Trae | AgentKind::Codex) => folder.keep_output(kind.name(), &out, &err)?,
            AgentKind::Command => folder.keep_output(&run.agent, &out, &err)?,
        }
    }
    let ours = json!({
        "run": job.folder.run_id().0,
        "attempt": case.attempt.n,
        "agent_end": agent.end,
        "rungs": brought.detail.rungs,
        "patch_digest": brought.detail.patch_digest,
        "secrets": brought.detail.secrets,
        "prompt": item.last_attempt().and_then(|last| last.asked.as_ref()),
    });
    let ours = with_sentences(ours, item);
    finish(case, child, brought, ours)
}

/// What we know of an item, with what the detectors said of its agent.
pub(super) fn with_sentences(mut ours: Value, item: &Item) -> Value {
    let said = item.last_attempt().map(|last| json!(last.sentences()));
    if let (Some(ours), Some(Value::Object(said))) = (ours.as_object_mut(), said) {
        ours.extend(said);
    }
    ours
}

/// An agent that could not be started has a journal too, and no work that could be checked.
fn write_not_started(case: &Case<'_>, child: &ChildEnd) -> Result<(), ArtifactError> {
    let nothing = Brought { patch: &[], changed: &[], expected: &[], detail: &CheckDetail::default() };
    case.job.item_folder(case.run, &case.item.id).keep_shown(shown(case.job, case.run, case.item).as_ref())?;
    let prompt = case.item.last_attempt().and_then(|last| last.asked.as_ref());
    finish(case, child, &nothing, json!({"run": case.job.folder.run_id().0, "attempt": case.attempt.n, "prompt": prompt}))
}

#[expect(clippy::cast_precision_loss, reason = "seconds since the epoch, as the harness writes them")]
fn finish(case: &Case<'_>, child: &ChildEnd, brought: &Brought<'_>, ours: Value) -> Result<(), ArtifactError> {
    let (job, run, item) = (case.job, case.run, case.item);
    let task = task_of(&job.checkout, &job.config, &run.task_id).ok().flatten();
    let reading = read_agent(case);
    let named = task.as_ref().map(|task| task.target_files.as_slice()).filter(|files| !files.is_empty());
    job.item_folder(run, &item.id).finish(&Finished {
        repo: &run.repo,
        task_id: &run.task_id,
        item: &item.id,
        human: &item.human,
        parent: &item.parent,
        kind: job.config.agent.kind,
        agent: &run.agent,
        model: &run.model,
        real_model: reading.reading().model(),
        timestamp: &job.timestamp,
        cli: &job.program(),
        time_budget_minutes: job.config.budget.agent,
        cause: &child.cause,
        duration_ms: child.duration_ms.saturating_sub(child.frozen_ms),
        patch: brought.patch,
        changed: brought.changed,
        targets: named.unwrap_or(brought.expected),
        strict: task.as_ref().is_some_and(|task| task.strict_targets),
        is_skipped: item.is_skipped_as_stuck(),
        ours,
        written: clock::now().as_millisecond() as f64 / 1000.0,
        masker: case.masker,
    })
}

fn arm(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let (out, err) = case.printed();
    let mut output = read(&out);
    if output.failure.is_some() || output.kind == Some(BenchKind::PrefixCaching) {
        // progress bars with rates, and what went wrong, go to stderr; numbers that nobody knows count on stdout alone
        let both = read(&format!("{out}\n{err}"));
        if both.kind.is_some() || both.metrics.is_empty() {
            output = both;
        }
    }
    let Output { kind, metrics, workload, flags, failure, .. } = output;
    // a count may be 0, a time or a rate that is 0 was not measured
    let metrics: Vec<Metric> =
        metrics.into_iter().filter(|metric| metric.unit.is_empty() || is_measured(&metric.name, metric.value)).collect();
    let patched = case.stage == Stage::Candidate;
    let class = match child.command {
        0 => FailureClass::GitError,
        1 if patched => FailureClass::PatchDoesNotApply,
        _ => FailureClass::ArmCrashed,
    };
    let end = match (plain(case, child, class), failure) {
        (StageEnd::Done, Some(Cause { class: FailureClass::NoMetrics, .. })) => StageEnd::Failed {
            class: FailureClass::NoMetrics,
            why: "the command ended well and printed no number above 0 with a unit".to_owned(),
        },
        // an exit code of 0 makes no success of it
        (StageEnd::Done, Some(Cause { class, evidence })) => StageEnd::Failed { class, why: case.masker.mask(&evidence).into_owned() },
        (StageEnd::Done, None) if child.frozen_ms > 0 => StageEnd::Failed {
            class: FailureClass::Tainted,
            why: format!("frozen for {} while it measured: its numbers are invalid", short(child.frozen_ms)),
        },
        (end, _) => end,
    };
    let workload = Some(workload).filter(|workload| !workload.is_empty());
    let model = workload.as_ref().and_then(|workload| workload.model.clone());
    (end, StageDetail::Arm(ArmDetail { kind, model, workload, flags, ..take_most(metrics) }))
}

impl Case<'_> {
    /// The ends of what the stage's processes wrote: stdout and stderr.
    fn printed(&self) -> (String, String) {
        let folder = self.job.folder.stage(self.attempt, self.stage);
        let read = |name: &str| files::tail(&folder.join(name), OUTPUT_TAIL).unwrap_or_default();
        (read("out"), read("err"))
    }

    /// The cause that the stage's output names first, and the line to quote: that one, or the last of stderr.
    fn first_cause(&self) -> (Option<FailureClass>, String) {
        let (out, err) = self.printed();
        let quote = |line: &str| format!(": {}", clip(&self.masker.mask(&crate::text::clean::line(line))));
        if self.stage.arm().is_some() {
            if let Some(cause) = first_cause(&format!("{out}\n{err}")) {
                return (Some(cause.class), quote(&cause.evidence));
            }
        } else if let Some((class, line)) = classify(&err).or_else(|| classify(&out)) {
            return (Some(class), quote(line));
        }
        let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(quote);
        (None, last(&err).or_else(|| last(&out)).unwrap_or_default())
    }
}

/// A line of output as part of a sentence.
pub(super) fn clip(line: &str) -> String {
    crate::text::width::clip(line.trim(), 300).into_owned()
}

/// Whether the folder of a stage was ever made.
pub fn was_begun(folder: &Path) -> bool {
    folder.join("spec.json").exists() || folder.join("lock").exists()
}
