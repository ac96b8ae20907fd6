//! `inspect A --with B` by the real program: what it prints, and what it shows in a real terminal.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    reason = "a test says what went wrong by failing"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM};
use crate::paged_screen::write_steps;
use crate::pty::Pty;
use crate::support::{BINARY, folder, shared};

/// A commit of a small repository, and two attempts of it in a harness folder.
pub(crate) struct Tried {
    _folder: tempfile::TempDir,
    root: PathBuf,
    shas: [String; 2],
}

const BEFORE: &str = "import torch\n\n\ndef pad(n):\n    out = torch.zeros(n)\n    out.fill_(n)\n    return out\n";
const HUMAN: &str = "import torch\n\n\ndef pad(n):\n    out = torch.empty(n)\n    out.fill_(n)\n    return out\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A step of TRAE's with one call.
fn step(n: usize, says: &str, name: &str, arguments: &Value, answer: Result<&str, &str>) -> Value {
    let call = json!({"call_id": format!("c{n}"), "name": name, "arguments": arguments, "id": null});
    json!({
        "step_number": n, "timestamp": format!("2026-01-01T10:00:{n:02}"), "state": "completed",
        "llm_response": {"content": says, "model": "m", "finish_reason": "tool_use", "usage": {"input_tokens": 1000 * n, "output_tokens": 10}, "tool_calls": [call]},
        "tool_calls": [call],
        "tool_results": [{"call_id": format!("c{n}"), "success": answer.is_ok(), "result": answer.ok(), "error": answer.err()}],
        "reflection": null, "error": null,
    })
}

fn trajectory(steps: &[Value]) -> String {
    json!({
        "task": "t", "start_time": "2026-01-01T10:00:00", "end_time": format!("2026-01-01T10:00:{:02}", steps.len()), "provider": "p",
        "model": "m", "max_steps": 50, "llm_interactions": [], "agent_steps": steps, "success": true, "final_result": "done",
        "execution_time": 9.0,
    })
    .to_string()
}

/// A patch of `pad.py` that puts this in place of its fifth line.
fn patch(lines: &str) -> String {
    let new = 6 + lines.lines().count();
    format!(
        "diff --git a/pad.py b/pad.py\n--- a/pad.py\n+++ b/pad.py\n@@ -1,7 +1,{new} @@\n import torch\n \n \n def pad(n):\n-    out = torch.zeros(n)\n{}     out.fill_(n)\n     return out\n",
        lines.lines().map(|line| format!("+{line}\n")).collect::<String>(),
    )
}

