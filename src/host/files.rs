//! Files of any size, read in bounded pieces.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

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

/// A larger file is nothing that is rewritten whole, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A file that another process rewrites whole, read where it changed. Caught half-written it is read again, so what
/// was read counts only once it is said to be [`Self::good`].
#[derive(Debug, Default)]
pub struct Rewritten {
    read: Option<(u64, SystemTime)>,
    good: Option<(u64, SystemTime)>,
}

impl Rewritten {
    /// The bytes and the time of the file, where they are not those that were good. A missing or a huge file has none,
    /// and neither has a pipe or a device in its place: reading one may never end.
    pub fn changed(&mut self, path: &Path) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        let there = match std::fs::metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let stamp = (there.len(), there.modified()?);
        if !there.is_file() || there.len() > LARGEST || self.good == Some(stamp) {
            return Ok(None);
        }
        self.read = Some(stamp);
        Ok(Some((std::fs::read(path)?, stamp.1)))
    }

    /// What was read last was whole.
    pub const fn good(&mut self) {
        self.good = self.read;
    }
}
