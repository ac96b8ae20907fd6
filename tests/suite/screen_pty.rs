//! The screen in a real terminal. There is no runner: the tests append the facts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use isobench_tui::domain::{AttemptId, Detector, Level, RunId, Stage};
use isobench_tui::host::clock;
use isobench_tui::ledger::fact::Answer;
use isobench_tui::ledger::{By, Fact, Request, RunFolder, Writer};
use isobench_tui::shell::bell::VARIABLE;
use isobench_tui::shell::{Begin, Facts, Places, Setup, Sitting};
use isobench_tui::text::mask::Masker;
use isobench_tui::ui::state::{Access, Limits};
use jiff::SignedDuration;
use rustix::process::Signal;

use crate::pty::Pty;
use crate::screen_runs::{Story, agent_running, finished, found, id};

/// Names the folder of the run for the screen that runs in the terminal.
const ROOT: &str = "ISOBENCH_TEST_SCREEN";

/// Names a thread of the screen that panics once the run's root holds a file `break`.
pub(crate) const BREAKS: &str = "ISOBENCH_TEST_BREAKS";

/// Not a test of its own: what the tests below start in their terminals.
#[test]
fn the_screen_itself() {
    let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) else { return };
    let by = By::Person { user: "ann".to_owned(), host: "box".to_owned(), tty: None };
    let masker = Masker::new([("A_TOKEN", "hunter22")], []);
    let state_home = Some(root.join("home-state"));
    let (folder, items, theme) = (folder(&root), root.join("items"), std::env::var("ISOBENCH_TUI_THEME").ok());
    if let Some(thread) = std::env::var_os(BREAKS) {
        let sign = root.join("break");
        let breaks = move || {
            while !sign.exists() {
                std::thread::sleep(Duration::from_millis(20));
            }
            panic!("on purpose");
        };
        std::thread::Builder::new().name(thread.into_string().unwrap()).spawn(breaks).unwrap();
    }
    let setup = Setup {
        run_id: folder.run_id(),
        path: None,
        facts: Facts::Ledger(folder.clone()),
        places: Places::ours(folder, items),
        root: Some(root),
        elsewhere: None,
        machine: None,
        begin: Begin::default(),
        by,
        state_home,
        masker,
        limits: Limits::default(),
        access: Access::Full,
    };
    let left = Sitting::take(theme.as_deref()).and_then(|mut sitting| sitting.run(setup));
    match left {
        Ok(left) => println!("left: {left:?}"),
        Err(error) => println!("no screen: {error}"),
    }
}

fn folder(root: &std::path::Path) -> RunFolder {
    RunFolder::of(root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()))
}

/// A screen in a terminal, and the run that it shows.
pub(crate) struct Shown {
    pub(crate) pty: Pty,
    folder: RunFolder,
    writer: Writer,
    pub(crate) root: tempfile::TempDir,
}

fn show(story: &Story, cols: u16, rows: u16) -> Shown {
    show_in(story, cols, rows, |_| ())
}

/// A screen with more in its environment, or started by another program.
pub(crate) fn show_in(story: &Story, cols: u16, rows: u16, with: impl FnOnce(&mut Command)) -> Shown {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    let begin = clock::now() - SignedDuration::from_secs(i64::try_from(story.now()).unwrap());
    let writer = story.write(&folder, begin);
    Shown { pty: screen(root.path(), cols, rows, with), folder, writer, root }
}

fn screen(root: &std::path::Path, cols: u16, rows: u16, with: impl FnOnce(&mut Command)) -> Pty {
    let mut command = itself();
    command.env(ROOT, root).env("XDG_CONFIG_HOME", root.join("config")).env("XDG_STATE_HOME", root.join("home-state"));
    with(&mut command);
    Pty::spawn(&command, cols, rows)
}

/// The command that shows it.
pub(crate) fn itself() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["screen_pty::the_screen_itself", "--exact", "--nocapture", "--test-threads=1"]);
    command
}

impl Shown {
    pub(crate) fn append(&mut self, fact: Fact) {
        self.writer.append(clock::now(), 0, fact).unwrap();
    }

    /// The terminal is as it was before.
    pub(crate) fn is_restored(&self) -> bool {
        let screen = self.pty.screen();
        let is_free = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && is_free
    }
}

#[test]
fn facts_appear_as_they_are_written() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0007");
    shown.append(Fact::PauseOrdered { why: "lunch".to_owned(), by: By::rule("limit") });
    shown.pty.wait_for("pausing after 'agent' by rule 'limit'");
    shown.pty.press("d");
    shown.pty.wait_end();
    assert!(shown.pty.text().contains("left: Detached"), "{}", shown.pty.text());
    assert!(shown.is_restored());
}

