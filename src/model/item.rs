//! Items, their attempts and their stages, as the facts tell them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::rung::reached;
use crate::domain::{
    AgentTotals, Answer, Arm, ArmDetail, AttemptId, CheckDetail, Deferral, FailureClass, Finding, ItemId, Level, MachineUse, PromptSource,
    PullDetail, Remark, Rung, RungAnswer, ScoreDetail, SecretAt, Stage, StageDetail, StageEnd, StageOutcome,
};
use crate::ledger::By;
use crate::ledger::fact::{AttemptEnd, JournalSaid};

/// Where an item stands. Each state carries what exists in it and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemState {
    /// Its turn has not come.
    Queued {
        /// The stage its next attempt begins with.
        from: Stage,
    },
    /// It is tried again, not before a moment.
    Waiting {
        /// The stage its next attempt begins with.
        from: Stage,
        /// That moment.
        until: Timestamp,
        /// What it waits for.
        why: String,
    },
    /// There is no room for its images: it is tried again once there is.
    ForRoom {
        /// The stage its next attempt begins with.
        from: Stage,
        /// What it waits for.
        deferral: Deferral,
    },
    /// An attempt is under way.
    Running,
    /// Every stage did its work.
    Done,
    /// It failed, by its first cause.
    Failed {
        /// The class.
        class: FailureClass,
        /// The sentence.
        why: String,
    },
    /// It can't be run here.
    Blocked {
        /// The class.
        class: FailureClass,
        /// The sentence.
        why: String,
    },
    /// Somebody did not want it.
    Skipped {
        /// Who.
        by: By,
    },
    /// Somebody stopped it.
    Stopped {
        /// Who and why.
        why: String,
    },
    /// Its runner died; it is resumed from the stage.
    Interrupted {
        /// What was found.
        why: String,
        /// The stage to begin with.
        from: Stage,
    },
}

/// An item of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// The human's commit.
    pub human: String,
    /// The parent commit; empty while unknown.
    pub parent: String,
    /// Where it stands.
    pub state: ItemState,
    /// All attempts, the newest last.
    pub attempts: Vec<Attempt>,
    /// Automatic retries used since a person last asked for one.
    pub automatic_retries: u32,
    /// Who skipped it while it ran: it is skipped once the attempt is over.
    pub skipping: Option<By>,
}

/// One try at an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Which one, from 1.
    pub n: u32,
    /// Its first own stage.
    pub from: Stage,
    /// When it began.
    pub started: Timestamp,
    /// Its end, and when.
    pub end: Option<(AttemptEnd, Timestamp)>,
    /// What its agent was asked.
    pub asked: Option<Asked>,
    /// What ISO-Bench's own script said last, and when.
    pub said: Option<(String, Timestamp)>,
    /// What the harness's journal says of it, where one was read.
    pub journal: Option<JournalSaid>,
    /// What the detectors found of its agent, by episode.
    pub findings: BTreeMap<u32, Finding>,
    /// What of its agent will break, or is broken.
    pub alarms: Vec<Remark>,
    /// What is to be known of its agent's work.
    pub badges: Vec<Remark>,
    /// Its stages in the order in which they began; those taken over from an earlier attempt come first.
    pub stages: Vec<StageRecord>,
}

/// What an agent was asked; in the journal and in `status` under `prompt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Where the text comes from.
    pub source: PromptSource,
    /// The file it was taken from, if any.
    pub from: Option<String>,
    /// SHA-256 of the text, the worktree's path apart, hex.
    pub digest: String,
}

/// A stage of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRecord {
    /// Which stage.
    pub stage: Stage,
    /// The attempt in which it really ran: its files lie there.
    pub ran_in: u32,
    /// When it began.
    pub began: Timestamp,
    /// What the machine did in its time, all rounds of this attempt together; `None` where nobody looked.
    pub machine: Option<MachineUse>,
    /// How it ended before, in this attempt: an arm is measured `arms.repeat` times.
    pub earlier: Vec<StageOutcome>,
    /// When those of this attempt began: the last ones. What is before them is of an attempt that was taken up again.
    pub began_before: Vec<Timestamp>,
    /// How far it is.
    pub state: StageState,
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a few thousand of them live at a time, and most have ended")]
pub enum StageState {
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// Its budget in ms of unfrozen time.
        budget_ms: Option<u64>,
        /// Pid of its keeper, once known.
        keeper: Option<u32>,
        /// Since when its processes stand still, and by whom.
        frozen: Option<(Timestamp, By)>,
        /// Time frozen before that, in ms.
        frozen_ms: u64,
        /// It was told to end: the class where that is a failure, and the sentence.
        stopping: Option<(Option<FailureClass>, String)>,
        /// The agent's counts so far.
        totals: AgentTotals,
    },
    /// It ended.
    Ended(StageOutcome),
}

