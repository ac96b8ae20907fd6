//! What a report is made of: rows from the model, and the tables that are counted from them. Every renderer (text, Markdown,
//! CSV, JSON, HTML) reads this and nothing else, so that all of them say the same.

mod arms;
mod compared;
mod coverage;
mod items;
mod safe;
mod whose;

use std::path::{Path, PathBuf};

pub use items::repo;

use jiff::Timestamp;

use crate::domain::rung::breaks;
use crate::domain::{Answer, Arm, BenchKind, Cause, Flag, Metric, Quadrant, Rung, RungAnswer, SoftVerdict, Standing, Verdict, Workload};
use crate::import::Import;
use crate::model::Energy;
use crate::text::clean;

/// A whole report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Study {
    /// The paths that were asked for.
    pub paths: Vec<PathBuf>,
    /// One row an attempt of an agent at a commit, in order of run, then item. What goes on with its work (an arm that is tried
    /// again, a run that is taken up) is no other one.
    pub items: Vec<ItemRow>,
    /// One row an arm that was measured, in order of folder, commit, arm.
    pub results: Vec<ResultRow>,
    /// One row a commit and agent whose arms could be laid side by side.
    pub compared: Vec<Compared>,
    /// Which planned commits have a patch.
    pub coverage: Coverage,
    /// What could not be read.
    pub problems: Vec<(PathBuf, String)>,
}

/// One attempt of an agent at a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// The item's id.
    pub item_id: String,
    /// The human's commit, as long as it is known.
    pub human: String,
    /// The repository as people know it: `vllm`, `sglang`.
    pub repo: String,
    /// The agent's folder name.
    pub agent: String,
    /// The model's folder name.
    pub model: String,
    /// The run: `vllm/trae/gpt-5/2026-01-23_21-19-19`, or a run id of ours.
    pub run: String,
    /// The harness's word (`success`, `error`, `max_steps_exceeded`, `unfinished`), else ours.
    pub status: String,
    /// The ladder's answers, lowest first; those of the arms too, where results belong to this attempt.
    pub rungs: Vec<RungAnswer>,
    /// The last rung of the unbroken yes.
    pub rung: Option<Rung>,
    /// What makes it suspicious.
    pub flags: Vec<Flag>,
    /// Finished steps; `None` where there is no trajectory.
    pub steps: Option<u32>,
    /// Tokens in; `None` where nobody counted.
    pub input_tokens: Option<u64>,
    /// Tokens out; `None` where nobody counted.
    pub output_tokens: Option<u64>,
    /// Seconds that the agent ran.
    pub duration_s: Option<f64>,
    /// US dollars, where the agent says.
    pub cost_usd: Option<f64>,
    /// Energy of the GPUs in all its stages; `None` where nobody looked.
    pub energy: Option<Energy>,
    /// Bytes of the patch; `None` where there is no patch file.
    pub patch_bytes: Option<u64>,
    /// The error of the API that ended it.
    pub terminal_error: Option<String>,
    /// Why it failed; `None` for a success.
    pub failure: Option<Cause>,
    /// The item's folder.
    pub folder: PathBuf,
    /// When its journal was written.
    pub at: Option<Timestamp>,
}

/// One arm that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// The human's commit, as it is written.
    pub commit: String,
    /// Which arm.
    pub arm: Arm,
    /// Whose results these are: the agent of the folder's name.
    pub agent: String,
    /// The model of the record.
    pub model: Option<String>,
    /// The model as run, after overrides.
    pub model_run: Option<String>,
    /// What was measured.
    pub kind: Option<BenchKind>,
    /// `success`, `error`, `timeout`.
    pub status: String,
    /// Its numbers.
    pub metrics: Vec<Metric>,
    /// Why it failed, by the raw output.
    pub failure: Option<Cause>,
    /// What casts doubt on the numbers.
    pub flags: Vec<Flag>,
    /// The work that was measured, as far as it is known.
    pub workload: Option<Workload>,
    /// The file.
    pub file: PathBuf,
    /// The folder of results (or run of ours) that it belongs to.
    pub run: String,
}

/// The arms of a commit side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// The human's commit.
    pub commit: String,
    /// Whose patch.
    pub agent: String,
    /// The agent's model.
    pub model: String,
    /// The folder of results, or the run.
    pub run: String,
    /// What was measured.
    pub kind: Option<BenchKind>,
    /// The model that the arms served, after overrides.
    pub model_run: Option<String>,
    /// The word for the attempt where it is not over, `running`, `interrupted`; else `None`.
    pub open: Option<String>,
    /// The arms that there are, each with its status.
    pub arms: Vec<(Arm, String)>,
    /// The key number of the agent's arm: the primary one of its kind.
    pub key: Option<Metric>,
    /// The rate of tokens of the agent's arm.
    pub rate: Option<Metric>,
    /// The last rung that the attempt holds, with its arms.
    pub rung: Option<Rung>,
    /// The flags of its arms.
    pub flags: Vec<Flag>,
    /// Why the agent's arm failed.
    pub failure: Option<Cause>,
    /// One a metric; the first is the primary one.
    pub verdicts: Vec<Verdict>,
    /// What is to be known of the comparison: what could not be compared, and why.
    pub why_not: Vec<String>,
    /// Why there is no hard class; `None` where there is one.
    pub incomparable: Option<String>,
    /// Against the human: from our comparison, or from a `hard_metrics.json`.
    pub hard: Option<Standing>,
    /// The file that the hard class was taken from; `None` where we compared.
    pub hard_from: Option<PathBuf>,
    /// What a judge said.
    pub soft: Option<SoftVerdict>,
    /// Both together; a verdict that is missing counts as not passed, as the harness counts.
    pub quadrant: Option<Quadrant>,
}

