//! A run folder of the harness as facts.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::facts::{Span, Teller};
use super::item::{NO_JOURNAL, Read};
use super::{Imported, Origin, walk};
use crate::artifact::shown_repo;
use crate::domain::{ChildEnd, FailureClass, ItemId, RungAnswer, ScoreDetail, Stage, StageDetail, StageEnd, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Fact, PlannedItem, RunPlan};

/// Who ran, as the folders and the files in them say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// As people call the run.
    pub run: String,
    /// The repository as people know it: `vllm`, `sglang`.
    pub repo: String,
    /// The agent's folder.
    pub agent: String,
    /// Its model's.
    pub model: String,
    /// The folder's own timestamp, or the one that its journals know.
    pub timestamp: String,
}

/// The deepest that a run folder lies below `runs/`.
const DEEPEST: usize = 4;

impl Names {
    /// Of a run folder. Below `runs/` its path says who ran; one that was moved is known by what its journals say.
    pub(super) fn of(folder: &Path, items: &[Read]) -> Self {
        let names: Vec<String> = folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let below = names.iter().rposition(|name| name == "runs").and_then(|at| names.get(at + 1..)).unwrap_or_default();
        let first = |of: fn(&Read) -> &String| items.iter().map(of).find(|name| !name.is_empty()).cloned();
        let (repo, agent) = (first(|item| &item.of.repo), first(|item| &item.of.agent));
        let (model, timestamp) = (first(|item| &item.of.model), first(|item| &item.of.timestamp));
        if let ([repo, agent, model, timestamp], DEEPEST) = (below, below.len()) {
            let known = |name: &str| crate::text::clean::shown(name).into_owned();
            let repo = shown_repo(repo);
            return Self {
                run: known(&format!("{repo}/{agent}/{model}/{timestamp}")),
                repo: known(repo),
                agent: known(agent),
                model: known(model),
                timestamp: known(timestamp),
            };
        }
        let own = walk::called(folder, 1);
        let repo = shown_repo(repo.as_deref().unwrap_or("unknown")).to_owned();
        let is_flat = below.len() == 1;
        let (agent, model) = (agent.unwrap_or_else(|| "unknown".to_owned()), model.unwrap_or_else(|| "default".to_owned()));
        // one that was moved is called by what it was, and by its folder where that is another name
        let run = match &timestamp {
            Some(timestamp) if !is_flat && *timestamp == own => format!("{repo}/{agent}/{model}/{timestamp}"),
            Some(_) | None if is_flat => own.clone(),
            _ if below.is_empty() => own.clone(),
            _ => crate::text::clean::shown(&below.join("/")).into_owned(),
        };
        Self { run, repo, agent, model, timestamp: timestamp.unwrap_or(own) }
    }
}

/// What results say of an attempt, by its place in the run.
pub(super) type Measured = BTreeMap<usize, Vec<RungAnswer>>;

/// Folds the items of a run.
pub(super) fn fold(folder: &Path, names: &Names, mut items: Vec<Read>, measured: &Measured) -> Imported {
    set_apart(&mut items);
    let mut teller = Teller::default();
    let mut order: Vec<usize> = (0..items.len()).collect();
    // items run one after another: their facts come in the order of time
    order.sort_by_key(|at| items.get(*at).and_then(|item| item.began));
    let first = order.first().and_then(|at| items.get(*at)).and_then(|item| item.began);
    let task_id = items.iter().map(|item| &item.task_id).find(|task| !task.is_empty()).cloned().unwrap_or_default();
    let planned = items.iter().map(|item| PlannedItem {
        item: ItemId(item.id.clone()),
        human: item.human.clone(),
        parent: item.parent.clone(),
        blocked: None,
    });
    let plan = RunPlan {
        plan: String::new(),
        digest: String::new(),
        selection: None,
        repo: names.repo.clone(),
        task_id,
        agent: names.agent.clone(),
        model: names.model.clone(),
        stages: vec![Stage::Agent, Stage::Check],
        repeat: 1,
        items: planned.collect(),
    };
    teller.tell(first, Fact::RunCreated(plan));
    for at in order {
        if let Some(item) = items.get(at) {
            tell(&mut teller, item, 1, measured.get(&at).map(Vec::as_slice).unwrap_or_default());
        }
    }
    if items.iter().all(|item| item.said.status != "unfinished") {
        teller.tell(None, Fact::RunFinished {});
    }
    let places = items.iter().map(|item| (ItemId(item.id.clone()), item.folder.clone())).collect();
    Imported { origin: Origin::Harness, path: folder.to_owned(), name: names.run.clone(), run: teller.done(), items: places }
}

