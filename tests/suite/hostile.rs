//! Files of the harness's that are broken or meant to harm: each is a sentence that names file, place and field, and
//! nothing is written.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobench_tui::artifact::{
    ArmResult, ArtifactError, BenchFile, DiffTargets, Document, HarnessRun, Journal, Mapping, PlanFile, Prediction, Prompt, RunSummary,
    TaskFile, journal, task_file,
};
use isobench_tui::domain::ItemId;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::campaign::{Campaign, said};
use crate::support::folder;

const PLAN: &str = r#"{
  "repo": "repo",
  "task_id": "t",
  "items": [
    {"item_id": "a", "human": "0123abcd", "pre": "", "pre_parent_index": 1},
    {"item_id": "b", "human": HERE, "pre": "", "pre_parent_index": 1}
  ]
}"#;

fn none(_: &str) -> Option<String> {
    None
}

/// The error about a plan in which `HERE` is replaced.
fn plan_error(here: &str) -> String {
    error_of("plan.json", PLAN.replace("HERE", here).as_bytes())
}

fn error_of(name: &str, bytes: &[u8]) -> String {
    match PlanFile::parse(Path::new(name), bytes) {
        Err(error) => error.to_string(),
        Ok(plan) => panic!("{name} was taken: {plan:?}"),
    }
}

#[track_caller]
fn says(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "'{word}' is not said in: {error}");
    }
}

