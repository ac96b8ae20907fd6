//! Doing what the state wants done, and looking at what no file tells.

use std::process::{Command, Stdio};
use std::thread;

use tokio::sync::mpsc;

use super::leftover;
use crate::domain::{AttemptId, Stage};
use crate::host::stage_folder::StageFolder;
use crate::host::{clock, process};
use crate::ledger::{Request, RunFolder};
use crate::model::Past;
use crate::text::clean;
use crate::ui::Msg;
use crate::ui::all_results::Row;
use crate::ui::message::{Part, Sight};

/// Whether a stage that has no end is still kept.
pub fn keeper(folder: &RunFolder, attempt: &AttemptId, stage: Stage) -> Sight {
    let folder = StageFolder::at(&folder.stage(attempt, stage));
    let Ok(Some(keeper)) = folder.keeper() else { return Sight::Gone };
    let lives = !folder.has_end() && keeper.boot == clock::boot_id() && process::identity(keeper.id.pid) == Some(keeper.id);
    match u32::try_from(keeper.id.pid) {
        Ok(pid) if lives => Sight::Alive(pid),
        _ => Sight::Gone,
    }
}

/// Appends a request; what goes wrong becomes a message.
pub fn send(folder: &RunFolder, request: &Request) -> Option<Msg> {
    let error = request.send(folder).err()?;
    Some(Msg::Failed(if error.is_no_space() {
        "the disk is full: the request could not be written".to_owned()
    } else {
        format!("the request could not be written: {error}")
    }))
}

/// Asks beside the screen, for the engine may be slow, whether a container of the run is left.
pub fn look_for_container(folder: RunFolder, news: mpsc::Sender<Msg>) {
    // without a thread for it the next look asks
    let _ = thread::Builder::new()
        .name("container".to_owned())
        .spawn(move || news.blocking_send(Msg::Trouble(Part::Container, leftover::of_run(&folder, "c"))));
}

/// Starts a runner that outlives us, and tells how that went. The run is named by its folder: its id may be that of a copy.
pub fn start_runner(folder: &RunFolder, news: mpsc::Sender<Msg>) -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    let path = folder.path().to_owned();
    thread::Builder::new().name("starter".to_owned()).spawn(move || {
        let mut command = Command::new(program);
        command.args(["run", "--resume"]).arg(path).arg("--detach");
        let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let _ = news.blocking_send(match ended {
            Ok(ended) if ended.status.success() => Msg::Succeeded("a runner was started".to_owned()),
            Ok(ended) => {
                let said = String::from_utf8_lossy(&ended.stderr);
                let last = clean::lines(&said).filter(|line| !line.is_empty()).last();
                Msg::Unstarted(last.unwrap_or_else(|| ended.status.to_string()))
            }
            Err(error) => Msg::Unstarted(error.to_string()),
        });
    })?;
    Ok(())
}

/// What earlier runs took and came to, read beside the screen: their ledgers may be long. Without a thread for it estimates go by this run alone.
pub fn read_earlier(folder: RunFolder, news: mpsc::Sender<Msg>) {
    let read = move || {
        let (mut took, mut rows) = (Vec::new(), Vec::new());
        let own = folder.run_id();
        // one run at a time: the folds of all of them together may be large
        for (id, run) in folder.path().parent().into_iter().flat_map(|runs| Past::runs(runs, Some(&own))) {
            took.extend(Some(Past::of(&run)).filter(|past| !past.items.is_empty()));
            rows.extend(Row::of_earlier(&id, &run));
        }
        // the screen may be gone by now
        let _ = news.blocking_send(Msg::Earlier(took));
        let _ = news.blocking_send(Msg::EarlierResults(rows));
    };
    let _ = thread::Builder::new().name("earlier runs".to_owned()).spawn(read);
}
