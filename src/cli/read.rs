//! A run on the screen, and what all readers share.

use std::path::Path;

use super::{find, screen, usage};
use crate::exit::Exit;
use crate::ledger::RunFolder;
use crate::model::{Follower, Run};

pub(super) fn attach(root: Option<&Path>, named: Option<&str>) -> anyhow::Result<Exit> {
    let folder = match find::run(root, named) {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    // a screen of nothing would say nothing: what is wrong is a sentence
    match Follower::beginning(&folder) {
        Ok(run) if run.created.is_some() => screen::show(&folder),
        Ok(run) => Ok(usage(no_beginning(&folder, &run))),
        Err(error) => Ok(usage(unreadable(&folder, &error))),
    }
}

/// A run from its ledger; the error says which file can't be read, and what to do.
pub(super) fn load(folder: &RunFolder) -> Result<Run, String> {
    Follower::load(folder).map_err(|error| unreadable(folder, &error))
}

/// A ledger that can't be read, and what to do.
pub(super) fn unreadable(folder: &RunFolder, error: &std::io::Error) -> String {
    format!("can't read {}: {error}: name another run (`isobench-tui ls` lists them), or remove that folder", folder.events().display())
}

/// A ledger that does not say what its run is about, and what to do.
pub(super) fn no_beginning(folder: &RunFolder, run: &Run) -> String {
    let why = match run.faults.first() {
        Some(fault) => format!("its first line can't be read ({})", fault.why),
        None if run.seq == 0 => "it is empty".to_owned(),
        None => "its first fact is not run_created".to_owned(),
    };
    format!(
        "{} tells nothing of its run: {why}; look at another run (`isobench-tui ls` lists them), remove that folder, or start anew with `isobench-tui run --new`",
        folder.events().display()
    )
}

/// Whether we write to a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdout())
}

/// Columns of the terminal that we write to; `None` for a pipe or a file.
pub(super) fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// A reader of ours that left early (`| head`), or a terminal that was closed, is no failure.
pub(super) fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    let hung_up = rustix::io::Errno::IO.raw_os_error();
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(hung_up) => Ok(()),
        other => Ok(other?),
    }
}
