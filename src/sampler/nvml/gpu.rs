//! One GPU: what it is, read once; what changes seldom, read every ten seconds; what it does, read each time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, EccCounter, MemoryError, PerformanceState, TemperatureSensor, TemperatureThreshold};
use nvml_wrapper::error::{Bits, NvmlError};
use nvml_wrapper::{Device, Nvml};

use super::lacks::Lacks;
use super::processes::Processes;
use super::sane::{self, sane};
use crate::domain::Throttle;
use crate::telemetry::{GpuFacts, GpuKey, GpuReading, Lack, ProcessMemory};

/// So often is read what changes seldom, and is a lost GPU looked for.
const SELDOM: Duration = Duration::from_secs(10);

/// How many instances of MIG are looked for; NVIDIA's GPUs have 7 at most.
const INSTANCES: u32 = 16;

/// Handles and what was learnt of one GPU.
pub(super) struct Gpu<'nvml> {
    index: u32,
    nvml: &'nvml Nvml,
    device: Option<Device<'nvml>>,
    lacks: Lacks,
    facts: GpuFacts,
    seldom: Seldom,
    last: GpuReading,
    processes: Processes,
    instances: Vec<Instance<'nvml>>,
}

/// What is read every ten seconds.
#[derive(Default)]
struct Seldom {
    at: Option<Instant>,
    limit_mw: Option<u32>,
    fan: Option<u32>,
    ecc: [Option<u64>; 2],
    pcie: Option<[u32; 2]>,
}

/// An instance of MIG. Of it alone only memory and processes can be known.
struct Instance<'nvml> {
    key: GpuKey,
    device: Device<'nvml>,
    lacks: Lacks,
    facts: GpuFacts,
    processes: Processes,
}

/// What one look at a GPU and its instances gave.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) facts: BTreeMap<GpuKey, GpuFacts>,
    pub(super) gpus: BTreeMap<GpuKey, GpuReading>,
    pub(super) processes: BTreeMap<u32, BTreeMap<GpuKey, ProcessMemory>>,
}

impl<'nvml> Gpu<'nvml> {
    pub(super) fn new(nvml: &'nvml Nvml, index: u32) -> Self {
        Self {
            index,
            nvml,
            device: None,
            lacks: Lacks::default(),
            facts: GpuFacts::default(),
            seldom: Seldom::default(),
            last: GpuReading::default(),
            processes: Processes::default(),
            instances: Vec::new(),
        }
    }

    /// Looks at it.
    pub(super) fn look(&mut self, traffic: [Option<u64>; 2], into: &mut Seen) {
        if self.seldom.at.is_none_or(|at| at.elapsed() >= SELDOM) {
            self.look_seldom();
            self.seldom.at = Some(Instant::now());
        }
        let key = GpuKey { gpu: self.index, mig: None };
        if let Some(device) = self.device.as_ref().filter(|_| !self.lacks.is_lost) {
            let reading =
                GpuReading { tx: traffic[0], rx: traffic[1], ..reading(device, &mut self.lacks, &self.seldom, self.facts.memory) };
            let processes = self.processes.read(device, &mut self.lacks, self.facts.memory);
            if !self.lacks.is_lost {
                self.last = reading;
                for instance in &mut self.instances {
                    instance.look(into);
                }
                // a GPU that is split tells the processes of its instances once more
                for (pid, memory) in processes {
                    let on = into.processes.entry(pid).or_default();
                    if !on.keys().any(|on| on.gpu == self.index) {
                        on.insert(key, memory);
                    }
                }
            }
        }
        self.facts.lacks = self.lacks.told();
        into.facts.insert(key, self.facts.clone());
        into.gpus.insert(key, GpuReading { lost: self.lacks.is_lost, ..self.last.clone() });
        if self.lacks.is_lost {
            for instance in &self.instances {
                into.facts.insert(instance.key, instance.facts.clone());
                into.gpus.insert(instance.key, GpuReading { lost: true, ..GpuReading::default() });
            }
        }
    }

    /// The other thread's: it asks for what blocks.
    pub(super) fn lacks(&mut self, field: &'static str, lack: Lack) {
        self.lacks.learn(field, lack);
    }