#[test]
fn a_wish_becomes_a_line_and_its_answer_is_shown() {
    let mut shown = show(&agent_running(), 80, 24);
    shown.pty.wait_for("d detach");
    shown.pty.press(" ");
    shown.pty.wait_for("asked: pause");
    let line = std::fs::read_to_string(shown.folder.requests()).unwrap();
    let request: Request = serde_json::from_str(line.trim()).unwrap();
    let answer = Answer::Done { says: "pauses after the agent".to_owned() };
    shown.append(Fact::RequestAnswered { id: request.id, verb: "pause".to_owned(), answer });
    shown.pty.wait_for("pauses after the agent");
}

#[test]
fn output_and_steps_are_followed() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0007");
    let attempt = AttemptId { item: id(7), n: 2 };
    let stage = shown.folder.stage(&attempt, Stage::Agent);
    std::fs::create_dir_all(&stage).unwrap();
    std::fs::write(stage.join("out"), "the token is hunter22\n").unwrap();
    shown.pty.wait_for("the token is •••");
    let item = shown.root.path().join("items").join(&id(7).0);
    std::fs::create_dir_all(&item).unwrap();
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/trae/running.json");
    std::fs::copy(fixture, item.join("trajectory.json")).unwrap();
    shown.pty.wait_for("view  /tmp/w/engine");
    std::fs::write(item.join("trajectory.json"), "{ half").unwrap();
    shown.pty.pump(Duration::from_millis(300));
    assert!(shown.pty.text().contains("view  /tmp/w/engine"));
}

#[test]
fn it_fits_any_size_and_says_when_it_is_too_small() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0024");
    shown.pty.resize(30, 5);
    shown.pty.wait_for("this terminal is 30x5");
    shown.pty.resize(0, 0);
    shown.pty.pump(Duration::from_millis(100));
    shown.pty.resize(80, 24);
    shown.pty.wait_for("? help");
    shown.pty.press("?");
    shown.pty.wait_for("search here; Tab");
    shown.pty.press("<Esc>");
    shown.pty.wait_gone("search here; Tab");
}

#[test]
fn a_finished_run_costs_no_byte_and_is_left_by_q() {
    let mut shown = show(&finished(), 80, 24);
    shown.pty.wait_for("finished");
    shown.pty.pump(Duration::from_millis(1500));
    assert_eq!(shown.pty.pump(Duration::from_secs(3)), 0);
    shown.pty.press("q");
    shown.pty.wait_end();
    assert!(shown.pty.text().contains("left: Quit"));
}

#[test]
fn a_run_that_sleeps_costs_few_bytes() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("? help");
    shown.pty.pump(Duration::from_millis(1500));
    let bytes = shown.pty.pump(Duration::from_secs(5));
    assert!(bytes < 5 * 200, "{bytes} bytes in 5 s");
}

#[test]
fn who_comes_back_on_a_smaller_terminal_is_told_what_happened() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0024");
    assert!(!shown.pty.text().contains("since your last look"), "a first look has no banner");
    shown.pty.press("d");
    shown.pty.wait_end();
    shown.append(Fact::ItemSkipped { item: id(9), by: By::Person { user: "bob".to_owned(), host: "box".to_owned(), tty: None } });
    shown.pty = screen(shown.root.path(), 80, 24, |_| {});
    shown.pty.wait_for("since your last look");
    shown.pty.wait_for("vllm_core-0009 by bob@box");
    shown.pty.press("<Esc>");
    shown.pty.wait_gone("since your last look");
    // a connection that drops says no farewell, and has seen nothing for longer than a moment
    shown.pty.signal(Signal::KILL);
    shown.pty.wait_end();
    shown.pty = screen(shown.root.path(), 80, 24, |_| {});
    shown.pty.wait_for("vllm_core-0009 by bob@box");
    shown.pty.press("<Esc>");
    shown.pty.wait_gone("since your last look");
    shown.pty.press("d");
    shown.pty.wait_end();
    shown.pty = screen(shown.root.path(), 80, 24, |_| {});
    shown.pty.wait_for("vllm_core-0007");
    shown.pty.press("w");
    shown.pty.wait_for("nothing happened since your last look");
}

