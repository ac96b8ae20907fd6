//! The runner's lock: a run has one writer, and a killed writer's lock is gone with it.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{LedgerError, RunFolder, regular};

/// Held for the runner's whole life; released by the kernel when the process ends, however it ends.
#[derive(Debug)]
pub struct RunnerLock {
    _file: File,
}

/// What became of an attempt to take the lock.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Ours(RunnerLock),
    /// Another runner has it.
    Held {
        /// Its pid, as it wrote it; `None` in the instant before it did.
        pid: Option<u32>,
    },
}

impl RunnerLock {
    /// Takes the lock and writes our pid into it, or says who has it.
    pub fn take(folder: &RunFolder) -> Result<Taken, LedgerError> {
        let path = folder.lock();
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = regular::open(&mut options, &path).map_err(LedgerError::io("open", &path))?;
        match patiently(&mut file, FlockOperation::NonBlockingLockExclusive, &|_| false) {
            Ok(()) => {}
            Err((Errno::WOULDBLOCK, pid)) => return Ok(Taken::Held { pid }),
            Err((errno, _)) => return Err(LedgerError::io("lock", &path)(errno.into())),
        }
        // a full disk must not keep a runner from taking over: the pid is for people, the flock is the lock
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        Ok(Taken::Ours(Self { _file: file }))
    }

    /// Pid of the runner that holds the lock now; `None` when nobody does.
    pub fn holder(folder: &RunFolder) -> Option<u32> {
        let mut file = regular::open(File::options().read(true), &folder.lock()).ok()?;
        match patiently(&mut file, FlockOperation::NonBlockingLockShared, &lives) {
            Err((Errno::WOULDBLOCK, pid)) => Some(pid.unwrap_or_default()),
            _ => None,
        }
    }
}

/// A killed runner's lock may live a moment longer, in a child of its between fork and exec: where the pid in the file
/// is gone, that moment is waited out. A pid that stays away while the lock stays lives in another pid namespace.
/// Whoever takes the lock waits in any case: who only looks holds it for an instant as well, while the file names the
/// process that made the run and may still live. `sure` says of which pid the answer is taken at once.
fn patiently(file: &mut File, operation: FlockOperation, sure: &dyn Fn(u32) -> bool) -> Result<(), (Errno, Option<u32>)> {
    let patience = Instant::now() + Duration::from_millis(500);
    loop {
        match flock(&*file, operation) {
            Err(Errno::WOULDBLOCK) => {
                let pid = read_pid(file);
                if pid.is_some_and(sure) || Instant::now() >= patience {
                    return Err((Errno::WOULDBLOCK, pid));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other.map_err(|errno| (errno, None)),
        }
    }
}

fn lives(pid: u32) -> bool {
    // a zombie holds no lock
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn read_pid(file: &mut File) -> Option<u32> {
    const LONGEST_PID: u64 = 32;
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LONGEST_PID).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
