//! A thread that follows what samplers write of the machine: the run's own, and one that it starts itself where no runner lives.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::{Deaf, GATHER, LOOK};
use crate::host::clock;
use crate::host::private::Private;
use crate::host::watch::{Heed, Watch};
use crate::ledger::{RunFolder, RunnerLock};
use crate::sampler::start::Sampler;
use crate::telemetry::read::Follow;
use crate::telemetry::{Curves, Files, Window};
use crate::ui::Msg;
use crate::ui::machine::gpus::Source;
use crate::ui::machine::{News, Wish};

/// A sampler that wrote nothing for so long does not work, in ms: three of its intervals.
const FRESH_MS: i64 = 3_000;

/// Between two samples that are told to lines beside something else, in ms: a little less than two intervals.
const CALM_MS: i64 = 1_900;

/// After so long that nobody looked, it is begun anew with the newest samples.
const FORGET: Duration = Duration::from_mins(1);

/// A sampler of ours that ended is started again after so long.
const AGAIN: Duration = Duration::from_secs(30);

/// How long the end of a screen waits for the end of its sampler at most.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The loop's end of the thread. Our sampler and its folder go with it.
#[derive(Debug)]
pub(super) struct Telemetry {
    hint: SyncSender<()>,
    over: Option<SyncSender<()>>,
    gone: Receiver<()>,
}

/// What the thread needs to know.
pub(super) struct Start {
    /// The run, where it is one of ours.
    pub run: Option<RunFolder>,
    /// The program whose sampler is started where no runner lives.
    pub binary: PathBuf,
    /// Folders whose disks it looks at.
    pub disks: Vec<PathBuf>,
    pub wish: watch::Receiver<Wish>,
    pub news: mpsc::Sender<Msg>,
}

/// The end of the thread.
struct Work {
    start: Start,
    hints: Receiver<()>,
    /// Is never told anything: it ends with the loop's end.
    over: Receiver<()>,
    watch: Watch,
    /// The run's samples, then those of our own sampler.
    followed: Vec<(Files, Follow)>,
    curves: Curves,
    own: Own,
    /// When somebody looked last.
    looked: Option<Instant>,
    told: Told,
}

/// What was told last.
#[derive(Default)]
struct Told {
    source: Option<Source>,
    /// The moment of the newest sample.
    latest: Option<i64>,
    chart: Option<Window>,
    /// A column is about to be completed: its chart waits for that.
    is_late: bool,
}

/// A sampler of ours. What it wrote stays until the screen ends.
#[derive(Default)]
struct Own {
    sampler: Option<Sampler>,
    folder: Option<Private>,
    /// Why there is none, and since when.
    failed: Option<(String, Instant)>,
}

impl Telemetry {
    /// Starts the thread.
    pub(super) fn start(start: Start) -> std::io::Result<Self> {
        let (hint, hints) = sync_channel(1);
        let (over, over_at) = sync_channel(1);
        let (alive, gone) = sync_channel::<()>(1);
        let ourselves = hint.clone();
        // a full channel means that somebody is about to look anyway
        let watch = Watch::new(Heed::Writes, move |_| {
            let _ = ourselves.try_send(());
        });
        let followed: Vec<(Files, Follow)> = start.run.iter().map(|run| follow(Files::of(run.path()))).collect();
        let curves = Curves::new(followed.iter().map(|(files, _)| files.clone()));
        let (own, told) = (Own::default(), Told::default());
        let work = Work { start, hints, over: over_at, watch, followed, curves, own, looked: None, told };
        thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
            work.run();
            drop(alive);
        })?;
        Ok(Self { hint, over: Some(over), gone })
    }

    /// The wish changed.
    pub(super) fn look(&self) {
        let _ = self.hint.try_send(());
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.over = None;
        self.look();
        // the folder for temporary files is left as it was found
        let _ = self.gone.recv_timeout(PATIENCE);
    }
}

impl Work {
    fn run(mut self) {
        loop {
            match self.hints.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => break,
                Ok(()) => thread::sleep(GATHER),
                Err(RecvTimeoutError::Timeout) => {}
            }
            while self.hints.try_recv().is_ok() {}
            let is_over = matches!(self.over.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
            if is_over || self.look().is_err() {
                break;
            }
        }
        self.own.end();
    }

    fn look(&mut self) -> Result<(), Deaf> {
        let wish = self.start.wish.borrow_and_update().clone();
        if !wish.is_told {
            self.watch.instead(&[]);
            return Ok(());
        }
        if self.looked.replace(Instant::now()).is_some_and(|at| at.elapsed() > FORGET) {
            self.follow_anew();
        }
        let completed = self.read_on();
        self.choose()?;
        self.watch.instead(&self.followed.iter().map(|(files, _)| files.0.clone()).collect::<Vec<_>>());
        self.tell_latest(wish.is_shown)?;
        self.tell_chart(wish.chart, completed)
    }

    /// Reads what is new; whether a column was completed by it.
    fn read_on(&mut self) -> bool {
        let (mut completed, curves) = (false, &mut self.curves);
        for (at, (files, follow)) in self.followed.iter_mut().enumerate() {
            let read = follow.read_on(|t, decoder| {
                if let (Some(header), Some(sample)) = (decoder.header(), decoder.sample()) {
                    completed |= curves.add(at, t, header, &sample, decoder.xids());
                }
            });
            if let Err(error) = read {
                tracing::warn!("can't read {}: {error}", files.seconds().display());
            }
        }
        completed
    }

