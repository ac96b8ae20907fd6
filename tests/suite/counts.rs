//! What `inspect` counts, beside what a script of few ideas counts that shares no code with it: over every sample, every run
//! of the corpus, and our own fixtures.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobench_tui::agent::open::open;
use isobench_tui::report::steps;
use isobench_tui::text::mask::Masker;
use serde_json::{Value, json};

use crate::support::{shared, skip};

/// Files below a folder that may be trajectories, and folders of events, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_event = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("event-") || name == "0.json"
    };
    if folder.join("events").is_dir() {
        return vec![folder.to_owned()];
    }
    if entries.iter().any(is_event) {
        return vec![folder.to_owned()];
    }
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if ["json", "jsonl", "ndjson", "traj", "gz", "txt"].contains(&path.extension().unwrap_or_default().to_str().unwrap()) {
            found.push(path);
        }
    }
    found
}

/// What the script says, by path; `None` without Python.
fn counted(paths: &[PathBuf]) -> Option<BTreeMap<PathBuf, Vec<Value>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/count_steps.py");
    let output = Command::new("python3").arg(script).args(paths).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<PathBuf, Vec<Value>> = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut told: Value = serde_json::from_slice(line).unwrap();
        let path = told.as_object_mut().unwrap().remove("path").unwrap();
        found.entry(PathBuf::from(path.as_str().unwrap())).or_default().push(told);
    }
    Some(found)
}

/// What `inspect --format json` says, in the words of the script.
fn inspected(path: &Path) -> Vec<Value> {
    let Ok(runs) = open(path) else { return vec![json!({"none": true})] };
    let told = runs.iter().map(|run| {
        let mut line = Vec::new();
        steps::write(&mut line, run, &Masker::default()).unwrap();
        let told: Value = serde_json::from_slice(&line).unwrap();
        let steps = told["steps"].as_array().unwrap();
        let results: Vec<bool> =
            steps.iter().flat_map(|step| step["calls"].as_array().unwrap()).filter_map(|call| call["result"]["ok"].as_bool()).collect();
        let totals = &told["totals"];
        assert_eq!(totals["steps"].as_u64().unwrap_or_default(), steps.len() as u64, "{}", path.display());
        let by_tool: u64 = totals["calls_by_tool"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(totals["calls"].as_u64(), Some(by_tool), "{}", path.display());
        let ended = match told["end"]["state"].as_str().unwrap() {
            "completed" => json!("ok"),
            "running" => Value::Null,
            "unknown" => json!("unknown"),
            _ => json!("bad"),
        };
        json!({
            "agent": told["agent"],
            "instance": told["instance"],
            "steps": steps.len(),
            "calls": totals["calls"],
            "results": results.len(),
            "failed": results.iter().filter(|ok| !**ok).count(),
            "errors": totals["errors"],
            "input": totals["input_tokens"].as_u64().unwrap_or_default(),
            "output": totals["output_tokens"].as_u64().unwrap_or_default(),
            "cached": totals["cached_tokens"].as_u64().unwrap_or_default(),
            "ended": ended,
        })
    });
    told.collect()
}

/// Compares all; returns how many runs there were.
fn agree(paths: &[PathBuf]) -> usize {
    let Some(counted) = counted(paths) else {
        skip("python3 is not here");
        return usize::MAX;
    };
    let (mut runs, mut differ) = (0, Vec::new());
    for path in paths {
        let (script, ours) = (&counted[path], inspected(path));
        runs += ours.iter().filter(|told| told.get("none").is_none()).count();
        if ours != *script {
            differ.push(format!("{}\n  script {}\n  ours   {}", path.display(), told(script), told(&ours)));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), paths.len(), differ.join("\n"));
    runs
}

fn told(runs: &[Value]) -> String {
    runs.iter().map(Value::to_string).collect::<Vec<_>>().join("\n         ")
}

#[test]
fn fixtures_are_counted_as_by_a_plain_script() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let of_agents = ["trae", "claude", "codex", "openhands", "swe_agent", "mini_swe_agent"].map(|name| fixtures.join(name));
    let paths: Vec<PathBuf> = of_agents.iter().filter(|folder| folder.is_dir()).flat_map(|folder| sources(folder)).collect();
    assert!(agree(&paths) >= 20);
}

#[test]
fn samples_are_counted_as_by_a_plain_script() {
    let Some(shared) = shared() else { return };
    assert!(agree(&sources(&shared.join("trajectories"))) >= 100);
}

#[test]
fn the_corpus_and_the_labelled_runs_are_counted_as_by_a_plain_script() {
    let Some(shared) = shared() else { return };
    let mut paths = sources(&shared.join("loops/runs"));
    for item in items(&shared.join("corpus/state/runs")) {
        paths.extend(["trajectory.json", "claude_code_stdout.txt"].map(|name| item.join(name)).into_iter().filter(|path| path.is_file()));
    }
    assert!(agree(&paths) >= 300, "{}", paths.len());
}

/// The folders that hold files, at any depth.
fn items(folder: &Path) -> Vec<PathBuf> {
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| items(folder));
    below.chain((!files.is_empty()).then(|| folder.to_owned())).collect()
}
