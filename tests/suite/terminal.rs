//! The terminal as the screen leaves it, stops in it, and writes to it.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use isobench_tui::ledger::{By, Fact};
use isobench_tui::shell::terminal::Terminal;
use isobench_tui::ui::state::Pointer;
use rustix::process::Signal;

use crate::pty::{Pty, patience};
use crate::screen_pty::{BREAKS, Shown, show_in};
use crate::screen_runs::agent_running;
use crate::support::skip;

/// Ends every way out: nothing of ours may follow but words.
const LEAVE: &str = "\u{1b}[?2026l\u{1b}[0m\u{1b}[?1006l\u{1b}[?1000l\u{1b}[?2004l\u{1b}[?25h\u{1b}[?1049l";

/// Begins a whole frame.
const ERASE: &str = "\u{1b}[0m\u{1b}[2J";

/// The question about synchronised output, its answer, and what it allows.
const QUESTION: &str = "\u{1b}[?2026$p";
const ANSWER: &str = "\u{1b}[?2026;2$y";
const BEGIN: &str = "\u{1b}[?2026h";

fn show(cols: u16, rows: u16) -> Shown {
    show_in(&agent_running(), cols, rows, |_| ())
}

/// The same screen as the child of a shell that knows jobs: it says when its child stopped, and continues it at Enter.
fn show_in_shell() -> Shown {
    show_in(&agent_running(), 120, 40, |command| {
        let words: Vec<OsString> = std::iter::once(command.get_program()).chain(command.get_args()).map(Into::into).collect();
        let mut shell = Command::new("bash");
        shell.args(["--norc", "-c", "set -m; \"$@\"; echo it stopped; stty -a; read x; fg; echo it ended", "bash"]).args(words);
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap());
        }
        *command = shell;
    })
}

fn written(pty: &Pty) -> String {
    String::from_utf8_lossy(&pty.written).into_owned()
}

fn count(pty: &Pty, what: &str) -> usize {
    written(pty).matches(what).count()
}

#[test]
fn every_signal_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut shown = show(80, 24);
        let before = shown.pty.before.clone();
        shown.pty.wait_for("? help");
        assert_ne!(shown.pty.settings(), before);
        shown.pty.signal(signal);
        shown.pty.wait_end();
        assert!(shown.is_restored(), "{signal:?}: {}", shown.pty.text());
        assert!(shown.pty.text().contains("left: Detached"), "{signal:?}: {}", shown.pty.text());
        assert_eq!(shown.pty.settings(), before, "{signal:?}");
        let after = written(&shown.pty).rsplit_once(LEAVE).unwrap().1.to_owned();
        assert!(!after.contains('\u{1b}'), "{signal:?}: {after:?}");
    }
}

#[test]
fn a_signal_that_means_nothing_ends_nothing() {
    let mut shown = show(80, 24);
    shown.pty.wait_for("? help");
    for signal in [Signal::USR1, Signal::USR2, Signal::ALARM] {
        shown.pty.signal(signal);
    }
    shown.pty.press("6");
    shown.pty.wait_for("no such file yet");
    shown.pty.press("d");
    shown.pty.wait_end();
    assert!(shown.is_restored() && shown.pty.text().contains("left: Detached"), "{}", shown.pty.text());
}

#[test]
fn a_beginning_without_an_end_swallows_no_key_for_ever() {
    const LOG: &str = "no such file yet";
    let mut shown = show(80, 24);
    shown.pty.wait_for("? help");
    let beginnings: [&[u8]; 8] =
        [b"\x1b]", b"\x1bP", b"\x1b[<0;1", b"\x1b[12;3", b"\x1bO", b"\xe2\x82", b"\x1b]\x00\xff\x9f\x1b", b"\x1b[200~abc"];
    for (n, beginning) in beginnings.into_iter().enumerate() {
        let (key, is_log) = if n % 2 == 0 { ("6", true) } else { ("1", false) };
        // more than the silence after which it is dropped; on a slow machine two may be read at once, so again
        let silence = Duration::from_millis(if beginning.starts_with(b"\x1b[200~") { 4000 } else { 300 });
        shown.pty.send(beginning);
        let end = Instant::now() + patience();
        while shown.pty.text().contains(LOG) != is_log {
            assert!(Instant::now() < end, "no key has an effect after {beginning:?}:\n{}", shown.pty.text());
            shown.pty.pump(silence);
            shown.pty.press(key);
            shown.pty.pump(Duration::from_millis(100));
        }
    }
}

#[test]
fn an_interrupt_gets_through_a_beginning_without_an_end() {
    let mut shown = show(80, 24);
    shown.pty.wait_for("? help");
    shown.pty.press("/");
    shown.pty.press("marker");
    shown.pty.wait_for("marker");
    // it leaves the line that is typed
    shown.pty.send(b"\x1b]\x03");
    shown.pty.wait_gone("marker");
}

