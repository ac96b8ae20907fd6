//! A folder of results as facts: one item a commit, its arms as stages.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::arm::{Heard, heard};
use super::facts::{Span, Teller, before, millis, moment};
use super::record::Record;
use super::{Imported, Origin, walk};
use crate::artifact::Mapping;
use crate::domain::{Arm, ItemId, Stage, StageDetail, StageEnd, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{Fact, PlannedItem, RunPlan};

/// The arms of one commit, in the order in which the runner measures.
#[derive(Debug)]
pub(super) struct Commit {
    /// As written, eight characters mostly.
    pub(super) id: String,
    pub(super) human: String,
    pub(super) parent: String,
    pub(super) arms: BTreeMap<Stage, Measured>,
}

/// A record with what its output says.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) record: Record,
    pub(super) heard: Heard,
    pub(super) at: Option<Timestamp>,
}

/// A folder of results, read.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) name: String,
    /// The agent's type, `trae_gpt5_0123`.
    pub(super) agent: String,
    pub(super) repo: String,
    pub(super) commits: Vec<Commit>,
    /// Records of an arm that a later one of the same commit took the place of.
    pub(super) older: Vec<Record>,
}

impl Folder {
    /// Of the records in a folder. `mapping`: which command measured which commit.
    pub(super) fn of(path: &Path, records: Vec<Record>, mapping: Option<&Mapping>) -> Self {
        let mut commits: Vec<Commit> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut older = Vec::new();
        let repo = records.iter().find_map(|record| record.repo.clone());
        for record in records {
            let key = record.commit.get(..8).unwrap_or(&record.commit).to_ascii_lowercase();
            let place = *places.entry(key).or_insert_with(|| {
                commits.push(Commit { id: record.commit.clone(), human: String::new(), parent: String::new(), arms: BTreeMap::new() });
                commits.len() - 1
            });
            let Some(commit) = commits.get_mut(place) else { continue };
            let whole = if record.full.is_empty() { &record.commit } else { &record.full };
            for (known, told) in [(&mut commit.human, whole), (&mut commit.parent, &record.parent)] {
                if told.len() > known.len() {
                    known.clone_from(told);
                }
            }
            let at = record.timestamp.as_deref().and_then(time);
            let stage = stage(record.arm);
            let heard = heard(&record, mapping.and_then(|mapping| mapping.entry(&record.full).or_else(|| mapping.entry(&record.commit))));
            let measured = Measured { record, heard, at };
            if commit.arms.get(&stage).is_some_and(|known| known.at > at) {
                older.push(measured.record);
            } else if let Some(before) = commit.arms.insert(stage, measured) {
                older.push(before.record);
            }
        }
        commits.sort_by(|one, other| one.id.cmp(&other.id));
        Self {
            name: name(path),
            agent: agent_type(path),
            repo: repo.map_or_else(|| "vllm".to_owned(), |repo| short_repo(&repo)),
            commits,
            older,
        }
    }

    /// Folds its facts.
    pub(super) fn fold(&self, path: &Path) -> Imported {
        let mut teller = Teller::default();
        let order = self.in_time();
        teller.tell(order.first().and_then(|commit| commit.began()), Fact::RunCreated(self.plan()));
        for commit in order {
            commit.tell(&mut teller);
        }
        teller.tell(None, Fact::RunFinished {});
        Imported {
            origin: Origin::Results,
            path: path.to_owned(),
            name: self.name.clone(),
            run: teller.done(),
            items: std::collections::HashMap::new(),
        }
    }

    /// The commits in the order in which they were measured.
    pub(super) fn in_time(&self) -> Vec<&Commit> {
        let mut order: Vec<&Commit> = self.commits.iter().collect();
        order.sort_by_key(|commit| commit.began());
        order
    }

    /// What the run is about.
    pub(super) fn plan(&self) -> RunPlan {
        let planned = self.commits.iter().map(|commit| PlannedItem {
            item: ItemId(commit.id.clone()),
            human: commit.human.clone(),
            parent: commit.parent.clone(),
            blocked: None,
        });
        RunPlan {
            plan: String::new(),
            digest: String::new(),
            selection: None,
            repo: self.repo.clone(),
            task_id: String::new(),
            agent: self.agent.clone(),
            model: super::join::model_of_type(&self.agent).unwrap_or_else(|| "default".to_owned()),
            stages: vec![Stage::Human, Stage::Baseline, Stage::Candidate],
            repeat: 1,
            items: planned.collect(),
        }
    }
}