    /// Who samples: the runner while it lives or its sampler does, else we ourselves.
    fn choose(&mut self) -> Result<(), Deaf> {
        let now = clock::now().as_millisecond();
        let is_run = self.start.run.as_ref().is_some_and(|run| {
            let last = self.followed.first().and_then(|(_, follow)| follow.last());
            last.is_some_and(|last| now.saturating_sub(last) <= FRESH_MS) || RunnerLock::holder(run).is_some()
        });
        let source = if is_run {
            self.own.end_sampler();
            Source::Runner
        } else {
            let has_folder = self.own.folder.is_some();
            let source = self.own.keep_going(&self.start);
            if !has_folder && let Some(folder) = &self.own.folder {
                self.followed.push(follow(Files::of(folder.path())));
                self.curves = Curves::new(self.followed.iter().map(|(files, _)| files.clone()));
            }
            source
        };
        if self.told.source.as_ref() == Some(&source) {
            return Ok(());
        }
        self.told.source = Some(source.clone());
        self.send(News::Sampler(source))
    }

    /// Every new sample where it is what one looks at; lines beside something else change half as often.
    fn tell_latest(&mut self, is_shown: bool) -> Result<(), Deaf> {
        let newest = self.followed.iter().max_by_key(|(_, follow)| follow.last());
        let is_due = |last: i64| self.told.latest.is_none_or(|told| last != told && (is_shown || (last - told).abs() >= CALM_MS));
        let Some((_, follow)) = newest.filter(|(_, follow)| follow.last().is_some_and(is_due)) else { return Ok(()) };
        let Some(latest) = follow.latest() else { return Ok(()) };
        self.told.latest = follow.last();
        self.send(News::Latest(Box::new(latest)))
    }

    fn tell_chart(&mut self, wished: Option<Window>, completed: bool) -> Result<(), Deaf> {
        let Some(window) = wished else {
            self.told.chart = None;
            return Ok(());
        };
        let now = clock::now().as_millisecond();
        let shows_now = window.to_ms.saturating_add(window.step_ms).saturating_add(FRESH_MS) > now;
        let is_same = self.told.chart == Some(window);
        if is_same && !(completed && shows_now) {
            return Ok(());
        }
        let is_next = self.told.chart.is_some_and(|told| {
            let moved = window.to_ms - told.to_ms;
            moved > 0 && moved <= 2 * window.step_ms && Window { to_ms: told.to_ms, ..window } == told
        });
        let is_fresh = self.told.latest.is_some_and(|latest| now.saturating_sub(latest) <= FRESH_MS);
        // its last column is completed by a sample that comes at any moment: one chart does for both
        if is_next && is_fresh && !completed && !std::mem::replace(&mut self.told.is_late, true) {
            return Ok(());
        }
        self.told.is_late = false;
        match self.curves.chart(window) {
            Ok(chart) => {
                self.told.chart = Some(window);
                self.send(News::Chart(Box::new(chart)))
            }
            Err(error) => {
                tracing::warn!("can't read the telemetry: {error}");
                Ok(())
            }
        }
    }

    fn follow_anew(&mut self) {
        for (files, following) in &mut self.followed {
            *following = Follow::new(files);
        }
        self.curves = Curves::new(self.followed.iter().map(|(files, _)| files.clone()));
        self.told.chart = None;
    }

    fn send(&self, news: News) -> Result<(), Deaf> {
        self.start.news.blocking_send(Msg::Machine(news)).map_err(|_gone| Deaf)
    }
}

impl Own {
    /// Starts a sampler where none works; says who samples then.
    fn keep_going(&mut self, start: &Start) -> Source {
        if let Some(sampler) = &mut self.sampler {
            let Some(why) = sampler.ended() else { return Source::Own };
            self.failed = Some((format!("the sampler ended: {why}"), Instant::now()));
            self.sampler = None;
        }
        if let Some((why, _)) = self.failed.as_ref().filter(|(_, since)| since.elapsed() < AGAIN) {
            return Source::Nobody(why.clone());
        }
        match self.begin(start) {
            Ok(()) => Source::Own,
            Err(error) => {
                let why = format!("can't start a sampler: {error}");
                self.failed = Some((why.clone(), Instant::now()));
                Source::Nobody(why)
            }
        }
    }

    fn begin(&mut self, start: &Start) -> std::io::Result<()> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => Private::new()?,
        };
        let folder = self.folder.insert(folder);
        self.sampler = Some(Sampler::start(&start.binary, folder.path(), &start.disks)?);
        Ok(())
    }

    fn end_sampler(&mut self) {
        self.failed = None;
        if let Some(sampler) = self.sampler.take() {
            sampler.end();
        }
    }

    /// What it wrote goes as well, once it writes no more.
    fn end(&mut self) {
        self.end_sampler();
        self.folder = None;
    }
}

fn follow(files: Files) -> (Files, Follow) {
    let follow = Follow::new(&files);
    (files, follow)
}
