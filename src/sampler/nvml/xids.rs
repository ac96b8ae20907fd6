//! Errors of GPUs (Xid), as the driver reports them: a thread that waits.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{EventSet, Nvml};

use super::pcie::is_over;
use crate::telemetry::Xid;

/// All GPUs are waited for in so long. It is what an error may be late by.
const ROUND: Duration = Duration::from_secs(1);

/// A GPU that can't be waited for is tried again after so long.
const AGAIN: Duration = Duration::from_secs(10);

/// What the wrapper calls unknown.
const UNKNOWN: u64 = 999;

/// The thread's end here: it ends with this.
pub(super) struct Errors {
    _stay: SyncSender<()>,
}

/// The events of one GPU. Each has a set of its own: one that is lost does not disturb the others, and which GPU reported an
/// error is known even where the GPU itself does not answer any more.
struct Waiting<'nvml> {
    gpu: u32,
    set: Option<EventSet<'nvml>>,
    tried: Instant,
}

impl Errors {
    pub(super) fn start(nvml: &Arc<Nvml>, gpus: u32, tell: &SyncSender<Xid>) -> Self {
        let (stay, left) = sync_channel(0);
        let (nvml, tell) = (Arc::clone(nvml), tell.clone());
        let _ = thread::Builder::new().name("nvml xid".to_owned()).spawn(move || wait(&nvml, gpus, &tell, &left));
        Self { _stay: stay }
    }
}

fn wait(nvml: &Nvml, gpus: u32, tell: &SyncSender<Xid>, left: &Receiver<()>) {
    let mut all: Vec<Waiting<'_>> = (0..gpus).map(|gpu| Waiting { gpu, set: register(nvml, gpu), tried: Instant::now() }).collect();
    while !is_over(left, Duration::ZERO) {
        let waits = u32::try_from(all.iter().filter(|one| one.set.is_some()).count()).unwrap_or(u32::MAX);
        if waits == 0 && is_over(left, ROUND) {
            return;
        }
        let patience = u32::try_from(ROUND.as_millis()).unwrap_or(u32::MAX) / waits.max(1);
        for one in &mut all {
            one.wait(nvml, patience, tell);
        }
    }
}

impl<'nvml> Waiting<'nvml> {
    fn wait(&mut self, nvml: &'nvml Nvml, patience: u32, tell: &SyncSender<Xid>) {
        let Some(set) = &self.set else {
            if self.tried.elapsed() >= AGAIN {
                (self.set, self.tried) = (register(nvml, self.gpu), Instant::now());
            }
            return;
        };
        match set.wait(patience) {
            Ok(event) => {
                let code = match event.event_data {
                    Some(XidError::Value(code)) => code,
                    Some(XidError::Unknown) => UNKNOWN,
                    None => return,
                };
                // nobody takes them: then nobody wants to know
                let _ = tell.try_send(Xid { gpu: self.gpu, code });
            }
            Err(NvmlError::Timeout) => {}
            Err(_) => (self.set, self.tried) = (None, Instant::now()),
        }
    }
}

/// What happened before is not told. `None`: this GPU reports no errors, or it can't be asked now.
fn register(nvml: &Nvml, gpu: u32) -> Option<EventSet<'_>> {
    let device = nvml.device_by_index(gpu).ok()?;
    if !device.supported_event_types().ok()?.contains(EventTypes::CRITICAL_XID_ERROR) {
        return None;
    }
    device.register_events(EventTypes::CRITICAL_XID_ERROR, nvml.create_event_set().ok()?).ok()
}
