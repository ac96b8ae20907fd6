//! The one writer of a ledger.
//!
//! A line is either whole or closed with a newline by the next append: a torn tail is never cut off, and never
//! swallows the fact that follows it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use super::{Entry, Fact, LedgerError, RunFolder, RunnerLock, regular};

/// Appends facts. Exists once a run, guarded by the lock it holds.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    next_seq: u64,
    torn: bool,
    die_after: Option<u64>,
    _lock: RunnerLock,
}

/// A line that a killed writer or a full disk left unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Writer {
    /// Opens the ledger, and closes a torn tail with a newline and reports it. Comes before the ledger is read: a line
    /// that lacks nothing but its newline is a fact, and then everybody sees it. Numbers begin at 1, or where
    /// [`Self::go_on_after`] says.
    pub fn open(folder: &RunFolder, lock: RunnerLock) -> Result<(Self, Option<TornTail>), LedgerError> {
        let path = folder.events();
        let mut file = regular::open(File::options().read(true).append(true).create(true).mode(0o600), &path)
            .map_err(LedgerError::io("open", &path))?;
        // the ledger is locked as well: a lock file that somebody removed must not let a second writer in
        take(&file, &path)?;
        let torn = torn_tail(&mut file).map_err(LedgerError::io("read", &path))?;
        if torn.is_some() {
            file.write_all(b"\n").map_err(LedgerError::io("append to", &path))?;
        }
        let die_after = std::env::var("ISOBENCH_DIE_AFTER").ok().and_then(|seq| seq.parse().ok());
        Ok((Self { file, path, next_seq: 1, torn: false, die_after, _lock: lock }, torn))
    }

    /// Goes on behind the last fact that was read.
    pub const fn go_on_after(&mut self, last_seq: u64) {
        self.next_seq = last_seq.saturating_add(1);
    }

    /// Appends one fact and hands it back as the readers will see it. After an error the fact is not on disk, and
    /// the same call may be made again.
    pub fn append(&mut self, at: Timestamp, up_ms: u64, fact: Fact) -> Result<Entry, LedgerError> {
        let seq = self.next_seq;
        let mut line = Entry::encode(seq, at, up_ms, &fact)
            .map_err(|error| LedgerError::Damaged { path: self.path.clone(), why: error.to_string() })?;
        if self.torn {
            line.insert(0, b'\n');
        }
        if self.file.metadata().is_ok_and(|ledger| ledger.nlink() == 0) {
            return Err(LedgerError::Damaged { path: self.path.clone(), why: "it was removed while the run went on".to_owned() });
        }
        if let Err(source) = self.file.write_all(&line) {
            // how much of the line arrived is unknown: close it before the next one
            self.torn = true;
            return Err(LedgerError::io("append to", &self.path)(source));
        }
        if fact.is_synced()
            && let Err(source) = self.file.sync_data()
        {
            // the line may or may not survive; the same seq is written again, and readers take the first they see
            self.torn = true;
            return Err(LedgerError::io("sync", &self.path)(source));
        }
        self.torn = false;
        self.next_seq = seq.saturating_add(1);
        if self.die_after == Some(seq) {
            let _ = kill_process(getpid(), Signal::KILL);
        }
        Ok(Entry { seq, at, up_ms, body: super::Body::Known(Box::new(fact)) })
    }
}

/// Locks the ledger. A killed writer's lock may live a moment longer, in a child of its between fork and exec.
fn take(file: &File, path: &Path) -> Result<(), LedgerError> {
    let patience = Instant::now() + Duration::from_millis(500);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(5)),
            Err(Errno::WOULDBLOCK) => return Err(LedgerError::Taken { path: path.to_owned() }),
            Err(errno) => return Err(LedgerError::io("lock", path)(errno.into())),
        }
    }
}

fn torn_tail(file: &mut File) -> io::Result<Option<TornTail>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut start = end;
    let mut block = [0_u8; 4096];
    while start > 0 {
        let from = start.saturating_sub(block.len() as u64);
        let want = usize::try_from(start - from).unwrap_or_default();
        file.seek(SeekFrom::Start(from))?;
        let part = block.get_mut(..want).unwrap_or_default();
        file.read_exact(part)?;
        if let Some(newline) = part.iter().rposition(|byte| *byte == b'\n') {
            start = from + newline as u64 + 1;
            break;
        }
        start = from;
    }
    Ok((start < end).then_some(TornTail { offset: start, bytes: end - start }))
}
