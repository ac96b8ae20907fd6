//! Threads that look at the machine: one at disks and at what pulls and prunes write of themselves, one at the Docker engine.
//! An engine that hangs delays only the news of it. A third one follows what samplers write.

mod arm;
mod engine;
mod errand;
mod forecast;
mod progress;
mod telemetry;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use self::arm::Arms;
use self::progress::Progress;
use self::telemetry::Telemetry;
use super::places::Places;
use crate::config::ArmImages;
use crate::docker::prune::Keep;
use crate::host::disk;
use crate::host::watch::{Heed, Watch};
use crate::text::clean;
use crate::ui::Msg;
use crate::ui::bench::Which;

use crate::ui::machine::{Disk, Errand, News, Use, Wish};
pub use arm::figures;

/// How often everything is looked at without a hint.
const LOOK: Duration = Duration::from_secs(1);

/// How often disks are looked at while nobody sees them.
const UNSEEN: Duration = Duration::from_secs(5);

/// Hints are gathered for this long.
const GATHER: Duration = Duration::from_millis(80);

/// What the threads need to know.
#[derive(Debug, Clone)]
pub struct MachineSetup {
    /// A folder on the disk of the runs.
    pub state: PathBuf,
    /// A folder on the disk of the worktrees; `None` where there are none.
    pub work: Option<PathBuf>,
    /// `<root>/state/docker`; `None` outside a checkout.
    pub docker: Option<PathBuf>,
    /// Which images the arms of an item need.
    pub arms: ArmImages,
    /// The images that other live runs of this machine wait for, seen from the checkout of this `state/docker`.
    pub keep: fn(&Path) -> Vec<Keep>,
    /// This program: its sampler looks at the machine where no runner's does.
    pub binary: PathBuf,
}

/// The loop's end of the threads. They end with it.
#[derive(Debug)]
pub struct Looker {
    wish: watch::Sender<Wish>,
    hint: SyncSender<()>,
    setup: MachineSetup,
    news: mpsc::Sender<Msg>,
    telemetry: Telemetry,
}

/// The end of the thread that looks at files.
struct Work {
    setup: MachineSetup,
    places: Places,
    wish: watch::Receiver<Wish>,
    hints: Receiver<()>,
    /// Where the engine keeps its images, once it said so.
    root: watch::Receiver<Option<PathBuf>>,
    news: mpsc::Sender<Msg>,
    watch: Watch,
    progress: Progress,
    arms: Arms,
    disks: Vec<Disk>,
    looked: Option<Instant>,
}

/// Nobody listens any more.
struct Deaf;

impl Looker {
    /// Starts the threads.
    pub fn start(setup: MachineSetup, places: Places, news: mpsc::Sender<Msg>) -> std::io::Result<Self> {
        let (wish, wishes) = watch::channel(Wish::default());
        let (root_from, root) = watch::channel(None);
        let (hint, hints) = sync_channel(1);
        let ourselves = hint.clone();
        // a full channel means that somebody is about to look anyway
        let watch = Watch::new(Heed::Closed, move |_| {
            let _ = ourselves.try_send(());
        });
        engine::start(wishes.clone(), setup.docker.clone(), root_from, news.clone())?;
        let progress = Progress::new(setup.docker.clone());
        let telemetry = Telemetry::start(telemetry::Start {
            run: places.run().cloned(),
            binary: setup.binary.clone(),
            disks: std::iter::once(&setup.state).chain(&setup.work).cloned().collect(),
            wish: wishes.clone(),
            news: news.clone(),
        })?;
        let (setup_of_work, news_of_work) = (setup.clone(), news.clone());
        let (disks, looked) = (Vec::new(), None);
        let work = Work {
            setup: setup_of_work,
            places,
            wish: wishes,
            hints,
            root,
            news: news_of_work,
            watch,
            progress,
            arms: Arms::default(),
            disks,
            looked,
        };
        thread::Builder::new().name("machine".to_owned()).spawn(move || work.run())?;
        Ok(Self { wish, hint, setup, news, telemetry })
    }

