//! What makes the numbers of an arm doubtful, from the samples of its time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::files::Files;
use super::read::between;
use super::sample::{GpuKey, Header, Sample, Xid};
use super::users;
use crate::domain::{OutsidePause, RunId, Taint, TaintKind, Throttle};
use crate::text::{self, duration};

/// A sample tells of so many intervals after it at most: what comes later was not looked at.
const REACH: i64 = 3;

/// The newest sample before an arm is of its beginning for so long, in ms.
const JUST_BEFORE_MS: i64 = 10_000;

/// A slowdown for more of the time than one part in so many taints.
const SLOW_PART: i64 = 100;

/// Less than this is a full disk, in bytes.
const FULL: u64 = 1 << 20;

/// So many foreign processes are told one by one.
const TOLD: usize = 8;

/// What an arm is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    /// The run.
    pub run: &'a RunId,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// UUIDs of the GPUs that it used: those whose locks its keeper had. Of none nothing is said.
    pub gpus: &'a [String],
    /// For how long it was frozen, in ms.
    pub frozen_ms: u64,
    /// When somebody else paused its container.
    pub outside: Option<OutsidePause>,
}

/// What tainted it, and what should be known and taints nothing.
pub fn of_arm(files: &Files, arm: &Arm<'_>) -> (Vec<Taint>, Vec<String>) {
    let mut judge = Judge::new(arm);
    let (from, to) = (arm.from.as_millisecond(), arm.to.as_millisecond());
    let read = between(files, from.saturating_sub(JUST_BEFORE_MS), to, |t, header, sample, xids| judge.take(t, header, sample, xids));
    let (taints, mut notes) = judge.end();
    if let Err(error) = read {
        notes.push(format!("the telemetry of its time can't be read: {error}"));
    }
    (taints, notes)
}

/// First and last moment in ms, and in how many samples.
#[derive(Debug, Clone, Copy)]
struct Seen {
    from: i64,
    to: i64,
}

/// Looks at one sample after another.
#[derive(Debug)]
pub struct Judge<'a> {
    arm: Arm<'a>,
    /// Its window in ms.
    window: (i64, i64),
    /// The newest sample, while nothing came after it: until when it tells, and what of the GPUs' slowdowns.
    last: Option<(i64, i64, BTreeMap<GpuKey, Throttle>)>,
    /// Whether the newest sample before the window was seen.
    is_before_seen: bool,
    memory: BTreeMap<GpuKey, (u64, i64)>,
    slow: BTreeMap<GpuKey, (i64, Throttle, Seen)>,
    foreign: BTreeMap<u32, (String, GpuKey, Option<u64>, Seen)>,
    unknown: BTreeMap<u32, GpuKey>,
    lost: BTreeMap<GpuKey, Seen>,
    xids: Vec<(i64, Xid)>,
    full: BTreeMap<String, Seen>,
    covered_ms: i64,
    silent_ms: i64,
    in_container: bool,
}

impl<'a> Judge<'a> {
    /// Of an arm.
    pub fn new(arm: &Arm<'a>) -> Self {
        Self {
            arm: *arm,
            window: (arm.from.as_millisecond(), arm.to.as_millisecond()),
            last: None,
            is_before_seen: false,
            memory: BTreeMap::new(),
            slow: BTreeMap::new(),
            foreign: BTreeMap::new(),
            unknown: BTreeMap::new(),
            lost: BTreeMap::new(),
            xids: Vec::new(),
            full: BTreeMap::new(),
            covered_ms: 0,
            silent_ms: 0,
            in_container: false,
        }
    }

    /// Takes the next sample, also those just before the arm.
    pub fn take(&mut self, t: i64, header: &Header, sample: &Sample, xids: &[Xid]) {
        self.pass(t);
        let keys = users::keys(header, self.arm.gpus);
        self.in_container |= header.in_container;
        let until = t.saturating_add(i64::try_from(header.interval_ms).unwrap_or(i64::MAX).clamp(1, 60_000).saturating_mul(REACH));
        // readings of a driver that does not answer are from before
        let is_silent = sample.silent_since.is_some();
        let slow = keys.iter().filter(|_| !is_silent).map(|key| (*key, users::spoils(sample, *key)));
        let slow = slow.filter(|(_, reasons)| reasons.0 != 0).collect();
        let (from, to) = self.window;
        if t < from {
            if !is_silent {
                self.is_before_seen = true;
                self.memory = keys.iter().filter_map(|key| Some((*key, (users::much_memory(sample, *key)?, t)))).collect();
            }
        } else if t <= to {
            self.inside(t, &keys, sample, xids, is_silent);
        }
        self.last = Some((t, until, slow));
        if is_silent {
            self.silent_ms = self.silent_ms.saturating_add(i64::try_from(header.interval_ms).unwrap_or_default());
        }
    }

    fn inside(&mut self, t: i64, keys: &[GpuKey], sample: &Sample, xids: &[Xid], is_silent: bool) {
        let once = Seen { from: t, to: t };
        self.xids.extend(xids.iter().filter(|xid| keys.iter().any(|key| key.gpu == xid.gpu)).map(|xid| (t, *xid)));
        for (path, disk) in &sample.disks {
            if disk.free < FULL || disk.files == Some(0) {
                self.full.entry(path.clone()).or_insert(once).to = t;
            }
        }
        if is_silent {
            return;
        }
        for key in keys.iter().filter(|key| users::is_lost(sample, **key)) {
            self.lost.entry(*key).or_insert(once).to = t;
        }
        for (pid, process, key) in users::processes(sample, keys) {
            if process.whose.is_foreign_to(&self.arm.run.0) {
                let bytes = process.on.get(&key).and_then(|memory| memory.bytes);
                let seen = self.foreign.entry(pid).or_insert_with(|| (users::who(pid, process), key, bytes, once));
                seen.2 = seen.2.max(bytes);
                seen.3.to = t;
            } else if process.whose == crate::domain::Whose::Unknown {
                self.unknown.insert(pid, key);
            }
        }
    }