/// Two folders whose names look the same once they are cleaned are two items.
fn set_apart(items: &mut [Read]) {
    let mut seen = HashSet::new();
    for item in items {
        let mut more = 1_usize;
        let plain = item.id.clone();
        while !seen.insert(item.id.clone()) {
            more += 1;
            item.id = format!("{plain} ({more})");
        }
    }
}

/// One attempt, from its beginning to its end.
pub(super) fn tell(teller: &mut Teller, item: &Read, n: u32, measured: &[RungAnswer]) {
    let id = ItemId(item.id.clone());
    let attempt = (&id, n);
    teller.tell(item.began, Fact::AttemptStarted { item: id.clone(), n, from: Stage::Agent });
    let duration_ms = item.duration_ms.unwrap_or_default();
    let child = item.cause.clone().map(|cause| ChildEnd { cause, command: 0, duration_ms, frozen_ms: 0, swept: 0 });
    let agent = StageOutcome { end: item.stage_end(), child, duration_ms, detail: StageDetail::Agent(item.totals) };
    teller.stage(attempt, Stage::Agent, Span { began: item.began, ended: item.ended, budget_ms: item.budget_ms }, agent);
    let at = Span { began: item.ended, ended: item.ended, budget_ms: None };
    let nothing = item.check.as_ref().and_then(|(_, nothing)| nothing.clone());
    if let Some((detail, _)) = &item.check {
        let failed = nothing.clone().map(|(class, why)| StageEnd::Failed { class, why });
        let outcome =
            StageOutcome { end: failed.unwrap_or(StageEnd::Done), child: None, duration_ms: 0, detail: StageDetail::Check(detail.clone()) };
        teller.stage(attempt, Stage::Check, at, outcome);
    }
    if !measured.is_empty() {
        let detail = StageDetail::Score(ScoreDetail { rungs: measured.to_vec(), ..ScoreDetail::default() });
        teller.stage(attempt, Stage::Score, at, StageOutcome { end: StageEnd::Done, child: None, duration_ms: 0, detail });
    }
    teller.tell(None, Fact::JournalRead { item: id.clone(), n, journal: item.said.clone() });
    for badge in &item.badges {
        teller.tell(None, Fact::BadgeGiven { item: id.clone(), n, badge: badge.clone() });
    }
    teller.end(&id, n, item.ended, end(item, nothing));
}

/// How the attempt ended: by the harness's word, and where that is `success`, by what there is of it.
fn end(item: &Read, nothing: Option<(FailureClass, String)>) -> AttemptEnd {
    let failed = |class: FailureClass, why: String| AttemptEnd::Failed { class, why };
    match (item.said.status.as_str(), &item.failure, nothing) {
        // the harness says of no such item that it failed: what its agent ended with is told beside that
        ("unfinished", Some(cause), _) => {
            AttemptEnd::Interrupted { why: format!("{NO_JOURNAL}; its agent ended with: {}", cause.evidence) }
        }
        ("unfinished", None, _) => AttemptEnd::Interrupted { why: NO_JOURNAL.to_owned() },
        ("success", _, Some((class, why))) => failed(class, why),
        ("success", _, None) => AttemptEnd::Done,
        (_, Some(cause), _) => failed(cause.class, cause.evidence.clone()),
        (_, None, Some((class, why))) => failed(class, why),
        (status, None, None) => failed(FailureClass::Unknown, format!("the journal says '{status}', and no file says why")),
    }
}
