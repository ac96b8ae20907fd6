//! Starting a run's runner: here, in the background, or in the background with a screen before it.

mod phases;

use std::fs::File;
use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use super::{Format, find, print_line, read, screen, status, tell, usage};
use anyhow::Context;
use phases::Phases;

use crate::domain::{ArmDetail, ItemId, Stage, StageDetail, StageOutcome};
use crate::exit::Exit;
use crate::host::detach;
use crate::ledger::{Entry, Fact, RunFolder, RunnerLock, regular};
use crate::model::Run;
use crate::runner::{Job, RunnerError, containers, drive};
use crate::text::clean;

/// Where a run is shown.
pub(super) enum Mode {
    /// Here, without a screen.
    Headless(Format),
    /// In the background.
    Detached,
    /// In the background, with a screen.
    Screen,
}

/// Whether a person sits here.
pub(super) fn on_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

impl Mode {
    /// As asked for; without a terminal a run is headless.
    pub(super) fn of(headless: bool, detach: bool, format: Format) -> Self {
        match (headless || !on_terminal(), detach) {
            (_, true) => Self::Detached,
            (true, false) => Self::Headless(format),
            (false, false) => Self::Screen,
        }
    }
}

/// Continues a run.
pub(super) fn resume(folder: RunFolder, mode: &Mode, keep_pause: bool) -> anyhow::Result<Exit> {
    match resumable(folder)? {
        Ok(job) => go(job, mode, keep_pause, None),
        Err((exit, says)) => {
            tell(format_args!("isobench-tui: {says}"));
            Ok(exit)
        }
    }
}

/// A run that a runner can be started for; else why it can't, and the exit code for that.
pub(super) fn resumable(folder: RunFolder) -> anyhow::Result<Result<Job, (Exit, String)>> {
    if let Some(pid) = RunnerLock::holder(&folder) {
        let says = RunnerError::Held { run: folder.run_id().0, pid: Some(pid) }.to_string();
        return Ok(Err((Exit::Held, says)));
    }
    match read::load(&folder) {
        Ok(run) if run.created.is_some() => {}
        Ok(_) => return Ok(Err((Exit::Usage, RunnerError::Empty { run: folder.run_id().0 }.to_string()))),
        Err(says) => return Ok(Err((Exit::Usage, says))),
    }
    match Job::open(folder, &find::binary()?) {
        Ok(job) => Ok(Ok(job)),
        Err(RunnerError::Ledger(error)) => Ok(Err((Exit::Usage, error.to_string()))),
        Err(error) => Err(error.into()),
    }
}

/// Starts the run's runner, here or in the background.
pub(super) fn go(job: Job, mode: &Mode, keep_pause: bool, alone: Option<File>) -> anyhow::Result<Exit> {
    match mode {
        Mode::Headless(format) => headless(job, *format, keep_pause, alone),
        Mode::Detached => {
            start_runner(&job.folder, keep_pause)?;
            print_line(format_args!("run {} goes on in the background: `isobench-tui attach {0}` shows it", job.folder.run_id()));
            Ok(Exit::Well)
        }
        Mode::Screen => {
            start_runner(&job.folder, keep_pause)?;
            drop(alone);
            screen::show(&job.folder)
        }
    }
}

