//! Files of any size, read in bounded pieces.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{MemfdFlags, OFlags};

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
    let (mut file, there) = match open(path, Links::Followed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(there.len().saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What to do where a file's name is a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It stands for what it leads to.
    Followed,
    /// It is an error: whoever made it may have wanted us to read a file of somebody else's for them.
    Refused,
}

/// Opens a file that anybody may have put there, and says what it is: the one door to such files. Pipes, devices and
/// folders are errors, because opening or reading one may wait for ever; and so is, later, a read that would have to wait
/// (`/proc/kmsg` looks like a regular file).
pub fn open(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    let no_file = || io::Error::other("it is no regular file");
    let there = if links == Links::Followed { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) }?;
    if there.is_symlink() {
        return Err(io::Error::other("it is a link, and a link is not followed here"));
    }
    if !there.is_file() {
        return Err(no_file());
    }
    // it may have become a pipe or a link since
    let unfollowed = if links == Links::Followed { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::NONBLOCK | unfollowed;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let there = file.metadata()?;
    if there.is_file() { Ok((file, there)) } else { Err(no_file()) }
}

/// Opens a small file of our own to add to its end, and makes it for this user alone where it is missing. What is no regular
/// file is an error, and so is a link: whoever made it may have wanted us to write into somebody else's file.
pub fn open_to_add(path: &Path) -> io::Result<File> {
    match open(path, Links::Refused) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = File::options().read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// Reads such a file whole. One of more than `most` bytes is an error of the kind `FileTooLarge`.
pub fn read(path: &Path, most: u64, links: Links) -> io::Result<Vec<u8>> {
    let (file, there) = open(path, links)?;
    if there.len() > most {
        return Err(too_large(most));
    }
    let mut bytes = Vec::new();
    // it may grow while it is read, and some files don't tell their length
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// The error of a file of more than `most` bytes.
pub fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20))
}

/// Bytes as an open file without a name, for those who read files.
pub fn held(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create(c"isobench-tui", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}

/// Writes a small file of our own anew, for this user alone: it appears whole or not at all. Whatever had the name, a link
/// or a pipe, gives way and is not written to. The folder is made where it is missing.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(path))?;
    // two programs of one person do not write into one file
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.new", std::process::id()));
    // one that a killed program of the same number left
    let _ = std::fs::remove_file(&aside);
    let made = File::options().write(true).create_new(true).mode(0o600).open(&aside);
    let written = made.and_then(|mut aside| aside.write_all(bytes)).and_then(|()| std::fs::rename(&aside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    written
}

/// Opens such a file for readers to whom a file that is missing, or none, is nothing: `None`.
pub fn open_regular(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    match open(path, Links::Followed) {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::Other) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Larger than any trajectory that an agent writes for us to read whole, in bytes.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// A file that another process rewrites whole, read where it changed. Caught half-written it is read again, so what
/// was read counts only once it is said to be [`Self::good`].
#[derive(Debug, Default)]
pub struct Rewritten {
    read: Option<(u64, SystemTime)>,
    good: Option<(u64, SystemTime)>,
    /// It was said that the file is too large.
    told: bool,
}

impl Rewritten {
    /// The bytes and the time of the file, where they are not those that were good. A missing file and one of more than
    /// 64 MiB have none (what was read before stands), and neither has a pipe or a device in its place.
    pub fn changed(&mut self, path: &Path) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        self.changed_within(path, LARGEST)
    }

    /// The same for a file of at most `most` bytes.
    pub fn changed_within(&mut self, path: &Path, most: u64) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        let Some((file, there)) = open_regular(path)? else { return Ok(None) };
        let stamp = (there.len(), there.modified()?);
        if there.len() > most {
            if !std::mem::replace(&mut self.told, true) {
                let mib = most >> 20;
                tracing::warn!("{} is larger than {mib} MiB and is not read any more: only the time budget rules now", path.display());
            }
            return Ok(None);
        }
        if self.good == Some(stamp) {
            return Ok(None);
        }
        self.read = Some(stamp);
        let mut bytes = Vec::with_capacity(usize::try_from(there.len()).unwrap_or_default().saturating_add(1));
        // it may grow while it is read
        file.take(most).read_to_end(&mut bytes)?;
        Ok(Some((bytes, stamp.1)))
    }

    /// What was read last was whole.
    pub const fn good(&mut self) {
        self.good = self.read;
    }
}

/// How much of a file's beginning tells it from another file under its name, in bytes.
const HEAD: usize = 1024;

/// Most bytes that one look takes: whoever looks has other things to do as well.
const PIECE: u64 = 16 * 1024 * 1024;

/// A longer line is passed over, in bytes.
pub const LONGEST_LINE: usize = 32 * 1024 * 1024;

/// A file that another process adds to, read line by line from where the last look ended, however large it grows.
#[derive(Debug, Default)]
pub struct Appended {
    identity: (u64, u64),
    head: Vec<u8>,
    offset: u64,
    rest: Rest,
}

/// What was read of a file of lines behind its last line end.
#[derive(Debug, Default)]
pub struct Rest {
    /// A line that is still being written, or the last one of all.
    pub bytes: Vec<u8>,
    /// The line that is being read is too long: what follows of it is passed over.
    skipping: bool,
    /// It was said that a line is too long.
    told: bool,
}

impl Rest {
    /// Cuts what was read, this rest before it, into whole lines and the rest of it.
    pub fn cut(&mut self, mut bytes: Vec<u8>, path: &Path) -> Vec<u8> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.bytes = bytes.split_off(end);
        if self.skipping
            && let Some(at) = bytes.iter().position(|byte| *byte == b'\n')
        {
            bytes.drain(..=at);
            self.skipping = false;
        }
        if self.skipping || self.bytes.len() > LONGEST_LINE {
            self.skipping = true;
            self.bytes = Vec::new();
            if !std::mem::replace(&mut self.told, true) {
                tracing::warn!("{} has a line of more than {} MiB, which is passed over", path.display(), LONGEST_LINE >> 20);
            }
        }
        bytes
    }

    /// The same of another file under this name.
    #[must_use]
    pub fn of_another(&self) -> Self {
        Self { told: self.told, ..Self::default() }
    }
}

