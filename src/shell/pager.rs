//! A thread of its own for trajectories that are too large to be kept: it reads the window of steps that is wished for. Like
//! the log's it is told the whole wish each time, so that the newest one wins. Counting the steps is another thread's work, and so
//! is going over all of them.

mod walk;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::places::Places;
use super::trail::{file_of, turn};
use crate::agent::paged::{Edge, Grown, Index, LARGE, Paged};
use crate::detect::kind::Kinds;
use crate::domain::{AgentTotals, AttemptId, Step};
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::ui::Msg;
use crate::ui::message::{Look, Part, TrailNews, Turn};
use crate::ui::pages::{At, Extent, Pages, Wish};
use crate::ui::step::Shown;
use walk::{Steps, Walk};

/// Steps before the one that is wished for, and all steps of a window.
const BEFORE: usize = 200;
const MOST: usize = 400;

/// Bytes of a window: steps may be large.
const BYTES: u64 = 4 << 20;

/// Bytes of the beginning or the end that are shown at once.
const EDGE: u64 = 512 << 10;

/// The last steps of a file that grew may have become others by it: answers belong to them.
const UNSETTLED: usize = 64;

/// How often it is told how far counting is, and how often a file is asked whether it grew.
const PROGRESS: Duration = Duration::from_millis(200);
const GROWN: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(5);

/// The loop's end of the thread.
#[derive(Debug)]
pub struct Pager {
    wanted: watch::Sender<Wanted>,
    hint: SyncSender<()>,
}

/// What is to be read.
#[derive(Debug, Clone, Default)]
struct Wanted {
    look: Look,
    /// How often it was told: one that came and went unseen may have made the state forget what it was told.
    looks: u64,
    wish: Option<Wish>,
}

/// Nobody listens any more.
struct Deaf;

/// The thread's end.
struct Work {
    places: Places,
    masker: Masker,
    news: mpsc::Sender<Msg>,
    hint: SyncSender<()>,
    held: Vec<Held>,
    looks: u64,
    trouble: Option<String>,
}

/// One trajectory.
struct Held {
    attempt: AttemptId,
    path: PathBuf,
    /// `None`: it is not so large, and somebody else reads it.
    paged: Option<Arc<Paged>>,
    index: Option<Arc<Index>>,
    counting: Option<Counting>,
    /// The file that is being counted, where there is more of it than of the one that is shown.
    growing: Option<Arc<Paged>>,
    /// Who finds out what the steps are, from which one on, and what he knows of those before.
    marking: Option<Walk>,
    marked: usize,
    kinds: Arc<Mutex<Kinds>>,
    /// Who searches them.
    searching: Option<(Pattern, Walk)>,
    /// What was searched for in the file before it grew, and the steps of which that stands.
    searched: Option<(Pattern, usize)>,
    /// The search of which was told that it is over, as the file can't be read.
    unsearched: Option<Pattern>,
    /// The wish that was answered last.
    answered: Option<u64>,
    /// Who is to move, once the end was read.
    turn: Option<Turn>,
}

/// The thread that counts.
struct Counting {
    done: Receiver<io::Result<Option<Arc<Index>>>>,
    is_wanted: Arc<AtomicBool>,
    told: u8,
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}

impl Pager {
    /// Starts the thread. It ends with the receiver of its news.
    pub fn start(places: Places, masker: Masker, news: mpsc::Sender<Msg>) -> io::Result<Self> {
        let (hint, hints) = sync_channel(1);
        let (wanted, seen) = watch::channel(Wanted::default());
        let work = Work { places, masker, news, hint: hint.clone(), held: Vec::new(), looks: 0, trouble: None };
        thread::Builder::new().name("pager".to_owned()).spawn(move || work.run(&hints, seen))?;
        Ok(Self { wanted, hint })
    }

    /// These trajectories are looked at from now on.
    pub fn look(&self, look: Look) {
        self.wanted.send_modify(|wanted| (wanted.look, wanted.looks) = (look, wanted.looks + 1));
        let _ = self.hint.try_send(());
    }

