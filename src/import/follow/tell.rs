//! What was read of a run, told as our runner would have told it.

use std::time::SystemTime;

use jiff::Timestamp;

use super::entry::{Entry, LiveAttempt};
use super::sight::{begun, local};
use super::{Follow, Sight};
use crate::domain::{ItemId, Stage, StageDetail, StageEnd, StageOutcome};
use crate::import::facts::Teller;
use crate::import::harness::{self, Names};
use crate::import::item::Read;
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Fact, PlannedItem, RunPlan};
use crate::model::Run;
use crate::text::clean;
use crate::watch::folder::{Place, Stamp};

impl Follow {
    /// The run as its files tell it.
    pub(super) fn fold(&self) -> Run {
        let reads: Vec<&Read> = self.entries.iter().flat_map(|entry| &entry.ended).map(|ended| &ended.read).collect();
        let names = Names::of(&self.folder, &[]);
        let mut teller = Teller::default();
        let mut order: Vec<(Option<Timestamp>, &Entry)> = self.entries.iter().map(|entry| (began(entry), entry)).collect();
        order.sort_by_key(|(began, _)| *began);
        let first = order.first().and_then(|(began, _)| *began);
        let named = self.folder.file_name().and_then(|name| name.to_str()).and_then(begun);
        let created = named.into_iter().chain(first).min().or_else(|| self.newest().and_then(stamp));
        teller.tell(created, Fact::RunCreated(self.plan_told(&names, &reads)));
        for (_, entry) in &order {
            for (n, ended) in (1..).zip(&entry.ended) {
                harness::tell(&mut teller, &ended.read, n, &[]);
                for fact in ended.found.iter().flatten() {
                    teller.tell(None, fact.clone());
                }
            }
        }
        // what runs longest is told last: of several it is the one that all screens follow
        for (began, entry) in order.iter().rev() {
            if let Some(live) = &entry.live {
                self.tell_live(&mut teller, entry, live, *began);
            }
        }
        let (is_over, waits) = (self.entries.iter().all(|entry| entry.live.is_none()), self.is_waiting());
        let is_left = matches!(self.sight, Sight::Absent(_)) && self.chosen.is_none();
        if is_over && !self.entries.is_empty() && (self.log.is_completed || (self.chosen.is_some() && !waits) || is_left) {
            teller.tell(None, Fact::RunFinished {});
        }
        teller.done()
    }

    fn plan_told(&self, names: &Names, reads: &[&Read]) -> RunPlan {
        let mut items: Vec<PlannedItem> = Vec::new();
        for planned in self.chosen.iter().flat_map(|chosen| &chosen.plan.items) {
            let entry = self.entries.iter().find(|entry| entry.id == planned.item_id);
            let [human, parent] = entry.map(commits).unwrap_or_default();
            items.push(PlannedItem {
                item: planned.item_id.clone(),
                human: longer(human, clean::line(&planned.human)),
                parent: longer(parent, clean::line(&planned.pre)),
                blocked: None,
            });
        }
        for entry in &self.entries {
            if !items.iter().any(|known| known.item == entry.id) {
                let [human, parent] = commits(entry);
                items.push(PlannedItem { item: entry.id.clone(), human, parent, blocked: None });
            }
        }
        let task = reads.iter().map(|read| &read.task_id).find(|task| !task.is_empty()).cloned();
        let task = task.or_else(|| self.chosen.as_ref().map(|chosen| clean::line(&chosen.plan.task_id)));
        RunPlan {
            plan: self.chosen.as_ref().map(|chosen| clean::path(&chosen.path)).unwrap_or_default(),
            digest: String::new(),
            selection: None,
            repo: names.repo.clone(),
            task_id: task.unwrap_or_default(),
            agent: names.agent.clone(),
            model: names.model.clone(),
            stages: vec![Stage::Worktree, Stage::Agent, Stage::Check],
            repeat: 1,
            items,
        }
    }