impl Tried {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let clone = root.join(".work/repos/core");
        fs::create_dir_all(&clone).unwrap();
        git(&clone, &["init", "-q", "-b", "main"]);
        let commit = |text: &str| {
            fs::write(clone.join("pad.py"), text).unwrap();
            git(&clone, &["add", "-A"]);
            git(&clone, &["commit", "-q", "-m", "m"]);
            git(&clone, &["rev-parse", "HEAD"])
        };
        let shas = [commit(BEFORE), commit(HUMAN)];
        let tried = Self { _folder: folder, root, shas };
        // each was put to work in a place of its own
        let view = |root: &str| json!({"command": "view", "path": format!("{root}/worktrees/core/core-0001/pad.py")});
        let edit = |root: &str, new: &str| {
            let path = format!("{root}/worktrees/core/core-0001/pad.py");
            json!({"command": "str_replace", "path": path, "old_str": "zeros", "new_str": new})
        };
        let done = |n| step(n, "", "task_done", &json!({}), Ok("done"));
        tried.attempt(
            "gpt-4o",
            &[
                step(1, "Look first.", "str_replace_based_edit_tool", &view("/x/.work"), Ok("text")),
                step(2, "Change it.", "str_replace_based_edit_tool", &edit("/x/.work", "empty"), Ok("edited")),
                step(3, "Measure it.", "bash", &json!({"command": "python benchmarks/benchmark_pad.py"}), Ok("latency: 3 ms")),
                done(4),
            ],
            &patch("    out = torch.empty(n)"),
        );
        tried.attempt(
            "gpt-5",
            &[
                step(1, "Where is it?", "bash", &json!({"command": "grep -rn zeros ."}), Ok("pad.py:5")),
                step(2, "", "str_replace_based_edit_tool", &view("/y"), Ok("text")),
                step(3, "", "str_replace_based_edit_tool", &edit("/y", "ones"), Err("No match found")),
                done(4),
            ],
            &patch("    # faster\n    out = torch.ones(n)"),
        );
        tried
    }

    fn attempt(&self, model: &str, steps: &[Value], patch: &str) {
        let folder = self.item(model);
        fs::create_dir_all(&folder).unwrap();
        let journal = json!({
            "task_id": "core", "commits": {"pre": self.shas[0], "human": self.shas[1]}, "status": "success",
            "trae": {"cli": "python", "time_budget_minutes": 60, "returncode": 0, "duration_s": 12.0},
        });
        fs::write(folder.join("journal.json"), journal.to_string()).unwrap();
        fs::write(folder.join("trajectory.json"), trajectory(steps)).unwrap();
        fs::write(folder.join("model_patch.diff"), patch).unwrap();
    }

    fn item(&self, model: &str) -> PathBuf {
        self.root.join("state/runs/vllm/trae").join(model).join("2026-01-01_10-00-00/core-0001")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        let (home, models) = (self.root.join("home"), ["gpt-4o", "gpt-5"]);
        command.env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home).env("COLUMNS", "100").env("TZ", "UTC");
        command.arg("inspect").current_dir(self.root.parent().unwrap()).stdin(Stdio::null());
        let [one, other] = models.map(|model| self.item(model));
        for argument in arguments {
            match *argument {
                "A" => command.arg(&one),
                "B" => command.arg(&other),
                other => command.arg(other),
            };
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().replace(self.root.to_str().unwrap(), "<root>")
    }

    fn screen(&self, arguments: &[&str], cols: u16, rows: u16) -> Pty {
        Pty::spawn(&self.command(arguments), cols, rows)
    }
}

