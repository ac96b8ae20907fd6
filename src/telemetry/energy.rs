//! The energy of the machine's GPUs over a stretch of time, from its telemetry.
//!
//! A GPU's own counter says what went between two readings; where it has none, power × time does. What nobody saw adds
//! nothing and is told as such: an energy comes with the part of the time that it is known for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use super::files::Files;
use super::read;
use super::rollup::Bucket;
use super::sample::{GpuReading, Header, Sample};
use crate::ledger::regular;

/// Two readings that lie farther apart have a gap between them, in intervals of the sampler.
const GAP: i64 = 3;

/// The interval where no header says it, in ms.
const INTERVAL_MS: i64 = 1_000;

/// The length of the roll-ups that are read where the seconds are gone, in ms.
const BUCKET_MS: i64 = 10_000;

/// What the GPUs took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Energy {
    /// By NVML's index in mJ; a GPU that said nothing is not there. MIG instances are part of their GPU.
    pub gpus: BTreeMap<u32, u64>,
    /// The part of the time that it is known for, of all GPUs, in percent; without any GPU that says its power, the part of
    /// the time with samples.
    pub covered_pct: u8,
    /// UUIDs of the GPUs that were there.
    pub uuids: Vec<String>,
}

impl Energy {
    /// Of all GPUs in mJ; `None` where none said anything.
    pub fn total_mj(&self) -> Option<u64> {
        (!self.gpus.is_empty()).then(|| self.gpus.values().sum())
    }
}

/// The energy between two moments in ms of Unix time; `None` where there is no telemetry of that time.
pub fn between(files: &Files, from: i64, to: i64) -> io::Result<Option<Energy>> {
    let mut buckets = Vec::new();
    rolled_up(files, (from - BUCKET_MS, to), |bucket| buckets.push(bucket))?;
    let mut buckets = buckets.into_iter().peekable();
    let mut meter = Meter::new(from, to);
    // the sample before the first moment, too: what went until the next one is shared out
    read::between(files, from - GAP * INTERVAL_MS, to, |t, header, sample, _| {
        // where there are seconds, the roll-ups say nothing new
        while let Some(bucket) = buckets.next_if(|bucket| bucket.t + BUCKET_MS <= t.div_euclid(BUCKET_MS) * BUCKET_MS) {
            meter.bucket(&bucket);
        }
        meter.sample(t, header, sample);
    })?;
    buckets.for_each(|bucket| meter.bucket(&bucket));
    Ok(meter.end())
}

/// Hands every 10 s roll-up that begins between two moments to `each`.
fn rolled_up(files: &Files, (from, to): (i64, i64), mut each: impl FnMut(Bucket)) -> io::Result<()> {
    let file = match regular::open(File::options().read(true), &files.tens()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => BufReader::new(file?),
    };
    for line in file.split(b'\n') {
        // a line that is being written, or makes no sense, says nothing
        let Ok(bucket) = serde_json::from_slice::<Bucket>(&line?) else { continue };
        if (from..to).contains(&bucket.t) {
            each(bucket);
        }
    }
    Ok(())
}

/// Adds up what it is shown, in the order of time.
#[derive(Debug)]
pub struct Meter {
    from: i64,
    to: i64,
    interval_ms: i64,
    boot: String,
    gpus: BTreeMap<u32, Count>,
    /// The moment of the newest sample.
    last: Option<i64>,
    /// Time with samples, in ms.
    seen_ms: i64,
}

/// What is known of a GPU so far.
#[derive(Debug, Default)]
struct Count {
    uuid: Option<String>,
    last: Option<Reading>,
    /// In µJ: mW × ms.
    energy: u64,
    /// Time that the energy is known for, in ms.
    known_ms: i64,
}

/// What a GPU said at a moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    t: i64,
    power_mw: Option<u32>,
    counter_mj: Option<u64>,
}

impl Meter {
    /// For the time between two moments in ms of Unix time.
    pub const fn new(from: i64, to: i64) -> Self {
        Self { from, to, interval_ms: INTERVAL_MS, boot: String::new(), gpus: BTreeMap::new(), last: None, seen_ms: 0 }
    }

