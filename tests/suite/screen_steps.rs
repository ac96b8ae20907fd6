//! Steps unfolded, as each agent's tools leave them: three sizes, and the roles of what is coloured.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::format_collect, reason = "a test may fail loudly")]

use isobench_tui::detect::kind::Kinds;
use isobench_tui::domain::{Reply, Step, ToolCall, ToolResult, Usage};
use isobench_tui::text::mask::Masker;
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::Key;
use isobench_tui::ui::reading::Fold;
use isobench_tui::ui::step::Shown;
use serde_json::{Value, json};

use crate::screen::Bench;
use crate::screen_queue::news;
use crate::screen_runs as runs;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn call(name: &str, args: &Value, ok: bool, answer: &str) -> ToolCall {
    ToolCall { id: String::new(), name: name.to_owned(), args: args.to_string(), result: Some(ToolResult { ok, text: answer.to_owned() }) }
}

fn step(thought: &str, calls: Vec<ToolCall>) -> Step {
    Step {
        index: 1,
        at: None,
        thought: thought.to_owned(),
        calls,
        usage: Usage::default(),
        error: None,
        finish: None,
        harness: Vec::new(),
        reply: Reply::Complete,
        within: None,
    }
}

/// An agent's screen with these steps; the cursor is on the first one.
fn opened(steps: Vec<Step>) -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    let masker = Masker::new([("A_KEY", "sk-very-secret")], []);
    let mut kinds = Kinds::default();
    let numbered = (1..).zip(steps).map(|(index, step)| Step { index, ..step });
    let shown: Vec<Shown> = numbered.map(|step| Shown::of(&step, &mut kinds, &masker)).collect();
    news(&mut bench, 7, 2, 0, shown);
    bench.type_in("2");
    bench.frame(80, 24);
    bench.type_in("g");
    bench
}

/// Every step unfolded, from the first one on; on a wide screen each step beside the list is a frame of its own.
fn keep(name: &str, steps: &[Step]) {
    for (cols, rows) in SIZES {
        let mut bench = opened(steps.to_vec());
        bench.frame(cols, rows);
        let mut frames = Vec::new();
        if cols < 200 {
            bench.type_in("Zg");
            frames.push(bench.text(cols, rows));
            bench.press(Key::PageDown);
            frames.push(bench.text(cols, rows));
        } else {
            for _ in steps {
                frames.push(bench.text(cols, rows));
                bench.type_in("j");
            }
        }
        // what stands above the steps is told elsewhere
        let below = |frame: &String| {
            let steps: Vec<&str> = frame.lines().skip_while(|line| !line.contains(" steps of ")).map(str::trim_end).collect();
            steps.join("\n").trim_end().to_owned()
        };
        let told: Vec<String> = frames.iter().map(below).collect();
        insta::assert_snapshot!(format!("steps_{name}_{cols}x{rows}"), told.join("\n\n"));
    }
}

fn trae() -> Vec<Step> {
    let tool = "str_replace_based_edit_tool";
    let path = "/home/x/.work/worktrees/vllm_core/vllm_core-0007/vllm/core/scheduler.py";
    let old = "def schedule(self):\n    running = list(self.running)\n    running.sort(key=lambda group: group.arrival_time)\n    return running\n";
    let new = "def schedule(self):\n    running = sorted(self.running, key=lambda group: group.arrival_time)\n    self.steps += 1\n    return running\n";
    let view = (120..124).map(|line| format!("   {line}\t    x{line} = {line}\n")).collect::<String>();
    vec![
        step(
            "I look at the scheduler first.",
            vec![call(
                tool,
                &json!({"command": "view", "path": path, "view_range": [120, 180], "file_text": "", "insert_line": 0, "old_str": "", "new_str": ""}),
                true,
                &format!("Here's the result of running `cat -n` on {path}:\n{view}"),
            )],
        ),
        step(
            "",
            vec![call(
                tool,
                &json!({"command": "str_replace", "path": path, "old_str": old, "new_str": new}),
                true,
                "The file has been edited.",
            )],
        ),
        step(
            "",
            vec![
                call(
                    "bash",
                    &json!({"command": "cd /home/x && python -m pytest \"$TESTS\" -k 'core and not slow' 2>&1 | tail -3  # quick\ngit apply <<'EOF'\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\nEOF", "restart": false}),
                    false,
                    "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nValueError: sk-very-secret is no number\ntests/test_core.py:12: in test_schedule",
                ),
                call(
                    "sequentialthinking",
                    &json!({"thought": "The sort is done at each step.\nIt need not be.", "thought_number": 2, "total_thoughts": 5, "next_thought_needed": true}),
                    true,
                    "{\"thought_number\":2,\"branches\":[]}",
                ),
            ],
        ),
        step(
            "",
            vec![call(
                "todo_write",
                &json!({"todos": [{"id": "1", "content": "Measure", "status": "completed"}, {"id": "2", "content": "Change the sort", "status": "in_progress"}, {"id": "3", "content": "Measure again", "status": "pending"}], "session_id": "s"}),
                true,
                "",
            )],
        ),
    ]
}

