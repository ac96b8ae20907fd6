//! Starting a sampler, and noticing its end.

use std::io;
use std::path::Path;

/// A sampler at work. It ends with this, and with our process, however that ends.
#[derive(Debug)]
pub struct Sampler {}

impl Sampler {
    /// Starts one that writes into a folder: `binary sample-machine FOLDER`, in a session of its own, its stdin a pipe that we hold.
    pub fn start(_binary: &Path, _folder: &Path) -> io::Result<Self> {
        Ok(Self {})
    }
}
