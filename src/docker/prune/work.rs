//! A prune at work: it looks, tells its plan, and removes one thing after the other.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, timeout};

use super::lock::{Holder, PruneLock, Taken};
use super::meter::Meter;
use super::plan::{Seen, Wanted, plan};
use super::remove::{Removal, is_busy, remove};
use super::{PruneError, PruneFolder, PruneOrder, PruneOutcome};
use crate::docker::owners::{self, Event, Owners};
use crate::docker::{About, DockerError, Engine, disk, store};
use crate::domain::{FailureClass, Fate, PruneDetail, PruneEnd, PrunePlan, PruneProgress, PruneScope, Thing};
use crate::host::clock;

/// How often it is said how far it is.
const TICK: Duration = Duration::from_millis(250);

/// How often is looked whether somebody else's prune is over, or the engine back.
const AGAIN: Duration = Duration::from_millis(500);

/// For how long an engine may be away in the middle: a package's update starts it again within a minute or two.
const AWAY: Duration = Duration::from_mins(5);

/// For how long the disk may go on giving bytes back once the last thing is gone, and how long it must be quiet: one look.
const SETTLES: Duration = Duration::from_secs(10);
const QUIET: Duration = TICK;

/// Who asked to stop, and how hard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nobody.
    #[default]
    No,
    /// After what is being removed now.
    Between,
    /// At once: the engine goes on with what it has begun.
    Now,
}

/// What goes and what stays by this order, as the engine is now.
pub async fn look(engine: &Engine, order: &PruneOrder) -> Result<PrunePlan, PruneError> {
    look_with(engine, order, &owners(order)?).await
}

/// Whose images they are; outside a checkout none is ours.
fn owners(order: &PruneOrder) -> Result<Owners, PruneError> {
    let Some(state) = &order.state else { return Ok(Owners::default()) };
    Owners::read(state).map_err(|source| PruneError::Owners { path: state.join(owners::FILE), source })
}

async fn look_with(engine: &Engine, order: &PruneOrder, owners: &Owners) -> Result<PrunePlan, PruneError> {
    let about = engine.about().await?;
    let images = store::images(engine).await?;
    let containers = store::containers(engine).await?;
    let (mut networks, mut volumes) = (Vec::new(), Vec::new());
    if order.scope == PruneScope::All {
        networks = store::networks(engine).await?;
        if order.volumes {
            volumes = store::every_volume(engine).await?;
        }
    }
    let spares_named = spares_named(&about.api);
    let seen = Seen { driver: about.driver, images, containers, networks, volumes, spares_named };
    Ok(plan(&seen, &Wanted { scope: order.scope, volumes: order.volumes, keep: &order.keep, owners }))
}

/// From API 1.42 on a prune of volumes spares those with a name. A version that can't be read is a new one.
fn spares_named(api: &str) -> bool {
    let mut numbers = api.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (1, 42),
        _ => true,
    }
}

/// A prune that works.
struct Work<'a> {
    order: &'a PruneOrder,
    tell: &'a mut dyn FnMut(&PruneProgress),
    stop: watch::Receiver<Stop>,
    progress: PruneProgress,
    removed: usize,
    meter: Meter,
    about: About,
    owners: Arc<Owners>,
    /// Ids of images of ours that are gone, where that could not be written down yet: the disk was full.
    unwritten: Vec<String>,
}

/// How it ended before all was done.
enum Ended {
    Stopped,
    Failed(PruneError),
}

impl<E: Into<PruneError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Does what an order says, and tells how far it is, four times a second. `agreed` is the plan that a person said yes to:
/// nothing else goes. Where its files are says `folder`.
pub async fn prune(
    order: &PruneOrder,
    agreed: Option<&PrunePlan>,
    folder: Option<PathBuf>,
    tell: &mut dyn FnMut(&PruneProgress),
    stop: watch::Receiver<Stop>,
) -> PruneOutcome {
    let now = clock::now();
    let progress = PruneProgress {
        started: now,
        at: now,
        plan: PrunePlan { scope: order.scope, volumes: order.volumes, fates: Vec::new() },
        done: 0,
        now: None,
        promised: 0,
        freed: None,
        rate: None,
        eta_ms: None,
        waits: None,
        refused: Vec::new(),
        cut_off: None,
        end: None,
    };
    let (meter, about, owners) = (Meter::default(), About::default(), Arc::default());
    let mut work = Work { order, tell, stop, progress, removed: 0, meter, about, owners, unwritten: Vec::new() };
    let end = match work.all(agreed, folder).await {
        Ok(()) => PruneEnd::Done,
        Err(Ended::Stopped) => PruneEnd::Stopped,
        Err(Ended::Failed(error)) => PruneEnd::Failed { class: error.class(), why: error.to_string() },
    };
    work.end(end)
}