#[test]
fn a_thread_that_breaks_ends_the_screen_with_a_sentence() {
    for thread in ["painter", "input", "reader"] {
        let mut shown = show_in(&agent_running(), 120, 24, |command| {
            command.env(BREAKS, thread);
        });
        let before = shown.pty.before.clone();
        shown.pty.wait_for("? help");
        std::fs::write(shown.root.path().join("break"), "").unwrap();
        shown.pty.wait_end();
        assert!(shown.is_restored(), "{}", shown.pty.text());
        assert_eq!(shown.pty.settings(), before);
        let says = shown.pty.text().replace('\n', "");
        assert!(says.contains(&format!("no screen: the screen's {thread} thread broke at")), "{says}");
        assert!(says.contains("on purpose; the run goes on"), "{says}");
    }
}

/// Not a test of its own: what the next one starts.
#[test]
#[expect(clippy::panic, reason = "what it is for")]
fn the_loop_itself_breaks() {
    if std::env::var_os(BREAKS).is_some() {
        let _terminal = Terminal::take(Pointer::Ours).unwrap();
        panic!("on purpose");
    }
}

#[test]
fn a_loop_that_breaks_gives_the_terminal_back_before_it_says_so() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["terminal::the_loop_itself_breaks", "--exact", "--nocapture", "--test-threads=1"]).env(BREAKS, "loop");
    let mut pty = Pty::spawn(&command, 80, 24);
    let before = pty.before.clone();
    pty.wait_for("on purpose");
    pty.wait_end();
    assert_eq!(pty.settings(), before);
    let whole = written(&pty);
    assert!(whole.find(LEAVE).unwrap() < whole.find("on purpose").unwrap(), "{whole:?}");
    assert!(!pty.screen().alternate_screen());
}

#[test]
fn a_shell_gets_the_terminal_while_we_are_stopped() {
    for signal in [None, Some(Signal::TSTP)] {
        let mut shown = show_in_shell();
        shown.pty.wait_for("? help");
        match signal {
            None => shown.pty.press("\u{1a}"),
            Some(signal) => {
                // the group of the job, not of the shell
                let child = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", shown.pty.pid().as_raw_nonzero())).unwrap();
                let child: i32 = child.trim().parse().unwrap();
                rustix::process::kill_process(rustix::process::Pid::from_raw(child).unwrap(), signal).unwrap();
            }
        }
        shown.pty.wait_for("it stopped");
        // `stty -a` of the shell's
        shown.pty.wait_until("cooked modes", |screen| screen.contains(" icanon ") && screen.contains(" echo "));
        assert!(shown.is_restored(), "{signal:?}: {}", shown.pty.text());
        shown.pty.press("<Enter>");
        shown.pty.wait_for("? help");
        assert!(shown.pty.screen().alternate_screen() && !shown.pty.text().contains("it stopped"), "{signal:?}");
        // keys act, and the second way out is as clean as the first
        shown.pty.press("d");
        shown.pty.wait_for("it ended");
        assert!(shown.is_restored(), "{signal:?}: {}", shown.pty.text());
    }
}

#[test]
fn without_a_shell_to_come_back_from_we_stay() {
    let mut shown = show(120, 24);
    shown.pty.wait_for("? help");
    shown.pty.press("\u{1a}");
    shown.pty.wait_for("no shell started this here");
    assert!(shown.pty.screen().alternate_screen());
}

#[test]
fn in_a_container_whose_session_lies_outside_we_stay_too() {
    let apart = ["--pid", "--fork", "--mount-proc"];
    if !Command::new("unshare").args(apart).arg("true").output().is_ok_and(|done| done.status.success()) {
        return skip("no pid namespace can be made here");
    }
    let mut shown = show_in(&agent_running(), 120, 24, |command| {
        let mut apart_from_us = Command::new("unshare");
        apart_from_us.args(apart).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            apart_from_us.env(name, value.unwrap());
        }
        *command = apart_from_us;
    });
    shown.pty.wait_for("? help");
    shown.pty.press("\u{1a}");
    shown.pty.wait_for("no shell started this here");
    shown.pty.press("d");
    shown.pty.wait_end();
}

#[test]
fn stopped_from_outside_and_continued_on_another_size_we_draw_anew() {
    let mut shown = show(120, 40);
    shown.pty.wait_for("? help");
    shown.pty.signal(Signal::STOP);
    let frames = count(&shown.pty, ERASE);
    shown.pty.resize(80, 24);
    shown.pty.signal(Signal::CONT);
    let end = Instant::now() + patience();
    while count(&shown.pty, ERASE) == frames {
        assert!(Instant::now() < end, "no whole frame: {}", shown.pty.text());
        shown.pty.pump(Duration::from_millis(50));
    }
    shown.pty.wait_for("? help");
    shown.pty.press("?");
    shown.pty.wait_for("the next match, the one before");
}

#[test]
fn two_hundred_sizes_end_in_one_right_frame() {
    let mut shown = show(80, 24);
    shown.pty.wait_for("? help");
    for n in 0..200 {
        shown.pty.resize(60 + n % 90, 16 + n % 40);
    }
    shown.pty.resize(30, 5);
    shown.pty.wait_for("this terminal is 30x5");
    shown.pty.resize(120, 40);
    shown.pty.wait_until("40 right rows", |screen| {
        let rows: Vec<_> = screen.lines().collect();
        rows.len() == 40 && screen.contains("vllm_core-0024") && rows.last().is_some_and(|last| last.contains("? help"))
    });
    shown.pty.press("?");
    shown.pty.wait_for("search here; Tab: regular expression");
}

