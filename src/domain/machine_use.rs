//! What the machine did while a stage ran: the energy of its GPUs, and what makes the numbers of an arm doubtful.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The machine in the time of a stage, from its telemetry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineUse {
    /// Energy of the GPUs in mJ; `None` where no power was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_mj: Option<u64>,
    /// The part of the time for which there are samples, in percent.
    pub covered_pct: u8,
    /// UUIDs of the GPUs that were there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<String>,
    /// What makes an arm's numbers doubtful; empty for other stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// What should be known and taints nothing: pids that nobody can resolve, a time without samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One reason to doubt an arm's numbers, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// What happened.
    pub kind: TaintKind,
    /// The evidence, in a sentence: `GPU 3: hw thermal for 41 s of 302 s (13.6 %)`.
    pub evidence: String,
    /// When it was first seen.
    pub from: Timestamp,
    /// When it was last seen.
    pub to: Timestamp,
}

/// What taints an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaintKind {
    /// Hardware or thermal slowdown or a power brake for over 1 % of the time. A plain power cap is normal.
    Slowdown,
    /// A process on the GPU that can be seen and is not ours.
    ForeignProcess,
    /// More than 500 MB of GPU memory were in use before the arm.
    MemoryInUse,
    /// The driver reported an error of the GPU.
    Xid,
    /// The GPU was lost.
    GpuLost,
    /// A disk was full.
    DiskFull,
    /// Somebody froze the arm.
    Frozen,
}

impl MachineUse {
    /// Both together: of two rounds of one arm.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.energy_mj = match (self.energy_mj, other.energy_mj) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        self.covered_pct = self.covered_pct.min(other.covered_pct);
        let new = |known: &[String], more: &[String]| more.iter().filter(|one| !known.contains(one)).cloned().collect::<Vec<_>>();
        self.gpus.extend(new(&self.gpus, &other.gpus));
        self.notes.extend(new(&self.notes, &other.notes));
        self.taints.extend(other.taints.iter().cloned());
        self
    }
}

impl TaintKind {
    /// In a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slowdown => "slowdown",
            Self::ForeignProcess => "foreign process",
            Self::MemoryInUse => "memory in use",
            Self::Xid => "xid",
            Self::GpuLost => "gpu lost",
            Self::DiskFull => "disk full",
            Self::Frozen => "frozen",
        }
    }
}
