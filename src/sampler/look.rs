//! One look at everything: driver, processes, host, disks, containers and stages.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::clock::INTERVAL_MS;
use super::disks::Disks;
use super::host::{self, Host};
use super::nvml::{LIBRARY, Looked, Nvml};
use super::whose::Attribution;
use crate::host::clock;
use crate::telemetry::line::VERSION;
use crate::telemetry::{GpuKey, GpuProcess, Header, ProcessMemory, Sample, Xid};

/// All that is looked at.
#[derive(Debug)]
pub(super) struct Eyes {
    nvml: Nvml,
    attribution: Attribution,
    host: Host,
    disks: Disks,
    /// What never changes of the machine.
    machine: Header,
}

/// What was seen at a moment.
#[derive(Debug)]
pub(super) struct Seen {
    /// What never changes while nobody touches the machine.
    pub(super) header: Header,
    /// What does.
    pub(super) sample: Sample,
    /// What the driver reported since the look before.
    pub(super) xids: Vec<Xid>,
}

impl Eyes {
    /// Opens them: driver, `/proc`, and the disks of these folders.
    pub(super) fn open(disks: &[PathBuf]) -> Self {
        let mut asked = Disks::default();
        for disk in disks {
            asked.add(disk);
        }
        let host = Host::open();
        let attribution = Attribution::start(None);
        let machine = Header {
            v: VERSION,
            boot: clock::boot_id(),
            pid: std::process::id(),
            interval_ms: u64::try_from(INTERVAL_MS).unwrap_or_default(),
            cores: host::cores(),
            memory: host.memory(),
            in_container: attribution.in_container(),
            ..Header::default()
        };
        Self { nvml: Nvml::start(std::env::var_os(LIBRARY).map(PathBuf::from)), attribution, host, disks: asked, machine }
    }

    /// Looks; the driver may take so long for an answer.
    pub(super) fn look(&mut self, patience: Duration) -> Seen {
        let (silent_since, Looked { driver, driver_version, cuda, facts, gpus, processes }) = self.nvml.look(patience);
        let processes = self.named(processes);
        if let Some(root) = self.attribution.docker_root() {
            self.disks.add(&root);
        }
        let sample = Sample {
            driver,
            silent_since,
            gpus,
            processes,
            host: self.host.look(),
            disks: self.disks.look(),
            groups: self.attribution.groups(),
        };
        let header = Header { driver_version, cuda, gpus: facts, ..self.machine.clone() };
        Seen { header, sample, xids: self.nvml.xids() }
    }

    /// Waits until it is known to whom containers belong, for who looks only once.
    pub(super) fn wait_for_names(&mut self, patience: Duration) {
        self.attribution.wait(patience);
    }

    fn named(&mut self, processes: BTreeMap<u32, BTreeMap<GpuKey, ProcessMemory>>) -> BTreeMap<u32, GpuProcess> {
        let whose = |(pid, on)| {
            let known = self.attribution.of(pid);
            (pid, GpuProcess { name: known.name, user: known.user, whose: known.whose, on })
        };
        processes.into_iter().map(whose).collect()
    }
}
