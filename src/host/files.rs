//! Files of any size, read in bounded pieces.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
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

/// A larger file is nothing that an agent writes for us to read, in bytes.
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
        let Some((file, there)) = open_regular(path)? else { return Ok(None) };
        let stamp = (there.len(), there.modified()?);
        if there.len() > LARGEST || self.good == Some(stamp) {
            return Ok(None);
        }
        self.read = Some(stamp);
        let mut bytes = Vec::new();
        // it may grow while it is read
        file.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(Some((bytes, stamp.1)))
    }

    /// What was read last was whole.
    pub const fn good(&mut self) {
        self.good = self.read;
    }
}

/// Opens a regular file and says what it is. `None` where there is none, and where a pipe or a device lies in its place:
/// opening one may wait for ever.
pub fn open_regular(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let missing = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) };
    match std::fs::metadata(path) {
        Ok(there) if there.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) => return missing(error),
    }
    // it may have become a pipe since
    let unblocked = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    match File::options().read(true).custom_flags(unblocked).open(path) {
        Ok(file) => {
            let there = file.metadata()?;
            Ok(there.is_file().then_some((file, there)))
        }
        Err(error) => missing(error),
    }
}

/// How much of a file's beginning tells it from another file under its name, in bytes.
const HEAD: usize = 1024;

/// A file that another process adds to, read line by line from where the last look ended.
#[derive(Debug, Default)]
pub struct Appended {
    identity: (u64, u64),
    head: Vec<u8>,
    offset: u64,
    rest: Vec<u8>,
}

/// What a look at such a file brought.
#[derive(Debug)]
pub struct Lines {
    /// The file is another one, or was written anew: all lines seen before are void.
    pub restarted: bool,
    /// Whole lines, each with its end.
    pub whole: Vec<u8>,
    /// When the file was last written.
    pub changed: SystemTime,
}

impl Appended {
    /// What was added since the last look; `None` where that is nothing. A missing file, a pipe, a device and a file of
    /// more than 256 MiB have nothing.
    pub fn look(&mut self, path: &Path) -> io::Result<Option<Lines>> {
        let Some((mut file, there)) = open_regular(path)? else { return Ok(None) };
        if there.len() > LARGEST {
            return Ok(None);
        }
        let identity = (there.dev(), there.ino());
        let mut head = Vec::new();
        (&file).take(self.head.len() as u64).read_to_end(&mut head)?;
        let is_another = self.offset > 0 && (identity != self.identity || there.len() < self.offset || head != self.head);
        if is_another {
            *self = Self::default();
        }
        self.identity = identity;
        if there.len() == self.offset && !is_another {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        file.take(there.len() - self.offset).read_to_end(&mut bytes)?;
        let read = bytes.len() - before;
        self.offset += read as u64;
        if self.head.len() < HEAD {
            let wanted = HEAD - self.head.len();
            self.head.extend(bytes.iter().skip(before).take(wanted.min(read)));
        }
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.rest = bytes.split_off(end);
        Ok(Some(Lines { restarted: is_another, whole: bytes, changed: there.modified()? }))
    }

    /// What comes after the last line end: a line that is still being written, or the last one of all. It comes again
    /// before the next bytes.
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// The rest was a whole line after all: it does not come again.
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }
}
