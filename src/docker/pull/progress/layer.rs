//! One layer of a pull.

use super::Planned;
use crate::docker::forecast::Driver;
use crate::domain::{LayerPull, LayerState};
use crate::text::clean;

/// Digits of a digest by which the engine names a layer.
const DIGITS: usize = 12;

/// The engine reads so many bytes of a layer, to see how it is packed, before it copies those below.
const PEEK: u64 = 32 << 10;

/// What a layer becomes that nobody says the size of, measured by its compressed size.
const SWELLS: u64 = 2;

/// What the engine says of a layer. Anything else is words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Waiting,
    /// The engine itself tries it again.
    Retrying,
    Downloading,
    Downloaded,
    Extracting,
    Complete,
    Exists,
}

impl Word {
    /// The states of `docker pull`, which both of the engine's image stores share.
    pub(super) fn of(status: &str) -> Option<Self> {
        Some(match status {
            "Pulling fs layer" | "Waiting" => Self::Waiting,
            "Downloading" => Self::Downloading,
            "Verifying Checksum" | "Download complete" => Self::Downloaded,
            "Extracting" => Self::Extracting,
            "Pull complete" => Self::Complete,
            "Already exists" | "Layer already exists" => Self::Exists,
            _ if status.starts_with("Retrying in ") => Self::Retrying,
            _ => return None,
        })
    }

    pub(super) const fn is_download(self) -> bool {
        matches!(self, Self::Waiting | Self::Retrying | Self::Downloading | Self::Downloaded)
    }
}

/// What came with a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) current: Option<u64>,
    pub(super) total: Option<u64>,
    /// Free on the engine's disk, and compressed bytes that had come by then.
    pub(super) free: Option<u64>,
    pub(super) fetched: u64,
}

