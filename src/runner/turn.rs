//! The runner's loop.

mod agent;
mod arm;
mod end;
mod harness;
mod inbox;
mod recover;

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::agent_watch::AgentWatch;
use super::conclude::failed;
use super::containers;
use super::detection::ends_of;
use super::gate::Gate;
use super::harness::HarnessWatch;
use super::live::{Live, Work};
use super::sampling::Sampling;
use super::signals::{Leaving, Signals};
use super::stages::{Begun, begin, set_round_aside, sweep};
use super::{Job, RunnerError};
use crate::detect::silence::Usual;
use crate::detect::systemic::Batch;
use crate::domain::{AttemptId, FailureClass, OutsidePause, Stage, StageDetail, StageOutcome};
use crate::host::clock;
use crate::host::disk;
use crate::host::environment::{secrets, variables as environment_variables};
use crate::host::gpu_lock::Gpu;
use crate::host::launch::{self, Environment};
use crate::host::stage_folder::Spec;
use crate::host::watch::{Heed, Watch};
use crate::ledger::lock::Taken;
use crate::ledger::{By, Entry, Fact, LedgerError, RunnerLock, Tail, Writer};
use crate::model::{Follower, Run, StageState};
use crate::plan::eta::next_time_of_day;
use crate::plan::next::{Limits, Next, next};
use crate::plan::room;
use crate::text::mask::Masker;
use crate::watch::Detection;

/// How long a runner that was told to leave at once waits for its live stage: the grace of its processes, and some.
const PATIENCE: Duration = Duration::from_secs(12);

/// Every reader looks this often, hint or no hint.
const BACKSTOP: Duration = Duration::from_secs(1);

/// While an arm waits in its keeper for its GPUs, its beginning is noticed within this.
const CLAIM_LOOK: Duration = Duration::from_millis(100);

/// The agent's file is read at most this often: it is rewritten several times a step.
const AGENT_LOOK: Duration = Duration::from_millis(250);

/// The agent's counts become a fact at most this often.
const AGENT_FACT_MS: u64 = 1_000;

/// Who hears of each fact: the headless printer.
pub type Report<'a> = &'a mut dyn FnMut(&Entry, &Run);

/// How a runner ended.
#[derive(Debug)]
pub struct Ended {
    /// The run as it is now.
    pub run: Run,
    /// Whether everything was done.
    pub finished: bool,
}

struct Turn<'a> {
    job: Job,
    run: Run,
    writer: Writer,
    inbox: Tail,
    live: Option<Live>,
    agent: Option<AgentWatch>,
    detection: Option<Detection>,
    /// What pauses are usual for the run's agents.
    usual: Usual,
    /// How its items ended so far.
    ends: Batch,
    /// The agent that seems to have done nothing, until the check says whether it left a patch.
    idle: Option<(AttemptId, StageOutcome)>,
    harness: Option<HarnessWatch>,
    agent_fact_at: u64,
    agent_look: AgentLook,
    watch: Watch,
    hints: mpsc::Receiver<()>,
    signals: Signals,
    leaving: Leaving,
    told_now: Instant,
    until: Option<Timestamp>,
    room: Option<(Instant, Option<u64>)>,
    masker: Masker,
    sampling: Sampling,
    gate: Gate,
    /// Whether the live stage may still wait in its keeper for its GPUs.
    claims: bool,
    /// The pauses of the live arm's container that nobody of us asked for, as far as they are on record.
    outside: Option<OutsidePause>,
    report: Report<'a>,
}

/// A burst of saves is one look.
struct AgentLook {
    last: Instant,
    next: Option<Instant>,
}

/// What the loop waits for.
enum Settled {
    Until(Option<Timestamp>),
    Leave,
    Over,
}

