//! The sampler: a process of its own that looks at GPUs, disks, containers and stages, and writes what it sees. It alone loads
//! NVIDIA's library: a driver that hangs takes nobody along.

mod clock;
mod disks;
mod groups;
mod host;
mod keep;
mod lock;
mod look;
pub mod nvml;
mod record;
pub mod start;
pub mod whose;
mod write;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use self::clock::Moment;
use self::lock::SamplerLock;
use self::look::Eyes;
use self::record::Record;
use crate::host::detach;
use crate::telemetry::Files;
use crate::telemetry::line::Encoder;

/// How long a sample waits for the driver. One that comes later is in the next sample.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long the one look of `--once` waits for it: a driver that has to wake GPUs up takes its time.
const PATIENCE_ONCE: Duration = Duration::from_secs(4);

/// How long it waits for the Docker engine to say whose the processes are.
const PATIENCE_NAMES: Duration = Duration::from_secs(1);
/// `sample-machine FOLDER`, or `sample-machine --once`
#[derive(Debug, clap::Args)]
pub struct SampleMachine {
    /// The folder that it writes telemetry into, until its stdin closes
    #[arg(required_unless_present = "once")]
    folder: Option<PathBuf>,
    /// Look once, print header and sample as two lines, and end
    #[arg(long, conflicts_with = "folder")]
    once: bool,
    /// Look at the disk of this folder as well
    #[arg(long, value_name = "FOLDER", conflicts_with = "once")]
    disk: Vec<PathBuf>,
}

/// What keeps the sampler from its job.
#[derive(Debug, thiserror::Error)]
pub enum SamplerError {
    /// Its files.
    #[error("can't {doing} {path}: {source}")]
    File {
        /// The verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another one writes there.
    #[error("another sampler writes in {folder}")]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
}

impl SampleMachine {
    /// Samples until whoever started it is gone.
    pub fn run(self) -> Result<(), SamplerError> {
        match self.folder {
            Some(folder) => sample(&folder, &self.disk),
            None => once(),
        }
    }
}

/// Prints what one look sees.
fn once() -> Result<(), SamplerError> {
    let mut eyes = Eyes::open(&[]);
    let mut seen = eyes.look(PATIENCE_ONCE);
    if !seen.sample.processes.is_empty() && seen.sample.silent_since.is_none() {
        eyes.wait_for_names(PATIENCE_NAMES);
        let xids = seen.xids;
        seen = eyes.look(PATIENCE_ONCE);
        seen.xids.splice(0..0, xids);
    }
    let at = Moment::now().at;
    let mut encoder = Encoder::default();
    let lines = encoder.header(at, &seen.header).and_then(|header| Ok([header, encoder.sample(at, &seen.sample, &seen.xids)?]));
    let print = |[header, sample]: [String; 2]| {
        let mut out = io::stdout().lock();
        writeln!(out, "{header}\n{sample}").and_then(|()| out.flush())
    };
    let printed = lines.map_err(io::Error::from).and_then(print);
    if seen.sample.silent_since.is_some() {
        leave_soon();
    }
    printed.map_err(|source| SamplerError::File { doing: "write to", path: PathBuf::from("stdout"), source })
}

/// Samples into a folder until stdin closes.
fn sample(folder: &Path, disks: &[PathBuf]) -> Result<(), SamplerError> {
    // what a terminal sends to its processes is not meant for us
    detach::own_session();
    let files = Files::of(folder);
    let lock = SamplerLock::take(&files)?;
    let mut record = Record::open(&files)?;
    let mut eyes = Eyes::open(disks);
    // the second sample may come soon after the first one: later, a column would stay empty
    let mut wait: fn(Moment) -> Duration = Moment::to_whole;
    loop {
        let now = Moment::now();
        let seen = eyes.look(PATIENCE);
        record.add(now, &seen);
        if is_closed_within(std::mem::replace(&mut wait, Moment::to_next)(Moment::now())) {
            record.close();
            // a thread that waits for the driver keeps our files open for as long as the kernel keeps the thread
            lock.release();
            if seen.sample.silent_since.is_some() {
                leave_soon();
            }
            return Ok(());
        }
    }
}

/// Waits until stdin closes (true), or so long (false). What somebody writes into it is read and means nothing.
fn is_closed_within(time: Duration) -> bool {
    let stdin = io::stdin();
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut ask = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut ask, Timespec::try_from(left).ok().as_ref()) {
            Ok(0) => return false,
            Ok(_) => match rustix::io::read(&stdin, &mut [0_u8; 512]) {
                Ok(0) => return true,
                Ok(_) | Err(Errno::INTR) => {}
                // a closed stdin or a folder in its place: nobody holds it
                Err(_) => return true,
            },
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// Ends this process in a second, should it not have ended by itself: a library with a call that hangs may have an exit handler
/// that waits for it.
fn leave_soon() {
    let end = || {
        thread::sleep(Duration::from_secs(1));
        let _ = kill_process(getpid(), Signal::KILL);
    };
    let _ = thread::Builder::new().name("end".to_owned()).spawn(end);
}
