//! Starting a sampler, and noticing its end.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::host::process::TAG_VARIABLE;
use crate::ledger::regular;
use crate::telemetry::Files;

/// What of its log tells why it ended, at most, in bytes.
const WHY: u64 = 4096;

/// How long it may take to end once nobody wants it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// A sampler at work. It ends with this, and with our process, however that ends: its stdin is a pipe that we hold.
#[derive(Debug)]
pub struct Sampler {
    child: Child,
    log: PathBuf,
    /// How long the log was before this one wrote into it, in bytes.
    log_from: u64,
    ended: Option<String>,
}

impl Sampler {
    /// Starts one that writes into a folder and looks at the disks of these paths as well: `binary sample-machine FOLDER`, in a
    /// session of its own (the process calls `setsid` itself). Returns at once.
    pub fn start(binary: &Path, folder: &Path, disks: &[PathBuf]) -> io::Result<Self> {
        let folder = std::path::absolute(folder)?;
        let mut command = Command::new(std::path::absolute(binary)?);
        command.arg("sample-machine").arg(&folder);
        for disk in disks {
            command.arg("--disk").arg(std::path::absolute(disk)?);
        }
        let log = Files::of(&folder).log();
        // no log is no reason to see nothing of the machine
        let said = regular::open(File::options().append(true).create(true).mode(0o600), &log).ok();
        let log_from = fs::metadata(&log).map_or(0, |there| there.len());
        command.stderr(said.map_or_else(Stdio::null, Stdio::from));
        // a sampler is no part of the stage that its starter may be one of, and no unmounting waits for it
        command.current_dir("/").env_remove(TAG_VARIABLE).stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(Self { child: command.spawn()?, log, log_from, ended: None })
    }

    /// Whether it still works.
    pub fn is_alive(&mut self) -> bool {
        self.ended().is_none()
    }

    /// Why it ended, in a sentence; `None` while it works. Never waits.
    pub fn ended(&mut self) -> Option<&str> {
        if self.ended.is_none()
            && let Some(status) = self.child.try_wait().transpose()
        {
            let said = self.said();
            let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            self.ended = Some(said.unwrap_or(how));
        }
        self.ended.as_deref()
    }

    /// Ends it, and waits for its end: whoever goes on to remove its folder needs that. One that does not hear is killed.
    pub fn end(mut self) {
        drop(self.child.stdin.take());
        let patience = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= patience {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(PATIENCE / 100);
        }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The last line that it wrote into its log.
    fn said(&self) -> Option<String> {
        let mut file = regular::open(File::options().read(true), &self.log).ok()?;
        let end = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(self.log_from.max(end.saturating_sub(WHY)))).ok()?;
        let mut bytes = Vec::new();
        file.take(WHY).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim_start_matches("isobench-tui: ").to_owned())
    }
}