fn claude() -> Vec<Step> {
    vec![
        step(
            "",
            vec![call(
                "MultiEdit",
                &json!({"file_path": "/w/calc.py", "edits": [
                {"old_string": "    return a - b", "new_string": "    return a + b"},
                {"old_string": "# TODO\n", "new_string": "", "replace_all": true}]}),
                false,
                "<tool_use_error>String to replace not found in file.</tool_use_error>",
            )],
        ),
        step(
            "",
            vec![
                call(
                    "Read",
                    &json!({"file_path": "/w/calc.py", "offset": 10, "limit": 5}),
                    true,
                    "    10→def add(a, b):\n    11→    return a - b\n",
                ),
                call(
                    "Grep",
                    &json!({"pattern": "return", "path": "/w", "output_mode": "content"}),
                    true,
                    "calc.py:3:    return a + b\ncalc.py:9:    return b",
                ),
            ],
        ),
        step(
            "Now the whole file.",
            vec![call("Write", &json!({"file_path": "/w/n.md", "content": "# Notes\n\nfixed\n"}), true, "File created")],
        ),
        step(
            "",
            vec![call(
                "Task",
                &json!({"description": "Find add", "prompt": "Find the add function.\nSay where it is.", "subagent_type": "general-purpose", "run_in_background": false}),
                true,
                "add is at calc.py:1",
            )],
        ),
    ]
}

fn codex() -> Vec<Step> {
    let patch = "*** Begin Patch\n*** Update File: calc.py\n@@ def add(a, b):\n-    return a - b\n+    return a + b\n*** Add File: NOTES.md\n+fixed\n*** End Patch";
    vec![
        step("", vec![call("apply_patch", &json!({"input": patch}), true, "Success. Updated the following files:\nA NOTES.md\nM calc.py")]),
        step(
            "",
            vec![call(
                "apply_patch",
                &json!({"changes": {"/w/calc.py": {"update": {"unified_diff": "@@ -2,2 +2,2 @@\n     # TODO\n-    return a - b\n+    return a + b\n", "move_path": null}},
                "/w/NOTES.md": {"add": {"content": "fixed\n"}}}}),
                true,
                "",
            )],
        ),
        step(
            "",
            vec![call(
                "shell",
                &json!({"command": ["bash", "-lc", "git diff --stat && git diff"], "workdir": "/w"}),
                true,
                " calc.py | 2 +-\ndiff --git a/calc.py b/calc.py\nindex 1..2 100644\n--- a/calc.py\n+++ b/calc.py\n@@ -1,3 +1,3 @@ def add(a, b):\n     # TODO\n-    return a - b\n+    return a + b\n",
            )],
        ),
        step(
            "",
            vec![call(
                "update_plan",
                &json!({"explanation": "one is done", "plan": [{"step": "Reproduce", "status": "completed"}, {"step": "Fix add", "status": "in_progress"}]}),
                true,
                "Plan updated",
            )],
        ),
    ]
}

fn openhands() -> Vec<Step> {
    vec![
        step(
            "",
            vec![call(
                "file_editor",
                &json!({"command": "insert", "path": "/workspace/calc.py", "insert_line": 3, "new_str": "import os\n", "security_risk": "LOW", "summary": "Add an import"}),
                true,
                "[File: /workspace/calc.py (3 lines total)]\n1|import os\n2|\n3|def add(a, b):\n",
            )],
        ),
        step("", vec![call("execute_bash", &json!({"command": "ls -la", "is_input": false}), true, "total 0")]),
        step(
            "",
            vec![call(
                "edit",
                &json!({"start_line": 4, "end_line": 5, "replacement_text": "def division(a: float):\n    return a"}),
                true,
                "[File: /r/a.py (9 lines total)]\n4:def division(a: float):\n5:    return a\n",
            )],
        ),
        step(
            "",
            vec![call(
                "finish",
                &json!({"message": "Fixed calc.add.", "outputs": {}, "rating": {"speed": "good", "words": ["one", "two", "three"], "who": "nobody in particular"}}),
                true,
                "",
            )],
        ),
    ]
}

