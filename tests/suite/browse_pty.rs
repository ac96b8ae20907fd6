//! The browser in a real terminal: found, filtered, opened, left and found again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_precision_loss, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::pty::Pty;
use crate::support::{BINARY, folder};

/// A state folder with two runs of three items each.
pub(crate) fn tree() -> (tempfile::TempDir, PathBuf) {
    let (gone, home) = folder();
    let root = home.join("state");
    for (run, agent) in [("2026-01-02_03-04-05", "trae"), ("2026-02-03_04-05-06", "codex_cli")] {
        for nth in 0..3 {
            item(&root.join(format!("runs/vllm/{agent}/gpt-5/{run}/core-000{nth}")), nth);
        }
    }
    (gone, root)
}

fn item(folder: &Path, nth: usize) {
    fs::create_dir_all(folder).unwrap();
    let status = ["success", "error", "max_steps_exceeded"][nth % 3];
    let human = format!("{nth}").repeat(40);
    let journal = json!({"status": status, "commits": {"human": human, "pre": "p".repeat(40)}, "timestamps": {"written": 1_769_213_812.5 + nth as f64}});
    fs::write(folder.join("journal.json"), journal.to_string()).unwrap();
    if status == "success" {
        // without one it would be no success, whatever its journal says
        fs::write(folder.join("model_patch.diff"), "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n")
            .unwrap();
    }
    let step = |n: usize| json!({"step_number": n, "timestamp": format!("2026-01-02T03:04:{:02}", 10 + n), "state": "completed", "llm_response": {"content": format!("thought {n} of item {nth}"), "usage": {"input_tokens": 100, "output_tokens": 5}}});
    let steps: Vec<_> = (1..=4).map(step).collect();
    let whole = json!({"task": "t", "start_time": "2026-01-02T03:04:05", "end_time": "2026-01-02T03:05:05", "provider": "p", "model": "m", "max_steps": 9, "llm_interactions": [], "agent_steps": steps, "success": nth == 0, "final_result": "done", "execution_time": 60.0});
    fs::write(folder.join("trajectory.json"), whole.to_string()).unwrap();
}

fn open(path: &Path, cols: u16, rows: u16) -> Pty {
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(path).env("XDG_CONFIG_HOME", path.parent().unwrap()).env("TZ", "UTC");
    Pty::spawn(&command, cols, rows)
}

#[test]
fn an_item_is_opened_read_and_left_and_the_list_is_as_it_was() {
    let (_gone, root) = tree();
    let mut pty = open(&root, 120, 40);
    pty.wait_for("6 items  2 ok  4 failed");
    pty.press("/core-0001<Enter>");
    pty.wait_for("2 of 6 items  2 failed");
    pty.press("jjj");
    pty.press("<Enter>");
    pty.wait_for("thought 1 of item 1");
    // the next one of the filtered list is that of the other run
    pty.press("}");
    pty.wait_for("trae");
    pty.wait_for("thought 1 of item 1");
    pty.press("}");
    pty.wait_for("this is the last of 2 in the list");
    pty.press("<Esc>");
    pty.wait_for("2 of 6 items  2 failed");
    pty.wait_for("'core-0001'");
    pty.press("x");
    pty.wait_gone("2 of 6 items");
    pty.press("q");
    pty.wait_end();
}

#[test]
fn a_run_is_opened_as_a_whole_and_0_comes_back() {
    let (_gone, root) = tree();
    let mut pty = open(&root, 80, 24);
    pty.wait_for("6 items  2 ok  4 failed");
    pty.press("jj<Enter>");
    pty.wait_until("the queue of the run", |screen| screen.contains("core-0002") && screen.contains("commit"));
    pty.press("<Enter>");
    pty.wait_for("thought");
    pty.wait_gone("core-0002");
    pty.press("<Esc>");
    pty.wait_for("core-0002");
    pty.press("0");
    pty.wait_for("6 items");
    pty.press("q");
    pty.wait_end();
}

#[test]
fn what_comes_later_is_hinted_at_and_read_at_a_key() {
    let (_gone, root) = tree();
    let mut pty = open(&root, 120, 40);
    pty.wait_for("6 items  2 ok  4 failed");
    pty.wait_gone("detectors");
    item(&root.join("runs/vllm/trae/gpt-5/2026-01-02_03-04-05/core-0003"), 0);
    pty.wait_for("the folder has changed: r looks again");
    pty.press("r");
    pty.wait_for("7 items  3 ok  4 failed");
    pty.press("<C-c>");
    pty.wait_end();
}

#[test]
fn two_items_are_laid_side_by_side() {
    let (_gone, root) = tree();
    let mut pty = open(&root, 120, 40);
    pty.wait_for("6 items  2 ok  4 failed");
    pty.press("/core-0000<Enter>jjj");
    pty.press("C");
    pty.wait_for("is marked");
    pty.press("jjjC");
    pty.wait_gone("2 of 6 items");
    pty.press("<Esc>");
    pty.wait_for("2 of 6 items");
    pty.press("q");
    pty.wait_end();
}