impl Work<'_> {
    async fn all(&mut self, agreed: Option<&PrunePlan>, folder: Option<PathBuf>) -> Result<(), Ended> {
        let lock = match &self.order.state {
            Some(state) if !self.order.dry_run => Some(self.lock(state, folder).await?),
            _ => None,
        };
        self.progress.cut_off = lock.as_ref().and_then(|lock| lock.cut_off.clone());
        let mut engine = Engine::connect().await?;
        self.about = engine.about().await?;
        if !self.order.dry_run {
            self.let_others_end(&engine).await?;
        }
        self.owners = Arc::new(owners(self.order)?);
        let mut plan = look_with(&engine, self.order, &self.owners).await?;
        if let Some(agreed) = agreed {
            let is_agreed = |fate: &Fate| !fate.goes || agreed.going().any(|known| (known.thing, &known.id) == (fate.thing, &fate.id));
            plan.fates.retain(is_agreed);
        }
        self.meter = Meter::new(self.free(), clock::up_ms());
        self.progress.plan = plan;
        self.say();
        if self.order.dry_run {
            return Ok(());
        }
        let fates: Vec<Fate> = self.progress.plan.going().cloned().collect();
        let mut early = Vec::new();
        for fate in fates {
            if let Some(says) = self.one(&mut engine, &fate).await? {
                early.push((fate, says));
            }
        }
        // what they stood below is gone now
        for (fate, says) in early {
            self.progress.done = self.progress.done.saturating_sub(1);
            if self.one(&mut engine, &fate).await?.is_some() {
                self.progress.refused.push((fate.name.clone(), says));
            }
        }
        self.settle().await;
        drop(lock);
        Ok(())
    }

    /// Removes one thing, however often somebody or something comes between. `Some` is why it was too early.
    async fn one(&mut self, engine: &mut Engine, fate: &Fate) -> Result<Option<String>, Ended> {
        let mut was_asked = false;
        self.progress.now = Some(fate.name.clone());
        loop {
            if *self.stop.borrow() > Stop::No {
                return Err(Ended::Stopped);
            }
            let removal = match self.let_others_end(engine).await {
                Ok(()) => {
                    self.say();
                    self.ask(engine, fate).await
                }
                Err(ended) => Err(ended),
            };
            let removal = match removal {
                Ok(removal) => removal,
                Err(Ended::Failed(PruneError::Docker(error))) if error.is_passing() => {
                    was_asked = true;
                    *engine = self.back(error).await?;
                    continue;
                }
                Err(ended) => return Err(ended),
            };
            self.progress.now = None;
            match removal {
                Removal::Busy => {
                    self.wait_for("somebody else's prune").await?;
                    continue;
                }
                // we asked, and it went away together with the answer
                Removal::WasGone if was_asked => self.gone(fate),
                Removal::Gone => self.gone(fate),
                Removal::WasGone => self.forget(fate),
                Removal::Refused(says) => self.progress.refused.push((fate.name.clone(), says)),
                Removal::TooEarly(says) => {
                    self.progress.done += 1;
                    return Ok(Some(says));
                }
            }
            self.progress.done += 1;
            self.say();
            return Ok(None);
        }
    }

    /// The removal itself. It is said how the disk comes back meanwhile.
    async fn ask(&mut self, engine: &Engine, fate: &Fate) -> Result<Removal, Ended> {
        let owners = Arc::clone(&self.owners);
        let ours = (self.order.scope == PruneScope::Run).then_some(&*owners);
        let mut removing = pin!(remove(engine, ours, fate));
        let mut ticks = interval(TICK);
        loop {
            tokio::select! {
                biased;
                removal = &mut removing => return Ok(removal?),
                () = at_once(self.stop.clone()) => return Err(Ended::Stopped),
                _ = ticks.tick() => self.say(),
            }
        }
    }

    fn gone(&mut self, fate: &Fate) {
        self.removed += 1;
        self.progress.promised = self.progress.promised.saturating_add(fate.bytes.unwrap_or_default());
        self.forget(fate);
    }

    /// An image that is gone is ours no more, whoever removed it.
    fn forget(&mut self, fate: &Fate) {
        if fate.thing == Thing::Image && self.order.state.is_some() {
            self.unwritten.push(fate.id.clone());
            self.write_down();
        }
    }

    /// What can't be written stays for the next time: on a full disk every image makes room.
    fn write_down(&mut self) {
        let Some(state) = &self.order.state else { return };
        let ids = std::mem::take(&mut self.unwritten);
        for id in ids {
            let written =
                owners::record(state, clock::now(), self.order.run.as_deref(), self.order.item.as_deref(), &Event::Removed { id: &id });
            if let Err(error) = written {
                tracing::warn!("can't write to {}: {error}", state.join(owners::FILE).display());
                self.unwritten.push(id);
            }
        }
    }

    /// Waits for the one prune of this checkout that may work.
    async fn lock(&mut self, state: &std::path::Path, folder: Option<PathBuf>) -> Result<PruneLock, Ended> {
        let me = Holder { pid: std::process::id(), since: clock::now(), run: self.order.run.clone(), folder };
        loop {
            let taken = PruneLock::take(state, &me).map_err(|source| PruneError::Lock { path: PruneFolder::lock(state), source })?;
            match taken {
                Taken::Ours(lock) => {
                    self.progress.waits = None;
                    return Ok(lock);
                }
                Taken::Held(holder) => {
                    let who = holder.map_or_else(|| "another prune".to_owned(), |holder| holder.words(&TimeZone::system()));
                    self.wait_for(&who).await?;
                }
            }
        }
    }

    /// Waits while somebody else's prune works: what it removes would be counted as ours.
    async fn let_others_end(&mut self, engine: &Engine) -> Result<(), Ended> {
        while is_busy(engine).await? {
            self.wait_for("somebody else's prune of this docker").await?;
        }
        self.progress.waits = None;
        Ok(())
    }

    /// A little later, and says for whom.
    async fn wait_for(&mut self, who: &str) -> Result<(), Ended> {
        self.progress.waits = Some(who.to_owned());
        self.say();
        let mut stop = self.stop.clone();
        tokio::select! {
            () = sleep(AGAIN) => Ok(()),
            _ = stop.wait_for(|stop| *stop > Stop::No) => Err(Ended::Stopped),
        }
    }

    /// Waits for an engine that went away, within a limit.
    async fn back(&mut self, error: DockerError) -> Result<Engine, Ended> {
        let limit = Instant::now() + AWAY;
        loop {
            if Instant::now() >= limit {
                return Err(PruneError::Docker(error).into());
            }
            self.wait_for("docker, which went away").await?;
            // one that is just starting listens before it answers
            if let Ok(Ok(engine)) = timeout(AWAY, Engine::connect()).await
                && engine.about().await.is_ok()
            {
                self.progress.waits = None;
                return Ok(engine);
            }
        }
    }

    /// The disk may give bytes back later than the engine says that an image is gone. What came back already is not waited for.
    async fn settle(&mut self) {
        self.progress.now = None;
        let (begin, mut quiet) = (Instant::now(), Instant::now());
        let mut last = self.free();
        while last.is_some() && self.is_owed(last) && self.removed > 0 && begin.elapsed() < SETTLES && quiet.elapsed() < QUIET {
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(TICK) => {}
                _ = stop.wait_for(|stop| *stop > Stop::No) => return,
            }
            let free = self.free();
            if free > last {
                quiet = Instant::now();
            }
            last = free;
            self.say();
        }
    }

    /// Whether the disk has still to give back more than a hundredth of what was promised.
    fn is_owed(&self, free: Option<u64>) -> bool {
        let promised = self.progress.promised;
        self.meter.freed(free).is_none_or(|freed| freed < promised.saturating_sub(promised / 100))
    }

    /// Free on the engine's disk, what is kept back for root included: a full disk gives that back first.
    fn free(&self) -> Option<u64> {
        disk::free(&self.about).ok().map(|room| room.unused)
    }

    fn say(&mut self) {
        let (free, now) = (self.free(), clock::up_ms());
        self.meter.take(free, self.progress.promised, now);
        self.progress.at = clock::now();
        self.progress.freed = self.meter.freed(free);
        self.progress.rate = self.meter.rate();
        // the bytes of what is of unknown size are not awaited
        self.progress.eta_ms = if self.progress.plan.is_sized() { self.meter.eta(self.progress.plan.promised()) } else { None };
        (self.tell)(&self.progress);
    }

    fn end(mut self, end: PruneEnd) -> PruneOutcome {
        self.write_down();
        let all = if self.order.dry_run { 0 } else { usize::MAX };
        let left = self.progress.plan.going().take(all).skip(self.progress.done).map(|fate| fate.name.clone()).collect();
        self.progress.waits = None;
        self.progress.end = Some(end.clone());
        self.say();
        let detail = PruneDetail {
            removed: self.removed,
            promised: self.progress.promised,
            freed: self.progress.freed,
            refused: self.progress.refused.len(),
        };
        PruneOutcome { at: self.progress.at, detail, end, left }
    }
}

/// Returns when somebody wants it to end at once.
async fn at_once(mut stop: watch::Receiver<Stop>) {
    if stop.wait_for(|stop| *stop == Stop::Now).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl PruneError {
    /// What it means for the rest of a queue.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Docker(_) => FailureClass::NoDocker,
            Self::Owners { .. } | Self::Lock { .. } => FailureClass::Unknown,
        }
    }
}
