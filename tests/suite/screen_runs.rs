//! Runs in all their states, made of facts: for screens without a runner.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "a test may fail loudly"
)]

use isobench_tui::domain::{
    AgentTotals, Answer, ArmDetail, CheckDetail, Detector, Direction, Evidence, FailureClass, Finding, ItemId, Level, Metric, PromptSource,
    Remark, Rung, RungAnswer, ScoreDetail, Stage, StageDetail, StageEnd, StageOutcome, Standing, Usage, Verdict,
};
use isobench_tui::ledger::fact::{AttemptEnd, Blocked};
use isobench_tui::ledger::lock::Taken;
use isobench_tui::ledger::{By, Entry, Fact, PlannedItem, RunFolder, RunPlan, RunnerLock, Writer};
use isobench_tui::model::Run;
use jiff::{SignedDuration, Timestamp};

/// When the runs of the tests began.
pub(crate) fn base() -> Timestamp {
    "2026-11-21T09:30:12Z".parse().unwrap()
}

/// Facts with the second at which each happened.
pub(crate) struct Story {
    pub(crate) facts: Vec<(u64, Fact)>,
    clock: u64,
}

pub(crate) fn ann() -> By {
    By::Person { user: "ann".to_owned(), host: "box".to_owned(), tty: Some("pts/3".to_owned()) }
}

pub(crate) fn id(n: usize) -> ItemId {
    ItemId(format!("vllm_core-{n:04}"))
}

