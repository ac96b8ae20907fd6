//! Samples of 10 or 60 s as one line: what charts of hours read.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sample::{GpuKey, GpuReading, Sample, Xid};
use crate::domain::Throttle;

/// Samples farther apart than this, in ms, have a gap between them: nothing is known of the time there, and nothing is counted.
pub const GAP_MS: i64 = 5_000;

/// The values of a reading in a stretch of time. On the disk `[n, value]` where all were the same, else `[n, least, mean, most]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// How many there were: a reading may be missing in a sample.
    pub n: u32,
    /// The smallest.
    pub least: f64,
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub most: f64,
}

/// The machine in a stretch of time. A stretch without any sample has no line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its beginning in ms of Unix time: a multiple of its length.
    pub t: i64,
    /// How many samples it is made of.
    pub n: u32,
    /// The GPUs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gpus: BTreeMap<GpuKey, GpuBucket>,
    /// Processor time of the machine in percent of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Span>,
    /// Memory of the machine in use in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Span>,
    /// Time in which something waited for a processor, for memory, for a disk, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<[Span; 3]>,
    /// Bytes that may still be written, by file system as in a sample.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<String, Span>,
    /// What the driver reported, each error of a GPU once, with the moment of its first report in ms of Unix time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xid: Vec<(i64, Xid)>,
    /// For how long of it the driver did not answer, in ms.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub silent_ms: u32,
}

/// A GPU in a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuBucket {
    /// Utilisation in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub util: Option<Span>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Span>,
    /// Power in W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Span>,
    /// Temperature in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp: Option<Span>,
    /// Clock of the multiprocessors in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_mhz: Option<Span>,
    /// Energy in mJ: by the GPU's own counter, else power by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_mj: Option<u64>,
    /// For how long each throttle reason held, in ms, by its bit; idle is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub throttle_ms: BTreeMap<u64, u32>,
    /// It was lost in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(ms: &u32) -> bool {
    *ms == 0
}

/// Makes buckets of samples.
#[derive(Debug)]
pub struct Builder {
    /// Their length in ms.
    length_ms: i64,
    open: Option<Bucket>,
    /// When the last sample was taken, in ms of Unix time.
    last: Option<i64>,
    /// When each GPU was read last, and its counter of energy in mJ then.
    read: BTreeMap<GpuKey, (i64, Option<u64>)>,
}

impl Builder {
    /// For buckets of this length in ms.
    pub const fn new(length_ms: i64) -> Self {
        Self { length_ms, open: None, last: None, read: BTreeMap::new() }
    }

    /// Takes a sample; returns the bucket that it ended. A clock that was set back ends a bucket too: two may then be of one time.
    pub fn add(&mut self, t: i64, sample: &Sample, xid: &[Xid]) -> Option<Bucket> {
        let begin = t.div_euclid(self.length_ms.max(1)).saturating_mul(self.length_ms);
        let ended = self.open.take_if(|bucket| bucket.t != begin);
        let passed = self.last.and_then(|last| distance(last, t));
        self.last = Some(t);
        let bucket = self.open.get_or_insert_with(|| Bucket { t: begin, ..Bucket::default() });
        bucket.n = bucket.n.saturating_add(1);
        Span::join(&mut bucket.cpu, sample.host.cpu.map(|tenths| Span::of(f64::from(tenths) / 10.0)));
        Span::join(&mut bucket.memory, sample.host.memory.map(|bytes| Span::of(real(bytes))));
        let pressure = sample.host.pressure.map(|tenths| tenths.map(|tenths| Span::of(f64::from(tenths) / 10.0)));
        Bucket::press(&mut bucket.pressure, pressure);
        for (folder, disk) in &sample.disks {
            bucket.fill(folder, Span::of(real(disk.free)));
        }
        bucket.report(xid.iter().map(|xid| (t, *xid)));
        if sample.silent_since.is_some() {
            // what stands in the sample was read before: it says nothing of this moment
            bucket.silent_ms = bucket.silent_ms.saturating_add(passed.unwrap_or(0));
            return ended;
        }
        for (key, reading) in &sample.gpus {
            let gpu = bucket.gpus.entry(*key).or_default();
            gpu.lost |= reading.lost;
            if reading.lost {
                self.read.remove(key);
                continue;
            }
            let before = self.read.insert(*key, (t, reading.energy_mj));
            let since = before.and_then(|(at, counter)| Some((distance(at, t)?, counter)));
            gpu.add(reading, since);
        }
        ended
    }

    /// Passes over a sample that was counted elsewhere: the next one is held against it.
    pub fn pass(&mut self, t: i64, sample: &Sample) {
        self.last = Some(t);
        if sample.silent_since.is_none() {
            let here = sample.gpus.iter().filter(|(_, reading)| !reading.lost);
            self.read = here.map(|(key, reading)| (*key, (t, reading.energy_mj))).collect();
        }
    }

