//! The machine by the newest sample of a run's telemetry, in plain names and units.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::telemetry::{GpuKey, GpuProcess, GpuReading, HostReading, Latest, brief};
use crate::text::{duration, gpu};

/// It as JSON; what was not read is `null`.
pub fn machine(latest: &Latest, now: Timestamp) -> Value {
    let (sample, header) = (&latest.sample, &latest.header);
    let silent = sample.silent_since.map(|since| u64::try_from(latest.at.as_millisecond().saturating_sub(since)).unwrap_or(0));
    let trouble = silent.map(gpu::silent).or_else(|| gpu::driver(&sample.driver));
    // what was read before the driver fell silent, or before a GPU was lost, is no reading of now
    let now_read = |reading: &GpuReading| match reading {
        GpuReading { lost: true, .. } => GpuReading { lost: true, ..GpuReading::default() },
        reading if silent.is_none() => reading.clone(),
        _ => GpuReading::default(),
    };
    let gpus: Vec<Value> = sample.gpus.iter().map(|(key, reading)| one(latest, *key, &now_read(reading))).collect();
    let asked = sample.driver.is_here() && silent.is_none();
    let processes = asked.then(|| sample.processes.iter().map(|(pid, process)| running(*pid, process)).collect::<Vec<_>>());
    let disk = |(path, disk): (&String, &crate::telemetry::DiskReading)| json!({"path": path, "free_bytes": disk.free, "total_bytes": disk.total, "free_files": disk.files});
    let group = |(name, group): (&String, &crate::telemetry::GroupReading)| json!({"name": name, "of": group.whose, "cpu_pct": tenths(group.cpu), "memory_bytes": group.memory, "pids": group.pids});
    json!({
        "at": latest.at,
        "age_s": latest.age_ms(now) / 1000,
        "is_old": latest.is_old(now),
        "driver": {
            "state": serde_json::to_value(&sample.driver).ok().and_then(|driver| driver.get("state").cloned()),
            "version": header.driver_version,
            "cuda": header.cuda,
            "silent_s": silent.map(|ms| ms / 1000),
            "says": trouble.as_ref().map(|trouble| &trouble.says),
            "todo": trouble.as_ref().map(|trouble| &trouble.todo),
        },
        "gpus": gpus,
        "processes": processes,
        "host": host(&sample.host, latest),
        "disks": sample.disks.iter().map(disk).collect::<Vec<_>>(),
        "groups": sample.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

/// It in one line: `machine: GPU 97 % of 8 · 612 of 640 GB; CPU 34 % of 16`. An old one is told with its age.
pub fn machine_line(latest: &Latest, now: Timestamp) -> String {
    let lines: Vec<String> = brief::lines(latest).iter().map(brief::Line::joined).collect();
    let age = if latest.is_old(now) { format!(" ({} ago)", duration::age(latest.age_ms(now))) } else { String::new() };
    format!("machine: {}{age}", lines.join("; "))
}

fn one(latest: &Latest, key: GpuKey, reading: &GpuReading) -> Value {
    let facts = latest.header.gpus.get(&key);
    let [generation, lanes] = reading.pcie.map_or([None; 2], |pcie| pcie.map(Some));
    json!({
        "gpu": key,
        "uuid": facts.and_then(|facts| facts.uuid.as_ref()),
        "name": facts.and_then(|facts| facts.name.as_ref()),
        "lost": reading.lost,
        "utilisation_pct": reading.util,
        "memory_utilisation_pct": reading.mem_util,
        "memory_used_bytes": reading.memory,
        "memory_total_bytes": facts.and_then(|facts| facts.memory),
        "power_w": reading.power_mw.map(|mw| f64::from(mw) / 1000.0),
        "power_limit_w": reading.limit_mw.map(|mw| f64::from(mw) / 1000.0),
        "energy_j": reading.energy_mj.map(|mj| mj / 1000),
        "temperature_c": reading.temp,
        "slowdown_c": facts.and_then(|facts| facts.slowdown_c),
        "fan_pct": reading.fan,
        "sm_clock_mhz": reading.sm_mhz,
        "memory_clock_mhz": reading.mem_mhz,
        "performance_state": reading.pstate,
        "throttle": reading.throttle.map(crate::domain::Throttle::names),
        "ecc_corrected": reading.ecc_corrected,
        "ecc_uncorrected": reading.ecc_uncorrected,
        "pcie_generation": generation,
        "pcie_lanes": lanes,
        "pcie_tx_bytes_s": reading.tx,
        "pcie_rx_bytes_s": reading.rx,
    })
}

fn running(pid: u32, process: &GpuProcess) -> Value {
    let on = process.on.iter().map(|(gpu, memory)| json!({"gpu": gpu, "memory_bytes": memory.bytes, "sm_pct": memory.sm}));
    json!({"pid": pid, "name": process.name, "user": process.user, "of": process.whose, "on": on.collect::<Vec<_>>()})
}

fn host(host: &HostReading, latest: &Latest) -> Value {
    let pressure =
        host.pressure.map(|[cpu, memory, io]| json!({"cpu": tenths(Some(cpu)), "memory": tenths(Some(memory)), "io": tenths(Some(io))}));
    json!({
        "cpu_pct": tenths(host.cpu),
        "cores": latest.header.cores,
        "memory_used_bytes": host.memory,
        "memory_total_bytes": latest.header.memory,
        "swap_used_bytes": host.swap,
        "pressure_pct": pressure,
    })
}

fn tenths(tenths: Option<u32>) -> Option<f64> {
    tenths.map(|tenths| f64::from(tenths) / 10.0)
}
