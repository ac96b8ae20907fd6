//! Traffic on PCIe. The driver counts bytes for 20 ms while the caller waits: a thread of its own asks, and seldom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::PcieUtilCounter;

use super::lacks::Lacks;
use super::sane::{self, sane};
use crate::telemetry::Lack;

/// So often each GPU is asked.
const EVERY: Duration = Duration::from_secs(10);

/// What is older is not told any more: the thread waits for the driver.
const OLD: Duration = Duration::from_secs(25);

/// Sent and received, with their fields.
const WAYS: [(&str, PcieUtilCounter); 2] = [("tx", PcieUtilCounter::Send), ("rx", PcieUtilCounter::Receive)];

/// What was measured of a GPU.
struct Measured {
    gpu: u32,
    /// Bytes a second, sent and received.
    bytes: [Option<u64>; 2],
    /// What never comes.
    never: BTreeMap<String, Lack>,
}

/// The thread's end here.
pub(super) struct Traffic {
    measured: Receiver<Measured>,
    known: BTreeMap<u32, (Instant, [Option<u64>; 2])>,
    /// The thread ends with it.
    _stay: SyncSender<()>,
}

impl Traffic {
    pub(super) fn start(nvml: &Arc<Nvml>, gpus: u32) -> Self {
        let (stay, left) = sync_channel(0);
        let (tell, measured) = sync_channel(64);
        let nvml = Arc::clone(nvml);
        let _ = thread::Builder::new().name("nvml pcie".to_owned()).spawn(move || measure(&nvml, gpus, &tell, &left));
        Self { measured, known: BTreeMap::new(), _stay: stay }
    }

    /// Takes what was measured; returns what GPUs turned out to lack.
    pub(super) fn take(&mut self) -> Vec<(u32, &'static str, Lack)> {
        let mut lacking = Vec::new();
        for Measured { gpu, bytes, never } in self.measured.try_iter() {
            self.known.insert(gpu, (Instant::now(), bytes));
            lacking.extend(WAYS.iter().filter_map(|(field, _)| never.get(*field).map(|lack| (gpu, *field, *lack))));
        }
        lacking
    }

    /// Bytes a second of a GPU, sent and received.
    pub(super) fn of(&self, gpu: u32) -> [Option<u64>; 2] {
        self.known.get(&gpu).filter(|(at, _)| at.elapsed() < OLD).map_or([None; 2], |(_, bytes)| *bytes)
    }
}

fn measure(nvml: &Nvml, gpus: u32, tell: &SyncSender<Measured>, left: &Receiver<()>) {
    let mut lacks: Vec<Lacks> = (0..gpus).map(|_| Lacks::default()).collect();
    loop {
        for (gpu, lacks) in (0..gpus).zip(&mut lacks) {
            // one that was lost may be back
            lacks.is_lost = false;
            let mut ask = |(field, way): (&'static str, PcieUtilCounter)| {
                let rate = lacks.ask(field, || nvml.device_by_index(gpu).and_then(|device| device.pcie_throughput(way)));
                rate.and_then(|kilobytes| sane(kilobytes, sane::TRAFFIC)).map(|kilobytes| u64::from(kilobytes) * 1000)
            };
            let bytes = WAYS.map(&mut ask);
            if tell.try_send(Measured { gpu, bytes, never: lacks.told() }).is_err() && is_over(left, Duration::ZERO) {
                return;
            }
        }
        if is_over(left, EVERY) {
            return;
        }
    }
}

/// Waits, and says whether nobody wants to know any more.
pub(super) fn is_over(left: &Receiver<()>, wait: Duration) -> bool {
    matches!(left.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
}
