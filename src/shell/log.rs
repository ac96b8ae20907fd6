//! A thread of its own for the log screen: what else is read never delays it. It is told the whole wish each time, so that
//! the newest one wins; a search goes on in slices between two looks at the wish.

mod count;
mod followed;
mod indent;
mod search;
pub(super) mod shown;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use self::count::Counting;
use self::followed::Followed;
use self::search::Search;
use super::places::Places;
use crate::domain::Stage;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::Msg;
use crate::ui::log::{Found, News, Source, Wish, Written};

/// How often a file that is shown is looked at: twelve times a second.
const LOOK: Duration = Duration::from_millis(83);

/// How often all files are asked for their sizes.
const SIZES: Duration = Duration::from_millis(700);

/// While no log is shown there is nothing to do but to see whether the screen is still there.
const IDLE: Duration = Duration::from_secs(5);

/// How often a search says how far it is.
const PROGRESS: Duration = Duration::from_millis(250);

/// The loop's end of the thread.
#[derive(Debug)]
pub struct LogReader {
    wish: watch::Sender<Option<Wish>>,
    hint: SyncSender<()>,
}

/// What the thread does: files in, news out.
#[derive(Debug)]
pub struct Engine {
    places: Places,
    masker: Masker,
    file: Option<Followed>,
    written: Vec<Written>,
    asked_sizes: Option<Instant>,
    /// The search under way.
    search: Option<Search>,
    /// The number of the search that was begun last, ended or not.
    begun: u64,
    told: Instant,
    /// The counting that is wished for.
    counting: Option<Counting>,
    wants_sizes: bool,
}

/// Nobody listens any more.
struct Deaf;

impl LogReader {
    /// Starts the thread. It ends with the receiver of its news.
    pub fn start(places: Places, masker: Masker, news: mpsc::Sender<Msg>) -> std::io::Result<Self> {
        let (hint, hints) = sync_channel(1);
        let (wish, mut wished) = watch::channel(None);
        let mut engine = Engine::new(places, masker);
        thread::Builder::new().name("log".to_owned()).spawn(move || while listen(&mut engine, &mut wished, &hints, &news).is_ok() {})?;
        Ok(Self { wish, hint })
    }

    /// Reads this from now on.
    pub fn read(&self, wish: Option<Wish>) {
        self.wish.send_replace(wish);
        // a full channel means that the thread is about to look anyway
        let _ = self.hint.try_send(());
    }
}

fn listen(
    engine: &mut Engine,
    wished: &mut watch::Receiver<Option<Wish>>,
    hints: &Receiver<()>,
    news: &mpsc::Sender<Msg>,
) -> Result<(), Deaf> {
    if hints.recv_timeout(engine.patience()) == Err(RecvTimeoutError::Disconnected) || wished.has_changed().is_err() {
        return Err(Deaf);
    }
    let wish = wished.borrow_and_update().clone();
    for told in engine.look(wish.as_ref()) {
        news.blocking_send(Msg::Log(told)).ok().ok_or(Deaf)?;
    }
    Ok(())
}

impl Engine {
    /// For the files of a run.
    pub fn new(places: Places, masker: Masker) -> Self {
        let told = Instant::now();
        Self {
            places,
            masker,
            file: None,
            written: Vec::new(),
            asked_sizes: None,
            search: None,
            begun: 0,
            told,
            counting: None,
            wants_sizes: false,
        }
    }

    /// How long to wait before the next look.
    fn patience(&self) -> Duration {
        match (&self.search, &self.file) {
            (Some(_), _) => Duration::ZERO,
            _ if self.counting.as_ref().is_some_and(|counting| !counting.is_done()) => Duration::ZERO,
            (None, Some(_)) => LOOK,
            (None, None) if self.wants_sizes => SIZES,
            (None, None) => IDLE,
        }
    }