    /// Ends the stretch: what comes next is held against nothing that came before. Returns the bucket that was not full.
    pub fn end(&mut self) -> Option<Bucket> {
        self.last = None;
        self.read.clear();
        self.open.take()
    }

    /// The bucket that is not full yet.
    pub const fn open(&self) -> Option<&Bucket> {
        self.open.as_ref()
    }
}

impl Bucket {
    /// Takes in another one, which may be of a part of its time.
    pub fn merge(&mut self, other: &Self) {
        self.n = self.n.saturating_add(other.n);
        self.silent_ms = self.silent_ms.saturating_add(other.silent_ms);
        Span::join(&mut self.cpu, other.cpu);
        Span::join(&mut self.memory, other.memory);
        Self::press(&mut self.pressure, other.pressure);
        for (folder, free) in &other.disks {
            self.fill(folder, *free);
        }
        self.report(other.xid.iter().copied());
        for (key, gpu) in &other.gpus {
            self.gpus.entry(*key).or_default().merge(gpu);
        }
    }

    fn press(all: &mut Option<[Span; 3]>, other: Option<[Span; 3]>) {
        let Some(other) = other else { return };
        match all {
            Some(all) => all.iter_mut().zip(other).for_each(|(all, other)| all.take(other)),
            None => *all = Some(other),
        }
    }

    fn fill(&mut self, folder: &str, free: Span) {
        match self.disks.get_mut(folder) {
            Some(span) => span.take(free),
            None => {
                self.disks.insert(folder.to_owned(), free);
            }
        }
    }

    fn report(&mut self, xids: impl Iterator<Item = (i64, Xid)>) {
        for (at, xid) in xids {
            match self.xid.iter_mut().find(|(_, known)| *known == xid) {
                Some((first, _)) => *first = at.min(*first),
                None => self.xid.push((at, xid)),
            }
        }
    }
}

impl GpuBucket {
    /// Takes in a reading. `since`: how many ms ago the last one was, and the counter of energy in mJ then.
    fn add(&mut self, reading: &GpuReading, since: Option<(u32, Option<u64>)>) {
        Span::join(&mut self.util, reading.util.map(|percent| Span::of(percent.into())));
        Span::join(&mut self.memory, reading.memory.map(|bytes| Span::of(real(bytes))));
        Span::join(&mut self.power, reading.power_mw.map(|mw| Span::of(f64::from(mw) / 1000.0)));
        Span::join(&mut self.temp, reading.temp.map(|celsius| Span::of(celsius.into())));
        Span::join(&mut self.sm_mhz, reading.sm_mhz.map(|mhz| Span::of(mhz.into())));
        let reasons = reading.throttle.map_or(0, |reasons| reasons.0 & !Throttle::GPU_IDLE.0);
        for bit in (0..u64::BITS).map(|bit| 1 << bit).filter(|bit| reasons & bit != 0) {
            let held = self.throttle_ms.entry(bit).or_default();
            *held = held.saturating_add(since.map_or(0, |(ms, _)| ms));
        }
        let Some((ms, before)) = since else { return };
        // a counter that runs backwards began anew
        let counted = before.zip(reading.energy_mj).and_then(|(before, now)| now.checked_sub(before));
        let by_power = || reading.power_mw.map(|mw| (u64::from(mw) * u64::from(ms) + 500) / 1000);
        if let Some(energy) = counted.or_else(by_power) {
            self.energy_mj = Some(self.energy_mj.unwrap_or(0).saturating_add(energy));
        }
    }

    fn merge(&mut self, other: &Self) {
        Span::join(&mut self.util, other.util);
        Span::join(&mut self.memory, other.memory);
        Span::join(&mut self.power, other.power);
        Span::join(&mut self.temp, other.temp);
        Span::join(&mut self.sm_mhz, other.sm_mhz);
        self.lost |= other.lost;
        if let Some(energy) = other.energy_mj {
            self.energy_mj = Some(self.energy_mj.unwrap_or(0).saturating_add(energy));
        }
        for (bit, ms) in &other.throttle_ms {
            let held = self.throttle_ms.entry(*bit).or_default();
            *held = held.saturating_add(*ms);
        }
    }

    /// The reasons that held at all.
    pub fn throttle(&self) -> Throttle {
        Throttle(self.throttle_ms.keys().fold(0, |all, bit| all | bit))
    }
}

impl Span {
    /// One value.
    pub const fn of(value: f64) -> Self {
        Self { n: 1, least: value, mean: value, most: value }
    }

    /// Takes the values of another one in.
    fn join(all: &mut Option<Self>, other: Option<Self>) {
        let Some(other) = other else { return };
        match all {
            Some(all) => all.take(other),
            None => *all = Some(other),
        }
    }

