//! The facts. Past tense, and each carries what the fold needs and nothing that can be derived.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{AgentTotals, Deferral, FailureClass, Finding, ItemId, MachineUse, OnStuck, PromptSource, Remark, Stage, StageOutcome};

/// Who caused something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum By {
    /// A person, at a terminal or from a script.
    Person {
        /// Login name.
        user: String,
        /// Host the request came from.
        host: String,
        /// Terminal, `None` from a script.
        tty: Option<String>,
    },
    /// The runner itself, by a rule.
    Rule {
        /// The rule: `breaker`, `retry`, `limit`, `hold`, `signal`, `stuck`.
        rule: String,
    },
}

impl By {
    /// The runner itself, by this rule.
    pub fn rule(rule: &str) -> Self {
        Self::Rule { rule: rule.to_owned() }
    }

    /// In a few words: `ann@box (pts/3)`, `the breaker`.
    pub fn words(&self) -> String {
        match self {
            Self::Person { user, host, tty: Some(tty) } => format!("{user}@{host} ({tty})"),
            Self::Person { user, host, tty: None } => format!("{user}@{host}"),
            Self::Rule { rule } => format!("rule '{rule}'"),
        }
    }
}

/// An item as the plan names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedItem {
    /// Its id.
    pub item: ItemId,
    /// The human's commit: the full sha where the clone knows it, else as the plan wrote it.
    pub human: String,
    /// The parent commit the agent starts from; empty while unknown.
    #[serde(default)]
    pub parent: String,
    /// Why it can't run, with what to do; `None` when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

/// Why an item can't run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The class.
    pub class: FailureClass,
    /// One sentence: what is missing.
    pub why: String,
}

const fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_once(repeat: &u32) -> bool {
    *repeat == 1
}

/// What a run is about, written with its first fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// The plan's file.
    pub plan: String,
    /// SHA-256 of its bytes, and of what was chosen from it, hex: two selections are two plans.
    pub digest: String,
    /// What was chosen from it, in words; `None` for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// `repo` of the plan.
    pub repo: String,
    /// `task_id` of the plan.
    pub task_id: String,
    /// Name of the agent.
    pub agent: String,
    /// Its model, `default` when none was named.
    pub model: String,
    /// The stages of every item.
    pub stages: Vec<Stage>,
    /// How often each arm is measured.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub repeat: u32,
    /// The queue.
    pub items: Vec<PlannedItem>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum AttemptEnd {
    /// Every stage did its work.
    Done,
    /// A stage failed; the first cause.
    Failed {
        /// Class of the first cause.
        class: FailureClass,
        /// Its sentence.
        why: String,
    },
    /// A person stopped it.
    Stopped {
        /// Who and why.
        why: String,
    },
    /// Its runner and its processes were gone.
    Interrupted {
        /// What was found.
        why: String,
    },
    /// There was no room for its images.
    Deferred(Deferral),
}

/// What the harness's `journal.json` says of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JournalSaid {
    /// `success`, `error` or `max_steps_exceeded`; `unfinished` where an item's folder has no journal.
    pub status: String,
    /// Its `error`, on the exception path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The item's folder: every number of the attempt can be traced from here.
    pub folder: String,
    /// The agent's return code; negative for a signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returncode: Option<i64>,
}

