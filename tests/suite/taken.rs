//! Out of the browser and out of a comparison: copied, opened in a pager or an editor, saved.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browse_pty::tree;
use crate::compared::Tried;
use crate::outside::{copied, plain, program};
use crate::pty::Pty;

/// A screen with a pager and an editor of ours, and the folder that it was started in.
struct Desk {
    pty: Pty,
    here: tempfile::TempDir,
}

impl Desk {
    fn new(mut command: Command, cols: u16, rows: u16) -> Self {
        let here = tempfile::tempdir().unwrap();
        plain(&mut command, here.path());
        for (variable, name) in [("PAGER", "reader"), ("EDITOR", "writer")] {
            command.env(variable, program(here.path(), name, &format!("echo the {name} has it; read answer")));
        }
        command.env("OPENAI_API_KEY", "sk-secret-value-1234");
        Self { pty: Pty::spawn(&command, cols, rows), here }
    }

    /// What a key copies, once the screen says that it did; what it said before is gone then.
    fn copy(&mut self, key: &str, says: &str) -> String {
        self.pty.press("mm");
        self.pty.wait_for("the mouse is ours");
        self.pty.press(key);
        self.pty.wait_for(&format!("sent to the terminal's clipboard: {says}"));
        copied(&self.pty).pop().unwrap()
    }

    /// What the program gets that a key opens, and the name of its file; afterwards this is seen again.
    fn open(&mut self, key: &str, again: &str) -> (String, String) {
        self.pty.press(key);
        // what one before it wrote may be seen for a moment
        self.pty.wait_for(if key == "v" { "the reader has it" } else { "the writer has it" });
        let kept = |name: &str| fs::read_to_string(self.here.path().join(name)).unwrap();
        let (got, file) = (kept("got"), PathBuf::from(kept("arguments").lines().last().unwrap()));
        assert_eq!(kept("modes"), "600\n700\n");
        self.pty.press("<Enter>");
        self.pty.wait_for(again);
        assert!(self.pty.screen().alternate_screen() && !file.parent().unwrap().exists(), "{}", file.display());
        (got, file.file_name().unwrap().to_str().unwrap().to_owned())
    }

    fn save(&mut self, name: &str) -> String {
        self.pty.press("S");
        self.pty.wait_for(" as /");
        fs::read_to_string(self.here.path().join(name)).unwrap()
    }

    fn says(&mut self, keys: &str, sentence: &str) {
        self.pty.press(keys);
        self.pty.wait_for(sentence);
    }

    fn leave(mut self) {
        self.pty.press("q");
        assert_eq!(self.pty.wait_code(), 0);
        assert!(!self.pty.screen().alternate_screen());
    }
}

/// The browser over two runs, of which each has a `core-0001`, and the path of the newer one's.
fn browser(cols: u16, rows: u16) -> (tempfile::TempDir, Desk, PathBuf) {
    let (gone, root) = tree();
    let item = root.join("runs/vllm/codex_cli/gpt-5/2026-02-03_04-05-06/core-0001");
    let file = item.join("trajectory.json");
    let told = fs::read_to_string(&file).unwrap();
    fs::write(&file, told.replace("thought 2", "the key is sk-secret-value-1234 \\u001b[31mred\\u001b[0m, thought 2")).unwrap();
    fs::write(item.join("model_patch.diff"), "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-one\n+two\n").unwrap();
    let mut command = Command::new(crate::support::BINARY);
    command.arg("inspect").arg(&root).env("TZ", "UTC");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(name, root.parent().unwrap());
    }
    let mut desk = Desk::new(command, cols, rows);
    desk.pty.wait_for("6 items  2 ok  4 failed");
    desk.pty.press("/core-0001<Enter>");
    desk.pty.wait_for("2 of 6 items  2 failed");
    (gone, desk, item)
}

/// Down to the first item.
fn go_to_item(desk: &mut Desk) {
    desk.pty.press("gjjj");
}

#[test]
fn of_the_browser_a_path_and_the_list_are_copied() {
    let (_gone, mut desk, item) = browser(120, 40);
    go_to_item(&mut desk);
    assert_eq!(desk.copy("y", "the path of core-0001"), item.to_str().unwrap());
    // a run has a path, what only leads to runs has none
    assert_eq!(desk.copy("ky", "the path of 2026-02-03_04-05-06"), item.parent().unwrap().to_str().unwrap());
    desk.says("gy", "this line has no path of its own: select a run or an item");
    let list = desk.copy("Y", "the list");
    assert!(list.trim_start().starts_with("run, item") && list.lines().all(|line| line == line.trim_end()), "{list}");
    assert_eq!(list.lines().filter(|line| line.contains("core-0001") && line.contains("failed")).count(), 2, "{list}");
    assert!(!list.contains("core-0002"), "{list}");
    desk.says("v", "select an item: this takes what its agent did");
    desk.says("?", "copy the path of what is selected");
    desk.pty.press("<Esc>");
    desk.pty.wait_gone("copy the path of what is selected");
    desk.leave();
}