    fn take(&mut self, other: Self) {
        let n = self.n.saturating_add(other.n);
        self.mean += (other.mean - self.mean) * f64::from(other.n) / f64::from(n.max(1));
        self.n = n;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.least.total_cmp(&self.most).is_eq() {
            return (self.n, Short(self.mean)).serialize(serializer);
        }
        (self.n, Short(self.least), Short(self.mean), Short(self.most)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Written)
    }
}

/// A number without digits that nobody reads: hundredths below 1000, whole above.
struct Short(f64);

impl Serialize for Short {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number far below 2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let short = if self.0.abs() < 1000.0 { (self.0 * 100.0).round() / 100.0 } else { self.0.round() };
        if short.fract() == 0.0 { serializer.serialize_i64(short as i64) } else { serializer.serialize_f64(short) }
    }
}

/// A span as it lies on the disk.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[n, value] or [n, least, mean, most]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Span, A::Error> {
        let missing = |at| A::Error::invalid_length(at, &self);
        let n = seq.next_element()?.ok_or_else(|| missing(0))?;
        let least = seq.next_element()?.ok_or_else(|| missing(1))?;
        let Some(mean) = seq.next_element()? else { return Ok(Span { n, ..Span::of(least) }) };
        let most = seq.next_element()?.ok_or_else(|| missing(3))?;
        Ok(Span { n, least, mean, most })
    }
}