    /// This window is read.
    pub fn page(&self, wish: Wish) {
        self.wanted.send_modify(|wanted| wanted.wish = Some(wish));
        // a full channel means that the thread is about to look anyway
        let _ = self.hint.try_send(());
    }
}

impl Work {
    fn run(mut self, hints: &Receiver<()>, mut wanted: watch::Receiver<Wanted>) {
        loop {
            if hints.recv_timeout(self.patience()) == Err(RecvTimeoutError::Disconnected) || wanted.has_changed().is_err() {
                return;
            }
            let now = wanted.borrow_and_update().clone();
            if self.look(&now).is_err() {
                return;
            }
        }
    }

    fn patience(&self) -> Duration {
        if self.held.iter().any(|held| held.counting.is_some()) {
            PROGRESS
        } else if self.held.iter().any(|held| held.paged.is_some()) {
            GROWN
        } else {
            IDLE
        }
    }

    fn look(&mut self, wanted: &Wanted) -> Result<(), Deaf> {
        let is_new = std::mem::replace(&mut self.looks, wanted.looks) != wanted.looks;
        let focus = wanted.look.focus.clone().unwrap_or_default();
        let searched = focus.trail.clone();
        let attempts: Vec<AttemptId> = focus.trail.into_iter().chain(focus.live).collect();
        self.held.retain(|held| attempts.contains(&held.attempt));
        let mut trouble = None;
        for attempt in attempts {
            let known = self.held.iter().position(|held| held.attempt == attempt);
            let mut held = match known {
                Some(at) => Ok(self.held.swap_remove(at)),
                None => Held::of(attempt, &self.places),
            };
            if let Ok(held) = &mut held
                && held.paged.is_some()
            {
                // the screen may have forgotten what it was told
                if is_new {
                    (held.searching, held.searched, held.unsearched) = (None, None, None);
                }
                if is_new && !wanted.look.held.contains(&held.attempt) {
                    (held.answered, held.marking, held.marked) = (None, None, 0);
                }
                let find = wanted.look.find.as_ref().filter(|_| searched.as_ref() == Some(&held.attempt));
                let wish = wanted.wish.as_ref().filter(|wish| wish.attempt == held.attempt);
                match held.look(wish, &self.masker, &self.hint) {
                    Ok(news) => {
                        for msg in news {
                            self.news.blocking_send(msg).ok().ok_or(Deaf)?;
                        }
                        if let Err(error) = held.walk(find, &self.masker, &self.news) {
                            trouble = Some(format!("can't start a thread: {error}"));
                        }
                    }
                    Err(error) => {
                        let why = walk::why(&error);
                        trouble = Some(format!("can't read {}: {why}", held.path.display()));
                        if let Some(msg) = held.unsearched(find, why) {
                            self.news.blocking_send(msg).ok().ok_or(Deaf)?;
                        }
                    }
                }
            }
            match held {
                Ok(held) => self.held.push(held),
                Err((path, error)) => trouble = Some(format!("can't read {}: {error}", path.display())),
            }
        }
        if trouble != self.trouble {
            self.trouble.clone_from(&trouble);
            self.news.blocking_send(Msg::Trouble(Part::Pages, trouble)).ok().ok_or(Deaf)?;
        }
        Ok(())
    }
}

impl Held {
    fn of(attempt: AttemptId, places: &Places) -> Result<Self, (PathBuf, io::Error)> {
        let path = file_of(&attempt, places);
        let paged = match &path {
            Some(path) => match places.paged(path) {
                Ok(paged) => paged,
                Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::Other => None,
                Err(error) => return Err((path.clone(), error)),
            },
            None => None,
        };
        let path = path.unwrap_or_default();
        let kinds = Arc::default();
        Ok(Self {
            attempt,
            path,
            paged,
            index: None,
            counting: None,
            growing: None,
            marking: None,
            marked: 0,
            kinds,
            searching: None,
            searched: None,
            unsearched: None,
            answered: None,
            turn: None,
        })
    }

