//! Where the files behind an attempt lie.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::agent::live;
use crate::agent::paged::{LARGE, Paged};
use crate::docker::arm;
use crate::domain::{AttemptId, ItemId, Stage};
use crate::ledger::RunFolder;
use crate::ui::message::Stream;

/// Resolves attempts to files.
#[derive(Debug, Clone)]
pub struct Places {
    whose: Whose,
    /// A large trajectory that somebody else reads as well: its steps are counted once.
    paged: Option<(PathBuf, Arc<Paged>)>,
}

#[derive(Debug, Clone)]
enum Whose {
    /// A run of ours.
    Ours { folder: RunFolder, items: PathBuf },
    /// Somebody else's, whose items may become more.
    Others { base: PathBuf, items: watch::Receiver<Items>, log: Option<watch::Receiver<Option<PathBuf>>> },
}

/// Where the items of somebody else's run lie.
pub type Items = Arc<HashMap<ItemId, ItemPlace>>;

/// Where one of them lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPlace {
    /// Its folder, or the trajectory alone: a file, a folder of events.
    pub path: PathBuf,
    /// Of a file with several runs, which one.
    pub instance: Option<String>,
}

/// Ends of the names that the harness gives to what an agent printed, before `_stdout.txt` and `_stderr.txt`.
const PRINTED: &str = "_stdout.txt";
/// See [`PRINTED`].
const PRINTED_ERR: &str = "_stderr.txt";

