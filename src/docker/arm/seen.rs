//! What is seen of an arm while it runs, and what is told of it: `progress.json`, `figures.jsonl`, the limits of its phases.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::printed::Stream;
use super::scrape::Scraped;
use super::told::{self, Marks, Phases};
use super::{ArmEnd, ArmOrder, ERR, FIGURES, OUT, PROGRESS, SERVER};
use crate::bench::live::LiveFold;
use crate::bench::prometheus::Scrapes;
use crate::domain::{ArmPhase, ArmProgress, BenchKind, FiguresFrom, OutsidePause, PausedBefore, ProgressRow, ServerFigures};
use crate::host::{clock, files};
use crate::text::mask::Masker;

/// `progress.json` is written no more often.
const TELLS: Duration = Duration::from_millis(250);

/// Nothing more is added to a `figures.jsonl` of this size, in bytes.
const LARGEST_FIGURES: u64 = 100 << 20;

/// So many scrapes in a row without an answer are told.
const UNANSWERED: u32 = 5;

/// Figures of the log count where `/metrics` had none for so long, in s.
const METRICS_COUNT_FOR_S: i64 = 15;

/// Digits of a container's id that are shown, as docker does.
const SHOWN: usize = 12;

/// What was printed is read within this time.
const READ_WITHIN_MS: u64 = 1_000;

/// A phase's limit, in ms.
#[derive(Debug, Clone, Copy)]
struct Limit {
    ms: u64,
    /// When it began, since the arm did.
    from: u64,
    /// What was paused until then.
    paused: u64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) order: ArmOrder,
    folder: PathBuf,
    pub(super) masker: Masker,
    started: Timestamp,
    began_up_ms: u64,
    pub(super) phases: Phases,
    pub(super) marks: Marks,
    /// Of client stdout, client stderr and server.
    folds: [LiveFold; 3],
    /// Where in these files it is tried again after a repair, in bytes.
    again: [u64; 3],
    row: Option<ProgressRow>,
    figures: Option<ServerFigures>,
    figures_file: Option<(File, u64)>,
    scrapes: Scrapes,
    unanswered: u32,
    limit: Option<Limit>,
    pub(super) container: Option<String>,
    /// Bytes that were printed.
    pub(super) printed: u64,
    /// Since when we have it paused.
    paused: Option<(u64, Timestamp)>,
    /// What was over of our own pauses.
    paused_ms: u64,
    /// The pauses that none of us asked for, and since when the one lasts that is under way.
    pub(super) outside: Option<OutsidePause>,
    outside_since: Option<Timestamp>,
    /// When the last pause was over, in ms since the arm began.
    went_on: Option<u64>,
    /// What of all pauses was over when it began to measure; `None` before that.
    pub(super) before: Option<PausedBefore>,
    /// What is wrong beside the benchmark: the engine does not do what it is told.
    trouble: Option<String>,
    no_metrics: Option<String>,
    told: Option<ArmProgress>,
    told_up_ms: u64,
}

impl Seen {
    /// Nothing yet.
    pub(super) fn new(order: ArmOrder, folder: PathBuf, masker: Masker) -> Self {
        // without it the curves are empty, and nothing else
        let figures = File::options().write(true).truncate(true).create(true).mode(0o600).open(folder.join(FIGURES));
        Self {
            order,
            folder,
            masker,
            started: clock::now(),
            began_up_ms: clock::up_ms(),
            phases: Phases::default(),
            marks: Marks::default(),
            folds: std::array::from_fn(|_| LiveFold::default()),
            again: [0; 3],
            row: None,
            figures: None,
            figures_file: figures.ok().map(|file| (file, 0)),
            scrapes: Scrapes::default(),
            unanswered: 0,
            limit: None,
            container: None,
            printed: 0,
            paused: None,
            paused_ms: 0,
            outside: None,
            outside_since: None,
            went_on: None,
            before: None,
            trouble: None,
            no_metrics: None,
            told: None,
            told_up_ms: 0,
        }
    }

    /// ms since the arm began, paused time included.
    pub(super) fn now_ms(&self) -> u64 {
        clock::up_ms().saturating_sub(self.began_up_ms)
    }

    /// Paused time so far, whoever asked for it, in ms.
    pub(super) fn paused_ms(&self) -> u64 {
        let ours = self.paused.map_or(0, |(since, _)| self.now_ms().saturating_sub(since));
        let others = self.outside_since.map_or(0, |since| between(since, clock::now()));
        self.past_pauses_ms().saturating_add(ours).saturating_add(others)
    }

    /// Time of the pauses that are over, in ms.
    fn past_pauses_ms(&self) -> u64 {
        self.paused_ms.saturating_add(self.outside.map_or(0, |outside| outside.ms))
    }