impl Item {
    /// The newest attempt.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The id of the newest attempt.
    pub fn last_attempt_id(&self) -> Option<AttemptId> {
        self.last_attempt().map(|attempt| AttemptId { item: self.id.clone(), n: attempt.n })
    }

    /// The word for its state.
    pub fn status(&self) -> &'static str {
        match self.state {
            ItemState::Queued { .. } => "queued",
            ItemState::Waiting { .. } | ItemState::ForRoom { .. } => "waiting",
            ItemState::Running => "running",
            ItemState::Done => "done",
            ItemState::Failed { .. } => "failed",
            ItemState::Blocked { .. } => "blocked",
            ItemState::Skipped { .. } => "skipped",
            ItemState::Stopped { .. } => "stopped",
            ItemState::Interrupted { .. } if self.has_no_journal() => "unfinished",
            ItemState::Interrupted { .. } => "interrupted",
        }
    }

    /// Whether the harness left it without a journal: nobody goes on with it.
    fn has_no_journal(&self) -> bool {
        let journal = self.last_attempt().and_then(|last| last.journal.as_ref());
        journal.is_some_and(|journal| journal.status == "unfinished")
    }

    /// Whether it will be run without anybody asking for it again.
    pub const fn is_pending(&self) -> bool {
        matches!(
            self.state,
            ItemState::Queued { .. } | ItemState::Waiting { .. } | ItemState::ForRoom { .. } | ItemState::Interrupted { .. }
        )
    }

    /// Whether it has come to an end of any kind.
    pub const fn is_over(&self) -> bool {
        !self.is_pending() && !matches!(self.state, ItemState::Running)
    }

    /// The sentence behind its state, where there is one.
    pub fn why(&self) -> Option<&str> {
        match &self.state {
            ItemState::Waiting { why, .. }
            | ItemState::Failed { why, .. }
            | ItemState::Blocked { why, .. }
            | ItemState::Stopped { why }
            | ItemState::Interrupted { why, .. }
            | ItemState::ForRoom { deferral: Deferral { why, .. }, .. } => Some(why),
            _ => None,
        }
    }

    /// The secrets whose values stand in the newest patch.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretAt> {
        self.last_attempt().and_then(Attempt::check).into_iter().flat_map(|check| &check.secrets)
    }

    /// The ladder of the newest attempt.
    pub fn rungs(&self) -> Vec<RungAnswer> {
        self.last_attempt().map(Attempt::rungs).unwrap_or_default()
    }

    /// The last rung of the newest attempt's unbroken yes.
    pub fn rung(&self) -> Option<Rung> {
        reached(&self.rungs())
    }

    /// How the agent of the newest attempt ended, in words: `agent: api_auth: …`, `agent stopped: step budget: …`.
    /// `None` where it ended well, or where the item's own sentence tells it. A patch is benchmarked however its agent
    /// ended, so that an item that is done may have an agent that failed.
    pub fn agent_failure(&self) -> Option<String> {
        let end = self.last_attempt()?.agent_failure()?;
        let (words, why) = match end {
            StageEnd::Failed { class, why } if class.is_agent_stopped() => (format!("agent stopped: {why}"), why),
            StageEnd::Failed { class, why } => (format!("agent: {class}: {why}"), why),
            StageEnd::Stopped { why } | StageEnd::Interrupted { why } => (format!("agent stopped: {why}"), why),
            StageEnd::Done | StageEnd::Deferred(_) => return None,
        };
        self.why().is_none_or(|told| !told.contains(why.as_str())).then_some(words)
    }

    /// Whether it, or the agent that brought its patch, came to a bad end.
    pub fn has_failed(&self) -> bool {
        match self.state {
            ItemState::Failed { .. } | ItemState::Stopped { .. } | ItemState::Interrupted { .. } => true,
            ItemState::Done | ItemState::Running => self.last_attempt().is_some_and(|last| last.agent_failure().is_some()),
            ItemState::Queued { .. }
            | ItemState::Waiting { .. }
            | ItemState::ForRoom { .. }
            | ItemState::Blocked { .. }
            | ItemState::Skipped { .. } => false,
        }
    }

    /// Whether every stage did its work but the agent.
    pub fn is_done_without_agent(&self) -> bool {
        matches!(self.state, ItemState::Done) && self.last_attempt().is_some_and(|last| last.agent_failure().is_some())
    }

    /// Whether the policy for stuck agents ended it: its patch is kept.
    pub fn is_skipped_as_stuck(&self) -> bool {
        let by = match &self.state {
            ItemState::Skipped { by } => Some(by),
            _ => self.skipping.as_ref(),
        };
        by.is_some_and(|by| *by == By::rule("stuck"))
    }

    /// The stage that runs now.
    pub fn live_stage(&self) -> Option<&StageRecord> {
        self.last_attempt()?.live_stage()
    }

    /// What the agent did in the newest attempt, live or ended.
    pub fn totals(&self) -> Option<AgentTotals> {
        self.last_attempt()?.totals()
    }

    /// Time worked on it up to `now`, in ms: the unfrozen time of the stages of all attempts. A pause is no work.
    pub fn worked_ms(&self, now: Timestamp) -> u64 {
        self.attempts.iter().map(|attempt| attempt.worked_ms(now)).sum()
    }
}

