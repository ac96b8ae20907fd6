//! Opening the files of a run. Whoever can write there can put a pipe or a device in a file's place: to open the one, or
//! to read the other, never ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A longer line is no fact and no request, and a longer `manifest.json` none of ours, in bytes.
pub const LONGEST: u64 = 64 << 20;

/// Opens a regular file with these options; anything else in its place is an error.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // that nobody waits for a pipe's other end; a regular file does not know the flag
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// All of a file, where it is no longer than ours ever are.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(File::options().read(true), path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST { Err(too_long("it")) } else { Ok(bytes) }
}

/// What is said of more than [`LONGEST`].
pub fn too_long(what: &str) -> io::Error {
    io::Error::other(format!("{what} is longer than {} MiB", LONGEST >> 20))
}
