//! A large file that is written on: its steps are looked for from where the last look ended.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use super::Paged;
use crate::host::files::{Links, open};

/// What became of a file since it was opened.
#[derive(Debug)]
pub enum Grown {
    /// Nothing.
    Not,
    /// There is more of it. Who asks this one for its index gets it by a look at the new lines alone.
    On(Box<Paged>),
    /// It is another file, or another text; `None`: one that is not read by pages.
    Anew(Option<Box<Paged>>),
}

impl Paged {
    /// What became of it. Once it grew, or was replaced, the new one is to be asked from then on: what was known of the old one
    /// went over to it.
    pub fn grown(&self, path: &Path, least: u64) -> io::Result<Grown> {
        let (file, there) = open(path, Links::Followed)?;
        let (id, len, changed) = ((there.dev(), there.ino()), there.len(), there.modified()?);
        if (id, len, changed) == (self.id, self.len, self.changed) {
            return Ok(Grown::Not);
        }
        let next = Self {
            file,
            len,
            changed,
            format: self.format,
            first: self.first.clone(),
            known: Mutex::default(),
            looked: AtomicU64::new(0),
            reached: Mutex::default(),
            id,
        };
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = id == self.id && len >= self.len && reached.as_ref().map_or(Ok(false), |reached| next.begins_like(reached))?;
        if !goes_on {
            return Ok(Grown::Anew(Self::open(path, least)?.map(Box::new)));
        }
        if len == self.len {
            // it was touched, and says what it said
            return Ok(Grown::Not);
        }
        *next.reached.lock().unwrap_or_else(PoisonError::into_inner) = reached.take();
        Ok(Grown::On(Box::new(next)))
    }
}
