//! Every real file of the harness is read, and written again byte for byte.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::artifact::document::{Indent, python_json};
use isobench_tui::artifact::{
    ArmResult, ArtifactError, BenchFile, DiffTargets, Document, HarnessRun, Journal, Mapping, PlanFile, Prediction, Prompt, RunSummary,
    TaskFile, runs, shown_repo,
};

use crate::support::shared;

/// Every regular file below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The kind of a real file, and what must be its bytes when what was read of it is written. Of YAML and text we write
/// none: it is enough that they are read.
fn written_again(path: &Path) -> Result<Option<(&'static str, String)>, ArtifactError> {
    fn whole<T>(document: &Document<T>) -> String {
        python_json(document.whole(), Indent::Two)
    }
    let name = path.file_name().unwrap().to_str().unwrap();
    let as_it_is = || fs::read_to_string(path).unwrap();
    Ok(Some(match name {
        "journal.json" => ("journal", whole(&Journal::read(path)?)),
        "prompt.json" => ("prompt", whole(&Prompt::read(path)?)),
        "diff_targets.json" => ("diff_targets", whole(&DiffTargets::read(path)?)),
        "run_summary.json" => ("run_summary", whole(&RunSummary::read(path)?)),
        "prediction.jsonl" => {
            ("prediction", Prediction::read(path)?.iter().map(|line| python_json(line.whole(), Indent::OneLine) + "\n").collect())
        }
        "plan.json" | "test_plan.json" => ("plan", python_json(PlanFile::read(path)?.0.whole(), Indent::Two)),
        "benchmark_mode_mapping.json" => {
            assert_eq!(Mapping::read(path)?.len(), 96);
            ("mapping", as_it_is())
        }
        "bench.yaml" => {
            assert!(BenchFile::read(path, &|_| None)?.agents().count() >= 5);
            ("bench", as_it_is())
        }
        _ if path.parent().unwrap().ends_with("tasks") => {
            assert!(!TaskFile::read(path, &|_| None)?.id.is_empty());
            ("task", as_it_is())
        }
        _ if name.contains("_result.") => ("result", whole(&ArmResult::read(path)?)),
        _ => return Ok(None),
    }))
}

#[test]
fn every_real_file_is_read_and_written_again_byte_for_byte() {
    let Some(shared) = shared() else { return };
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files(&shared.join("corpus")) {
        let Some((kind, again)) = written_again(&path).unwrap_or_else(|error| panic!("{error}")) else { continue };
        assert!(fs::read(&path).unwrap() == again.as_bytes(), "{} is written otherwise than it was", path.display());
        *met.entry(kind).or_default() += 1;
    }
    eprintln!("read and written again: {met:?}");
    let kinds = ["bench", "diff_targets", "journal", "mapping", "plan", "prediction", "prompt", "result", "run_summary", "task"];
    assert_eq!(met.keys().copied().collect::<Vec<_>>(), kinds);
}

#[test]
fn every_real_run_is_found_with_its_items() {
    let Some(shared) = shared() else { return };
    let state_runs = shared.join("corpus/state/runs");
    let found: Vec<HarnessRun> = runs::below(&state_runs).iter().map(|folder| HarnessRun::read(folder).unwrap()).collect();
    let journals = files(&state_runs).iter().filter(|path| path.ends_with("journal.json")).count();
    assert_eq!(found.iter().map(|run| run.counts().items).sum::<usize>(), journals);
    let prompts = files(&state_runs).iter().filter(|path| path.ends_with("prompt.json")).count();
    assert_eq!(found.iter().map(|run| run.items.len()).sum::<usize>(), prompts);
    assert!(found.iter().any(|run| run.repo == "sglan" && shown_repo(&run.repo) == "sglang"));
    for run in &found {
        assert_eq!(run.path, state_runs.join(&run.repo).join(&run.agent).join(&run.model).join(&run.timestamp));
    }
}
