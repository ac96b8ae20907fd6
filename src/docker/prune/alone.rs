//! `prune-images FOLDER`: a prune in a process of its own, as the clean stage and the screen's dialog start it under a keeper.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{PruneFolder, PruneOrder, Stop, Words, prune};
use crate::domain::{PruneEnd, PruneProgress};
use crate::host::files::{self, Links};
use crate::host::stage_folder::Spec;
use crate::text::{clean, room};

/// A longer order is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// Where the keeper's own order does not say how soon it kills, it is taken to be soon, in ms.
const SOON: u64 = 5_000;

/// How much sooner than that it must be written how it ended.
const BEFORE: Duration = Duration::from_secs(2);

/// How long what is being removed may take once we are told to end. The engine goes on with what it has begun.
fn patience(folder: &PruneFolder) -> Duration {
    let spec = files::read(&folder.path().join("spec.json"), LARGEST, Links::Refused).ok();
    let spec: Option<Spec> = spec.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Duration::from_millis(spec.map_or(SOON, |spec| spec.grace_ms)).saturating_sub(BEFORE)
}

/// `prune-images`
#[derive(Debug, clap::Args)]
pub struct PruneImages {
    /// The folder with the order
    folder: PathBuf,
}

impl PruneImages {
    /// Prunes. That it could not is an outcome; the error is that the order can't be read or the outcome not be written.
    pub fn run(self) -> io::Result<()> {
        let folder = PruneFolder(self.folder);
        let order: PruneOrder = serde_json::from_slice(&files::read(&folder.order(), LARGEST, Links::Refused)?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(async {
            let (tell, stop) = watch::channel(Stop::No);
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let told = Told::default();
            let mut words = Words::default();
            let mut say = |progress: &PruneProgress| {
                told.write(&folder, progress);
                for line in words.take(progress) {
                    log(&line);
                }
            };
            let mut work = std::pin::pin!(prune(&order, None, Some(folder.0.clone()), &mut say, stop));
            tokio::select! {
                outcome = &mut work => return Ok::<_, io::Error>(outcome),
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tell.send_replace(Stop::Between);
            tokio::select! {
                outcome = &mut work => return Ok(outcome),
                () = tokio::time::sleep(patience(&folder)) => {}
            }
            tell.send_replace(Stop::Now);
            Ok(work.await)
        })?;
        log(&match &outcome.end {
            PruneEnd::Done => room::pruned(&outcome.detail),
            PruneEnd::Stopped => format!("stopped: {}", room::pruned(&outcome.detail)),
            PruneEnd::Failed { why, .. } => format!("{}: {}", clean::line(why), room::pruned(&outcome.detail)),
        });
        files::replace(&folder.outcome(), &serde_json::to_vec(&outcome)?)
    }
}

/// A line for whoever reads the stage's output. On a full disk it is lost, and nothing else is.
fn log(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// What was written last: the same is not written twice within a quarter of a second.
#[derive(Debug, Default)]
pub struct Told {
    last: Cell<Option<std::time::Instant>>,
    done: Cell<usize>,
}

impl Told {
    /// Writes how far it is. A full disk is why somebody prunes: what can't be written is written the next time.
    pub fn write(&self, folder: &PruneFolder, progress: &PruneProgress) {
        let is_early = self.last.get().is_some_and(|last| last.elapsed() < Duration::from_millis(250));
        let is_first = self.last.get().is_none() || (self.done.get() == 0 && progress.done == 0 && !progress.plan.fates.is_empty());
        if is_early && !is_first && progress.end.is_none() {
            return;
        }
        self.last.set(Some(std::time::Instant::now()));
        self.done.set(progress.done);
        let written = serde_json::to_vec(progress).map_err(io::Error::from).and_then(|text| files::replace(&folder.progress(), &text));
        if let Err(error) = written {
            tracing::warn!("can't write to {}: {error}", folder.progress().display());
        }
    }
}
