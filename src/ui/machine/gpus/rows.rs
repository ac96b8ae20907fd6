//! The GPUs and the machine as rows of a table: what they do now, or what they did at the cursor.

use super::{Gpus, Subject};
use crate::domain::{RunId, Throttle, Whose};
use crate::telemetry::{Bucket, GpuBucket, GpuKey, GpuReading, Sample};
use crate::text::bytes;
use crate::ui::machine::gpus::bands;
use crate::ui::state::State;
use crate::ui::{Mood, Said};

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about.
    pub subject: Subject,
    /// Its name in few words: `H100 80GB HBM3`; empty where there is none.
    pub name: String,
    /// What it does; what was not read is missing.
    pub reading: Reading,
    /// Who uses it.
    pub users: Vec<Said>,
}

/// Values of a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// It cannot be reached.
    pub is_lost: bool,
    /// Utilisation in percent; of the machine that of its processors.
    pub util: Option<f64>,
    /// Bytes in use.
    pub memory: Option<f64>,
    /// All bytes.
    pub total: Option<u64>,
    /// Power in W.
    pub power: Option<f64>,
    /// Its limit in W.
    pub limit: Option<f64>,
    /// Temperature in °C.
    pub temp: Option<f64>,
    /// From this temperature on it slows down, in °C.
    pub slowdown: Option<f64>,
    /// Clock in MHz.
    pub mhz: Option<f64>,
    /// Performance state.
    pub pstate: Option<u8>,
    /// What holds its clocks down.
    pub throttle: Option<Throttle>,
    /// Waiting for a processor, memory, a disk, in percent; of the machine.
    pub pressure: Option<[f64; 3]>,
}

/// The rows, at the cursor where there is one, else as they are.
pub fn all(state: &State) -> Vec<Row> {
    let gpus = &state.machine.gpus;
    let latest = gpus.latest.as_ref().map(|latest| &latest.sample);
    gpus.subjects()
        .into_iter()
        .map(|subject| {
            let reading = match (gpus.cursor, latest) {
                (Some(_), _) => gpus.under_cursor().map(|bucket| before(gpus, subject, bucket)).unwrap_or_default(),
                (None, Some(sample)) => now(gpus, subject, sample),
                (None, None) => Reading::default(),
            };
            let users = match (subject, latest) {
                (Subject::Gpu(key), Some(sample)) if gpus.cursor.is_none() => users(state, key, sample),
                _ => Vec::new(),
            };
            Row { subject, name: name(gpus, subject), reading, users }
        })
        .collect()
}

fn now(gpus: &Gpus, subject: Subject, sample: &Sample) -> Reading {
    match subject {
        Subject::Gpu(key) => sample.gpus.get(&key).map(|reading| of_gpu(gpus, key, reading)).unwrap_or_default(),
        Subject::Host => Reading {
            util: sample.host.cpu.map(|tenths| f64::from(tenths) / 10.0),
            memory: sample.host.memory.map(real),
            total: gpus.latest.as_ref().map(|latest| latest.header.memory),
            pressure: sample.host.pressure.map(|tenths| tenths.map(|tenths| f64::from(tenths) / 10.0)),
            ..Reading::default()
        },
    }
}

fn of_gpu(gpus: &Gpus, key: GpuKey, reading: &GpuReading) -> Reading {
    let facts = gpus.facts(key);
    Reading {
        is_lost: reading.lost,
        util: reading.util.map(f64::from),
        memory: reading.memory.map(real),
        total: facts.and_then(|facts| facts.memory),
        power: reading.power_mw.map(|mw| f64::from(mw) / 1000.0),
        limit: reading.limit_mw.map(|mw| f64::from(mw) / 1000.0),
        temp: reading.temp.map(f64::from),
        slowdown: facts.and_then(|facts| facts.slowdown_c).map(f64::from),
        mhz: reading.sm_mhz.map(f64::from),
        pstate: reading.pstate,
        throttle: reading.throttle,
        pressure: None,
    }
}

fn before(gpus: &Gpus, subject: Subject, bucket: &Bucket) -> Reading {
    match subject {
        Subject::Gpu(key) => bucket.gpus.get(&key).map(|gpu| of_column(gpus, key, gpu)).unwrap_or_default(),
        Subject::Host => Reading {
            util: bucket.cpu.map(|span| span.mean),
            memory: bucket.memory.map(|span| span.mean),
            total: gpus.latest.as_ref().map(|latest| latest.header.memory),
            pressure: bucket.pressure.map(|spans| spans.map(|span| span.mean)),
            ..Reading::default()
        },
    }
}

fn of_column(gpus: &Gpus, key: GpuKey, gpu: &GpuBucket) -> Reading {
    let facts = gpus.facts(key);
    Reading {
        is_lost: gpu.lost,
        util: gpu.util.map(|span| span.mean),
        memory: gpu.memory.map(|span| span.mean),
        total: facts.and_then(|facts| facts.memory),
        power: gpu.power.map(|span| span.mean),
        limit: None,
        temp: gpu.temp.map(|span| span.mean),
        slowdown: facts.and_then(|facts| facts.slowdown_c).map(f64::from),
        mhz: gpu.sm_mhz.map(|span| span.mean),
        pstate: None,
        throttle: (!gpu.throttle_ms.is_empty()).then(|| gpu.throttle()),
        pressure: None,
    }
}