/// Drives a run to its end, or until it is told to leave. `lift_pause` names who wants a paused run to go on.
pub async fn drive(job: Job, lift_pause: Option<By>, report: Report<'_>) -> Result<Ended, RunnerError> {
    // what was asked before the lock was taken was asked of another runner
    let started = clock::now();
    let lock = match RunnerLock::take(&job.folder)? {
        Taken::Ours(lock) => lock,
        Taken::Held { pid } => return Err(RunnerError::Held { run: job.folder.run_id().0, pid }),
    };
    let (mut writer, torn) = match Writer::open(&job.folder, lock) {
        Err(LedgerError::Taken { .. }) => return Err(RunnerError::Held { run: job.folder.run_id().0, pid: None }),
        opened => opened?,
    };
    let run = Follower::load(&job.folder).map_err(|source| RunnerError::Process { doing: "read the ledger", source })?;
    if run.created.is_none() {
        return Err(RunnerError::Empty { run: job.folder.run_id().0 });
    }
    writer.go_on_after(run.seq);
    let signals = Signals::new().map_err(|source| RunnerError::Process { doing: "take over the signals", source })?;
    // one hint is as good as a thousand
    let (hint, hints) = mpsc::channel(1);
    let mut watch = Watch::new(Heed::Closed, move |_| {
        let _ = hint.try_send(());
    });
    watch.always(job.folder.path());
    let until = job.config.limits.until.as_deref().and_then(|until| next_time_of_day(until, clock::now(), &TimeZone::system()));
    let inbox = Tail::new(job.folder.requests());
    let checkout = job.checkout.clone();
    let ends = ends_of(&run);
    let sampling = Sampling::start(&job);
    let gate = Gate::new(&job);
    let mut turn = Turn {
        job,
        run,
        writer,
        inbox,
        live: None,
        agent: None,
        detection: None,
        usual: Usual::default(),
        ends,
        idle: None,
        harness: None,
        agent_fact_at: 0,
        agent_look: AgentLook { last: Instant::now(), next: None },
        watch,
        hints,
        signals,
        leaving: Leaving::Stays,
        told_now: Instant::now(),
        until,
        room: None,
        masker: Masker::new(environment_variables(), secrets(&checkout.env_folders())),
        sampling,
        gate,
        claims: false,
        outside: None,
        report,
    };
    // what a run is made with was looked at just before
    let is_resumed = turn.run.runner.is_some();
    let boot = clock::boot_id();
    turn.record(Fact::RunnerStarted { pid: std::process::id(), boot, version: env!("CARGO_PKG_VERSION").to_owned() }).await?;
    if let Some(torn) = torn {
        turn.record(Fact::TailHealed { offset: torn.offset, bytes: torn.bytes }).await?;
    }
    turn.recover().await?;
    turn.read_inbox(Some(started)).await?;
    if is_resumed {
        turn.free().await?;
    }
    if let Some(by) = lift_pause.filter(|_| turn.run.pause.is_some()) {
        turn.record(Fact::Resumed { by }).await?;
    }
    let finished = turn.turn().await?;
    let why = if finished { "everything is done" } else { "told to leave" };
    turn.record(Fact::RunnerStopped { why: why.to_owned() }).await?;
    Ok(Ended { run: turn.run, finished })
}

