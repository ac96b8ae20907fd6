//! A program that has the terminal in our place, a pager or an editor, from its start to its end.
//!
//! It stays in our process group, as a shell's job is one: what the terminal sends the job reaches both, and Ctrl-Z in the
//! pager stops both, so that the shell which started us has the terminal.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use tokio::signal::unix::{Signal as Caught, SignalKind, signal};
use tokio::time::timeout;

use crate::host::mortal;
use crate::host::private::Private;

/// A signal that says that a child ended is a hint: it is looked at this often.
const LOOK: Duration = Duration::from_millis(250);

/// How long a program that we have to end may take for it.
const PATIENCE: Duration = Duration::from_millis(800);

/// A program and what it is to open.
#[derive(Debug)]
pub(super) struct Program {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Variables that it gets beside ours.
    pub variables: Vec<(&'static str, &'static str)>,
    /// The file.
    pub file: PathBuf,
    /// The private folder in which it lies; it goes with this.
    pub folder: Private,
}

/// A program that has the terminal.
#[derive(Debug)]
pub(super) struct Away {
    name: String,
    pid: Option<Pid>,
    children: Caught,
    folder: Private,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Went {
    /// It was stopped, as by Ctrl-Z.
    Stopped,
    /// It ended; where not well, a sentence.
    Ended(Option<String>),
}

impl Program {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.words.first().cloned().unwrap_or_default()
    }
}

impl Away {
    /// Starts it on our terminal.
    pub(super) fn start(program: Program) -> io::Result<Self> {
        let name = program.name();
        let children = signal(SignalKind::child())?;
        let Program { words, variables, file, folder } = program;
        let mut command = mortal::command(&name, folder.path());
        command.args(words.iter().skip(1)).arg(file).envs(variables);
        let pid = Pid::from_child(&command.spawn()?);
        Ok(Self { name, pid: Some(pid), children, folder })
    }

    /// Waits until something becomes of it. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Went {
        loop {
            if let Some(went) = self.look(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
                return went;
            }
            let _ = timeout(LOOK, self.children.recv()).await;
        }
    }

    fn look(&mut self, options: WaitOptions) -> Option<Went> {
        let Some(pid) = self.pid else { return Some(Went::Ended(None)) };
        let went = match waitpid(Some(pid), options) {
            Ok(None) | Err(rustix::io::Errno::INTR) => return None,
            Ok(Some((_, status))) if status.stopped() => return Some(Went::Stopped),
            Ok(Some((_, status))) => Went::Ended(match mortal::why(self.folder.path()) {
                Some(why) => Some(format!("can't start {}: {why}", self.name)),
                None => ended(&self.name, status),
            }),
            // somebody else heard of its end
            Err(_) => Went::Ended(None),
        };
        self.pid = None;
        Some(went)
    }

    /// Lets it go on after it was stopped.
    pub(super) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // one that is not waited for yet has its number still
        if let Some(pid) = self.pid {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Away {
    /// Nobody may have the terminal behind us.
    fn drop(&mut self) {
        let end = Instant::now() + PATIENCE;
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
        while self.pid.is_some() {
            if self.look(WaitOptions::NOHANG).is_none() {
                if Instant::now() > end {
                    self.signal(Signal::KILL);
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// A sentence for an end that is not a good one.
fn ended(name: &str, status: WaitStatus) -> Option<String> {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("{name} ended with exit code {code}")),
        (None, Some(signal)) => Some(format!("{name} was ended by signal {signal}")),
        (None, None) => Some(format!("{name} ended, and nothing says how")),
    }
}