    /// Takes a sample.
    pub fn sample(&mut self, t: i64, header: &Header, sample: &Sample) {
        self.interval_ms = i64::try_from(header.interval_ms).unwrap_or(INTERVAL_MS).max(1);
        if header.boot != self.boot {
            // counters begin anew with the machine
            self.boot.clone_from(&header.boot);
            self.gpus.values_mut().for_each(|count| count.last = None);
        }
        let (from, to, gap) = (self.from, self.to, GAP * self.interval_ms);
        if let Some(last) = self.last.filter(|last| t - last <= gap) {
            self.seen_ms += within(from, to, last, t);
        }
        self.last = Some(t);
        for (key, gpu) in sample.gpus.iter().filter(|(key, _)| key.mig.is_none()) {
            let count = self.gpus.entry(key.gpu).or_default();
            let uuid = header.gpus.get(key).and_then(|facts| facts.uuid.as_ref());
            if count.uuid.as_ref() != uuid {
                count.uuid = uuid.cloned();
                count.last = None;
            }
            // what a driver that hangs or a GPU that is gone said last is no reading
            if sample.silent_since.is_none() && !gpu.lost {
                count.read(t, gpu, (from, to), gap);
            }
        }
    }

    /// Takes a roll-up of a time whose seconds are gone, and that lies behind all that was taken so far.
    pub fn bucket(&mut self, bucket: &Bucket) {
        if self.last.is_some_and(|last| last >= bucket.t) {
            return;
        }
        let ms = (i64::from(bucket.n) * self.interval_ms).min(BUCKET_MS);
        let share = |of: i64| of * within(self.from, self.to, bucket.t, bucket.t + BUCKET_MS) / BUCKET_MS;
        self.seen_ms += share(ms);
        for (key, gpu) in bucket.gpus.iter().filter(|(key, _)| key.mig.is_none()) {
            let count = self.gpus.entry(key.gpu).or_default();
            let Some(energy) = gpu.energy_mj else { continue };
            count.energy +=
                u64::try_from(share(i64::try_from(energy.saturating_mul(1000)).unwrap_or(i64::MAX / BUCKET_MS))).unwrap_or_default();
            count.known_ms += share(ms);
            count.last = None;
        }
    }

    /// What it came to; `None` where it was shown nothing of its time.
    pub fn end(mut self) -> Option<Energy> {
        let (from, to, gap) = (self.from, self.to, GAP * self.interval_ms);
        // the newest sample speaks for the moment since
        if let Some(last) = self.last.filter(|last| to - last <= gap) {
            self.seen_ms += within(from, to, last, to);
        }
        for count in self.gpus.values_mut() {
            let last = count.last.filter(|last| to > last.t && to - last.t <= gap);
            if let Some((last, power)) = last.and_then(|last| Some((last, last.power_mw?))) {
                count.add(u64::from(power), within(from, to, last.t, to));
            }
        }
        if self.seen_ms == 0 && self.last.is_none_or(|last| last < from) {
            return None;
        }
        let whole = (to - from).max(1);
        let known: i64 = self.gpus.values().map(|count| count.known_ms).sum();
        let of = i64::try_from(self.gpus.len()).unwrap_or(i64::MAX).saturating_mul(whole);
        let covered = if known > 0 { known * 100 / of } else { self.seen_ms * 100 / whole };
        Some(Energy {
            covered_pct: u8::try_from(covered.clamp(0, 100)).unwrap_or_default(),
            gpus: self.gpus.iter().filter(|(_, count)| count.known_ms > 0).map(|(gpu, count)| (*gpu, count.energy / 1000)).collect(),
            uuids: self.gpus.into_values().filter_map(|count| count.uuid).collect(),
        })
    }
}

impl Count {
    /// Takes a reading. `gap` is the longest time between two of them that has no gap in it.
    fn read(&mut self, t: i64, gpu: &GpuReading, (from, to): (i64, i64), gap: i64) {
        let now = Reading { t, power_mw: gpu.power_mw, counter_mj: gpu.energy_mj };
        if now.power_mw.is_none() && now.counter_mj.is_none() {
            return;
        }
        let Some(last) = self.last.replace(now).filter(|last| t > last.t) else { return };
        let (ms, inside) = (t - last.t, within(from, to, last.t, t));
        let is_whole = inside == ms;
        // a counter that went back began anew
        let counted = last.counter_mj.zip(now.counter_mj).and_then(|(before, now)| now.checked_sub(before));
        match (counted, mean(last.power_mw, now.power_mw)) {
            // it knows what nobody saw; only where that is no longer in our time it can't be shared out
            (Some(mj), _) if ms <= gap || is_whole => {
                self.energy += share(mj.saturating_mul(1000), inside, ms);
                self.known_ms += inside;
            }
            (None, Some(power)) if ms <= gap => self.add(power, inside),
            _ => {}
        }
    }