impl StageRecord {
    /// How it ended, each time, the last one last.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &StageOutcome> {
        let last = if let StageState::Ended(outcome) = &self.state { Some(outcome) } else { None };
        self.earlier.iter().chain(last)
    }

    /// Unfrozen time of the stage up to `now`, in ms: of each time that it was begun in this attempt.
    pub fn worked_ms(&self, now: Timestamp) -> u64 {
        let before: u64 = self.before().map(|(_, outcome)| outcome.worked_ms()).sum();
        before.saturating_add(self.last_worked_ms(now))
    }

    /// The same of the last time alone.
    pub fn last_worked_ms(&self, now: Timestamp) -> u64 {
        match &self.state {
            StageState::Running { since, frozen, frozen_ms, .. } => {
                let until = frozen.as_ref().map_or(now, |(frozen_since, _)| *frozen_since);
                u64::try_from(until.duration_since(*since).as_millis()).unwrap_or_default().saturating_sub(*frozen_ms)
            }
            StageState::Ended(outcome) => outcome.worked_ms(),
        }
    }
}

impl Attempt {
    /// Unfrozen time of its own stages up to `now`, in ms; those taken over were worked on in an earlier attempt.
    pub fn worked_ms(&self, now: Timestamp) -> u64 {
        self.stages.iter().filter(|record| record.ran_in == self.n).map(|record| record.worked_ms(now)).sum()
    }

    /// The stage's record, if it began or was taken over.
    pub fn stage(&self, stage: Stage) -> Option<&StageRecord> {
        self.stages.iter().find(|record| record.stage == stage)
    }

    /// How the stage ended, if it did.
    pub fn outcome(&self, stage: Stage) -> Option<&StageOutcome> {
        match &self.stage(stage)?.state {
            StageState::Ended(outcome) => Some(outcome),
            StageState::Running { .. } => None,
        }
    }

    /// What an arm measured, each time that it did; empty where it never did.
    pub fn samples(&self, stage: Stage) -> Vec<&ArmDetail> {
        let of_done = |outcome: &'_ &StageOutcome| outcome.is_done();
        let details = self.stage(stage).into_iter().flat_map(StageRecord::outcomes).filter(of_done).map(|outcome| &outcome.detail);
        details.filter_map(|detail| if let StageDetail::Arm(arm) = detail { Some(arm) } else { None }).collect()
    }

    /// The stage that runs now.
    pub fn live_stage(&self) -> Option<&StageRecord> {
        self.stages.iter().find(|record| matches!(record.state, StageState::Running { .. }))
    }

