//! A driver that answers: from its first answer to its last.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::gpu::{Gpu, Seen};
use super::pcie::Traffic;
use super::xids::Errors;
use super::{Looked, driver};
use crate::domain::Driver;
use crate::telemetry::Xid;

/// More GPUs are in no machine: a number above is none.
const GPUS: u32 = 64;

/// Answers the open question and those that follow. Returns what the driver says when it no longer answers; the last question
/// is open then.
pub(super) fn answer(nvml: &Arc<Nvml>, asked: &Receiver<()>, answer: &SyncSender<Looked>, xids: &SyncSender<Xid>) -> Driver {
    let driver_version = nvml.sys_driver_version().ok();
    let cuda = nvml.sys_cuda_driver_version().ok().map(|version| format!("{}.{}", version / 1000, version % 1000 / 10));
    loop {
        // the same GPUs, until their number changes
        let count = match count(nvml) {
            Ok(count) => count,
            Err(driver) => return driver,
        };
        let mut gpus: Vec<Gpu<'_>> = (0..count).map(|index| Gpu::new(nvml, index)).collect();
        let mut traffic = Traffic::start(nvml, count);
        let _errors = Errors::start(nvml, count, xids);
        loop {
            for (gpu, field, lack) in traffic.take() {
                if let Some(gpu) = gpus.get_mut(usize::try_from(gpu).unwrap_or(usize::MAX)) {
                    gpu.lacks(field, lack);
                }
            }
            let mut seen = Seen::default();
            for (index, gpu) in (0..).zip(&mut gpus) {
                gpu.look(traffic.of(index), &mut seen);
            }
            let Seen { facts, gpus: readings, processes } = seen;
            let (driver_version, cuda) = (driver_version.clone(), cuda.clone());
            let looked = Looked { driver: Driver::Here, driver_version, cuda, facts, gpus: readings, processes };
            if answer.send(looked).is_err() || asked.recv().is_err() {
                return Driver::Starting;
            }
            match self::count(nvml) {
                Ok(now) if now == count => {}
                Ok(_) => break,
                Err(driver) => return driver,
            }
        }
    }
}

fn count(nvml: &Nvml) -> Result<u32, Driver> {
    match nvml.device_count() {
        Ok(count) if count <= GPUS => Ok(count),
        Ok(count) => Err(Driver::Broken { says: format!("it counts {count} GPUs") }),
        Err(NvmlError::GpuLost) => Err(Driver::Broken { says: NvmlError::GpuLost.to_string() }),
        Err(error) => Err(driver::state(&error, std::ffi::OsStr::new(""))),
    }
}
