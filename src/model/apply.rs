//! The fold itself.

mod breaker;
mod findings;
mod machine;

use std::collections::HashMap;

use jiff::Timestamp;

use super::act::{Act, Deed};
use super::item::{Asked, Attempt, Item, ItemState, StageRecord, StageState};
use super::run::{Breaker, Fault, Pause, Run, Runner};
use crate::domain::{AgentTotals, FailureClass, ItemId, Stage, StageDetail, StageEnd};
use crate::ledger::fact::{Answer, AttemptEnd};
use crate::ledger::{Body, By, Entry, Fact, Line, PlannedItem, RunPlan};
use crate::text::room;

/// Sentences kept for the screen.
const NOTES: usize = 200;

/// Acts kept for those who come back.
const ACTS: usize = 500;

impl Run {
    /// Takes one line of the ledger, whatever it holds.
    #[expect(clippy::needless_pass_by_value, reason = "a line is handed over, as everywhere")]
    pub fn apply_line(&mut self, line: Line<'_>) {
        match line {
            Line::StartedOver => {
                *self = Self::default();
                self.faults.push(Fault { offset: 0, why: "the ledger shrank or was replaced; read again from its start".to_owned() });
            }
            Line::NotText(offset) => self.faults.push(Fault { offset, why: "not UTF-8".to_owned() }),
            Line::Text(_, "") => {}
            Line::Text(offset, text) => match Entry::decode(text) {
                Ok(entry) => self.apply_at(&entry, offset),
                Err(error) => self.faults.push(Fault { offset, why: format!("not a fact: {error}") }),
            },
        }
    }

    /// Takes one fact.
    pub fn apply(&mut self, entry: &Entry) {
        self.apply_at(entry, 0);
    }

    fn apply_at(&mut self, entry: &Entry, offset: u64) {
        if entry.seq <= self.seq {
            // a fact whose sync failed is written again
            return;
        }
        if entry.seq > self.seq.saturating_add(1) {
            self.faults.push(Fault {
                offset,
                why: format!("facts {} to {} are missing", self.seq.saturating_add(1), entry.seq.saturating_sub(1)),
            });
        }
        self.seq = entry.seq;
        self.at = Some(entry.at);
        self.up_ms = entry.up_ms;
        match &entry.body {
            Body::Known(fact) => self.apply_fact(fact, entry.at),
            Body::Unknown { kind } => *self.unknown.entry(kind.clone()).or_default() += 1,
            Body::Bad { kind, why } => self.faults.push(Fault { offset, why: format!("'{kind}' can't be read: {why}") }),
        }
    }

