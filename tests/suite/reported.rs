//! `report`: the same numbers in every format, nothing foreign that acts, two trees side by side.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isobench_tui::import::import;
use isobench_tui::report::plain::{Page, plain};
use isobench_tui::report::{Cell, Counted, Document, Study, lead, sections};
use isobench_tui::text::mask::Masker;
use isobench_tui::text::width::width;
use serde_json::{Value, json};

use crate::support::{BINARY, folder, shared};

/// A tree by our own hand: what the harness writes of a few attempts and arms.
struct Tree {
    path: PathBuf,
}

impl Tree {
    fn write(&self, place: &str, text: &str) {
        let path = self.path.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// An item's folder with journal and patch; `said` goes over the journal.
    fn item(&self, run: &str, item: &str, human: &str, status: &str, patch: &str, said: &Value) {
        let parts: Vec<&str> = run.split('/').collect();
        let mut journal = json!({
            "task_id": "vllm_core", "commits": {"pre": "p".repeat(40), "human": human}, "agent_branch": "agent/x", "status": status,
            "run_metadata": {"repo": parts[0], "agent": parts[1], "model": parts[2], "run_timestamp": parts[3], "run_path": run},
            "metrics": {"patch_size_loc": null, "changed_files_count": 1, "violations_count": 0},
            parts[1]: {"cli": "x", "time_budget_minutes": 60, "returncode": i32::from(status != "success"), "duration_s": 61.5},
            "timestamps": {"written": 1_769_213_812.5},
        });
        for (key, value) in said.as_object().unwrap() {
            journal[key] = value.clone();
        }
        let at = format!("state/runs/{run}/{item}");
        self.write(&format!("{at}/prompt.json"), &json!({"task": "t", "commits": {"human": human}}).to_string());
        self.write(&format!("{at}/model_patch.diff"), patch);
        self.write(&format!("{at}/journal.json"), &journal.to_string());
    }

    fn arm(&self, results: &str, commit: &str, arm: &str, result: &Value) {
        let mut whole = json!({
            "human_commit": commit, "human_commit_full": commit, "parent_commit": "p".repeat(40), "model": "facebook/opt-125m",
            "status": "success", "error": null, "duration_s": 10.0, "metrics": {}, "raw_output": "", "timestamp": "2026-01-24 09:31:48",
        });
        for (key, value) in result.as_object().unwrap() {
            whole[key] = value.clone();
        }
        self.write(&format!("{results}/{commit}_{arm}_result.json"), &whole.to_string());
    }

    fn report(&self, arguments: &[&str]) -> Output {
        Command::new(BINARY)
            .arg("report")
            .args(arguments)
            .current_dir(&self.path)
            .env("XDG_STATE_HOME", self.path.join("own"))
            .output()
            .unwrap()
    }

    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.report(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.printed(&[arguments, &["--format", "json"]].concat())).unwrap()
    }
}

const PATCH: &str = "diff --git a/vllm/a.py b/vllm/a.py\n--- a/vllm/a.py\n+++ b/vllm/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n";

fn sha(n: usize) -> String {
    format!("{n}").repeat(40)
}

fn serving(ttft: f64, rate: f64) -> Value {
    let output = format!(
        "Namespace(backend='vllm', dataset_name='random', random_input_len=1, random_output_len=1)\n\
         ============ Serving Benchmark Result ============\nSuccessful requests:                     100\n\
         Benchmark duration (s):                  10.00\nTotal input tokens:                      100\n\
         Total generated tokens:                  100\nRequest throughput (req/s):              10.00\n\
         Output token throughput (tok/s):         {rate:.2}\nTotal Token throughput (tok/s):          {rate:.2}\n\
         ---------------Time to First Token----------------\nMean TTFT (ms):                          {ttft:.2}\n\
         ==================================================\n"
    );
    json!({"metrics": {"ttft_mean_ms": ttft, "output_token_throughput_tok_s": rate}, "raw_output": output})
}

