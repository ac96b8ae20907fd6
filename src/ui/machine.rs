//! The machine: disks, the Docker engine and its images, what is pulled and removed. It is told by a thread of the shell.

pub mod beside;
pub mod gpus;
pub mod prune;
pub mod text;
pub mod told;

use jiff::Timestamp;

use self::prune::Order;
use super::message::Layout;
use super::question::{Question, Then};
use super::state::{Over, State};
use super::{Action, Effect, Mood, Said, Screen, bench};
use crate::config::ArmImages;
use crate::domain::{AttemptId, ItemId, Need, PrunePlan, PruneProgress, PullProgress, Stage};
use crate::model::Item;
use crate::telemetry::{Chart, Latest, Window};

/// What is known of the machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Machine {
    /// Its file systems, each once; `None` before the first look.
    pub disks: Option<Seen<Vec<Disk>>>,
    /// Its Docker engine; `None` before the first answer.
    pub engine: Option<Seen<Engine>>,
    /// What it said the last time that it answered, while it does not.
    pub before: Option<Seen<Here>>,
    /// The pull that goes on.
    pub pull: Option<Pull>,
    /// The prune that goes on, or that ended a moment ago.
    pub prune: Option<Prune>,
    /// The arm in a container that runs.
    pub arm: Option<bench::Live>,
    /// What the servers said of the arms that are over and looked at.
    pub past: Vec<bench::Past>,
    /// What pulls will need.
    pub forecast: Forecast,
    /// Its GPUs.
    pub gpus: gpus::Gpus,
    /// Which images the arms of an item need.
    pub arms: ArmImages,
    /// The first image shown.
    pub top: usize,
    /// The number of the newest dry run.
    pub(super) looks: u64,
    /// What the thread was told last.
    pub(super) wish: Option<Wish>,
}

/// Something, and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: T,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What of ours lies there.
    pub uses: Vec<Use>,
    /// The folder by which it was asked for.
    pub path: String,
    /// Bytes that we may still write.
    pub free: u64,
    /// All its bytes.
    pub total: u64,
}

/// What a file system is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// The images and containers of the engine.
    Docker,
    /// Runs: ledgers, logs, trajectories.
    State,
    /// Worktrees.
    Work,
}

/// The engine, as far as it can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// It answers.
    Here(Here),
    /// It can't be asked.
    Away {
        /// What is wrong, in a sentence.
        says: String,
        /// What to do.
        todo: String,
    },
}

/// An engine that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// `vfs`, `overlay2`
    pub driver: String,
    /// Its folder, on its own machine.
    pub root: String,
    /// Whether that is another machine: its disk can't be seen then.
    pub is_remote: bool,
    /// Containers that run.
    pub running: usize,
    /// What removing images of ours would free that nobody uses or waits for; `None` where their sizes are not known.
    pub prune_frees: Option<u64>,
    /// Its images, the largest first.
    pub images: Vec<Image>,
}

/// An image of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// Its id, in 12 digits.
    pub id: String,
    /// Its names.
    pub names: Vec<String>,
    /// What it takes on the disk by this driver; `None` where nobody can tell.
    pub bytes: Option<u64>,
    /// When it was built.
    pub created: Option<Timestamp>,
    /// Whose it is.
    pub owner: Owner,
    /// The items that wait for it.
    pub needed_by: Vec<ItemId>,
    /// Containers that use it.
    pub containers: usize,
}

/// Whose an image is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Owner {
    /// No run of ours pulled it.
    #[default]
    Others,
    /// A run of ours did.
    Ours {
        /// The run's id.
        run: String,
        /// The item that it was pulled for.
        item: String,
    },
    /// A pull of ours was cut off: it may be ours, and is not treated as such.
    Uncertain,
}

/// A pull that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The attempt whose stage it is.
    pub attempt: AttemptId,
    /// How far it is.
    pub progress: PullProgress,
    /// It is begun again when nothing moves for so long, in ms.
    pub stall_ms: Option<u64>,
}

/// A prune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// Who does it.
    pub by: Pruner,
    /// How far it is.
    pub progress: PruneProgress,
    /// Whether anybody is at work on it.
    pub is_live: bool,
}