    fn apply_fact(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::RunCreated(plan) => self.create(plan, at),
            Fact::RunnerStarted { pid, boot, .. } => {
                self.delay = None;
                self.runner = Some(Runner { pid: *pid, boot: boot.clone(), since: at, stopped: None });
                self.finished = None;
            }
            Fact::RunnerStopped { why } => {
                self.delay = None;
                if let Some(runner) = &mut self.runner {
                    runner.stopped = Some((why.clone(), at));
                }
            }
            Fact::ItemAdded { .. }
            | Fact::ItemRemoved { .. }
            | Fact::ItemMoved { .. }
            | Fact::ItemSkipped { .. }
            | Fact::ItemRequeued { .. } => {
                self.apply_queue(fact, at);
            }
            Fact::AttemptStarted { item, n, from } => self.start_attempt(item, *n, *from, at),
            Fact::AttemptFinished { item, end, .. } => self.finish_attempt(item, end, at),
            Fact::StageStarting { .. }
            | Fact::StageStarted { .. }
            | Fact::StageAdopted { .. }
            | Fact::AgentAsked { .. }
            | Fact::HarnessSaid { .. }
            | Fact::JournalRead { .. }
            | Fact::AgentProgressed { .. }
            | Fact::StageFrozen { .. }
            | Fact::StageThawed { .. }
            | Fact::StageStopping { .. }
            | Fact::StageFinished { .. } => self.apply_stage(fact, at),
            Fact::ArmDelayed { .. } | Fact::ArmBegan { .. } | Fact::ArmNoted { .. } | Fact::MachineRecorded { .. } => {
                self.apply_machine(fact, at);
            }
            Fact::FindingMade { .. } | Fact::FindingCleared { .. } | Fact::AlarmRaised { .. } | Fact::BadgeGiven { .. } => {
                self.apply_finding(fact);
            }
            Fact::AdapterPanicked { item, says, .. } => {
                self.note(at, format!("{item}: its steps can't be read any more, a defect of isobench-tui: {says}"));
            }
            Fact::DetectionPanicked { item, says, .. } => {
                self.note(at, format!("{item}: nobody looks any more whether it is stuck, a defect of isobench-tui: {says}"));
            }
            Fact::PauseOrdered { why, by } => {
                self.note(at, format!("paused by {}: {why}; space resumes", by.words()));
                if matches!(by, By::Rule { .. }) {
                    self.act(at, Deed::Paused { by: by.clone(), why: why.clone() });
                }
                self.pause = Some(Pause { why: why.clone(), by: by.clone(), at });
            }
            Fact::Resumed { by } => {
                self.note(at, format!("resumed by {}", by.words()));
                self.limits_lifted |= self.pause.take().is_some_and(|pause| pause.by == By::rule("limit"));
                // a person who resumes does not want to wait for the probe
                if let Breaker::Open { probe_at, .. } = &mut self.breaker {
                    *probe_at = at;
                }
            }
            Fact::HoldSet { on, .. } => self.hold = *on,
            Fact::OnStuckSet { policy, by } => {
                self.note(at, format!("an agent that is stuck: {} from now on, by {}", policy.name(), by.words()));
                self.on_stuck = Some(*policy);
            }
            Fact::BreakerOpened { .. } | Fact::BreakerRearmed { .. } | Fact::BreakerClosed { .. } => self.apply_breaker(fact, at),
            Fact::RequestAnswered { id, verb, answer } => {
                if let Answer::Refused { says } = answer {
                    self.note(at, format!("{verb} refused: {says}"));
                }
                self.answers.insert(id.clone(), (verb.clone(), answer.clone()));
            }
            Fact::TailHealed { offset, bytes } => {
                self.faults.push(Fault { offset: *offset, why: format!("a torn line of {bytes} bytes was closed by the next runner") });
            }
            Fact::AppendFailed { error, for_ms } => {
                self.note(at, format!("facts could not be written for {} s: {error}", for_ms / 1000));
            }
            Fact::RunFinished {} => self.finished = Some(at),
        }
    }

    fn apply_stage(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::StageStarting { item, stage, budget_ms, .. } => {
                self.delay = None;
                self.start_stage(item, *stage, *budget_ms, at);
            }
            Fact::StageStarted { item, stage, pid, .. } | Fact::StageAdopted { item, stage, pid, .. } => {
                if matches!(fact, Fact::StageAdopted { .. }) {
                    self.act(at, Deed::Adopted { item: item.clone(), stage: *stage });
                }
                self.with_live(item, *stage, |state| {
                    if let StageState::Running { keeper, .. } = state {
                        *keeper = Some(*pid);
                    }
                });
            }
            Fact::AgentAsked { item, source, from, digest, .. } => self.with_attempt(item, |attempt| {
                attempt.asked = Some(Asked { source: *source, from: from.clone(), digest: digest.clone() });
            }),
            Fact::HarnessSaid { item, says, .. } => self.with_attempt(item, |attempt| attempt.said = Some((says.clone(), at))),
            Fact::JournalRead { item, journal, .. } => self.with_attempt(item, |attempt| attempt.journal = Some(journal.clone())),
            Fact::AgentProgressed { item, totals, .. } => self.with_live(item, Stage::Agent, |state| {
                if let StageState::Running { totals: so_far, .. } = state {
                    *so_far = *totals;
                }
            }),
            Fact::StageFrozen { item, stage, by, .. } => {
                self.note(at, format!("{item}: {stage} frozen by {}; P goes on", by.words()));
                self.with_live(item, *stage, |state| {
                    if let StageState::Running { frozen, .. } = state {
                        *frozen = Some((at, by.clone()));
                    }
                });
            }
            Fact::StageThawed { item, stage, .. } => self.with_live(item, *stage, |state| {
                if let StageState::Running { frozen, frozen_ms, .. } = state
                    && let Some((since, _)) = frozen.take()
                {
                    *frozen_ms = frozen_ms.saturating_add(u64::try_from(at.duration_since(since).as_millis()).unwrap_or_default());
                }
            }),
            Fact::StageStopping { item, stage, class, why, .. } => {
                let is_stuck = *class == Some(FailureClass::AgentStuck);
                self.note(at, format!("{item}: {stage} told to end: {why}{}", if is_stuck { "; R runs it again" } else { "" }));
                if is_stuck {
                    self.stuck_stopped(item, why, at);
                }
                self.with_live(item, *stage, |state| {
                    if let StageState::Running { stopping, .. } = state {
                        *stopping = Some((*class, why.clone()));
                    }
                });
            }
            Fact::StageFinished { item, stage, outcome, .. } => {
                // stopped while its keeper waited
                self.delay = None;
                match &outcome.detail {
                    StageDetail::Pull(pull) if !pull.images.is_empty() => {
                        self.note(at, format!("{item}: pull: {}", room::pulled(pull, outcome.duration_ms)));
                    }
                    StageDetail::Clean(prune) => {
                        // no item fails by it: here alone is said why nothing went
                        let why = match &outcome.end {
                            StageEnd::Failed { why, .. } => format!("; {why}"),
                            _ => String::new(),
                        };
                        self.note(at, format!("{item}: clean: {}{why}", room::pruned(prune)));
                    }
                    _ => {}
                }
                self.with_live(item, *stage, |state| *state = StageState::Ended(outcome.clone()));
            }
            _ => {}
        }
    }

    fn create(&mut self, plan: &RunPlan, at: Timestamp) {
        self.plan.clone_from(&plan.plan);
        self.digest.clone_from(&plan.digest);
        self.selection.clone_from(&plan.selection);
        self.repo.clone_from(&plan.repo);
        self.task_id.clone_from(&plan.task_id);
        self.agent.clone_from(&plan.agent);
        self.model.clone_from(&plan.model);
        self.stages.clone_from(&plan.stages);
        self.repeat = plan.repeat;
        self.created = Some(at);
        self.items = plan.items.iter().map(planned).collect();
        self.reindex();
    }

    fn apply_queue(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::ItemAdded { item, by } => {
                self.note(at, format!("{} added by {}", item.item, by.words()));
                self.act(at, Deed::Added { item: item.item.clone() });
                self.items.push(planned(item));
                self.finished = None;
            }
            Fact::ItemRemoved { item, by } => {
                self.note(at, format!("{item} removed by {}", by.words()));
                self.items.retain(|other| other.id != *item);
            }
            Fact::ItemMoved { item, to, .. } => {
                if let Some(from) = self.position(item) {
                    let moved = self.items.remove(from);
                    self.items.insert((*to).min(self.items.len()), moved);
                }
            }
            Fact::ItemSkipped { item, by } => {
                self.note(at, format!("{item} skipped by {}; R runs it again", by.words()));
                // a rule that skips says why when it stops the agent
                if matches!(by, By::Person { .. }) {
                    self.act(at, Deed::Skipped { item: item.clone(), by: by.clone() });
                }
                if let Some(item) = self.item_mut(item) {
                    if matches!(item.state, ItemState::Running) {
                        item.skipping = Some(by.clone());
                    } else {
                        item.state = ItemState::Skipped { by: by.clone() };
                    }
                }
            }
            Fact::ItemRequeued { item, from, not_before, automatic, why, by } => {
                self.note(at, format!("{item} queued again from {from} by {}: {why}", by.words()));
                if *automatic {
                    self.act(at, Deed::Retried { item: item.clone(), from: *from, why: why.clone() });
                }
                self.finished = None;
                if let Some(item) = self.item_mut(item) {
                    item.automatic_retries = if *automatic { item.automatic_retries.saturating_add(1) } else { 0 };
                    item.state = match not_before {
                        Some(until) => ItemState::Waiting { from: *from, until: *until, why: why.clone() },
                        None => ItemState::Queued { from: *from },
                    };
                }
            }
            _ => {}
        }
        self.reindex();
    }

    fn start_attempt(&mut self, item: &ItemId, n: u32, from: Stage, at: Timestamp) {
        self.live = Some(item.clone());
        let Some(item) = self.item_mut(item) else { return };
        let last = item.last_attempt();
        let taken_over = last.map(|last| last.left_for(from, item.is_taken_up()));
        // what is told of an agent belongs to every attempt that goes on with its work
        let kept = last.filter(|_| from > Stage::Agent);
        let asked = kept.and_then(|last| last.asked.clone());
        let told = kept.map(|last| (last.findings.clone(), last.alarms.clone(), last.badges.clone()));
        let (findings, alarms, badges) = told.unwrap_or_default();
        item.state = ItemState::Running;
        item.attempts.push(Attempt {
            n,
            from,
            started: at,
            end: None,
            asked,
            said: None,
            journal: None,
            findings,
            alarms,
            badges,
            stages: taken_over.unwrap_or_default(),
        });
    }

    fn with_attempt(&mut self, item: &ItemId, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.item_mut(item).and_then(|item| item.attempts.last_mut()) {
            change(attempt);
        }
    }

    fn finish_attempt(&mut self, id: &ItemId, end: &AttemptEnd, at: Timestamp) {
        if self.live.as_ref() == Some(id) {
            self.live = None;
            self.delay = None;
        }
        if let AttemptEnd::Deferred(deferral) = end {
            self.note(at, format!("{id} waits for room: {}; the others go on", deferral.why));
        }
        let Some(item) = self.item_mut(id) else { return };
        let Some(attempt) = item.attempts.last_mut() else { return };
        attempt.end = Some((end.clone(), at));
        let resume_from = attempt.resume_from();
        item.state = match end {
            AttemptEnd::Done => ItemState::Done,
            AttemptEnd::Failed { class, why } => ItemState::Failed { class: *class, why: why.clone() },
            AttemptEnd::Stopped { why } => ItemState::Stopped { why: why.clone() },
            AttemptEnd::Interrupted { why } => ItemState::Interrupted { why: why.clone(), from: resume_from },
            AttemptEnd::Deferred(deferral) => ItemState::ForRoom { from: attempt.from_pull(), deferral: deferral.clone() },
        };
        if let Some(by) = item.skipping.take() {
            item.state = ItemState::Skipped { by };
        }
        if let AttemptEnd::Interrupted { why } = end {
            self.act(at, Deed::Interrupted { item: id.clone(), from: resume_from, why: why.clone() });
        }
        self.count_for_breaker(id, end);
    }

    fn start_stage(&mut self, item: &ItemId, stage: Stage, budget_ms: Option<u64>, at: Timestamp) {
        let Some(attempt) = self.item_mut(item).and_then(|item| item.attempts.last_mut()) else { return };
        let known = attempt.stages.iter().position(|record| record.stage == stage).map(|at| attempt.stages.remove(at));
        let state = StageState::Running {
            since: at,
            budget_ms,
            keeper: None,
            frozen: None,
            frozen_ms: 0,
            stopping: None,
            totals: AgentTotals::default(),
        };
        attempt.stages.push(StageRecord::again(known, stage, (attempt.n, at), state));
    }

    fn with_live(&mut self, item: &ItemId, stage: Stage, change: impl FnOnce(&mut StageState)) {
        let record = self
            .item_mut(item)
            .and_then(|item| item.attempts.last_mut())
            .and_then(|attempt| attempt.stages.iter_mut().find(|record| record.stage == stage));
        if let Some(record) = record {
            change(&mut record.state);
        }
    }

    fn item_mut(&mut self, id: &ItemId) -> Option<&mut Item> {
        let at = *self.index.get(id)?;
        self.items.get_mut(at)
    }

    fn reindex(&mut self) {
        self.index = self.items.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect::<HashMap<_, _>>();
    }

    fn note(&mut self, at: Timestamp, says: String) {
        if self.notes.len() >= NOTES {
            self.notes.remove(0);
        }
        self.notes.push((at, says));
    }

    fn act(&mut self, at: Timestamp, what: Deed) {
        if self.acts.len() >= ACTS {
            self.acts.pop_front();
        }
        self.acts.push_back(Act { at, what });
    }
}

impl Attempt {
    /// The stage with which an interrupted attempt is taken up again: the one that was cut off, or, where its input
    /// is gone with it, the one that makes that input.
    pub(super) fn resume_from(&self) -> Stage {
        let cut = self.stages.iter().rev().find(|record| !matches!(&record.state, StageState::Ended(outcome) if outcome.is_done()));
        match cut.map(|record| record.stage) {
            // an agent never goes on with edits of an earlier try
            Some(Stage::Worktree | Stage::Agent) => Stage::Worktree,
            Some(Stage::Pull) => self.from_pull(),
            Some(stage) => stage,
            None => self.from,
        }
    }
}

fn planned(item: &PlannedItem) -> Item {
    let state = match &item.blocked {
        Some(blocked) => ItemState::Blocked { class: blocked.class, why: blocked.why.clone() },
        None => ItemState::Queued { from: Stage::Worktree },
    };
    Item {
        id: item.item.clone(),
        human: item.human.clone(),
        parent: item.parent.clone(),
        state,
        attempts: Vec::new(),
        automatic_retries: 0,
        skipping: None,
    }
}
