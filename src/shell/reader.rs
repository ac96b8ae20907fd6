//! A thread that reads what may be large: trajectories and outputs. The loop never waits for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::statvfs;
use tokio::sync::{mpsc, watch};

use super::places::Places;
use super::seek::Seek;
use super::trail::TrailFile;
use super::window::Window;
use crate::artifact::item::TRAJECTORY;
use crate::domain::{AttemptId, Stage};
use crate::host::files::LARGEST;
use crate::host::watch::{Changed, Heed, Watch};
use crate::text::bytes;
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::ui::message::{Look, OutputNews, Part};
use crate::ui::{Focus, Msg};

/// Without a hint everything is looked at this often.
const BACKSTOP: Duration = Duration::from_secs(1);

/// News are gathered for this long, so that a chatty stage costs little.
const GATHER: Duration = Duration::from_millis(80);

/// How long hints of a busy file are not heard meanwhile.
const BUSY: Duration = Duration::from_millis(5);

/// How often the free space is asked for.
const SPACE: Duration = Duration::from_secs(5);

/// The loop's end of the thread.
#[derive(Debug)]
pub struct Reader {
    look: watch::Sender<Look>,
    hint: SyncSender<()>,
}

/// The thread's end.
struct Work {
    places: Places,
    masker: Masker,
    look: watch::Receiver<Look>,
    hints: Receiver<()>,
    news: mpsc::Sender<Msg>,
    watch: Watch,
    trails: Vec<TrailFile>,
    window: Option<((AttemptId, Stage), Window)>,
    wrote: Vec<(AttemptId, Stage)>,
    seek: Option<Seek>,
    free: Option<u64>,
    /// What was told to work no more.
    troubles: BTreeMap<Part, String>,
    asked_space: Option<Instant>,
}

/// Nobody listens any more.
struct Deaf;

/// Why an agent's steps are not read though it wrote some: its file is too large to be read whole.
fn too_large(item_folder: &Path) -> Option<String> {
    let path = item_folder.join(TRAJECTORY);
    let len = path.symlink_metadata().ok()?.len();
    let says = || format!("{} is {}: more than {} is not read, so its steps are not shown", path.display(), bytes(len), bytes(LARGEST));
    (len > LARGEST).then(says)
}

impl Reader {
    /// Starts the thread. It ends with the receiver of its news.
    pub fn start(places: Places, masker: Masker, news: mpsc::Sender<Msg>, ledger: mpsc::Sender<()>) -> std::io::Result<Self> {
        let (hint, hints) = sync_channel(1);
        let (look, looks) = watch::channel(Look::default());
        let events = places.events();
        let ourselves = hint.clone();
        let mut watch = Watch::new(Heed::Writes, move |changed| {
            let (facts, others) = match changed {
                Changed::Paths(paths) => {
                    let is_events = |path: &std::path::PathBuf| events.as_ref() == Some(path);
                    (paths.iter().any(is_events), paths.iter().any(|path| !is_events(path)))
                }
                Changed::Anything => (true, true),
            };
            // a full channel means that somebody is about to look anyway
            let _ = facts.then(|| ledger.try_send(()));
            let _ = others.then(|| ourselves.try_send(()));
        });
        watch.always(places.base());
        let (trails, window, wrote, seek) = (Vec::new(), None, Vec::new(), None);
        let (free, troubles, asked_space) = (None, BTreeMap::new(), None);
        let work = Work { places, masker, look: looks, hints, news, watch, trails, window, wrote, seek, free, troubles, asked_space };
        thread::Builder::new().name("reader".to_owned()).spawn(move || work.run())?;
        Ok(Self { look, hint })
    }

    /// Reads these files from now on.
    pub fn look(&self, look: Look) {
        self.look.send_replace(look);
        let _ = self.hint.try_send(());
    }
}

impl Work {
    fn run(mut self) {
        let mut is_hinted = false;
        loop {
            if !is_hinted && self.hints.recv_timeout(BACKSTOP) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            // the other end of the focus is gone when the screen is
            if self.look.has_changed().is_err() || self.look().is_err() {
                return;
            }
            is_hinted = self.gather();
        }
    }

    /// Lets news of files gather, but nobody wait who looks at another file by now. Returns whether there were hints.
    fn gather(&self) -> bool {
        let until = Instant::now() + GATHER;
        let mut is_hinted = false;
        loop {
            if self.look.has_changed().unwrap_or(true) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.hints.recv_timeout(left).is_err() {
                return is_hinted;
            }
            is_hinted = true;
            // what a file has to say is heard when the time is over
            if !self.look.has_changed().unwrap_or(true) {
                thread::sleep(BUSY.min(until.saturating_duration_since(Instant::now())));
            }
        }
    }

    fn look(&mut self) -> Result<(), Deaf> {
        let (is_new, Look { focus, find, held }) = {
            let look = self.look.borrow_and_update();
            (look.has_changed(), look.clone())
        };
        let Focus { trail, live, output, stages } = focus.unwrap_or_default();
        self.seek_for(trail.as_ref(), find.as_ref());
        let mut wanted: Vec<AttemptId> = trail.into_iter().chain(live).collect();
        wanted.dedup();
        self.look_who_wrote(&stages)?;
        self.watch.instead(&self.places.folders(&wanted, output.as_ref()));
        // a wish that came and went unseen may have made the state forget what it was told
        self.trails.retain(|known| wanted.contains(known.attempt()) && (!is_new || held.contains(known.attempt())));
        for attempt in wanted {
            if !self.trails.iter().any(|known| *known.attempt() == attempt) {
                self.trails.push(TrailFile::of(attempt, &self.places));
            }
        }
        if self.window.as_ref().map(|(of, _)| of) != output.as_ref() {
            self.window = output.map(|(attempt, stage)| {
                let window = Window::new(self.places.streams(&attempt, stage));
                ((attempt, stage), window)
            });
            self.send_window()?;
        }
        self.read_trails()?;
        self.seek_on()?;
        self.read_window()?;
        self.ask_space()
    }