    /// What the newest sample told held until this moment.
    fn pass(&mut self, now: i64) {
        let Some((t, until, slow)) = self.last.take() else { return };
        let (from, to) = self.window;
        let (begin, end) = (t.max(from), until.min(now).min(to));
        let ms = end.saturating_sub(begin);
        if ms <= 0 {
            return;
        }
        self.covered_ms = self.covered_ms.saturating_add(ms);
        for (key, reasons) in slow {
            let seen = self.slow.entry(key).or_insert((0, Throttle(0), Seen { from: begin, to: end }));
            *seen = (seen.0.saturating_add(ms), Throttle(seen.1.0 | reasons.0), Seen { to: end, ..seen.2 });
        }
    }

    /// What came of it.
    pub fn end(mut self) -> (Vec<Taint>, Vec<String>) {
        let (from, to) = self.window;
        self.pass(to);
        let whole = to.saturating_sub(from).max(1);
        let mut taints = Vec::new();
        let taint = |kind, evidence, seen: Seen| Taint { kind, evidence, from: moment(seen.from), to: moment(seen.to) };
        for (key, (ms, reasons, seen)) in &self.slow {
            if ms.saturating_mul(SLOW_PART) > whole {
                let evidence = format!(
                    "GPU {key}: {} for {} of {} ({} %)",
                    reasons.names().join(", "),
                    short(*ms),
                    short(whole),
                    per_cent(*ms, whole)
                );
                taints.push(taint(TaintKind::Slowdown, evidence, *seen));
            }
        }
        taints.extend(self.foreign.values().take(TOLD).map(|(who, key, bytes, seen)| {
            let memory = bytes.map(|bytes| format!(" with {}", text::bytes(bytes))).unwrap_or_default();
            let long = short(seen.to.saturating_sub(seen.from));
            let how_long = if seen.to > seen.from { format!(" for {long}") } else { String::new() };
            taint(TaintKind::ForeignProcess, format!("GPU {key} was used by {who}{memory}{how_long}"), *seen)
        }));
        if let Some((_, (_, key, _, seen))) = self.foreign.iter().nth(TOLD) {
            let more = text::count(self.foreign.len().saturating_sub(TOLD), "more process");
            taints.push(taint(TaintKind::ForeignProcess, format!("GPU {key} was used by {more}"), *seen));
        }
        for (key, (bytes, t)) in &self.memory {
            let evidence = format!("GPU {key}: {} of its memory were in use before it began", text::bytes(*bytes));
            taints.push(taint(TaintKind::MemoryInUse, evidence, Seen { from: *t, to: *t }));
        }
        for (t, xid) in &self.xids {
            let evidence = format!("GPU {}: {}", xid.gpu, text::gpu::xid(xid.code));
            taints.push(taint(TaintKind::Xid, evidence, Seen { from: *t, to: *t }));
        }
        taints.extend(self.lost.iter().map(|(key, seen)| taint(TaintKind::GpuLost, format!("GPU {key} fell off the bus"), *seen)));
        taints.extend(self.full.iter().map(|(path, seen)| taint(TaintKind::DiskFull, format!("the disk of {path} was full"), *seen)));
        if self.arm.frozen_ms > 0 {
            let evidence = format!("it was frozen for {}", duration::short(self.arm.frozen_ms));
            taints.push(taint(TaintKind::Frozen, evidence, Seen { from, to }));
        }
        if let Some(OutsidePause { from, to, ms }) = self.arm.outside {
            let evidence = format!("its container was paused from outside for {}", duration::short(ms));
            taints.push(Taint { kind: TaintKind::Frozen, evidence, from, to: to.unwrap_or(self.arm.to) });
        }
        (taints, self.notes(whole))
    }

    fn notes(&self, whole: i64) -> Vec<String> {
        let mut notes = Vec::new();
        if self.arm.gpus.is_empty() {
            return notes;
        }
        let missing = whole.saturating_sub(self.covered_ms);
        // a sample more or less is none
        if missing > 5_000 || (self.covered_ms == 0 && whole > 2_000) {
            notes.push(format!("nobody looked at the machine for {} of {}", short(missing), short(whole)));
        }
        if self.silent_ms > 0 {
            notes.push(format!("the GPU driver did not answer for {}", short(self.silent_ms)));
        }
        if !self.is_before_seen && self.covered_ms > 0 {
            notes.push("nobody looked at the GPUs just before it began".to_owned());
        }
        if !self.unknown.is_empty() {
            let pids: Vec<String> = self.unknown.keys().take(TOLD).map(u32::to_string).collect();
            let more = if self.unknown.len() > TOLD { ", …" } else { "" };
            let why = if self.in_container { format!(": {}", text::gpu::IN_CONTAINER) } else { String::new() };
            let n = self.unknown.len();
            let (processes, were) = if n == 1 { ("a process".to_owned(), "was") } else { (format!("{n} processes"), "were") };
            notes.push(format!("nobody here knows whose {processes} on its GPUs {were} (pid {}{more}){why}", pids.join(", ")));
        }
        notes
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

fn short(ms: i64) -> String {
    duration::short(u64::try_from(ms).unwrap_or_default())
}

/// `13.6`, cut and not rounded: what is over a border reads so.
fn per_cent(part: i64, whole: i64) -> String {
    let tenths = part.saturating_mul(1000) / whole.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