/// From one moment to a later one near it, in ms; `None`: there is a gap, or the clock was set back.
fn distance(from: i64, to: i64) -> Option<u32> {
    let ms = to.checked_sub(from).filter(|ms| *ms <= GAP_MS)?;
    u32::try_from(ms).ok()
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
const fn real(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::HostReading;

    const GPU: GpuKey = GpuKey { gpu: 0, mig: None };

    fn reading(power_mw: Option<u32>, energy_mj: Option<u64>) -> GpuReading {
        GpuReading { power_mw, energy_mj, ..GpuReading::default() }
    }

    fn sample(reading: GpuReading) -> Sample {
        Sample { gpus: [(GPU, reading)].into(), ..Sample::default() }
    }

    fn rolled(length_ms: i64, samples: &[(i64, Sample)]) -> Vec<Bucket> {
        let mut builder = Builder::new(length_ms);
        let mut buckets: Vec<Bucket> = samples.iter().filter_map(|(t, sample)| builder.add(*t, sample, &[])).collect();
        buckets.extend(builder.end());
        buckets
    }

    #[test]
    fn energy_is_the_counters_else_power_by_time_and_none_for_a_gap() {
        let energy = |samples: &[(i64, Sample)]| {
            let buckets = rolled(60_000, samples);
            buckets.iter().map(|bucket| bucket.gpus.get(&GPU).unwrap().energy_mj).collect::<Vec<_>>()
        };
        let by_counter = [(0, sample(reading(Some(1), Some(1_000)))), (1_000, sample(reading(Some(1), Some(701_000))))];
        assert_eq!(energy(&by_counter), [Some(700_000)]);
        let by_power = [(0, sample(reading(Some(700_000), None))), (1_500, sample(reading(Some(700_000), None)))];
        assert_eq!(energy(&by_power), [Some(1_050_000)], "700 W for 1.5 s");
        let anew = [(0, sample(reading(Some(500_000), Some(9_000_000)))), (1_000, sample(reading(Some(500_000), Some(20))))];
        assert_eq!(energy(&anew), [Some(500_000)], "a counter that began anew is not subtracted");
        let apart = [(0, sample(reading(Some(700_000), Some(0)))), (GAP_MS + 1, sample(reading(Some(700_000), Some(9_000))))];
        assert_eq!(energy(&apart), [None], "a gap has no energy");
        let unknown = [(0, sample(reading(None, None))), (1_000, sample(reading(None, None)))];
        assert_eq!(energy(&unknown), [None], "unknown is not 0");
    }

    #[test]
    fn what_a_silent_driver_said_before_is_no_reading() {
        let hot = GpuReading { temp: Some(80), throttle: Some(Throttle(0x41)), ..reading(Some(700_000), None) };
        let silent = Sample { silent_since: Some(1_500), ..sample(hot.clone()) };
        let lost = sample(GpuReading { lost: true, ..hot.clone() });
        let samples = [(0, sample(hot.clone())), (1_000, sample(hot)), (2_000, silent.clone()), (3_000, silent), (4_000, lost)];
        let [bucket] = <[Bucket; 1]>::try_from(rolled(10_000, &samples)).unwrap();
        let gpu = bucket.gpus.get(&GPU).unwrap();
        assert_eq!((bucket.n, bucket.silent_ms, gpu.lost), (5, 2_000, true));
        assert_eq!(gpu.temp, Some(Span { n: 2, ..Span::of(80.0) }));
        assert_eq!(gpu.throttle_ms, [(0x40, 1_000)].into(), "idle hampers nothing");
        assert_eq!(gpu.energy_mj, Some(700_000));
    }

    #[test]
    fn a_line_has_no_digits_that_nobody_reads() {
        let span = |least, mean, most| Span { n: 10, least, mean, most };
        let says = |span: Span| serde_json::to_string(&span).unwrap();
        assert_eq!(says(Span { n: 10, ..Span::of(80e9) }), "[10,80000000000]");
        assert_eq!(says(span(96.0, 97.0 + 1.0 / 3.0, 99.5)), "[10,96,97.33,99.5]");
        for text in ["[10,96,97.33,99.5]", "[3,0]"] {
            assert_eq!(says(serde_json::from_str(text).unwrap()), text);
        }
        assert!(["[]", "[1]", "[1,2,3]", "[1,2,3,4,5]", "{}"].iter().all(|text| serde_json::from_str::<Span>(text).is_err()));
    }

    fn any_reading() -> impl Strategy<Value = GpuReading> {
        let some = |range| proptest::option::weighted(0.8, range);
        let energy = proptest::option::weighted(0.5, 0_u64..10_000_000);
        let bits = proptest::option::weighted(0.8, 0_u64..0x200);
        (some(0..101_u32), some(0..700_000_u32), some(20..95_u32), energy, bits, proptest::bool::weighted(0.05)).prop_map(
            |(util, power_mw, temp, energy_mj, bits, lost)| GpuReading {
                util,
                power_mw,
                temp,
                energy_mj,
                throttle: bits.map(Throttle),
                lost,
                ..GpuReading::default()
            },
        )
    }

    /// A sample as it is drawn: time since the one before, the GPU, the host and what was reported.
    type Apart = (i64, Option<GpuReading>, (Option<u32>, bool, Vec<Xid>));

    fn any_samples() -> impl Strategy<Value = Vec<(i64, Sample, Vec<Xid>)>> {
        let xids = proptest::collection::vec((0_u32..2, 60_u64..64).prop_map(|(gpu, code)| Xid { gpu, code }), 0..2);
        let rest = (proptest::option::of(0..1_001_u32), proptest::bool::weighted(0.1), xids);
        let one = (50_i64..9_000, proptest::option::weighted(0.9, any_reading()), rest);
        proptest::collection::vec(one, 1..120).prop_map(|all| {
            let mut t = 1_763_769_600_000;
            let at = |(apart, reading, (cpu, is_silent, xids)): Apart| {
                t += apart;
                let host = HostReading { cpu, ..HostReading::default() };
                let gpus = reading.into_iter().map(|reading| (GPU, reading)).collect();
                (t, Sample { gpus, host, silent_since: is_silent.then_some(t), ..Sample::default() }, xids)
            };
            all.into_iter().map(at).collect()
        })
    }

    fn is_near(a: Option<Span>, b: Option<Span>) -> bool {
        let near = |a: Span, b: Span| {
            (a.n, a.least.to_bits(), a.most.to_bits()) == (b.n, b.least.to_bits(), b.most.to_bits()) && (a.mean - b.mean).abs() < 1e-6
        };
        a.is_none() == b.is_none() && a.zip(b).is_none_or(|(a, b)| near(a, b))
    }

    proptest! {
        #[test]
        fn roll_ups_of_roll_ups_are_roll_ups_of_samples(samples in any_samples(), short in prop_oneof![Just(1_000), Just(2_000), Just(10_000)]) {
            let roll = |length| {
                let mut builder = Builder::new(length);
                let mut buckets: Vec<Bucket> = samples.iter().filter_map(|(t, sample, xids)| builder.add(*t, sample, xids)).collect();
                buckets.extend(builder.end());
                buckets
            };
            let mut merged: BTreeMap<i64, Bucket> = BTreeMap::new();
            for bucket in roll(short) {
                let t = bucket.t.div_euclid(60_000) * 60_000;
                merged.entry(t).or_insert_with(|| Bucket { t, ..Bucket::default() }).merge(&bucket);
            }
            let whole = roll(60_000);
            prop_assert_eq!(whole.len(), merged.len());
            for (a, b) in whole.iter().zip(merged.values()) {
                prop_assert_eq!((a.t, a.n, a.silent_ms, &a.xid), (b.t, b.n, b.silent_ms, &b.xid));
                prop_assert!(is_near(a.cpu, b.cpu));
                prop_assert_eq!(a.gpus.len(), b.gpus.len());
                for (a, b) in a.gpus.values().zip(b.gpus.values()) {
                    prop_assert_eq!((a.energy_mj, &a.throttle_ms, a.lost), (b.energy_mj, &b.throttle_ms, b.lost));
                    prop_assert!(is_near(a.util, b.util) && is_near(a.power, b.power) && is_near(a.temp, b.temp));
                }
            }
        }
    }
}