#[test]
fn a_terminal_that_does_not_know_its_size_has_the_usual_one() {
    let mut shown = show(0, 0);
    shown.pty.wait_for("? help");
    shown.pty.press("q");
    shown.pty.wait_for("Esc");
}

#[test]
fn a_terminal_that_takes_nothing_costs_frames_and_nothing_else() {
    let mut shown = show(120, 40);
    shown.pty.wait_for("? help");
    shown.pty.hold();
    // far more than a terminal holds; each is a whole frame that can't be written
    for n in 0..300 {
        shown.pty.resize(100 + n % 2, 30);
        shown.append(Fact::PauseOrdered { why: format!("reason {n}"), by: By::rule("limit") });
        std::thread::sleep(Duration::from_millis(5));
    }
    let memory = memory(&shown);
    assert!(memory < 200 << 20, "{memory} bytes");
    shown.pty.press("?");
    shown.pty.resize(120, 40);
    shown.pty.release();
    shown.pty.wait_for("search here; Tab: regular expression");
    shown.pty.press("<Esc>");
    shown.pty.wait_for("vllm_core-0024");
}

/// Resident bytes.
fn memory(shown: &Shown) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/statm", shown.pty.pid().as_raw_nonzero())).unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn we_leave_a_terminal_that_takes_nothing() {
    let mut shown = show(120, 40);
    let before = shown.pty.before.clone();
    shown.pty.wait_for("? help");
    shown.pty.hold();
    for n in 0..40 {
        shown.pty.resize(100 + n % 2, 30);
        std::thread::sleep(Duration::from_millis(40));
    }
    shown.pty.signal(Signal::TERM);
    // the test's own `println!` may wait for the terminal: what counts is that the screen gave it back
    let end = Instant::now() + patience();
    while shown.pty.settings() != before {
        assert!(Instant::now() < end, "the terminal was not given back");
        std::thread::sleep(Duration::from_millis(20));
    }
    shown.pty.release();
    shown.pty.wait_end();
    assert!(shown.is_restored(), "{}", shown.pty.text());
}

#[test]
fn frames_are_synchronised_where_the_terminal_says_so() {
    let mut shown = show(120, 40);
    shown.pty.wait_for("? help");
    assert!(written(&shown.pty).find(QUESTION).unwrap() < written(&shown.pty).find(ERASE).unwrap());
    assert_eq!(count(&shown.pty, BEGIN), 0);
    // the answer comes amid keys, and none of them is lost
    let (first, second) = ANSWER.split_at(5);
    shown.pty.send(format!("?{first}").as_bytes());
    shown.pty.send(second.as_bytes());
    shown.pty.wait_for("search here; Tab: regular expression");
    shown.pty.send(format!("\u{1b}{ANSWER}?").as_bytes());
    shown.pty.wait_for("search here; Tab: regular expression");
    shown.pty.resize(100, 30);
    // what stood there before may stand there still
    let end = Instant::now() + patience();
    while count(&shown.pty, BEGIN) == 0 {
        assert!(Instant::now() < end, "no frame is synchronised: {:?}", written(&shown.pty));
        shown.pty.pump(Duration::from_millis(20));
    }
    shown.pty.press("<Esc>");
    shown.pty.wait_gone("search here; Tab: regular expression");
    // to its end: leaving says the end once more
    shown.pty.press("d");
    shown.pty.wait_end();
    assert_eq!(count(&shown.pty, BEGIN) + 1, count(&shown.pty, "\u{1b}[?2026l"));
}

#[test]
fn frames_are_plain_where_it_does_not() {
    for (term, answer, asked) in [("xterm", "\u{1b}[?2026;0$y", 1), ("xterm", "", 1), ("linux", "", 0), ("dumb", "", 0)] {
        let mut shown = show_in(&agent_running(), 120, 40, |command| {
            command.env("TERM", term);
        });
        shown.pty.wait_for("? help");
        shown.pty.press(answer);
        shown.pty.press("?");
        shown.pty.wait_for("search here; Tab: regular expression");
        assert_eq!((count(&shown.pty, BEGIN), count(&shown.pty, QUESTION)), (0, asked), "{term} {answer:?}");
    }
}

#[test]
fn the_mouse_that_was_released_stays_so() {
    let mut shown = show_in_shell();
    shown.pty.wait_for("? help");
    let mode = |shown: &Shown| shown.pty.screen().mouse_protocol_mode();
    assert_eq!(mode(&shown), vt100::MouseProtocolMode::PressRelease);
    shown.pty.press("m");
    shown.pty.wait_for("terminal");
    assert_eq!(mode(&shown), vt100::MouseProtocolMode::None);
    shown.pty.press("\u{1a}");
    shown.pty.wait_for("it stopped");
    shown.pty.press("<Enter>");
    shown.pty.wait_for("? help");
    assert_eq!(mode(&shown), vt100::MouseProtocolMode::None);
}
