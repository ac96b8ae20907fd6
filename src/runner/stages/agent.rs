//! The agent's stage: its folder, its prompt, its command.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::{Commands, line};
use crate::domain::{AttemptId, Stage};
use crate::host::launch::Environment;
use crate::ledger::Fact;
use crate::model::{Item, Run};
use crate::runner::Job;
use crate::runner::prompt::{prompt, prompt_json};

/// Prepares the item's folder and the agent's command.
pub(super) fn begin(
    job: &Job,
    run: &Run,
    item: &Item,
    attempt: &AttemptId,
    environment: &mut Environment,
    facts: &mut Vec<Fact>,
) -> Commands {
    let folder = job.item_folder(run, &item.id);
    set_older_aside(job, item, &folder.path).map_err(|error| (format!("set the older {} aside", folder.path.display()), error))?;
    let asked = prompt(job, run, item).map_err(|error| ("make the prompt".to_owned(), io::Error::other(error)))?;
    facts.push(Fact::AgentAsked {
        item: item.id.clone(),
        n: attempt.n,
        source: asked.source,
        from: asked.from.clone(),
        digest: asked.digest.clone(),
    });
    folder
        .begin(&asked.text, &prompt_json(job, run, item))
        .map_err(|error| ("prepare the item's folder".to_owned(), io::Error::other(error)))?;
    let place = line::Place { job, run, item, attempt, folder: &folder };
    let launched = line::prepare(&place, &asked.text, environment).map_err(|error| ("prepare the agent's launch".to_owned(), error))?;
    Ok(vec![launched])
}

/// An older attempt's item folder moves to that attempt: the harness's own layout always shows the newest.
fn set_older_aside(job: &Job, item: &Item, folder: &Path) -> io::Result<()> {
    if let Some(really) = job.checkout.leads_out(folder) {
        let says = "a link leads it out of the state folder, and nothing is written there: remove the link, or move paths.state";
        return Err(io::Error::other(format!("it would be {}: {says}", really.display())));
    }
    if !folder.exists() {
        return Ok(());
    }
    let made_it = item.attempts.iter().rev().skip(1).find_map(|older| older.stage(Stage::Agent));
    let older = AttemptId { item: item.id.clone(), n: made_it.map_or(0, |record| record.ran_in) };
    let aside = job.folder.attempt(&older);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
    let place = |nth: u32| if nth == 0 { aside.join("item") } else { aside.join(format!("item.{nth}")) };
    let free = (0..u32::MAX).map(place).find(|path| !path.exists());
    let to = free.unwrap_or_else(|| aside.join("item"));
    match fs::rename(folder, &to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy_folder(folder, &to)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
