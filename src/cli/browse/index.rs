//! Those who read for the browser: one lists and hands out work, two read, one looks closer at what is selected. None of them
//! waits for the screen longer than it takes to give it what they have.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;

use super::closer;
use super::rows::{self, Maker};
use crate::agent::open::Opened;
use crate::cli::report::{as_they_stand, clone};
use crate::cli::trajectory::{self, Folder, Refused};
use crate::import::{Import, ItemRead, Scratch, Survey};
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::browse::{Judged, News, Place, Progress, Row, Told, Wish};

/// Wishes, and pieces of work that were done, that may wait.
const WAITING: usize = 256;

/// Messages that may wait: while an item is looked at nobody takes any, and the reading goes on for half an hour all the same.
const NEWS: usize = 32 * 1024;

/// Threads that read: a benchmark may run beside them.
const READERS: usize = 2;

/// How nice they are to everybody else.
const NICE: i32 = 10;

/// How often the screen is told what was read meanwhile.
const EVERY: Duration = Duration::from_millis(100);

/// How often the folders are looked at, once everything was read.
const LOOK: Duration = Duration::from_secs(3);

/// Trajectories that are larger are not judged: they would not fit into the memory that we allow ourselves. In bytes.
const LARGEST: u64 = 256 << 20;

/// Problems that are told.
const PROBLEMS: usize = 50;

/// What the one that hands out work hears.
enum Heard {
    /// A reader did its work.
    Done(usize, Work, Done),
    /// The screen wants something.
    Wish(Wish),
    /// Nobody looks any more.
    Gone,
}

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Read an item.
    Item(usize),
    /// Open what may be a trajectory: by its number, and by its place in the list of loose ones.
    Loose(usize, usize),
    /// Ask the detectors about an item.
    Judge(usize),
}

/// What came of it.
enum Done {
    Item(Option<Box<(ItemRead, Row)>>),
    Rows(Vec<Row>),
    Level(Judged),
    /// A defect of ours, or nothing.
    Nothing,
}

/// Why a round ended.
enum Over {
    /// The screen is gone.
    Gone,
    /// Everything is to be looked at again.
    Again,
}

/// Starts the threads. They end when the screen does.
pub(super) fn start(folder: &Path, masker: Masker) -> io::Result<(mpsc::Sender<Wish>, mpsc::Receiver<News>)> {
    let (news, told) = mpsc::channel(NEWS);
    let (wishes_from, mut wishes) = mpsc::channel(WAITING);
    let (heard_from, heard) = sync_channel(WAITING);
    let (looks_from, looks) = sync_channel::<Place>(WAITING);
    let (of_closer, of_masker) = (news.clone(), masker.clone());
    thread::Builder::new().name("closer".to_owned()).spawn(move || closer::look_on(&looks, &of_masker, &of_closer))?;
    let index = Index { maker: Maker { folder: folder.to_owned(), masker }, news, from: heard_from.clone(), heard };
    thread::Builder::new().name("index".to_owned()).spawn(move || index.run())?;
    thread::Builder::new().name("wishes".to_owned()).spawn(move || {
        while let Some(wish) = wishes.blocking_recv() {
            match wish {
                // of many that wait the newest counts: the others are passed over there
                Wish::Preview(place) => drop(looks_from.try_send(place)),
                wish => drop(heard_from.send(Heard::Wish(wish))),
            }
        }
        let _ = heard_from.send(Heard::Gone);
    })?;
    Ok((wishes_from, told))
}

struct Index {
    maker: Maker,
    news: mpsc::Sender<News>,
    from: SyncSender<Heard>,
    heard: Receiver<Heard>,
}

impl Index {
    fn run(self) {
        while let Err(Over::Again) = self.round() {}
    }

    fn tell(&self, msg: News) -> Result<(), Over> {
        self.news.blocking_send(msg).map_err(|_gone| Over::Gone)
    }

    /// From the names to the last detector; then waits for changes.
    fn round(&self) -> Result<(), Over> {
        self.tell(News::Progress(Progress::Listing))?;
        let folder = &self.maker.folder;
        let paths = [folder.clone()];
        let survey = Survey::of(&paths, clone(&paths).as_deref());
        let seen = Seen::of(folder, &survey);
        self.tell(News::Listed(self.maker.listed(&survey)))?;
        let ours: Vec<_> = survey.ours().into_iter().flatten().collect();
        let names: HashSet<String> = ours.iter().map(|run| run.name.clone()).collect();
        let ours = self.maker.whole(&as_they_stand(Import { runs: ours, ..Import::default() }), &HashMap::new());
        self.tell(News::Told(Told { rows: ours, ..Told::default() }))?;
        thread::scope(|scope| {
            let mut crew = Crew::start(scope, &survey, &self.maker, &self.from);
            let mut reading = Reading { index: self, survey: &survey, ours: &names, told: Told::default(), at: Instant::now() };
            let (reads, loose) = reading.read(&mut crew)?;
            let import = as_they_stand(survey.finish(reads));
            let tasks: HashMap<PathBuf, usize> =
                (0..survey.items()).filter_map(|at| Some((survey.item(at)?.folder.to_owned(), at))).collect();
            let mut all = self.maker.whole(&import, &tasks);
            all.extend(loose);
            self.tell(News::Problems(self.problems(&import)))?;
            drop(import);
            let work: Vec<usize> = all.iter().filter(|row| row.level == Judged::NotYet).filter_map(|row| row.task).collect();
            self.tell(News::Whole(all))?;
            reading.judge(&mut crew, work)
        })?;
        self.tell(News::Progress(Progress::Done))?;
        self.wait(&seen)
    }