/// Who prunes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pruner {
    /// The `clean` stage of an item of this run.
    Stage(AttemptId),
    /// Somebody at a screen, this one or another; named by its folder.
    Screen(String),
    /// `isobench-tui prune`, in a terminal of its own.
    Command(String),
}

/// What pulls will need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The next one; `None`: nothing is to be pulled.
    pub next: Option<NextPull>,
    /// All that come after it.
    pub later: Option<LaterPulls>,
}

/// The next pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPull {
    /// For this item.
    pub item: ItemId,
    /// How many of its images are not here.
    pub missing: usize,
    /// What they need; `None` where the registry was not asked yet.
    pub need: Option<Need>,
}

/// The pulls after the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaterPulls {
    /// Images.
    pub images: usize,
    /// Those of them whose size nobody knows yet.
    pub unknown: usize,
    /// What those that are known take in the end, all together.
    pub stays: u64,
    /// Whether a size in it was estimated.
    pub is_estimate: bool,
}

/// What the thread of the shell is to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether the screen is shown: the engine is asked then.
    pub is_shown: bool,
    /// Whether anything of what the machine does now is on the screen, in lines beside the queue or whole.
    pub is_told: bool,
    /// The stage that pulls or prunes now.
    pub live: Option<(AttemptId, Stage)>,
    /// The arm that runs now.
    pub arm: Option<bench::Which>,
    /// The arms that are over whose figures are looked at.
    pub past: Vec<bench::Which>,
    /// The images that items wait for, in the order of the queue.
    pub needed: Vec<(ItemId, Vec<String>)>,
    /// The part of the telemetry whose curves are shown.
    pub chart: Option<Window>,
}

/// What it saw.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The file systems.
    Disks(Vec<Disk>),
    /// The engine.
    Engine(Box<Engine>),
    /// The pull that goes on; `None`: there is none.
    Pull(Option<Box<Pull>>),
    /// The prune that goes on or has just ended; `None`: there is none.
    Prune(Option<Box<Prune>>),
    /// The arm in a container that runs; `None`: there is none.
    Arm(Option<Box<bench::Live>>),
    /// What the servers said of arms that are over.
    Arms(Vec<bench::Past>),
    /// What pulls will need.
    Forecast(Box<Forecast>),
    /// Who samples.
    Sampler(gpus::Source),
    /// The newest sample.
    Latest(Box<Latest>),
    /// The curves of a window.
    Chart(Box<Chart>),
    /// What a dry run found, by its number; the error is a sentence.
    Planned(u64, Result<Box<PrunePlan>, String>),
}

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Look at this from now on.
    Look(Wish),
    /// Say what a prune would remove, under this number.
    Plan(u64, Order),
    /// Prune.
    Begin(Order),
    /// Ask the prune of this folder to stop between two things.
    Stop(String),
}

impl Machine {
    /// The file system of the engine.
    pub fn engine_disk(&self) -> Option<&Disk> {
        self.disks.as_ref()?.what.iter().find(|disk| disk.uses.contains(&Use::Docker))
    }

    /// The engine, where it answers.
    pub fn here(&self) -> Option<&Here> {
        match &self.engine.as_ref()?.what {
            Engine::Here(here) => Some(here),
            Engine::Away { .. } => None,
        }
    }

    /// The prune, while somebody is at work on it.
    pub fn live_prune(&self) -> Option<&Prune> {
        self.prune.as_ref().filter(|prune| prune.is_live)
    }

    /// Whether clocks of it run.
    pub(super) const fn ticks(&self) -> bool {
        self.pull.is_some() || self.prune.is_some() || self.arm.is_some()
    }
}

impl Use {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::State => "state",
            Self::Work => "work",
        }
    }
}

/// Takes what the thread saw.
pub(super) fn take(state: &mut State, news: News) {
    let at = state.now;
    match news {
        News::Disks(disks) => state.machine.disks = Some(Seen { at, what: disks }),
        News::Engine(engine) => answered(&mut state.machine, Seen { at, what: *engine }),
        News::Pull(pull) => state.machine.pull = pull.map(|pull| *pull),
        News::Prune(prune) => state.machine.prune = prune.map(|prune| *prune),
        News::Arm(arm) => state.machine.arm = arm.map(|arm| *arm),
        News::Arms(past) => state.machine.past = past,
        News::Forecast(forecast) => state.machine.forecast = *forecast,
        News::Sampler(source) => state.machine.gpus.source = Some(source),
        News::Latest(latest) => state.machine.gpus.latest = Some(*latest),
        News::Chart(chart) => state.machine.gpus.chart = Some(Seen { at, what: *chart }),
        News::Planned(number, plan) => prune::planned(state, number, plan),
    }
}

