//! How far a pull is: the fold of what the engine says of it, of the manifest's layers, and of the free space of the
//! engine's disk. It knows neither clock nor I/O.
//!
//! The work of a layer is the bytes that have to come, and the bytes that have to be written. On VFS the latter begin with a
//! copy of all the layers below, during which the engine says nothing: the free space tells how far that is. The total is
//! fixed by [`Fold::plan`]; what a layer reached once it keeps, so a layer that begins again takes nothing back.

mod layer;
mod pace;

use bollard::models::CreateImageInfo;

use crate::docker::forecast::Driver;
use crate::domain::{Bar, ImagePull, LayerState, Need, PullPhase};
use crate::text::clean;
use layer::{Heard, Row};
use pace::Pace;

/// Layers that no manifest named are listed up to this many.
const MOST_LAYERS: usize = 1000;

/// Words of the engine that are kept as they are, up to this many until somebody takes them.
const MOST_WORDS: usize = 64;

/// Free space that goes without a word counts as a sign of life from here on, in bytes: others write on this disk too.
const MOVES: u64 = 4 << 20;

/// It is one only up to what there is to write, and so much more, in bytes: the rest is somebody else's.
const BEYOND: u64 = 64 << 20;

/// A layer as the manifest names it. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its digest, `sha256:…`.
    pub digest: String,
    /// Its compressed size.
    pub compressed: Option<u64>,
    /// Its size once extracted, as well as that is known.
    pub extracted: Option<u64>,
    /// Whether the engine has it already.
    pub is_present: bool,
}

/// How an engine said that its pull went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What the name stands for came with this pull.
    Newer,
    /// It had been there.
    UpToDate,
}

/// How far the pull of one image is.
#[derive(Debug)]
pub struct Fold {
    reference: String,
    driver: Driver,
    rows: Vec<Row>,
    /// `None` before the manifest is known, and where it will not be.
    totals: Option<Totals>,
    phase: PullPhase,
    digest: Option<String>,
    need: Option<Need>,
    unforecast: Option<String>,
    attempt: u32,
    attempts: u32,
    /// Longest silence, in ms.
    stall_ms: u64,
    /// Whether the last try was given up for its silence.
    stood_still: bool,
    verdict: Option<Verdict>,
    pace: Pace,
    /// When the stream or the free space moved, in ms.
    moved_ms: u64,
    free: Option<u64>,
    /// Since the last word; `None` where nobody looked at the disk yet.
    silence: Option<Silence>,
    words: Vec<String>,
}

/// The engine says nothing. Bytes.
#[derive(Debug, Clone, Copy)]
struct Silence {
    /// What was free when that began, and what there was to write; `None` where no manifest says.
    from: u64,
    left: Option<u64>,
    /// What was free at the last sign of life.
    seen: u64,
}

/// What there is to do, in bytes.
#[derive(Debug, Clone, Copy)]
struct Totals {
    work: u64,
    download: u64,
}

impl Fold {
    /// An image that nothing is known of yet, and that may be silent so long.
    pub fn new(reference: &str, driver: Driver, attempts: u32, stall_ms: u64) -> Self {
        Self {
            reference: reference.to_owned(),
            driver,
            rows: Vec::new(),
            totals: None,
            phase: PullPhase::Waiting,
            digest: None,
            need: None,
            unforecast: None,
            attempt: 1,
            attempts,
            stall_ms,
            stood_still: false,
            verdict: None,
            pace: Pace::default(),
            moved_ms: 0,
            free: None,
            silence: None,
            words: Vec::new(),
        }
    }

    /// What the registry said: from here on the total stands. A second plan is not heard.
    pub fn plan(&mut self, digest: &str, layers: &[Planned], need: Option<Need>) {
        if self.totals.is_some() || !self.rows.is_empty() {
            return;
        }
        self.digest = Some(clean::line(digest));
        self.need = need;
        let mut below = Some(0);
        for layer in layers {
            let mut row = Row::planned(layer, self.driver, below);
            // one that stands there twice comes once
            if self.rows.iter().any(|other| other.id == row.id) {
                row.does_not_come();
            }
            self.rows.push(row);
            below = below.zip(layer.extracted).map(|(below, own)| below.saturating_add(own));
        }
        let sum = |of: fn(&Row) -> u64| self.rows.iter().map(of).fold(0, u64::saturating_add);
        // all layers may be there, and the name alone be missing
        self.totals = Some(Totals { work: sum(Row::work).max(1), download: sum(Row::comes) });
    }

