//! One sampler a folder.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::SamplerError;
use crate::ledger::regular;
use crate::telemetry::Files;

/// How long the one before may take to end: the runner that held its pipe may just have been killed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Held for the sampler's life.
#[derive(Debug)]
pub(super) struct SamplerLock {
    file: File,
}

impl SamplerLock {
    /// Takes the lock of a folder and writes our pid into it.
    pub(super) fn take(files: &Files) -> Result<Self, SamplerError> {
        let path = files.lock();
        let fails = |doing, source| SamplerError::File { doing, path: path.clone(), source };
        let mut file = regular::open(File::options().read(true).write(true).create(true).truncate(false).mode(0o600), &path)
            .map_err(|source| fails("open", source))?;
        let until = Instant::now() + PATIENCE;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if Instant::now() < until => sleep(Duration::from_millis(10)),
                Err(Errno::WOULDBLOCK) => return Err(SamplerError::Taken { folder: files.0.clone() }),
                Err(errno) => return Err(fails("lock", errno.into())),
            }
        }
        // for people; a full disk is no reason not to sample
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }

    /// Lets the next one in, also where our process does not get to its end.
    pub(super) fn release(self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
