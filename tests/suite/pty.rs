//! A program in a real pseudo-terminal: keys in, screen out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "a test may fail loudly")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How long something may take before a test fails; `ISOBENCH_TEST_PATIENCE` (seconds) makes it longer on slow machines.
pub(crate) fn patience() -> Duration {
    let seconds = std::env::var("ISOBENCH_TEST_PATIENCE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

fn settings(terminal: &impl AsFd) -> String {
    format!("{:?}", rustix::termios::tcgetattr(terminal).unwrap())
}

/// A program and its terminal. Dropping it kills the program.
pub(crate) struct Pty {
    child: Child,
    terminal: File,
    /// Its settings before the program began.
    pub(crate) before: String,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    held: Arc<AtomicBool>,
    /// Every byte that the program wrote.
    pub(crate) written: Vec<u8>,
}

impl Pty {
    /// Our own program.
    pub(crate) fn isobench(args: &[&str], cols: u16, rows: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isobench-tui"));
        command.args(args);
        Self::spawn(&command, cols, rows)
    }

    /// A program with its arguments, folder and environment, as the leader of a session of its own on a new terminal.
    pub(crate) fn spawn(command: &Command, cols: u16, rows: u16) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        tcsetwinsize(&terminal, size(cols, rows)).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let inner = || -> OwnedFd { open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap() };
        // `setsid --ctty` of util-linux makes the terminal the program's own, and then becomes the program
        let mut outer = Command::new("setsid");
        outer.arg("--ctty").arg(command.get_program()).args(command.get_args());
        // never the folder of whoever runs the tests
        outer.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        outer.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            outer.current_dir(folder);
        }
        let before = settings(&terminal);
        let child = outer.stdin(inner()).stdout(inner()).stderr(inner()).spawn().unwrap();
        let terminal = File::from(terminal);
        let held = Arc::new(AtomicBool::new(false));
        let (rows, cols) = usual(rows, cols);
        let bytes = follow(terminal.try_clone().unwrap(), held.clone());
        Self { child, terminal, before, bytes, held, parser: vt100::Parser::new(rows, cols, 0), written: Vec::new() }
    }

    /// Presses keys: plain characters, and `<Enter> <Esc> <Tab> <Up> <Down> <Left> <Right> <PgUp> <PgDn> <Home> <End> <C-c>`.
    pub(crate) fn press(&mut self, keys: &str) {
        let mut rest = keys;
        while let Some(char) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(name, after)| Some((code(name)?, after)));
            let (bytes, after) = named.unwrap_or_else(|| (char.to_string(), &rest[char.len_utf8()..]));
            self.terminal.write_all(bytes.as_bytes()).unwrap();
            rest = after;
        }
    }

    /// Sends bytes that no key need send.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.terminal.write_all(bytes).unwrap();
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("'{text}'"), |screen| screen.contains(text));
    }

    /// Waits until the screen shows a text no more.
    #[track_caller]
    pub(crate) fn wait_gone(&mut self, text: &str) {
        self.wait_until(&format!("'{text}' to go"), |screen| !screen.contains(text));
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + patience();
        loop {
            if wanted(&self.text()) {
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.take(left) {
                let ended = self.child.try_wait();
                panic!("waited for {what}; the program: {ended:?}; the screen:\n{}", self.text());
            }
        }
    }

    /// Lets the program run for a while and counts the bytes it wrote.
    pub(crate) fn pump(&mut self, time: Duration) -> usize {
        let (before, end) = (self.written.len(), Instant::now() + time);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.take(left) {
                return self.written.len() - before;
            }
        }
    }

    /// The screen as text.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The terminal as the program left it: alternate screen, cursor, pasting.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Changes the terminal's size; the program hears of it.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        tcsetwinsize(&self.terminal, size(cols, rows)).unwrap();
        let (rows, cols) = usual(rows, cols);
        self.parser.screen_mut().set_size(rows, cols);
    }

    /// Reads nothing more, as a terminal behind a line that is down, until [`release`](Self::release).
    pub(crate) fn hold(&mut self) {
        self.held.store(true, Ordering::SeqCst);
        // what was read before, and the read that has begun
        while self.take(Duration::from_millis(300)) {}
    }

    /// Reads again.
    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
    }

    /// The terminal's settings, as `stty -g` would tell them.
    pub(crate) fn settings(&self) -> String {
        settings(&self.terminal)
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the program's end.
    #[track_caller]
    pub(crate) fn wait_end(&mut self) -> ExitStatus {
        let end = Instant::now() + patience();
        loop {
            self.take(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                // until the terminal is closed; somebody whom the program left behind may keep it open
                while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_secs(3)) {
                    self.took(bytes);
                }
                return status;
            }
            assert!(Instant::now() < end, "the program does not end; the screen:\n{}", self.text());
        }
    }

    /// Waits for the program's end and gives its exit code.
    #[track_caller]
    pub(crate) fn wait_code(&mut self) -> i32 {
        let status = self.wait_end();
        status.code().unwrap_or_else(|| panic!("ended by signal {:?}", status.signal()))
    }

    /// Takes what the program wrote within this time. False: it has nothing more to say.
    fn take(&mut self, time: Duration) -> bool {
        match self.bytes.recv_timeout(time) {
            Ok(bytes) => {
                self.took(bytes);
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(time.min(Duration::from_millis(20)));
                false
            }
        }
    }

    fn took(&mut self, bytes: Vec<u8>) {
        self.parser.process(&bytes);
        self.written.extend(bytes);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(mut terminal: File, held: Arc<AtomicBool>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(64);
    thread::spawn(move || {
        let mut block = vec![0; 65536];
        while let Ok(n) = terminal.read(&mut block) {
            if n == 0 || sender.send(block[..n].to_vec()).is_err() {
                return;
            }
            while held.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    receiver
}

/// A terminal that does not know its size has the usual one.
const fn usual(rows: u16, cols: u16) -> (u16, u16) {
    (if rows == 0 { 24 } else { rows }, if cols == 0 { 80 } else { cols })
}

const fn size(cols: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 }
}

fn code(name: &str) -> Option<String> {
    Some(match name {
        "Enter" => "\r".to_owned(),
        "Esc" => "\u{1b}".to_owned(),
        "Tab" => "\t".to_owned(),
        "Up" => "\u{1b}[A".to_owned(),
        "Down" => "\u{1b}[B".to_owned(),
        "Right" => "\u{1b}[C".to_owned(),
        "Left" => "\u{1b}[D".to_owned(),
        "PgUp" => "\u{1b}[5~".to_owned(),
        "PgDn" => "\u{1b}[6~".to_owned(),
        "Home" => "\u{1b}[H".to_owned(),
        "End" => "\u{1b}[F".to_owned(),
        _ => {
            let letter = name.strip_prefix("C-")?.chars().next()?;
            char::from(u8::try_from(letter.to_ascii_lowercase()).ok()? & 31).to_string()
        }
    })
}

#[test]
fn a_program_runs_in_a_terminal_of_its_own() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap 'stty size' WINCH; stty size; read x; echo \"got $x\"; while :; do read y && exit 3; done"]);
    let mut pty = Pty::spawn(&shell, 81, 25);
    pty.wait_for("25 81");
    pty.press("abc<Enter>");
    pty.wait_for("got abc");
    pty.resize(40, 12);
    pty.wait_for("12 40");
    pty.press("<Enter>");
    assert_eq!(pty.wait_code(), 3);
}

#[test]
fn our_own_program_runs_in_one() {
    let mut pty = Pty::isobench(&["--version"], 80, 24);
    pty.wait_for("isobench-tui");
    assert_eq!(pty.wait_code(), 0);
}