    /// Whether it is paused because we asked for it.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// We paused it, or let it go on.
    pub(super) fn pause(&mut self, is_paused: bool) {
        // from here on it is our affair
        self.pause_outside(false, clock::now());
        let ours = self.paused.map_or(0, |(since, _)| self.now_ms().saturating_sub(since));
        self.paused_ms = self.paused_ms.saturating_add(ours);
        if self.is_paused() {
            self.went_on = Some(self.now_ms());
        }
        self.paused = is_paused.then(|| (self.now_ms(), clock::now()));
    }

    /// Somebody else paused it, or let it go on.
    pub(super) fn pause_outside(&mut self, is_paused: bool, at: Timestamp) {
        match (is_paused, self.outside_since) {
            (true, None) => {
                let known = self.outside.unwrap_or(OutsidePause { from: at, to: None, ms: 0 });
                (self.outside, self.outside_since) = (Some(OutsidePause { to: None, ..known }), Some(at));
            }
            (false, Some(since)) => {
                self.outside =
                    self.outside.map(|known| OutsidePause { to: Some(at), ms: known.ms.saturating_add(between(since, at)), ..known });
                self.outside_since = None;
                self.went_on = Some(self.now_ms());
            }
            _ => {}
        }
    }

    /// Whether it has a server.
    pub(super) fn serves(&self) -> bool {
        matches!(self.order.kind, None | Some(BenchKind::Serving))
    }

    /// Whether that one answers.
    pub(super) fn is_ready(&self) -> bool {
        self.serves() && self.phases.now().is_some_and(|phase| (ArmPhase::Ready..ArmPhase::Stop).contains(&phase))
    }

    /// A phase begins. The time until the server answers counts from the start of the container, and so does that of a benchmark
    /// without one.
    pub(super) fn come_to(&mut self, phase: ArmPhase) {
        let (was_ready, now) = (self.is_ready(), self.now_ms());
        if !self.phases.come_to(phase, now) {
            return;
        }
        if phase == ArmPhase::Stop {
            // where it was killed a bar stands in the middle
            self.row = None;
        }
        self.measures_from(phase, now);
        let begins = match phase {
            ArmPhase::Prepare if self.serves() => self.order.ready_ms,
            ArmPhase::Prepare => self.order.bench_ms,
            // the last one counts on: code of an agent may say that it is at its end
            _ if self.is_ready() && !was_ready => self.order.bench_ms,
            _ => return,
        };
        self.limit = begins.map(|ms| Limit { ms, from: now, paused: self.paused_ms() });
    }

    /// Notes what of all pauses was over when it began to measure. What is printed is read a little later, and of a pause that was under
    /// way meanwhile nobody knows whether it was over.
    fn measures_from(&mut self, phase: ArmPhase, now: u64) {
        // the first bar of this one comes after its clock was started
        let first = if self.order.kind == Some(BenchKind::Throughput) { ArmPhase::Graphs } else { ArmPhase::Warmup };
        if self.before.is_none() && (first..ArmPhase::Stop).contains(&phase) {
            let is_apart = !self.is_paused()
                && self.outside_since.is_none()
                && self.went_on.is_none_or(|went_on| now.saturating_sub(went_on) > READ_WITHIN_MS);
            let before = PausedBefore { ours_ms: self.paused_ms, outside_ms: self.outside.map_or(0, |outside| outside.ms) };
            self.before = Some(if is_apart { before } else { PausedBefore::default() });
        }
    }

    /// That it took too long, where it did.
    pub(super) fn late(&self) -> Option<ArmEnd> {
        let limit = self.limit.filter(|_| !self.is_paused() && self.outside_since.is_none())?;
        let used = self.now_ms().saturating_sub(limit.from).saturating_sub(self.paused_ms().saturating_sub(limit.paused));
        (used >= limit.ms).then(|| ArmEnd::Late { phase: self.phases.now().unwrap_or(ArmPhase::Prepare), limit_ms: limit.ms })
    }

    /// Something was printed, or marked, at this place of its file.
    pub(super) fn take(&mut self, stream: Stream, from: u64, bytes: &[u8]) {
        if stream == Stream::Marks {
            for mark in self.marks.feed(bytes, &self.masker) {
                self.marked(&mark);
            }
            return;
        }
        let again = self.again.get(stream as usize).map_or(0, |again| again.saturating_sub(from));
        // what was repaired is no trouble any more, and what comes after it may be
        match usize::try_from(again).ok().filter(|again| *again > 0).and_then(|again| bytes.split_at_checked(again)) {
            Some((before, after)) => {
                self.fold(stream, before);
                self.forget(stream);
                self.fold(stream, after);
            }
            None => self.fold(stream, bytes),
        }
    }

    fn marked(&mut self, mark: &str) {
        if let Some(phase) = told::phase(mark) {
            self.come_to(phase);
        }
        let printed = [(OUT, Stream::Out), (ERR, Stream::Err), (SERVER, Stream::Server)];
        if let Some((file, bytes)) = told::again(mark)
            && let Some((_, stream)) = printed.into_iter().find(|(name, _)| *name == file)
            && let Some(again) = self.again.get_mut(stream as usize)
        {
            *again = bytes;
            self.forget(stream);
        }
    }

