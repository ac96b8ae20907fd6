//! NVIDIA's library, read by the sampler alone.
//!
//! Three threads ask it, so that a question that never comes back holds up nothing but its own kind: one for what is read each
//! second, one for the traffic on PCIe, which the driver counts while the caller waits, and one that waits for errors (Xid).

mod driver;
mod gpu;
mod lacks;
mod pcie;
mod processes;
mod sane;
mod session;
mod xids;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::Driver;
use crate::host::clock;
use crate::telemetry::{GpuFacts, GpuKey, GpuReading, ProcessMemory, Xid};

/// The variable that names another library than `libnvidia-ml.so.1`.
pub const LIBRARY: &str = "ISOBENCH_TUI_NVML";

/// The library as the system finds it.
const USUAL: &str = "libnvidia-ml.so.1";

/// So often a driver that is not here is looked for: one may be loaded while we run.
const AGAIN: Duration = Duration::from_secs(10);

/// An answer that took longer has values in it that are of no moment: it is asked anew.
const STALE: Duration = Duration::from_secs(2);

/// Errors of GPUs that nobody took yet; more are not kept.
const KEPT_XIDS: usize = 256;

/// What the driver said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looked {
    /// How it answers.
    pub driver: Driver,
    /// Its version.
    pub driver_version: Option<String>,
    /// The newest CUDA that it runs.
    pub cuda: Option<String>,
    /// What never changes of the GPUs.
    pub facts: BTreeMap<GpuKey, GpuFacts>,
    /// What they do.
    pub gpus: BTreeMap<GpuKey, GpuReading>,
    /// Processes by pid, and the GPUs that each is on.
    pub processes: BTreeMap<u32, BTreeMap<GpuKey, ProcessMemory>>,
}

/// A question without an answer yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// When it was asked, in ms of Unix time.
    at: i64,
    /// The same, by a clock that does not jump.
    since: Instant,
}

/// Threads that ask the driver. A question without an answer leaves the rest of the process alive.
#[derive(Debug)]
pub struct Nvml {
    questions: SyncSender<()>,
    answers: Receiver<Looked>,
    xids: Receiver<Xid>,
    open: Option<Open>,
    last: Looked,
}

impl Nvml {
    /// Starts them. The library: this one, else [`LIBRARY`], else `libnvidia-ml.so.1` as the system finds it.
    pub fn start(library: Option<PathBuf>) -> Self {
        let library = library
            .map(OsString::from)
            .or_else(|| std::env::var_os(LIBRARY))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| USUAL.into());
        let (questions, asked) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let (tell, xids) = sync_channel(KEPT_XIDS);
        // it ends with us: its questions end. A thread that can't be started is told as one that ended
        let _ = thread::Builder::new().name("nvml".to_owned()).spawn(move || answer_questions(&library, &asked, &answer, &tell));
        Self { questions, answers, xids, open: None, last: Looked::default() }
    }

    /// Asks, and waits for the answer for so long. Returns the newest answer; `Some`: since when (in ms of Unix time) a question
    /// has none, with the newest answer from before.
    pub fn look(&mut self, patience: Duration) -> (Option<i64>, Looked) {
        let until = Instant::now() + patience;
        loop {
            let open = self.open.unwrap_or_else(|| self.ask());
            match self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(answer) => {
                    self.last = answer;
                    self.open = None;
                    if open.since.elapsed() < STALE {
                        return (None, self.last.clone());
                    }
                }
                Err(RecvTimeoutError::Timeout) => return (Some(open.at), self.last.clone()),
                Err(RecvTimeoutError::Disconnected) => {
                    self.last =
                        Looked { driver: Driver::Broken { says: "our own thread that asks it ended".to_owned() }, ..Looked::default() };
                    return (None, self.last.clone());
                }
            }
        }
    }

    fn ask(&mut self) -> Open {
        // where nobody takes it any more, no answer comes either
        let _ = self.questions.try_send(());
        *self.open.insert(Open { at: clock::now().as_millisecond(), since: Instant::now() })
    }

    /// What the driver reported since the last call.
    pub fn xids(&mut self) -> Vec<Xid> {
        self.xids.try_iter().collect()
    }
}

/// The thread that asks.
fn answer_questions(library: &OsStr, asked: &Receiver<()>, answer: &SyncSender<Looked>, xids: &SyncSender<Xid>) {
    if asked.recv().is_err() {
        return;
    }
    // here a question is open
    loop {
        let driver = match driver::open(library) {
            Ok(nvml) => session::answer(&nvml, asked, answer, xids),
            Err(driver) => driver,
        };
        let looked = Looked { driver, ..Looked::default() };
        let tried = Instant::now();
        while tried.elapsed() < AGAIN {
            if answer.send(looked.clone()).is_err() || asked.recv().is_err() {
                return;
            }
        }
    }
}
