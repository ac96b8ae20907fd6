//! Processes as `/proc` shows them. They vanish while one looks: what can't be read is not there.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// The variable that every process of a stage inherits; its value is the stage's tag.
pub const TAG_VARIABLE: &str = "ISOBENCH_STAGE_ID";

/// A process within one boot: a pid alone is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Its pid.
    pub pid: i32,
    /// When it started, in clock ticks since boot: field 22 of `/proc/<pid>/stat`.
    pub start_ticks: u64,
}

/// What a process is doing, as far as we care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs, or sleeps so that a signal wakes it.
    Alive,
    /// It waits for a disk, a driver, or a child between vfork and exec: no signal reaches it before that is over.
    Waiting,
    /// Stopped by a signal or by a tracer.
    Stopped,
    /// A zombie: it runs no more, and its parent was not told yet.
    Dead,
}

/// One line of `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Which one.
    pub id: Identity,
    /// Pid of its parent.
    pub parent: i32,
    /// Its process group; 0 where that lies outside our pid namespace.
    pub group: i32,
    /// Pid of its session's first process; 0 where that lies outside our pid namespace.
    pub session: i32,
    /// What it is doing.
    pub state: State,
    /// Its threads, the first one included.
    pub threads: u32,
    /// Processor time of its own and of those of its children that ended and were waited for, in clock ticks.
    pub cpu_ticks: u64,
}

/// Clock ticks in a second: the kernel's `USER_HZ`, which is 100 on all machines that have GPUs of NVIDIA.
pub const TICKS_A_SECOND: u64 = 100;

/// The process with this pid, zombies included; `None` when there is none.
pub fn read(pid: i32) -> Option<Process> {
    // 52 numbers and a name of 64 bytes at most: the kernel writes them in one piece
    let mut buffer = [0_u8; 2048];
    let length = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
    parse_stat(&String::from_utf8_lossy(buffer.get(..length)?))
}

/// The identity of a living process; `None` when there is none, or only its zombie.
pub fn identity(pid: i32) -> Option<Identity> {
    read(pid).filter(|process| process.state != State::Dead).map(|process| process.id)
}

/// Every process that this one may see, zombies included.
pub fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Pids of the living descendants of a process, without itself.
pub fn descendants(pid: i32) -> Vec<i32> {
    let processes = all();
    let found = below(&processes, &[pid]);
    living(&processes).filter(|process| found.contains(&process.id.pid)).map(|process| process.id.pid).collect()
}

/// Pids of the living processes that carry a stage's tag.
pub fn tagged(tag: &str) -> Vec<i32> {
    living(&all()).map(|process| process.id.pid).filter(|pid| carries(*pid, tag)).collect()
}

/// Those that are no zombies.
pub fn living(processes: &[Process]) -> impl Iterator<Item = &Process> {
    processes.iter().filter(|process| process.state != State::Dead)
}

/// Pids of all whose line of parents leads to one of `roots`, without the roots.
pub fn below(processes: &[Process], roots: &[i32]) -> HashSet<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(process.id.pid);
    }
    let mut found = HashSet::new();
    let mut open = roots.to_vec();
    while let Some(pid) = open.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if !roots.contains(child) && found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

/// Whether the environment that a process was started with holds the tag. An empty tag is carried by nobody.
pub fn carries(pid: i32, tag: &str) -> bool {
    if tag.is_empty() {
        return false;
    }
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| holds_tag(&environment, tag))
}

/// The tag in the environment that a process was started with. Where the process hangs in a driver this may hang, too.
pub fn tag(pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let tag = entries(&environment).find_map(|entry| entry.strip_prefix(TAG_VARIABLE.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(tag.to_vec()).ok()
}

/// The environment that a process was started with; `None` where there is no such process, or we may not see it.
pub fn variables(pid: i32) -> Option<HashMap<String, String>> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let pair = |entry: &[u8]| String::from_utf8_lossy(entry).split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(entries(&environment).filter_map(pair).collect())
}

/// More of a command line is not read, in bytes.
const LONGEST_COMMAND: u64 = 64 << 10;

/// The command line of a process, as it is now; a kernel thread has none. Where the process hangs in a driver this may hang,
/// too.
pub fn arguments(pid: i32) -> Vec<String> {
    let mut line = Vec::new();
    let read = File::open(format!("/proc/{pid}/cmdline")).and_then(|file| file.take(LONGEST_COMMAND).read_to_end(&mut line));
    if read.is_err() || line.is_empty() {
        return Vec::new();
    }
    entries(line.strip_suffix(b"\0").unwrap_or(&line)).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Files of this name that processes have open, each by its whole path: of those processes that this user may look into. What hangs in a
/// driver is no reason to hang: links are read, and no file of them.
pub fn open_files(name: &str) -> HashSet<PathBuf> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashSet::new() };
    let pids = entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    let open = pids.filter_map(|pid| fs::read_dir(pid.path().join("fd")).ok()).flatten().flatten();
    let files = open.filter_map(|file| fs::read_link(file.path()).ok());
    files.filter(|path| path.is_absolute() && path.file_name().is_some_and(|last| last == name)).collect()
}

