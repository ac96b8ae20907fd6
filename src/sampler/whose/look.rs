//! A look at one process.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::name;
use crate::domain::Whose;
use crate::host::process;

/// Longer lines of parents are none.
const GENERATIONS: usize = 256;

/// What only the process's own memory tells. To read it waits for the process's lock on that, which one that hangs in a driver
/// may hold for ever: a thread of its own asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// What it runs.
    pub(super) name: Option<String>,
    /// The stage that it belongs to.
    pub(super) stage: Option<Whose>,
}

/// Asks a process; the answer comes, or never. `None`: there is no thread to be had.
pub(super) fn ask(pid: i32) -> Option<Receiver<Told>> {
    let (tell, told) = sync_channel(1);
    let asks = move || {
        let name = name::of(&comm(pid).unwrap_or_default(), &process::arguments(pid));
        // nobody waits for it any more where this fails
        let _ = tell.send(Told { name, stage: stage(pid) });
    };
    thread::Builder::new().name("whose".to_owned()).spawn(asks).ok()?;
    Some(told)
}

/// What the kernel calls it.
pub(super) fn comm(pid: i32) -> Option<String> {
    fs::read(format!("/proc/{pid}/comm")).ok().map(|name| String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned())
}

/// Its user: a name of `/etc/passwd`, else the number. Directories that libc would ask may hang. `None`: there is no such
/// process for us.
pub(super) fn user(pid: i32) -> Option<String> {
    // who owns the folder is the effective user, also of a process that shows nothing else
    let uid = fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(name_of(uid, &users).unwrap_or_else(|| uid.to_string()))
}

/// Lines `name:x:uid:…`, passwd(5).
fn name_of(uid: u32, users: &str) -> Option<String> {
    let is_his = |line: &&str| line.split(':').nth(2).and_then(|field| field.parse().ok()) == Some(uid);
    users.lines().find(is_his)?.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The stage that a process belongs to: by its tag, or because it descends from one that has a tag, or from a keeper. A
/// keeper takes in whatever loses its parents below it.
fn stage(pid: i32) -> Option<Whose> {
    let mut pid = pid;
    for _ in 0..GENERATIONS {
        if let Some(stage) = process::tag(pid).and_then(|tag| Whose::of_tag(&tag)).or_else(|| kept_by(pid)) {
            return Some(stage);
        }
        pid = process::read(pid)?.parent;
        if pid <= 1 {
            return None;
        }
    }
    None
}

/// The stage that a keeper keeps; `None` where the process is none.
pub(in crate::sampler) fn kept_by(pid: i32) -> Option<Whose> {
    of_keeper(&process::arguments(pid))
}

/// `isobench-tui keeper <run>/attempts/<item>.<n>/<stage>`
fn of_keeper(arguments: &[String]) -> Option<Whose> {
    let [_, word, folder] = arguments else { return None };
    if word != "keeper" || !folder.starts_with('/') {
        return None;
    }
    let mut parts = Path::new(folder).iter().rev().map(|part| part.to_str());
    let (stage, attempt) = (parts.next()??, parts.next()??);
    if parts.next()?? != "attempts" {
        return None;
    }
    Whose::of_tag(&format!("{}/{attempt}/{stage}", parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_his_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\n# what\nann:x:1000:1000::/home/ann:/bin/sh\n:x:7:7:::\nbad:x:ten:1\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("ann"));
        assert_eq!([7, 10, 100].map(|uid| name_of(uid, users)), [None, None, None]);
    }

    #[test]
    fn a_keeper_says_by_its_folder_which_stage_it_keeps() {
        let of = |line: &str| of_keeper(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let stage = Whose::of_tag("2026-11-21_09-30-12-3fa9/vllm_core-0001.2/agent");
        assert!(stage.is_some());
        assert_eq!(of("/x/isobench-tui keeper /w/state/tui/2026-11-21_09-30-12-3fa9/attempts/vllm_core-0001.2/agent"), stage);
        for other in [
            "isobench-tui keeper attempts/i.1/agent",
            "isobench-tui keeper /r/attempts/i.1/lunch",
            "isobench-tui keeper /r/tries/i.1/agent",
            "isobench-tui keeper /r/attempts/i.1/agent more",
            "isobench-tui kept /r/attempts/i.1/agent",
            "isobench-tui keeper /agent",
            "isobench-tui",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