/// A layer: what there is to do for it, and how far that is. Bytes.
#[derive(Debug)]
pub(super) struct Row {
    /// The first 12 digits of its digest.
    pub(super) id: String,
    compressed: Option<u64>,
    extracted: Option<u64>,
    /// Compressed bytes that have to come: 0 where the engine has it, and where no manifest named it.
    comes: u64,
    /// Bytes of the layers below that are copied first.
    copies: u64,
    /// Bytes of its own files.
    writes: u64,
    /// Whether layers below are copied at all, and whether their size is known.
    parents: Parents,
    pub(super) state: LayerState,
    /// Of this try: compressed bytes that came, and bytes that were written.
    pub(super) came: u64,
    pub(super) written: u64,
    /// The most of any try.
    best_came: u64,
    best_written: u64,
    /// This try is over for it.
    settled: bool,
    /// The first number that was heard of its extraction.
    first: Option<u64>,
    /// What was free, and had come, when its extraction began.
    base: Option<(Option<u64>, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parents {
    None,
    Copied(Option<u64>),
}

/// A digest as the engine names it.
pub(super) fn short(digest: &str) -> String {
    let digits = digest.rsplit_once(':').map_or(digest, |(_, digits)| digits);
    clean::line(&digits.chars().take(DIGITS).collect::<String>())
}

/// `whole * part / all`, and no more than `whole`.
fn share(whole: u64, part: u64, all: u64) -> u64 {
    let share = u128::from(whole) * u128::from(part.min(all)) / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(whole)
}

impl Row {
    /// One of the manifest, upon layers of so many bytes.
    pub(super) fn planned(layer: &Planned, driver: Driver, below: Option<u64>) -> Self {
        let is_needed = !layer.is_present;
        let swollen = || layer.compressed.map(|bytes| bytes.saturating_mul(SWELLS));
        let parents = match driver {
            Driver::Vfs if below != Some(0) => Parents::Copied(below),
            _ => Parents::None,
        };
        let of_need = |bytes: Option<u64>| bytes.filter(|_| is_needed).unwrap_or_default();
        Self {
            id: short(&layer.digest),
            compressed: layer.compressed,
            extracted: layer.extracted,
            comes: of_need(layer.compressed),
            copies: of_need(if parents == Parents::None { None } else { below }),
            writes: of_need(layer.extracted.or_else(swollen)),
            parents,
            state: if is_needed { LayerState::Waiting } else { LayerState::Present },
            came: 0,
            written: 0,
            best_came: 0,
            best_written: 0,
            settled: false,
            first: None,
            base: None,
        }
    }

    /// One that only the engine named.
    pub(super) fn unplanned(id: &str, driver: Driver, is_lowest: bool) -> Self {
        let layer = Planned { digest: id.to_owned(), compressed: None, extracted: None, is_present: false };
        Self::planned(&layer, driver, is_lowest.then_some(0))
    }

    /// Another row of the same digest brings it.
    pub(super) const fn does_not_come(&mut self) {
        self.comes = 0;
    }

    /// All that there is to do for it.
    pub(super) const fn work(&self) -> u64 {
        self.comes.saturating_add(self.copies).saturating_add(self.writes)
    }

    pub(super) const fn comes(&self) -> u64 {
        self.comes
    }

    pub(super) const fn best_came(&self) -> u64 {
        self.best_came
    }

    /// What of its work was ever done.
    pub(super) const fn best(&self) -> u64 {
        self.best_came.saturating_add(self.best_written)
    }

    pub(super) fn left_to_come(&self) -> u64 {
        if self.settled { 0 } else { self.comes.saturating_sub(self.came) }
    }

    pub(super) fn left_to_write(&self) -> u64 {
        if self.settled { 0 } else { self.copies.saturating_add(self.writes).saturating_sub(self.written) }
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether it was extracted in this try.
    pub(super) fn is_extracted(&self) -> bool {
        self.state == LayerState::Done
    }

    pub(super) const fn is_downloading(&self) -> bool {
        matches!(self.state, LayerState::Downloading { .. })
    }

    pub(super) const fn is_writing(&self) -> bool {
        matches!(self.state, LayerState::CopyingParent { .. } | LayerState::Extracting { .. })
    }

    /// Whether only the free space tells how far it is.
    pub(super) const fn is_silent(&self) -> bool {
        matches!(self.state, LayerState::CopyingParent { .. } | LayerState::Extracting { current: None })
    }

    /// A try begins: what the last one left is gone, or will be named as what exists.
    pub(super) fn begin(&mut self) {
        if self.state != LayerState::Present {
            self.state = LayerState::Waiting;
        }
        (self.came, self.written, self.settled, self.first, self.base) = (0, 0, false, None, None);
    }

    /// What the engine said of it. The answer: compressed bytes that came with it.
    pub(super) fn hear(&mut self, word: Word, heard: Heard) -> u64 {
        let before = self.came;
        match word {
            Word::Waiting if matches!(self.state, LayerState::Present) => self.state = LayerState::Waiting,
            Word::Waiting => {}
            Word::Retrying => {
                self.state = LayerState::Waiting;
                return 0;
            }
            Word::Downloading => {
                self.compressed = self.compressed.or(heard.total);
                let most = self.compressed.unwrap_or(u64::MAX);
                let current = heard.current.unwrap_or_default().min(most);
                self.state = LayerState::Downloading { current };
                self.came = current;
            }
            Word::Downloaded => {
                // words may come late
                if !self.is_writing() {
                    self.state = LayerState::Downloaded;
                }
                self.came = self.compressed.unwrap_or(self.came);
            }
            Word::Extracting => self.extracts(heard),
            Word::Complete => {
                self.came = self.compressed.unwrap_or(self.came);
                let came = self.came.saturating_sub(before);
                self.done();
                return came;
            }
            Word::Exists => {
                // what an earlier try of ours brought was not there before
                let is_ours = self.comes > 0 && self.best_came == self.comes;
                self.done();
                self.state = if is_ours { LayerState::Done } else { LayerState::Present };
                return 0;
            }
        }
        self.keep_best();
        self.came.saturating_sub(before)
    }

    /// All layers below are there, and so is what came of it: on VFS those are copied now. The engine says so of small
    /// layers only.
    pub(super) fn turn(&mut self, free: Option<u64>, fetched: u64) {
        if let (Parents::Copied(total), LayerState::Downloaded) = (self.parents, self.state) {
            self.state = LayerState::CopyingParent { copied: 0, total };
            self.base = Some((free, fetched));
        }
    }

    /// Extraction: on VFS what is said of the first bytes is said before the layers below are copied, all else after.
    fn extracts(&mut self, heard: Heard) {
        self.came = self.compressed.unwrap_or(self.came);
        let current = heard.current.unwrap_or_default();
        let is_first = self.first.is_none();
        let first = *self.first.get_or_insert(current);
        self.base.get_or_insert((heard.free, heard.fetched));
        let is_at_first = current <= PEEK && (is_first || (current == first && heard.total.is_some_and(|total| current < total)));
        match (self.parents, heard.total) {
            (Parents::Copied(total), _) if is_at_first => {
                if !matches!(self.state, LayerState::CopyingParent { .. }) {
                    self.state = LayerState::CopyingParent { copied: 0, total };
                }
            }
            (_, Some(total)) => {
                self.state = LayerState::Extracting { current: Some(current.min(total)) };
                self.written = self.copies.saturating_add(share(self.writes, current, total)).max(self.written);
            }
            (_, None) => self.state = LayerState::Extracting { current: None },
        }
    }

    /// The free space, while it extracts without a word: what went since, but for what came meanwhile.
    pub(super) fn wrote(&mut self, free: u64, fetched: u64) {
        let Some((Some(before), came)) = self.base else { return };
        let gone = before.saturating_sub(free).saturating_sub(fetched.saturating_sub(came));
        match &mut self.state {
            LayerState::CopyingParent { copied, total } => {
                *copied = gone.min(total.unwrap_or(u64::MAX)).max(*copied);
                self.written = self.written.max(gone.min(self.copies));
            }
            // never all of it: that it is done is said by the engine alone
            LayerState::Extracting { current: None } => {
                let all = self.copies.saturating_add(self.writes);
                self.written = self.written.max(gone.min(all.saturating_sub(all / 100)));
            }
            _ => {}
        }
        self.keep_best();
    }

    /// It is there.
    pub(super) fn done(&mut self) {
        if self.state != LayerState::Present {
            self.state = LayerState::Done;
        }
        self.settled = true;
        self.came = self.came.max(self.comes);
        self.written = self.copies.saturating_add(self.writes);
        self.keep_best();
    }

    fn keep_best(&mut self) {
        self.best_came = self.came.min(self.comes).max(self.best_came);
        self.best_written = self.written.min(self.copies.saturating_add(self.writes)).max(self.best_written);
    }

    pub(super) fn shown(&self) -> LayerPull {
        LayerPull { id: self.id.clone(), compressed: self.compressed, extracted: self.extracted, state: self.state }
    }
}
