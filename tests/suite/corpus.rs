//! Every real file of the harness is read, and written again byte for byte.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobench_tui::artifact::document::{Indent, python_json};
use isobench_tui::artifact::{
    ArmResult, ArtifactError, BenchFile, DiffTargets, Document, Finished, HarnessItem, HarnessRun, ItemFolder, Journal, Mapping, PlanFile,
    Prediction, Prompt, RunSummary, TaskFile, runs, shown_repo,
};
use isobench_tui::domain::{AgentKind, EndCause, ItemId};
use isobench_tui::text::mask::Masker;
use serde_json::{Value, json};

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

/// What the harness's rules say of runs, asked of our own script of them.
fn harness_rules(plan: &Path, folders: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness_rules.py");
    let output = Command::new("python3").arg(script).arg("each").arg(plan).args(folders).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same four answers by our own readers.
fn our_answers(plan: &PlanFile, run: &HarnessRun) -> Value {
    let status = |id: &ItemId| run.item(id).and_then(|item| item.readable()).map(|journal| journal.status.as_str());
    let ids = |wanted: &dyn Fn(&ItemId) -> bool| -> Vec<&str> {
        plan.items.iter().filter(|item| wanted(&item.item_id)).map(|item| item.item_id.0.as_str()).collect()
    };
    let filtered = |wanted: &dyn Fn(&ItemId) -> bool| {
        let items: Vec<Value> =
            plan.items.iter().filter(|item| wanted(&item.item_id)).map(|item| plan.only(&item.item_id)["items"][0].clone()).collect();
        json!({"repo": plan.repo, "task_id": plan.task_id, "items": items})
    };
    let item = |item: &HarnessItem| {
        let journal = item.readable()?;
        Some(json!({
            "item_id": item.id.0,
            "status": journal.status,
            "human": journal.commits.human,
            "pre": journal.commits.pre,
            "agent_branch": journal.agent_branch,
        }))
    };
    let counts = run.counts();
    let is_skipped = |id: &ItemId| run.item(id).is_some_and(HarnessItem::is_skipped_by_resume);
    json!({
        "report": {
            "run_id": run.timestamp,
            "num_items": counts.items,
            "num_success": counts.success,
            "num_error": counts.error,
            "items": run.items.iter().filter_map(item).collect::<Vec<_>>(),
        },
        "resume": {"skipped": ids(&is_skipped), "run": ids(&|id| !is_skipped(id))},
        "failed": filtered(&|id| status(id).is_some_and(|status| status != "success")),
        "missing": filtered(&|id| status(id).is_none()),
    })
}

#[test]
fn of_every_real_run_our_reader_and_the_harness_rules_say_the_same() {
    let Some(shared) = shared() else { return };
    let plan_path = shared.join("corpus/state/plan.json");
    let (plan, _) = PlanFile::read(&plan_path).unwrap();
    let folders = runs::below(&shared.join("corpus/state/runs"));
    let said = harness_rules(&plan_path, &folders);
    assert_eq!(said.len(), folders.len());
    let mut counted = BTreeMap::new();
    for (folder, said) in folders.iter().zip(&said) {
        assert_eq!(&our_answers(&plan, &HarnessRun::read(folder).unwrap()), said, "{}", folder.display());
        for list in ["/resume/skipped", "/resume/run", "/failed/items", "/missing/items"] {
            *counted.entry(list).or_default() += said.pointer(list).unwrap().as_array().unwrap().len();
        }
    }
    eprintln!("of the plan's items in {} runs: {counted:?}", folders.len());
    assert!(counted.values().all(|count: &usize| *count > 0));
}

/// How an agent with this exit code ended.
fn cause_of(returncode: i64) -> EndCause {
    match i32::try_from(returncode).unwrap() {
        signal @ ..0 => EndCause::Signalled { signal: -signal },
        code => EndCause::Exited { code },
    }
}

/// A real item, and what we were told of it.
struct Real {
    folder: PathBuf,
    run: (String, String, String),
    journal: Value,
    targets: Value,
    prediction: Value,
    summary: Value,
    patch: Vec<u8>,
}

impl Real {
    fn read(run: &HarnessRun, folder: &Path) -> Self {
        let json = |name: &str| serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
        Self {
            folder: folder.to_owned(),
            run: (run.agent.clone(), run.model.clone(), run.timestamp.clone()),
            journal: json("journal.json"),
            targets: json("diff_targets.json"),
            prediction: json("prediction.jsonl"),
            summary: json("run_summary.json"),
            patch: fs::read(folder.join("model_patch.diff")).unwrap(),
        }
    }

    fn kind(&self) -> AgentKind {
        AgentKind::from_name(&self.run.0).unwrap()
    }

    /// Where its plan and its task found the repository.
    fn repos(&self) -> (String, &str) {
        let id = self.prediction["instance_id"].as_str().unwrap();
        let task = if self.summary["meta"]["repo"] == "sglan" {
            "https://github.com/sgl-project/sglang.git"
        } else {
            "https://github.com/vllm-project/vllm.git"
        };
        let plan = match id.split_once("__repo-") {
            Some((path, _)) => path.replace("sglan", "sglang"),
            None => task.to_owned(),
        };
        (plan, task)
    }

    /// Lets us write the item's files, and hands back the folder.
    fn written_by_us(&self, repo: &str, model: &str) -> (tempfile::TempDir, PathBuf) {
        let (temporary, above) = crate::support::folder();
        let ours = ItemFolder { path: above.join(self.folder.file_name().unwrap()) };
        ours.begin("task", &serde_json::from_slice(&fs::read(self.folder.join("prompt.json")).unwrap()).unwrap()).unwrap();
        if self.folder.join("trajectory.json").exists() {
            fs::write(ours.trajectory(), json!({"model": self.summary["meta"]["model_full"], "final_result": null}).to_string()).unwrap();
        }
        let texts = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let block = &self.journal[self.kind().name()];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a run")]
        let duration_ms = (block["duration_s"].as_f64().unwrap() * 1000.0).round() as u64;
        ours.finish(&Finished {
            repo,
            task_id: &text(&self.journal["task_id"]),
            item: &ItemId(self.folder.file_name().unwrap().to_str().unwrap().to_owned()),
            human: &text(&self.journal["commits"]["human"]),
            parent: &text(&self.journal["commits"]["pre"]),
            kind: self.kind(),
            agent: &self.run.0,
            model,
            real_model: None,
            timestamp: &self.run.2,
            cli: &text(&block["cli"]),
            time_budget_minutes: block["time_budget_minutes"].as_f64().unwrap(),
            cause: &cause_of(block["returncode"].as_i64().unwrap()),
            duration_ms,
            patch: &self.patch,
            changed: &texts(&self.targets["changed"]),
            targets: &texts(&self.targets["allowed"]),
            strict: false,
            is_skipped: false,
            ours: json!({"run": "r"}),
            written: self.journal["timestamps"]["written"].as_f64().unwrap(),
            masker: &Masker::default(),
        })
        .unwrap();
        (temporary, ours.path)
    }
}

/// Bytes that we wrote are those that the harness wrote, but for what only one of the two can know.
fn same_bytes(real: &Real, ours: &Path, name: &str, mut expected: Value, mend: impl Fn(&mut Value)) {
    let text = fs::read_to_string(ours.join(name)).unwrap();
    let mut whole: Value = serde_json::from_str(&text).unwrap();
    let indent = if name == "prediction.jsonl" { Indent::OneLine } else { Indent::Two };
    assert_eq!(text.trim_end(), python_json(&whole, indent), "{name} is laid out as Python lays it out");
    mend(&mut whole);
    mend(&mut expected);
    assert_eq!(python_json(&whole, indent), python_json(&expected, indent), "{name} of {}", real.folder.display());
}

#[test]
fn what_we_write_of_every_real_item_is_what_the_harness_wrote() {
    let Some(shared) = shared() else { return };
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for folder in runs::below(&shared.join("corpus/state/runs")) {
        let run = HarnessRun::read(&folder).unwrap();
        for item in run.items.iter().filter(|item| item.journal.is_some()) {
            let real = Real::read(&run, &item.folder);
            let (repo, task_repo) = real.repos();
            let returncode = real.journal[real.kind().name()]["returncode"].as_i64().unwrap();
            if returncode != 0 && real.journal["status"] == "success" {
                // commits in a worktree with history: today's harness has none, and neither have we
                *met.entry("saved by their commits".to_owned()).or_default() += 1;
                continue;
            }
            let (_keep, ours) = real.written_by_us(task_repo, &real.run.1);
            same_bytes(&real, &ours, "diff_targets.json", real.targets.clone(), |_| {});
            same_bytes(&real, &ours, "journal.json", real.journal.clone(), |journal| {
                let journal = journal.as_object_mut().unwrap();
                let ours = journal.shift_remove("isobench_tui").is_some();
                for block in ["run_metadata", "experiment", "preflight", "metrics"] {
                    // older ones have not got all blocks
                    if ours && real.journal.get(block).is_none() {
                        journal.shift_remove(block);
                    }
                }
                // what only a worktree with history tells
                for unknown in ["time_to_first_edit_s", "commit_count"] {
                    if let Some(metrics) = journal.get_mut("metrics") {
                        metrics[unknown] = Value::Null;
                    }
                }
                let seconds = &mut journal[real.kind().name()]["duration_s"];
                *seconds = json!((seconds.as_f64().unwrap() * 1000.0).round() / 1000.0);
            });
            let prompt: Value = serde_json::from_slice(&fs::read(real.folder.join("prompt.json")).unwrap()).unwrap();
            same_bytes(&real, &ours, "prompt.json", prompt, |prompt| {
                // a set for Python, so in any order
                let files = prompt["target_files"].as_array_mut().unwrap();
                files.sort_by_key(ToString::to_string);
            });
            let (_keep, ours) = real.written_by_us(&repo, real.prediction["model_name_or_path"].as_str().unwrap());
            same_bytes(&real, &ours, "run_summary.json", real.summary.clone(), |summary| {
                for source in summary["_sources"].as_object_mut().unwrap().values_mut().filter(|source| !source.is_null()) {
                    *source = json!(source.as_str().unwrap().rsplit('/').next());
                }
                // its folder is named by the task's repository, not by the plan's
                summary["meta"]["repo"] = json!(shown_repo(summary["meta"]["repo"].as_str().unwrap()));
                summary["agent"]["time_to_first_edit_s"] = Value::Null;
                if let Some(seconds) = summary["agent"]["duration_s"].as_f64() {
                    summary["agent"]["duration_s"] = json!((seconds * 1000.0).round() / 1000.0);
                }
            });
            same_bytes(&real, &ours, "prediction.jsonl", real.prediction.clone(), |_| {});
            assert_eq!(fs::read(ours.join("model_patch.diff")).unwrap(), real.patch);
            *met.entry(format!("{} {}", run.agent, real.journal["status"].as_str().unwrap())).or_default() += 1;
        }
    }
    eprintln!("written as the harness wrote it: {met:?}");
    let kinds: Vec<&str> = met.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "claude_code success",
            "codex error",
            "codex_cli error",
            "codex_cli success",
            "saved by their commits",
            "trae error",
            "trae success"
        ]
    );
}