    /// What there is to say after another look.
    fn look(&mut self, wish: Option<&Wish>, masker: &Masker, hint: &SyncSender<()>) -> io::Result<Vec<Msg>> {
        let mut news = Vec::from_iter(self.grown(hint)?);
        let Some(mut paged) = self.paged.clone() else { return Ok(news) };
        if self.index.is_none() && self.counting.is_none() {
            // what can be seen at once comes first
            news.extend(self.answer(&paged, wish, masker)?);
            self.counting = Some(count(&paged, hint)?);
            return Ok(news);
        }
        let mut is_counted = false;
        if let Some(done) = self.counting.as_ref().and_then(|counting| counting.done.try_recv().ok()) {
            self.counting = None;
            if let Some(index) = done? {
                self.counted(&index);
                paged = self.paged.clone().unwrap_or(paged);
                is_counted = true;
            }
        }
        if let Some(counting) = self.counting.as_mut().filter(|_| self.index.is_none()) {
            let looked = paged.looked();
            if looked != counting.told {
                counting.told = looked;
                news.push(Msg::Counted(self.attempt.clone(), looked));
            }
        }
        if is_counted || self.answered != Some(wish.map_or(0, |wish| wish.serial)) {
            news.extend(self.answer(&paged, wish, masker)?);
        }
        Ok(news)
    }

    /// The steps were counted, perhaps of a file that grew meanwhile: who goes over them goes on from where they are the same.
    fn counted(&mut self, index: &Arc<Index>) {
        if let Some(known) = self.index.replace(Arc::clone(index)) {
            let settled = known.len().saturating_sub(UNSETTLED);
            let shared = known.shared(index).min(settled);
            self.marked = self.marking.take().map_or(self.marked, |walk| walk.upto()).min(shared);
            if shared < settled {
                // an earlier branch was taken up again: what came before a step is something else now
                (self.marked, self.kinds) = (0, Arc::default());
            }
            self.searched = self.searching.take().map(|(pattern, walk)| (pattern, walk.upto().min(shared)));
        }
        if let Some(grown) = self.growing.take() {
            (self.paged, self.turn) = (Some(grown), None);
        }
    }

    /// Another file may be there now, or more of it. Of another one only the steps are read anew: what else is told was read when the
    /// old one was opened, and that is to be said.
    fn grown(&mut self, hint: &SyncSender<()>) -> io::Result<Option<Msg>> {
        let Some(paged) = &self.paged else { return Ok(None) };
        let Ok(there) = std::fs::metadata(&self.path) else { return Ok(None) };
        let is_same = there.len() == paged.len() && there.modified().is_ok_and(|changed| changed == paged.changed());
        if self.counting.is_some() || self.index.is_none() || is_same {
            return Ok(None);
        }
        match paged.grown(&self.path, LARGE)? {
            Grown::On(grown) => {
                let grown = Arc::from(grown);
                self.counting = Some(count(&grown, hint)?);
                self.growing = Some(grown);
            }
            Grown::Anew(Some(paged)) => {
                (self.paged, self.index, self.turn) = (Some(Arc::from(paged)), None, None);
                (self.marking, self.marked, self.kinds) = (None, 0, Arc::default());
                (self.searching, self.searched) = (None, None);
                return Ok(Some(Msg::Trouble(Part::Replaced, Some(replaced(&self.path)))));
            }
            // where its steps lay there is nothing to read any more
            Grown::Anew(None) if there.len() < paged.len() => {
                return Err(io::Error::other("it was cut short while it was shown: open it again"));
            }
            Grown::Not | Grown::Anew(None) => {}
        }
        Ok(None)
    }

    /// That a search is over, as nothing can be read any more; once.
    fn unsearched(&mut self, find: Option<&Pattern>, why: String) -> Option<Msg> {
        (self.searching, self.searched) = (None, None);
        let find = find.filter(|find| self.unsearched.as_ref() != Some(*find))?;
        self.unsearched = Some(find.clone());
        Some(Msg::Unsearched(self.attempt.clone(), find.clone(), why))
    }

