//! The harness's rules for the end of an item, one by one: which status, which fields are null, which files there are.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::path::PathBuf;

use isobench_tui::artifact::{DiffTargets, Finished, ItemFolder, Journal};
use isobench_tui::domain::{AgentKind, EndCause, ItemId};
use serde_json::{Value, json};

use crate::support::folder;

const PATCH: &str = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n-old\n+new\n+++ x\n";

/// How an item ended, and what its files say of it.
struct Ended {
    _keep: tempfile::TempDir,
    path: PathBuf,
}

impl Ended {
    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path.join(name)).unwrap()).unwrap()
    }

    fn status(&self) -> String {
        self.json("journal.json")["status"].as_str().unwrap().to_owned()
    }
}

fn with<'a>(change: impl FnOnce(&mut Finished<'a>), trajectory: Option<&Value>) -> Ended {
    let (keep, above) = folder();
    let item = ItemFolder { path: above.join("c-0001") };
    item.begin("task", &json!({"task": "t", "target_files": []})).unwrap();
    if let Some(trajectory) = trajectory {
        fs::write(item.trajectory(), trajectory.to_string()).unwrap();
    }
    // a test's few words may stay
    let targets: &'static [String] = vec!["a.py".to_owned(), "b.py".to_owned()].leak();
    let mut finished = Finished {
        repo: "https://github.com/sgl-project/sglang.git",
        task_id: "sglang_core",
        item: Box::leak(Box::new(ItemId("c-0001".to_owned()))),
        human: "0123456789abcdef",
        parent: "fedcba9876543210",
        kind: AgentKind::Trae,
        agent: "trae",
        model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        real_model: None,
        timestamp: "2026-01-02_03-04-05",
        cli: "/opt/it's/python",
        time_budget_minutes: 120.0,
        cause: &EndCause::Exited { code: 0 },
        duration_ms: 1500,
        patch: PATCH.as_bytes(),
        changed: &targets[..1],
        targets,
        strict: false,
        is_skipped: false,
        ours: json!({}),
        written: 1.5,
        masker: Box::leak(Box::default()),
    };
    change(&mut finished);
    item.finish(&finished).unwrap();
    Ended { _keep: keep, path: item.path }
}

#[test]
fn a_success_is_exit_code_zero_and_a_changed_file_of_any_kind() {
    for kind in AgentKind::ALL {
        assert_eq!(with(|end| end.kind = kind, None).status(), "success", "{kind:?}");
        assert_eq!(with(|end| (end.kind, end.changed) = (kind, &[]), None).status(), "error", "{kind:?}, nothing changed");
        for cause in
            [EndCause::Exited { code: 1 }, EndCause::Signalled { signal: 9 }, EndCause::Deadline, EndCause::Stopped, EndCause::Lost]
        {
            assert_eq!(with(|end| (end.kind, end.cause) = (kind, &cause), None).status(), "error", "{kind:?}, {cause:?}");
        }
    }
}

#[test]
fn targets_count_as_violations_and_make_an_error_only_where_they_are_strict() {
    let other = ["a.py".to_owned(), "c.py".to_owned()];
    for (strict, status) in [(false, "success"), (true, "error")] {
        let ended = with(|end| (end.strict, end.changed) = (strict, &other), None);
        let targets = json!({"changed": ["a.py", "c.py"], "allowed": ["a.py", "b.py"], "disallowed": ["c.py"], "ok": false});
        assert_eq!(ended.json("diff_targets.json"), targets);
        assert_eq!((ended.status().as_str(), &ended.json("journal.json")["metrics"]["violations_count"]), (status, &json!(1)));
    }
    assert_eq!(with(|end| end.strict = true, None).status(), "success");
    // the human's files are named only now that the agent can't read them
    assert_eq!(with(|_| (), None).json("prompt.json")["target_files"], json!(["a.py", "b.py"]));
}

#[test]
fn a_trajectory_that_ran_out_of_steps_outweighs_all_else_for_three_kinds() {
    let said = json!({"final_result": "Task execution Exceeded Maximum Steps without completion."});
    let long = json!({"steps": vec![0; 121], "final_result": null});
    for (trajectory, exceeds) in [
        (&said, true),
        (&long, true),
        (&json!({"steps": vec![0; 120], "final_result": "done"}), false),
        (&json!({"agent_steps": vec![0; 400], "final_result": null}), false),
        (&json!({"steps": null, "final_result": "exceeded maximum steps"}), false),
        (&json!([]), false),
    ] {
        for kind in AgentKind::ALL {
            let exceeds = exceeds && matches!(kind, AgentKind::Trae | AgentKind::Codex | AgentKind::ClaudeCode);
            let ended = with(
                |end| (end.kind, end.cause, end.strict, end.targets) = (kind, &EndCause::Exited { code: 3 }, true, &[]),
                Some(trajectory),
            );
            assert_eq!(ended.status(), if exceeds { "max_steps_exceeded" } else { "error" }, "{kind:?} with {trajectory}");
            if exceeds {
                let journal = ended.json("journal.json");
                assert_eq!(journal[kind.name()]["returncode"], 0);
                let metrics = json!({"time_to_first_edit_s": null, "commit_count": null, "patch_size_loc": null, "changed_files_count": 0, "violations_count": 0});
                assert_eq!(journal["metrics"], metrics);
                assert_eq!(ended.json("diff_targets.json"), json!({"changed": [], "allowed": [], "disallowed": [], "ok": true}));
                assert_eq!(ended.json("prediction.jsonl")["model_patch"], PATCH);
            }
        }
    }
}

