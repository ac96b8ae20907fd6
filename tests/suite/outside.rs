//! Out of the terminal: copied, opened in a pager or an editor, saved.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::format_collect, reason = "a test may fail loudly")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use isobench_tui::domain::{AttemptId, Detector, Level, RunId, Stage};
use isobench_tui::ledger::{By, Fact, RunFolder};
use pulldown_cmark::{Event, Options, Parser};
use rustix::process::Signal;

use crate::pty::Pty;
use crate::screen_pty::{Shown, show_in};
use crate::screen_runs::{agent_running, found, id};
use crate::support::{BINARY, lives, pid_in, skip, wait_until};

/// What a program that is given the terminal says.
pub(crate) const HERE: &str = "the program is here";

/// A run whose agent is at work, with a folder to sit in.
struct Desk {
    shown: Shown,
    here: tempfile::TempDir,
}

/// A script that keeps what it was given and how it found the terminal, and then does something.
pub(crate) fn program(here: &Path, name: &str, then: &str) -> PathBuf {
    let path = here.join(name);
    let keep = "for file; do :; done; cp \"$file\" got; stat -c %a \"$file\" \"${file%/*}\" >modes; stty -a >tty; echo $$ >pid";
    let script = format!("#!/bin/sh\n{keep}\nprintf '%s\\n' \"$@\" >arguments\necho '{HERE}'\n{then}\n");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

pub(crate) fn plain(command: &mut Command, here: &Path) {
    command.current_dir(here);
    for name in ["TMUX", "STY", "PAGER", "VISUAL", "EDITOR", "LESS"] {
        command.env_remove(name);
    }
}

fn desk(with: impl FnOnce(&mut Command, &Path)) -> Desk {
    let here = tempfile::tempdir().unwrap();
    let shown = show_in(&agent_running(), 120, 40, |command| {
        plain(command, here.path());
        with(command, here.path());
    });
    let mut desk = Desk { shown, here };
    let item = desk.shown.root.path().join("items").join(&id(7).0);
    fs::create_dir_all(&item).unwrap();
    fs::copy(fixture("trae/running.json"), item.join("trajectory.json")).unwrap();
    desk.shown.pty.wait_for("view  /tmp/w/engine");
    desk
}

/// The same with a program of ours as `$PAGER`.
fn with_pager(then: &str) -> Desk {
    desk(|command, here| {
        command.env("PAGER", program(here, "reader", then));
    })
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn attempt() -> AttemptId {
    AttemptId { item: id(7), n: 2 }
}

impl Desk {
    /// What the agent's stage printed.
    fn log(&self, text: &str) {
        let run = RunFolder::of(self.shown.root.path(), &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
        let stage = run.stage(&attempt(), Stage::Agent);
        fs::create_dir_all(&stage).unwrap();
        fs::write(stage.join("out"), text).unwrap();
    }

    fn kept(&self, name: &str) -> String {
        fs::read_to_string(self.here.path().join(name)).unwrap()
    }

    /// To the newest step.
    fn go_to_steps(&mut self) {
        self.shown.pty.press("2");
        self.shown.pty.wait_for("Both the script and its test matter here");
    }

    /// Opens what is shown, until the program has it.
    fn open(&mut self, key: &str) {
        self.shown.pty.press(key);
        self.shown.pty.wait_for(HERE);
    }

    /// The screen is ours again and does what keys say.
    fn is_back(&mut self) {
        let pty = &mut self.shown.pty;
        pty.press("1");
        pty.wait_for("vllm_core-0024");
        assert!(pty.screen().alternate_screen() && pty.screen().hide_cursor() && pty.screen().bracketed_paste());
        assert_ne!(pty.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    /// The private copy and its folder are gone.
    fn is_clean(&self) {
        let file = PathBuf::from(self.kept("arguments").lines().last().unwrap());
        assert!(file.is_absolute() && !file.parent().unwrap().exists(), "{}", file.display());
    }
}

/// What the terminal's clipboard was given, one text a time.
pub(crate) fn copied(pty: &Pty) -> Vec<String> {
    let written = String::from_utf8_lossy(&pty.written).into_owned();
    let texts = written.split("\u{1b}]52;c;").skip(1).map(|rest| rest.split('\u{7}').next().unwrap().to_owned());
    texts.map(|base64| decoded(&base64)).collect()
}

fn decoded(base64: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap();
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_usize, 0);
    for letter in base64.bytes().filter(|letter| *letter != b'=') {
        (held, bits) = (held << 6 | value(letter), bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_under_the_cursor_is_copied() {
    let mut desk = desk(|_, _| ());
    desk.shown.pty.press("y");
    desk.shown.pty.wait_for("sent to the terminal's clipboard: vllm_core-0007");
    let of_queue = copied(&desk.shown.pty);
    let words: Vec<&str> = of_queue[0].split(' ').collect();
    assert!(words.len() == 2 && words[0] == "vllm_core-0007" && words[1].len() == 40, "{of_queue:?}");
    desk.go_to_steps();
    desk.shown.pty.press("y");
    desk.shown.pty.wait_for("clipboard: step ");
    let step = copied(&desk.shown.pty).pop().unwrap();
    assert!(step.starts_with("step 2, ") && step.contains("\nbash:\nsh tests/match.sh\n\nfailed:\n"), "{step}");
    desk.shown.pty.press("Y");
    desk.shown.pty.wait_for("clipboard: all steps of vllm_core-0007.2");
    let steps = copied(&desk.shown.pty).pop().unwrap();
    assert!(steps.starts_with("# vllm\\_core-0007.2") || steps.starts_with("# vllm_core-0007.2"), "{steps}");
    assert!(steps.contains("### Step 1") && steps.contains("| commit | "), "{steps}");
    desk.shown.pty.press("1Y");
    desk.shown.pty.wait_for("clipboard: the queue");
    let table = copied(&desk.shown.pty).pop().unwrap();
    assert!(table.starts_with("item ") && table.lines().filter(|line| line.starts_with("vllm_core-")).count() == 24, "{table}");
}

#[test]
fn a_result_and_a_finding_are_copied_as_text() {
    let mut desk = desk(|_, _| ());
    let finding = found(Detector::Cycle, Level::Stuck, 2, 3, "in a circle");
    desk.shown.append(Fact::FindingMade { item: id(7), n: 2, id: 0, finding });
    desk.shown.pty.press("2");
    desk.shown.pty.wait_for("in a circle");
    desk.shown.pty.press("]y");
    desk.shown.pty.wait_for("clipboard: finding D9");
    let text = copied(&desk.shown.pty).pop().unwrap();
    assert!(text.starts_with("stuck D9 ") && text.contains("from step 2: in a circle") && text.contains("make step-3: exit 2"), "{text}");
    desk.shown.pty.press("1gj3");
    desk.shown.pty.wait_for("vllm_core-0002");
    desk.shown.pty.press("Y");
    desk.shown.pty.wait_for("clipboard: the result of vllm_core-0002");
    let text = copied(&desk.shown.pty).pop().unwrap();
    assert!(text.starts_with("vllm_core-0002: done\n") && text.contains("worse than the human's commit by 9.5 %"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn what_no_clipboard_takes_goes_into_a_file() {
    let mut desk = desk(|_, _| ());
    let line = "the token is hunter22, \u{1b}[31mred\u{1b}[0m\n";
    desk.log(&line.repeat(9000));
    desk.shown.pty.press("6");
    desk.shown.pty.wait_for("the token is •••, red");
    desk.shown.pty.press("Y");
    desk.shown.pty.wait_for("too large for the terminal's clipboard");
    assert_eq!(copied(&desk.shown.pty), [""; 0]);
    let folder = desk.shown.root.path().join("home-state/isobench-tui/copied");
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].file_name(), "vllm_core-0007.2.agent.log");
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(files[0].path()).unwrap(), "the token is •••, red\n".repeat(9000));
    // a line of it is not too large
    desk.shown.pty.press("gy");
    desk.shown.pty.wait_for("clipboard: a line");
    assert_eq!(copied(&desk.shown.pty), ["the token is •••, red"]);
}

#[test]
fn copying_needs_no_folder_for_temporary_files_and_says_which_folder_it_needs() {
    let nowhere = "/proc/nowhere";
    let mut desk = desk(|command, _| {
        command.env("TMPDIR", nowhere);
    });
    desk.log(&"a long log\n".repeat(9000));
    desk.shown.pty.press("6");
    desk.shown.pty.wait_for("a long log");
    desk.shown.pty.press("Y");
    desk.shown.pty.wait_for("too large for the terminal's clipboard");
    let folder = desk.shown.root.path().join("home-state/isobench-tui/copied");
    let kept = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(fs::read_to_string(&kept()[0]).unwrap(), "a long log\n".repeat(9000));
    // what needs that folder names it
    desk.shown.pty.press("v");
    desk.shown.pty.wait_for(nowhere);
    desk.shown.pty.wait_for("TMPDIR");
    // and so does copying where its own one is none
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    desk.shown.pty.press("Y");
    desk.shown.pty.wait_for("home-state/isobench-tui/copied: ");
    desk.shown.pty.wait_until("what to do", |text| text.contains("mend that") && text.contains("XDG_STATE_HOME"));
}

#[test]
fn a_terminal_without_a_clipboard_is_said_to_have_none() {
    let mut desk = desk(|command, _| {
        command.env("TERM", "linux");
    });
    desk.shown.pty.press("y");
    desk.shown.pty.wait_for("this terminal has no clipboard (TERM=linux): vllm_core-0007");
    let file = desk.shown.root.path().join("home-state/isobench-tui/copied/vllm_core-0007.txt");
    assert!(fs::read_to_string(file).unwrap().starts_with("vllm_core-0007 "));
    assert_eq!(copied(&desk.shown.pty), [""; 0]);
}

#[test]
fn tmux_gets_it_in_both_ways() {
    let mut desk = desk(|command, _| {
        command.env("TMUX", "/tmp/tmux-1000/default,1,0").env("TERM", "tmux-256color");
    });
    desk.shown.pty.press("y");
    desk.shown.pty.wait_for("sent to the terminal's clipboard through tmux: vllm_core-0007");
    let twice = copied(&desk.shown.pty);
    assert!(twice.len() == 2 && twice[0] == twice[1], "{twice:?}");
    assert!(String::from_utf8_lossy(&desk.shown.pty.written).contains("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;"));
}

#[test]
fn a_pager_has_a_terminal_like_any_other_and_the_run_goes_on() {
    let mut desk = with_pager("read answer; echo \"$answer\" >answer");
    desk.go_to_steps();
    desk.open("v");
    assert!(desk.shown.is_restored(), "{}", desk.shown.pty.text());
    let tty = desk.kept("tty");
    for mode in ["icanon", "echo", "isig", "icrnl", "opost"] {
        assert!(tty.split_whitespace().any(|word| word.trim_end_matches(';') == mode), "{mode}: {tty}");
    }
    assert_eq!(desk.kept("modes"), "600\n700\n");
    let step = desk.kept("got");
    assert!(step.starts_with("step 2, ") && step.contains("sh tests/match.sh"), "{step}");
    // all that is typed is the program's, also what would be a key of ours
    desk.shown.append(Fact::PauseOrdered { why: "lunch".to_owned(), by: By::rule("limit") });
    desk.shown.pty.press("dqx<Enter>");
    desk.shown.pty.wait_for("pausing after 'agent' by rule 'limit'");
    assert_eq!(desk.kept("answer"), "dqx\n");
    desk.is_clean();
    desk.is_back();
}

#[test]
fn an_interrupt_in_the_pager_is_the_pagers() {
    let mut desk =
        with_pager("trap 'echo interrupted >sign' INT; echo it listens; while [ ! -f sign ]; do sleep 0.05; done; echo go; read answer");
    desk.open("v");
    desk.shown.pty.wait_for("it listens");
    desk.shown.pty.press("<C-c>");
    desk.shown.pty.wait_for("go");
    desk.shown.pty.press("<Enter>");
    desk.is_back();
    // and one that it dies of
    let mut desk = with_pager("while :; do sleep 0.05; done");
    desk.open("v");
    desk.shown.pty.press("<C-c>");
    desk.shown.pty.wait_for("was ended by signal 2");
    desk.is_back();
}

#[test]
fn a_pager_that_fails_is_killed_or_missing_gives_the_terminal_back() {
    let mut desk = with_pager("exit 3");
    desk.shown.pty.press("v");
    desk.shown.pty.wait_for("reader ended with exit code 3");
    desk.is_clean();
    desk.is_back();
    // it leaves the terminal in modes of its own
    let mut desk = with_pager("stty raw -echo; printf '\\033[?1h\\033=\\033[?1003h\\033[?1049l\\033[3;9r'; kill -9 $$");
    desk.shown.pty.press("v");
    desk.shown.pty.wait_for("reader was ended by signal 9");
    desk.is_clean();
    desk.shown.pty.press("<Down>");
    desk.shown.pty.wait_for("vllm_core-0008");
    desk.is_back();
    let mut desk = self::desk(|command, _| {
        command.env("PAGER", "/no/such/reader -R");
    });
    desk.shown.pty.press("v");
    desk.shown.pty.wait_for("can't start /no/such/reader: No such file or directory");
    desk.is_back();
    let mut desk = self::desk(|command, _| {
        command.env("PAGER", "reader 'x");
    });
    desk.shown.pty.press("v");
    desk.shown.pty.wait_for("PAGER=reader 'x is no command: a quote in it has no end");
    desk.is_back();
}

#[test]
fn a_terminal_that_was_resized_meanwhile_gets_a_frame_that_fits() {
    let mut desk = with_pager("read answer");
    desk.open("v");
    desk.shown.pty.resize(80, 24);
    desk.shown.pty.press("<Enter>");
    desk.shown.pty.wait_until("24 right rows", |screen| {
        let rows: Vec<_> = screen.lines().collect();
        rows.len() == 24 && rows.last().is_some_and(|last| last.contains("? help"))
    });
}

#[test]
fn an_editor_gets_words_as_a_shell_would_quote_them_and_the_line() {
    let mut desk = desk(|command, here| {
        fs::create_dir(here.join("my editors")).unwrap();
        symlink(program(here, "script", "read answer"), here.join("my editors/vi")).unwrap();
        command.env("EDITOR", format!("'{}/my editors/vi' -c \"set ro\"", here.display()));
    });
    desk.log(&(1..=300).map(|n| format!("line {n}\n")).collect::<String>());
    desk.shown.pty.press("6");
    desk.shown.pty.wait_for("line 300");
    desk.shown.pty.press("/line 77<Enter>");
    desk.shown.pty.wait_for("line 77");
    desk.shown.pty.wait_gone("line 300");
    desk.open("V");
    let arguments = desk.kept("arguments");
    let words: Vec<&str> = arguments.lines().collect();
    assert_eq!(words[..3], ["-c", "set ro", "+77"]);
    assert!(words[3].ends_with("/vllm_core-0007.2.agent.log"), "{words:?}");
    assert_eq!(desk.kept("got").lines().nth(76), Some("line 77"));
    desk.shown.pty.press("<Enter>");
    desk.is_back();
    desk.is_clean();
}

#[test]
fn a_pager_keeps_the_colours_of_a_log_and_no_secret() {
    let mut desk = desk(|command, here| {
        command.env("PAGER", format!("{} -R", program(here, "less", "read answer").display()));
    });
    desk.log("\u{1b}[31mred\u{1b}[0m hunter22 \u{1b}]0;title\u{7}\n");
    desk.shown.pty.press("6");
    desk.shown.pty.wait_for("red •••");
    desk.open("v");
    assert_eq!(desk.kept("got"), "\u{1b}[31mred\u{1b}[0m •••\n");
    desk.shown.pty.press("<Enter>");
    desk.is_back();
}

#[test]
fn who_ends_us_ends_the_pager() {
    let mut desk = with_pager("while :; do sleep 0.05; done");
    desk.open("v");
    let pid = pid_in(&desk.here.path().join("pid"));
    desk.shown.pty.signal(Signal::TERM);
    desk.shown.pty.wait_end();
    assert!(desk.shown.is_restored() && desk.shown.pty.text().contains("left: Detached"), "{}", desk.shown.pty.text());
    wait_until("the pager's end", || !lives(pid));
    desk.is_clean();
}

#[test]
fn a_pager_that_does_not_want_to_end_leaves_the_terminal_as_it_was() {
    let mut desk = with_pager("trap '' TERM; stty raw -echo; printf '\\033[?1003h\\033[?1hdeaf from now on'; while :; do sleep 0.05; done");
    desk.open("v");
    desk.shown.pty.wait_for("deaf from now on");
    desk.shown.pty.signal(Signal::TERM);
    desk.shown.pty.wait_end();
    let screen = desk.shown.pty.screen();
    assert!(screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None && !screen.application_cursor());
    assert!(desk.shown.is_restored(), "{}", desk.shown.pty.text());
    desk.is_clean();
}

#[test]
fn a_stop_in_the_pager_gives_the_shell_the_terminal() {
    let here = tempfile::tempdir().unwrap();
    // no shell's `read`: each of the signals that continue it would cost that one what it had read of the line
    let waits = "exec python3 -c \"
import signal, sys
signal.signal(signal.SIGCONT, lambda *_: print('goes on', flush=True))
print('it reads', flush=True)
open('answer', 'w').write(sys.stdin.readline())\"";
    let pager = program(here.path(), "reader", waits);
    let mut shown = show_in(&agent_running(), 120, 40, |command| {
        plain(command, here.path());
        command.env("PAGER", pager);
        let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).map(std::ffi::OsString::from).collect();
        let mut shell = Command::new("bash");
        shell.args(["--norc", "-c", "set -m; \"$@\"; echo it stopped; read x; fg; echo it ended", "bash"]).args(words).current_dir(&here);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        *command = shell;
    });
    shown.pty.wait_for("vllm_core-0007");
    shown.pty.press("v");
    shown.pty.wait_for("it reads");
    shown.pty.send(b"\x1a");
    shown.pty.wait_for("it stopped");
    shown.pty.press("<Enter>");
    shown.pty.wait_for("goes on");
    shown.pty.press("an answer<Enter>");
    shown.pty.wait_for("vllm_core-0024");
    assert_eq!(fs::read_to_string(here.path().join("answer")).unwrap(), "an answer\n");
    shown.pty.press("d");
    shown.pty.wait_for("it ended");
}

#[test]
fn a_trajectory_is_saved_where_we_are_and_nothing_is_written_over() {
    let mut desk = desk(|_, _| ());
    desk.go_to_steps();
    desk.shown.pty.press("S");
    desk.shown.pty.wait_for("saved all steps of vllm_core-0007.2");
    desk.shown.pty.wait_for("/vllm_core-0007.2.md");
    desk.shown.pty.press("S");
    desk.shown.pty.wait_for("/vllm_core-0007.2-2.md");
    let first = desk.kept("vllm_core-0007.2.md");
    assert_eq!(first, desk.kept("vllm_core-0007.2-2.md"));
    assert!(first.contains("### Step 2") && first.contains("## End"), "{first}");
    desk.shown.pty.press("1S");
    desk.shown.pty.wait_for("/queue.md");
    assert!(desk.kept("queue.md").contains("\n```text\nitem "));
    fs::set_permissions(&desk.here, fs::Permissions::from_mode(0o555)).unwrap();
    // root writes anywhere
    if fs::write(desk.here.path().join("probe"), "").is_err() {
        desk.shown.pty.press("S");
        desk.shown.pty.wait_for("Permission denied");
    }
    fs::set_permissions(&desk.here, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Tags of ours that fold long texts.
const TAGS: [&str; 3] = ["<details><summary>", "</details>\n", "</summary>"];

#[test]
fn every_trajectory_is_markdown_in_which_only_ours_is_a_mark() {
    let here = tempfile::tempdir().unwrap();
    let names = [
        "trae/running.json",
        "trae/step_error.json",
        "trae/max_steps.json",
        "trae/accepted.json",
        "claude",
        "codex",
        "mini_swe_agent",
        "openhands",
        "swe_agent",
    ];
    let mut seen = 0;
    for name in names {
        let path = fixture(name);
        let files: Vec<PathBuf> =
            if path.is_dir() { fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect() } else { vec![path] };
        for (n, file) in files.into_iter().enumerate() {
            let out = here.path().join(format!("{}-{n}.md", name.replace('/', "-")));
            let ended = Command::new(BINARY).arg("inspect").arg(&file).args(["--format", "md", "-o"]).arg(&out).output().unwrap();
            if !ended.status.success() {
                continue;
            }
            assert!(ended.stdout.is_empty());
            seen += 1;
            let text = fs::read_to_string(&out).unwrap();
            let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM;
            for event in Parser::new_ext(&text, options) {
                match event {
                    Event::Html(html) | Event::InlineHtml(html) => {
                        assert!(TAGS.iter().any(|tag| html.contains(tag)), "{}: {html}", file.display());
                    }
                    Event::Start(tag) => {
                        let name = format!("{tag:?}");
                        assert!(!["Link", "Image", "Footnote"].iter().any(|bad| name.starts_with(bad)), "{}: {name}", file.display());
                    }
                    _ => {}
                }
            }
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        }
    }
    assert!(seen >= 6, "{seen} trajectories were told");
    let refused = Command::new(BINARY).args(["inspect", "x", "-o", "y"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn somebody_elses_run_is_taken_out_as_ours_is() {
    let here = tempfile::tempdir().unwrap();
    let item = here.path().join("vllm_core-0003");
    fs::create_dir(&item).unwrap();
    fs::copy(fixture("trae/accepted.json"), item.join("trajectory.json")).unwrap();
    fs::write(item.join("model_patch.diff"), "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n").unwrap();
    let mut command = Command::new(BINARY);
    command.args(["inspect", "vllm_core-0003"]);
    plain(&mut command, here.path());
    command.env("PAGER", program(here.path(), "reader", "read answer"));
    let mut pty = Pty::spawn(&command, 120, 40);
    pty.wait_for("1 of 5");
    pty.press("y");
    pty.wait_for("sent to the terminal's clipboard: step ");
    pty.press("v");
    pty.wait_for(HERE);
    pty.press("<Enter>");
    pty.wait_for("? help");
    pty.press("S");
    pty.wait_for("saved all steps of ");
    let saved = fs::read_dir(here.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "md"));
    let text = fs::read_to_string(saved.unwrap()).unwrap();
    assert!(text.contains("## Patch\n\n```diff\ndiff --git a/x b/x\n"), "{}", &text[text.len() - 400..]);
}

#[test]
fn a_screen_that_is_killed_takes_its_pager_with_it_and_the_next_one_removes_the_copy() {
    let here = tempfile::tempdir().unwrap();
    let temporary = here.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let item = here.path().join("vllm_core-0003");
    fs::create_dir(&item).unwrap();
    fs::copy(fixture("trae/accepted.json"), item.join("trajectory.json")).unwrap();
    let mut command = Command::new(BINARY);
    command.args(["inspect", "vllm_core-0003"]).env("TMPDIR", &temporary);
    plain(&mut command, here.path());
    command.env("PAGER", program(here.path(), "reader", "read answer"));
    let mut pty = Pty::spawn(&command, 120, 40);
    pty.wait_for("1 of 5");
    pty.press("v");
    pty.wait_for(HERE);
    let pager = pid_in(&here.path().join("pid"));
    let copies = || fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let copy = copies().remove(0);
    assert!(copy.file_name().unwrap().to_str().unwrap().starts_with(&format!("isobench-tui-{}-", pty.pid().as_raw_nonzero())));
    // another screen leaves it alone while its owner lives
    let mut other = Pty::spawn(&command, 120, 40);
    other.wait_for("1 of 5");
    other.press("q");
    other.wait_end();
    assert!(lives(pager) && copy.is_dir());
    pty.signal(Signal::KILL);
    wait_until("the pager ends with the screen", || !lives(pager));
    pty.wait_end();
    assert!(copy.is_dir(), "nobody was there to remove it");
    let mut next = Pty::spawn(&command, 120, 40);
    next.wait_for("1 of 5");
    wait_until("the copy is removed", || copies().is_empty());
    next.press("q");
    assert_eq!(next.wait_code(), 0);
}

#[test]
fn a_full_or_read_only_folder_for_copies_is_named_and_nothing_stays_there() {
    if !Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success()) {
        skip("may not mount in a namespace of its own");
        return;
    }
    let here = tempfile::tempdir().unwrap();
    let (item, full) = (here.path().join("vllm_core-0003"), here.path().join("full"));
    fs::create_dir(&item).unwrap();
    fs::create_dir(&full).unwrap();
    fs::copy(fixture("trae/accepted.json"), item.join("trajectory.json")).unwrap();
    for (then, wanted) in [("", "no room in "), ("mount -o remount,ro \"$1\";", "Read-only file system")] {
        let script = format!(
            "mount -t tmpfs -o size=16k tmpfs \"$1\"; head -c 99999 /dev/zero >\"$1/fill\" 2>/dev/null; {then} full=$1; shift; \"$@\"; ls \"$full\" >left"
        );
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]).arg(&full).arg(BINARY).args(["inspect", "vllm_core-0003"]);
        command.env("TMPDIR", &full).env("XDG_STATE_HOME", &full).env("XDG_CONFIG_HOME", &full);
        plain(&mut command, here.path());
        command.env("PAGER", program(here.path(), "reader", "read answer"));
        let mut pty = Pty::spawn(&command, 120, 40);
        pty.wait_for("1 of 5");
        pty.press("v");
        pty.wait_for(wanted);
        // all else goes on
        pty.press("j");
        pty.wait_for("2 of 5");
        pty.press("q");
        pty.wait_end();
        assert_eq!(fs::read_to_string(here.path().join("left")).unwrap(), "fill\n");
    }
}
