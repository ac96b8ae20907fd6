//! `ls`: the runs of a checkout.

use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;

use super::{Format, find, for_stdout, read, tell, usage};
use crate::exit::Exit;
use crate::host::clock;
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::{Follower, Past, Run};
use crate::plan::eta;
use crate::report::runs::{self, Listed, Summary};
use crate::shell::leftover;

pub(super) fn ls(root: Option<&Path>, format: Format) -> anyhow::Result<Exit> {
    let checkout = match find::told_or_demo(root) {
        Ok(checkout) => checkout,
        Err(says) => return Ok(usage(says)),
    };
    let listed: Vec<Listed> = find::folders(&checkout).iter().map(listed).collect();
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&runs::json(&listed))? + "\n",
        Format::Text if listed.is_empty() => {
            let place = RunFolder::all(&checkout.root);
            tell(format_args!("isobench-tui: no run in {} yet: `isobench-tui run` starts one", place.display()));
            return Ok(Exit::Well);
        }
        Format::Text => runs::table(&listed, &TimeZone::system(), read::terminal_width()),
    };
    read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))?;
    Ok(Exit::Well)
}

/// What is told of a run; of one that goes on, how long it still takes.
fn summary(folder: &RunFolder, run: &Run) -> Summary {
    let (now, runner) = (clock::now(), RunnerLock::holder(folder));
    let run = &*leftover::as_it_stands(folder, run);
    let summary = Summary::of(run, runner, now);
    if runner.is_none() {
        return summary.with_left(leftover::of_run(folder, run));
    }
    let earlier = folder.path().parent().map(|runs| Past::read(runs, Some(&folder.run_id()))).unwrap_or_default();
    summary.with_eta(eta::left(run, &earlier, 0, now))
}

/// One run that somebody broke hides no other.
fn listed(folder: &RunFolder) -> Listed {
    let found = if folder.events().symlink_metadata().is_ok() {
        match Follower::load(folder) {
            Ok(run) if run.created.is_some() => Ok(summary(folder, &run)),
            Ok(run) => Err(read::no_beginning(folder, &run)),
            Err(error) => Err(read::unreadable(folder, &error)),
        }
    } else {
        Err(find::never_began(folder))
    };
    Listed { id: folder.run_id(), folder: folder.path().to_owned(), found }
}
