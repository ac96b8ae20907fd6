//! The harness's trees and result folders, imported as facts.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::agent::open::{Format, open};
use isobench_tui::agent::trae::tally::tally;
use isobench_tui::domain::{Answer, ArmDetail, BenchKind, FailureClass, Flag, Rung, Stage, StageDetail};
use isobench_tui::import::{Import, Imported, Origin, import};
use isobench_tui::ledger::fact::AttemptEnd;
use isobench_tui::model::item::Attempt;
use isobench_tui::text::mask::Masker;

use crate::support::{folder, shared};

fn of(paths: &[&Path]) -> Import {
    import(&paths.iter().map(|path| path.to_path_buf()).collect::<Vec<PathBuf>>(), None)
}

fn trees() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees")
}

/// The journals' statuses and how often each is there.
fn statuses(import: &Import) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for attempt in import.runs.iter().filter(|run| run.origin != Origin::Results).flat_map(attempts) {
        *counts.entry(attempt.journal.as_ref().unwrap().status.as_str()).or_insert(0) += 1;
    }
    counts
}

fn attempts(run: &Imported) -> impl Iterator<Item = &Attempt> {
    run.run.items.iter().flat_map(|item| &item.attempts)
}

fn run<'a>(import: &'a Import, name: &str) -> &'a Imported {
    let names: Vec<&str> = import.runs.iter().map(|run| run.name.as_str()).collect();
    import.runs.iter().find(|run| run.name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

fn attempt<'a>(run: &'a Imported, item: &str) -> &'a Attempt {
    run.run.items.iter().find(|found| found.id.0 == item).and_then(|item| item.last_attempt()).unwrap_or_else(|| panic!("no {item}"))
}

fn arm(attempt: &Attempt, stage: Stage) -> &ArmDetail {
    match &attempt.outcome(stage).unwrap().detail {
        StageDetail::Arm(detail) => detail,
        other => panic!("{stage}: {other:?}"),
    }
}

fn number(detail: &ArmDetail, name: &str) -> Option<f64> {
    detail.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
}

fn rung(attempt: &Attempt, rung: Rung) -> Option<(Answer, String)> {
    attempt.rungs().into_iter().find(|found| found.rung == rung).map(|found| (found.answer, found.evidence))
}

#[test]
fn the_corpus_is_told_as_its_journals_tell_it() {
    let Some(shared) = shared() else { return };
    let found = of(&[&shared.join("corpus")]);
    assert_eq!(statuses(&found), BTreeMap::from([("error", 109), ("success", 171), ("unfinished", 1)]));
    assert_eq!(found.runs.iter().filter(|run| run.origin == Origin::Harness).count(), 19);
    assert_eq!((found.plans.len(), found.problems), (2, Vec::new()));
    let failed: Vec<_> = found.runs.iter().flat_map(attempts).filter_map(|attempt| attempt.end.clone()).collect();
    let unknown: Vec<_> = failed.iter().filter(|(end, _)| matches!(end, AttemptEnd::Failed { class: FailureClass::Unknown, .. })).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn results_of_the_corpus_come_out_as_published() {
    let Some(shared) = shared() else { return };
    let found = of(&[&shared.join("corpus/results")]);
    let gpt5 = run(&found, "results/trae_gpt5_0123");
    let tokens = |item: &str| {
        let detail = arm(attempt(gpt5, item), Stage::Candidate);
        number(detail, "output_token_throughput_tok_s").or_else(|| number(detail, "throughput_tok_s"))
    };
    let all: Vec<_> = ["19d98e0c", "58eee5f2", "b690e348", "bc7c4d20", "d7740ea4"].map(|item| tokens(item).unwrap()).to_vec();
    for published in [1403.91, 2402.97, 2413.73, 1857.29, 8088.76] {
        assert!(all.contains(&published), "{published} is not among {all:?}");
    }
    let files = fs::read_dir(shared.join("corpus/results")).unwrap().flatten();
    let files = files.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten()).count();
    let stages = found.runs.iter().flat_map(attempts).map(|attempt| attempt.stages.len()).sum::<usize>();
    assert_eq!((stages, files), (62, 62));
    for attempt in found.runs.iter().flat_map(attempts) {
        for record in &attempt.stages {
            let detail = arm(attempt, record.stage);
            let is_done = attempt.outcome(record.stage).unwrap().is_done();
            assert_eq!(detail.status.as_deref() == Some("success"), is_done, "{detail:?} {:?}", attempt.outcome(record.stage));
        }
    }
}

#[test]
fn a_count_without_steps_is_the_count_of_the_steps() {
    let Some(shared) = shared() else { return };
    let (mut folders, mut compared) = (vec![shared.join("corpus/state"), shared.join("trajectories"), shared.join("loops")], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let Some(tally) = tally(&fs::read(&path).unwrap(), "") else { continue };
            let opened = open(&path).unwrap().remove(0);
            assert_eq!(opened.format, Format::Trae, "{}", path.display());
            assert_eq!((tally.totals, &tally.state), (opened.totals, &opened.state), "{}", path.display());
            assert_eq!(tally.totals.steps.map(|steps| steps + tally.unfinished), opened.all().steps, "{}", path.display());
            assert_eq!((tally.started_at, tally.last_at), (opened.started_at, opened.last_at), "{}", path.display());
            compared += 1;
        }
    }
    assert!(compared >= 124, "{compared}");
}