    /// The arms whose numbers are doubtful for what the machine did meanwhile.
    pub fn tainted(&self) -> Vec<Arm> {
        let last = |stage| match &self.outcome(stage)?.detail {
            StageDetail::Arm(arm) => Some(arm),
            _ => None,
        };
        let is_tainted = |stage| self.samples(stage).into_iter().chain(last(stage)).any(ArmDetail::is_tainted);
        let arms = [Stage::Human, Stage::Baseline, Stage::Candidate];
        arms.into_iter().filter(|stage| is_tainted(*stage)).filter_map(Stage::arm).collect()
    }

    /// How its agent ended, where that was not well.
    pub fn agent_failure(&self) -> Option<&StageEnd> {
        Some(&self.outcome(Stage::Agent)?.end).filter(|end| **end != StageEnd::Done)
    }

    /// The class of a cause outside the item by which its agent failed, and whether that was in this attempt.
    pub fn systemic_agent_failure(&self) -> Option<(FailureClass, bool)> {
        let own = self.stage(Stage::Agent)?.ran_in == self.n;
        match self.agent_failure()? {
            StageEnd::Failed { class, .. } if class.is_systemic() => Some((*class, own)),
            _ => None,
        }
    }

    /// The worst level that its agent reached.
    pub fn level(&self) -> Level {
        self.findings.values().filter(|finding| finding.counts()).map(|finding| finding.level).max().unwrap_or_default()
    }

    /// The worst finding: what a sentence about the agent is about. Of equals the one that began first.
    pub fn worst(&self) -> Option<&Finding> {
        let counts = self.findings.values().filter(|finding| finding.counts());
        counts.min_by_key(|finding| (std::cmp::Reverse(finding.level), finding.first_step))
    }

    /// Whether its agent was stopped for being stuck.
    pub fn was_stopped_as_stuck(&self) -> bool {
        matches!(self.agent_failure(), Some(StageEnd::Failed { class: FailureClass::AgentStuck, .. }))
    }

    /// The error by which its agent failed, where neither its class nor a limit of ours explains it, and whether that was in
    /// this attempt.
    pub fn terminal_error(&self) -> Option<(FailureClass, &str, bool)> {
        let own = self.stage(Stage::Agent)?.ran_in == self.n;
        match self.agent_failure()? {
            StageEnd::Failed { class, .. } if class.is_agent_stopped() => None,
            StageEnd::Failed { class, why } if !class.is_systemic() => Some((*class, why, own)),
            _ => None,
        }
    }

    /// What the check found.
    pub fn check(&self) -> Option<&CheckDetail> {
        match &self.outcome(Stage::Check)?.detail {
            StageDetail::Check(check) => Some(check),
            _ => None,
        }
    }

    /// What the comparison said.
    pub fn score(&self) -> Option<&ScoreDetail> {
        match &self.outcome(Stage::Score)?.detail {
            StageDetail::Score(score) => Some(score),
            _ => None,
        }
    }

    /// What pulling its images left.
    pub fn pull(&self) -> Option<&PullDetail> {
        match &self.outcome(Stage::Pull)?.detail {
            StageDetail::Pull(pull) => Some(pull),
            _ => None,
        }
    }

    /// What the agent did, live or ended.
    pub fn totals(&self) -> Option<AgentTotals> {
        match &self.stage(Stage::Agent)?.state {
            StageState::Running { totals, .. } => Some(*totals),
            StageState::Ended(StageOutcome { detail: StageDetail::Agent(totals), .. }) => Some(*totals),
            StageState::Ended(_) => None,
        }
    }

    /// The ladder, lowest first, one answer a rung: what the check saw, then what the score saw. Of a rung that both looked
    /// at, the arm counts, which really did it, unless it could not tell.
    pub fn rungs(&self) -> Vec<RungAnswer> {
        let mut rungs = self.check().map(|check| check.rungs.clone()).unwrap_or_default();
        for found in self.score().map(|score| score.rungs.as_slice()).unwrap_or_default() {
            match rungs.iter_mut().find(|known| known.rung == found.rung) {
                Some(known) if found.answer != Answer::Unchecked || known.answer == Answer::Unchecked => found.clone_into(known),
                Some(_) => {}
                None => rungs.push(found.clone()),
            }
        }
        rungs.sort_by_key(|found| found.rung);
        rungs
    }
}