    /// So many mW for so many ms.
    fn add(&mut self, power_mw: u64, ms: i64) {
        self.energy += power_mw.saturating_mul(u64::try_from(ms).unwrap_or_default());
        self.known_ms += ms;
    }
}

/// The part of `a..b` that lies in `from..to`, in ms.
fn within(from: i64, to: i64, a: i64, b: i64) -> i64 {
    (b.min(to) - a.max(from)).max(0)
}

/// `part` of `whole` of an amount.
fn share(amount: u64, part: i64, whole: i64) -> u64 {
    let shared = i128::from(amount) * i128::from(part) / i128::from(whole.max(1));
    u64::try_from(shared).unwrap_or_default()
}

fn mean(a: Option<u32>, b: Option<u32>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(u64::midpoint(u64::from(a), u64::from(b))),
        (one, other) => one.or(other).map(u64::from),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use super::*;
    use crate::telemetry::{GpuBucket, GpuFacts, GpuKey};

    const GPU: GpuKey = GpuKey { gpu: 0, mig: None };

    fn header(boot: &str) -> Header {
        let facts = |uuid: &str| GpuFacts { uuid: Some(uuid.to_owned()), ..GpuFacts::default() };
        Header { v: 1, boot: boot.to_owned(), interval_ms: 1000, gpus: [(GPU, facts("GPU-a"))].into(), ..Header::default() }
    }

    fn reading(watts: Option<u32>, counter_mj: Option<u64>) -> GpuReading {
        GpuReading { power_mw: watts.map(|watts| watts * 1000), energy_mj: counter_mj, ..GpuReading::default() }
    }

    fn of(reading: GpuReading) -> Sample {
        Sample { gpus: [(GPU, reading)].into(), ..Sample::default() }
    }

    /// The energy of 0 to `to` s, by samples of one GPU: second, watts, counter in J.
    fn measured(to: i64, samples: &[(i64, Option<u32>, Option<u64>)]) -> Option<Energy> {
        let mut meter = Meter::new(0, to * 1000);
        for (second, watts, joules) in samples {
            meter.sample(second * 1000, &header("x"), &of(reading(*watts, joules.map(|j| j * 1000))));
        }
        meter.end()
    }

    /// In J, and the part of the time in percent.
    fn told(energy: Option<Energy>) -> (Option<u64>, u8) {
        let energy = energy.unwrap();
        (energy.total_mj().map(|mj| mj / 1000), energy.covered_pct)
    }

    #[test]
    fn power_by_time_is_energy() {
        let steady: Vec<_> = (0..=10).map(|t| (t, Some(300), None)).collect();
        assert_eq!(told(measured(10, &steady)), (Some(3000), 100));
        // real time: two samples that lie 2.5 s apart count as much
        let mut meter = Meter::new(0, 2500);
        for t in [0, 2500] {
            meter.sample(t, &header("x"), &of(reading(Some(100), None)));
        }
        assert_eq!(told(meter.end()), (Some(250), 100));
        // the edges: the sample before, shared out, and the newest one up to the end
        assert_eq!(told(measured(2, &[(-1, Some(100), None), (1, Some(100), None)])), (Some(200), 100));
    }

    #[test]
    fn a_counter_is_believed_before_power_and_across_a_gap() {
        assert_eq!(told(measured(2, &[(0, Some(1), Some(5000)), (1, Some(1), Some(5400)), (2, Some(1), Some(5800))])), (Some(800), 100));
        assert_eq!(told(measured(60, &[(0, None, Some(5000)), (60, None, Some(11_000))])), (Some(6000), 100));
        // half of that gap lies before our time: nobody knows how much of it
        assert_eq!(told(measured(60, &[(-30, Some(1), Some(5000)), (59, Some(1), Some(9000)), (60, Some(1), Some(9001))])), (Some(1), 1));
    }

    #[test]
    fn a_counter_that_begins_anew_leaves_it_to_power() {
        let restarted = [(0, Some(200), Some(5000)), (1, Some(200), Some(10)), (2, Some(200), Some(210))];
        assert_eq!(told(measured(2, &restarted)), (Some(400), 100));
        // another boot, another GPU of that number: higher as it is, it says nothing of the time between
        let mut meter = Meter::new(0, 60_000);
        meter.sample(0, &header("x"), &of(reading(None, Some(5_000_000))));
        meter.sample(60_000, &header("y"), &of(reading(None, Some(9_000_000))));
        assert_eq!(told(meter.end()), (None, 0));
    }

    #[test]
    fn a_gap_adds_nothing_and_lowers_what_is_covered() {
        let gap: Vec<_> = (0..=5).chain(15..=20).map(|t| (t, Some(100), None)).collect();
        assert_eq!(told(measured(20, &gap)), (Some(1000), 50));
        // a reading that failed once leaves no gap
        assert_eq!(told(measured(2, &[(0, Some(100), None), (1, None, None), (2, Some(100), None)])), (Some(200), 100));
        // samples that end early: the last speaks for a moment only
        assert_eq!(told(measured(10, &[(0, Some(100), None), (1, Some(100), None)])), (Some(100), 10));
    }

    #[test]
    fn unknown_is_not_zero() {
        assert_eq!(measured(10, &[]), None);
        assert_eq!(told(measured(2, &[(0, None, None), (1, None, None), (2, None, None)])), (None, 100), "samples, and no power in them");
        assert_eq!(told(measured(2, &[(0, Some(0), None), (1, Some(0), None), (2, Some(0), None)])), (Some(0), 100), "0 W were read");
    }

    #[test]
    fn a_lost_gpu_and_a_silent_driver_say_nothing_anymore() {
        let mut meter = Meter::new(0, 10_000);
        for t in 0..=10 {
            let lost = t > 5;
            meter.sample(t * 1000, &header("x"), &of(GpuReading { lost, ..reading(Some(100), None) }));
        }
        assert_eq!(told(meter.end()), (Some(500), 50));
        let mut meter = Meter::new(0, 10_000);
        for t in 0..=10 {
            let silent_since = (t > 5).then_some(5000);
            meter.sample(t * 1000, &header("x"), &Sample { silent_since, ..of(reading(Some(100), None)) });
        }
        assert_eq!(told(meter.end()), (Some(500), 50));
    }

    #[test]
    fn instances_are_part_of_their_gpu() {
        let mut meter = Meter::new(0, 1000);
        let mig = GpuKey { gpu: 0, mig: Some(1) };
        let both = Sample { gpus: [(GPU, reading(Some(100), None)), (mig, reading(Some(100), None))].into(), ..Sample::default() };
        for t in [0, 1000] {
            meter.sample(t, &header("x"), &both);
        }
        let energy = meter.end().unwrap();
        assert_eq!((energy.total_mj(), energy.uuids, energy.gpus.len()), (Some(100_000), vec!["GPU-a".to_owned()], 1));
    }

    #[test]
    fn of_two_gpus_one_that_says_nothing_halves_what_is_covered() {
        let mut meter = Meter::new(0, 1000);
        let other = GpuKey { gpu: 1, mig: None };
        let both = Sample { gpus: [(GPU, reading(Some(100), None)), (other, reading(None, None))].into(), ..Sample::default() };
        for t in [0, 1000] {
            meter.sample(t, &header("x"), &both);
        }
        assert_eq!(told(meter.end()), (Some(100), 50));
    }

    #[test]
    fn roll_ups_stand_in_for_seconds_that_are_gone() {
        let bucket = |t: i64, n: u32| Bucket {
            t: t * 1000,
            n,
            gpus: [(GPU, GpuBucket { energy_mj: Some(1_000_000), ..GpuBucket::default() })].into(),
            ..Bucket::default()
        };
        let mut meter = Meter::new(5000, 30_000);
        // of the first one half is in our time, of the second one half was sampled
        meter.bucket(&bucket(0, 10));
        meter.bucket(&bucket(10, 5));
        (20..=30).for_each(|t| meter.sample(t * 1000, &header("x"), &of(reading(Some(100), None))));
        assert_eq!(told(meter.end()), (Some(500 + 1000 + 1000), 80));
        // a roll-up of a time with seconds is not counted again
        let mut meter = Meter::new(0, 10_000);
        (0..=9).for_each(|t| meter.sample(t * 1000, &header("x"), &of(reading(Some(100), None))));
        meter.bucket(&bucket(0, 10));
        assert_eq!(told(meter.end()), (Some(1000), 100));
    }
}