#[test]
fn every_end_of_an_item_is_told() {
    let found = of(&[&trees().join("state")]);
    assert_eq!(found.problems, []);
    let trae = run(&found, "vllm/trae/gpt-5/2026-01-02_03-04-05");
    let good = attempt(trae, "core-0001");
    let totals = good.totals().unwrap();
    assert_eq!((totals.steps, totals.calls, totals.usage.input, totals.usage.output), (Some(2), 2, 300, 16));
    assert_eq!(good.outcome(Stage::Agent).unwrap().duration_ms, 600_500);
    assert_eq!(good.badges.len(), 1, "it ran `git show` of the human's commit");
    assert_eq!((rung(good, Rung::Patch).unwrap().0, rung(good, Rung::Source).unwrap().0), (Answer::Yes, Answer::Yes));
    assert_eq!(good.end.as_ref().unwrap().1.as_millisecond(), 1_767_323_645_250);
    let thrown = attempt(trae, "core-0002").journal.as_ref().unwrap();
    assert!(thrown.error.as_deref().unwrap().starts_with("FileNotFoundError: "));
    assert_eq!(attempt(trae, "core-0003").journal.as_ref().unwrap().status, "unfinished");
    let stepped = attempt(trae, "core-0004");
    assert_eq!(stepped.outcome(Stage::Agent).unwrap().duration_ms, 42_000, "the summary fills what the journal lacks");
    assert!(
        format!("{:?}", stepped.end).contains(FailureClass::AgentBudget.name()) || format!("{:?}", stepped.end).contains("AgentBudget")
    );
    let flat = run(&found, "core-0123abcd");
    assert_eq!((flat.run.repo.as_str(), flat.run.agent.as_str(), flat.run.model.as_str()), ("unknown", "codex", "default"));
    assert_eq!(run(&found, "sglang/trae/gpt-5/2026-01-02_03-04-05").run.repo, "sglang");
}

#[test]
fn results_of_every_runner_are_arms() {
    let found = of(&[&trees()]);
    assert_eq!(found.problems, []);
    let three_way = run(&found, "iso_bench_results_3way_trae_gpt5_0102/results");
    assert_eq!((three_way.run.agent.as_str(), three_way.run.model.as_str()), ("trae_gpt5_0102", "gpt5"));
    let commit = attempt(three_way, "1234abcd");
    let agent = arm(commit, Stage::Candidate);
    assert_eq!((agent.kind, number(agent, "ttft_mean_ms")), (Some(BenchKind::Serving), Some(512.5)));
    assert_eq!(agent.model.as_deref(), Some("meta-llama/Llama-3.1-8B-Instruct"));
    assert_eq!(agent.model_run.as_deref(), Some("meta-llama/Meta-Llama-3-8B-Instruct"));
    for flag in [Flag::PatchForced, Flag::ModelOverridden, Flag::NotAsPrinted] {
        assert!(agent.flags.contains(&flag), "{flag} is not among {:?}", agent.flags);
    }
    assert_eq!(arm(commit, Stage::Human).status.as_deref(), Some("timeout"));
    // the attempt that it measured
    let measured = attempt(run(&found, "vllm/trae/gpt-5/2026-01-02_03-04-05"), "core-0001");
    let (answer, evidence) = rung(measured, Rung::Metrics).unwrap();
    assert!(answer == Answer::Yes && evidence.contains("results/1234abcd_agent_result.json"), "{evidence}");
    let modal = run(&found, "modal/vllm");
    let commit = attempt(modal, "1234abcd");
    assert_eq!(number(arm(commit, Stage::Baseline), "ttft_mean_ms"), Some(40.0));
    assert_eq!(number(arm(commit, Stage::Baseline), "request_throughput_req_s"), Some(5.0));
    assert_eq!(arm(commit, Stage::Candidate).status.as_deref(), Some("error"));
    let hero = run(&found, "hero");
    assert_eq!(number(arm(attempt(hero, "1234abcd"), Stage::Human), "latency_avg_ms"), Some(8.5));
    assert_eq!(arm(attempt(hero, "2345bcde"), Stage::Candidate).status.as_deref(), Some("version_bug"));
    let old = run(&found, "baseline_benchmark_results");
    assert_eq!(number(arm(attempt(old, "1234abcd"), Stage::Baseline), "throughput_tok_s"), Some(2100.25));
}