/// `(left step, right step, how)` of the JSON.
fn rows(told: &Value) -> Vec<(Option<u64>, Option<u64>, String)> {
    let row = |row: &Value| (row["left"].as_u64(), row["right"].as_u64(), row["how"].as_str().unwrap().to_owned());
    told["steps"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn two_attempts_are_printed_beside_each_other() {
    let tried = Tried::new();
    insta::assert_snapshot!("compared_attempts", tried.text(&["A", "--with", "B"]));
}

#[test]
fn an_attempt_is_printed_beside_the_humans_commit_of_the_harness_own_clone() {
    let tried = Tried::new();
    let told = tried.text(&["B", "--with", "human"]).replace(&tried.shas[1][..8], "<sha>");
    insta::assert_snapshot!("compared_human", told);
    // the other way round as well
    let told = tried.json(&["human", "--with", "A"]);
    assert_eq!((&told["left"]["name"], &told["left"]["steps"]), (&json!("human"), &Value::Null));
    assert!(told["says"].as_array().unwrap().contains(&json!("the two patches are the same")), "{told}");
}

#[test]
fn steps_of_json_are_those_of_the_trajectories_and_unknown_figures_are_null() {
    let tried = Tried::new();
    let told = tried.json(&["A", "--with", "B"]);
    let how = |left, right, how: &str| (left, right, how.to_owned());
    let wanted = [
        how(None, Some(1), "alone"),
        how(Some(1), Some(2), "same"),
        how(Some(2), Some(3), "like"),
        how(Some(3), None, "alone"),
        how(Some(4), Some(4), "same"),
    ];
    assert_eq!(rows(&told), wanted);
    let figure = |name: &str| told["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name).cloned().unwrap();
    assert_eq!(figure("edits"), json!({"name": "edits", "left": 1, "right": 0}));
    assert_eq!(figure("first edit"), json!({"name": "first edit", "left": 2, "right": "never"}));
    assert_eq!(told["files"][0]["same"], 1);
    // a patch alone tells of no steps, and that is not zero
    let patch = tried.item("gpt-5").join("model_patch.diff");
    let told = tried.json(&["A", "--with", patch.to_str().unwrap()]);
    let steps = told["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == "steps").cloned().unwrap();
    assert_eq!((steps["left"].clone(), steps["right"].clone()), (json!(4), Value::Null));
    assert_eq!(told["right"]["name"], "model_patch.diff");
}

#[test]
fn of_steps_that_were_not_read_nothing_is_told() {
    let tried = Tried::new();
    let large = tried.root.join("large.jsonl");
    write_steps(&large, 1..=1700);
    let large = large.to_str().unwrap();
    let text = tried.text(&["A", "--with", large]);
    assert!(text.contains("too large to be compared step by step"), "{text}");
    assert!(!["alike", "never", "neither ever"].iter().any(|word| text.contains(word)), "{text}");
    let figures: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(figures.contains(&vec!["edits", "1", "?"]) && figures.contains(&vec!["steps", "4", "1700", "+1696"]), "{text}");
    let told = tried.json(&[large, "--with", "A"]);
    assert_eq!((&told["left"]["steps"], &told["right"]["steps"]), (&Value::Null, &json!(4)));
    let figure = |name: &str| told["figures"].as_array().unwrap().iter().find(|figure| figure["name"] == name).cloned().unwrap();
    assert_eq!((figure("edits")["left"].clone(), figure("first edit")["left"].clone()), (Value::Null, Value::Null));
    assert_eq!((figure("steps")["left"].clone(), figure("edits")["right"].clone()), (json!(1700), json!(1)));
    assert!(told["steps"].as_array().unwrap().iter().all(|row| row["how"].is_null()), "{}", told["steps"]);
    let mut pty = tried.screen(&[large, "--with", "A"], 120, 40);
    pty.wait_for("pad.py");
    pty.press("<Tab><Tab>");
    pty.wait_for("1700 steps, not read");
}

#[test]
fn what_can_not_be_compared_says_why_and_what_to_do() {
    let tried = Tried::new();
    let refused = |arguments: &[&str]| {
        let output = tried.run(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        String::from_utf8(output.stderr).unwrap()
    };
    fs::rename(tried.root.join(".work/repos/core"), tried.root.join("clone")).unwrap();
    let says = refused(&["A", "--with", "human"]);
    assert!(says.contains("there is no clone here") && says.contains("--clone FOLDER"), "{says}");
    // the clone may lie anywhere
    let clone = tried.root.join("clone");
    assert!(tried.run(&["A", "--with", "human", "--clone", clone.to_str().unwrap()]).status.success());
    git(&clone, &["checkout", "-q", "--orphan", "other"]);
    let (_gone, empty) = folder();
    git(&empty, &["init", "-q"]);
    let says = refused(&["A", "--with", "human", "--clone", empty.to_str().unwrap()]);
    assert!(says.contains("does not know the commit") && says.contains("fetch"), "{says}");
    let (_gone, none) = folder();
    let says = refused(&["A", "--with", "human", "--clone", none.to_str().unwrap()]);
    assert!(says.contains("git says"), "{says}");
    let bare = tried.item("gpt-5").join("trajectory.json");
    let lonely = tried.root.join("lonely.json");
    fs::copy(bare, &lonely).unwrap();
    let says = refused(&[lonely.to_str().unwrap(), "--with", "human"]);
    assert!(says.contains("not on record"), "{says}");
    let text = tried.root.join("note.patch");
    fs::write(&text, "hello\n").unwrap();
    let says = refused(&["A", "--with", text.to_str().unwrap()]);
    assert!(says.contains("this is no patch"), "{says}");
    assert!(refused(&["A", "--with", "/nowhere"]).contains("/nowhere"));
    assert!(refused(&["human", "--with", "human"]).contains("name an item's folder"));
}

#[test]
fn what_a_patch_holds_never_steers_a_terminal_nor_tells_a_secret() {
    let tried = Tried::new();
    let evil = tried.root.join("evil.diff");
    fs::write(&evil, patch("    out = 'sk-secret-value-1234' # \u{1b}]0;title\u{7}\u{202e}")).unwrap();
    let mut command = tried.command(&["A", "--with", evil.to_str().unwrap()]);
    let output = command.env("OPENAI_API_KEY", "sk-secret-value-1234").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("out = '•••'"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']) && !text.contains("sk-secret"), "{text}");
}

#[test]
fn steps_are_read_found_laid_out_and_swapped() {
    let tried = Tried::new();
    let mut screen = tried.screen(&["A", "--with", "B"], 120, 40);
    screen.wait_for("gpt-4o │ gpt-5   core-0001");
    screen.wait_for("gpt-5 never ran a benchmark");
    screen.press("]");
    screen.wait_until("the next difference", |text| text.contains("3 R  bash  python benchmarks/benchmark_pad.py"));
    screen.press("<Enter>");
    screen.wait_for("latency: 3 ms");
    screen.wait_for("nothing here");
    screen.press("<Esc>");
    screen.wait_gone("latency: 3 ms");
    screen.press("/zeros<Enter>");
    screen.wait_for("of 2 rows with 'zeros'");
    screen.press("s");
    screen.wait_for("gpt-5 │ gpt-4o   core-0001");
    screen.press("?");
    screen.wait_for("the next step that both took");
    assert!(!screen.text().contains("skip the item"), "{}", screen.text());
    screen.press("q");
    screen.wait_gone("the next step that both took");
    screen.wait_for("n next match");
    // the first Esc forgets the search
    screen.press("<Esc>");
    screen.wait_gone("n next match");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    assert!(!screen.screen().alternate_screen());
}

#[test]
fn patches_stand_side_by_side_where_there_is_room_and_else_one_above_the_other() {
    let tried = Tried::new();
    let mut screen = tried.screen(&["B", "--with", "human"], 120, 40);
    screen.wait_for("trae │ human   core-0001");
    let both = |text: &str, one: &str, other: &str| text.lines().any(|line| line.contains(one) && line.contains(other));
    screen.wait_until("both sides on a row", |text| both(text, "+    out = torch.ones(n)", "+    out = torch.empty(n)"));
    screen.wait_until("what both remove", |text| text.lines().any(|line| line.matches("-    out = torch.zeros(n)").count() == 2));
    screen.resize(80, 24);
    screen.wait_until("one above the other", |text| {
        text.contains("< +    out = torch.ones(n)") && text.contains("> +    out = torch.empty(n)")
    });
    screen.press("<Tab>");
    screen.wait_for("difference");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
}

#[test]
fn from_a_run_the_item_is_compared_and_its_reader_comes_back_to_it() {
    let campaign = Campaign::new(1, GOOD_AGENT, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    let mut screen = Pty::spawn(&campaign.command(&["attach"]), 120, 40);
    screen.wait_for("c-0001");
    screen.press("3");
    screen.wait_for("real success");
    screen.press("C");
    screen.wait_for("script │ human   c-0001");
    screen.wait_for("50 % of script's changed lines are human's");
    screen.wait_until("both patches", |text| text.lines().any(|line| line.contains("+cost=50") && line.contains("+cost=99")));
    screen.press("q");
    screen.wait_for("real success");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    // what its journal says is told as that of a run of the harness
    let item = campaign.item_dir(1);
    let output = campaign.run(&["inspect", item.to_str().unwrap(), "--with", "human", "--format", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figures = told["figures"].as_array().unwrap();
    let status = figures.iter().find(|figure| figure["name"] == "status");
    assert_eq!(status.map(|status| &status["left"]), Some(&json!("success")), "{told:#}");
}

#[test]
fn of_an_item_with_several_attempts_it_is_asked_which() {
    let campaign =
        Campaign::new(1, "echo cost=$((50 + $(cat $CAMPAIGN/n 2>/dev/null || echo 0))) >engine.sh; echo 1 >$CAMPAIGN/n", GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    campaign.ctl(&["retry", "c-0001"]);
    campaign.wait_fact("attempt_finished", |fact| fact["n"] == 2);
    campaign.wait_end();
    let mut screen = Pty::spawn(&campaign.command(&["attach"]), 120, 40);
    screen.wait_for("c-0001");
    screen.press("C");
    screen.wait_for("Compare attempt 2 of c-0001");
    screen.wait_for("with the human's commit");
    screen.wait_for(": done");
    screen.press("1");
    screen.wait_for("newest attempt │ attempt 1   c-0001");
    screen.wait_until("both patches", |text| text.lines().any(|line| line.contains("+cost=51") && line.contains("+cost=50")));
    screen.press("<Esc>");
    screen.wait_for("1 queue");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
}

#[test]
fn the_real_attempts_of_one_commit_are_compared() {
    let Some(shared) = shared() else { return };
    let runs = shared.join("corpus/state/runs/vllm/trae");
    let items = ["gpt-4o/2025-11-05_17-16-42", "gpt-5/2025-11-06_03-26-11"].map(|run| runs.join(run).join("vllm_core-0003"));
    let (_gone, home) = folder();
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(&items[0]).arg("--with").arg(&items[1]).args(["--format", "json"]).env("HOME", &home);
    let output = command.env("XDG_STATE_HOME", &home).current_dir(&home).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seen = rows(&told);
    let side = |left: bool| seen.iter().filter_map(|row| if left { row.0 } else { row.1 }).collect::<Vec<_>>();
    assert_eq!(side(true), (1..=80).collect::<Vec<_>>());
    assert_eq!(side(false), (1..=41).collect::<Vec<_>>());
    assert!(seen.iter().filter(|row| row.2 != "alone").count() > 10);
    assert_eq!((&told["files"][0]["left"]["added"], &told["files"][0]["right"]["added"]), (&json!(9), &json!(14)));
}

#[test]
fn an_equal_edit_that_failed_on_one_side_is_not_the_same() {
    let (_gone, home) = folder();
    let edit = json!({"command": "str_replace", "path": "/w/pad.py", "old_str": "x = 1", "new_str": "x = 2"});
    let of = |name: &str, answer: Result<&str, &str>| {
        let steps = [
            step(1, "Look.", "bash", &json!({"command": "ls"}), Ok("pad.py")),
            step(2, "Edit.", "str_replace_based_edit_tool", &edit, answer),
        ];
        let path = home.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("trajectory.json"), trajectory(&steps)).unwrap();
        path
    };
    let (one, other) = (of("one", Ok("The file /w/pad.py has been edited.")), of("other", Err("No replacement was performed")));
    let run = |format: &[&str]| {
        let mut command = Command::new(BINARY);
        command.arg("inspect").arg(&one).arg("--with").arg(&other).args(format).env("HOME", &home).env("XDG_STATE_HOME", &home);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let text = run(&[]);
    assert!(text.contains("! the same with another end") && text.contains("(2 in the same words, 1 of them with"), "{text}");
    assert!(text.lines().any(|line| line.contains(" ! ") && line.contains("pad.py")), "{text}");
    let told: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    let how: Vec<_> = told["steps"].as_array().unwrap().iter().map(|row| row["how"].as_str().unwrap()).collect();
    assert_eq!(how, ["same", "parted"]);
}
