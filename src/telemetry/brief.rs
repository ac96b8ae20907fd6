//! The machine at one moment in a line or two: beside the queue, and in `status`.

use std::ops::RangeInclusive;

use super::chart::Latest;
use super::sample::{GpuFacts, GpuKey, GpuReading};
use crate::domain::{Driver, Throttle};
use crate::text::{self, gpu};

/// So many GPUs have a line each; more of them have one together.
const EACH: usize = 2;

/// A line of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about: `GPU`, `GPU 1`, `CPU`.
    pub of: String,
    /// What is known of it, piece by piece.
    pub says: Vec<String>,
    /// Whether something is wrong there.
    pub is_bad: bool,
}

impl Line {
    /// `GPU 97 % of 8 · 612 of 640 GB`
    pub fn joined(&self) -> String {
        format!("{} {}", self.of, self.says.join(" · "))
    }
}

/// All lines: GPUs, then processors and memory.
pub fn lines(latest: &Latest) -> Vec<Line> {
    let mut lines = gpus(latest);
    let mut host = host(latest);
    if lines.is_empty() && latest.sample.driver == Driver::Absent {
        // nothing to worry about, and no line of its own
        host.says.push("no NVIDIA GPU here".to_owned());
    }
    lines.extend(Some(host).filter(|host| !host.says.is_empty()));
    lines
}

fn gpus(latest: &Latest) -> Vec<Line> {
    let sample = &latest.sample;
    if let Some(since) = sample.silent_since {
        let ms = u64::try_from(latest.at.as_millisecond().saturating_sub(since)).unwrap_or(0);
        return vec![Line { of: "GPU".to_owned(), says: vec![gpu::silent(ms).says], is_bad: true }];
    }
    if let Some(trouble) = gpu::driver(&sample.driver).filter(|_| sample.driver != Driver::Absent) {
        return vec![Line { of: "GPU".to_owned(), says: vec![trouble.says], is_bad: true }];
    }
    let all: Vec<(&GpuKey, &GpuReading, Option<&GpuFacts>)> =
        sample.gpus.iter().filter(|(key, _)| key.mig.is_none()).map(|(key, reading)| (key, reading, latest.header.gpus.get(key))).collect();
    match all.len() {
        0 => Vec::new(),
        1..=EACH => all.into_iter().map(|(key, reading, facts)| one(*key, reading, facts)).collect(),
        _ => vec![together(&all)],
    }
}

/// `GPU 1 97 % · 76.2 of 80.0 GB · 689 W · 71 °C · hw thermal`
fn one(key: GpuKey, reading: &GpuReading, facts: Option<&GpuFacts>) -> Line {
    let of = format!("GPU {key}");
    if reading.lost {
        return Line { of, says: vec!["lost: the driver cannot reach it any more".to_owned()], is_bad: true };
    }
    let spoils = reading.throttle.map_or(Throttle(0), |reasons| Throttle(reasons.0 & Throttle::SPOILS.0));
    let says = [
        reading.util.map(|percent| format!("{percent} %")),
        memory(reading.memory, facts.and_then(|facts| facts.memory)),
        reading.power_mw.map(|mw| watts(mw.into())),
        reading.temp.map(|celsius| format!("{celsius} °C")),
    ];
    Line { of, says: says.into_iter().flatten().chain(spoils.names()).collect(), is_bad: spoils.0 != 0 }
}

/// `GPU 97 % of 8 · 612 of 640 GB · 5.1 kW · 61–74 °C · 2 throttled`
fn together(all: &[(&GpuKey, &GpuReading, Option<&GpuFacts>)]) -> Line {
    let here: Vec<&GpuReading> = all.iter().map(|(_, reading, _)| *reading).filter(|reading| !reading.lost).collect();
    let used: Vec<u64> = here.iter().filter_map(|reading| reading.util.map(u64::from)).collect();
    let util = mean(&used).map(|percent| format!("{percent} % of {}", used.len()));
    let room =
        all.iter().filter(|(_, reading, _)| !reading.lost).filter_map(|(_, reading, facts)| Some((reading.memory?, (*facts)?.memory?)));
    let room = room.reduce(|(used, total), (one, of)| (used.saturating_add(one), total.saturating_add(of)));
    let power: Vec<u64> = here.iter().filter_map(|reading| reading.power_mw.map(u64::from)).collect();
    let temps = here.iter().filter_map(|reading| reading.temp.map(|celsius| celsius..=celsius));
    let temps = temps.reduce(|a, b| *a.start().min(b.start())..=*a.end().max(b.end()));
    let throttled = here.iter().filter(|reading| reading.throttle.is_some_and(|reasons| reasons.has(Throttle::SPOILS))).count();
    let lost = all.len() - here.len();
    let says = [
        util,
        room.and_then(|(used, total)| memory(Some(used), Some(total))),
        (!power.is_empty()).then(|| watts(power.iter().sum())),
        temps.map(between),
        (throttled > 0).then(|| format!("{throttled} throttled")),
        (lost > 0).then(|| format!("{lost} lost")),
    ];
    Line { of: "GPU".to_owned(), says: says.into_iter().flatten().collect(), is_bad: throttled > 0 || lost > 0 }
}