#[test]
fn a_key_that_stands_twice() {
    says(&plan_error(r#""x", "human": "y""#), &["plan.json:6:", "items[1]: ", "'human' stands here twice"]);
    says(&error_of("plan.yaml", b"repo: r\ntask_id: t\nrepo: q\nitems: []\n"), &["plan.yaml:3:", "'repo' stands here twice"]);
}

#[test]
fn a_task_file_pasted_together_of_two_is_read_as_python_reads_it() {
    let text = "id: one\nname: a\nrepo: {url: u}\nid: two\nname: b\nmetrics:\n  - name: m\n    using: x\n    name: n\n";
    let task = TaskFile::parse(Path::new("t.yaml"), text.as_bytes(), &none).unwrap();
    assert_eq!((task.id.as_str(), task.name.as_str(), task.repo.url.as_str()), ("two", "b", "u"));
    assert_eq!(task.repeated, ["id", "name", "name"]);
}

#[test]
fn nan_and_infinity() {
    for word in ["NaN", "Infinity", "-Infinity"] {
        says(&plan_error(word), &["plan.json:6:", "items[1].human"]);
    }
    for word in [".nan", ".inf", "-.inf"] {
        says(&error_of("plan.yaml", format!("repo: r\ntask_id: t\nfuture: {word}\nitems: []\n").as_bytes()), &["plan.yaml:3:", "future"]);
    }
}

#[test]
fn numbers_beyond_every_type() {
    says(&plan_error("1e999"), &["plan.json:6:", "items[1].human", "out of range"]);
    says(&plan_error(&"9".repeat(400)), &["plan.json:6:", "items[1].human", "out of range"]);
    says(&plan_error("12345678901234567890123"), &["plan.json:6:", "items[1].human", "too large"]);
    says(
        &error_of("plan.json", PLAN.replace("HERE", "\"x\"").replacen(": 1}", ": -1}", 1).as_bytes()),
        &["plan.json:5:", "items[0].pre_parent_index", "-1"],
    );
    says(
        &error_of("plan.json", PLAN.replace("HERE", "\"x\"").replacen(": 1}", ": 4294967296}", 1).as_bytes()),
        &["plan.json:5:", "items[0].pre_parent_index"],
    );
    says(
        &error_of("plan.yaml", format!("repo: r\ntask_id: t\nfuture: {}\nitems: []\n", "9".repeat(400)).as_bytes()),
        &["plan.yaml:3:", "future"],
    );
}

#[test]
fn nesting_without_end() {
    says(&plan_error(&"[".repeat(100_000)), &["plan.json:6:", "recursion limit"]);
    says(&error_of("plan.yaml", format!("repo: {}\n", "[".repeat(100_000)).as_bytes()), &["plan.yaml:1:"]);
    // an alias of an alias of an alias
    let bomb: Vec<String> = (0..40).map(|n| format!("a{}: &a{} [*a{n}, *a{n}, *a{n}]\n", n + 1, n + 1)).collect();
    says(&error_of("plan.yaml", format!("a0: &a0 x\n{}", bomb.concat()).as_bytes()), &["plan.yaml:"]);
}

#[test]
fn wrong_types() {
    says(&plan_error("17"), &["plan.json:6:", "items[1].human", "the number 17 stands here, and it must be text: put it in quotes"]);
    says(&plan_error("null"), &["plan.json:6:", "items[1].human", "null"]);
    says(&plan_error("[]"), &["plan.json:6:", "items[1].human: a list stands here, and it must be text"]);
    says(&error_of("plan.json", b"{\"repo\": \"r\", \"items\": []}"), &["plan.json:1:", "the field 'task_id' is missing"]);
    let items = b"{\"repo\": \"r\", \"task_id\": \"t\", \"items\": {\"a\": 1}}";
    says(&error_of("plan.json", items), &["plan.json:1:", "items: a mapping stands here, and it must be a list"]);
    let parent = |number: &str| {
        let json = PLAN.replace("HERE", "\"x\"").replacen(": 1}", &format!(": {number}}}"), 1);
        let yaml = format!("repo: r\ntask_id: t\nitems:\n  - {{item_id: a, human: b, pre_parent_index: {number}}}\n");
        [error_of("plan.json", json.as_bytes()), error_of("plan.yaml", yaml.as_bytes())]
    };
    for said in parent("-5") {
        says(&said, &["items[0].pre_parent_index: the number -5 stands here, and it must be a whole number from 0"]);
        assert!(!said.contains("u32") && !said.contains("quotes"), "{said}");
    }
    let [json, yaml] = parent("1e300");
    says(&json, &["items[0].pre_parent_index: the number is too large", "else write a smaller one"]);
    says(&yaml, &["items[0].pre_parent_index: the text '1e300' stands here"]);
    says(&parent("1.0e+300")[1], &["plan.yaml:4:", "items[0].pre_parent_index: the number is too large"]);
    says(&parent(&format!("\"{}\"", "long".repeat(99)))[0], &["the text 'longlonglong", "…' stands here"]);
    for (word, wanted) in [(".nan", "infinity are no numbers here"), ("-.INF", "infinity are no numbers here"), ("no", "the text 'no'")] {
        let [_, said] = parent(word);
        says(&said, &["plan.yaml:4:", "items[0].pre_parent_index", wanted]);
        assert!(!said.contains("typeless"), "{said}");
    }
}

/// `PyYAML`'s `safe_dump` writes shas like these without quotes: to it they are text.
#[test]
fn what_is_text_for_pyyaml_is_text_for_us() {
    let plan = |human: &str| {
        let text = format!(
            "items:\n- human: {human}\n  item_id: 08-1\n  pre: &x {human}\n  pre_parent_index: 1\n- {{human: {human}, item_id: b, pre: *x}}\nrepo: r\ntask_id: 089\n"
        );
        PlanFile::parse(Path::new("plan.yaml"), text.as_bytes())
    };
    for human in ["1234e567", "08123456", "1e10", "12e99999", "9e5", "0000000e", "00000008", "1234567812345678123456781234567812345e78"] {
        let read = plan(human).unwrap();
        let all: Vec<_> = read.items.iter().flat_map(|item| [item.human.as_str(), item.pre.as_str()]).collect();
        assert_eq!((all, read.task_id.as_str()), (vec![human; 4], "089"));
        assert_eq!(read.whole()["items"][0]["human"], human, "what is written again is the same");
    }
    for human in ["12345678", "01234567", "1_000", "0x12345678", "1.5", "1.5e+3", "12345678901234567890123456789012345678901", ".inf"] {
        let taken = plan(human).map(|plan| plan.items[0].human.clone());
        // digits with a bar between them are text for our parser, and stay what was written
        assert!(
            taken.as_ref().map_or_else(|error| error.to_string().contains("in quotes"), |taken| taken == "1_000"),
            "{human}: {taken:?}"
        );
    }
    for quoted in ["'.inf'", "\".nan\"", "'1e999'", "'0123'"] {
        assert_eq!(plan(quoted).unwrap().items[0].human, quoted.trim_matches(['\'', '"']));
    }
}

#[test]
fn what_yaml_takes_for_a_number_is_never_changed() {
    let plan = |id: &str, human: &str| format!("repo: r\ntask_id: t\nitems:\n  - item_id: {id}\n    human: {human}\n");
    for human in ["12345678", "0123", "0x12345678", "1.5", "12345678901234567890123456789012345678901"] {
        says(&error_of("plan.yaml", plan("a", human).as_bytes()), &["plan.yaml:5:", "items[0].human", "quotes"]);
        let quoted = PlanFile::parse(Path::new("plan.yaml"), plan("a", &format!("'{human}'")).as_bytes()).unwrap();
        assert_eq!(quoted.items.first().unwrap().human, human);
    }
    says(&error_of("plan.yaml", plan("17", "abc").as_bytes()), &["plan.yaml:4:", "items[0].item_id", "quotes"]);
    for id in ["off", "on", "no", "yes", "y", "2026-01-02", "1_000a", "00123456", "0123abcd", "1:30"] {
        let read =
            PlanFile::parse(Path::new("plan.yaml"), plan(id, "abc").as_bytes()).map(|plan| plan.items.first().unwrap().item_id.0.clone());
        // text as a person wrote it, or an error: never something else
        assert!(read.as_ref().map_or(true, |read| read == id), "{id} became {read:?}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    says(&error_of("plan.json", b"{\n \"repo\": \"\xff\"}"), &["plan.json:2:11", "not UTF-8"]);
    says(&error_of("plan.yaml", b"repo: \xc3\x28"), &["plan.yaml:1:7", "not UTF-8"]);
    says(&error_of("plan.json", b"\xef\xbb\xbf{}"), &["plan.json:1:1", "byte order mark"]);
    says(&error_of("plan.json", b"\xff\xfe{\0}\0"), &["plan.json:1:1", "not UTF-8"]);
    says(&error_of("plan.json", b"\0\0\0\0"), &["plan.json:1:1"]);
    says(&plan_error(r#""\ud800""#), &["plan.json:6:", "items[1].human", "hex escape"]);
}

#[test]
fn files_that_are_empty_or_cut_off() {
    for name in ["plan.json", "plan.yaml"] {
        says(&error_of(name, b""), &[name, ":1:1", "empty"]);
        says(&error_of(name, b" \n\n"), &[name, ":1:1", "empty"]);
    }
    let whole = PLAN.replace("HERE", "\"x\"");
    for cut in 1..whole.len() {
        says(&error_of("plan.json", &whole.as_bytes()[..cut]), &["plan.json:", "cut off"]);
    }
}

#[test]
fn ids_that_climb_out_of_their_folder() {
    for id in ["../../etc", "a/b", "..", ".", "", "/abs", "a\\\\b", "-rf", "a\\u0000b", "a\\nb", &"x".repeat(300)] {
        let text = PLAN.replace("HERE", "\"x\"").replace("\"b\"", &format!("\"{id}\""));
        let said = error_of("plan.json", text.as_bytes());
        says(&said, &["plan.json:6:", "items[1].item_id", "can't be used"]);
        assert_eq!(said.contains("begins with '-'"), id == "-rf", "{said}");
    }
    for (here, field) in
        [("\"--upload-pack=x\"", "items[1].human"), ("\"a\\nb\"", "items[1].human"), ("\"x\", \"future\": 1, \"pre\": \"-c\"", "items[1]")]
    {
        says(&plan_error(here), &["plan.json:6:", field]);
    }
    let task = PLAN.replace("HERE", "\"x\"").replace("\"t\"", "\"../t\"");
    says(&error_of("plan.json", task.as_bytes()), &["plan.json:3:", "task_id", "can't be used"]);
}

#[test]
fn commits_files_with_all_forms_gaps_and_faults() {
    let (_keep, path) = folder();
    let task = TaskFile::parse(Path::new("t.yaml"), b"id: vllm_core\nrepo: {url: 'https://github.com/a/b.git'}\n", &none).unwrap();
    let list = path.join("commits.txt");
    fs::write(&list, "\n\n# head\naaaa1111\n\nbbbb2222 cccc3333\ndddd4444 parent=2\neeee5555 | 2024-01-01 | [Perf] faster | twice\n\n")
        .unwrap();
    let plan = PlanFile::of_commits(&list, &task).unwrap();
    let rows: Vec<_> =
        plan.items.iter().map(|item| (item.item_id.0.as_str(), item.human.as_str(), item.pre.as_str(), item.pre_parent_index)).collect();
    assert_eq!(
        rows,
        [
            ("vllm_core-0001", "aaaa1111", "", Some(1)),
            ("vllm_core-0003", "bbbb2222", "cccc3333", Some(1)),
            ("vllm_core-0004", "dddd4444", "", Some(2)),
            ("vllm_core-0005", "eeee5555", "", Some(1)),
        ]
    );
    assert_eq!(plan.whole()["items"][0], json!({"item_id": "vllm_core-0001", "human": "aaaa1111", "pre": "", "pre_parent_index": 1}));
    for (text, words) in [
        ("aaaa parent=x\n", ["commits.txt:1:", "parent"]),
        ("# only\n", ["commits.txt:1:", "names no commit"]),
        ("a\n--exec=x\n", ["commits.txt:2:", "commit: "]),
    ] {
        fs::write(&list, text).unwrap();
        says(&PlanFile::of_commits(&list, &task).unwrap_err().to_string(), &words);
    }
    fs::write(&list, b"aaaa\n\xff\n").unwrap();
    says(&PlanFile::of_commits(&list, &task).unwrap_err().to_string(), &["commits.txt:2:1", "not UTF-8"]);
}

/// Reads a file as each kind of artifact.
fn read_as_everything(path: &Path) -> Vec<Result<(), ArtifactError>> {
    fn end<T>(read: Result<T, ArtifactError>) -> Result<(), ArtifactError> {
        read.map(|_| ())
    }
    vec![
        end(PlanFile::read(path)),
        end(Journal::read(path)),
        end(Prompt::read(path)),
        end(DiffTargets::read(path)),
        end(Prediction::read(path)),
        end(RunSummary::read(path)),
        end(Mapping::read(path)),
        end(ArmResult::read(path)),
        end(BenchFile::read(path, &none)),
        end(TaskFile::read(path, &none)),
        end(Document::<Value>::read(path)),
    ]
}

#[test]
fn a_pipe_a_device_and_a_folder_in_the_place_of_a_file() {
    let (_keep, above) = folder();
    let pipe = above.join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(above.join("folder.json")).unwrap();
    for path in [pipe, PathBuf::from("/dev/zero"), above.join("folder.json"), above.join("missing.json")] {
        for read in read_as_everything(&path) {
            says(&read.unwrap_err().to_string(), &[path.to_str().unwrap()]);
        }
    }
}

#[test]
fn a_file_that_is_far_too_large() {
    let (_keep, above) = folder();
    let path = above.join("plan.json");
    fs::File::create(&path).unwrap().set_len(65 * 1024 * 1024).unwrap();
    says(&PlanFile::read(&path).unwrap_err().to_string(), &["plan.json", "64 MiB"]);
}

#[test]
fn every_kind_names_file_and_field() {
    let (_keep, above) = folder();
    let path = above.join("file.json");
    let path = path.as_path();
    fs::write(path, "{\n  \"commits\": {\"pre\": \"a\", \"human\": 5},\n  \"timestamps\": {\"written\": 1.5}\n}").unwrap();
    says(&Journal::read(path).unwrap_err().to_string(), &["file.json:2:", "commits.human", "put it in quotes"]);
    says(&Prompt::read(path).unwrap_err().to_string(), &["file.json:2:", "commits.human"]);
    says(&RunSummary::read(path).unwrap_err().to_string(), &["file.json:2:", "commits.human"]);
    fs::write(path, r#"{"status": "error", "trae": {"returncode": "x"}}"#).unwrap();
    says(&Journal::read(path).unwrap_err().to_string(), &["file.json:1:", "trae.returncode"]);
    fs::write(path, r#"{"changed": ["a", 5]}"#).unwrap();
    says(&DiffTargets::read(path).unwrap_err().to_string(), &["file.json:1:19", "changed[1]"]);
    fs::write(path, "{\"instance_id\": \"a\"}\n\n{\"instance_id\": 5}\n").unwrap();
    says(&Prediction::read(path).unwrap_err().to_string(), &["file.json:3:17", "instance_id"]);
    fs::write(path, r#"{"metrics": {"ttft_mean_ms": "fast"}}"#).unwrap();
    says(&ArmResult::read(path).unwrap_err().to_string(), &["file.json:1:", "metrics.ttft_mean_ms"]);
    fs::write(path, r#"{"0123abcd": {"perf_command": 5}}"#).unwrap();
    says(Mapping::read(path).unwrap().unread("0123abcd99").unwrap(), &["file.json:1:", "0123abcd.perf_command"]);
    fs::write(path, "agents:\n  trae:\n    args:\n      max_steps: many\n").unwrap();
    says(&BenchFile::read(path, &none).unwrap_err().to_string(), &["file.json:4:", "agents.trae.args.max_steps", "'many'"]);
    fs::write(path, "id: t\nrepo:\n  human_commit: 12345678\n").unwrap();
    says(&TaskFile::read(path, &none).unwrap_err().to_string(), &["file.json:3:", "repo.human_commit", "quotes"]);
}

#[test]
fn null_and_missing_blocks_are_nothing_and_not_zero() {
    let parse = |text: &str| Document::<Journal>::parse(Path::new("journal.json"), text.as_bytes()).unwrap();
    let journal = parse(r#"{"status": "error", "error": "[Errno 2] …", "error_type": "FileNotFoundError", "future": {"a": 1}}"#);
    assert_eq!((journal.metrics.clone(), journal.agent.clone(), journal.written), (None, None, None));
    assert_eq!((journal.error_type.as_deref(), &journal.whole()["future"]["a"]), (Some("FileNotFoundError"), &json!(1)));
    let journal = parse(
        r#"{"status": null, "commits": null, "run_metadata": null, "metrics": {"patch_size_loc": null, "commit_count": 0}, "trae": {"returncode": null}}"#,
    );
    let metrics = journal.metrics.clone().unwrap();
    assert_eq!((metrics.patch_size_loc, metrics.commit_count, journal.status.as_str()), (None, Some(0), ""));
    assert_eq!(journal.agent.clone().unwrap().returncode, None);
}

#[test]
fn variables_of_a_bench_file_are_filled_in_and_empty_ones_are_nothing() {
    let text = "paths: {state_root: './state', work_root: '${WORK:-./.work}'}\nagents:\n  default: '${AGENT:-trae}'\n  trae:\n    cli: ${TRAE_PYTHON}\n    \
                args: {max_steps: '${STEPS:-120}'}\n    time_budget_minutes: 60\n  claude_code:\n";
    let variables = |name: &str| (name == "WORK").then(|| "/big".to_owned());
    let bench = BenchFile::parse(Path::new("bench.yaml"), text.as_bytes(), &variables).unwrap();
    assert_eq!((bench.default_agent.as_deref(), bench.work_root.as_deref()), (Some("trae"), Some(Path::new("/big"))));
    let trae = bench.agent("trae").unwrap();
    assert_eq!((trae.cli.as_deref(), trae.args.max_steps, trae.time_budget_minutes), (None, Some(120), Some(60.0)));
    assert!(bench.agent("claude_code").is_some() && bench.agent("codex").is_none());
    assert_eq!(bench.written()["paths"]["work_root"], "${WORK:-./.work}");
}

#[test]
fn a_broken_task_file_hides_no_other() {
    let (_keep, root) = folder();
    fs::create_dir(root.join("tasks")).unwrap();
    fs::write(root.join("tasks/a.yaml"), "id: [").unwrap();
    fs::write(root.join("tasks/b.yaml"), "id: wanted\n").unwrap();
    assert_eq!(task_file::find(&root, "wanted", &none).unwrap().unwrap().path, root.join("tasks/b.yaml"));
    says(&task_file::find(&root, "other", &none).unwrap_err().to_string(), &["tasks/a.yaml:1:"]);
    assert!(task_file::find(&root.join("tasks"), "wanted", &none).unwrap().is_none());
}

#[test]
fn our_key_is_added_to_a_journal_and_a_link_in_its_place_is_not_followed() {
    let (_keep, above) = folder();
    let (outside, link) = (above.join("outside.json"), above.join("journal.json"));
    let text = "{\n  \"status\": \"success\",\n  \"future\": [\n    0.30000000000000004\n  ]\n}";
    fs::write(&outside, text).unwrap();
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    journal::add_ours(&link, json!({"run": "r"})).unwrap();
    assert_eq!(fs::read_to_string(&outside).unwrap(), text, "what the link led to is as it was");
    let wanted = text.replace("\n  ]\n}", "\n  ],\n  \"isobench_tui\": {\n    \"run\": \"r\"\n  }\n}");
    assert_eq!(fs::read_to_string(&link).unwrap(), wanted);
    fs::write(&link, "[]").unwrap();
    says(&journal::add_ours(&link, json!({})).unwrap_err().to_string(), &["journal.json:1:"]);
    assert_eq!(fs::read_to_string(&link).unwrap(), "[]");
}

#[test]
fn a_run_with_a_broken_journal_keeps_its_other_items() {
    let (_keep, above) = folder();
    let run = above.join("runs/vllm_core-0123abcd");
    for (item, text) in [("a", Some("{\"status\": \"success\"}")), ("b", Some("{\"status\": ")), ("c", None)] {
        fs::create_dir_all(run.join(item)).unwrap();
        fs::write(run.join(item).join("prompt.json"), "{}").unwrap();
        if let Some(text) = text {
            fs::write(run.join(item).join("journal.json"), text).unwrap();
        }
    }
    let read = HarnessRun::read(&run).unwrap();
    assert_eq!((read.repo.as_str(), read.model.as_str(), read.timestamp.as_str()), ("unknown", "default", "vllm_core-0123abcd"));
    assert_eq!((read.counts().items, read.counts().success), (1, 1));
    let item = |id: &str| read.item(&ItemId(id.to_owned())).unwrap();
    says(&item("b").journal.as_ref().unwrap().as_ref().unwrap_err().to_string(), &["b/journal.json:1:", "cut off"]);
    assert!(item("c").journal.is_none());
    assert_eq!(isobench_tui::artifact::runs::below(&above.join("runs")), [run]);
}

#[test]
fn a_hostile_plan_writes_nothing() {
    let campaign = Campaign::good(1);
    let before = campaign.folders().len();
    for (text, words) in [
        (PLAN.replace("HERE", "NaN"), ["plan.json:6:", "items[1].human"]),
        (PLAN.replace("HERE", r#""x", "human": "y""#), ["plan.json:6:", "stands here twice"]),
        (PLAN.replace("HERE", "\"x\"").replace("\"b\"", "\"../../b\""), ["plan.json:6:", "items[1].item_id"]),
        (PLAN.replace("HERE", "1e999"), ["plan.json:6:", "out of range"]),
    ] {
        fs::write(campaign.root.join("state/plan.json"), text).unwrap();
        let output = campaign.run(&["run", "--headless"]);
        assert_eq!(output.status.code(), Some(2));
        says(&said(&output), &words);
        assert_eq!(campaign.folders().len(), before);
        assert!(!campaign.root.join("state/runs").exists() && !campaign.root.join(".work").exists());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}:,\"'a0.&*!|>\\-# \n\t\u{e9}]{0,120}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            for name in ["f.json", "f.yaml"] {
                let path = Path::new(name);
                let _ = PlanFile::parse(path, bytes);
                let _ = Document::<Journal>::parse(path, bytes);
                let _ = Document::<DiffTargets>::parse(path, bytes);
                let _ = Document::<Value>::parse(path, bytes);
                let _ = BenchFile::parse(path, bytes, &none);
                let _ = TaskFile::parse(path, bytes, &none);
            }
        }
    }
}
