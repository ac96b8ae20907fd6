//! `pull-images FOLDER`: pulls what `order.json` there names, and says how that goes.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::ask::{self, Known, Unknown, plan};
use super::fault::Fault;
use super::one::log;
use super::progress::Fold;
use super::{ORDER, OUTCOME, PROGRESS, PullEnd, PullOrder, PullOutcome};
use crate::docker::forecast::{Driver, There};
use crate::docker::owners::{self, Event};
use crate::docker::prune::{self, PruneOrder};
use crate::docker::{About, DockerError, Engine, ImageName, Registry, disk, registry};
use crate::domain::{FailureClass, PullDetail, PullPhase, PullProgress, PulledImage, Shortage, Thing};
use crate::host::files::{self, Links};
use crate::host::{clock, environment};
use crate::text::mask::Masker;
use crate::text::{duration, room};

/// A larger order is none of ours, in bytes.
const LARGEST: u64 = 4 << 20;

/// How often the disk is looked at, and how it goes is written.
const LOOK: Duration = Duration::from_millis(250);

/// Between two looks more than this is time in which we were frozen, in ms.
const FROZEN: u64 = 5_000;

/// Within `<root>/state/docker`: bytes a second that the engine's disk took when layers were extracted last.
const DISK_RATE: &str = "disk-rate";

/// How often the outcome is written anew where the disk is full, with [`LOOK`] between.
const WRITES: u32 = 120;

/// `pull-images`: what the pull stage runs.
#[derive(Debug, clap::Args)]
pub struct PullImages {
    /// The stage's folder, with `order.json`
    folder: PathBuf,
}

/// Why it is over before all images are there.
#[derive(Debug)]
pub(super) enum Over {
    /// Of the image at this place of the order.
    Failed(usize, Fault),
    /// The same, and it is worth trying again at a moment beyond the budget, where that is known.
    Limited(usize, Fault, Option<Timestamp>),
    /// The budget is spent.
    Late(usize),
    /// They don't fit.
    Short(Shortage),
    /// The engine can't be asked.
    NoDocker(DockerError),
    /// Whose they are can't be written down.
    Record(String),
    /// A name is none.
    Name(String),
}

/// Time in which we were not frozen.
#[derive(Debug)]
pub(super) struct Clock {
    up_ms: u64,
    active_ms: u64,
}

impl Clock {
    /// ms since the beginning.
    pub(super) fn now(&mut self) -> u64 {
        let up = clock::up_ms();
        self.active_ms = self.active_ms.saturating_add(up.saturating_sub(self.up_ms).min(FROZEN));
        self.up_ms = up;
        self.active_ms
    }
}

/// The looks at the disk.
#[derive(Debug)]
pub(super) struct Ticks(Interval);

impl Ticks {
    pub(super) async fn next(&mut self) {
        self.0.tick().await;
    }
}

/// The work on one order.
pub(super) struct Work {
    pub(super) order: PullOrder,
    folder: PathBuf,
    pub(super) masker: Masker,
    pub(super) clock: Clock,
    pub(super) ticks: Ticks,
    started: Timestamp,
    folds: Vec<Fold>,
    nobody: Fold,
    pub(super) engine: Engine,
    pub(super) about: About,
    pub(super) registry: Registry,
    pub(super) there: Vec<PulledImage>,
}