    fn look_seldom(&mut self) {
        // a GPU that was lost is another one when it is back
        if self.device.is_none() || self.lacks.is_lost {
            let mut fresh = Lacks::default();
            self.device = fresh.ask("handle", || {
                let device = self.nvml.device_by_index(self.index)?;
                // a handle alone says nothing about whether the GPU answers
                device.temperature(TemperatureSensor::Gpu).map(drop).or_else(unless_lost)?;
                Ok(device)
            });
            if fresh.is_lost {
                self.lacks.is_lost = true;
                return;
            }
            self.lacks = fresh;
            self.last = GpuReading::default();
            self.facts = GpuFacts::default();
            self.instances.clear();
        }
        let Some(device) = &self.device else { return };
        let lacks = &mut self.lacks;
        let mig = lacks.ask("mig", || device.mig_mode()).map(|mode| mode.current != 0);
        if self.facts.mig.is_some() && mig.is_some() && mig != self.facts.mig {
            // what a GPU can tell depends on whether it is split
            lacks.forget();
        }
        let mut facts = match self.facts.uuid {
            Some(_) => self.facts.clone(),
            None => facts(device, lacks),
        };
        facts.mig = mig;
        facts.persistence = lacks.ask("persistence", || device.is_in_persistent_mode());
        facts.ecc = lacks.ask("ecc", || device.is_ecc_enabled()).map(|mode| mode.currently_enabled);
        let seldom = seldom(device, lacks);
        let instances = if mig == Some(true) { instances(device, self.index) } else { Vec::new() };
        // what is told of a lost GPU is from before it was
        if !lacks.is_lost {
            (self.facts, self.seldom) = (facts, seldom);
            self.keep(instances);
        }
    }

    /// Those that were there stay as they are.
    fn keep(&mut self, found: Vec<Instance<'nvml>>) {
        let mut before = std::mem::take(&mut self.instances);
        for new in found {
            let same = before.iter().position(|old| old.key == new.key && old.facts.uuid == new.facts.uuid);
            self.instances.push(same.map_or(new, |at| before.swap_remove(at)));
        }
    }
}

impl Instance<'_> {
    fn look(&mut self, into: &mut Seen) {
        let memory = self.lacks.ask("memory", || self.device.memory_info());
        let most = self.facts.memory;
        let memory = memory.and_then(|memory| sane(memory.used, most.unwrap_or(sane::MEMORY)));
        into.gpus.insert(self.key, GpuReading { memory, lost: self.lacks.is_lost, ..GpuReading::default() });
        for (pid, memory) in self.processes.read(&self.device, &mut self.lacks, most) {
            into.processes.entry(pid).or_default().insert(self.key, memory);
        }
        self.facts.lacks = self.lacks.told();
        into.facts.insert(self.key, self.facts.clone());
    }
}

/// Any other error is one of the question, and not of the GPU.
fn unless_lost(error: NvmlError) -> Result<(), NvmlError> {
    if matches!(error, NvmlError::GpuLost) { Err(error) } else { Ok(()) }
}

/// What never changes.
fn facts(device: &Device<'_>, lacks: &mut Lacks) -> GpuFacts {
    let clock = |clock| sane(clock, sane::CLOCK);
    let temperature = |temperature| sane(temperature, sane::TEMPERATURE);
    let link = lacks.ask("max_pcie", || Ok([device.max_pcie_link_gen()?, device.max_pcie_link_width()?]));
    GpuFacts {
        uuid: lacks.ask("uuid", || device.uuid()),
        name: lacks.ask("name", || device.name()),
        bus: lacks.ask("bus", || device.pci_info()).map(|pci| pci.bus_id),
        memory: lacks.ask("memory", || device.memory_info()).and_then(|memory| sane(memory.total, sane::MEMORY)),
        slowdown_c: lacks.ask("slowdown_c", || device.temperature_threshold(TemperatureThreshold::Slowdown)).and_then(temperature),
        shutdown_c: lacks.ask("shutdown_c", || device.temperature_threshold(TemperatureThreshold::Shutdown)).and_then(temperature),
        max_sm_mhz: lacks.ask("max_sm_mhz", || device.max_clock_info(Clock::SM)).and_then(clock),
        max_mem_mhz: lacks.ask("max_mem_mhz", || device.max_clock_info(Clock::Memory)).and_then(clock),
        pcie: link.and_then(sane_link),
        ..GpuFacts::default()
    }
}

/// What changes seldom, or is slow to ask for.
fn seldom(device: &Device<'_>, lacks: &mut Lacks) -> Seldom {
    let mut errors =
        |field, kind| lacks.ask(field, || device.total_ecc_errors(kind, EccCounter::Volatile)).and_then(|count| sane(count, sane::COUNT));
    let ecc = [errors("ecc_corrected", MemoryError::Corrected), errors("ecc_uncorrected", MemoryError::Uncorrected)];
    let link = lacks.ask("pcie", || Ok([device.current_pcie_link_gen()?, device.current_pcie_link_width()?]));
    Seldom {
        at: None,
        limit_mw: lacks.ask("limit_mw", || device.enforced_power_limit()).and_then(|limit| sane(limit, sane::POWER)),
        fan: lacks.ask("fan", || device.fan_speed(0)).and_then(|fan| sane(fan, sane::FAN)),
        ecc,
        pcie: link.and_then(sane_link),
    }
}

