//! Samples of 10 or 60 s as one line: what charts of hours read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sample::{GpuKey, Sample, Xid};
use crate::domain::Throttle;

/// Smallest, mean and largest value: `[least, mean, most]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub [f32; 3]);

/// The machine in a stretch of time. A stretch without any sample has no line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its beginning in ms of Unix time: a multiple of its length.
    pub t: i64,
    /// How many samples it is made of.
    pub n: u32,
    /// The GPUs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gpus: BTreeMap<GpuKey, GpuBucket>,
    /// Processor time of the machine in percent of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Span>,
    /// Memory of the machine in use in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Span>,
    /// What the driver reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xid: Vec<Xid>,
    /// For how long of it the driver did not answer, in ms.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub silent_ms: u32,
}

/// A GPU in a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuBucket {
    /// Utilisation in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub util: Option<Span>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Span>,
    /// Power in W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Span>,
    /// Temperature in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp: Option<Span>,
    /// Clock of the multiprocessors in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_mhz: Option<Span>,
    /// Energy in mJ: by the GPU's own counter, else power by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_mj: Option<u64>,
    /// For how long each throttle reason held, in ms, by its bit; idle is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub throttle_ms: BTreeMap<u64, u32>,
    /// It was lost in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(ms: &u32) -> bool {
    *ms == 0
}

impl GpuBucket {
    /// The reasons that held at all.
    pub fn throttle(&self) -> Throttle {
        Throttle(self.throttle_ms.keys().fold(0, |all, bit| all | bit))
    }
}

/// Makes buckets of samples.
#[derive(Debug)]
pub struct Builder {
    /// Their length in ms.
    length_ms: i64,
    open: Option<Bucket>,
}

impl Builder {
    /// For buckets of this length in ms.
    pub const fn new(length_ms: i64) -> Self {
        Self { length_ms, open: None }
    }

    /// Takes a sample; returns the bucket that it ended.
    pub fn add(&mut self, t: i64, sample: &Sample, xid: &[Xid]) -> Option<Bucket> {
        let _ = (t, sample, xid, self.length_ms);
        self.open.take()
    }

    /// The bucket that is not full yet.
    pub const fn open(&self) -> Option<&Bucket> {
        self.open.as_ref()
    }
}
