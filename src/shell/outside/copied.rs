//! Files that are written for a person: what no clipboard took, and what is saved.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::host::clock;

/// So many of what no clipboard took are kept.
const KEPT: usize = 10;

/// Files of one name in one folder; more are not made.
const MOST: usize = 1000;

/// Keeps a text in a folder of the person's own, and the newest of those before.
pub(super) fn keep(folder: &Path, name: &str, text: &mut impl io::Read) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // names in the order of time
    let stamp = clock::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let (mut file, path) = create_anew(folder, &format!("{stamp}-{name}"))?;
    if let Err(error) = io::copy(text, &mut file) {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    let mut all: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    all.sort_unstable();
    let gone = all.len().saturating_sub(KEPT);
    for old in all.iter().take(gone) {
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

    use super::*;

    #[test]
    fn the_newest_are_kept_for_their_owner_alone() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("a/copied");
        let paths: Vec<PathBuf> = (0..KEPT + 3).map(|n| keep(&folder, "step.txt", &mut n.to_string().as_bytes()).unwrap()).collect();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), KEPT);
        let last = paths.last().unwrap();
        assert_eq!(fs::read_to_string(last).unwrap(), (KEPT + 2).to_string());
        assert!(!paths.first().unwrap().exists());
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
