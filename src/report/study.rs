//! What a report is made of: rows from the model, and the tables that are counted from them. Every renderer (text, Markdown,
//! CSV, JSON, HTML) reads this and nothing else, so that all of them say the same.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::{Arm, BenchKind, Cause, Flag, Metric, Quadrant, Rung, RungAnswer, SoftVerdict, Standing, Verdict};

/// A whole report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Study {
    /// The paths that were asked for.
    pub paths: Vec<PathBuf>,
    /// One row an attempt of an agent at a commit, in order of run, then item.
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
    /// The file.
    pub file: PathBuf,
    /// The folder of results (or run of ours) that it belongs to.
    pub run: String,
}

/// The arms of a commit side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The human's commit.
    pub commit: String,
    /// Whose patch.
    pub agent: String,
    /// The agent's model.
    pub model: String,
    /// The folder of results, or the run.
    pub run: String,
    /// One a metric; the first is the primary one.
    pub verdicts: Vec<Verdict>,
    /// Why something could not be compared.
    pub why_not: Vec<String>,
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
}
