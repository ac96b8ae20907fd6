//! How long all small files of the real runs take to be read, warm. Target: 1,500 files in less than 100 ms.
//!
//! `cargo bench --bench corpus [-- ROUNDS]`; prints the median of the rounds. Needs `../shared`.

#![expect(clippy::unwrap_used, reason = "a benchmark may")]
#![expect(clippy::cast_precision_loss, reason = "counts of bytes")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use isobench_tui::artifact::document::{read_bytes, read_text};
use isobench_tui::artifact::{ArtifactError, BenchFile, DiffTargets, Journal, PlanFile, Prediction, Prompt, RunSummary, TaskFile};

/// Every regular file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Reads a small file as what it is; whether it is one.
fn read(path: &Path) -> Result<bool, ArtifactError> {
    let none = |_: &str| None;
    match path.file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        "journal.json" => Journal::read(path).map(drop)?,
        "prompt.json" => Prompt::read(path).map(drop)?,
        "diff_targets.json" => DiffTargets::read(path).map(drop)?,
        "run_summary.json" => RunSummary::read(path).map(drop)?,
        "prediction.jsonl" => Prediction::read(path).map(drop)?,
        "model_patch.diff" => read_bytes(path).map(drop)?,
        "task.txt" => read_text(path).map(drop)?,
        "plan.json" | "test_plan.json" => PlanFile::read(path).map(drop)?,
        "bench.yaml" => BenchFile::read(path, &none).map(drop)?,
        _ if path.parent().is_some_and(|folder| folder.ends_with("tasks")) => TaskFile::read(path, &none).map(drop)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn main() {
    let rounds: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(15);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    // the first look warms the files and tells which are small ones
    let small: Vec<PathBuf> = files(&corpus).into_iter().filter(|path| read(path).unwrap()).collect();
    let bytes: u64 = small.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let started = Instant::now();
            assert!(small.iter().all(|path| read(path).unwrap()));
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).unwrap();
    println!("{} small files, {:.1} MB: median {median:.1} ms of {rounds}", small.len(), bytes as f64 / 1e6);
}