    /// Does what the screen wants done.
    pub fn perform(&self, errand: Errand) {
        match errand {
            Errand::Look(wish) => {
                self.wish.send_replace(wish);
                let _ = self.hint.try_send(());
                self.telemetry.look();
            }
            other => {
                let (setup, needed, news) = (self.setup.clone(), self.wish.borrow().needed.clone(), self.news.clone());
                let said = thread::Builder::new().name("prune".to_owned()).spawn(move || errand::perform(other, &setup, &needed, &news));
                if let Err(error) = said {
                    let _ = self.news.try_send(Msg::Failed(format!("can't start a thread: {error}")));
                }
            }
        }
    }
}

impl Work {
    fn run(mut self) {
        loop {
            match self.hints.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(()) => thread::sleep(GATHER),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // one look does for all hints that came meanwhile
            while self.hints.try_recv().is_ok() {}
            // the other end of the wish is gone when the screen is
            if self.wish.has_changed().is_err() || self.look().is_err() {
                return;
            }
        }
    }

    fn look(&mut self) -> Result<(), Deaf> {
        let wish = self.wish.borrow_and_update().clone();
        let stage = wish.live.as_ref().and_then(|(attempt, stage)| Some((attempt.clone(), *stage, self.places.stage(attempt, *stage)?)));
        let place = |which: &Which| Some((which.clone(), which.folder(self.places.stage(&which.attempt, which.stage)?)));
        let (arm, past) = (wish.arm.as_ref().and_then(place), wish.past.iter().filter_map(place).collect());
        let folders: Vec<PathBuf> = arm.iter().map(|(_, folder)| folder.clone()).collect();
        for news in self.progress.look(stage.as_ref()).into_iter().chain(self.arms.look(arm, past)) {
            self.send(news)?;
        }
        self.watch.instead(&[self.progress.folders(), folders].concat());
        let is_seen = wish.is_shown || wish.live.is_some() || self.progress.is_live() || self.arms.is_live();
        if is_seen || self.looked.is_none_or(|at| at.elapsed() >= UNSEEN) {
            self.looked = Some(Instant::now());
            self.look_at_disks(is_seen)?;
        }
        Ok(())
    }

    /// While they are seen all that changes is told, and that nothing did; else only what a person would notice.
    fn look_at_disks(&mut self, is_seen: bool) -> Result<(), Deaf> {
        let root = self.root.borrow().clone();
        let folders = [(Use::Docker, root), (Use::State, Some(self.setup.state.clone())), (Use::Work, self.setup.work.clone())];
        let disks = disks(folders.into_iter().filter_map(|(of, folder)| Some((of, folder?))));
        let is_alike = |a: &Disk, b: &Disk| a.uses == b.uses && a.free.abs_diff(b.free) < a.total / 1000;
        if !is_seen && disks.len() == self.disks.len() && disks.iter().zip(&self.disks).all(|(a, b)| is_alike(a, b)) {
            return Ok(());
        }
        self.disks.clone_from(&disks);
        self.send(News::Disks(disks))
    }

    fn send(&self, news: News) -> Result<(), Deaf> {
        self.news.blocking_send(Msg::Machine(news)).map_err(|_gone| Deaf)
    }
}

/// The file systems of these folders, each once, in their order. What can't be looked at is left out.
fn disks(folders: impl Iterator<Item = (Use, PathBuf)>) -> Vec<Disk> {
    let mut found: Vec<(u64, Disk)> = Vec::new();
    for (of, folder) in folders {
        // a folder that is not made yet will lie where its parent does
        let Ok(room) = disk::room(&folder) else { continue };
        if let Some((_, known)) = found.iter_mut().find(|(known, _)| *known == room.device) {
            known.uses.push(of);
            continue;
        }
        // what is kept for root alone is no room for anybody else
        let total = room.total.saturating_sub(room.unused.saturating_sub(room.bytes));
        found.push((room.device, Disk { uses: vec![of], path: clean::path(&folder), free: room.bytes, total }));
    }
    found.into_iter().map(|(_, disk)| disk).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn folders_of_one_file_system_are_one_disk() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not/made/yet");
        let found = disks([(Use::Docker, missing), (Use::State, folder.path().to_owned()), (Use::Work, "/proc".into())].into_iter());
        assert_eq!(found.iter().map(|disk| disk.uses.clone()).collect::<Vec<_>>(), [vec![Use::Docker, Use::State], vec![Use::Work]]);
        assert!(found[0].free <= found[0].total && found[0].total > 0);
    }
}
