//! The machine at one moment. Every field that was not read is missing: unknown is never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Driver, Throttle, Whose};

/// What never changes while nobody touches the machine: the header of a stretch of samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format: 1. A reader that knows only lower ones reads nothing of it.
    pub v: u32,
    /// Boot of the machine.
    pub boot: String,
    /// Pid of the sampler.
    pub pid: u32,
    /// Time between two samples in ms.
    pub interval_ms: u64,
    /// Processors.
    pub cores: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Whether the sampler runs in a container: then NVML's pids, which are the host's, resolve to nothing.
    #[serde(default)]
    pub in_container: bool,
    /// Version of NVIDIA's driver: `550.54.15`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<String>,
    /// The newest CUDA that it runs: `12.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cuda: Option<String>,
    /// The GPUs and their MIG instances, by key: `0`, and `0.1` for instance 1 on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gpus: BTreeMap<GpuKey, GpuFacts>,
}

/// A GPU or a MIG instance on one: by NVML's index, then the instance's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GpuKey {
    /// NVML's index of the GPU, as `nvidia-smi` shows it.
    pub gpu: u32,
    /// NVML's index of the MIG instance on it.
    pub mig: Option<u32>,
}

/// What of a GPU never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuFacts {
    /// `GPU-…`, or `MIG-…` of an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// `NVIDIA H100 80GB HBM3`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its place on the bus: `00000000:18:00.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// All its memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// From this temperature on it slows down, in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowdown_c: Option<u32>,
    /// At this temperature it turns itself off, in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown_c: Option<u32>,
    /// The highest clock of its multiprocessors in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sm_mhz: Option<u32>,
    /// The highest clock of its memory in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_mem_mhz: Option<u32>,
    /// Whether the driver keeps it initialised when nobody uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistence: Option<bool>,
    /// Whether it is split into MIG instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mig: Option<bool>,
    /// Whether its memory is checked for errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecc: Option<bool>,
    /// Generation and lanes of its PCIe link at most: `[5, 16]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pcie: Option<[u32; 2]>,
    /// Why a reading is not to be had, by its field: it never comes. What fails once is just missing in that sample.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lacks: BTreeMap<String, Lack>,
}

/// Why a GPU never gives a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// The GPU has no such thing.
    NotSupported,
    /// The driver is too old for the question.
    OldDriver,
    /// We may not know.
    Forbidden,
}

/// The machine at one moment. A line holds what changed since the last one, as a JSON Merge Patch (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// How NVIDIA's driver answers.
    #[serde(default)]
    pub driver: Driver,
    /// Since when a question to the driver has no answer, in ms of Unix time; what stands in `gpus` is from before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<i64>,
    /// The GPUs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gpus: BTreeMap<GpuKey, GpuReading>,
    /// Processes on the GPUs, by pid.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub processes: BTreeMap<u32, GpuProcess>,
    /// The machine itself.
    #[serde(default)]
    pub host: HostReading,
    /// File systems, by the folder by which they were asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<String, DiskReading>,
    /// Containers and stages at work, by a name of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupReading>,
}

/// A GPU, or a MIG instance, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuReading {
    /// It fell off the bus: all else is from before then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// The part of the driver's last 1/6 to 1 s in which a kernel ran, in percent: not how full the GPU was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub util: Option<u32>,
    /// The part in which its memory was read or written, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_util: Option<u32>,
    /// Memory in use in bytes, without what the driver keeps for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Power in mW; on Ampere and newer the average of a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_mw: Option<u32>,
    /// The limit that holds now, in mW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_mw: Option<u32>,
    /// Energy since the driver was loaded in mJ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_mj: Option<u64>,
    /// Temperature in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp: Option<u32>,
    /// Fan in percent of its highest speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan: Option<u32>,
    /// Clock of the multiprocessors in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_mhz: Option<u32>,
    /// Clock of the memory in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_mhz: Option<u32>,
    /// Performance state: 0 is the fastest, 15 the slowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pstate: Option<u8>,
    /// Why its clocks are lower than they could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// Errors of its memory that were corrected, since the driver was loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecc_corrected: Option<u64>,
    /// Those that were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecc_uncorrected: Option<u64>,
    /// Generation and lanes of its PCIe link now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pcie: Option<[u32; 2]>,
    /// Bytes a second that it sends over PCIe; read seldom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx: Option<u64>,
    /// Bytes a second that it receives over PCIe; read seldom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx: Option<u64>,
}

/// A process on GPUs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuProcess {
    /// Its name, where its pid means something here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its user, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub whose: Whose,
    /// The GPUs that it is on, with its memory there in bytes; `null` where the driver does not say how much.
    pub on: BTreeMap<GpuKey, ProcessMemory>,
}

/// Memory of a process on one GPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessMemory {
    /// Bytes; missing where the driver does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The part of the multiprocessors' time in percent, where the driver tells it by process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm: Option<u32>,
}

/// Processors and memory of the machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostReading {
    /// Processor time in percent of all processors, in tenths: 1000 is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory in use in bytes: what programs could not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Swap in use in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap: Option<u64>,
    /// Time in which something waited for a processor, memory, a disk: percent of the last 10 s, in tenths (`/proc/pressure`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<[u32; 3]>,
}

/// A file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskReading {
    /// Bytes that we may still write.
    pub free: u64,
    /// All its bytes.
    pub total: u64,
    /// Files that can still be made; missing where the file system counts none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// A container, or a stage outside Docker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupReading {
    /// Whose it is.
    #[serde(default)]
    pub whose: Whose,
    /// Processor time in percent of one processor, in tenths: 1000 is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
}

/// Something that the driver reported at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Xid {
    /// The GPU.
    pub gpu: u32,
    /// NVIDIA's number of the error: 79 is a GPU that fell off the bus.
    pub code: u64,
}

impl std::fmt::Display for GpuKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.mig {
            None => write!(f, "{}", self.gpu),
            Some(mig) => write!(f, "{}.{mig}", self.gpu),
        }
    }
}

impl std::str::FromStr for GpuKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            None => Ok(Self { gpu: text.parse()?, mig: None }),
            Some((gpu, mig)) => Ok(Self { gpu: gpu.parse()?, mig: Some(mig.parse()?) }),
        }
    }
}

impl Serialize for GpuKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GpuKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