/// What an engine said that answers no more stays to be seen.
fn answered(machine: &mut Machine, seen: Seen<Engine>) {
    match (machine.engine.take(), &seen.what) {
        (_, Engine::Here(_)) => machine.before = None,
        (Some(Seen { at, what: Engine::Here(here) }), Engine::Away { .. }) => machine.before = Some(Seen { at, what: here }),
        _ => {}
    }
    machine.engine = Some(seen);
}

/// After every message: what is to be looked at.
pub(super) fn settle(state: &mut State) -> Option<Effect> {
    let live = state.run.live_stage().map(|(attempt, record)| (attempt, record.stage));
    let arm = live.clone().filter(|(_, stage)| stage.arm().is_some()).map(|(attempt, stage)| bench::Which { attempt, stage, round: None });
    let live = live.filter(|(_, stage)| matches!(stage, Stage::Pull | Stage::Clean));
    let is_shown = state.screen == Screen::Machine || matches!(state.over, Over::Prune(_));
    let chart = state.machine.gpus.window(state.now.as_millisecond()).filter(|_| is_shown);
    let is_told = is_shown || (state.screen == Screen::Queue && state.run.live.is_some());
    let past = if state.screen == Screen::Benchmark { bench::past(state) } else { Vec::new() };
    let wish = Wish { is_shown, is_told, live, arm, past, needed: needed(state), chart };
    if state.machine.wish.as_ref() == Some(&wish) {
        return None;
    }
    state.machine.wish = Some(wish.clone());
    Some(Effect::Machine(Box::new(Errand::Look(wish))))
}

/// The images that items of this run wait for.
fn needed(state: &State) -> Vec<(ItemId, Vec<String>)> {
    let images = |item: &Item| (item.id.clone(), state.machine.arms.of(&item.id, &item.human, &item.parent));
    let waits = |item: &&Item| !item.is_over();
    let all = state.run.items.iter().filter(waits).map(images);
    if state.machine.arms.is_empty() { Vec::new() } else { all.filter(|(_, images)| !images.is_empty()).collect() }
}

/// Keys of the screen.
pub(super) fn perform(state: &mut State, action: Action) -> bool {
    let Layout { pane_rows, pane_lines, .. } = state.layout;
    let most = pane_lines.saturating_sub(pane_rows);
    let top = state.machine.top.min(most);
    match action {
        Action::Back => return stop(state),
        Action::Left => return false,
        _ => state.machine.top = action.leads(top, pane_rows, most).unwrap_or(top),
    }
    true
}

/// The prune that the way out stops: one that a person began at a screen and that is not over.
pub(super) fn stops(state: &State) -> Option<(&String, &PruneProgress)> {
    match state.machine.live_prune()? {
        Prune { by: Pruner::Screen(folder), progress, .. } if progress.end.is_none() => Some((folder, progress)),
        _ => None,
    }
}

/// The way out asks about it first.
fn stop(state: &mut State) -> bool {
    let Some((folder, progress)) = stops(state) else { return false };
    let (done, all) = (progress.done, progress.plan.going().count());
    let says = vec![format!("{done} of {all} are gone and stay gone. What is being removed now is finished first; the rest stays.")];
    let question = Question::yes_no("Stop the prune?".to_owned(), says, "stop it", Then::StopPrune(folder.clone()));
    state.over = Over::Question(question);
    true
}

/// Opens the dialog that prunes, on the machine's screen.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    if !state.has_screen(Screen::Machine) {
        state.remark(Said::new(Mood::Quiet, "these are files: the machine is shown with a run"));
        return Vec::new();
    }
    state.screen = Screen::Machine;
    state.machine.gpus.page = Some(gpus::Page::Docker);
    if state.machine.live_prune().is_some() {
        state.remark(Said::new(Mood::Quiet, "a prune is under way: it is told above"));
        return Vec::new();
    }
    prune::open(state)
}
