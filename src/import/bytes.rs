//! Files read into a buffer that is used again: two thousand small files and nine hundred large ones cost no allocation
//! each.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use crate::host::files::{self, Links};

/// The most of a file that is read, in bytes: no file of the harness comes near it.
pub(super) const LARGEST: u64 = 64 << 20;

/// A buffer that became larger than this for one file is given back, in bytes.
const KEPT: usize = 4 << 20;

/// What one thread reads into.
#[derive(Debug, Default)]
pub struct Scratch {
    bytes: Vec<u8>,
}

impl Scratch {
    /// A file's bytes, and what it is. A link is followed: it may lead to a file that was moved to another disk. What is
    /// no regular file, or larger than is read, is an error.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<(&[u8], Metadata)> {
        let (file, there) = files::open(path, Links::Followed)?;
        let too_large =
            || io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB, the most that is read", LARGEST >> 20));
        if there.len() > LARGEST {
            return Err(too_large());
        }
        self.bytes.clear();
        if self.bytes.capacity() > KEPT {
            self.bytes.shrink_to(KEPT);
        }
        self.bytes.reserve(usize::try_from(there.len()).unwrap_or_default().saturating_add(1));
        // it may grow while it is read
        file.take(LARGEST + 1).read_to_end(&mut self.bytes)?;
        if self.bytes.len() as u64 > LARGEST { Err(too_large()) } else { Ok((&self.bytes, there)) }
    }
}