fn sha(n: usize, salt: u64) -> String {
    format!("{:016x}{:024x}", (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt, n)
}

impl Story {
    /// A run of so many items, with its runner.
    pub(crate) fn of(items: usize) -> Self {
        let items = (1..=items).map(|n| PlannedItem { item: id(n), human: sha(n, 1), parent: sha(n, 77), blocked: None }).collect();
        Self::planned(items)
    }

    pub(crate) fn planned(items: Vec<PlannedItem>) -> Self {
        let plan = RunPlan {
            plan: "plans/vllm_core.json".to_owned(),
            digest: "d1".repeat(32),
            selection: None,
            repo: "vllm".to_owned(),
            task_id: "vllm_core".to_owned(),
            agent: "trae".to_owned(),
            model: "claude-sonnet-4-5".to_owned(),
            stages: Stage::PROCESS.to_vec(),
            repeat: 1,
            items,
        };
        let mut story = Self { facts: Vec::new(), clock: 0 };
        story.push(Fact::RunCreated(plan));
        story.push(Fact::RunnerStarted { pid: 4711, boot: "b".to_owned(), version: "0.1.0".to_owned() });
        story
    }

    /// Each arm is measured so often.
    pub(crate) fn repeated(mut self, times: u32) -> Self {
        if let Some((_, Fact::RunCreated(plan))) = self.facts.first_mut() {
            plan.repeat = times;
        }
        self
    }

    pub(crate) fn push(&mut self, fact: Fact) -> &mut Self {
        self.facts.push((self.clock, fact));
        self
    }

    pub(crate) fn wait(&mut self, seconds: u64) -> &mut Self {
        self.clock += seconds;
        self
    }

    pub(crate) fn attempt(&mut self, item: usize, n: u32, from: Stage) -> &mut Self {
        self.push(Fact::AttemptStarted { item: id(item), n, from })
    }

    pub(crate) fn start(&mut self, item: usize, n: u32, stage: Stage) -> &mut Self {
        let budget_ms = (stage == Stage::Agent).then_some(3_600_000);
        self.push(Fact::StageStarting { item: id(item), n, stage, budget_ms });
        if stage == Stage::Agent {
            let digest = "1a2b3c4d".repeat(8);
            self.push(Fact::AgentAsked { item: id(item), n, source: PromptSource::Template, from: None, digest });
        }
        self.push(Fact::StageStarted { item: id(item), n, stage, pid: 9000 })
    }

    pub(crate) fn end(&mut self, item: usize, n: u32, stage: Stage, end: StageEnd, detail: StageDetail) -> &mut Self {
        let begun = self.facts.iter().rev().find(|(_, fact)| matches!(fact, Fact::StageStarting { stage: of, .. } if *of == stage));
        let duration_ms = begun.map_or(0, |(at, _)| (self.clock - at) * 1000);
        let outcome = StageOutcome { end, child: None, duration_ms, detail };
        self.push(Fact::StageFinished { item: id(item), n, stage, outcome })
    }

    /// A stage that takes so many seconds and does its work.
    pub(crate) fn stage(&mut self, item: usize, n: u32, stage: Stage, seconds: u64, detail: StageDetail) -> &mut Self {
        self.start(item, n, stage).wait(seconds).end(item, n, stage, StageEnd::Done, detail)
    }

    /// Worktree, agent and check.
    pub(crate) fn work(&mut self, item: usize, n: u32) -> &mut Self {
        self.attempt(item, n, Stage::Worktree);
        self.stage(item, n, Stage::Worktree, 2, StageDetail::Nothing);
        self.stage(item, n, Stage::Agent, 700 + 37 * item as u64, StageDetail::Agent(totals(40 + item as u32)));
        self.stage(item, n, Stage::Check, 1, StageDetail::Check(check(4)))
    }

    /// An item from its first to its last stage.
    pub(crate) fn done(&mut self, item: usize, against_human: f64) -> &mut Self {
        self.work(item, 1);
        for (stage, factor) in [(Stage::Human, 1.0), (Stage::Baseline, 1.25), (Stage::Candidate, 1.0 - against_human / 100.0)] {
            self.stage(item, 1, stage, 90, StageDetail::Arm(arm(factor)));
        }
        self.scored(item, 1, against_human)
    }

    /// What the arms came to, and the end of the item.
    pub(crate) fn scored(&mut self, item: usize, n: u32, against_human: f64) -> &mut Self {
        self.stage(item, n, Stage::Score, 0, StageDetail::Score(score(against_human)));
        self.stage(item, n, Stage::Clean, 1, StageDetail::Nothing);
        self.push(Fact::AttemptFinished { item: id(item), n, end: AttemptEnd::Done })
    }

    /// An item that fails in a stage.
    pub(crate) fn failed(&mut self, item: usize, n: u32, stage: Stage, class: FailureClass, why: &str) -> &mut Self {
        let end = StageEnd::Failed { class, why: why.to_owned() };
        self.attempt(item, n, Stage::Worktree);
        self.stage(item, n, Stage::Worktree, 2, StageDetail::Nothing);
        if stage > Stage::Agent {
            self.stage(item, n, Stage::Agent, 300, StageDetail::Agent(totals(12)));
        }
        self.start(item, n, stage).wait(5).end(item, n, stage, end, StageDetail::Nothing);
        self.push(Fact::AttemptFinished { item: id(item), n, end: AttemptEnd::Failed { class, why: why.to_owned() } })
    }

    /// The run that these facts tell.
    pub(crate) fn run(&self) -> Run {
        let mut run = Run::default();
        for (n, (at, fact)) in self.facts.iter().enumerate() {
            let line = Entry::encode(n as u64 + 1, moment(base(), *at), at * 1000, fact).unwrap();
            run.apply(&Entry::decode(std::str::from_utf8(&line).unwrap().trim_end()).unwrap());
        }
        run
    }

    /// The second of the last fact.
    pub(crate) fn now(&self) -> u64 {
        self.clock
    }

    /// Writes them as a run's ledger that began at `begin`; the writer holds the run's lock.
    pub(crate) fn write(&self, folder: &RunFolder, begin: Timestamp) -> Writer {
        std::fs::create_dir_all(folder.path()).unwrap();
        let Taken::Ours(lock) = RunnerLock::take(folder).unwrap() else { panic!("the lock is taken") };
        let (mut writer, _) = Writer::open(folder, lock).unwrap();
        for (at, fact) in &self.facts {
            writer.append(moment(begin, *at), at * 1000, fact.clone()).unwrap();
        }
        writer
    }
}

/// So many seconds after the beginning.
pub(crate) fn moment(begin: Timestamp, seconds: u64) -> Timestamp {
    begin + SignedDuration::from_secs(seconds as i64)
}

pub(crate) fn totals(steps: u32) -> AgentTotals {
    let usage = Usage { input: u64::from(steps) * 31_000, output: u64::from(steps) * 410, cached: 0 };
    AgentTotals { steps: Some(steps), calls: steps, usage, ..AgentTotals::default() }
}

pub(crate) fn answer(rung: Rung, answer: Answer, evidence: &str) -> RungAnswer {
    RungAnswer { rung, answer, evidence: evidence.to_owned() }
}

pub(crate) fn check(files: u32) -> CheckDetail {
    let rungs = vec![
        answer(Rung::Exited, Answer::Yes, "exit 0"),
        answer(Rung::Patch, Answer::Yes, "4 files, 41 lines added"),
        answer(Rung::Source, Answer::Yes, "vllm/core/scheduler.py and 3 more"),
        answer(Rung::Applies, Answer::Yes, "git apply takes it on 3c6ef372"),
        answer(Rung::Parses, Answer::Yes, "4 changed files can be parsed"),
        answer(Rung::NoTemplate, Answer::Yes, "no placeholder in 41 lines added"),
    ];
    CheckDetail { rungs, patch_digest: "ab".repeat(32), files, added: 41, removed: 12, ..CheckDetail::default() }
}

pub(crate) fn arm(factor: f64) -> ArmDetail {
    let metric = |name: &str, value: f64, unit: &str| Metric { name: name.to_owned(), value: value * factor, unit: unit.to_owned() };
    ArmDetail {
        metrics: vec![metric("latency_avg", 1.932, "s"), metric("latency_p99", 2.411, "s"), metric("Mean TTFT", 31.25, "ms")],
        left_out: 0,
        ..ArmDetail::default()
    }
}

pub(crate) fn score(against_human: f64) -> ScoreDetail {
    let verdict = |metric: &str, unit: &str, human: f64| Verdict {
        band: None,
        baseline_band: None,
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        direction: Direction::LowerIsBetter,
        agent: human * (1.0 - against_human / 100.0),
        human: Some(human),
        baseline: Some(human * 1.25),
        against_human_pct: Some(against_human),
        against_baseline_pct: Some(20.0 + against_human * 0.8),
        standing: Some(if against_human > 5.0 {
            Standing::Beats
        } else if against_human < -5.0 {
            Standing::Worse
        } else {
            Standing::Similar
        }),
    };
    ScoreDetail {
        verdicts: vec![verdict("latency_avg", "s", 1.932), verdict("latency_p99", "s", 2.411), verdict("Mean TTFT", "ms", 31.25)],
        why_not: Vec::new(),
        rungs: vec![
            answer(Rung::Server, Answer::NotApplicable, "no server is needed"),
            answer(Rung::Metrics, Answer::Yes, "3 metrics in every arm"),
            answer(Rung::BeyondNoise, if against_human > -15.0 { Answer::Yes } else { Answer::No }, "latency_avg, one sample"),
        ],
        ..ScoreDetail::default()
    }
}

/// Nothing has begun.
pub(crate) fn queued() -> Story {
    Story::of(12)
}

/// Some done, some failed, one agent at work in its second attempt.
pub(crate) fn agent_running() -> Story {
    let mut story = Story::of(24);
    story.done(1, 3.0).done(2, -9.5).failed(3, 1, Stage::Agent, FailureClass::EmptyPatch, "the agent changed nothing");
    story.done(4, 11.4).failed(5, 1, Stage::Candidate, FailureClass::ArmCrashed, "exit 1: torch.OutOfMemoryError: CUDA out of memory");
    story.push(Fact::ItemSkipped { item: id(6), by: ann() });
    story.failed(7, 1, Stage::Agent, FailureClass::ApiDown, "503 from the API");
    let why = "503 from the API".to_owned();
    story.push(Fact::ItemRequeued { item: id(7), from: Stage::Worktree, not_before: None, automatic: true, why, by: By::rule("retry") });
    story.attempt(7, 2, Stage::Worktree).stage(7, 2, Stage::Worktree, 2, StageDetail::Nothing).start(7, 2, Stage::Agent).wait(311);
    story.push(Fact::AgentProgressed { item: id(7), n: 2, totals: totals(14) }).wait(4);
    story
}

/// A finding that holds.
pub(crate) fn found(detector: Detector, level: Level, first_step: u32, last_step: u32, says: &str) -> Finding {
    let hint = "Stop it, or ask for another approach".to_owned();
    let evidence = [first_step, last_step].map(|step| Evidence { step, text: format!("make step-{step}: exit 2") }).to_vec();
    Finding { detector, level, first_step, last_step, says: says.to_owned(), hint, evidence, cleared: None }
}

/// The same, its agent in a circle: a note that is over, a warning, and two findings that it is stuck; an alarm and a badge.
/// An item that is done was stuck too.
pub(crate) fn agent_stuck() -> Story {
    let mut story = agent_running();
    let made = |item: usize, n: u32, episode: u32, finding: Finding| Fact::FindingMade { item: id(item), n, id: episode, finding };
    story.push(made(2, 1, 0, found(Detector::RefusedFinish, Level::Stuck, 20, 31, "refused 3 times: Your Patch is empty")));
    let says = "4 edits of vllm/core/scheduler.py failed: No replacement was performed";
    story.push(made(7, 2, 0, found(Detector::ErrorWall, Level::Note, 9, 12, says)));
    story.push(Fact::FindingCleared { item: id(7), n: 2, id: 0, step: Some(14) });
    story.push(made(
        7,
        2,
        1,
        found(Detector::VcsChurn, Level::Warn, 31, 52, "18 of the last 24 steps ask git, 11 of them change the patch"),
    ));
    story.push(made(
        7,
        2,
        2,
        found(Detector::IdenticalStep, Level::Stuck, 58, 62, "the same call with the same result 5 times: git diff HEAD~1"),
    ));
    story.push(made(7, 2, 3, found(Detector::Cycle, Level::Stuck, 64, 75, "git status and git diff by turns, 6 times")));
    let alarm = Remark {
        detector: Detector::OpenCall,
        step: Some(75),
        says: "the next request will be rejected: call toolu_9 has no answer".to_owned(),
        hint: "The provider refuses a conversation with an open call".to_owned(),
        evidence: vec![Evidence { step: 75, text: "toolu_9 bash".to_owned() }],
    };
    story.push(Fact::AlarmRaised { item: id(7), n: 2, alarm });
    let badge = Remark {
        detector: Detector::BudgetSlope,
        step: Some(74),
        says: "80 % of the step budget is used".to_owned(),
        hint: String::new(),
        evidence: Vec::new(),
    };
    story.push(Fact::BadgeGiven { item: id(7), n: 2, badge });
    story.wait(2);
    story
}

/// The same, paused at a benchmark.
pub(crate) fn paused() -> Story {
    let mut story = Story::of(24);
    story.done(1, 3.0).work(2, 1).stage(2, 1, Stage::Human, 90, StageDetail::Arm(arm(1.0))).start(2, 1, Stage::Baseline).wait(30);
    story.push(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() }).wait(11);
    story
}

