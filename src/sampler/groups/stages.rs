//! Stages outside Docker: what the processes below their keepers use.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::cpu;
use crate::domain::Whose;
use crate::host::process::{self, Identity, Process, TICKS_A_SECOND};
use crate::sampler::whose::look::kept_by;
use crate::telemetry::GroupReading;

/// Between two looks at all processes, at least.
const LOOK: Duration = Duration::from_secs(5);

/// A look may take this part of a processor's time: on a machine with thousands of processes it is taken less often.
const SHARE: u32 = 1000;

/// The stages that keepers keep.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// Who holds locks on files, and the stage that he keeps; `None` of one who is no keeper.
    holders: HashMap<Identity, Option<Kept>>,
    /// When the next look is due.
    due: Option<Instant>,
}

/// A stage that is being kept.
#[derive(Debug)]
struct Kept {
    /// Its tag.
    tag: String,
    /// What it used when it was looked at; `None` before then.
    reading: Option<GroupReading>,
    whose: Whose,
    /// Processor time in µs, and when that was read.
    cpu: Option<(Instant, u64)>,
}

impl Stages {
    /// What they use, by their tags. Those that began since the last look at all processes are not among them yet.
    pub(super) fn read(&mut self) -> BTreeMap<String, GroupReading> {
        let now = Instant::now();
        if self.due.is_none_or(|due| now >= due) {
            let before = worked();
            self.find();
            if self.holders.values().any(Option::is_some) {
                self.look();
            }
            self.due = Some(now + LOOK.max(worked().saturating_sub(before) * SHARE));
        }
        self.holders.retain(|id, kept| kept.is_none() || process::identity(id.pid) == Some(*id));
        self.holders.values().flatten().filter_map(|kept| Some((kept.tag.clone(), kept.reading.clone()?))).collect()
    }

    /// Finds keepers. Each holds the lock of its stage: the kernel's list of locks names them all in one small file.
    fn find(&mut self) {
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        let mut before = std::mem::take(&mut self.holders);
        for id in holders(&locks).filter_map(process::identity) {
            let known = before.remove(&id).unwrap_or_else(|| kept_by(id.pid).and_then(Kept::new));
            self.holders.insert(id, known);
        }
    }

    /// Looks at all processes, once for all stages.
    fn look(&mut self) {
        let (processes, now) = (process::all(), Instant::now());
        for (keeper, kept) in &mut self.holders {
            let Some(kept) = kept else { continue };
            let found = process::below(&processes, &[keeper.pid]);
            let members: Vec<&Process> = process::living(&processes).filter(|process| found.contains(&process.id.pid)).collect();
            // what ended and was waited for counts with its parent, at last with the keeper, who takes in every orphan
            let keeper = processes.iter().find(|process| process.id == *keeper);
            let ticks: u64 = members.iter().copied().chain(keeper).map(|process| process.cpu_ticks).sum();
            let used = Some((now, ticks.saturating_mul(1_000_000 / TICKS_A_SECOND)));
            let before = std::mem::replace(&mut kept.cpu, used);
            kept.reading = Some(GroupReading {
                whose: kept.whose.clone(),
                cpu: cpu(before, used),
                memory: memory(&members),
                pids: Some(members.iter().map(|process| process.threads).sum()),
            });
        }
    }
}

impl Kept {
    fn new(whose: Whose) -> Option<Self> {
        let Whose::Stage { run, item, n, stage } = &whose else { return None };
        Some(Self { tag: format!("{run}/{item}.{n}/{stage}"), reading: None, whose, cpu: None })
    }
}

/// Processor time of this thread: what a look costs is that, however long it waits for its turn.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// Pids of those who hold a whole file for themselves: `1: FLOCK  ADVISORY  WRITE 2212 fe:00:5563237 0 EOF`, proc_locks(5). Who
/// waits for one has an arrow before that.
fn holders(locks: &str) -> impl Iterator<Item = i32> {
    locks.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_held = words.next()? == "FLOCK" && words.next().is_some() && words.next()? == "WRITE";
        is_held.then(|| words.next()?.parse().ok()).flatten()
    })
}

/// Bytes: what each has for itself, and the most that one shares with others. The sum of all they have would count pages that
/// they share many times. `None` where not all of them can be read.
fn memory(members: &[&Process]) -> Option<u64> {
    let page = rustix::param::page_size() as u64;
    let (mut own, mut shared) = (0, 0);
    for process in members {
        let (has, shares) = pages(process.id.pid)?;
        own += has.saturating_sub(shares);
        shared = shared.max(shares);
    }
    Some((own + shared) * page)
}

/// Pages in memory, and those among them that others may have, too: `/proc/<pid>/statm`. One that ended meanwhile has none.
fn pages(pid: i32) -> Option<(u64, u64)> {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/statm")) else {
        return process::identity(pid).is_none().then_some((0, 0));
    };
    let mut words = text.split(' ').skip(1);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_of_whole_files_are_those_that_wait_for_nobody() {
        let locks = "1: FLOCK  ADVISORY  WRITE 2212 fe:00:5563237 0 EOF\n2: FLOCK  ADVISORY  READ 1 fe:00:5 0 EOF\n\
                     3: POSIX  ADVISORY  WRITE 5 fe:00:5 0 EOF\n5: FLOCK  ADVISORY  WRITE 27 fe:00:5 0 EOF\n\
                     5: -> FLOCK  ADVISORY  WRITE 28 fe:00:5 0 EOF\n6: FLOCK ADVISORY WRITE -1 fe:00:5 0 EOF\n7: FLOCK\n";
        assert_eq!(holders(locks).collect::<Vec<_>>(), [2212, 27, -1]);
    }

    #[test]
    fn processor_time_is_between_two_readings_and_never_below_zero() {
        let first = Instant::now();
        let then = first + Duration::from_secs(2);
        assert_eq!(cpu(Some((first, 0)), Some((then, 3_000_000))), Some(1500));
        assert_eq!(cpu(Some((first, 5)), Some((then, 4))), None);
        assert_eq!(cpu(None, Some((then, 4))), None);
        assert_eq!(cpu(Some((then, 3)), Some((then, 4))), None);
    }
}
