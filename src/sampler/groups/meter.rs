//! What a control group used, from its files. They are kept open: a look reads them, and opens nothing.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::engine::Place;

/// Larger than any of these files, in bytes.
const LARGEST: usize = 16 << 10;

/// The open files of a group; what it does not count is missing.
#[derive(Debug)]
pub(super) struct Meter {
    cpu: Option<Cpu>,
    memory: Option<Memory>,
    pids: Option<File>,
}

/// Processor time.
#[derive(Debug)]
enum Cpu {
    /// `cpuacct.usage` of version 1, in ns.
    Usage(File),
    /// `cpu.stat` of version 2, with `usage_usec`.
    Stat(File),
}

/// Memory. What was read from files and is not used any more does not count, as docker counts.
#[derive(Debug)]
struct Memory {
    usage: File,
    stat: File,
    /// How `stat` names what does not count.
    unused: &'static str,
}

/// What it used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// Processor time in µs, since the group was made.
    pub(super) cpu_us: Option<u64>,
    /// Bytes.
    pub(super) memory: Option<u64>,
    /// Processes and threads.
    pub(super) pids: Option<u32>,
}

impl Meter {
    /// Opens what is there; `None` where that is nothing.
    pub(super) fn open(place: &Place) -> Option<Self> {
        let meter = Self {
            cpu: place.cpu.as_deref().and_then(|folder| {
                let first = open(folder, "cpuacct.usage").map(Cpu::Usage);
                first.or_else(|| open(folder, "cpu.stat").map(Cpu::Stat))
            }),
            memory: place.memory.as_deref().and_then(|folder| {
                let first = memory(folder, "memory.usage_in_bytes", "total_inactive_file ");
                first.or_else(|| memory(folder, "memory.current", "inactive_file "))
            }),
            pids: place.pids.as_deref().and_then(|folder| open(folder, "pids.current")),
        };
        (meter.cpu.is_some() || meter.memory.is_some() || meter.pids.is_some()).then_some(meter)
    }

    /// Reads them; `None`: the group is gone.
    pub(super) fn read(self) -> Option<(Self, Used)> {
        let mut room = vec![0; LARGEST];
        let used = Used {
            cpu_us: self.cpu.as_ref().and_then(|cpu| match cpu {
                Cpu::Usage(file) => Some(number(text(file, &mut room)?)? / 1000),
                Cpu::Stat(file) => field(text(file, &mut room)?, "usage_usec "),
            }),
            memory: self.memory.as_ref().and_then(|memory| {
                let usage = number(text(&memory.usage, &mut room)?)?;
                let unused = field(text(&memory.stat, &mut room)?, memory.unused)?;
                Some(usage.saturating_sub(unused))
            }),
            pids: self.pids.as_ref().and_then(|file| u32::try_from(number(text(file, &mut room)?)?).ok()),
        };
        // files of a group that was removed can't be read any more
        (used != Used::default()).then_some((self, used))
    }
}

fn open(folder: &Path, name: &str) -> Option<File> {
    File::open(folder.join(name)).ok()
}

fn memory(folder: &Path, usage: &str, unused: &'static str) -> Option<Memory> {
    Some(Memory { usage: open(folder, usage)?, stat: open(folder, "memory.stat")?, unused })
}

/// The text as it is now: the kernel writes it in one piece, anew whenever it is read from its beginning.
fn text<'a>(file: &File, room: &'a mut [u8]) -> Option<&'a str> {
    let length = file.read_at(room, 0).ok()?;
    std::str::from_utf8(room.get(..length)?).ok()
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The number behind a word at the beginning of a line.
fn field(text: &str, word: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(word)).and_then(number)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use std::fs;

    use super::*;

    fn used(files: &[(&str, &str)]) -> Option<Used> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let at = || Some(folder.path().to_owned());
        Some(Meter::open(&Place { cpu: at(), memory: at(), pids: at() })?.read()?.1)
    }

    #[test]
    fn both_versions_say_the_same_in_their_own_words() {
        let expected = Used { cpu_us: Some(2_500_000), memory: Some(900), pids: Some(7) };
        let second = [
            ("cpu.stat", "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 0\n"),
            ("memory.current", "1000\n"),
            ("memory.stat", "anon 800\nfile 200\nactive_inactive_file 3\ninactive_file 100\n"),
            ("pids.current", "7\n"),
        ];
        assert_eq!(used(&second), Some(expected));
        let first = [
            ("cpuacct.usage", "2500000999\n"),
            ("cpu.stat", "nr_periods 0\nnr_throttled 0\n"),
            ("memory.usage_in_bytes", "1000\n"),
            ("memory.stat", "inactive_file 1\ntotal_inactive_file 100\n"),
            ("pids.current", "7\n"),
        ];
        assert_eq!(used(&first), Some(expected));
    }

    #[test]
    fn what_is_not_counted_is_missing_and_not_zero() {
        let some =
            used(&[("cpu.stat", "usage_usec 8\n"), ("memory.current", "5\n"), ("memory.stat", "anon 5\n"), ("pids.current", "max\n")]);
        assert_eq!(some, Some(Used { cpu_us: Some(8), memory: None, pids: None }));
        assert_eq!(used(&[("cpu.stat", "nr_periods 0\n")]), None);
        assert_eq!(used(&[]), None);
    }

    #[test]
    fn a_cache_that_shrank_between_two_files_makes_no_memory_below_zero() {
        assert_eq!(used(&[("memory.current", "5"), ("memory.stat", "inactive_file 9\n")]).and_then(|used| used.memory), Some(0));
    }
}