/// The newest item failed, nothing else is left.
pub(crate) fn finished() -> Story {
    let mut story = Story::of(3);
    story.done(1, 3.0).done(2, -9.5).failed(
        3,
        1,
        Stage::Candidate,
        FailureClass::ArmCrashed,
        "exit 1: torch.OutOfMemoryError: CUDA out of memory",
    );
    story.push(Fact::RunFinished {}).push(Fact::RunnerStopped { why: "nothing is left to do".to_owned() });
    story
}

/// The runner was killed while an arm ran.
pub(crate) fn interrupted() -> Story {
    let mut story = Story::of(8);
    story.done(1, 6.0).work(2, 1).start(2, 1, Stage::Human).wait(20);
    story
}

/// The breaker waits.
pub(crate) fn breaker() -> Story {
    let mut story = Story::of(24);
    let why = "401 from the API: invalid x-api-key";
    story.done(1, 3.0);
    for item in 2..=4 {
        story.failed(item, 1, Stage::Agent, FailureClass::ApiAuth, why);
    }
    let probe_at = moment(base(), story.now() + 900);
    story.push(Fact::BreakerOpened { class: FailureClass::ApiAuth, items: vec![id(2), id(3), id(4)], probe_at, error: None }).wait(60);
    story
}

/// So many items, one of them blocked, every third one done.
pub(crate) fn many(items: usize) -> Story {
    let mut planned: Vec<PlannedItem> =
        (1..=items).map(|n| PlannedItem { item: id(n), human: sha(n, 1), parent: sha(n, 77), blocked: None }).collect();
    let why = "the clone has no commit 0000".to_owned();
    planned[1].blocked = Some(Blocked { class: FailureClass::BadSha, why });
    let mut story = Story::planned(planned);
    for item in (1..=items).step_by(3) {
        story.done(item, 1.0);
    }
    story
}
