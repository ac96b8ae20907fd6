//! The end of an arm, as a sentence and on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::ArmEnd;
use crate::host::files;
use crate::text::duration;

/// How often the outcome is written anew where the disk is full, with [`AGAIN`] between.
const WRITES: u32 = 200;

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(150);

/// How it ended, for whoever reads the stage's output.
pub(super) fn says(end: &ArmEnd) -> String {
    match end {
        ArmEnd::Exited { code, oom: false } => format!("the container ended with {code}"),
        ArmEnd::Exited { code, oom: true } => {
            format!("the container ended with {code}, and the kernel killed something of it for its memory")
        }
        ArmEnd::Late { phase, limit_ms } => {
            format!("{} took longer than {}: killed", phase.name(), duration::rough(*limit_ms))
        }
        ArmEnd::Stopped => "stopped".to_owned(),
        ArmEnd::Failed { why, .. } => why.clone(),
    }
}

/// Writes the outcome so that it survives a power cut, again and again while the disk is full.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let mut tries = 0;
    loop {
        match durably(path, bytes) {
            Ok(()) => return Ok(()),
            Err(error) if tries >= WRITES || !files::is_full(folder) => return Err(error),
            Err(_) => thread::sleep(AGAIN),
        }
        tries += 1;
    }
}

fn durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("json.new");
    let _ = fs::remove_file(&aside);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)
}