#[test]
fn an_agent_that_could_not_be_started_leaves_the_journal_of_an_exception() {
    let not_started = |error: &str| EndCause::NotStarted { error: error.to_owned() };
    for (error, says, class) in [
        (
            "program x: No such file or directory (os error 2)",
            r"[Errno 2] No such file or directory: '/opt/it\'s/python'",
            "FileNotFoundError",
        ),
        ("program x: Permission denied (os error 13)", r"[Errno 13] Permission denied: '/opt/it\'s/python'", "PermissionError"),
        ("out of processes", "out of processes", "OSError"),
    ] {
        let cause = not_started(error);
        let ended = with(|end| end.cause = &cause, None);
        let journal = Journal::read(&ended.path.join("journal.json")).unwrap();
        assert_eq!((journal.error.as_deref(), journal.error_type.as_deref(), journal.status.as_str()), (Some(says), Some(class), "error"));
        let keys: Vec<&str> = journal.whole().as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["task_id", "commits", "agent_branch", "status", "run_metadata", "error", "error_type", "timestamps", "isobench_tui"]
        );
        for name in ["diff_targets.json", "prediction.jsonl", "model_patch.diff", "run_summary.json"] {
            assert!(!ended.path.join(name).exists(), "{name}");
        }
    }
}

#[test]
fn names_and_counts_follow_the_harness_and_not_what_one_would_expect() {
    let ended = with(|_| (), None);
    assert_eq!(ended.json("prediction.jsonl")["instance_id"], "sgl-project__sglan-fedcba9");
    let journal = ended.json("journal.json");
    assert_eq!(journal["run_metadata"]["run_path"], "sglan/trae/us-anthropic-claude-sonnet-4-5-20250929-v1-0/2026-01-02_03-04-05");
    assert_eq!((&journal["metrics"]["patch_size_loc"], &journal["agent_branch"]), (&json!(2), &json!("agent/sglang_core/01234567")));
    let summary = ended.json("run_summary.json");
    assert_eq!((&summary["meta"]["model"], &summary["agent"]["duration_s"]), (&json!("claude-sonnet-45"), &json!(1.5)));
    assert_eq!(summary["agent"]["patch_stats"], json!({"lines_added": 1, "lines_removed": 1, "files_changed": 1}));
    assert!(summary["_sources"]["trajectory"].is_null() && summary["_sources"]["prediction"].is_string());

    let ended =
        with(|end| (end.kind, end.agent, end.repo, end.patch, end.changed) = (AgentKind::CodexCli, "mine", "/srv/vllm", b"", &[]), None);
    let journal = ended.json("journal.json");
    assert_eq!(
        (&journal["run_metadata"]["agent"], &journal["codex_cli"]["returncode"]),
        (&json!("mine"), &json!(0)),
        "readers look for the kind"
    );
    assert!(journal["metrics"]["patch_size_loc"].is_null());
    assert_eq!(ended.json("prediction.jsonl")["instance_id"], "/srv/vllm__repo-fedcba9");
    let agent = json!({"status": "error", "patch_generated": false, "duration_s": null, "time_to_first_edit_s": null});
    let summary = ended.json("run_summary.json");
    assert_eq!((&summary["agent"], &summary["_sources"]["patch"]), (&agent, &Value::Null));

    let ended = with(|_| (), Some(&json!({"model": "gpt-5-2025-08-07", "final_result": null})));
    let summary = ended.json("run_summary.json");
    assert_eq!((&summary["meta"]["model"], &summary["meta"]["model_full"]), (&json!("gpt-5"), &json!("gpt-5-2025-08-07")));
    assert!(summary["_sources"]["trajectory"].is_string() && summary["_sources"]["prediction"].is_null());
    assert!(!with(|end| end.parent = "", None).path.join("run_summary.json").exists());
}

#[test]
fn a_patch_file_that_the_agent_committed_is_no_violation_in_earnest() {
    let targets: DiffTargets = serde_json::from_value(
        json!({"changed": ["a", "model_patch.diff"], "allowed": ["a"], "disallowed": ["model_patch.diff"], "ok": false}),
    )
    .unwrap();
    assert_eq!(targets.really_disallowed().count(), 0);
    let targets: DiffTargets = serde_json::from_value(json!({"disallowed": ["model_patch.diff", "b"]})).unwrap();
    assert_eq!(targets.really_disallowed().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn links_that_an_agent_puts_in_the_place_of_our_files_are_not_followed() {
    let (_keep, above) = folder();
    let outside = above.join("outside");
    fs::write(&outside, "as it was").unwrap();
    let item = ItemFolder { path: above.join("c-0001") };
    item.begin("task", &json!({"target_files": []})).unwrap();
    for name in ["trae_stdout.txt", ".trae_stdout.txt.new", "trae_stderr.txt"] {
        std::os::unix::fs::symlink(&outside, item.path.join(name)).unwrap();
    }
    let printed = above.join("out");
    fs::write(&printed, "printed").unwrap();
    item.keep_output("trae", &printed, &above.join("missing")).unwrap();
    assert_eq!(fs::read_to_string(item.path.join("trae_stdout.txt")).unwrap(), "printed");
    assert_eq!(fs::read_to_string(item.path.join("trae_stderr.txt")).unwrap(), "");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "as it was");
}