/// What a look at such a file brought.
#[derive(Debug)]
pub struct Lines {
    /// The file is another one, or was written anew: all lines seen before are void.
    pub restarted: bool,
    /// Whole lines, each with its end.
    pub whole: Vec<u8>,
    /// Whether there is more to read now.
    pub more: bool,
    /// When the file was last written.
    pub changed: SystemTime,
}

impl Appended {
    /// What was added since the last look, 16 MiB of it at most; `None` where that is nothing. A missing file, a pipe and a
    /// device have nothing. Lines of more than 32 MiB are left out.
    pub fn look(&mut self, path: &Path) -> io::Result<Option<Lines>> {
        let Some((mut file, there)) = open_regular(path)? else { return Ok(None) };
        let identity = (there.dev(), there.ino());
        let mut head = Vec::new();
        (&file).take(self.head.len() as u64).read_to_end(&mut head)?;
        let is_another = self.offset > 0 && (identity != self.identity || there.len() < self.offset || head != self.head);
        if is_another {
            *self = Self { rest: self.rest.of_another(), ..Self::default() };
        }
        self.identity = identity;
        if there.len() == self.offset && !is_another {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = std::mem::take(&mut self.rest.bytes);
        let before = bytes.len();
        file.take((there.len() - self.offset).min(PIECE)).read_to_end(&mut bytes)?;
        let read = bytes.len() - before;
        self.offset += read as u64;
        if self.head.len() < HEAD {
            let wanted = HEAD - self.head.len();
            self.head.extend(bytes.iter().skip(before).take(wanted.min(read)));
        }
        let more = read > 0 && self.offset < there.len();
        Ok(Some(Lines { restarted: is_another, whole: self.rest.cut(bytes, path), more, changed: there.modified()? }))
    }

    /// What comes after the last line end: a line that is still being written, or the last one of all. It comes again
    /// before the next bytes.
    pub fn rest(&self) -> &[u8] {
        &self.rest.bytes
    }

    /// The rest was a whole line after all: it does not come again.
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest.bytes)
    }
}