    /// The registry can't be asked by us: nothing is known beforehand, and why.
    pub fn unforecast(&mut self, why: &str) {
        self.unforecast = Some(clean::line(why));
    }

    /// How far it is in words.
    pub fn say(&mut self, phase: PullPhase) {
        self.phase = phase;
    }

    /// A try begins.
    pub fn begin(&mut self, at_ms: u64, attempt: u32) {
        self.phase = PullPhase::Pulling;
        self.attempt = attempt;
        self.stood_still = false;
        self.verdict = None;
        self.moved_ms = at_ms;
        self.pace.begin();
        self.rows.iter_mut().for_each(Row::begin);
        self.falls_silent();
    }

    /// The engine said this. What is missing in it is missing; what nobody knows is kept as words.
    pub fn heard(&mut self, at_ms: u64, said: &CreateImageInfo) {
        self.moved_ms = at_ms;
        self.falls_silent();
        let status = said.status.as_deref().unwrap_or_default();
        let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        let detail = said.progress_detail.as_ref();
        let heard = Heard {
            current: number(detail.and_then(|detail| detail.current)),
            total: number(detail.and_then(|detail| detail.total)).filter(|total| *total > 0),
            free: self.free,
            fetched: self.pace.fetched,
        };
        match (said.id.as_deref(), layer::Word::of(status)) {
            (Some(id), Some(word)) => {
                let is_known = self.rows.iter().any(|row| row.id == layer::short(id));
                if !is_known && self.rows.len() < MOST_LAYERS {
                    self.rows.push(Row::unplanned(id, self.driver, self.rows.is_empty()));
                }
                // one layer may stand in an image twice: it comes once, and is extracted each time
                let is_download = word.is_download();
                let mut fetched = 0;
                for row in self.rows.iter_mut().filter(|row| row.id == layer::short(id) && !row.is_settled()) {
                    let came = row.hear(word, heard);
                    fetched = came.max(fetched);
                    if !is_download {
                        break;
                    }
                }
                self.pace.fetched = self.pace.fetched.saturating_add(fetched);
                self.next_turn();
            }
            _ if status.starts_with("Pulling from ") => {}
            _ => self.told(status),
        }
    }

    /// Layers are extracted one after another, from the lowest on: whose turn it is.
    fn next_turn(&mut self) {
        if !self.rows.iter().any(Row::is_writing)
            && let Some(next) = self.rows.iter_mut().find(|row| !row.is_settled() && row.state != LayerState::Present)
        {
            next.turn(self.free, self.pace.fetched);
        }
    }

    fn told(&mut self, status: &str) {
        if let Some(digest) = status.strip_prefix("Digest: ") {
            self.digest = Some(clean::line(digest.trim()));
        } else if status.starts_with("Status: Downloaded newer image") {
            self.verdict = Some(Verdict::Newer);
        } else if status.starts_with("Status: Image is up to date") {
            self.verdict = Some(Verdict::UpToDate);
        } else if !status.is_empty() && self.words.len() < MOST_WORDS {
            self.words.push(clean::line(status));
        }
    }

    /// So much is free on the engine's disk; `None` where that can't be seen.
    pub fn sampled(&mut self, at_ms: u64, free: Option<u64>) {
        self.free = free.or(self.free);
        if let Some(free) = free {
            let fetched = self.pace.fetched;
            // layers are extracted one after another
            if let Some(row) = self.rows.iter_mut().find(|row| row.is_silent()) {
                row.wrote(free, fetched);
            }
            self.look_for_life(at_ms, free);
        }
        let is_writing = self.rows.iter().any(Row::is_writing);
        let written = self.rows.iter().map(|row| row.written).fold(0, u64::saturating_add);
        self.pace.sampled(at_ms, written, is_writing);
    }