impl PullImages {
    /// Pulls. An error is one of ours: how the pull went stands in `outcome.json`.
    pub fn run(self) -> io::Result<()> {
        let order: PullOrder = serde_json::from_slice(&files::read(&self.folder.join(ORDER), LARGEST, Links::Refused)?)?;
        // one of an earlier try would be taken for ours
        match std::fs::remove_file(self.folder.join(OUTCOME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let began = clock::up_ms();
        let mut outcome = runtime.block_on(work(order, self.folder.clone()))?;
        match &outcome.end {
            PullEnd::Done => {}
            PullEnd::Stopped => log("stopped: what was on its way is dropped"),
            PullEnd::Short { shortage } => log(&room::shortage(shortage)),
            PullEnd::Failed { why, .. } => log(why),
        }
        outcome.duration_ms = clock::up_ms().saturating_sub(began);
        // a helper that still asks somebody is not waited for
        runtime.shutdown_background();
        let written = serde_json::to_vec_pretty(&outcome)?;
        let mut tries = 0;
        loop {
            match files::replace(&self.folder.join(OUTCOME), &written) {
                Ok(()) => return Ok(()),
                Err(error) if tries >= WRITES || !files::is_full(&self.folder) => return Err(error),
                Err(_) => thread::sleep(LOOK),
            }
            tries += 1;
        }
    }
}

/// All of it, but for TERM.
async fn work(order: PullOrder, folder: PathBuf) -> io::Result<PullOutcome> {
    let mut term = signal(SignalKind::terminate())?;
    let folders: Vec<_> = order.dot_env.iter().map(PathBuf::as_path).collect();
    let masker = Masker::new(environment::variables(), environment::secrets(&folders));
    let ended = |end| PullOutcome { end, images: Vec::new(), detail: PullDetail::default(), disk: None, duration_ms: 0 };
    let connected = tokio::select! {
        connected = connect() => connected,
        _ = term.recv() => return Ok(ended(PullEnd::Stopped)),
    };
    let (engine, about) = match connected {
        Ok(connected) => connected,
        Err(error) => {
            let fault = Fault::absent(&error);
            let why = masker.line(&fault.why);
            return Ok(ended(PullEnd::Failed { class: fault.class, why, image: None, until: None }));
        }
    };
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let driver = Driver::of(&about);
    let (attempts, stall_ms) = (order.attempts.max(1), order.stall_s.saturating_mul(1000));
    let folds = order.images.iter().map(|image| Fold::new(image, driver, attempts, stall_ms)).collect();
    let registry = Registry::new(registry::Settings::of(Some(&about), &order.state));
    let mut work = Work {
        folder,
        masker,
        clock: Clock { up_ms: clock::up_ms(), active_ms: 0 },
        ticks: Ticks(ticks),
        started: clock::now(),
        folds,
        nobody: Fold::new("", driver, attempts, stall_ms),
        engine,
        about,
        registry,
        there: Vec::new(),
        order,
    };
    let end = tokio::select! {
        done = work.all() => done.map_or_else(Err, |()| Ok(PullEnd::Done)),
        // what is on its way is dropped with its connection, and the engine cancels it
        _ = term.recv() => Ok(PullEnd::Stopped),
    };
    let end = end.unwrap_or_else(|over| work.end(over));
    work.tick();
    let now = work.clock.now();
    let images = work.folds.iter().map(|fold| fold.image(now)).collect();
    // whoever waits for room looks there
    let disk = disk::free(&work.about).is_ok().then(|| work.about.root.clone());
    let until = match &end {
        PullEnd::Failed { until, .. } => *until,
        _ => None,
    };
    Ok(PullOutcome { end, images, detail: PullDetail { images: work.there, until }, disk, duration_ms: 0 })
}

async fn connect() -> Result<(Engine, About), DockerError> {
    let engine = Engine::connect().await?;
    let about = engine.about().await?;
    Ok((engine, about))
}

impl Work {
    /// The fold of the image at this place of the order.
    pub(super) fn fold(&mut self, at: usize) -> &mut Fold {
        self.folds.get_mut(at).unwrap_or(&mut self.nobody)
    }

    async fn all(&mut self) -> Result<(), Over> {
        let names = self.order.images.iter().map(|image| ImageName::parse(image).map_err(|error| Over::Name(error.to_string())));
        let names: Vec<ImageName> = names.collect::<Result<_, _>>()?;
        for fold in &mut self.folds {
            fold.say(PullPhase::Asking);
        }
        let (mut there, known) = self.ask(&names).await?;
        let mut wanted = Vec::new();
        for (at, (name, known)) in names.iter().zip(known).enumerate() {
            if let Some(image) = self.spared(at, name, &known).await? {
                log(&format!("{name} is not pulled: what is measured in it is known"));
                self.fold(at).say(PullPhase::Spared);
                self.there.push(image);
            } else {
                self.fold(at).say(PullPhase::Waiting);
                wanted.push((at, name, known));
            }
        }
        // not after the half hour that those before it take
        for (at, name, known) in &wanted {
            if let Err(Unknown::Final(error)) = &known.facts
                && self.find(name).await?.is_none()
            {
                return Err(Over::Failed(*at, Fault::refused(error)));
            }
        }
        if self.order.must_fit {
            match self.fits(wanted.iter().map(|(_, _, known)| known), there.clone()) {
                Err(Over::Short(shortage)) => {
                    return Err(Over::Short(Shortage { prune_would_free: self.prune_would_free().await, ..shortage }));
                }
                fits => fits?,
            }
        }
        let mut disk_rate = self.remembered();
        for (at, name, known) in wanted {
            self.fold(at).expect_disk_rate(disk_rate);
            self.image(at, name, &known, &there).await?;
            let seen = self.fold(at).disk_rate();
            if seen != disk_rate {
                disk_rate = seen;
                self.remember(disk_rate);
            }
            if let Ok(facts) = &known.facts {
                there.add(facts);
            }
        }
        Ok(())
    }

    async fn ask(&mut self, names: &[ImageName]) -> Result<(There, Vec<Known>), Over> {
        self.tick();
        let (engine, about) = (self.engine.clone(), self.about.clone());
        let registry = Registry::new(registry::Settings::of(Some(&about), &self.order.state));
        let mut asked = std::pin::pin!(ask::all(&engine, &about, &registry, names));
        loop {
            tokio::select! {
                (there, known) = &mut asked => return Ok((there.map_err(Over::NoDocker)?, known)),
                () = self.ticks.next() => {
                    self.tick();
                    self.in_time(0)?;
                }
            }
        }
    }

    /// Whether all of them fit, one after another.
    fn fits<'a>(&self, known: impl Iterator<Item = &'a Known>, mut there: There) -> Result<(), Over> {
        let Ok(room) = disk::free(&self.about) else { return Ok(()) };
        let (mut stays, mut needs) = (0_u64, 0_u64);
        for facts in known.filter_map(|known| known.facts.as_ref().ok()) {
            let (forecast, _) = plan(Driver::of(&self.about), facts, &there);
            needs = needs.max(stays.saturating_add(forecast.need.peak));
            stays = stays.saturating_add(forecast.need.stays);
            there.add(facts);
        }
        if needs <= room.bytes { Ok(()) } else { Err(Over::Short(Shortage { needs, free: room.bytes, prune_would_free: None })) }
    }

    /// What this disk wrote a second when the last images came.
    fn remembered(&self) -> Option<u64> {
        serde_json::from_slice(&files::read(&self.order.state.join(DISK_RATE), 64, Links::Refused).ok()?).ok().filter(|rate| *rate > 0)
    }

    /// For the next pull. That it can't be written only makes that one's forecast later.
    fn remember(&self, rate: Option<u64>) {
        if let Some(rate) = rate.filter(|rate| *rate > 0) {
            let _ = files::replace(&self.order.state.join(DISK_RATE), rate.to_string().as_bytes());
        }
    }

    /// What a prune of what is ours would free, by its own plan; `None` where that can't be told.
    async fn prune_would_free(&self) -> Option<u64> {
        let order = PruneOrder { keep: self.order.keep.clone(), state: Some(self.order.state.clone()), ..PruneOrder::default() };
        let plan = prune::look(&self.engine, &order).await.ok()?;
        // what a container wrote is not known, and nothing beside an image
        let all = plan.going().filter(|fate| fate.thing == Thing::Image).try_fold(0_u64, |sum, fate| Some(sum.saturating_add(fate.bytes?)));
        all.map(|_images| plan.promised())
    }

    /// Connects anew.
    pub(super) async fn connect(&mut self) -> Result<(), DockerError> {
        (self.engine, self.about) = connect().await?;
        Ok(())
    }

    /// Bytes that nobody uses on the engine's disk.
    pub(super) fn free(&self) -> Option<u64> {
        disk::free(&self.about).ok().map(|room| room.unused)
    }

    /// A look at the disk for the image that is pulled.
    pub(super) fn sample(&mut self, at: usize) {
        let (now, free) = (self.clock.now(), self.free());
        self.fold(at).sampled(now, free);
    }

    /// Time left, in ms.
    pub(super) fn left_ms(&mut self) -> Option<u64> {
        let now = self.clock.now();
        self.order.budget_ms.map(|budget| budget.saturating_sub(now))
    }

    pub(super) fn in_time(&mut self, at: usize) -> Result<(), Over> {
        if self.left_ms() == Some(0) { Err(Over::Late(at)) } else { Ok(()) }
    }

    /// Writes how far it is. That this fails, on a full disk say, is no reason to end a pull.
    pub(super) fn tick(&mut self) {
        let now = self.clock.now();
        let images = self.folds.iter().map(|fold| fold.image(now)).collect();
        let free = disk::free(&self.about).ok().map(|room| room.bytes);
        let progress = PullProgress { started: self.started, at: clock::now(), left_ms: self.left_ms(), free, images };
        if let Ok(written) = serde_json::to_vec(&progress) {
            let _ = files::replace(&self.folder.join(PROGRESS), &written);
        }
    }

    /// Writes down whose an image is. Without that it is not pulled: nobody would ever know that it may be removed.
    pub(super) fn record(&self, event: &Event<'_>) -> Result<(), Over> {
        let (run, item) = (Some(self.order.run.as_str()), Some(self.order.item.as_str()));
        let state = &self.order.state;
        owners::record(state, clock::now(), run, item, event)
            .map_err(|error| Over::Record(format!("can't write {}: {error}", state.join(owners::FILE).display())))
    }

    /// How it ended, and the same at the image that it was about.
    fn end(&mut self, over: Over) -> PullEnd {
        let (at, class, why, until) = match over {
            Over::Short(shortage) => return PullEnd::Short { shortage },
            Over::Failed(at, fault) => (Some(at), fault.class, fault.why, None),
            Over::Limited(at, fault, until) => (Some(at), fault.class, fault.why, until),
            Over::Late(at) => {
                let budget = duration::rough(self.order.budget_ms.unwrap_or_default());
                let name = self.order.images.get(at).cloned().unwrap_or_default();
                let why = format!("{name} was not there after {budget}: pull it by hand first, or raise budget.pull");
                (Some(at), FailureClass::TimeoutPull, why, None)
            }
            Over::NoDocker(error) => {
                let fault = Fault::absent(&error);
                (None, fault.class, fault.why, None)
            }
            Over::Record(why) => {
                let class = if files::is_full(&self.order.state) { FailureClass::NoSpace } else { FailureClass::Unknown };
                (None, class, why, None)
            }
            Over::Name(why) => (None, FailureClass::ImageMissing, why, None),
        };
        let why = self.masker.line(&why);
        if let Some(at) = at {
            self.fold(at).say(PullPhase::Failed { class, why: why.clone() });
        }
        let image = at.and_then(|at| self.order.images.get(at).cloned());
        PullEnd::Failed { class, why, image, until }
    }
}