impl Commit {
    /// When its first arm began.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.arms.values().filter_map(Measured::began).min()
    }

    /// Its arms and its end.
    pub(super) fn tell(&self, teller: &mut Teller) {
        self.tell_arms(teller);
        teller.end(&ItemId(self.id.clone()), 1, self.arms.values().filter_map(|measured| measured.at).max(), end(self));
    }

    /// Its arms, while others of them may still come.
    pub(super) fn tell_arms(&self, teller: &mut Teller) {
        let id = ItemId(self.id.clone());
        let attempt = (&id, 1);
        let first = self.arms.keys().next().copied().unwrap_or(Stage::Human);
        teller.tell(self.began(), Fact::AttemptStarted { item: id.clone(), n: 1, from: first });
        for (stage, measured) in &self.arms {
            let failed = measured.heard.failure.clone();
            let outcome = StageOutcome {
                end: failed.map_or(StageEnd::Done, |cause| StageEnd::Failed { class: cause.class, why: cause.evidence }),
                child: None,
                duration_ms: measured.record.duration_s.and_then(millis).unwrap_or_default(),
                detail: StageDetail::Arm(measured.heard.detail.clone()),
            };
            teller.stage(attempt, *stage, Span { began: measured.began(), ended: measured.at, budget_ms: None }, outcome);
        }
    }
}

/// What counts is the agent's arm, where there is one; else the first arm that failed.
fn end(commit: &Commit) -> AttemptEnd {
    let failed = |stage: &Stage, measured: &Measured| {
        let cause = measured.heard.failure.as_ref()?;
        Some(AttemptEnd::Failed { class: cause.class, why: format!("{stage}: {}", cause.evidence) })
    };
    let failed = match commit.arms.get(&Stage::Candidate) {
        Some(measured) => failed(&Stage::Candidate, measured),
        None => commit.arms.iter().find_map(|(stage, measured)| failed(stage, measured)),
    };
    failed.unwrap_or(AttemptEnd::Done)
}

impl Measured {
    fn began(&self) -> Option<Timestamp> {
        before(self.at?, self.record.duration_s.and_then(millis).unwrap_or_default())
    }
}

const fn stage(arm: Arm) -> Stage {
    match arm {
        Arm::Human => Stage::Human,
        Arm::Baseline => Stage::Baseline,
        Arm::Agent => Stage::Candidate,
    }
}

/// A time of a result: local as Python prints it, or seconds.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        return moment(seconds);
    }
    let local: Option<DateTime> = text.parse().ok();
    text.parse().ok().or_else(|| Some(local?.to_zoned(TimeZone::system()).ok()?.timestamp()))
}

/// Names of folders that say nothing of whose results lie in them.
const SAYS_NOTHING: [&str; 6] = ["results", "vllm", "sglang", "archive", "runs", "data"];

/// Beginnings that the runners give the name of an agent's folder.
const BEGINNINGS: [&str; 4] = ["iso_bench_results_3way_", "omniperf_results_3way_", "results_3way_", "benchmark_results_"];

/// Whose results lie in a folder: the name of the nearest folder that says it.
fn agent_type(path: &Path) -> String {
    let names = path.ancestors().filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let is_date = |name: &str| name.len() == 7 && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let says = |name: &String| !SAYS_NOTHING.contains(&name.as_str()) && !is_date(name);
    let name = names.take(4).find(says).unwrap_or_else(|| "unknown".to_owned());
    let bare = BEGINNINGS.iter().find_map(|begin| name.strip_prefix(begin)).unwrap_or(&name);
    crate::text::clean::shown(bare.strip_suffix("_results").unwrap_or(bare)).into_owned()
}

/// How people call a folder of results.
fn name(path: &Path) -> String {
    let says_nothing = path.file_name().is_none_or(|name| SAYS_NOTHING.iter().any(|bare| name == *bare));
    let is_below = path.parent().and_then(Path::file_name).is_some_and(|above| above == "results");
    walk::called(path, if says_nothing || is_below { 2 } else { 1 })
}

/// `vllm` of `vllm-project/vllm`.
fn short_repo(repo: &str) -> String {
    crate::artifact::shown_repo(repo.trim_end_matches('/').trim_end_matches(".git").rsplit('/').next().unwrap_or(repo)).to_owned()
}