/// Whether a process takes a signal itself, by `SigCgt` of `/proc/<pid>/status`: one that has just been started does not yet,
/// and would be ended by it.
pub fn catches(pid: i32, signal: Signal) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    let bit = u32::try_from(signal.as_raw()).ok().and_then(|number| 1_u64.checked_shl(number.checked_sub(1)?));
    caught.zip(bit).is_some_and(|(caught, bit)| caught & bit != 0)
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Delivered,
    /// There is no such process any more.
    Gone,
    /// The process belongs to somebody else.
    Forbidden,
}

/// Signals a process, and never another one that was given its pid.
pub fn signal(target: Identity, signal: Signal) -> Sent {
    let Some(pid) = Pid::from_raw(target.pid) else { return Sent::Gone };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return Sent::Gone };
    if read(target.pid).is_none_or(|process| process.id != target) {
        return Sent::Gone;
    }
    match pidfd_send_signal(&handle, signal) {
        Ok(()) => Sent::Delivered,
        Err(rustix::io::Errno::PERM) => Sent::Forbidden,
        Err(_) => Sent::Gone,
    }
}

/// Reads a `stat` line. The name in it may hold spaces and brackets, so fields are counted from its last `)`.
fn parse_stat(line: &str) -> Option<Process> {
    let (head, tail) = line.rsplit_once(')')?;
    let pid = head.split_once(' ')?.0.parse().ok()?;
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    // fields are numbered from 1 in proc(5); the first one behind the name is number 3
    let field = |number: usize| fields.get(number.checked_sub(3)?).copied();
    let threads: u32 = field(20)?.parse().ok()?;
    let state = match field(3)? {
        "D" => State::Waiting,
        "T" | "t" => State::Stopped,
        // a first thread that ended before the others looks like a zombie, and its process lives
        "Z" if threads > 1 => State::Alive,
        "Z" | "X" | "x" => State::Dead,
        _ => State::Alive,
    };
    Some(Process {
        id: Identity { pid, start_ticks: field(22)?.parse().ok()? },
        parent: field(4)?.parse().ok()?,
        group: field(5)?.parse().ok()?,
        session: field(6)?.parse().ok()?,
        state,
        threads,
        // user and system time of its own, then of its children
        cpu_ticks: (14..=17).filter_map(|number| field(number)?.parse::<u64>().ok()).sum(),
    })
}

fn entries(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == 0)
}

/// Whether one of the NUL-separated entries is exactly the tag's.
fn holds_tag(environment: &[u8], tag: &str) -> bool {
    entries(environment)
        .any(|entry| entry.strip_prefix(TAG_VARIABLE.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) == Some(tag.as_bytes()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    const LINE: &str =
        "4242 (a) b (c) S 17 4242 4200 0 -1 4194560 142 0 0 0 3 4 50 60 20 0 1 0 987654 2613248 300 18446744073709551615 1 1 0";

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let process = parse_stat(LINE).unwrap();
        assert_eq!(process.id, Identity { pid: 4242, start_ticks: 987_654 });
        assert_eq!((process.parent, process.group, process.session, process.state), (17, 4242, 4200, State::Alive));
        assert_eq!((process.threads, process.cpu_ticks), (1, 117));
    }

    #[test]
    fn a_zombie_is_dead_unless_threads_are_left() {
        assert_eq!(parse_stat(&LINE.replace(" S ", " Z ")).unwrap().state, State::Dead);
        assert_eq!(parse_stat(&LINE.replace(" S ", " Z ").replace(" 20 0 1 ", " 20 0 3 ")).unwrap().state, State::Alive);
        assert_eq!(parse_stat(&LINE.replace(" S ", " T ")).unwrap().state, State::Stopped);
    }

    #[test]
    fn a_line_cut_anywhere_is_no_process() {
        for end in 0..LINE.find("987654").unwrap() {
            assert_eq!(LINE.get(..end).and_then(parse_stat), None, "cut at {end}");
        }
    }

    #[test]
    fn only_the_whole_entry_is_the_tag() {
        assert!(holds_tag(b"A=1\0ISOBENCH_STAGE_ID=r/i.1/agent\0B=2\0", "r/i.1/agent"));
        assert!(!holds_tag(b"ISOBENCH_STAGE_ID=r/i.1/agent2\0", "r/i.1/agent"));
        assert!(!holds_tag(b"X_ISOBENCH_STAGE_ID=r/i.1/agent\0", "r/i.1/agent"));
        assert!(!holds_tag(b"NOTE=ISOBENCH_STAGE_ID=r/i.1/agent\0", "r/i.1/agent"));
    }

    #[test]
    fn we_are_here_ourselves() {
        let ours = i32::try_from(std::process::id()).unwrap();
        assert_eq!(identity(ours).unwrap().pid, ours);
        assert!(all().iter().any(|process| process.id.pid == ours));
    }

    #[test]
    fn a_file_that_we_have_open_is_found_by_its_name_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("a name of our own");
        let open = File::create(&path).unwrap();
        let found = || open_files("a name of our own").contains(&path);
        assert!(found());
        fs::remove_file(&path).unwrap();
        assert!(!found());
        fs::write(&path, "").unwrap();
        drop(open);
        assert!(!found(), "it is there, and nobody has it open");
    }

    #[test]
    fn a_signal_meant_for_an_older_process_is_not_sent() {
        let ours = identity(i32::try_from(std::process::id()).unwrap()).unwrap();
        let older = Identity { start_ticks: ours.start_ticks - 1, ..ours };
        assert_eq!(signal(older, Signal::KILL), Sent::Gone);
    }
}