    /// Has all steps gone over: for what they are, and for what is searched for.
    fn walk(&mut self, find: Option<&Pattern>, masker: &Masker, news: &mpsc::Sender<Msg>) -> io::Result<()> {
        let (Some(paged), Some(index)) = (&self.paged, &self.index) else { return Ok(()) };
        let steps = Steps { attempt: self.attempt.clone(), paged: Arc::clone(paged), index: Arc::clone(index) };
        if self.searching.as_ref().map(|(pattern, _)| pattern) != find {
            // the one before ends here
            self.searching = None;
            if let Some(pattern) = find {
                self.unsearched = None;
                let from = self.searched.take().filter(|(known, _)| known == pattern).map_or(0, |(_, from)| from);
                let walk = walk::search(steps.clone(), from, pattern.clone(), masker.clone(), news.clone())?;
                self.searching = Some((pattern.clone(), walk));
            }
        }
        if self.marking.is_none() {
            self.marking = Some(walk::mark(steps, self.marked, &self.kinds, news.clone())?);
        }
        Ok(())
    }

    /// The window that is wished for; `None` where the steps must be counted first.
    fn answer(&mut self, paged: &Paged, wish: Option<&Wish>, masker: &Masker) -> io::Result<Option<Msg>> {
        let (serial, at) = wish.map_or((0, At::Begin), |wish| (wish.serial, wish.at));
        let (steps, pages) = match (&self.index, at) {
            (Some(index), at) => {
                let last = index.len().saturating_sub(1);
                let (middle, before) = match at {
                    At::Begin => (0, 0),
                    At::End => (last, MOST),
                    At::Around(step) | At::Step(step) => (step, BEFORE),
                };
                let range = index.around(middle, before, MOST, BYTES);
                let is_end = range.end == index.len();
                let pages = Pages { before: Some(range.start), all: Extent::Steps(index.len()), is_end, serial };
                (paged.read(index, range)?, pages)
            }
            (None, At::Begin) => {
                let pages = Pages { before: Some(0), all: Extent::Counting(paged.looked()), is_end: false, serial };
                (paged.beginning(EDGE)?.steps, pages)
            }
            (None, At::End) => {
                let edge = paged.end(EDGE)?;
                self.take_end(&edge, masker);
                let mut steps = edge.steps;
                for step in &mut steps {
                    step.index = 0;
                }
                (steps, Pages { before: None, all: Extent::Counting(paged.looked()), is_end: true, serial })
            }
            (None, At::Around(_) | At::Step(_)) => return Ok(None),
        };
        self.answered = Some(serial);
        if self.turn.is_none() {
            let edge = paged.end(EDGE)?;
            self.take_end(&edge, masker);
        }
        Ok(Some(self.news(paged, &steps, pages, masker)))
    }

    fn take_end(&mut self, edge: &Edge, masker: &Masker) {
        self.turn = edge.state.as_ref().map(|state| turn(state, masker));
    }

    fn news(&self, paged: &Paged, steps: &[Step], pages: Pages, masker: &Masker) -> Msg {
        let mut kinds = Kinds::default();
        let all = match pages.all {
            Extent::Steps(all) => u32::try_from(all).ok(),
            Extent::Counting(_) => None,
        };
        Msg::Trail(TrailNews {
            attempt: self.attempt.clone(),
            from: 0,
            steps: steps.iter().map(|step| Shown::of(step, &mut kinds, masker)).collect(),
            turn: self.turn.clone().unwrap_or(Turn::Model),
            max_steps: None,
            last_at: Timestamp::try_from(paged.changed()).ok(),
            totals: AgentTotals { steps: all, ..AgentTotals::default() },
            pages: Some(pages),
        })
    }
}

/// That the text of a file is another one now.
fn replaced(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).display();
    format!(
        "{name} is another file now than the one that was opened: the steps are of the new one, all else is still of the old one: open it again"
    )
}

/// Counts the steps on a thread, which says when it is done.
fn count(paged: &Arc<Paged>, hint: &SyncSender<()>) -> io::Result<Counting> {
    let (paged, hint, is_wanted) = (Arc::clone(paged), hint.clone(), Arc::new(AtomicBool::new(true)));
    let wanted = Arc::clone(&is_wanted);
    let (sender, done) = sync_channel(1);
    thread::Builder::new().name("count".to_owned()).spawn(move || {
        let _ = sender.send(paged.indexed(|| wanted.load(Ordering::Relaxed)));
        let _ = hint.try_send(());
    })?;
    Ok(Counting { done, is_wanted, told: 0 })
}
