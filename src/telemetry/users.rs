//! Which GPUs are an arm's, and who is on them.

use super::sample::{GpuKey, GpuProcess, GpuReading, Header, Sample};
use crate::domain::{Throttle, Whose};
use crate::text;

/// More GPU memory than this in use before an arm is somebody else's, in bytes.
pub const MUCH_MEMORY: u64 = 500_000_000;

/// The GPUs of these UUIDs.
pub fn keys(header: &Header, uuids: &[String]) -> Vec<GpuKey> {
    let is_one = |uuid: &Option<String>| uuid.as_ref().is_some_and(|uuid| uuids.contains(uuid));
    header.gpus.iter().filter(|(_, facts)| is_one(&facts.uuid)).map(|(key, _)| *key).collect()
}

/// The processes on one of these GPUs, each with one that it is on.
pub fn processes<'a>(sample: &'a Sample, keys: &'a [GpuKey]) -> impl Iterator<Item = (u32, &'a GpuProcess, GpuKey)> {
    // what runs on an instance runs on its GPU too; what runs on a GPU may run on any of its instances
    let is_on = |on: &GpuKey, key: &GpuKey| on == key || (on.gpu == key.gpu && key.mig.is_none());
    sample.processes.iter().filter_map(move |(pid, process)| {
        let on = process.on.keys().find(|on| keys.iter().any(|key| is_on(on, key)))?;
        Some((*pid, process, *on))
    })
}

/// Those that can be seen and are not of this run.
pub fn foreign<'a>(sample: &'a Sample, keys: &'a [GpuKey], run: &'a str) -> impl Iterator<Item = (u32, &'a GpuProcess, GpuKey)> {
    processes(sample, keys).filter(move |(_, process, _)| process.whose.is_foreign_to(run))
}

/// `python (pid 4242, user ann)`, `python (pid 4242, user root, container vllm-test)`, `python (pid 4242, candidate of
/// vllm_core-0003 in run 2026-…)`
pub fn who(pid: u32, process: &GpuProcess) -> String {
    let name = process.name.as_deref().unwrap_or("a process");
    let user = process.user.as_deref().or(match &process.whose {
        Whose::Foreign { user } => user.as_deref(),
        _ => None,
    });
    let user = user.map(|user| format!(", user {user}")).unwrap_or_default();
    let whose = match &process.whose {
        Whose::Stage { run, item, stage, .. } => format!(", {stage} of {item} in run {run}"),
        Whose::Container { id, name } => format!(", container {}", name.as_ref().unwrap_or(id)),
        Whose::Foreign { .. } | Whose::Unknown => String::new(),
    };
    // names are anybody's to choose
    text::clean::line(&format!("{name} (pid {pid}{user}{whose})"))
}

/// A reading of a GPU, or of an instance on it, with those of the whole GPU where only that one is to be had.
pub fn reading<T>(sample: &Sample, key: GpuKey, of: impl Fn(&GpuReading) -> Option<T>) -> Option<T> {
    let whole = GpuKey { mig: None, ..key };
    sample.gpus.get(&key).and_then(&of).or_else(|| sample.gpus.get(&whole).and_then(&of))
}

/// What spoils a benchmark on a GPU at that moment.
pub fn spoils(sample: &Sample, key: GpuKey) -> Throttle {
    let reasons = reading(sample, key, |gpu| gpu.throttle).unwrap_or_default();
    Throttle(reasons.0 & Throttle::SPOILS.0)
}

/// Whether a GPU fell off the bus.
pub fn is_lost(sample: &Sample, key: GpuKey) -> bool {
    reading(sample, key, |gpu| gpu.lost.then_some(())).is_some()
}

/// Memory in use on a GPU or an instance, in bytes, where that is much.
pub fn much_memory(sample: &Sample, key: GpuKey) -> Option<u64> {
    sample.gpus.get(&key).and_then(|gpu| gpu.memory).filter(|bytes| *bytes > MUCH_MEMORY)
}

/// Why an arm should not begin on its GPUs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclean {
    /// What it is about, without the numbers that change from moment to moment.
    pub of: String,
    /// In a sentence.
    pub says: String,
}

/// Why an arm of this run should not begin on these GPUs now; `None`: they are clean.
pub fn unclean(sample: &Sample, keys: &[GpuKey], run: &str) -> Option<Unclean> {
    if let Some((pid, process, key)) = foreign(sample, keys, run).next() {
        let more = foreign(sample, keys, run).count().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Some(Unclean { of: format!("process {pid}"), says: format!("GPU {key} is used by {}{more}", who(pid, process)) });
    }
    keys.iter().find_map(|key| {
        let memory = much_memory(sample, *key).map(|bytes| ("memory", format!("{} of its memory are in use", text::bytes(bytes))));
        let slow = || Some(spoils(sample, *key)).filter(|reasons| reasons.0 != 0).map(|reasons| reasons.names().join(", "));
        let (of, why) = memory.or_else(|| slow().map(|names| ("slowdown", format!("it is slowed down ({names})"))))?;
        Some(Unclean { of: format!("{of} {key}"), says: format!("GPU {key} is not clean: {why}") })
    })
}