/// `CPU 34 % of 16 · 12.1 of 64.0 GB`
fn host(latest: &Latest) -> Line {
    let (host, header) = (&latest.sample.host, &latest.header);
    let cpu = host.cpu.map(|tenths| format!("{} % of {}", (tenths + 5) / 10, header.cores));
    let says = [cpu, memory(host.memory, Some(header.memory).filter(|bytes| *bytes > 0))];
    Line { of: "CPU".to_owned(), says: says.into_iter().flatten().collect(), is_bad: false }
}

/// `612 of 640 GB`, `812 MB of 80.0 GB`, and `812 MB` where nobody knows of how many.
fn memory(used: Option<u64>, total: Option<u64>) -> Option<String> {
    let used = text::bytes(used?);
    let Some(total) = total.map(text::bytes) else { return Some(used) };
    Some(match (used.split_once(' '), total.split_once(' ')) {
        (Some((figure, unit)), Some((_, other))) if unit == other => format!("{figure} of {total}"),
        _ => format!("{used} of {total}"),
    })
}

/// `689 W`, `5.1 kW`
fn watts(mw: u64) -> String {
    if mw < 999_500 {
        return format!("{} W", (mw + 500) / 1000);
    }
    let tenths = (mw + 50_000) / 100_000;
    format!("{}.{} kW", tenths / 10, tenths % 10)
}

fn mean(values: &[u64]) -> Option<u64> {
    let many = u64::try_from(values.len()).ok().filter(|many| *many > 0)?;
    Some((values.iter().sum::<u64>() + many / 2) / many)
}

/// `61–74 °C`
fn between(celsius: RangeInclusive<u32>) -> String {
    if celsius.start() == celsius.end() {
        return format!("{} °C", celsius.start());
    }
    format!("{}–{} °C", celsius.start(), celsius.end())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::telemetry::{Header, HostReading, Sample};

    const GB: u64 = 1_000_000_000;

    fn latest(gpus: u32, change: impl Fn(u32, &mut GpuReading)) -> Latest {
        let key = |gpu| GpuKey { gpu, mig: None };
        let reading = |gpu: u32| {
            let memory = Some(76 * GB + 500_000_000);
            let mut reading =
                GpuReading { util: Some(97), memory, power_mw: Some(640_000 + gpu), temp: Some(61 + gpu), ..GpuReading::default() };
            change(gpu, &mut reading);
            (key(gpu), reading)
        };
        let facts = |gpu| (key(gpu), GpuFacts { memory: Some(80 * GB), ..GpuFacts::default() });
        let driver = if gpus == 0 { Driver::Absent } else { Driver::Here };
        let host = HostReading { cpu: Some(344), memory: Some(12 * GB), ..HostReading::default() };
        let sample = Sample { driver, gpus: (0..gpus).map(reading).collect(), host, ..Sample::default() };
        let header = Header { cores: 16, memory: 64 * GB, gpus: (0..gpus).map(facts).collect(), ..Header::default() };
        Latest { at: Timestamp::UNIX_EPOCH, sample, header }
    }

    fn told(latest: &Latest) -> Vec<String> {
        lines(latest).iter().map(Line::joined).collect()
    }

    #[test]
    fn one_or_two_gpus_have_a_line_each_and_more_have_one_together() {
        let cpu = "CPU 34 % of 16 · 12.0 of 64.0 GB";
        assert_eq!(told(&latest(1, |_, _| {})), ["GPU 0 97 % · 76.5 of 80.0 GB · 640 W · 61 °C", cpu]);
        let hot = |gpu: u32, reading: &mut GpuReading| {
            reading.throttle = Some(if gpu < 2 { Throttle(Throttle::HW_THERMAL.0 | 4) } else { Throttle::SW_POWER_CAP });
        };
        assert_eq!(told(&latest(2, hot)).first().map(String::as_str), Some("GPU 0 97 % · 76.5 of 80.0 GB · 640 W · 61 °C · hw thermal"));
        assert_eq!(told(&latest(8, hot)), ["GPU 97 % of 8 · 612 of 640 GB · 5.1 kW · 61–68 °C · 2 throttled", cpu]);
    }

    #[test]
    fn what_is_unknown_is_left_out_and_what_is_lost_is_told() {
        let some = |gpu: u32, reading: &mut GpuReading| {
            reading.lost = gpu == 3;
            reading.util = reading.util.filter(|_| gpu != 1);
            reading.power_mw = None;
        };
        assert_eq!(told(&latest(4, some)).first().map(String::as_str), Some("GPU 97 % of 2 · 230 of 240 GB · 61–63 °C · 1 lost"));
        assert_eq!(told(&latest(0, |_, _| {})), ["CPU 34 % of 16 · 12.0 of 64.0 GB · no NVIDIA GPU here"]);
        let mut silent = latest(8, |_, _| {});
        silent.sample.silent_since = Some(-42_000);
        assert_eq!(told(&silent).first().map(String::as_str), Some("GPU the driver has not answered for 42 s"));
    }
}
