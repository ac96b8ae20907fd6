//! What runner and keeper tell each other: a stage's folder, its files, and the lock that says who may write its end.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::open_regular;
use super::gpu_lock::Gpu;
use super::process::Identity;
use crate::domain::ChildEnd;

/// Why a file of a stage could not be read or written.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system refused.
    #[error("{operation} {path}: {source}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path} can't be understood: {source}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl FolderError {
    /// Says which operation on which file failed.
    pub(super) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }

    /// Whether a file or folder was missing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// `spec.json`: what a keeper is to do, written by the runner before it starts one. It holds no secrets: those travel
/// in the keeper's own environment, which the commands inherit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Unique to this stage of this attempt of this run; every process of the stage carries it.
    pub tag: String,
    /// Run one after another; the first that does not go well ends the stage.
    pub commands: Vec<Command>,
    /// Time for all commands together, frozen time not counted, in ms; `None` for as long as it takes.
    #[serde(default)]
    pub budget_ms: Option<u64>,
    /// Time between asking the tree to end and killing it, in ms.
    pub grace_ms: u64,
    /// How readily the kernel picks the commands when memory runs out, -1000 to 1000; `None` leaves it as it is.
    #[serde(default)]
    pub oom_score_adj: Option<i32>,
    /// Whether the command freezes and thaws what it does by itself when it gets USR1 and USR2, as one does whose work lies in a
    /// container; else the whole tree is stopped.
    #[serde(default)]
    pub pauses_itself: bool,
    /// The GPUs that are to be its alone while it runs; it waits for them, and that does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<Gpu>,
}

/// One command of a stage. Relative files are meant from the stage's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments; a program without a slash is looked up in `PATH`.
    pub argv: Vec<String>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Added to the keeper's environment.
    #[serde(default)]
    pub env: Vec<(String, String)>,
    /// What it reads; nothing when `None`.
    #[serde(default)]
    pub stdin: Option<PathBuf>,
    /// A file that holds what this command alone prints; appended to `out` when `None`.
    #[serde(default)]
    pub stdout: Option<PathBuf>,
    /// Exit codes after which the stage goes on as after 0.
    #[serde(default)]
    pub allow_codes: Vec<i32>,
}

/// `keeper.json`: who keeps the stage, and whether it is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeeperState {
    /// The keeper.
    #[serde(flatten)]
    pub id: Identity,
    /// The boot in which that pid means something.
    pub boot: String,
    /// Whether every process of the stage is stopped.
    pub frozen: bool,
    /// Time frozen up to the last change of `frozen`, in ms.
    pub frozen_ms: u64,
    /// Who holds one of its GPUs, in a sentence, while its first command waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

/// The folder of one stage of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFolder {
    path: PathBuf,
}

/// The right to write the stage's end; given back by the kernel when its holder ends, however it ends.
#[derive(Debug)]
pub struct StageLock {
    _file: File,
}

impl StageFolder {
    /// A stage's folder by its path.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, and those above it, readable for us alone.
    pub fn create(&self) -> Result<(), FolderError> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(FolderError::io("create", &self.path))
    }

    /// What the commands print.
    pub fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// What the commands complain about.
    pub fn err(&self) -> PathBuf {
        self.path.join("err")
    }

    /// Waits for the lock, as long as it takes.
    pub fn lock(&self) -> Result<StageLock, FolderError> {
        let (path, file) = self.open_lock()?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(StageLock { _file: file }),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(FolderError::io("lock", &path)(errno.into())),
            }
        }
    }

    /// Takes the lock; `None` when another process has it.
    pub fn try_lock(&self) -> Result<Option<StageLock>, FolderError> {
        let (path, file) = self.open_lock()?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(StageLock { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(FolderError::io("lock", &path)(errno.into())),
        }
    }

    /// What the keeper is to do; `None` when no keeper was ever launched.
    pub fn spec(&self) -> Result<Option<Spec>, FolderError> {
        read_json(&self.path.join("spec.json"))
    }

    /// Writes what the keeper is to do.
    pub fn write_spec(&self, spec: &Spec) -> Result<(), FolderError> {
        write_json(&self.path.join("spec.json"), spec, Durable::No)
    }

    /// Who keeps the stage; `None` before it said so.
    pub fn keeper(&self) -> Result<Option<KeeperState>, FolderError> {
        read_json(&self.path.join("keeper.json"))
    }

    /// Says who keeps the stage.
    pub fn write_keeper(&self, state: &KeeperState) -> Result<(), FolderError> {
        write_json(&self.path.join("keeper.json"), state, Durable::No)
    }

    /// How the stage ended; `None` while it did not.
    pub fn end(&self) -> Result<Option<ChildEnd>, FolderError> {
        read_json(&self.path.join("exit.json"))
    }

    /// Whether the stage has an end, readable or not.
    pub fn has_end(&self) -> bool {
        self.path.join("exit.json").exists()
    }

    /// Writes the stage's end so that it survives a power cut. The lock shows that it is the caller's to write.
    pub fn write_end(&self, end: &ChildEnd, _lock: &StageLock) -> Result<(), FolderError> {
        write_json(&self.path.join("exit.json"), end, Durable::Yes)
    }

    fn open_lock(&self) -> Result<(PathBuf, File), FolderError> {
        let path = self.path.join("lock");
        let file = open_output(File::options().write(true), &path).map_err(FolderError::io("open", &path))?;
        Ok((path, file))
    }
}

/// Opens a file that we write, and makes it readable for us alone when it is new.
pub(super) fn open_output(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.create(true).mode(0o600).open(path)
}

/// Whether a file is on the disk before it gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durable {
    /// A crash of the machine may lose it.
    No,
    /// It is synced first.
    Yes,
}

/// Writes beside the file, then renames: a reader sees the old text or the new one.
fn write_json(path: &Path, value: &impl Serialize, durable: Durable) -> Result<(), FolderError> {
    let text = serde_json::to_vec(value).map_err(|source| FolderError::Malformed { path: path.to_owned(), source })?;
    let aside = path.with_extension("json.new");
    let written = open_output(File::options().write(true).truncate(true), &aside).and_then(|mut file| {
        file.write_all(&text)?;
        match durable {
            Durable::Yes => file.sync_all(),
            Durable::No => Ok(()),
        }
    });
    written.map_err(FolderError::io("write", &aside))?;
    fs::rename(&aside, path).map_err(FolderError::io("rename to", path))
}

/// A larger file is none of ours, in bytes: what is cut off there makes no sense.
const LARGEST: u64 = 64 << 20;

/// Reads a file that may not be there.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    // an agent can reach these: a pipe in the place of one is as good as none
    let Some((file, _)) = open_regular(path).map_err(FolderError::io("read", path))? else { return Ok(None) };
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(FolderError::io("read", path))?;
    serde_json::from_slice(&text).map(Some).map_err(|source| FolderError::Malformed { path: path.to_owned(), source })
}
