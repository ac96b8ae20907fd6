//! Folders for what lives no longer than we do: for this user alone, and named after the process that they belong to, so that
//! whoever comes after one that was killed can remove what it left.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::process::{self, Identity};

/// `isobench-tui-<pid>-<start>-<some letters>`
const PREFIX: &str = "isobench-tui-";

/// A private folder in the folder for temporary files. It goes with this.
#[derive(Debug)]
pub struct Private {
    folder: tempfile::TempDir,
    /// Locked while we live: a pid says nothing to a process of another machine or another pid namespace.
    _lock: Option<File>,
}

impl Private {
    /// A new one.
    pub fn new() -> io::Result<Self> {
        Self::within(&std::path::absolute(std::env::temp_dir())?)
    }

    fn within(above: &Path) -> io::Result<Self> {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let own = process::identity(pid).unwrap_or(Identity { pid, start_ticks: 0 });
        let prefix = format!("{PREFIX}{}-{}-", own.pid, own.start_ticks);
        let folder = tempfile::Builder::new().prefix(&prefix).permissions(fs::Permissions::from_mode(0o700)).tempdir_in(above)?;
        // without a lock the name alone tells
        let lock = File::open(folder.path()).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is; an absolute path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the private folders of this user's processes that are gone.
pub fn sweep() {
    if let Ok(above) = std::path::absolute(std::env::temp_dir()) {
        sweep_in(&above);
    }
}

fn sweep_in(above: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let Some(owner) = entry.file_name().to_str().and_then(owner) else { continue };
        // a link is no folder, and what is somebody else's is not ours to remove
        let is_ours = entry.metadata().is_ok_and(|there| there.is_dir() && there.uid() == me && there.mode() & 0o777 == 0o700);
        if is_ours && process::identity(owner.pid) != Some(owner) && is_unlocked(&entry.path()) {
            // what can't be removed stays for the next time
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_unlocked(folder: &PathBuf) -> bool {
    File::open(folder).is_ok_and(|folder| folder.try_lock().is_ok())
}

/// Whose a folder of this name is.
fn owner(name: &str) -> Option<Identity> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    let owner = Identity { pid: parts.next()?.parse().ok()?, start_ticks: parts.next()?.parse().ok()? };
    let is_whole = parts.next().is_some_and(|letters| !letters.is_empty()) && parts.next().is_none();
    Some(owner).filter(|owner| is_whole && owner.pid > 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_a_process_that_is_gone_left_is_removed_and_nothing_else() {
        let above = tempfile::tempdir().unwrap();
        let here = |name: &str| above.path().join(name);
        let own = Private::within(above.path()).unwrap();
        fs::write(own.path().join("step-1.txt"), "masked").unwrap();
        assert_eq!(own.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let make = |name: &str, mode| {
            fs::create_dir(here(name)).unwrap();
            fs::write(here(name).join("a"), "a").unwrap();
            fs::set_permissions(here(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        let pid = std::process::id();
        // the same pid, used again
        let used_again = format!("isobench-tui-{pid}-7-aB3xyz");
        let gone = ["isobench-tui-999999999-12-aB3xyz", &used_again];
        let stays = ["isobench-tui-demo", "isobench-tui-1-2", "isobench-tui-9-9-a-b", "other-999999999-12-a"];
        gone.iter().chain(&stays).for_each(|name| make(name, 0o700));
        make("isobench-tui-999999999-13-open", 0o755);
        make("isobench-tui-999999999-14-held", 0o700);
        let held = File::open(here("isobench-tui-999999999-14-held")).unwrap();
        held.lock().unwrap();
        make("mine", 0o700);
        std::os::unix::fs::symlink(here("mine"), here("isobench-tui-999999999-15-link")).unwrap();
        sweep_in(above.path());
        assert_eq!(gone.map(|name| here(name).exists()), [false; 2]);
        assert!(stays.iter().all(|name| here(name).join("a").exists()));
        let others = ["isobench-tui-999999999-13-open/a", "isobench-tui-999999999-14-held/a", "mine/a", "isobench-tui-999999999-15-link"];
        assert_eq!(others.map(|name| here(name).exists()), [true; 4]);
        assert!(own.path().join("step-1.txt").exists());
        let path = own.path().to_owned();
        drop(own);
        assert!(!path.exists());
    }
}