    /// Looks at the files, and searches on for a few milliseconds.
    pub fn look(&mut self, wish: Option<&Wish>) -> Vec<News> {
        self.wants_sizes = wish.is_some();
        let Some(wish) = wish else {
            (self.file, self.search, self.asked_sizes, self.counting) = (None, None, None, None);
            return Vec::new();
        };
        let mut news: Vec<News> = self.ask_sizes(&wish.sources).into_iter().collect();
        if self.file.as_ref().map(Followed::source) != wish.source.as_ref() {
            self.file = None;
            self.search = None;
        }
        if let Some(source) = &wish.source {
            let places = &self.places;
            let file = self.file.get_or_insert_with(|| Followed::new(source.clone(), path(places, source)));
            news.extend(file.look(wish, &self.masker));
        }
        news.extend(self.hunt(wish));
        news.extend(self.count(wish));
        news
    }

    /// A slice of the counting that is wished for.
    fn count(&mut self, wish: &Wish) -> Option<News> {
        let Some((pattern, sources)) = &wish.count else {
            self.counting = None;
            return None;
        };
        if !self.counting.as_ref().is_some_and(|counting| counting.is_of(pattern, sources)) {
            self.counting = Some(Counting::new(pattern.clone(), sources));
        }
        let (counting, places) = (self.counting.as_mut()?, &self.places);
        counting.go_on(|source| path(places, source), &self.masker).map(|counts| News::Counted(pattern.clone(), counts))
    }

    /// A slice of the search that is wished for.
    fn hunt(&mut self, wish: &Wish) -> Option<News> {
        let Some(hunt) = &wish.hunt else {
            self.search = None;
            return None;
        };
        if self.begun != hunt.number {
            self.begun = hunt.number;
            self.search = Some(Search::new(hunt.clone()));
        }
        let (search, file) = (self.search.as_mut()?, self.file.as_ref()?);
        let found = match file.read(|pages| search.go_on(pages, &self.masker)) {
            None => Found::Nowhere,
            Some(Ok(found)) => found,
            Some(Err(error)) => Found::Broken(error.to_string()),
        };
        let goes_on = matches!(found, Found::NotYet(_));
        if goes_on && self.told.elapsed() < PROGRESS {
            return None;
        }
        if !goes_on {
            self.search = None;
        }
        self.told = Instant::now();
        Some(News::Hunt(hunt.number, found))
    }

    fn ask_sizes(&mut self, sources: &[Source]) -> Option<News> {
        let known = self.written.iter().map(|written| &written.source).eq(sources);
        if known && self.asked_sizes.is_some_and(|at| at.elapsed() < SIZES) {
            return None;
        }
        let first = self.asked_sizes.is_none();
        self.asked_sizes = Some(Instant::now());
        let written: Vec<Written> = sources.iter().map(|source| written(&self.places, source)).collect();
        if written == self.written && !first {
            return None;
        }
        self.written.clone_from(&written);
        Some(News::Written(written))
    }
}

/// Where a log lies.
pub(super) fn path(places: &Places, source: &Source) -> PathBuf {
    match source {
        Source::Runner => places.runner_log().unwrap_or_default(),
        Source::Patch(attempt) => places.patch(attempt),
        Source::Kept(attempt, kept) => places.item_folder(attempt).join(kept.file()),
        Source::Stage { attempt, stage, round, stream } => places.stream(attempt, *stage, *round, *stream),
    }
}

fn written(places: &Places, source: &Source) -> Written {
    // of a link its target is not told
    let path = path(places, source);
    let there = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file);
    let bytes = there.as_ref().map_or(0, std::fs::Metadata::len);
    let changed = there.as_ref().and_then(|there| Timestamp::try_from(there.modified().ok()?).ok());
    // the harness names what an agent printed after the agent
    let is_named = matches!(source, Source::Stage { attempt, stage: Stage::Agent, .. } if places.other(&attempt.item).is_some());
    let name = path.file_name().filter(|_| is_named && there.is_some()).map(|name| clean::line(&name.to_string_lossy()));
    Written { source: source.clone(), bytes, changed, name }
}