    fn tell_live(&self, teller: &mut Teller, entry: &Entry, live: &LiveAttempt, began: Option<Timestamp>) {
        let item = &entry.id;
        let n = u32::try_from(entry.ended.len()).unwrap_or(u32::MAX).saturating_add(1);
        let files = &live.files;
        let pid = if let Sight::Alive(program) = &self.sight { u32::try_from(program.id.pid).unwrap_or_default() } else { 0 };
        let started = |stage| Fact::StageStarted { item: item.clone(), n, stage, pid };
        let starting = |stage, budget_ms| Fact::StageStarting { item: item.clone(), n, stage, budget_ms };
        let written = |stamp: Option<Stamp>| stamp.and_then(|stamp| self::stamp(stamp.written));
        teller.tell(began, Fact::AttemptStarted { item: item.clone(), n, from: Stage::Worktree });
        teller.tell(began, starting(Stage::Worktree, None));
        teller.tell(None, started(Stage::Worktree));
        let mut stage = Stage::Worktree;
        let mut since = began;
        if live.place != Place::Worktree {
            let asked =
                written(files.task.filter(|task| files.prompt.is_none_or(|prompt| task.written >= prompt.written)).or(files.prompt));
            teller.tell(asked, finished(item, n, stage, self.lasted(live, stage, since, asked), StageDetail::Nothing));
            (stage, since) = (Stage::Agent, asked);
            teller.tell(asked, starting(stage, self.budget.ms));
            teller.tell(None, started(stage));
            let totals = live.agent.reading.totals();
            if totals.steps.is_some() {
                teller.tell(None, Fact::AgentProgressed { item: item.clone(), n, totals });
            }
            for fact in &live.agent.found {
                teller.tell(None, fact.clone());
            }
            if live.place == Place::Finalising {
                let ended = written(files.printed);
                teller.tell(ended, finished(item, n, stage, self.lasted(live, stage, since, ended), StageDetail::Agent(totals)));
                (stage, since) = (Stage::Check, ended);
                teller.tell(ended, starting(stage, None));
                teller.tell(None, started(stage));
            }
        }
        if let Some((at, says)) = self.log.said.get(item)
            && at.is_none_or(|at| began.is_none_or(|began| at.as_second() >= began.as_second() - 5))
        {
            let says = self.masker.mask(says).into_owned();
            teller.tell(None, Fact::HarnessSaid { item: item.clone(), n, stage, says });
        }
        if matches!(self.sight, Sight::Absent(_)) {
            let newest = stamp(files.newest);
            let why = format!("the harness is gone; its files changed last at {}", local(files.newest));
            let end = StageEnd::Interrupted { why: why.clone() };
            let detail = if stage == Stage::Agent { StageDetail::Agent(live.agent.reading.totals()) } else { StageDetail::Nothing };
            let outcome = StageOutcome { end, child: None, duration_ms: self.lasted(live, stage, since, newest), detail };
            teller.tell(newest, Fact::StageFinished { item: item.clone(), n, stage, outcome });
            teller.end(item, n, newest, AttemptEnd::Interrupted { why });
        }
    }

    /// How long a stage took by the times of its files, in ms; 0 is not known. Where nobody works any more they may be those of a copy: then the agent's own times count first,
    /// and files that were written in one moment tell nothing.
    fn lasted(&self, live: &LiveAttempt, stage: Stage, from: Option<Timestamp>, to: Option<Timestamp>) -> u64 {
        let by_files = between(from, to);
        if !matches!(self.sight, Sight::Absent(_)) {
            return by_files;
        }
        let reading = &live.agent.reading;
        let by_steps = if stage == Stage::Agent { between(reading.started_at(), reading.last_at()) } else { 0 };
        match by_steps {
            0 if by_files < COPIED => 0,
            0 => by_files,
            _ => by_steps,
        }
    }
}

/// Files of which all were written within so many ms were copied.
const COPIED: u64 = 1000;

/// When the newest attempt of an item began, as far as its files tell.
fn began(entry: &Entry) -> Option<Timestamp> {
    let Some(live) = &entry.live else { return entry.ended.last().and_then(|ended| ended.read.began) };
    let prompt = live.files.prompt.and_then(|prompt| stamp(prompt.written));
    if let Some(taken_up) = live.taken_up {
        return Some(if live.place == Place::Worktree { taken_up } else { prompt.map_or(taken_up, |prompt| prompt.min(taken_up)) });
    }
    // the folder is made once, and used again
    let made = live.files.made.and_then(stamp).filter(|_| entry.ended.is_empty());
    match (made, prompt) {
        (Some(made), Some(prompt)) => Some(made.min(prompt)),
        (made, prompt) => made.or(prompt).or_else(|| stamp(live.files.newest)),
    }
}

/// The human's commit; empty until its files tell.
pub(super) fn human(entry: &Entry) -> String {
    let [human, _] = commits(entry);
    human
}

/// Human's and parent commit, by the newest of its files.
fn commits(entry: &Entry) -> [String; 2] {
    let of_live = entry.live.as_ref().map(|live| [live.human.clone(), live.parent.clone()]).filter(|[human, _]| !human.is_empty());
    let of_ended = || entry.ended.last().map(|ended| [ended.read.human.clone(), ended.read.parent.clone()]);
    of_live.or_else(of_ended).unwrap_or_default()
}

fn longer(one: String, other: String) -> String {
    if one.len() >= other.len() { one } else { other }
}

fn finished(item: &ItemId, n: u32, stage: Stage, duration_ms: u64, detail: StageDetail) -> Fact {
    let outcome = StageOutcome { end: StageEnd::Done, child: None, duration_ms, detail };
    Fact::StageFinished { item: item.clone(), n, stage, outcome }
}

fn stamp(at: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(at).ok()
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> u64 {
    from.zip(to).and_then(|(from, to)| u64::try_from(to.duration_since(from).as_millis()).ok()).unwrap_or_default()
}