/// Starts a runner in the background and waits until it holds the run. The run is named by its folder: its id may be that of a copy.
pub(super) fn start_runner(folder: &RunFolder, keep_pause: bool) -> anyhow::Result<()> {
    let path = std::path::absolute(folder.path())?.display().to_string();
    let mut arguments: Vec<String> = ["run", "--resume", &path, "--headless", "--own-session"].map(str::to_owned).to_vec();
    if keep_pause {
        arguments.push("--keep-pause".to_owned());
    }
    let mut child = detach::start(&find::binary()?, &arguments, &folder.log())?;
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience {
        if RunnerLock::holder(folder).is_some() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            // a run with nothing left to do ends as soon as it begins
            anyhow::ensure!(
                status.code().is_some_and(|code| code <= 1),
                "the runner ended at once ({status}): see {}",
                folder.log().display()
            );
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("the runner did not take the run within 20 s: see {}", folder.log().display())
}

fn headless(job: Job, format: Format, keep_pause: bool, mut alone: Option<File>) -> anyhow::Result<Exit> {
    let folder = job.folder.clone();
    let log = regular::open(File::options().append(true).create(true).mode(0o600), &folder.log())
        .with_context(|| format!("can't open {}", folder.log().display()))?;
    let _ = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Mutex::new(log)).try_init();
    tell(format_args!("run {} in {}", folder.run_id(), folder.path().display()));
    let by = (!keep_pause).then(find::me);
    let started = Instant::now();
    let phases = containers::is_used(&job.config).then(|| Phases::start(move |says| line(started, says))).flatten();
    let of = folder.clone();
    let mut report = |entry: &Entry, run: &Run| {
        // the first fact: the run has its runner
        alone = None;
        if let (Some(phases), crate::ledger::Body::Known(fact)) = (&phases, &entry.body) {
            phases.take(&of, fact, run);
        }
        progress(started, entry, run);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = match runtime.block_on(drive(job, by, &mut report)) {
        Ok(ended) => ended,
        Err(error @ RunnerError::Held { .. }) => {
            tell(format_args!("isobench-tui: {error}"));
            return Ok(Exit::Held);
        }
        Err(RunnerError::Ledger(error)) => return Ok(usage(error)),
        Err(error @ RunnerError::Empty { .. }) => return Ok(usage(error)),
        Err(error) => return Err(error.into()),
    };
    status::say(&folder, &ended.run, format)?;
    if !ended.finished {
        tell(format_args!("run {} is not finished: `isobench-tui run --resume {0}` continues it", folder.run_id()));
    }
    let bad = ["failed", "blocked", "stopped"].iter().any(|status| ended.run.count(status) > 0);
    Ok(if bad { Exit::ItemsFailed } else { Exit::Well })
}

/// One line a fact that people wait for.
fn progress(started: Instant, entry: &Entry, run: &Run) {
    if let Some(says) = told(entry, run) {
        line(started, &says);
    }
}

fn told(entry: &Entry, run: &Run) -> Option<String> {
    let crate::ledger::Body::Known(fact) = &entry.body else { return None };
    match fact.as_ref() {
        Fact::AttemptStarted { item, n, from } if *n > 1 => Some(format!("{item}: attempt {n} from {from}")),
        Fact::StageStarting { item, stage, .. } => Some(stage_of(run, item, *stage)),
        Fact::StageFinished {
            item,
            stage,
            outcome: StageOutcome { detail: StageDetail::Arm(ArmDetail { reused: Some(reused), .. }), .. },
            ..
        } => Some(format!("{}: {}", stage_of(run, item, *stage), reused.says())),
        Fact::AttemptFinished { item, .. } => {
            let item = run.item(item)?;
            Some(format!("{}: {}  {}", item.id, item.status(), crate::report::table::result(run, item)).trim_end().to_owned())
        }
        _ => run.notes.last().filter(|(at, _)| *at == entry.at).map(|(_, note)| crate::report::by_command(note)),
    }
}

/// `night-0001: candidate`; of an arm that is measured several times, which time: `night-0001: candidate, round 2 of 3`.
fn stage_of(run: &Run, item: &ItemId, stage: Stage) -> String {
    let record = || run.item(item)?.last_attempt()?.stage(stage);
    let round = record().map_or_else(String::new, |record| record.in_round(run.repeat));
    format!("{item}: {stage}{round}")
}

/// A line with the seconds since the start.
fn line(started: Instant, says: &str) {
    tell(format_args!("{:>7.1}s  {}", started.elapsed().as_secs_f64(), clean::shown(says)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Reused, StageEnd};
    use crate::host::clock;

    #[test]
    fn an_arm_that_is_not_measured_says_where_its_numbers_are_from() {
        let reused = Reused { file: "/r/8a1f_human_result.json".to_owned(), run: Some("2026-11-21_09-30-12-3fa9".to_owned()), at: None };
        let detail = StageDetail::Arm(ArmDetail { reused: Some(reused), ..ArmDetail::default() });
        let outcome = StageOutcome { end: StageEnd::Done, child: None, duration_ms: 0, detail };
        let fact = Fact::StageFinished { item: ItemId("night-0001".to_owned()), n: 1, stage: Stage::Human, outcome };
        let entry = Entry { seq: 1, at: clock::now(), up_ms: 1, body: crate::ledger::Body::Known(Box::new(fact)) };
        let says = "night-0001: human: taken from /r/8a1f_human_result.json of run 2026-11-21_09-30-12-3fa9";
        assert_eq!(told(&entry, &Run::default()).as_deref(), Some(says));
    }
}
