//! `attach`, `ls`, `status`: readers. They exit 0 once they could read.

use std::io::Write;
use std::path::Path;

use super::{Format, find, for_stdout, screen, tell, usage};
use crate::exit::Exit;
use crate::host::clock;
use crate::ledger::{LedgerError, Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, Run};
use crate::text::clean;

pub(super) fn attach(root: Option<&Path>, named: Option<&str>) -> anyhow::Result<Exit> {
    match find::run(root, named) {
        Ok(folder) => screen::show(&folder),
        Err(exit) => Ok(exit),
    }
}

pub(super) fn ls(root: Option<&Path>) -> anyhow::Result<Exit> {
    let checkout = match find::checkout(root) {
        Ok(checkout) => checkout,
        Err(says) => return Ok(usage(says)),
    };
    let runs = find::runs(&checkout);
    if runs.is_empty() {
        tell(format_args!("isobench-tui: no run in {} yet: `isobench-tui run` starts one", RunFolder::all(&checkout.root).display()));
    }
    let mut out = std::io::stdout().lock();
    for folder in runs {
        let run = match Follower::load(&folder) {
            Ok(run) => run,
            // one run that somebody broke hides no other
            Err(error) => {
                let says = format!("{}  {:<11}  can't read {}: {error}", folder.run_id(), "broken", folder.events().display());
                written(writeln!(out, "{}", clean::shown(&says)))?;
                continue;
            }
        };
        let holder = RunnerLock::holder(&folder);
        let over = run.items.iter().filter(|item| item.is_over()).count();
        let items = crate::text::count(run.items.len(), "item");
        let without = run.items.iter().filter(|item| item.is_done_without_agent()).count();
        let counts = ["failed", "blocked", "stopped"].map(|status| (run.count(status), status));
        let bad = counts.into_iter().chain([(without, "with an agent that failed")]).filter(|(n, _)| *n > 0);
        let told: Vec<String> = std::iter::once(format!("{over}/{items}")).chain(bad.map(|(n, what)| format!("{n} {what}"))).collect();
        let runner = holder.map_or_else(String::new, |pid| format!("  runner {pid}"));
        let state = run.state(holder.is_some()).name();
        let says = format!("{}  {state:<11}  {}  {} {}{runner}", folder.run_id(), told.join(", "), run.agent, run.model);
        written(writeln!(out, "{}", clean::shown(&says)))?;
    }
    Ok(Exit::Well)
}

pub(super) fn status(root: Option<&Path>, named: Option<&str>, format: Format) -> anyhow::Result<Exit> {
    let folder = match find::run(root, named) {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    if let Err(error @ LedgerError::Newer { .. }) = Manifest::read(&folder) {
        tell(format_args!("isobench-tui: {error}; what follows may lack something"));
    }
    let run = match load(&folder) {
        Ok(run) => run,
        Err(says) => return Ok(usage(says)),
    };
    say(&folder, &run, format)?;
    Ok(Exit::Well)
}

/// A run from its ledger; the error says which file can't be read, and what to do.
pub(super) fn load(folder: &RunFolder) -> Result<Run, String> {
    Follower::load(folder).map_err(|error| {
        format!("can't read {}: {error}: name another run (`isobench-tui ls` lists them), or remove that folder", folder.events().display())
    })
}

/// Columns of the terminal that we write to; `None` for a pipe or a file.
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Says how a run stands.
pub(super) fn say(folder: &RunFolder, run: &Run, format: Format) -> anyhow::Result<()> {
    let holder = RunnerLock::holder(folder);
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&crate::report::status(&folder.run_id(), run, holder, clock::now()))? + "\n",
        Format::Text => {
            let why =
                crate::report::status::why(run, holder.is_some()).map_or_else(String::new, |why| format!(" ({})", clean::shown(&why)));
            let faults = run.faults.first().map_or_else(String::new, |first| {
                let count = crate::text::count(run.faults.len(), "fault");
                format!("{count} in the ledger, the first at byte {}: {}\n", first.offset, clean::shown(&first.why))
            });
            format!(
                "run {}: {}{why}\n{faults}\n{}",
                clean::shown(&folder.run_id().0),
                run.state(holder.is_some()).name(),
                crate::report::table(run, clock::now(), terminal_width())
            )
        }
    };
    written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))
}

/// A reader of ours that left early (`| head`), or a terminal that was closed, is no failure.
pub(super) fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    let hung_up = rustix::io::Errno::IO.raw_os_error();
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(hung_up) => Ok(()),
        other => Ok(other?),
    }
}