#[test]
fn any_path_into_a_tree_leads_to_the_same() {
    let base = trees().join("state/runs/vllm/trae/gpt-5/2026-01-02_03-04-05");
    assert_eq!(statuses(&of(&[&base])).values().sum::<usize>(), 4);
    for named in [base.join("core-0001"), base.join("core-0001/journal.json"), base.join("core-0001/trajectory.json")] {
        let found = of(&[&named]);
        assert_eq!((found.runs.len(), found.runs[0].name.as_str()), (1, "vllm/trae/gpt-5/2026-01-02_03-04-05"), "{}", named.display());
        assert_eq!(statuses(&found), BTreeMap::from([("success", 1)]));
    }
    // a tree and a part of it are one
    assert_eq!(statuses(&of(&[&trees().join("state"), &base])).values().sum::<usize>(), 6);
    let missing = of(&[&base.join("none")]);
    assert_eq!((missing.runs.len(), missing.problems.len()), (0, 1));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_copy_of_a_tree_named_beside_it_is_told_once() {
    let (_keep, folder) = folder();
    copy(&trees().join("state/runs/vllm"), &folder.join("runs/vllm"));
    let both = of(&[&trees().join("state/runs/vllm"), &folder]);
    // what has no journal has no moment by which it could be known
    assert_eq!(statuses(&both), BTreeMap::from([("error", 1), ("max_steps_exceeded", 1), ("success", 1), ("unfinished", 2)]));
    assert!(both.problems.iter().any(|problem| problem.says.contains("told once")), "{:?}", both.problems);
}

#[test]
fn a_packed_trajectory_counts() {
    let (_keep, folder) = folder();
    let item = folder.join("runs/vllm/trae/gpt-5/t/core-0001");
    copy(&trees().join("state/runs/vllm/trae/gpt-5/2026-01-02_03-04-05/core-0001"), &item);
    let plain = item.join("trajectory.json");
    let packed = fs::File::create(item.join("trajectory.json.gz")).unwrap();
    let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
    std::io::Write::write_all(&mut packer, &fs::read(&plain).unwrap()).unwrap();
    packer.finish().unwrap();
    fs::remove_file(plain).unwrap();
    let found = of(&[&folder]);
    let totals = attempt(&found.runs[0], "core-0001").totals().unwrap();
    assert_eq!((totals.steps, totals.usage.input), (Some(2), 300));
    assert_eq!(attempts(&found.runs[0]).map(|attempt| attempt.badges.len()).sum::<usize>(), 1);
}

#[test]
fn hostile_trees_are_problems_and_no_ends() {
    let (_keep, folder) = folder();
    let run = folder.join("runs/r/a/m/t");
    let put = |path: &str, text: &[u8]| {
        let path = run.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("a\nb\u{202e}/journal.json", b"\xEF\xBB\xBF{\"status\": \"success\", \"commits\": {\"human\": \"0123abcd\"}}");
    put("broken/journal.json", b"{\"status\": ");
    put("types/journal.json", b"{\"status\": 7, \"commits\": []}");
    put("huge/trajectory.json", b"{\"agent_steps\": [[[[[[[[");
    put("huge/journal.json", b"{\"status\": \"error\"}");
    put("pipe/prompt.json", b"{}");
    rustix::fs::mknodat(rustix::fs::CWD, run.join("pipe/journal.json"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    std::os::unix::fs::symlink(&folder, run.join("round")).unwrap();
    put(
        "../../../../results/0123abcd_agent_result.json",
        b"{\"status\": \"error\", \"metrics\": {\"a_ms\": NaN, \"b_ms\": 1}, \"human_commit\": null}",
    );
    put("../../../../results/4567abcd_agent_result.json", b"[]");
    let found = of(&[&folder]);
    assert_eq!(statuses(&found).values().sum::<usize>(), 5);
    let told: Vec<String> = found.problems.iter().map(|problem| format!("{} {}", problem.path.display(), problem.says)).collect();
    for part in ["broken/journal.json", "types/journal.json", "pipe/journal.json", "huge/trajectory.json", "4567abcd_agent_result.json"] {
        assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:#?}");
    }
    assert_eq!(statuses(&found).get("success"), Some(&1), "a mark at the beginning of a file spoils nothing");
    let results = found.runs.iter().find(|run| run.origin == Origin::Results).unwrap();
    assert_eq!(number(arm(attempt(results, "0123abcd"), Stage::Candidate), "b_ms"), Some(1.0));
    assert!(found.runs.iter().flat_map(|run| &run.run.items).all(|item| isobench_tui::text::clean::is_clean(&item.id.0)));
}

#[test]
fn no_sentence_of_a_run_has_a_secret() {
    let root = tempfile::tempdir().unwrap();
    let item = root.path().join("state/runs/vllm/trae/stub/2026-03-04_10-00-00/vllm_core-0001");
    fs::create_dir_all(&item).unwrap();
    let journal = serde_json::json!({
        "task_id": "vllm_core", "commits": {"pre": "aaaaaaaa1", "human": "bbbbbbbb2"}, "status": "error",
        "error": "no entry for the horse and battery, nor for horse\u{1b}[0m and battery",
    });
    fs::write(item.join("journal.json"), journal.to_string()).unwrap();
    let run = of(&[root.path()]).runs.remove(0).run;
    let masker = Masker::new([("A_PASSWORD", "horse and battery")], []);
    let told = |run: &isobench_tui::model::Run| format!("{:?}", run.items);
    assert!(told(&run).contains("horse and battery"));
    let safe = isobench_tui::import::safe(run, &masker);
    assert!(!told(&safe).contains("battery") && told(&safe).contains("no entry for the •••"), "{}", told(&safe));
}