/// One thing that happened. On disk its name is `kind` and its fields are `data` of a line (see `entry`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a fact is written or folded as it comes, never kept in numbers")]
pub enum Fact {
    /// The run came to be.
    RunCreated(RunPlan),
    /// A runner took the run.
    RunnerStarted {
        /// Its process.
        pid: u32,
        /// Boot of the machine, so that pids of another boot mean nothing.
        boot: String,
        /// Version of the program.
        version: String,
    },
    /// A runner let go of the run by itself.
    RunnerStopped {
        /// Why.
        why: String,
    },
    /// An item was added to the queue.
    ItemAdded {
        /// The item.
        item: PlannedItem,
        /// Who added it.
        by: By,
    },
    /// A queued item was taken out.
    ItemRemoved {
        /// The item.
        item: ItemId,
        /// Who removed it.
        by: By,
    },
    /// A queued item changed its place.
    ItemMoved {
        /// The item.
        item: ItemId,
        /// Its new position in the queue, from 0.
        to: usize,
        /// Who moved it.
        by: By,
    },
    /// An item will not be run (any more).
    ItemSkipped {
        /// The item.
        item: ItemId,
        /// Who skipped it.
        by: By,
    },
    /// An item was put back into the queue, at once or later.
    ItemRequeued {
        /// The item.
        item: ItemId,
        /// The stage the next attempt begins with.
        from: Stage,
        /// Not before this moment; `None` for as soon as its turn comes.
        not_before: Option<Timestamp>,
        /// Whether this is one of the automatic retries, which are counted.
        automatic: bool,
        /// Why, in a sentence.
        why: String,
        /// Who did it.
        by: By,
    },
    /// An attempt began.
    AttemptStarted {
        /// The item.
        item: ItemId,
        /// The attempt, from 1.
        n: u32,
        /// Its first stage; what lies before it is taken over from the last attempt.
        from: Stage,
    },
    /// A stage is about to begin: on disk before any process of it exists.
    StageStarting {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// Its time budget in ms of unfrozen time; `None` for no limit.
        budget_ms: Option<u64>,
    },
    /// The stage's keeper runs.
    StageStarted {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// Pid of the keeper.
        pid: u32,
    },
    /// The runner found a stage of its predecessor still running, and goes on with it.
    StageAdopted {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// Pid of the keeper.
        pid: u32,
    },
    /// What the agent is asked, before it starts.
    AgentAsked {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// Where the text comes from.
        source: PromptSource,
        /// The file it was taken from, if any.
        from: Option<String>,
        /// SHA-256 of the text, the worktree's path apart, hex; empty where the harness writes it only later.
        digest: String,
    },
    /// ISO-Bench's own script said how far it is.
    HarnessSaid {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage that it does for us.
        stage: Stage,
        /// Its marker, in a few words, masked.
        says: String,
    },
    /// The harness's `journal.json` of an attempt was read: by the importer of its trees, or of an item run through it.
    JournalRead {
        /// Which item.
        item: ItemId,
        /// Which attempt of it.
        n: u32,
        /// What it says.
        journal: JournalSaid,
    },
    /// The agent went on; written at most once a second.
    AgentProgressed {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// Counts so far.
        totals: AgentTotals,
    },
    /// The detectors found something, or it became worse: the same `id` within an attempt is the same episode.
    FindingMade {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The episode, from 0 within the attempt.
        id: u32,
        /// What was found, masked.
        finding: Finding,
    },
    /// The condition of a finding is over.
    FindingCleared {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The episode.
        id: u32,
        /// The step at which it was over; `None` for a silence that ended.
        step: Option<u32>,
    },
    /// Something of the agent will break, or is broken.
    AlarmRaised {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// What, masked.
        alarm: Remark,
    },
    /// Something to know of the agent's work.
    BadgeGiven {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// What, masked.
        badge: Remark,
    },
    /// Reading the agent's files failed by a defect of ours; its steps are not counted any more.
    AdapterPanicked {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// What the panic said.
        says: String,
    },
    /// A detector failed by a defect of ours; nothing more is detected in this attempt.
    DetectionPanicked {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// What the panic said.
        says: String,
    },
    /// All processes of the stage were told to stand still.
    StageFrozen {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// Who froze it.
        by: By,
    },
    /// They go on.
    StageThawed {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// Who thawed it.
        by: By,
    },
    /// The stage was told to end.
    StageStopping {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// The class, where the stop is a failure (a budget) and no wish.
        class: Option<FailureClass>,
        /// Why, in a sentence.
        why: String,
        /// Who stopped it.
        by: By,
    },
    /// An arm may not begin yet: its GPU is held, or not clean. It is over when the stage starts.
    ArmDelayed {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The arm's stage.
        stage: Stage,
        /// What it waits for, in a sentence.
        why: String,
    },
    /// An arm that waited in its keeper has its GPUs: it begins now.
    ArmBegan {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The arm's stage.
        stage: Stage,
    },
    /// What is to be known of how an arm began: it is measured all the same.
    ArmNoted {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The arm's stage.
        stage: Stage,
        /// What, in a sentence.
        says: String,
    },
    /// What the machine did while a stage ran; before the stage's end.
    MachineRecorded {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// What it did.
        machine: MachineUse,
    },
    /// A stage ended.
    StageFinished {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// The stage.
        stage: Stage,
        /// How.
        outcome: StageOutcome,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The item.
        item: ItemId,
        /// The attempt.
        n: u32,
        /// How.
        #[serde(flatten)]
        end: AttemptEnd,
    },
    /// No further stage starts until somebody resumes.
    PauseOrdered {
        /// Why, in a sentence.
        why: String,
        /// Who ordered it.
        by: By,
    },
    /// Stages start again.
    Resumed {
        /// Who resumed.
        by: By,
    },
    /// Whether a failure pauses the queue and keeps the worktree.
    HoldSet {
        /// On or off.
        on: bool,
        /// Who set it.
        by: By,
    },
    /// What happens to an agent that is stuck, from now on.
    OnStuckSet {
        /// The policy.
        policy: OnStuck,
        /// Who set it.
        by: By,
    },
    /// Three items in a row ended by the same systemic cause: the queue waits and probes.
    BreakerOpened {
        /// The cause.
        class: FailureClass,
        /// The items that ended by it.
        items: Vec<ItemId>,
        /// When one item is tried.
        probe_at: Timestamp,
        /// The error that they ended by, masked, where it is the error and not the class that shows the common cause.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The probe failed as well.
    BreakerRearmed {
        /// When the next item is tried.
        probe_at: Timestamp,
    },
    /// An item ended otherwise: the queue goes on.
    BreakerClosed {
        /// The item that showed it.
        item: ItemId,
    },
    /// A request was answered.
    RequestAnswered {
        /// Its id.
        id: String,
        /// The verb, for people.
        verb: String,
        /// What became of it.
        #[serde(flatten)]
        answer: Answer,
    },
    /// The last line was torn; it was closed with a newline and left where it is.
    TailHealed {
        /// Offset of the torn line in bytes.
        offset: u64,
        /// Its length in bytes.
        bytes: u64,
    },
    /// Facts could not be written for a while (disk full).
    AppendFailed {
        /// What the system said first.
        error: String,
        /// For how long, in ms.
        for_ms: u64,
    },
    /// Nothing is left to do.
    RunFinished {},
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It was done.
    Done {
        /// What was done, in a sentence.
        says: String,
    },
    /// It made no sense now.
    Refused {
        /// Why, in a sentence.
        says: String,
    },
    /// It was older than the runner.
    Expired {},
}

impl Fact {
    /// Whether the fact must be on the disk before anybody acts on it: it begins or ends something.
    pub const fn is_synced(&self) -> bool {
        !matches!(
            self,
            Self::AgentAsked { .. }
                | Self::AgentProgressed { .. }
                | Self::AlarmRaised { .. }
                | Self::BadgeGiven { .. }
                | Self::FindingCleared { .. }
                | Self::FindingMade { .. }
                | Self::HarnessSaid { .. }
                | Self::JournalRead { .. }
                | Self::StageStarted { .. }
                | Self::StageAdopted { .. }
        )
    }
}