/// Without the maker's name, which all of them have, and of an instance without that of its GPU; empty where nobody knows.
fn name(gpus: &Gpus, subject: Subject) -> String {
    let Subject::Gpu(key) = subject else { return String::new() };
    let name = gpus.facts(key).and_then(|facts| facts.name.as_deref()).unwrap_or_default();
    if let Some(at) = name.find("MIG ").filter(|_| key.mig.is_some()) {
        return name.get(at..).unwrap_or(name).to_owned();
    }
    let short = ["NVIDIA ", "GeForce ", "Tesla "].iter().fold(name, |name, maker| name.strip_prefix(maker).unwrap_or(name));
    short.to_owned()
}

/// Who uses a GPU, each once.
fn users(state: &State, key: GpuKey, sample: &Sample) -> Vec<Said> {
    let mut users: Vec<Said> = Vec::new();
    for process in sample.processes.values().filter(|process| process.on.contains_key(&key)) {
        let said = whose(&process.whose, &state.run_id);
        if !users.contains(&said) {
            users.push(said);
        }
    }
    // somebody else's first: that is what must be seen; what nobody can name last
    users.sort_by_key(|user| match user.mood {
        Mood::Warn => 0,
        Mood::Quiet => 2,
        _ => 1,
    });
    users
}

/// Whose something is, in few words.
pub fn whose(whose: &Whose, here: &RunId) -> Said {
    match whose {
        Whose::Stage { run, item, stage, .. } if *run == here.0 => Said::new(Mood::Calm, format!("{} {stage}", bands::short(item))),
        Whose::Stage { run, item, stage, .. } => Said::new(Mood::Warn, format!("{} {stage} of {run}", bands::short(item))),
        Whose::Container { id, name } => Said::new(Mood::Warn, format!("container {}", name.as_ref().unwrap_or(id))),
        Whose::Foreign { user: Some(user) } => Said::new(Mood::Warn, format!("foreign: {user}")),
        Whose::Foreign { user: None } => Said::new(Mood::Warn, "foreign"),
        Whose::Unknown => Said::new(Mood::Quiet, "unknown"),
    }
}

/// The same in full, for the list of processes.
pub fn whose_in_full(of: &Whose, here: &RunId) -> Said {
    match of {
        Whose::Stage { run, item, n, stage } if *run == here.0 => Said::new(Mood::Calm, format!("{item}.{n} {stage}")),
        Whose::Stage { run, item, n, stage } => Said::new(Mood::Warn, format!("{item}.{n} {stage} of run {run}")),
        Whose::Foreign { user: Some(user) } => Said::new(Mood::Warn, format!("foreign: user {user}")),
        Whose::Unknown => Said::new(Mood::Quiet, "unknown (host pid)"),
        _ => whose(of, here),
    }
}

/// A process on the GPUs, or a container or stage at work: a row of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Its pid; `None`: a container or a stage.
    pub pid: Option<u32>,
    /// Its name.
    pub name: String,
    /// The GPUs that it is on: `0,1`.
    pub gpus: String,
    /// Its memory there, or of a container or stage that on the machine; empty where nobody says.
    pub memory: String,
    /// What else is known: processor time and pids of a container or stage.
    pub uses: String,
    /// Whose it is.
    pub whose: Said,
}

/// Processes by their memory, then containers and stages.
pub fn processes(state: &State) -> Vec<Process> {
    let Some(sample) = state.machine.gpus.latest.as_ref().map(|latest| &latest.sample) else { return Vec::new() };
    let memory = |process: &crate::telemetry::GpuProcess| process.on.values().filter_map(|on| on.bytes).sum::<u64>();
    let mut all: Vec<_> = sample.processes.iter().collect();
    all.sort_by_key(|(pid, process)| (std::cmp::Reverse(memory(process)), **pid));
    let on_gpus = all.into_iter().map(|(pid, process)| {
        let is_told = process.on.values().any(|on| on.bytes.is_some());
        let sm: Vec<u32> = process.on.values().filter_map(|on| on.sm).collect();
        Process {
            pid: Some(*pid),
            name: process.name.clone().unwrap_or_else(|| "–".to_owned()),
            gpus: process.on.keys().map(ToString::to_string).collect::<Vec<_>>().join(","),
            memory: if is_told { bytes(memory(process)) } else { "n/a".to_owned() },
            uses: sm.iter().max().map(|sm| format!("sm {sm} %")).unwrap_or_default(),
            whose: whose_in_full(&process.whose, &state.run_id),
        }
    });
    let groups = sample.groups.iter().map(|(name, group)| Process {
        pid: None,
        // whose it is says the rest
        name: if matches!(group.whose, Whose::Stage { .. }) { "stage".to_owned() } else { name.clone() },
        gpus: String::new(),
        memory: group.memory.map_or_else(|| "n/a".to_owned(), bytes),
        uses: uses(group.cpu, group.pids),
        whose: whose_in_full(&group.whose, &state.run_id),
    });
    on_gpus.chain(groups).collect()
}

/// `cpu 1284 %  31 pids`.
fn uses(cpu: Option<u32>, pids: Option<u32>) -> String {
    let cpu = cpu.map(|tenths| format!("cpu {} %", tenths / 10));
    let pids = pids.map(|pids| format!("{pids} pids"));
    cpu.into_iter().chain(pids).collect::<Vec<_>>().join("  ")
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
const fn real(bytes: u64) -> f64 {
    bytes as f64
}
