//! Files that are written for a person: what no clipboard took, and what is saved.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So many of what no clipboard took are kept.
const KEPT: usize = 10;

/// Files of one name in one folder; more are not made.
const MOST: usize = 1000;

/// Keeps a text in a folder of the person's own, and the newest of those before.
pub(super) fn keep(folder: &Path, name: &str, text: &mut impl io::Read) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (mut file, path) = create_anew(folder, name)?;
    if let Err(error) = io::copy(text, &mut file) {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    let changed = |path: &PathBuf| path.symlink_metadata().and_then(|there| there.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let others = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut others: Vec<PathBuf> = others.filter(|other| *other != path && other.is_file()).collect();
    others.sort_by_cached_key(changed);
    let gone = others.len().saturating_sub(KEPT - 1);
    for old in others.iter().take(gone) {
        // it stays where it can't be removed
        let _ = fs::remove_file(old);
    }
    Ok(path)
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
            let path = keep(&folder, &format!("step-{n}.txt"), &mut n.to_string().as_bytes()).unwrap();
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
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/else", folder.path().join("a.1-2.md")).unwrap();
        let names: Vec<_> = (0..3).map(|_| create_anew(folder.path(), "a.1.md").unwrap().1.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.1.md", "a.1-3.md", "a.1-4.md"]);
    }
}