    /// What is searched for from now on.
    fn seek_for(&mut self, trail: Option<&AttemptId>, find: Option<&Pattern>) {
        let wanted = trail.zip(find);
        if !wanted.zip(self.seek.as_ref()).is_some_and(|((trail, find), seek)| seek.is_of(trail, find)) {
            self.seek = wanted.map(|(trail, find)| Seek::new(trail.clone(), find.clone()));
        }
    }

    /// Searches the steps, until somebody wants something else.
    fn seek_on(&mut self) -> Result<(), Deaf> {
        let Some(seek) = &mut self.seek else { return Ok(()) };
        let trail = self.trails.iter().find(|trail| trail.attempt() == seek.attempt());
        if trail.is_some_and(TrailFile::is_large) {
            // who reads its pages searches them
            return Ok(());
        }
        let steps = trail.map_or(&[][..], TrailFile::steps);
        loop {
            if let Some(news) = seek.go_on(steps, &self.masker) {
                self.news.blocking_send(Msg::Sought(news)).ok().ok_or(Deaf)?;
            }
            if seek.is_done(steps) || self.look.has_changed().unwrap_or(true) {
                return Ok(());
            }
        }
    }

    fn look_who_wrote(&mut self, stages: &[(AttemptId, Stage)]) -> Result<(), Deaf> {
        let wrote: Vec<_> = stages.iter().filter(|(attempt, stage)| self.places.has_output(attempt, *stage)).cloned().collect();
        if wrote == self.wrote {
            return Ok(());
        }
        self.wrote.clone_from(&wrote);
        self.send(Msg::Wrote(wrote))
    }

    fn read_trails(&mut self) -> Result<(), Deaf> {
        let mut trouble = None;
        for trail in &mut self.trails {
            let path = self.places.item_folder(trail.attempt());
            match trail.read_on(&path, &self.masker) {
                Ok(Some(news)) => {
                    if let Some(seek) = self.seek.as_mut().filter(|seek| *seek.attempt() == news.attempt) {
                        seek.rewind(news.from);
                    }
                    self.news.blocking_send(Msg::Trail(news)).ok().ok_or(Deaf)?;
                }
                Ok(None) => trouble = trouble.or_else(|| too_large(&path)),
                Err(error) => trouble = trouble.or_else(|| Some(format!("can't read {}: {error}", path.display()))),
            }
        }
        self.tell(Part::Steps, trouble)
    }

    /// Says that a part works no more, or again.
    fn tell(&mut self, part: Part, trouble: Option<String>) -> Result<(), Deaf> {
        if self.troubles.get(&part) == trouble.as_ref() {
            return Ok(());
        }
        match &trouble {
            Some(says) => self.troubles.insert(part, says.clone()),
            None => self.troubles.remove(&part),
        };
        self.send(Msg::Trouble(part, trouble))
    }

    fn read_window(&mut self) -> Result<(), Deaf> {
        let Some(((attempt, stage), window)) = &mut self.window else { return self.tell(Part::Output, None) };
        let read = window.read_on(&self.masker);
        let is_new = window.take_news();
        let trouble = read.err().map(|error| format!("can't read the output of {attempt} {stage}: {error}"));
        self.tell(Part::Output, trouble)?;
        if is_new { self.send_window() } else { Ok(()) }
    }

    fn send_window(&self) -> Result<(), Deaf> {
        let Some(((attempt, stage), window)) = &self.window else { return Ok(()) };
        let lines = window.lines(&self.masker);
        self.send(Msg::Output(OutputNews { attempt: attempt.clone(), stage: *stage, lines, before: window.before() }))
    }

    fn ask_space(&mut self) -> Result<(), Deaf> {
        if self.asked_space.is_some_and(|at| at.elapsed() < SPACE) {
            return Ok(());
        }
        self.asked_space = Some(Instant::now());
        let Ok(disk) = statvfs(self.places.base()) else { return Ok(()) };
        // in steps of 100 MB, so that a busy disk does not redraw the screen
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) / 100_000_000 * 100_000_000;
        if self.free == Some(free) {
            return Ok(());
        }
        self.free = Some(free);
        self.send(Msg::Space(free))
    }

    fn send(&self, msg: Msg) -> Result<(), Deaf> {
        self.news.blocking_send(msg).ok().ok_or(Deaf)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn steps_that_are_too_large_to_read_are_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(too_large(folder.path()), None);
        let file = std::fs::File::create(folder.path().join(TRAJECTORY)).unwrap();
        file.set_len(LARGEST).unwrap();
        assert_eq!(too_large(folder.path()), None);
        file.set_len(LARGEST + 1).unwrap();
        assert!(too_large(folder.path()).unwrap().contains("more than 67.1 MB is not read"));
    }
}
