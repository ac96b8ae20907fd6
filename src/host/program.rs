//! Programs by what they were told to do: whether somebody else's script is at work, and where.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::process::{self, Identity};
use super::{clock, process::State};

/// Clock ticks a second, as `/proc` counts them on every Linux that we build for.
const TICKS: u64 = 100;

/// File systems whose files may be written by other machines: NFS, CIFS, SMB 2, FUSE, Lustre, GPFS, Ceph, 9p, AFS.
const SHARED: [u64; 9] = [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0bd0_0bd0, 0x4750_4653, 0x00c3_6400, 0x0102_1997, 0x5346_414f];

/// A program at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its process.
    pub id: Identity,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
    /// Its working folder; `None` where we may not see it.
    pub folder: Option<PathBuf>,
    /// When it was started.
    pub started: Timestamp,
}

/// The living programs whose arguments are wanted, as far as this machine shows them to us.
pub fn programs(wanted: impl Fn(&[String]) -> bool) -> Vec<Program> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let arguments = arguments(pid)?;
        if !wanted(&arguments) {
            return None;
        }
        let found = process::read(pid).filter(|process| process.state != State::Dead)?;
        let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok();
        Some(Program { id: found.id, arguments, folder, started: started(found.id) })
    })
    .collect()
}

fn arguments(pid: i32) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|bytes| !bytes.is_empty())?;
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    Some(bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect())
}

fn started(id: Identity) -> Timestamp {
    let up_ms = id.start_ticks.saturating_mul(1000 / TICKS);
    let ago = i64::try_from(clock::up_ms().saturating_sub(up_ms)).unwrap_or_default();
    clock::now().checked_sub(SignedDuration::from_millis(ago)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whether `/proc` hides the processes of other people from us (`hidepid`): then nobody's absence is certain.
pub fn are_hidden() -> bool {
    fs::metadata("/proc/1").is_err() || (fs::read("/proc/1/cmdline").is_err() && fs::read_dir("/proc/1/task").is_err())
}

/// Whether another machine may write here too.
pub fn is_shared(path: &Path) -> bool {
    let there = path.ancestors().find(|there| there.exists());
    let kind = there.and_then(|there| rustix::fs::statfs(there).ok());
    kind.and_then(|kind| u64::try_from(kind.f_type).ok()).is_some_and(|kind| SHARED.contains(&(kind & 0xffff_ffff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_arguments_and_only_while_it_lives() {
        let seconds = format!("98765.{}", std::process::id());
        let mut child = std::process::Command::new("sleep").arg(&seconds).spawn().ok();
        let is_ours = |arguments: &[String]| arguments.get(1).is_some_and(|first| *first == seconds);
        // a child has its arguments a moment after it has its number
        let found = (0..1000).map(|_| programs(is_ours)).find(|found| !found.is_empty()).unwrap_or_default();
        let _ = child.as_mut().map(std::process::Child::kill);
        let _ = child.as_mut().map(std::process::Child::wait);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found.first().and_then(|found| found.folder.clone()), std::env::current_dir().ok());
        let age = found.first().map(|found| clock::now().duration_since(found.started).as_secs());
        assert!(age.is_some_and(|age| (-5..=300).contains(&age)), "{age:?}");
        assert_eq!(programs(is_ours), []);
    }
}