    fn problems(&self, import: &Import) -> Vec<String> {
        let says = |problem: &crate::import::Problem| {
            let path = problem.path.strip_prefix(&self.maker.folder).unwrap_or(&problem.path);
            self.maker.masker.line(&format!("{}: {}", clean::path(path), problem.says))
        };
        import.problems.iter().take(PROBLEMS).map(says).collect()
    }

    /// Until somebody wants another look; says once that the disk has news.
    fn wait(&self, seen: &Seen) -> Result<(), Over> {
        let mut is_told = false;
        loop {
            match self.heard.recv_timeout(LOOK) {
                Ok(Heard::Wish(Wish::Again)) => return Err(Over::Again),
                Ok(Heard::Gone) | Err(RecvTimeoutError::Disconnected) => return Err(Over::Gone),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if !is_told && seen.has_changed() => {
                    is_told = true;
                    self.tell(News::Changed)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// When folders were changed last: of those that were listed, and of those above them.
struct Seen(Vec<(PathBuf, Option<SystemTime>)>);

/// Folders that are looked at.
const MOST_SEEN: usize = 5000;

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

impl Seen {
    fn of(root: &Path, survey: &Survey) -> Self {
        let mut all = BTreeSet::from([root.to_owned()]);
        for folder in survey.folders() {
            let above = folder.ancestors().take_while(|above| above.starts_with(root));
            all.extend(above.map(Path::to_owned));
            if folder.join("events.jsonl").is_file() {
                all.insert(folder.join("events.jsonl"));
            }
        }
        // what an item's folder gets is its journal, as a rule
        all.extend((0..survey.items()).filter_map(|at| Some(survey.item(at)?.folder.to_owned())));
        Self(all.into_iter().take(MOST_SEEN).map(|path| (path.clone(), changed(&path))).collect())
    }

    fn has_changed(&self) -> bool {
        self.0.iter().any(|(path, at)| changed(path) != *at)
    }
}

/// Those who read.
struct Crew {
    /// Where each gets its work.
    work: Vec<SyncSender<Work>>,
    idle: Vec<usize>,
}

impl Crew {
    fn start<'s, 'e>(scope: &'s Scope<'s, 'e>, survey: &'e Survey, maker: &'e Maker, from: &'e SyncSender<Heard>) -> Self {
        let readers = thread::available_parallelism().map_or(1, usize::from).min(READERS);
        let mut work = Vec::new();
        for who in 0..readers {
            let (to, jobs) = sync_channel::<Work>(1);
            work.push(to);
            let from = from.clone();
            scope.spawn(move || {
                // a thread of its own on Linux; where that is not allowed it reads all the same
                let _ = rustix::process::setpriority_process(None, NICE);
                let mut scratch = Scratch::default();
                for job in jobs {
                    let done = catch_unwind(AssertUnwindSafe(|| work_on(job, survey, maker, &mut scratch))).unwrap_or(Done::Nothing);
                    if from.send(Heard::Done(who, job, done)).is_err() {
                        return;
                    }
                }
            });
        }
        Self { idle: (0..readers).collect(), work }
    }

    fn is_at_work(&self) -> bool {
        self.idle.len() < self.work.len()
    }
}

fn work_on(work: Work, survey: &Survey, maker: &Maker, scratch: &mut Scratch) -> Done {
    match work {
        Work::Item(at) => {
            let read = survey.read(at, scratch);
            Done::Item(read.and_then(|read| maker.alone(survey, at, &read).map(|row| Box::new((read, row)))))
        }
        Work::Loose(task, at) => {
            let Some(path) = survey.loose().get(at) else { return Done::Nothing };
            match steps(path, &maker.masker) {
                Ok(runs) => Done::Rows(maker.loose(task, path, &runs)),
                Err(_) => Done::Rows(Vec::new()),
            }
        }
        Work::Judge(at) => {
            let Some(item) = survey.item(at) else { return Done::Nothing };
            Done::Level(steps(item.folder, &maker.masker).map_or(Judged::Never, |runs| Judged::Is(rows::level(&runs))))
        }
    }
}

/// The steps of a trajectory that is not too large.
fn steps(path: &Path, masker: &Masker) -> Result<Vec<Opened>, Refused> {
    let file = match path.is_dir().then(|| Folder::of(path)) {
        Some(Folder::Item(Some(file))) => file,
        _ => path.to_owned(),
    };
    if std::fs::metadata(&file).is_ok_and(|there| there.is_file() && there.len() > LARGEST) {
        return Err(Refused::Unreadable(format!("{}: it is too large to be judged here", clean::path(&file))));
    }
    trajectory::quietly(path, masker).map(|(runs, _)| runs)
}

/// One round of reading.
struct Reading<'a> {
    index: &'a Index,
    survey: &'a Survey,
    /// Runs of ours, whose items are not told twice.
    ours: &'a HashSet<String>,
    told: Told,
    /// When the screen was told last.
    at: Instant,
}

impl Reading<'_> {
    /// Reads every item and every loose trajectory. What was read of items, and the rows of loose ones.
    fn read(&mut self, crew: &mut Crew) -> Result<(Vec<Option<ItemRead>>, Vec<Row>), Over> {
        let items = self.survey.items();
        let loose = self.survey.loose().len();
        let work: Vec<Work> = (0..items).map(Work::Item).chain((0..loose).map(|at| Work::Loose(items + at, at))).collect();
        let mut reads: Vec<Option<ItemRead>> = (0..items).map(|_| None).collect();
        let mut rows = Vec::new();
        self.all(crew, &work, Progress::Reading, |reading, work, done| match (work, done) {
            (Work::Item(at), Done::Item(Some(read))) => {
                let (read, row) = *read;
                if read.ours().is_some_and(|run| reading.ours.contains(run)) {
                    reading.told.gone.push(row.place);
                } else {
                    reading.told.rows.push(row);
                }
                if let Some(place) = reads.get_mut(at) {
                    *place = Some(read);
                }
            }
            (Work::Loose(_, at), Done::Rows(found)) => {
                let path = reading.survey.loose().get(at).cloned().unwrap_or_default();
                let place = Place::Loose { path, instance: None };
                if found.iter().all(|row| row.place != place) {
                    reading.told.gone.push(place);
                }
                reading.told.rows.extend(found.iter().cloned());
                rows.extend(found);
            }
            _ => {}
        })?;
        Ok((reads, rows))
    }

    /// Asks the detectors about these items.
    fn judge(&mut self, crew: &mut Crew, items: Vec<usize>) -> Result<(), Over> {
        let work: Vec<Work> = items.into_iter().map(Work::Judge).collect();
        self.all(crew, &work, Progress::Judging, |reading, work, done| {
            let Work::Judge(at) = work else { return };
            let Some(item) = reading.survey.item(at) else { return };
            let level = if let Done::Level(level) = done { level } else { Judged::Never };
            reading.told.levels.push((Place::Item(item.folder.to_owned()), level));
        })
    }

    /// Has all of it done, what is in sight first.
    fn all(
        &mut self,
        crew: &mut Crew,
        work: &[Work],
        progress: fn(usize, usize) -> Progress,
        mut take: impl FnMut(&mut Self, Work, Done),
    ) -> Result<(), Over> {
        let all = work.len();
        let task = |work: &Work| match work {
            Work::Item(at) | Work::Judge(at) | Work::Loose(at, _) => *at,
        };
        let mut places: HashMap<usize, usize> = work.iter().enumerate().map(|(at, work)| (task(work), at)).collect();
        let (mut next, mut done, mut first): (usize, usize, Vec<usize>) = (0, 0, Vec::new());
        while done < all {
            while let Some(who) = crew.idle.pop() {
                let wanted = std::iter::from_fn(|| first.pop()).find_map(|task| places.remove(&task));
                let in_turn = || {
                    while let Some(work) = work.get(next) {
                        let at = next;
                        next += 1;
                        if places.remove(&task(work)).is_some() {
                            return Some(at);
                        }
                    }
                    None
                };
                let Some(job) = wanted.or_else(in_turn).and_then(|at| work.get(at)) else {
                    crew.idle.push(who);
                    break;
                };
                if let Some(to) = crew.work.get(who) {
                    let _ = to.send(*job);
                }
            }
            match self.index.heard.recv() {
                Ok(Heard::Done(who, work, result)) => {
                    crew.idle.push(who);
                    done += 1;
                    take(self, work, result);
                    if self.at.elapsed() >= EVERY {
                        self.flush(progress(done, all))?;
                    }
                }
                Ok(Heard::Wish(Wish::First(wanted))) => first = wanted.into_iter().rev().collect(),
                Ok(Heard::Wish(Wish::Again)) => return self.stop(crew, Over::Again),
                Ok(Heard::Wish(Wish::Preview(_))) => {}
                Ok(Heard::Gone) | Err(_) => return self.stop(crew, Over::Gone),
            }
        }
        self.flush(progress(done, all))
    }

    /// Lets those who read finish what they have in hand.
    fn stop(&self, crew: &mut Crew, why: Over) -> Result<(), Over> {
        while crew.is_at_work() {
            match self.index.heard.recv() {
                Ok(Heard::Done(who, ..)) => crew.idle.push(who),
                Ok(Heard::Gone) => return Err(Over::Gone),
                Ok(Heard::Wish(_)) => {}
                Err(_) => break,
            }
        }
        Err(why)
    }

    fn flush(&mut self, progress: Progress) -> Result<(), Over> {
        self.at = Instant::now();
        let told = std::mem::take(&mut self.told);
        if told != Told::default() {
            self.index.tell(News::Told(told))?;
        }
        self.index.tell(News::Progress(progress))
    }
}