impl Places {
    /// For a run of ours and the folder of its items: `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub const fn ours(folder: RunFolder, items: PathBuf) -> Self {
        Self { whose: Whose::Ours { folder, items }, paged: None }
    }

    /// For somebody else's run below `base`.
    pub const fn others(base: PathBuf, items: watch::Receiver<Items>) -> Self {
        Self { whose: Whose::Others { base, items, log: None }, paged: None }
    }

    /// The same, with a log that the script which makes the run may write.
    pub const fn watched(base: PathBuf, items: watch::Receiver<Items>, log: watch::Receiver<Option<PathBuf>>) -> Self {
        Self { whose: Whose::Others { base, items, log: Some(log) }, paged: None }
    }

    /// The same places, one of which was opened already.
    #[must_use]
    pub fn holding(self, path: PathBuf, paged: Arc<Paged>) -> Self {
        Self { paged: Some((path, paged)), ..self }
    }

    /// A trajectory, if it is so large that it is read by pages.
    pub fn paged(&self, path: &Path) -> std::io::Result<Option<Arc<Paged>>> {
        match &self.paged {
            Some((known, paged)) if known == path => Ok(Some(Arc::clone(paged))),
            _ => Ok(Paged::open(path, LARGE)?.map(Arc::new)),
        }
    }

    /// The run's folder: what is new in it is a hint to look again, and its disk is the one that counts.
    pub fn base(&self) -> &Path {
        match &self.whose {
            Whose::Ours { folder, .. } => folder.path(),
            Whose::Others { base, .. } => base,
        }
    }

    /// The run, where it is one of ours.
    pub const fn run(&self) -> Option<&RunFolder> {
        match &self.whose {
            Whose::Ours { folder, .. } => Some(folder),
            Whose::Others { .. } => None,
        }
    }

    /// The ledger, where the run has one.
    pub fn events(&self) -> Option<PathBuf> {
        match &self.whose {
            Whose::Ours { folder, .. } => Some(folder.events()),
            Whose::Others { .. } => None,
        }
    }

    /// What the runner wrote, or the script that makes somebody else's run, where that is known.
    pub fn runner_log(&self) -> Option<PathBuf> {
        match &self.whose {
            Whose::Ours { folder, .. } => Some(folder.log()),
            Whose::Others { log, .. } => log.as_ref()?.borrow().clone(),
        }
    }

    /// Of somebody else's run, where an item lies.
    pub fn other(&self, item: &ItemId) -> Option<ItemPlace> {
        match &self.whose {
            Whose::Ours { .. } => None,
            Whose::Others { items, .. } => items.borrow().get(item).cloned(),
        }
    }

    /// The item's folder of an attempt, with what its agent writes: the newest attempt's lies in ISO-Bench's own layout,
    /// an older one's was moved. Of a trajectory alone it is that.
    pub fn item_folder(&self, attempt: &AttemptId) -> PathBuf {
        match &self.whose {
            Whose::Ours { folder, items } => {
                let moved = folder.attempt(attempt).join("item");
                if moved.exists() { moved } else { items.join(&attempt.item.0) }
            }
            Whose::Others { base, .. } => self.other(&attempt.item).map_or_else(|| base.join(&attempt.item.0), |place| place.path),
        }
    }

    /// What the agent of an attempt changed.
    pub fn patch(&self, attempt: &AttemptId) -> PathBuf {
        self.item_folder(attempt).join("model_patch.diff")
    }

    /// Where a stage wrote this, in an earlier round of an arm that is measured several times, or in the newest. The harness
    /// keeps what the agent wrote alone.
    pub fn stream(&self, attempt: &AttemptId, stage: Stage, round: Option<u32>, stream: Stream) -> PathBuf {
        match &self.whose {
            Whose::Ours { folder, .. } => {
                let newest = folder.stage(attempt, stage);
                let folder = round.map_or_else(|| newest.clone(), |round| newest.with_file_name(format!("{stage}.round{round}")));
                match stream {
                    Stream::Out => folder.join("out"),
                    Stream::Err => folder.join("err"),
                    Stream::Server => folder.join(arm::IO).join(arm::SERVER),
                    Stream::Client => folder.join(arm::IO).join(arm::OUT),
                    Stream::ClientErr => folder.join(arm::IO).join(arm::ERR),
                }
            }
            Whose::Others { .. } => {
                let folder = self.item_folder(attempt);
                let end = match stream {
                    Stream::Out => PRINTED,
                    Stream::Err => PRINTED_ERR,
                    Stream::Server | Stream::Client | Stream::ClientErr => return PathBuf::new(),
                };
                if folder.is_file() {
                    // a trajectory alone: nothing of it was printed anywhere else
                    return PathBuf::new();
                }
                if stage == Stage::Agent { printed(&folder, end) } else { folder.join(format!("{stage}{end}")) }
            }
        }
    }

    /// All that a stage may have written, with where.
    pub fn streams(&self, attempt: &AttemptId, stage: Stage) -> Vec<(Stream, PathBuf)> {
        Stream::of(stage).iter().map(|stream| (*stream, self.stream(attempt, stage, None, *stream))).collect()
    }

    /// The folder of a stage of a run of ours.
    pub fn stage(&self, attempt: &AttemptId, stage: Stage) -> Option<PathBuf> {
        match &self.whose {
            Whose::Ours { folder, .. } => Some(folder.stage(attempt, stage)),
            Whose::Others { .. } => None,
        }
    }

    /// Whether a stage wrote anything.
    pub fn has_output(&self, attempt: &AttemptId, stage: Stage) -> bool {
        self.streams(attempt, stage).iter().any(|(_, path)| path.symlink_metadata().is_ok_and(|there| there.len() > 0))
    }

    /// The folders in which the files of an attempt change.
    pub fn folders(&self, trails: &[AttemptId], output: Option<&(AttemptId, Stage)>) -> Vec<PathBuf> {
        let trails = trails.iter().flat_map(|attempt| {
            let folder = self.item_folder(attempt);
            if folder.is_file() { folder.parent().map(Path::to_owned).into_iter().collect() } else { live::folders(&folder) }
        });
        let streams = output.map(|(attempt, stage)| self.streams(attempt, *stage)).unwrap_or_default();
        let mut folders: Vec<PathBuf> = streams.iter().filter_map(|(_, path)| path.parent().map(Path::to_owned)).collect();
        folders.dedup();
        trails.chain(folders).collect()
    }
}

/// `trae_stdout.txt`, `openhands_stdout.txt`: the first file that ends so and holds something, else the first at all.
fn printed(folder: &Path, end: &str) -> PathBuf {
    let mut found: Vec<(bool, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(end)))
        .map(|entry| (entry.metadata().is_ok_and(|there| there.len() == 0), entry.path()))
        .collect();
    found.sort();
    found.into_iter().next().map_or_else(|| folder.join(format!("agent{end}")), |(_, path)| path)
}