/// Two agents at three of four planned commits; one commit with all arms.
fn small(at: &Path) -> Tree {
    let tree = Tree { path: at.to_owned() };
    let plan: Vec<Value> =
        (1..=4).map(|n| json!({"item_id": format!("c-{n:04}"), "human": sha(n), "pre": "", "pre_parent_index": 1})).collect();
    tree.write(
        "state/plan.json",
        &json!({"repo": "https://github.com/vllm-project/vllm", "task_id": "vllm_core", "items": plan}).to_string(),
    );
    let (gpt, claude) = ("vllm/trae/gpt-5/2026-01-23_21-19-19", "vllm/claude_code/default/2025-12-22_21-40-38");
    tree.item(gpt, "c-0001", &sha(1), "success", PATCH, &json!({}));
    tree.item(gpt, "c-0002", &sha(2), "success", "", &json!({}));
    let later = "vllm/trae/gpt-5/2026-01-24_21-19-19";
    tree.item(
        later,
        "c-0003",
        &sha(3),
        "error",
        "",
        &json!({"error": "Task execution interrupted by user", "timestamps": {"written": 1_769_300_000.0}}),
    );
    tree.item(claude, "c-0001", &sha(1), "success", PATCH, &json!({"timestamps": {"written": 1_766_430_000.0}}));
    tree.write(&format!("state/runs/{claude}/c-0002/task.txt"), "text");
    let eight = |n: usize| sha(n)[..8].to_owned();
    tree.arm("results/trae_gpt5_0123", &eight(1), "human", &serving(100.0, 1000.0));
    tree.arm("results/trae_gpt5_0123", &eight(1), "baseline", &serving(120.0, 900.0));
    tree.arm("results/trae_gpt5_0123", &eight(1), "agent", &serving(80.0, 1100.0));
    let crash = "ValueError: Unknown RoPE scaling type llama3\nSERVER_CRASHED\n";
    let failed = json!({"status": "error", "error": "Server crashed after applying patch", "raw_output": crash});
    tree.arm("results/trae_gpt5_0123", &eight(2), "agent", &failed);
    tree
}

/// A snapshot without what depends on the machine.
fn told(tree: &Tree, text: &str) -> String {
    text.replace(&tree.path.display().to_string(), "TREE")
}

#[test]
fn a_small_tree_reads_like_a_paper() {
    let (_kept, at) = folder();
    let tree = small(&at);
    insta::assert_snapshot!("table", told(&tree, &tree.printed(&["."])));
    insta::assert_snapshot!("markdown", told(&tree, &tree.printed(&[".", "--format", "md"])));
    insta::assert_snapshot!("csv", told(&tree, &tree.printed(&[".", "--format", "csv"])));
}

#[test]
fn every_count_of_the_json_is_that_of_its_rows() {
    let (_kept, at) = folder();
    let report = small(&at).json(&["."]);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["attempts"]["total"], 5);
    assert_eq!(report["attempts"]["by_status"], json!({"success": 3, "error": 1, "unfinished": 1}));
    assert_eq!((report["items"].as_array().unwrap().len(), report["results"].as_array().unwrap().len()), (5, 4));
    let coverage = &report["coverage"];
    assert_eq!((&coverage["planned"], &coverage["with_patch"]), (&json!(4), &json!(1)), "{coverage:#}");
    assert_eq!(coverage["missing"], json!([sha(2), sha(3), sha(4)]));
    let item = report["items"].as_array().unwrap().iter().find(|item| item["folder"].as_str().unwrap().ends_with("19-19/c-0001")).unwrap();
    assert_eq!((&item["repo"], &item["agent"], &item["model"]), (&json!("vllm"), &json!("trae"), &json!("gpt-5")));
    assert_eq!((&item["duration_s"], &item["patch_bytes"]), (&json!(61.5), &json!(PATCH.len())));
    // nobody counted its tokens: that is not zero
    assert_eq!((&item["steps"], &item["input_tokens"], &item["output_tokens"]), (&Value::Null, &Value::Null, &Value::Null));
    let results = report["results"].as_array().unwrap();
    let failed = results.iter().find(|result| result["status"] == "error").unwrap();
    assert_eq!((&failed["failure"]["class"], &failed["arm"]), (&json!("rope_type"), &json!("agent")));
    let agent = results.iter().find(|result| result["arm"] == "agent" && result["status"] == "success").unwrap();
    assert_eq!((&agent["metrics"]["ttft_mean_ms"], &agent["type"]), (&json!(80.0), &json!("serving")));
    for class in report["failures"].as_array().unwrap() {
        let rows = ["items", "results"]
            .map(|rows| report[rows].as_array().unwrap().iter().filter(|row| row["failure"]["class"] == class["class"]).count());
        assert_eq!([class["items"].as_u64().unwrap(), class["results"].as_u64().unwrap()].map(|n| usize::try_from(n).unwrap()), rows);
        assert_eq!(class["count"].as_u64().unwrap(), u64::try_from(rows[0] + rows[1]).unwrap());
    }
    for rung in report["ladder"].as_array().unwrap() {
        let sum: u64 = ["yes", "no", "not_applicable", "unchecked"].iter().map(|answer| rung[*answer].as_u64().unwrap()).sum();
        assert_eq!(sum, 3, "of three attempts that are marked success: {rung:#}");
    }
}