    fn forget(&mut self, stream: Stream) {
        if let Some(fold) = self.folds.get_mut(stream as usize) {
            fold.first_error = None;
        }
    }

    fn fold(&mut self, stream: Stream, bytes: &[u8]) {
        let Some(fold) = self.folds.get_mut(stream as usize) else { return };
        let (row, figures) = (fold.row.clone(), fold.figures.clone());
        fold.feed(bytes, clock::now());
        let phases = std::mem::take(&mut fold.phases);
        let (new_row, new_figures) = (fold.row.clone(), fold.figures.clone());
        if new_row != row {
            self.row = new_row.map(|row| ProgressRow { label: self.masker.line(&row.label), ..row });
        }
        if let Some(new) = new_figures.filter(|new| figures.as_ref() != Some(new)) {
            self.figure(new);
        }
        for phase in phases {
            self.come_to(phase);
        }
    }

    /// The server was asked for its figures.
    pub(super) fn scraped(&mut self, scraped: Scraped) {
        let figures = scraped
            .and_then(|text| self.scrapes.figures(&text, clock::now()).ok_or_else(|| "it has no figures that are known here".to_owned()));
        match figures {
            Ok(figures) => {
                (self.unanswered, self.no_metrics) = (0, None);
                self.figure(figures);
            }
            // it says nothing while it is paused
            Err(_) if self.is_paused() || self.outside_since.is_some() => {}
            Err(why) => {
                self.unanswered = self.unanswered.saturating_add(1);
                if self.unanswered >= UNANSWERED {
                    self.no_metrics = Some(format!("no figures of the server's /metrics: {why}"));
                }
            }
        }
    }

    fn figure(&mut self, new: ServerFigures) {
        let is_live = |known: &ServerFigures| {
            known.from == FiguresFrom::Metrics && new.at.duration_since(known.at) < SignedDuration::from_secs(METRICS_COUNT_FOR_S)
        };
        if new.from == FiguresFrom::Log && self.figures.as_ref().is_some_and(is_live) {
            return;
        }
        if let (Some((file, written)), Ok(mut line)) = (&mut self.figures_file, serde_json::to_vec(&new)) {
            line.push(b'\n');
            *written = written.saturating_add(line.len() as u64);
            if *written <= LARGEST_FIGURES {
                // on a full disk they are lost, and nothing else is
                let _ = file.write_all(&line);
            }
        }
        self.figures = Some(new);
    }

    /// Something is wrong beside the benchmark, or is well again.
    pub(super) fn trouble(&mut self, says: Option<String>) {
        self.trouble = says.map(|says| self.masker.line(&says));
    }

    /// Writes how far it is, where that is news; `always` at once. That this fails, on a full disk say, is no reason to end an
    /// arm.
    pub(super) fn tell(&mut self, always: bool) {
        let up = clock::up_ms();
        if !always && up.saturating_sub(self.told_up_ms) < u64::try_from(TELLS.as_millis()).unwrap_or_default() {
            return;
        }
        let progress = self.progress();
        let is_news = self.told.as_ref().is_none_or(|told| ArmProgress { at: told.at, ..progress.clone() } != *told);
        if is_news && let Ok(written) = serde_json::to_vec(&progress) {
            let _ = files::replace(&self.folder.join(PROGRESS), &written);
            self.told_up_ms = up;
            self.told = Some(progress);
        }
    }

    fn progress(&self) -> ArmProgress {
        let first_error = self.folds.iter().rev().find_map(|fold| fold.first_error.as_deref()).map(|error| self.masker.line(error));
        ArmProgress {
            started: self.started,
            at: clock::now(),
            phases: self.phases.0.clone(),
            container: self.container.as_deref().map(|id| id.get(..SHOWN).unwrap_or(id).to_owned()),
            image: self.order.image.clone(),
            deadline: self.deadline(),
            paused: self.paused.map(|(_, since)| since).or(self.outside_since),
            outside: self.outside,
            before: self.before,
            row: self.row.clone(),
            figures: self.figures.clone(),
            repairs: self.marks.repairs(),
            printed: self.printed,
            says: self.trouble.clone().or(first_error).or_else(|| self.no_metrics.clone()),
        }
    }

    /// When the phase under way is ended. While it is paused that stands, and moves when it goes on.
    fn deadline(&self) -> Option<Timestamp> {
        let limit = self.limit?;
        let paused = self.past_pauses_ms().saturating_sub(limit.paused);
        let after = i64::try_from(limit.from.saturating_add(limit.ms).saturating_add(paused)).ok()?;
        self.started.checked_add(SignedDuration::from_millis(after)).ok()
    }
}

/// ms from one moment to a later one.
fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or_default()
}