    /// From now on the disk alone tells whether it lives.
    fn falls_silent(&mut self) {
        let left = self.totals.map(|_| self.rows.iter().map(Row::left_to_write).fold(0, u64::saturating_add));
        self.silence = self.free.map(|free| Silence { from: free, left, seen: free });
    }

    /// Free space that goes while the engine says nothing is a sign of life, where it has something to write.
    fn look_for_life(&mut self, at_ms: u64, free: u64) {
        if self.silence.is_none() {
            self.falls_silent();
        }
        let is_writing = self.rows.iter().any(Row::is_writing) || !self.rows.iter().any(Row::is_downloading);
        let Some(silence) = &mut self.silence else { return };
        let is_ours =
            silence.left.is_none_or(|left| silence.from.saturating_sub(free) <= left.saturating_add(left / 4).saturating_add(BEYOND));
        if is_writing && is_ours && silence.seen.saturating_sub(free) >= MOVES {
            silence.seen = free;
            self.moved_ms = at_ms;
        }
    }

    /// It is there, all of it.
    pub fn done(&mut self) {
        self.rows.iter_mut().for_each(Row::done);
        self.phase = PullPhase::Done;
    }

    /// How the engine said that it went well; `None` before it did.
    pub const fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Digest of the manifest, once the registry or the engine named it.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What it was said to need.
    pub const fn need(&self) -> Option<Need> {
        self.need
    }

    /// Compressed bytes that came, those that came twice counted twice.
    pub const fn fetched(&self) -> u64 {
        self.pace.fetched
    }

    /// Bytes a second that the disk writes while layers are extracted.
    pub fn disk_rate(&self) -> Option<u64> {
        self.pace.disk()
    }

    /// What it wrote when other images came: so that it can be said how long this one takes before its first layer is extracted.
    pub fn expect_disk_rate(&mut self, rate: Option<u64>) {
        self.pace.expect(rate);
    }

    /// What the engine said that we don't know; it is taken away.
    pub fn take_words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// For how long neither the stream nor the free space moved, in ms; 0 where nothing is on its way.
    pub fn quiet_ms(&self, at_ms: u64) -> u64 {
        if self.phase == PullPhase::Pulling { at_ms.saturating_sub(self.moved_ms) } else { 0 }
    }

    /// Whether that is longer than it may be silent.
    pub fn is_stalled(&self, at_ms: u64) -> bool {
        self.quiet_ms(at_ms) >= self.stall_ms && self.phase == PullPhase::Pulling
    }

    /// It is given up for its silence, and that is said until it is begun again.
    pub fn stands_still(&mut self) {
        self.stood_still = true;
    }

    /// How far it is, for people.
    pub fn image(&self, at_ms: u64) -> ImagePull {
        let is_pulling = self.phase == PullPhase::Pulling;
        let is_done = self.phase == PullPhase::Done;
        let sum = |of: fn(&Row) -> u64| self.rows.iter().map(of).fold(0, u64::saturating_add);
        let download = |totals: Totals| Bar { done: sum(Row::best_came).min(totals.download), total: totals.download };
        // it is full only once the image is there
        let most = |totals: Totals| if is_done { totals.work } else { totals.work - 1 };
        let bar = |totals: Totals| Bar { done: if is_done { totals.work } else { sum(Row::best).min(most(totals)) }, total: totals.work };
        ImagePull {
            reference: self.reference.clone(),
            digest: self.digest.clone(),
            phase: self.phase.clone(),
            layers: self.rows.iter().map(Row::shown).collect(),
            bar: self.totals.map(bar),
            download: self.totals.map(download),
            need: self.need,
            unforecast: self.unforecast.clone(),
            rate: self.pace.rate().filter(|_| is_pulling && self.rows.iter().any(Row::is_downloading)),
            eta_ms: self.totals.filter(|_| is_pulling).and_then(|_| self.pace.eta_ms(&self.rows)),
            quiet_ms: self.quiet_ms(at_ms),
            stalled: self.stood_still || self.is_stalled(at_ms),
            attempt: self.attempt,
            attempts: self.attempts,
        }
    }
}
