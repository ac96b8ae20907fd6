//! NVIDIA's library, read by the sampler alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Driver;
use crate::telemetry::{GpuFacts, GpuKey, GpuReading, ProcessMemory, Xid};

/// The variable that names another library than `libnvidia-ml.so.1`.
pub const LIBRARY: &str = "ISOBENCH_TUI_NVML";

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

/// Threads that ask the driver. A question without an answer leaves the rest of the process alive.
#[derive(Debug)]
pub struct Nvml {}

impl Nvml {
    /// Starts them. The library: [`LIBRARY`], else `libnvidia-ml.so.1` as the system finds it.
    pub fn start(_library: Option<PathBuf>) -> Self {
        Self {}
    }

    /// Asks, and waits for the answer for so long. Returns the newest answer; `Err`: since when (in ms of Unix time) a question
    /// has none, with the newest answer from before.
    pub fn look(&mut self, _patience: Duration) -> (Option<i64>, Looked) {
        (None, Looked { driver: Driver::Absent, ..Looked::default() })
    }

    /// What the driver reported since the last call.
    pub fn xids(&mut self) -> Vec<Xid> {
        Vec::new()
    }
}
