//! Files that are written for a person: what no clipboard took, and what is saved.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::text::clean;

/// So many of what no clipboard took are kept.
const KEPT: usize = 10;

/// Files of one name in one folder; more are not made.
const MOST: usize = 1000;

/// A text on its way to a clipboard: held as long as one may take it. A longer one is written to a file of the person's own folder
/// at once: the folder for temporary files may be full or read-only, and is not needed. A file that is not kept goes with this.
#[derive(Debug)]
pub(super) struct Copied {
    most: usize,
    /// The folder and the name of a file in it; `None`: there is no such folder.
    room: Option<(PathBuf, String)>,
    held: Vec<u8>,
    size: u64,
    file: Option<(File, PathBuf)>,
}

impl Copied {
    /// Holds so many bytes.
    pub(super) const fn new(most: usize, room: Option<(PathBuf, String)>) -> Self {
        Self { most, room, held: Vec::new(), size: 0, file: None }
    }

    /// Its bytes.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// All of it; `None`: it was too long to be held.
    pub(super) fn held(&self) -> Option<&[u8]> {
        (self.size == self.held.len() as u64).then_some(self.held.as_slice())
    }

    /// Keeps it as a file, and the newest of those before; `None`: there is no folder for it.
    pub(super) fn keep(mut self) -> io::Result<Option<PathBuf>> {
        let Some((folder, _)) = self.room.clone() else { return Ok(None) };
        self.spill(&[])?;
        let Some((_, path)) = self.file.take() else { return Ok(None) };
        let changed = |path: &PathBuf| path.symlink_metadata().and_then(|there| there.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let others = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut others: Vec<PathBuf> = others.filter(|other| *other != path && other.is_file()).collect();
        others.sort_by_cached_key(changed);
        let gone = others.len().saturating_sub(KEPT - 1);
        for old in others.iter().take(gone) {
            // it stays where it can't be removed
            let _ = fs::remove_file(old);
        }
        Ok(Some(path))
    }

    /// Writes what is held, and these bytes, to its file.
    fn spill(&mut self, bytes: &[u8]) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some((folder, name)) = &self.room else { return Ok(()) };
        let write = |file: &mut Option<(File, PathBuf)>| {
            if file.is_none() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let (file, _) = match file {
                Some(made) => made,
                None => file.insert(create_anew(folder, name)?),
            };
            file.write_all(&held)?;
            file.write_all(bytes)
        };
        write(&mut self.file).map_err(|error| {
            let what = format!("{}: {error}; mend that, or let XDG_STATE_HOME name a folder that can be written", clean::path(folder));
            io::Error::new(error.kind(), what)
        })
    }
}

impl Write for Copied {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held().is_some_and(|held| held.len() + bytes.len() <= self.most) {
            self.held.extend(bytes);
        } else {
            self.spill(bytes)?;
        }
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.file {
            // half of it would look like all of it
            let _ = fs::remove_file(path);
        }
    }
}

/// A new file for this user alone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// A new file of this name, or of one with `-2`, `-3` and so on where there is one already: nothing is written over.
pub(super) fn create_anew(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    for n in 1..=MOST {
        let path = folder.join(if n == 1 { name.to_owned() } else { format!("{stem}-{n}.{extension}") });
        match create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, path)),
        }
    }
    Err(io::Error::other(format!("there are {MOST} files of that name already")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_are_kept_for_their_owner_alone() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("a/copied");
        let begin = SystemTime::now() - Duration::from_secs(1000);
        let one = |n: usize| {
            let mut copied = Copied::new(4, Some((folder.clone(), format!("step-{n}.txt"))));
            copied.write_all(n.to_string().as_bytes()).unwrap();
            let path = copied.keep().unwrap().unwrap();
            // of several in one tick of the clock none is the newest
            File::options().append(true).open(&path).unwrap().set_modified(begin + Duration::from_secs(n as u64)).unwrap();
            path
        };
        let paths: Vec<PathBuf> = (0..KEPT + 3).map(one).collect();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), KEPT);
        let last = paths.last().unwrap();
        assert_eq!(fs::read_to_string(last).unwrap(), (KEPT + 2).to_string());
        assert!(!paths.iter().take(3).any(|path| path.exists()));
        assert_eq!(last.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_text_is_held_as_long_as_a_clipboard_may_take_it_and_a_longer_one_is_a_file_at_once() {
        let state = tempfile::tempdir().unwrap();
        let room = || Some((state.path().join("copied"), "a.txt".to_owned()));
        let mut short = Copied::new(6, room());
        short.write_all(b"abc").unwrap();
        short.write_all(b"def").unwrap();
        assert_eq!((short.held(), short.size()), (Some(&b"abcdef"[..]), 6));
        assert!(!state.path().join("copied").exists(), "what is held needs no folder");
        let mut long = Copied::new(6, room());
        for part in ["abc", "defg", "hi"] {
            long.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!((long.held(), long.size()), (None, 9));
        let mut other = Copied::new(0, room());
        other.write_all(b"other").unwrap();
        let kept = long.keep().unwrap().unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "abcdefghi");
        // nobody kept it
        drop(other);
        assert_eq!(fs::read_dir(state.path().join("copied")).unwrap().count(), 1);
        let mut nowhere = Copied::new(2, None);
        nowhere.write_all(b"abc").unwrap();
        assert_eq!((nowhere.held(), nowhere.size()), (None, 3));
        assert_eq!(nowhere.keep().unwrap(), None);
        // the error says where, and what to do
        let mut refused = Copied::new(0, Some((kept.clone(), "a.txt".to_owned())));
        let says = refused.write_all(b"a").unwrap_err().to_string();
        assert!(says.contains(kept.to_str().unwrap()) && says.contains("XDG_STATE_HOME"), "{says}");
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/else", folder.path().join("a.1-2.md")).unwrap();
        let names: Vec<_> = (0..3).map(|_| create_anew(folder.path(), "a.1.md").unwrap().1.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.1.md", "a.1-3.md", "a.1-4.md"]);
    }
}