#[test]
fn a_log_is_followed_through_truncation_and_rotation() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0007");
    let stage = shown.folder.stage(&AttemptId { item: id(7), n: 2 }, Stage::Agent);
    std::fs::create_dir_all(&stage).unwrap();
    let out = stage.join("out");
    crate::log_desk::append(&out, &crate::log_desk::numbered(20_000));
    shown.pty.press("6");
    shown.pty.wait_for("line 20000");
    // a progress bar rewrites its row
    crate::log_desk::append(&out, "\r 10%|#   |\r 50%|##  |");
    shown.pty.wait_for(" 50%|##  |");
    crate::log_desk::append(&out, "\r100%|####|\n");
    shown.pty.wait_for("100%|####|");
    shown.pty.wait_gone(" 50%|##  |");
    std::fs::write(&out, "after the cut\n").unwrap();
    shown.pty.wait_for("after the cut");
    shown.pty.wait_for("the file was cut or written anew: it begins again");
    std::fs::rename(&out, stage.join("out.1")).unwrap();
    shown.pty.wait_for("the file was removed: this is what was read of it");
    crate::log_desk::append(&out, "after the rotation\nhunt");
    shown.pty.wait_for("after the rotation");
    shown.pty.wait_for("the file was replaced: this is the new one");
    crate::log_desk::append(&out, "er22\n");
    shown.pty.wait_for("•••");
    assert!(!String::from_utf8_lossy(&shown.pty.written).contains("hunt"), "half a secret was shown");
    crate::log_desk::append(&out, &crate::log_desk::numbered(500));
    shown.pty.wait_for("line 500");
    shown.pty.press("g");
    shown.pty.wait_for("after the rotation");
    shown.pty.press("/line 400<Enter>");
    // what was typed is on the screen before it is found
    shown.pty.wait_for("line 399");
    shown.pty.press("f");
    shown.pty.wait_for("line 500");
}

#[test]
fn a_trouble_goes_when_its_cause_does() {
    let mut shown = show(&agent_running(), 120, 40);
    shown.pty.wait_for("vllm_core-0007");
    let stage = shown.folder.stage(&AttemptId { item: id(7), n: 2 }, Stage::Agent);
    std::fs::create_dir_all(&stage).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", stage.join("out")).unwrap();
    shown.pty.wait_for("can't read the output of");
    shown.pty.wait_for("it is a link");
    assert!(!shown.pty.text().contains("root:"), "{}", shown.pty.text());
    std::fs::remove_file(stage.join("out")).unwrap();
    std::fs::write(stage.join("out"), "a file after all\n").unwrap();
    shown.pty.wait_for("a file after all");
    shown.pty.wait_gone("can't read the output of");
}

/// A finding that the agent is stuck.
fn stuck(episode: u32, first_step: u32) -> Fact {
    Fact::FindingMade { item: id(7), n: 2, id: episode, finding: found(Detector::Cycle, Level::Stuck, first_step, 9, "in a circle") }
}

fn rings(pty: &Pty) -> usize {
    pty.written.split(|byte| *byte == 7).count() - 1
}

#[test]
fn an_agent_that_is_stuck_rings_once_and_is_marked() {
    let mut shown = show_in(&agent_running(), 120, 40, |command| {
        command.env_remove(VARIABLE);
    });
    shown.pty.wait_for("vllm_core-0007");
    assert_eq!(rings(&shown.pty), 0);
    shown.append(stuck(0, 3));
    shown.pty.wait_for("■ stuck");
    assert_eq!(rings(&shown.pty), 1);
    // told again it is no news
    shown.append(Fact::FindingMade { item: id(7), n: 2, id: 0, finding: found(Detector::Cycle, Level::Stuck, 3, 18, "still in it") });
    shown.pty.wait_for("still in it");
    assert_eq!(rings(&shown.pty), 1);
    shown.pty.press("2]-");
    shown.pty.wait_for("✗ wrong");
    let labels = std::fs::read_to_string(shown.root.path().join("state/tui/labels.csv")).unwrap();
    assert!(labels.lines().nth(1).unwrap().contains(",vllm_core-0007,2,trae,claude-sonnet-4-5,D9,stuck,3,18,wrong,"), "{labels}");
    shown.pty.press("d");
    shown.pty.wait_end();
    // the next screen knows it
    let mut again = screen(shown.root.path(), 120, 40, |_| ());
    again.wait_for("look first  vllm_core-0007: stuck since step 3");
    again.press("<Enter>");
    again.wait_gone("look first");
    again.press("2");
    again.wait_for("✗ wrong");
    assert_eq!(rings(&again), 0, "what was so before is old");
}

#[test]
fn who_wants_no_bell_hears_none() {
    let mut shown = show_in(&agent_running(), 120, 40, |command| {
        command.env(VARIABLE, "off");
    });
    shown.pty.wait_for("vllm_core-0007");
    shown.append(stuck(0, 3));
    shown.pty.wait_for("■ stuck");
    assert_eq!(rings(&shown.pty), 0);
}