#[test]
fn of_the_browser_an_items_steps_are_opened_and_saved() {
    let (_gone, mut desk, _) = browser(80, 24);
    go_to_item(&mut desk);
    let (text, name) = desk.open("v", "2 of 6 items");
    assert_eq!(name, "core-0001.txt");
    assert!(text.starts_with("core-0001\ncommit      1111111"), "{text}");
    assert!(text.contains("\nstep 2, ") && text.contains("the key is ••• red, thought 2 of item 1\n"), "{text}");
    assert!(text.contains("\nend: ") && text.ends_with("-one\n+two\n"), "{text}");
    assert_eq!(desk.open("V", "2 of 6 items"), (text, name));
    let saved = desk.save("core-0001.md");
    assert!(saved.starts_with("# core-0001\n") && saved.contains("### Step 2, ") && saved.contains("```diff\n"), "{saved}");
    assert!(saved.contains("•••") && !saved.contains("sk-secret") && !saved.contains('\u{1b}'), "{saved}");
    desk.leave();
}

/// What the command prints where nobody sits.
fn printed(tried: &Tried, columns: &str) -> String {
    let mut command = tried.command(&["A", "--with", "B"]);
    String::from_utf8(command.env("COLUMNS", columns).output().unwrap().stdout).unwrap()
}

#[test]
fn of_a_comparison_rows_and_the_whole_are_copied() {
    let tried = Tried::new();
    let mut desk = Desk::new(tried.command(&["A", "--with", "B"]), 120, 40);
    desk.pty.wait_for("gpt-5 never ran a benchmark");
    assert_eq!(desk.copy("g]]y", "the row"), "3 R bash  python benchmarks/benchmark_pad.py |");
    assert_eq!(desk.copy("Y", "the comparison"), printed(&tried, "120").trim_end());
    desk.pty.press("<Tab>");
    desk.pty.wait_for("1 the same");
    let head = desk.copy("gy", "the row");
    assert!(head.starts_with("pad.py: left modified +1 -1, right modified +2 -1"), "{head}");
    desk.pty.press("<Tab>");
    desk.pty.wait_for("difference");
    assert_eq!(desk.copy("gy", "the row"), "steps: gpt-4o 4, gpt-5 4, =");
    desk.leave();
}

#[test]
fn of_a_comparison_the_whole_is_opened_and_saved() {
    let tried = Tried::new();
    let mut desk = Desk::new(tried.command(&["A", "--with", "B"]), 100, 30);
    desk.pty.wait_for("gpt-4o │ gpt-5   core-0001");
    let whole = printed(&tried, "100");
    assert_eq!(desk.open("v", "gpt-4o │ gpt-5   core-0001"), (whole.clone(), "gpt-4o.gpt-5.txt".to_owned()));
    assert_eq!(desk.open("V", "gpt-4o │ gpt-5   core-0001").0, whole);
    let saved = desk.save("gpt-4o.gpt-5.md");
    assert!(saved.starts_with("# the comparison\n") && saved.contains(&format!("```text\n{whole}")), "{saved}");
    desk.says("?", "copy the whole comparison");
    desk.pty.press("<Esc>");
    desk.pty.wait_gone("copy the whole comparison");
    desk.leave();
}

#[test]
fn a_pager_that_is_missing_is_a_sentence_in_the_browser_too() {
    let (_gone, root) = tree();
    let here = tempfile::tempdir().unwrap();
    let mut command = Command::new(crate::support::BINARY);
    plain(&mut command, here.path());
    command.arg("inspect").arg(&root).env("PAGER", "/no/such/reader").env("TERM", "linux");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(name, here.path());
    }
    let mut pty = Pty::spawn(&command, 120, 40);
    pty.wait_for("6 items  2 ok  4 failed");
    pty.press("jjjv");
    pty.wait_for("can't start /no/such/reader: No such file or directory");
    pty.press("Y");
    pty.wait_for("this terminal has no clipboard (TERM=linux): the list");
    let kept: &Path = &here.path().join("isobench-tui/copied/list.txt");
    assert!(fs::read_to_string(kept).unwrap().contains("core-0002"));
    pty.press("q");
    assert_eq!(pty.wait_code(), 0);
}
