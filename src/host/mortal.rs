//! A program that the kernel ends with us, however we end. Only a process can ask for that on its own behalf
//! (`prctl(2)`, `PR_SET_PDEATHSIG`), so that what is started is ourselves: we ask, and become the program.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// The file that tells why the program did not start.
const WHY: &str = ".why";

/// This program as it runs, also where its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// Whether the program that runs is ours, which knows `become`: the library may be in another one, as in its tests.
static IS_KNOWN: AtomicBool = AtomicBool::new(false);

/// What a program that has a terminal hears when that goes: it may tidy up.
const END: Signal = Signal::HUP;

/// `become`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pid of who starts it
    parent: i32,
    /// A folder for the reason why it could not be started
    folder: PathBuf,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<OsString>,
}

/// Tells that the program that runs has `become`.
pub fn know() {
    IS_KNOWN.store(true, Ordering::Relaxed);
}

/// A command that runs the program, to which arguments are added. The folder is private: in it stands why it could not be
/// started. To be spawned by a thread that lives as long as we do: the kernel looks at that.
pub fn command(program: &str, folder: &Path) -> Command {
    if !IS_KNOWN.load(Ordering::Relaxed) {
        return Command::new(program);
    }
    let mut command = Command::new(OURSELVES);
    command.arg("become").arg(std::process::id().to_string()).arg(folder).arg("--").arg(program);
    command
}

/// Why the program was not started.
pub fn why(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(WHY)).ok()
}

impl Args {
    /// Becomes the program. Returns where that fails.
    pub fn run(self) {
        // without it the program is as it always was
        let _ = set_parent_process_death_signal(Some(END));
        let is_orphan = getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != self.parent);
        let mut words = self.words.into_iter();
        if let Some(program) = words.next()
            && !is_orphan
        {
            say(&self.folder, &Command::new(program).args(words).exec());
        }
    }
}

fn say(folder: &Path, error: &io::Error) {
    // then its exit code says something at least
    let _ = fs::write(folder.join(WHY), error.to_string());
}
