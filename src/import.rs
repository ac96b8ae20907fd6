//! ISO-Bench's own trees and result folders as the facts that a run of ours would have written, without a copy: the model
//! that the screens and the reports read is the same fold over them (DESIGN section 2, sentence 8).

use std::path::{Path, PathBuf};

pub use crate::artifact::analysis::{HardRow, SoftRow};

use crate::artifact::PlanFile;
use crate::model::Run;

/// Everything found below some paths.
#[derive(Debug, Default)]
pub struct Import {
    /// Runs, folded: one a run folder of the harness, one a folder of results, one a run of ours.
    pub runs: Vec<Imported>,
    /// The plans that lie there, with their paths.
    pub plans: Vec<(PathBuf, PlanFile)>,
    /// The rows of the `hard_metrics.json` that lie there.
    pub hard: Vec<HardRow>,
    /// The verdicts of the soft-metrics files that lie there.
    pub soft: Vec<SoftRow>,
    /// What could not be read, each with its path and reason. It is told, and the rest is read.
    pub problems: Vec<Problem>,
}

/// A run, and where it comes from.
#[derive(Debug)]
pub struct Imported {
    /// What it is.
    pub origin: Origin,
    /// Its folder.
    pub path: PathBuf,
    /// How people call it: `vllm/trae/gpt-5/2026-01-23_21-19-19`, `results/codex_cli`, a run id of ours.
    pub name: String,
    /// The fold of its facts.
    pub run: Run,
}

/// Who wrote a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The harness's `prepare`: `state/runs/…`, also the flat form of old.
    Harness,
    /// Its benchmark runners: a folder of `…_result.json`, of `benchmark_result.json`, of old flat results.
    Results,
    /// We: `state/tui/<run-id>`.
    Ours,
}

/// A path that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path.
    pub path: PathBuf,
    /// What is wrong with it.
    pub says: String,
}

/// Reads whatever lies below these paths. `clone` answers what the parent commit holds; without it `applies` is unchecked.
pub fn import(paths: &[PathBuf], clone: Option<&Path>) -> Import {
    let _ = (paths, clone);
    Import::default()
}