#[test]
fn steps_of_trae() {
    keep("trae", &trae());
}

#[test]
fn steps_of_claude_code() {
    keep("claude", &claude());
}

#[test]
fn steps_of_codex() {
    keep("codex", &codex());
}

#[test]
fn steps_of_openhands_and_swe_agent() {
    keep("openhands", &openhands());
}

#[test]
fn what_is_coloured_has_its_role() {
    let mut bench = opened(trae());
    bench.frame(200, 60);
    bench.type_in("jj");
    insta::assert_snapshot!("steps_trae_200x60_roles", bench.roles(200, 60));
}

#[test]
fn without_colour_signs_say_what_was_added_and_removed() {
    let mut bench = opened(trae());
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    bench.frame(120, 40);
    bench.type_in("jl");
    let text = bench.text(120, 40);
    assert!(text.is_ascii() && text.contains("-    running = list(self.running)") && text.contains("+    self.steps += 1"), "{text}");
}

#[test]
fn no_secret_and_no_escape_is_seen_in_what_is_laid_out() {
    let secret = "sk-very-secret \u{1b}[31mred\u{7}";
    let tools = [
        call("bash", &json!({"command": format!("echo '{secret}'")}), true, secret),
        call("Edit", &json!({"file_path": secret, "old_string": format!("a {secret}"), "new_string": format!("b {secret}")}), true, secret),
        call("apply_patch", &json!({"input": format!("*** Begin Patch\n*** Add File: {secret}\n+{secret}\n*** End Patch")}), false, secret),
        call("TodoWrite", &json!({"todos": [{"content": secret, "status": "pending"}], (secret): secret}), true, secret),
    ];
    for tool in tools {
        let mut bench = opened(vec![step(secret, vec![tool])]);
        bench.frame(200, 60);
        let text = bench.text(200, 60);
        assert!(text.contains("•••") && !text.contains("very-secret") && !text.contains(['\u{1b}', '\u{7}']), "{text}");
    }
}

#[test]
fn every_line_of_a_long_answer_can_be_reached() {
    let answer = (1..=500).map(|line| format!("line {line}\n")).collect::<String>();
    let mut bench = opened(vec![step("", vec![call("bash", &json!({"command": "seq 500"}), true, &answer)])]);
    for (cols, rows) in [(100, 30), (200, 60)] {
        bench.frame(cols, rows);
        bench.type_in("g");
        if bench.state.reading.fold(0) == Fold::Folded {
            bench.type_in("l");
        }
        bench.frame(cols, rows);
        let folded = bench.text(cols, rows);
        let rows_of = |bench: &Bench| {
            let trail = bench.state.shown_trail().unwrap();
            isobench_tui::ui::reading::rows(&trail.steps[0], bench.state.reading.fold_beside(0), 60).len()
        };
        assert!(rows_of(&bench) < 50 && !folded.contains("line 250"), "{folded}");
        bench.type_in("z");
        assert!(rows_of(&bench) > 500);
        bench.type_in("/");
        bench.type_in("line 250");
        bench.press(Key::Enter);
        assert!(bench.text(cols, rows).contains("line 250"), "{}", bench.text(cols, rows));
        // the line of the search holds its words
        bench.press(Key::Esc);
        bench.type_in("z");
        assert!(rows_of(&bench) < 50);
    }
}

#[test]
fn a_match_in_what_is_folded_unfolds_it() {
    let answer = (1..=500).map(|line| format!("line {line}\n")).collect::<String>();
    let mut bench = opened(vec![step("one", Vec::new()), step("", vec![call("bash", &json!({"command": "seq 500"}), true, &answer)])]);
    bench.frame(100, 30);
    bench.type_in("/");
    bench.type_in("line 333");
    bench.press(Key::Enter);
    assert!(bench.text(100, 30).contains("line 333"), "{}", bench.text(100, 30));
}