impl Turn<'_> {
    /// Runs until everything is done (true) or it is told to leave (false).
    async fn turn(&mut self) -> Result<bool, RunnerError> {
        loop {
            let until = match self.settle().await? {
                Settled::Over => {
                    sweep(&self.job, &self.run);
                    if containers::is_used(&self.job.config) {
                        containers::sweep(&self.job).await;
                    }
                    return Ok(true);
                }
                Settled::Leave => return Ok(false),
                Settled::Until(until) => until,
            };
            self.sampling.look();
            self.wait(until).await?;
        }
    }

    /// Plans and acts until nothing more can be done at once.
    async fn settle(&mut self) -> Result<Settled, RunnerError> {
        loop {
            self.obey().await;
            let free = self.look_at_room();
            let limits = Limits { config: &self.job.config, until: self.until, free };
            let now_what = next(&self.run, &limits, clock::now());
            if self.leaving == Leaving::Now && self.told_now.elapsed() > PATIENCE {
                // a keeper that can't write its stage's end (a full disk) keeps it; the next runner takes it up
                return Ok(Settled::Leave);
            }
            if self.leaving != Leaving::Stays && self.live.is_none() {
                // an attempt whose last stage is over has come to its end: that is still said
                return match now_what {
                    Next::Record(facts) if matches!(facts.first(), Some(Fact::AttemptFinished { .. })) => {
                        for fact in facts {
                            self.record(fact).await?;
                        }
                        Ok(Settled::Leave)
                    }
                    _ => Ok(Settled::Leave),
                };
            }
            match now_what {
                Next::Record(facts) => {
                    for fact in facts {
                        self.record(fact).await?;
                    }
                }
                Next::Start { attempt, stage } => match self.may_begin(&attempt, stage).await? {
                    Ok(gpus) => self.start(attempt, stage, gpus).await?,
                    Err(again) => return Ok(Settled::Until(Some(again))),
                },
                Next::Busy => return Ok(Settled::Until(None)),
                Next::Wait { until, .. } => return Ok(Settled::Until(until)),
                Next::Over => return Ok(Settled::Over),
            }
        }
    }

    /// Waits for the next happening and puts it on record.
    async fn wait(&mut self, until: Option<Timestamp>) -> Result<(), RunnerError> {
        let patience = until.map_or(BACKSTOP, |until| {
            let left = until.duration_since(clock::now());
            Duration::try_from(left).unwrap_or(Duration::ZERO).min(BACKSTOP)
        });
        let backstop = Instant::now() + if self.claims { patience.min(CLAIM_LOOK) } else { patience };
        let wake = self.agent_look.next.map_or(backstop, |look| look.min(backstop));
        let live = async {
            match &mut self.live {
                Some(live) => live.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            leaving = self.signals.next(self.leaving) => {
                if leaving == Leaving::Now && self.leaving != Leaving::Now {
                    self.told_now = Instant::now();
                }
                self.leaving = self.leaving.max(leaving);
                return Ok(());
            }
            end = live => return self.work_ended(end).await,
            Some(()) = self.hints.recv() => {
                self.agent_look.next.get_or_insert(self.agent_look.last + AGENT_LOOK);
            }
            () = sleep_until(wake) => self.agent_look.next = Some(wake),
        }
        if self.agent_look.next.is_some_and(|look| look <= Instant::now()) {
            self.agent_look = AgentLook { last: Instant::now(), next: None };
            self.look_at_harness(false).await?;
            self.look_at_agent().await?;
        }
        self.look_at_claim().await?;
        self.look_at_arm().await?;
        self.read_inbox(None).await
    }

    /// Bytes free on the disk that an item waits for: looked at while one does, and at most once a second.
    fn look_at_room(&mut self) -> Option<u64> {
        let Some(disk) = room::disk(&self.run) else {
            self.room = None;
            return None;
        };
        match self.room {
            Some((at, free)) if at.elapsed() < BACKSTOP => free,
            _ => {
                let free = disk::room_in(disk).ok().map(|room| room.bytes);
                self.room = Some((Instant::now(), free));
                free
            }
        }
    }

    /// Makes the live stage follow the model.
    async fn obey(&mut self) {
        let Some(live) = &mut self.live else { return };
        let state = self.run.live_stage().map(|(_, record)| &record.state);
        let (stop, freeze) = match state {
            Some(StageState::Running { stopping, frozen, .. }) => (stopping.is_some(), frozen.is_some()),
            _ => (false, false),
        };
        if let Err(error) = live.obey(stop || self.leaving == Leaving::Now, freeze).await {
            tracing::error!("{}/{}: {error}", live.attempt, live.stage);
        }
    }

    /// Starts a stage: on record first, then in the world.
    async fn start(&mut self, attempt: AttemptId, stage: Stage, gpus: Vec<Gpu>) -> Result<(), RunnerError> {
        // people know the budget that they set; the margin that ISO-Bench's own script has on top is for its keeper
        let budget_ms = self.job.config.budget_ms(stage);
        if let Some(item) = self.run.item(&attempt.item) {
            // before it is on record: a runner that dies then must not take the end of the round before for that of this one
            set_round_aside(&self.job, item, &attempt, stage);
        }
        self.record(Fact::StageStarting { item: attempt.item.clone(), n: attempt.n, stage, budget_ms }).await?;
        let Some(item) = self.run.item(&attempt.item) else { return Ok(()) };
        let (spec, environment) = match begin(&self.job, &self.run, item, (&attempt, stage), &gpus) {
            Begun::Over(outcome) => return self.finish(attempt, stage, outcome).await,
            Begun::Task(task, then) => {
                self.live = Some(Live { attempt, stage, work: Work::Task(task, then), before: None });
                return Ok(());
            }
            Begun::Commands(spec, environment, facts) => {
                for fact in facts {
                    self.record(fact).await?;
                }
                self.with_gpus(spec, environment, gpus)
            }
        };
        self.launch(attempt, stage, spec, environment, None).await
    }

    /// Starts a stage's processes, after our own work where there was some.
    async fn launch(
        &mut self,
        attempt: AttemptId,
        stage: Stage,
        spec: Spec,
        environment: Environment,
        before: Option<Box<StageOutcome>>,
    ) -> Result<(), RunnerError> {
        let folder = self.job.folder.stage(&attempt, stage);
        match launch::launch(&self.job.binary, &folder, &spec, &environment) {
            Ok(kept) => {
                self.claims = !spec.gpus.is_empty();
                let pid = u32::try_from(kept.pid()).unwrap_or_default();
                self.live =
                    Some(Live { attempt: attempt.clone(), stage, work: Work::Kept { kept, stopped: false, frozen: false }, before });
                self.record(Fact::StageStarted { item: attempt.item.clone(), n: attempt.n, stage, pid }).await?;
                // asks git what the detectors want to know, which takes a moment
                self.watch_agent(&attempt.item, stage);
                self.watch_harness(&attempt, stage);
                Ok(())
            }
            Err(error) => {
                let says = error.to_string();
                let class = crate::bench::classify(&says).map_or(FailureClass::Unknown, |(class, _)| class);
                let outcome = failed(class, format!("its keeper can't be started: {says}"), None, StageDetail::Nothing);
                self.finish(attempt, stage, end::joined(before, outcome)).await
            }
        }
    }

    /// Appends a fact, waiting for room where the disk is full, and folds it.
    async fn record(&mut self, fact: Fact) -> Result<(), RunnerError> {
        let mut first: Option<(u64, String)> = None;
        let entry = loop {
            match self.writer.append(clock::now(), clock::up_ms(), fact.clone()) {
                Ok(entry) => break entry,
                // what is not there any more does not come back
                Err(error @ LedgerError::Damaged { .. }) => return Err(error.into()),
                Err(error) => {
                    if first.is_none() {
                        tracing::error!("{error}; trying again until it works");
                        let says = format!("isobench-tui: {error}: free space there; the run goes on by itself (Ctrl-C leaves it)");
                        let _ = writeln!(io::stderr(), "{}", crate::text::clean::shown_lines(&says));
                    }
                    first.get_or_insert_with(|| (clock::up_ms(), error.to_string()));
                    tokio::select! {
                        leaving = self.signals.next(self.leaving) => {
                            // nothing can be put on record: what is on disk is the truth that the next runner finds
                            self.leaving = leaving;
                            return Err(error.into());
                        }
                        () = sleep(Duration::from_millis(500)) => {}
                    }
                }
            }
        };
        self.run.apply(&entry);
        (self.report)(&entry, &self.run);
        if let Some((since, error)) = first {
            let failed = Fact::AppendFailed { error, for_ms: clock::up_ms().saturating_sub(since) };
            if let Ok(entry) = self.writer.append(clock::now(), clock::up_ms(), failed) {
                self.run.apply(&entry);
                (self.report)(&entry, &self.run);
            }
        }
        Ok(())
    }
}