/// Which planned commits have a patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Commits in the plans; `None` where there is no plan.
    pub planned: Option<usize>,
    /// Of them, with a patch that is not empty.
    pub with_patch: usize,
    /// The others.
    pub missing: Vec<String>,
    /// The same for each agent and model that was asked about any of them.
    pub by_agent: Vec<AgentCoverage>,
}

/// Which planned commits an agent with a model has a patch for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentCoverage {
    /// The agent.
    pub agent: String,
    /// Its model.
    pub model: String,
    /// Planned commits with a patch of it that is not empty.
    pub with_patch: usize,
    /// The others.
    pub missing: Vec<String>,
}

/// What tells a commit from others: shas are abbreviated here and there, to eight characters as a rule.
fn commit_key(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}

/// Every attempt of one run, in its order, as it is known without any other: what was measured elsewhere is not in it.
pub fn attempts(imported: &crate::import::Imported) -> Vec<ItemRow> {
    items::each(imported).collect()
}

impl Study {
    /// The rows of what was imported below these paths. Words are as they were written: see [`Study::safe`].
    pub fn of(paths: &[PathBuf], import: &Import) -> Self {
        let mut items: Vec<ItemRow> = import.runs.iter().flat_map(items::of).collect();
        items.sort_by(|a, b| (&a.run, &a.item_id).cmp(&(&b.run, &b.item_id)));
        let mut results: Vec<ResultRow> = import.runs.iter().flat_map(arms::of).collect();
        results.sort_by(|a, b| (&a.run, &a.commit, a.arm).cmp(&(&b.run, &b.commit, b.arm)));
        let mut compared = compared::of(import, &mut items);
        compared.sort_by(|a, b| (&a.run, &a.commit).cmp(&(&b.run, &b.commit)));
        let coverage = coverage::of(import, &items);
        let problems = import.problems.iter().map(|problem| (problem.path.clone(), problem.says.clone())).collect();
        Self { paths: paths.to_vec(), items, results, compared, coverage, problems }
    }

    /// A file or a folder as a row names it: relative to the path that was asked for, and safe to show.
    pub fn place(&self, path: &Path) -> String {
        let below = self.paths.iter().filter_map(|asked| path.strip_prefix(asked).ok());
        // of two that were asked for, the nearer one
        let nearest = below.filter(|rest| !rest.as_os_str().is_empty()).min_by_key(|rest| rest.as_os_str().len());
        clean::path(nearest.unwrap_or(path))
    }
}

impl ItemRow {
    /// Whether it counts as a success where nobody looks closer: the harness says so, or every stage of ours did its work.
    pub fn is_marked(&self) -> bool {
        matches!(self.status.as_str(), "success" | "done")
    }

    /// Whether it came to no end, or to none yet.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "unfinished" | "running" | "interrupted" | "waiting")
    }

    /// Whether it has a patch that is not empty.
    pub fn has_patch(&self) -> bool {
        self.patch_bytes.is_some_and(|bytes| bytes > 0)
    }

    /// What tells its commit from others: shas are abbreviated here and there. An item of no known commit is its own.
    pub fn commit_key(&self) -> &str {
        if self.human.is_empty() { &self.item_id } else { commit_key(&self.human) }
    }

    /// What orders the tries of a commit: the time that its run is named by, else when its journal was written.
    pub fn order(&self) -> String {
        let named = self.run.rsplit('/').next().unwrap_or_default();
        let is_time = named.starts_with("20") && named.get(4..5) == Some("-");
        if is_time { named.to_owned() } else { self.at.map(|at| at.to_string()).unwrap_or_default() }
    }

    /// What is known of a rung.
    pub fn answer(&self, rung: Rung) -> Answer {
        self.rungs.iter().find(|found| found.rung == rung).map_or(Answer::Unchecked, |found| found.answer)
    }

    /// Whether this rung itself holds, whatever is below it.
    pub fn holds(&self, rung: Rung) -> bool {
        self.answer(rung) == Answer::Yes
    }

    /// Whether this rung and all below it hold, or make no sense.
    pub fn is_unbroken_to(&self, rung: Rung) -> bool {
        let answer = |rung: Rung| RungAnswer { rung, answer: self.answer(rung), evidence: String::new() };
        Rung::ALL.into_iter().filter(|below| *below <= rung).all(|below| !breaks(&answer(below)))
    }
}

impl ResultRow {
    /// Whether it is a success: no failure, and numbers.
    pub fn is_measured(&self) -> bool {
        self.failure.is_none() && !self.metrics.is_empty()
    }

    /// What tells its commit from others.
    pub fn commit_key(&self) -> &str {
        commit_key(&self.commit)
    }

    /// Whether it may have measured the patch of this attempt's agent.
    pub fn is_of(&self, item: &ItemRow) -> bool {
        self.run == item.run || whose::is_whose(&self.agent, &item.agent, &item.model)
    }

    /// Its rate of tokens, as ISO-Bench's runner says it of an arm.
    pub fn rate(&self) -> Option<&Metric> {
        crate::measured::rate(&self.metrics)
    }

    /// The number that decides: the primary one of its kind, else the first.
    pub fn key(&self) -> Option<&Metric> {
        crate::measured::key(self.kind, &self.metrics)
    }
}

impl Compared {
    /// What tells its commit from others.
    pub fn commit_key(&self) -> &str {
        commit_key(&self.commit)
    }

    /// Whether there are arms, and none of them gave a number of the agent's.
    pub fn lacks_number(&self) -> bool {
        self.key.is_none() && !self.arms.is_empty()
    }

    /// Whose patch, as people name it: the agent of the folder's name.
    pub fn whose(&self) -> &str {
        if self.agent.is_empty() { &self.run } else { &self.agent }
    }
}
