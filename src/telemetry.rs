//! What the sampler writes of the machine, and how it is read: one line a second, roll-ups of 10 and 60 s beside it.
//!
//! Only the sampler's process (`sampler`) asks the driver. Everybody else, runner and screens, reads these files.

pub mod brief;
pub mod chart;
pub mod curves;
pub mod energy;
pub mod files;
pub mod line;
mod lines;
pub mod read;
pub mod rollup;
pub mod sample;
pub mod taint;
pub mod users;

pub use chart::{Chart, Latest, Window};
pub use curves::Curves;
pub use energy::Energy;
pub use files::Files;
pub use rollup::{Bucket, GpuBucket, Span};
pub use sample::{
    DiskReading, GpuFacts, GpuKey, GpuProcess, GpuReading, GroupReading, Header, HostReading, Lack, ProcessMemory, Sample, Xid,
};
