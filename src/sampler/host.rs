//! Processors and memory of the machine, from `/proc`. The files are opened once and read again and again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::telemetry::HostReading;

/// More than this of a file is not looked at, in bytes: what we want stands at the beginning of each.
const MOST: usize = 4096;

/// The machine's own figures.
#[derive(Debug)]
pub(super) struct Host {
    stat: Option<File>,
    memory: Option<File>,
    /// Of processors, memory and disks.
    pressure: [Option<File>; 3],
    /// Busy time and all time of all processors at the last look, in ticks.
    last: Option<(u64, u64)>,
}

impl Host {
    /// Opens what is there.
    pub(super) fn open() -> Self {
        Self::at(Path::new("/proc"))
    }

    fn at(proc: &Path) -> Self {
        let open = |name: &str| File::open(proc.join(name)).ok();
        Self {
            stat: open("stat"),
            memory: open("meminfo"),
            pressure: ["pressure/cpu", "pressure/memory", "pressure/io"].map(open),
            last: None,
        }
    }

    /// All memory in bytes; 0 where `/proc` does not tell.
    pub(super) fn memory(&self) -> u64 {
        self.memory.as_ref().and_then(beginning).and_then(|text| kib(&text, "MemTotal:")).unwrap_or_default()
    }

    /// What it does now. Processor time is that since the last look.
    pub(super) fn look(&mut self) -> HostReading {
        let now = self.stat.as_ref().and_then(beginning).and_then(|text| times(&text));
        let last = std::mem::replace(&mut self.last, now);
        let memory = self.memory.as_ref().and_then(beginning);
        let used = |all: &str, left: &str| kib(memory.as_deref()?, all)?.checked_sub(kib(memory.as_deref()?, left)?);
        let pressure = self.pressure.each_ref().map(|file| file.as_ref().and_then(beginning).and_then(|text| waited(&text)));
        HostReading {
            cpu: last.zip(now).and_then(|(last, now)| busy(last, now)),
            memory: used("MemTotal:", "MemAvailable:"),
            swap: used("SwapTotal:", "SwapFree:"),
            pressure: match pressure {
                [Some(cpu), Some(memory), Some(io)] => Some([cpu, memory, io]),
                _ => None,
            },
        }
    }
}

/// Processors of the machine: also those that we may not run on.
pub(super) fn cores() -> u32 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let is_one = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    u32::try_from(stat.lines().filter(is_one).count()).unwrap_or_default()
}

/// The beginning of such a file as it is now.
fn beginning(file: &File) -> Option<String> {
    let mut buffer = [0_u8; MOST];
    // a kernel without pressure figures has their files, and refuses to read them
    let length = file.read_at(&mut buffer, 0).ok()?;
    Some(String::from_utf8_lossy(buffer.get(..length)?).into_owned())
}

/// Busy time and all time of the line `cpu` of `/proc/stat`, in ticks. Guests' time is part of the users'.
fn times(stat: &str) -> Option<(u64, u64)> {
    let ticks: Vec<u64> = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().flat_map(str::parse).collect();
    let all: u64 = ticks.iter().take(8).sum();
    // idle, and idle while something waited for a disk
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    (ticks.len() >= 4).then_some((all.saturating_sub(idle), all))
}

/// The busy part between two looks in tenths of a percent.
fn busy(last: (u64, u64), now: (u64, u64)) -> Option<u32> {
    let all = now.1.checked_sub(last.1).filter(|all| *all > 0)?;
    // the kernel's idle time may go back by a tick
    let busy = now.0.saturating_sub(last.0).min(all);
    u32::try_from((busy * 1000 + all / 2) / all).ok()
}

/// A line of `/proc/meminfo` in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

/// `some avg10=12.34 …` of `/proc/pressure` in tenths of a percent.
fn waited(text: &str) -> Option<u32> {
    let some = text.lines().find_map(|line| line.strip_prefix("some avg10="))?;
    let (percent, hundredths) = some.split_ascii_whitespace().next()?.split_once('.')?;
    let hundredths = percent.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths.parse().ok()?)?;
    Some((hundredths + 5) / 10)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    const MEMORY: &str = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:   400 kB\nSwapTotal:  50 kB\nSwapFree:  50 kB\n";

    #[test]
    fn the_figures_are_those_of_proc_and_what_is_not_there_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("pressure")).unwrap();
        put("stat", "cpu  100 0 50 800 50 0 0 0 100 0\ncpu0 1 2 3 4\n");
        put("meminfo", MEMORY);
        for (name, avg10) in [("cpu", "12.34"), ("memory", "0.06"), ("io", "100.00")] {
            put(&format!("pressure/{name}"), &format!("some avg10={avg10} avg60=3.00 avg300=0.00 total=1\nfull avg10=9.00\n"));
        }
        let mut host = Host::at(folder.path());
        let pressure = Some([123, 1, 1000]);
        let first = HostReading { cpu: None, memory: Some(600 * 1024), swap: Some(0), pressure };
        assert_eq!(host.look(), first, "of one look nobody knows what the processors did");
        put("stat", "cpu  130 0 60 850 60 0 0 0 130 0\ncpu0 1 2 3 4\n");
        assert_eq!(host.look(), HostReading { cpu: Some(400), ..first });
        fs::remove_dir_all(folder.path().join("pressure")).unwrap();
        put("meminfo", "MemTotal: 1000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
        assert_eq!(Host::at(folder.path()).look(), HostReading { swap: Some(0), ..HostReading::default() });
        assert_eq!(Host::at(&folder.path().join("none")).look(), HostReading::default());
        assert!(cores() > 0 && Host::open().memory() > 0);
    }
}
