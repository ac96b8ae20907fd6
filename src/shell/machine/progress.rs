//! What pulls and prunes write of themselves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;

use crate::docker::prune::{PruneFolder, PruneOrder};
use crate::docker::pull::{self, PullOrder};
use crate::domain::{AttemptId, PruneProgress, PullProgress, Stage};
use crate::host::files::{self, Links};
use crate::host::stage_folder::StageFolder;
use crate::host::{clock, process};
use crate::ui::machine::{News, Prune, Pruner, Pull};

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// A prune that ended is told for so long, in s.
const TOLD: i64 = 60;

/// One that was cut off is told for so long, in s.
const TOLD_CUT: i64 = 600;

/// Who writes several times a second and wrote so lately is alive, in s.
const FRESH: i64 = 3;

/// What was told last.
#[derive(Debug)]
pub(super) struct Progress {
    docker: Option<PathBuf>,
    pull: Option<Pull>,
    prune: Option<Prune>,
    folders: Vec<PathBuf>,
}

impl Progress {
    pub(super) const fn new(docker: Option<PathBuf>) -> Self {
        Self { docker, pull: None, prune: None, folders: Vec::new() }
    }

    /// Looks, with the stage that pulls or prunes now, and says what is new.
    pub(super) fn look(&mut self, stage: Option<&(AttemptId, Stage, PathBuf)>) -> Vec<News> {
        self.folders = stage.iter().map(|(_, _, folder)| folder.clone()).collect();
        let pull = stage.filter(|(_, stage, _)| *stage == Stage::Pull).and_then(|(attempt, _, folder)| pull_in(attempt, folder));
        let clean = stage.filter(|(_, stage, _)| *stage == Stage::Clean).and_then(|(attempt, _, folder)| {
            let progress: PruneProgress = read(&PruneFolder(folder.clone()).progress())?;
            Some(Prune { by: Pruner::Stage(attempt.clone()), progress, is_live: true })
        });
        let prune = clean.or_else(|| self.prune_of_people());
        let mut news = Vec::new();
        if pull != self.pull {
            self.pull.clone_from(&pull);
            news.push(News::Pull(pull.map(Box::new)));
        }
        if prune != self.prune {
            self.prune.clone_from(&prune);
            news.push(News::Prune(prune.map(Box::new)));
        }
        news
    }

    /// The folders in which it is written.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.folders.clone()
    }

    /// Whether something goes on.
    pub(super) fn is_live(&self) -> bool {
        self.pull.is_some() || self.prune.as_ref().is_some_and(|prune| prune.is_live)
    }

    /// The newest prune of a command or a dialog, while it is worth a word.
    fn prune_of_people(&mut self) -> Option<Prune> {
        let docker = self.docker.as_ref()?;
        let all = PruneFolder::all(docker);
        self.folders.push(all.clone());
        let mut folders: Vec<PathBuf> = fs::read_dir(&all).ok()?.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        let folder = folders.into_iter().rev().find(|folder| {
            let order: Option<PruneOrder> = read(&PruneFolder(folder.clone()).order());
            order.is_none_or(|order| !order.dry_run) && PruneFolder(folder.clone()).progress().exists()
        })?;
        let progress: PruneProgress = read(&PruneFolder(folder.clone()).progress())?;
        let age = age(progress.at);
        let kept = StageFolder::at(&folder);
        let keeper = kept.keeper().ok().flatten();
        let is_kept = keeper.as_ref().is_some_and(|keeper| {
            !kept.has_end() && keeper.boot == clock::boot_id() && process::identity(keeper.id.pid) == Some(keeper.id)
        });
        let is_over = progress.end.is_some();
        let is_live = !is_over && (age < FRESH || is_kept || (keeper.is_none() && is_locked(&PruneFolder::lock(docker))));
        let is_told = is_live || age < if is_over { TOLD } else { TOLD_CUT };
        if !is_told {
            return None;
        }
        let name = folder.display().to_string();
        self.folders.push(folder);
        Some(Prune { by: if keeper.is_some() { Pruner::Screen(name) } else { Pruner::Command(name) }, progress, is_live })
    }
}

/// The pull of a stage.
fn pull_in(attempt: &AttemptId, folder: &Path) -> Option<Pull> {
    let progress: PullProgress = read(&folder.join(pull::PROGRESS))?;
    let order: Option<PullOrder> = read(&folder.join(pull::ORDER));
    Some(Pull { attempt: attempt.clone(), progress, stall_ms: order.map(|order| order.stall_s.saturating_mul(1000)) })
}

/// Seconds since a moment.
fn age(at: Timestamp) -> i64 {
    clock::now().duration_since(at).as_secs()
}

/// Whether somebody holds the lock of prunes.
fn is_locked(path: &Path) -> bool {
    let Ok((file, _)) = files::open(path, Links::Refused) else { return false };
    flock(file, FlockOperation::NonBlockingLockShared).is_err_and(|errno| io::Error::from(errno).kind() == io::ErrorKind::WouldBlock)
}

/// A file that is there and makes sense.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&files::read(path, LARGEST, Links::Refused).ok()?).ok()
}
