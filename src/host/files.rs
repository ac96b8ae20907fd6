//! Files of any size, read in bounded pieces.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Less than this is full for anybody who wants to write a file, in bytes.
const FULL: u64 = 1 << 20;

/// Whether the disk of a folder has no room left, for bytes or for names. The nearest folder that exists is asked.
pub fn is_full(folder: &Path) -> bool {
    folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok()).is_some_and(|disk| {
        // some file systems count no names at all
        disk.f_bavail.saturating_mul(disk.f_frsize) < FULL || (disk.f_files > 0 && disk.f_favail == 0)
    })
}

/// The last `most` bytes of a file as text; what is no UTF-8 is replaced. A missing file is empty.
pub fn tail(path: &Path, most: u64) -> io::Result<String> {
    let length = match std::fs::metadata(path) {
        Ok(there) if there.is_file() => there.len(),
        Ok(_) => return Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file's bytes. A pipe or a device in its place is an error: reading one may never end.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    std::fs::read(path)
}
