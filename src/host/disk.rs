//! Room on disks, and whether a folder can be written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// Room on one file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Which file system: equal for two folders on the same.
    pub device: u64,
    /// Bytes that an ordinary user may still write.
    pub bytes: u64,
    /// Bytes that nobody uses: what is kept for root counts too, so that its changes are what was written or freed.
    pub unused: u64,
    /// Bytes of all of it.
    pub total: u64,
    /// Files that may still be made; `None` where the file system counts none.
    pub files: Option<u64>,
}

/// The nearest folder at or above a path that is there.
pub fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|path| path.is_dir()).map(Path::to_owned)
}

/// The room for what will lie in a folder, which need not be there yet.
pub fn room(folder: &Path) -> io::Result<Room> {
    room_in(&nearest(folder).ok_or(io::ErrorKind::NotFound)?)
}

/// The room in a folder that is there.
pub fn room_in(folder: &Path) -> io::Result<Room> {
    let disk = rustix::fs::statvfs(folder)?;
    let device = rustix::fs::stat(folder)?.st_dev;
    let files = (disk.f_files > 0).then_some(disk.f_favail);
    let [bytes, unused, total] = [disk.f_bavail, disk.f_bfree, disk.f_blocks].map(|blocks| blocks.saturating_mul(disk.f_frsize));
    Ok(Room { device, bytes, unused, total, files })
}

/// Tries to write in a folder, or where it would be made, and leaves nothing behind.
pub fn try_writing(folder: &Path) -> io::Result<()> {
    // what stands in its way is no folder: that it exists is the reason
    if let Some(file) = folder.ancestors().find(|path| fs::symlink_metadata(path).is_ok())
        && !file.is_dir()
    {
        return Err(io::Error::other(format!("{} is no folder", file.display())));
    }
    let folder = nearest(folder).ok_or(io::ErrorKind::NotFound)?;
    match rustix::fs::open(&folder, OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR) {
        Ok(_) => Ok(()),
        // file systems without nameless files: a named one, removed at once
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {
            let path = folder.join(format!(".isobench-tui-{}", std::process::id()));
            fs::File::create_new(&path)?;
            fs::remove_file(&path)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_behind_and_a_file_in_the_way_is_said() {
        let folder = tempfile::tempdir().unwrap();
        try_writing(&folder.path().join("a/b")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(folder.path().join("a"), "").unwrap();
        assert!(try_writing(&folder.path().join("a/b")).unwrap_err().to_string().contains("a is no folder"));
        assert!(room(&folder.path().join("a/b")).unwrap().bytes > 0);
    }
}
