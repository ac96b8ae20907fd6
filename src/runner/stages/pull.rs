//! The images of an item are made sure of: `pull-images` under the stage's keeper.

use std::io;
use std::path::Path;

use super::{Commands, command, make_folder};
use crate::docker::pull::{ORDER, PullOrder};
use crate::domain::{AttemptId, Stage};
use crate::host::files;
use crate::model::{Item, Run};
use crate::runner::{Job, keep, results};

/// For how long a pull may be silent, in s.
const STALL_S: u64 = 120;

/// Writes down what is to be pulled, and asks for it.
pub(super) fn begin(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Commands {
    let folder = job.folder.stage(attempt, Stage::Pull);
    // an attempt that begins with a later arm does not need the human's
    let is_past_human = item.last_attempt().is_some_and(|last| last.from > Stage::Human);
    let of_human = job.config.image_of_human_alone(&item.id, &item.human, &item.parent).filter(|_| is_past_human);
    let order = PullOrder {
        run: job.folder.run_id().0,
        item: item.id.0.clone(),
        images: job.images(item).into_iter().filter(|image| Some(image) != of_human.as_ref()).collect(),
        state: job.checkout.docker(),
        attempts: job.config.retry.transient.saturating_add(1),
        stall_s: STALL_S,
        budget_ms: job.config.budget_ms(Stage::Pull),
        must_fit: true,
        keep: keep::if_short(job, run, item),
        measured: results::measured_images(job, item),
        dot_env: job.checkout.env_folders().map(Path::to_owned).to_vec(),
    };
    make_folder(&folder)?;
    let write = || files::replace(&folder.join(ORDER), &serde_json::to_vec(&order).map_err(io::Error::other)?);
    write().map_err(|error| ("write what is to be pulled".to_owned(), error))?;
    let argv = vec![job.binary.display().to_string(), "pull-images".to_owned(), folder.display().to_string()];
    Ok(vec![command(&folder, argv)])
}