/// What a file of the corpus says, read by this test alone.
fn files(below: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, end, found);
        } else if path.file_name().unwrap().to_str().unwrap().ends_with(end) {
            found.push(path);
        }
    }
}

fn whole(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_corpus_is_counted_as_its_files_are() {
    let Some(corpus) = shared().map(|shared| shared.join("corpus")) else { return };
    let tree = Tree { path: corpus.clone() };
    let report = tree.json(&["."]);
    let (mut journals, mut results) = (Vec::new(), Vec::new());
    files(&corpus.join("state/runs"), "journal.json", &mut journals);
    files(&corpus.join("results"), "_result.json", &mut results);
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for journal in &journals {
        *statuses.entry(whole(journal)["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for (status, n) in &statuses {
        assert_eq!(report["attempts"]["by_status"][status], *n, "{status}");
    }
    let items = report["items"].as_array().unwrap();
    let with_journal: BTreeSet<PathBuf> =
        journals.iter().map(|path| path.parent().unwrap().strip_prefix(&corpus).unwrap().to_owned()).collect();
    let rows: BTreeSet<PathBuf> = items.iter().map(|item| PathBuf::from(item["folder"].as_str().unwrap())).collect();
    assert_eq!(rows.len(), items.len(), "each row has a folder of its own");
    assert!(rows.is_superset(&with_journal), "{:?}", with_journal.difference(&rows).next());
    assert_eq!(report["attempts"]["total"], items.len());
    for item in items {
        let Ok(patch) = fs::metadata(corpus.join(item["folder"].as_str().unwrap()).join("model_patch.diff")) else { continue };
        assert_eq!(item["patch_bytes"], patch.len(), "{}", item["folder"]);
    }
    let arms = report["results"].as_array().unwrap();
    assert_eq!(arms.len(), results.len());
    for arm in arms {
        let file = corpus.join(arm["file"].as_str().unwrap());
        let said = whole(&file);
        assert_eq!(arm["status"], said["status"], "{}", file.display());
        for (name, value) in said["metrics"].as_object().into_iter().flatten().filter(|_| said["status"] == "success") {
            let told = &arm["metrics"][name];
            assert!(told.is_null() || told.as_f64() == value.as_f64(), "{}: {name} {told} {value}", file.display());
        }
    }
    // as published
    let rates: Vec<f64> = ["19d98e0c", "58eee5f2", "b690e348", "bc7c4d20", "d7740ea4"]
        .map(|sha| {
            let arm = arms.iter().find(|arm| arm["file"].as_str().unwrap().contains(&format!("trae_gpt5_0123/{sha}"))).unwrap();
            let metrics = &arm["metrics"];
            metrics["output_token_throughput_tok_s"].as_f64().or_else(|| metrics["throughput_tok_s"].as_f64()).unwrap()
        })
        .into();
    let mut sorted = rates.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, [1403.91, 1857.29, 2402.97, 2413.73, 8088.76], "{rates:?}");
}

const HOSTILE: &str = "=cmd|'/C calc'!A0<script>alert(1)</script> | `x` \u{1b}[31mred\u{9b}2J\nnew\u{202e}dlo\ttab *b* [a](http://e.x)";

/// A tree with a hostile text in every field that has one.
fn hostile(at: &Path) -> Tree {
    let tree = Tree { path: at.to_owned() };
    let name = "=cmd <script>alert(1)<∕script> | `x` \u{1b}[31m\u{202e}\nnew";
    let run = format!("vllm/trae/gpt-5/{name}");
    tree.item(
        &run,
        name,
        HOSTILE,
        HOSTILE,
        PATCH,
        &json!({"error": HOSTILE, "run_metadata": {"repo": HOSTILE, "agent": HOSTILE, "model": HOSTILE}}),
    );
    tree.item("vllm/trae/gpt-5/2026-01-23_21-19-19", "-1", "+1+1", "error", PATCH, &json!({"error": "=HYPERLINK(\"http://e.x\")"}));
    let arm = json!({"model": HOSTILE, "status": HOSTILE, "error": HOSTILE, "raw_output": format!("{HOSTILE}\nRuntimeError: {HOSTILE}"), "metrics": {HOSTILE: 1.5, "=1": 2.5}});
    tree.arm("results/trae_gpt5_0123", "aaaaaaaa", "agent", &arm);
    tree.arm(
        "results/trae_gpt5_0123",
        "aaaaaaaa",
        "human",
        &json!({"human_commit": HOSTILE, "human_commit_full": HOSTILE, "metrics": {"ttft_mean_ms": 1.0}}),
    );
    tree.write("state/plan.json", &json!({"repo": HOSTILE, "task_id": HOSTILE, "items": [{"item_id": "a", "human": HOSTILE}]}).to_string());
    tree.write("state/runs/vllm/trae/gpt-5/2026-01-23_21-19-19/broken/journal.json", "{\"status\": \"suc");
    tree
}

/// What no terminal may get.
fn steers(text: &str) -> Option<char> {
    text.chars().find(|char| (char.is_control() && *char != '\n') || ('\u{202a}'..='\u{202e}').contains(char))
}

#[test]
fn hostile_names_act_in_no_format() {
    let (_kept, at) = folder();
    let tree = hostile(&at);
    for format in ["table", "md", "csv", "json", "html"] {
        for arguments in [vec![".", "--format", format], vec!["--compare", ".", "results", "--format", format]] {
            let text = tree.printed(&arguments);
            assert_eq!(steers(&text), None, "{arguments:?}");
            assert!(format == "table" || format == "csv" || format == "json" || !text.contains("<script>alert"), "{arguments:?}");
        }
    }
    let markdown = tree.printed(&[".", "--format", "md"]);
    let mut columns = None;
    for line in markdown.lines() {
        let cells = line.starts_with("| ").then(|| line.replace("\\|", "").matches('|').count());
        assert!(cells.is_none() || columns.is_none() || cells == columns, "a row of other columns: {line}");
        columns = cells;
    }
    assert!(!markdown.replace("\\]", "").contains("](http"), "no link");
    for table in [None, Some("items"), Some("results"), Some("failures"), Some("compared")] {
        let arguments = table.map_or_else(Vec::new, |table| vec!["--table", table]);
        let text = tree.printed(&[&[".", "--format", "csv"], arguments.as_slice()].concat());
        let mut sheet = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = sheet.records().map(Result::unwrap).collect();
        assert!(records.len() > 1, "{table:?}");
        for cell in records.iter().flatten() {
            let acts = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
            assert!(!acts, "{table:?}: {cell}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let (_kept, at) = folder();
    let tree = small(&at);
    tree.write("results/trae_gpt5_0123/ffffffff_agent_result.json", "{\"status\": ");
    let report = tree.json(&["."]);
    let problems = report["problems"].as_array().unwrap();
    assert_eq!((problems.len(), report["results"].as_array().unwrap().len()), (1, 4), "{problems:#?}");
    assert!(problems[0]["path"].as_str().unwrap().ends_with("ffffffff_agent_result.json"));
    assert!(tree.printed(&["."]).contains("ffffffff_agent_result.json"));
}

#[test]
fn secrets_of_the_environment_are_masked() {
    let (_kept, at) = folder();
    let tree = small(&at);
    tree.item("vllm/trae/gpt-5/2026-01-25_21-19-19", "c-0009", &sha(9), "error", "", &json!({"error": "401 for key sk-very-secret-1"}));
    for format in ["table", "md", "csv", "json", "html"] {
        let mut command = Command::new(BINARY);
        command.args(["report", ".", "--format", format]).current_dir(&at).env("OPENAI_API_KEY", "sk-very-secret-1");
        let text = String::from_utf8(output_of(&mut command)).unwrap();
        assert!(!text.contains("sk-very"), "{format}");
        assert!(text.contains("•••"), "{format}");
    }
}

fn output_of(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn wrong_paths_are_usage_errors_and_nothing_is_a_report_of_nothing() {
    let (_kept, at) = folder();
    let tree = Tree { path: at.clone() };
    for (arguments, says) in [
        (vec!["no-such"], "can't report on no-such"),
        (vec!["--compare", ".", "no-such"], "can't report on no-such"),
        (vec![], "no ISO-Bench harness"),
        (vec![".", "--table", "nothing"], "there is no table 'nothing'"),
    ] {
        let output = tree.report(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(says), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout.len(), 0);
    }
    assert_eq!(tree.json(&["."])["attempts"]["total"], 0);
    assert!(tree.printed(&["."]).contains("none below these paths"));
    for format in ["md", "csv", "html"] {
        assert!(!tree.printed(&[".", "--format", format]).is_empty());
    }
}

#[test]
fn a_checkout_is_reported_on_from_within() {
    let (_kept, at) = folder();
    let tree = small(&at);
    tree.write("bench.yaml", "agents: {default: trae}\n");
    let inner = Tree { path: at.join("state") };
    assert_eq!(inner.json(&[])["attempts"]["total"], 5);
}

#[test]
fn a_file_appears_whole_and_its_name_says_the_format() {
    let (_kept, at) = folder();
    let tree = small(&at);
    for (name, begins) in
        [("r.md", "# ISO-Bench"), ("r.json", "{"), ("r.csv", "row,item_id"), ("r.html", "<!DOCTYPE html>"), ("r.txt", "ISO-Bench report")]
    {
        let output = tree.report(&["state", "--output", name]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("wrote {name}")));
        assert!(fs::read_to_string(at.join(name)).unwrap().starts_with(begins), "{name}");
    }
    fs::write(at.join("old.md"), "old").unwrap();
    std::os::unix::fs::symlink("old.md", at.join("link.md")).unwrap();
    tree.printed(&["state", "--output", "link.md"]);
    assert!(fs::symlink_metadata(at.join("link.md")).unwrap().is_symlink());
    assert!(fs::read_to_string(at.join("old.md")).unwrap().starts_with("# "));
    for name in ["state", "no/such/folder.md"] {
        let output = tree.report(&["state", "--output", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("can't write"), "{name}");
    }
    assert_eq!(tree.report(&["state", "--output", "/dev/null"]).status.code(), Some(0));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let left: Vec<_> =
        fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().file_name()).filter(|name| name.to_string_lossy().contains(".new")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_trees_are_paired_by_commit() {
    let (_kept, at) = folder();
    let (a, b) = (Tree { path: at.join("a") }, Tree { path: at.join("b") });
    for (tree, day, commits) in [(&a, "2026-01-23", [1, 2, 3]), (&b, "2026-01-24", [2, 3, 4])] {
        for n in commits {
            let status = if n == 3 && day.ends_with("23") { "error" } else { "success" };
            let run = format!("vllm/trae/gpt-5/{day}_21-19-19");
            // one names its commits in full, the other by their beginnings
            let human = if day.ends_with("23") { sha(n) } else { sha(n)[..8].to_owned() };
            tree.item(&run, &format!("c-{n:04}"), &human, status, if status == "success" { PATCH } else { "" }, &json!({}));
        }
    }
    a.arm("results/trae_gpt5", &sha(2)[..8], "agent", &serving(100.0, 1000.0));
    b.arm("results/trae_gpt5", &sha(2)[..8], "agent", &serving(80.0, 1000.0));
    a.arm("results/trae_gpt5", &sha(2)[..8], "human", &serving(100.0, 1000.0));
    let tree = Tree { path: at };
    let compared = tree.json(&["--compare", "a", "b"])["compare"].clone();
    let totals = &compared["totals"];
    assert_eq!((&totals["both"], &totals["only_a"], &totals["only_b"]), (&json!(2), &json!(1), &json!(1)), "{compared:#}");
    assert_eq!((&totals["success_both"], &totals["success_only_b"], &totals["success_neither"]), (&json!(1), &json!(1), &json!(0)));
    let pair = compared["pairs"].as_array().unwrap().iter().find(|pair| pair["commit"] == sha(2).as_str()).unwrap();
    let delta = |arm: &str| pair["deltas"].as_array().unwrap().iter().find(|delta| delta["arm"] == arm).unwrap().clone();
    let agent = delta("agent");
    assert_eq!((&agent["metric"], &agent["pct"], &agent["class"]), (&json!("ttft_mean_ms"), &json!(20.0), &json!("beats")), "{agent:#}");
    let human = delta("human");
    assert!(human["pct"].is_null() && human["incomparable"].as_str().unwrap().contains('B'), "{human:#}");
    let text = tree.printed(&["--compare", "a", "b"]);
    assert!(text.contains("2 in both, 1 only in A, 1 only in B") && text.contains("+20.0 %"), "{text}");
    assert!(tree.printed(&["--compare", "a", "b", "--format", "md"]).contains("Only in B"));
    let sheet = tree.printed(&["--compare", "a", "b", "--format", "csv"]);
    assert_eq!(sheet.lines().count(), 5, "{sheet}");
}

#[test]
fn a_tree_beside_itself_differs_in_nothing() {
    let (_kept, at) = folder();
    let compared = small(&at).json(&["--compare", ".", "."])["compare"].clone();
    assert_eq!((&compared["totals"]["only_a"], &compared["totals"]["only_b"]), (&json!(0), &json!(0)));
    for delta in compared["pairs"].as_array().unwrap().iter().flat_map(|pair| pair["deltas"].as_array().unwrap()) {
        assert!(delta["pct"].as_f64().is_none_or(|pct| pct == 0.0), "{delta:#}");
        assert!(delta["pct"].is_number() || delta["incomparable"].is_string(), "{delta:#}");
    }
}

fn document(paths: &[PathBuf]) -> Document {
    let study = Study::of(paths, &import(paths, None)).safe(&Masker::default());
    let counted = Counted::of(&study);
    Document { lead: lead(&study, &counted), sections: sections(&study, &counted) }
}

#[test]
fn any_width_keeps_its_numbers_whole() {
    let (_kept, at) = folder();
    let tree = small(&at);
    let document = document(&[tree.path]);
    for room in 40..220 {
        let text = plain(&document, Page { room: Some(room), paint: &|_, text| text.to_owned() });
        let too_wide: Vec<&str> = text.lines().filter(|line| width(line) > room).collect();
        assert!(room < 80 || too_wide.is_empty(), "{room}: {too_wide:?}");
        let words: BTreeSet<&str> = text.split_whitespace().collect();
        // what is left out is named in a sentence, which may break between any two words
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for section in &document.sections {
            for (at, column) in
                section.table.columns.iter().enumerate().filter(|(_, column)| column.align == isobench_tui::report::Align::Right)
            {
                let out = text.contains("Left out") && !words.contains(column.head().split_whitespace().next().unwrap());
                let is_whole = |cell: &Cell| cell.says().split_whitespace().all(|word| words.contains(word));
                let all = section.table.rows.iter().filter_map(|row| row.get(at)).all(is_whole);
                assert!(out || all || flat.contains(&*column.head()), "{room}: {}", column.head());
            }
        }
    }
}
