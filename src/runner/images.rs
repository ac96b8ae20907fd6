//! What `pull-images` and `prune-images` left, as the ends of their stages.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::conclude::{Case, plain, stopped};
use crate::docker::prune::{PruneFolder, PruneOutcome};
use crate::docker::pull::{OUTCOME, PROGRESS, PullEnd, PullOutcome};
use crate::domain::{
    ChildEnd, Deferral, EndCause, FailureClass, ImagePull, PruneEnd, PullDetail, PullProgress, Shortage, Stage, StageDetail, StageEnd,
};
use crate::host::disk;
use crate::host::files::{self, Links};
use crate::text::{self, bytes, clean};

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// What the keeper's own budget of a pull has on top of the one that `pull-images` has, in ms: it tells its end itself.
pub(super) const MARGIN_MS: u64 = 15_000;

/// Judges the end of `pull-images`.
pub(super) fn pulled(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let folder = case.job.folder.stage(case.attempt, Stage::Pull);
    let read = read::<PullOutcome>(&folder.join(OUTCOME));
    let left = match &read {
        Ok(outcome) => StageDetail::Pull(safe(case, outcome.detail.clone(), None)),
        Err(_) => StageDetail::Nothing,
    };
    let failed = |class, why: &str| StageEnd::Failed { class, why: sentence(case, why) };
    let end = match (&child.cause, read) {
        (EndCause::Stopped, _) => stopped(case),
        (EndCause::Exited { code: 0 }, Err(why)) => failed(FailureClass::Unknown, &format!("pull-images ended well, and {why}")),
        (EndCause::Exited { code: 0 }, Ok(outcome)) => return of_pull(case, outcome),
        (EndCause::Deadline, _) => match plain(case, child, FailureClass::Unknown) {
            StageEnd::Failed { class, why } => failed(class, &format!("{why}{}", so_far(&folder))),
            end => end,
        },
        _ => plain(case, child, FailureClass::Unknown),
    };
    (end, left)
}

fn of_pull(case: &Case<'_>, outcome: PullOutcome) -> (StageEnd, StageDetail) {
    let failed = |class, why: &str| StageEnd::Failed { class, why: sentence(case, why) };
    let (end, until) = match outcome.end {
        PullEnd::Done => (StageEnd::Done, None),
        PullEnd::Short { shortage } => (short(shortage, outcome.disk.as_deref()), None),
        PullEnd::Stopped => (failed(FailureClass::Killed, "pull-images was told to end, and not by its keeper"), None),
        PullEnd::Failed { class: class @ FailureClass::TimeoutPull, why, until, .. } => {
            (failed(class, &format!("{why}{}", came(&outcome.images))), until)
        }
        PullEnd::Failed { class, why, until, .. } => (failed(class, &why), until),
    };
    (end, StageDetail::Pull(safe(case, outcome.detail, until)))
}

/// There is no room: it waits for some, unless the disk can never have so much.
fn short(shortage: Shortage, disk: Option<&Path>) -> StageEnd {
    let why = text::room::shortage(&shortage);
    let all = disk.and_then(|disk| Some((disk, disk::room_in(disk).ok()?.total)));
    match all {
        Some((disk, total)) if shortage.needs > total => StageEnd::Failed {
            class: FailureClass::NoSpace,
            why: format!("{why}; the whole disk of {} has {}", clean::path(disk), bytes(total)),
        },
        _ => StageEnd::Deferred(Box::new(Deferral { shortage, disk: disk.map(Path::to_owned), why })),
    }
}

/// What was downloaded until a pull was ended, by what it said last.
fn so_far(folder: &Path) -> String {
    read::<PullProgress>(&folder.join(PROGRESS)).map_or_else(|_| String::new(), |progress| came(&progress.images))
}

fn came(images: &[ImagePull]) -> String {
    let bars = images.iter().filter_map(|image| Some((image, image.download?))).filter(|(_, bar)| bar.done < bar.total);
    let mut says = String::new();
    for (image, bar) in bars {
        let _ = write!(says, "; {} of {} of {} came", bytes(bar.done), bytes(bar.total), clean::line(&image.reference));
    }
    says
}

/// Judges the end of `prune-images`. Whatever becomes of it, no item fails by it.
pub(super) fn pruned(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let folder = PruneFolder(case.job.folder.stage(case.attempt, Stage::Clean));
    let outcome = match read::<PruneOutcome>(&folder.outcome()) {
        Ok(outcome) => outcome,
        Err(why) if child.cause == (EndCause::Exited { code: 0 }) => {
            let why = sentence(case, &format!("prune-images ended well, and {why}"));
            return (StageEnd::Failed { class: FailureClass::Unknown, why }, StageDetail::Nothing);
        }
        Err(_) => return (plain(case, child, FailureClass::Unknown), StageDetail::Nothing),
    };
    let end = match (&child.cause, outcome.end) {
        (EndCause::Stopped, PruneEnd::Stopped) => stopped(case),
        (_, PruneEnd::Stopped) => {
            StageEnd::Failed { class: FailureClass::Killed, why: "prune-images was told to end, and not by its keeper".to_owned() }
        }
        (_, PruneEnd::Failed { class, why }) => StageEnd::Failed { class, why: sentence(case, &why) },
        (_, PruneEnd::Done) => StageEnd::Done,
    };
    (end, StageDetail::Clean(outcome.detail))
}

/// What came from the engine and the registry, fit to be shown and stored.
fn safe(case: &Case<'_>, mut detail: PullDetail, until: Option<jiff::Timestamp>) -> PullDetail {
    for image in &mut detail.images {
        for text in [&mut image.reference, &mut image.id].into_iter().chain(&mut image.digest) {
            *text = sentence(case, text);
        }
    }
    PullDetail { until: detail.until.or(until), ..detail }
}

fn sentence(case: &Case<'_>, text: &str) -> String {
    case.masker.mask(&clean::line(text)).into_owned()
}

/// Reads what a process of ours left; else what is wrong with it, as the end of a sentence.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = files::read(path, LARGEST, Links::Refused).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("left no {name}"),
        _ => format!("its {name} can't be read: {error}"),
    })?;
    serde_json::from_slice(&text).map_err(|error| format!("its {name} makes no sense: {error}"))
}
