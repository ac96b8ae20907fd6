//! Following `prepare` while it runs: by the files of the item's folder, and beside that by its log.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::domain::{AttemptId, Stage};
use crate::host::files;
use crate::model::{Item, Run};
use crate::runner::Job;
use crate::runner::create::digest;
use crate::text::mask::Masker;
use crate::watch::folder::{Files, Place};
use crate::watch::log::marker;

/// At most this much of the log is read at one look, in bytes; what lies further back is passed over.
const AT_ONCE: u64 = 256 * 1024;

/// A prompt larger than this is none, in bytes.
const LARGEST_PROMPT: u64 = 16 * 1024 * 1024;

/// An attempt's `prepare`, as far as it was followed.
#[derive(Debug)]
pub struct HarnessWatch {
    attempt: AttemptId,
    folder: PathBuf,
    log: PathBuf,
    trees: Vec<String>,
    read: u64,
    half: String,
    marker: Option<String>,
    said: Option<String>,
    prompt: Option<(u64, SystemTime)>,
    is_asked: bool,
}

/// What a look brought that is not on record yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Digest of what the agent was asked.
    pub asked: Option<String>,
    /// How far it is, in a few words.
    pub says: Option<String>,
}

/// Whether a regular file is there. One in the item's folder is of this attempt, whatever its time says: an older
/// folder was set aside before `prepare` started, and clocks of other machines are wrong by hours.
pub fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file())
}

impl HarnessWatch {
    /// On the newest attempt of an item, its last facts taken into account.
    pub fn new(job: &Job, run: &Run, item: &Item) -> Option<Self> {
        let (attempt, id) = (item.last_attempt()?, item.last_attempt_id()?);
        let tree = job.worktree(item);
        // the harness resolves links before it tells the agent where to work
        let real = tree.parent().and_then(|above| above.canonicalize().ok()).map(|above| above.join(&item.id.0));
        Some(Self {
            folder: job.item_folder(run, &item.id).path,
            log: job.folder.stage(&id, Stage::Agent).join("err"),
            trees: real.into_iter().chain([tree]).map(|tree| tree.display().to_string()).collect(),
            read: 0,
            half: String::new(),
            marker: None,
            said: attempt.said.as_ref().map(|(says, _)| says.clone()),
            prompt: None,
            is_asked: attempt.asked.is_some(),
            attempt: id,
        })
    }

    /// Whose it is.
    pub const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Looks at the files and at what the log says since the last look. After the end a file counts as whole.
    pub fn look(&mut self, is_over: bool, masker: &Masker) -> News {
        // a log that can't be read decorates nothing
        let _ = self.read_log();
        let place = Files::of(&self.folder).map_or(Place::Nothing, |files| files.place());
        let says = match &self.marker {
            Some(marker) => format!("{}; its log: {marker}", place.words()),
            None => place.words().to_owned(),
        };
        let says = masker.mask(&says).into_owned();
        let is_news = self.said.as_deref() != Some(says.as_str()) && (place > Place::Nothing || self.marker.is_some());
        let says = is_news.then(|| self.said.insert(says).clone());
        News { asked: self.asked(place > Place::Agent || is_over), says }
    }

    /// The digest of `task.txt`, once: when it stood still for a look, so that half a file is not taken for it.
    fn asked(&mut self, is_whole: bool) -> Option<String> {
        let path = self.folder.join("task.txt");
        if self.is_asked || !is_there(&path) {
            return None;
        }
        let there = fs::metadata(&path).ok()?;
        let stamp = (there.len(), there.modified().ok()?);
        if stamp.0 > LARGEST_PROMPT || (!is_whole && self.prompt.replace(stamp) != Some(stamp)) {
            return None;
        }
        let mut text = String::from_utf8_lossy(&files::read(&path, LARGEST_PROMPT, files::Links::Refused).ok()?).into_owned();
        for tree in &self.trees {
            text = text.replace(tree.as_str(), "{worktree}");
        }
        self.is_asked = true;
        Some(digest(text.as_bytes()))
    }

    fn read_log(&mut self) -> io::Result<()> {
        let mut file = File::open(&self.log)?;
        let length = file.metadata()?.len();
        if length.saturating_sub(self.read) > AT_ONCE {
            self.read = length.saturating_sub(AT_ONCE);
            self.half.clear();
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        self.read += u64::try_from(file.take(AT_ONCE).read_to_end(&mut bytes)?).unwrap_or_default();
        self.half.push_str(&String::from_utf8_lossy(&bytes));
        let Some(end) = self.half.rfind('\n') else {
            // no marker is as long as that
            if self.half.len() as u64 > AT_ONCE {
                self.half.clear();
            }
            return Ok(());
        };
        let rest = self.half.split_off(end);
        if let Some(newest) = self.half.lines().rev().find_map(marker) {
            self.marker = Some(newest);
        }
        self.half = rest;
        Ok(())
    }
}