/// What it does.
fn reading(device: &Device<'_>, lacks: &mut Lacks, seldom: &Seldom, memory: Option<u64>) -> GpuReading {
    let clock = |clock| sane(clock, sane::CLOCK);
    let rates = lacks.ask("util", || device.utilization_rates());
    GpuReading {
        util: rates.as_ref().and_then(|rates| sane(rates.gpu, sane::PERCENT)),
        mem_util: rates.as_ref().and_then(|rates| sane(rates.memory, sane::PERCENT)),
        memory: lacks.ask("memory", || device.memory_info()).and_then(|info| sane(info.used, memory.unwrap_or(sane::MEMORY))),
        power_mw: lacks.ask("power_mw", || device.power_usage()).and_then(|power| sane(power, sane::POWER)),
        limit_mw: seldom.limit_mw,
        energy_mj: lacks.ask("energy_mj", || device.total_energy_consumption()).and_then(|energy| sane(energy, sane::COUNT)),
        temp: lacks.ask("temp", || device.temperature(TemperatureSensor::Gpu)).and_then(|temp| sane(temp, sane::TEMPERATURE)),
        fan: seldom.fan,
        sm_mhz: lacks.ask("sm_mhz", || device.clock_info(Clock::SM)).and_then(clock),
        mem_mhz: lacks.ask("mem_mhz", || device.clock_info(Clock::Memory)).and_then(clock),
        pstate: lacks.ask("pstate", || device.performance_state()).and_then(pstate),
        throttle: lacks.ask("throttle", || throttle(device.current_throttle_reasons_strict())),
        ecc_corrected: seldom.ecc[0],
        ecc_uncorrected: seldom.ecc[1],
        pcie: seldom.pcie,
        ..GpuReading::default()
    }
}

/// Instances stand at any index below the highest.
fn instances<'nvml>(device: &Device<'nvml>, gpu: u32) -> Vec<Instance<'nvml>> {
    let most = device.mig_device_count().unwrap_or_default().min(INSTANCES);
    let found = (0..most).filter_map(|mig| device.mig_device_by_index(mig).ok().map(|device| (mig, device)));
    let instance = |(mig, device): (u32, Device<'nvml>)| {
        let mut lacks = Lacks::default();
        let facts = GpuFacts {
            uuid: lacks.ask("uuid", || device.uuid()),
            name: lacks.ask("name", || device.name()),
            memory: lacks.ask("memory", || device.memory_info()).and_then(|memory| sane(memory.total, sane::MEMORY)),
            ..GpuFacts::default()
        };
        Instance { key: GpuKey { gpu, mig: Some(mig) }, device, lacks, facts, processes: Processes::default() }
    };
    found.map(instance).collect()
}

fn sane_link(link: [u32; 2]) -> Option<[u32; 2]> {
    let [generation, lanes] = link;
    let [newest, widest] = sane::LINK;
    ((1..=newest).contains(&generation) && (1..=widest).contains(&lanes)).then_some(link)
}

/// All bits, also those that the wrapper has no name for.
fn throttle(reasons: Result<ThrottleReasons, NvmlError>) -> Result<Throttle, NvmlError> {
    match reasons {
        Ok(reasons) => Ok(Throttle(reasons.bits())),
        Err(NvmlError::IncorrectBits(Bits::U64(bits))) => Ok(Throttle(bits)),
        Err(error) => Err(error),
    }
}

const fn pstate(state: PerformanceState) -> Option<u8> {
    Some(match state {
        PerformanceState::Zero => 0,
        PerformanceState::One => 1,
        PerformanceState::Two => 2,
        PerformanceState::Three => 3,
        PerformanceState::Four => 4,
        PerformanceState::Five => 5,
        PerformanceState::Six => 6,
        PerformanceState::Seven => 7,
        PerformanceState::Eight => 8,
        PerformanceState::Nine => 9,
        PerformanceState::Ten => 10,
        PerformanceState::Eleven => 11,
        PerformanceState::Twelve => 12,
        PerformanceState::Thirteen => 13,
        PerformanceState::Fourteen => 14,
        PerformanceState::Fifteen => 15,
        PerformanceState::Unknown => return None,
    })
}
