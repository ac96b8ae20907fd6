//! One lock a GPU for the whole host: an arm holds those of its GPUs, so that two runs, or two users, do not spoil each
//! other's numbers.
//!
//! A lock is a file named by the GPU's UUID, in a folder that everybody may write to. The stage's keeper holds it by flock,
//! and the kernel takes it back when the keeper ends, however that ends. What stands in the file says for people who has it.
//! The files are never removed: a lock on a file without a name would be nobody's.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{clock, environment, user};
use crate::text::clean;

/// The variable that names another folder.
pub const FOLDER: &str = "ISOBENCH_TUI_GPU_LOCKS";

/// More than this is no holder of ours, in bytes.
const LARGEST: u64 = 4096;

/// A GPU, or a MIG instance, that an arm uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// `GPU-…`, or `MIG-…` of an instance.
    pub uuid: String,
    /// What people call it: `GPU 0`.
    pub name: String,
}

/// Who has a lock, as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The login name.
    pub user: String,
    /// The run's id.
    pub run: String,
    /// The item, with its attempt: `vllm_core-0003.1`.
    pub item: String,
    /// The stage.
    pub stage: String,
    /// Pid of the keeper.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// The boot in which that pid means something.
    pub boot: String,
}

/// Locks that are ours while this lives.
#[derive(Debug, Default)]
pub struct Locks(Vec<File>);

/// A lock that somebody else has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Of which GPU.
    pub gpu: String,
    /// Who, where the file says so.
    pub holder: Option<Holder>,
}

/// What became of an attempt to take locks.
#[derive(Debug)]
pub enum Taken {
    /// All are ours, but those that can't be had at all.
    Ours(Locks),
    /// Somebody has one of them, and none is ours.
    Held(Held),
}

/// Why the locks can't be used: arms then run without.
#[derive(Debug, thiserror::Error)]
#[error("the lock of {gpu} can't be used: {path}: {source}; another run may measure on it at the same time")]
pub struct LockError {
    gpu: String,
    path: PathBuf,
    source: io::Error,
}

/// The folder of the locks: the same one for everybody on this host, whoever asks.
pub fn folder() -> PathBuf {
    if let Some(named) = environment::variable(FOLDER) {
        return PathBuf::from(named);
    }
    // where only root may write there, root too takes the other one: else its locks would be none to the others
    let all_may_write = |folder: &Path| fs::metadata(folder).is_ok_and(|there| there.is_dir() && there.mode() & 0o002 != 0);
    let usual = Path::new("/run/lock/isobench-tui");
    if all_may_write(usual) || all_may_write(Path::new("/run/lock")) { usual.to_owned() } else { PathBuf::from("/tmp/isobench-tui-locks") }
}

impl Holder {
    /// This process, on behalf of a stage with this tag: `<run>/<item>.<n>/<stage>`.
    pub fn of_stage(tag: &str) -> Self {
        let mut parts = tag.rsplitn(3, '/').map(str::to_owned);
        let (stage, item, run) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { user: user::ours(), run, item, stage, pid: std::process::id(), since: clock::now(), boot: clock::boot_id() }
    }
}

impl Held {
    /// `GPU 0 is held by ann: run 2026-…, candidate of vllm_core-0003, since 12:03`
    pub fn says(&self) -> String {
        let Some(holder) = &self.holder else { return format!("{} is held by a process that does not say who it is", self.gpu) };
        let zone = TimeZone::system();
        let (since, now) = (holder.since.to_zoned(zone.clone()), clock::now().to_zoned(zone));
        let form = if since.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        // the number of the attempt is nothing to anybody else
        let item = holder.item.rsplit_once('.').map_or(holder.item.as_str(), |(item, _)| item);
        let says = format!(
            "{} is held by {}: run {}, {} of {item}, since {}",
            self.gpu,
            holder.user,
            holder.run,
            holder.stage,
            since.strftime(form)
        );
        // somebody else wrote it
        clean::line(&says)
    }
}

impl Locks {
    /// Takes the locks of all these GPUs, or of none. Never waits. A lock that can't be used is left out, and told.
    pub fn take(folder: &Path, gpus: &[Gpu], holder: &Holder) -> (Taken, Vec<LockError>) {
        let (taken, errors) = flocked(folder, gpus, FlockOperation::NonBlockingLockExclusive);
        if let Taken::Ours(locks) = &taken {
            let text = serde_json::to_vec(holder).unwrap_or_default();
            for mut file in &locks.0 {
                // read-only where another user's file lets us only lock it; a full disk keeps nobody from the lock
                let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
            }
        }
        (taken, errors)
    }

    /// Whether somebody has one of these locks now. Takes none.
    pub fn held(folder: &Path, gpus: &[Gpu]) -> (Option<Held>, Vec<LockError>) {
        // shared: two who look at the same moment don't see each other
        let (taken, errors) = flocked(folder, gpus, FlockOperation::NonBlockingLockShared);
        let held = match taken {
            // let go without a word: what stands in the files is not ours
            Taken::Ours(mut locks) => {
                locks.0.clear();
                None
            }
            Taken::Held(held) => Some(held),
        };
        (held, errors)
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        for file in &self.0 {
            // whoever finds it locked next finds no older name in it
            let _ = file.set_len(0);
        }
    }
}

fn flocked(folder: &Path, gpus: &[Gpu], operation: FlockOperation) -> (Taken, Vec<LockError>) {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for gpu in gpus {
        let path = folder.join(&gpu.uuid);
        let failed = |source| LockError { gpu: gpu.name.clone(), path: path.clone(), source };
        let mut file = match open(folder, &path, &gpu.uuid) {
            Ok(file) => file,
            Err(source) => {
                errors.push(failed(source));
                continue;
            }
        };
        match flock(&file, operation) {
            Ok(()) => files.push(file),
            Err(Errno::WOULDBLOCK) => return (Taken::Held(Held { gpu: gpu.name.clone(), holder: holder(&mut file) }), errors),
            Err(errno) => errors.push(failed(errno.into())),
        }
    }
    (Taken::Ours(Locks(files)), errors)
}

fn holder(file: &mut File) -> Option<Holder> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(LARGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Opens a lock's file, for everybody to use where it is new.
fn open(folder: &Path, path: &Path, uuid: &str) -> io::Result<File> {
    if uuid.is_empty() || !uuid.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        return Err(io::Error::other(format!("'{uuid}' is no UUID")));
    }
    make(folder)?;
    // a pipe in its place must not hold us up, and a link must not lead us to somebody's file
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let there = |write: bool| File::options().read(true).write(write).custom_flags(flags).open(path);
    // without O_CREAT first: in a folder like /tmp the system refuses that for another user's file (fs.protected_regular)
    let opened = match there(true) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match File::options().read(true).write(true).create_new(true).mode(0o666).custom_flags(flags).open(path) {
                Ok(new) => new.set_permissions(Permissions::from_mode(0o666)).map(|()| new),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => there(true),
                Err(error) => Err(error),
            }
        }
        opened => opened,
    };
    let file = match opened {
        // it can be locked all the same
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => there(false)?,
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// Makes the folder, where it is missing, for everybody; files in it can be removed by their owners only.
fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o1777)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let there = fs::symlink_metadata(folder)?;
            if there.is_dir() { Ok(()) } else { Err(io::Error::other("its folder is a link or a file")) }
        }
        Err(error) => Err(error),
    }
}
