//! Processes on a GPU or on an instance of one: CUDA's, those of its multi-process service, and what draws.

use std::collections::BTreeMap;

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;

use super::lacks::Lacks;
use super::sane::{self, sane};
use crate::host::clock;
use crate::telemetry::ProcessMemory;

/// The first question about shares of time goes so far back, in µs: what the driver keeps from before is of another time.
const LATELY: u64 = 1_000_000;

/// Asks for the processes of one GPU. What they use of its time the driver tells since a moment.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// The newest share that was told, in µs of Unix time.
    told: Option<u64>,
}

impl Processes {
    /// Those that are on it. `most`: the GPU's memory, where known.
    pub(super) fn read(&mut self, device: &Device<'_>, lacks: &mut Lacks, most: Option<u64>) -> BTreeMap<u32, ProcessMemory> {
        let mut found = BTreeMap::new();
        let lists = [
            lacks.ask("processes", || device.running_compute_processes()),
            lacks.ask("mps_processes", || device.mps_running_compute_processes()),
            lacks.ask("graphics_processes", || device.running_graphics_processes()),
        ];
        for list in lists.into_iter().flatten().filter(|list| is_sane(list)) {
            for process in list {
                let bytes = bytes(&process, most);
                // who computes and draws is in two lists, with the same memory in both
                let known: &mut ProcessMemory = found.entry(process.pid).or_default();
                known.bytes = known.bytes.max(bytes);
            }
        }
        if !found.is_empty() {
            self.shares(device, lacks, &mut found);
        }
        found
    }

    /// Adds what each had of the GPU's time since the last look; of one that is not told it stays unknown.
    fn shares(&mut self, device: &Device<'_>, lacks: &mut Lacks, found: &mut BTreeMap<u32, ProcessMemory>) {
        let since = self.told.unwrap_or_else(|| u64::try_from(clock::now().as_microsecond()).unwrap_or_default().saturating_sub(LATELY));
        let mut samples = lacks.ask("sm", || device.process_utilization_stats(since)).unwrap_or_default();
        samples.sort_by_key(|sample| sample.timestamp);
        for sample in samples {
            self.told = self.told.max(Some(sample.timestamp));
            if let Some(process) = found.get_mut(&sample.pid) {
                process.sm = sane(sample.sm_util, sane::PERCENT);
            }
        }
    }
}

/// One pid that can be none means that nothing in the list is what we think it is.
fn is_sane(list: &[ProcessInfo]) -> bool {
    list.iter().all(|process| process.pid > 0 && process.pid <= sane::PID)
}

fn bytes(process: &ProcessInfo, most: Option<u64>) -> Option<u64> {
    match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => sane(bytes, most.unwrap_or(sane::MEMORY)),
        UsedGpuMemory::Unavailable => None,
    }
}
