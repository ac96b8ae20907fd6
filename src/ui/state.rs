//! Everything that the screen knows.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ahead::Ahead;
use super::all_results::AllResults;
use super::labels::Labels;
use super::log::Log;
use super::machine::Machine;
use super::machine::prune::Dialog;
use super::marks::Marks;
use super::message::{Layout, OutputNews, Part, Sight, Turn};
use super::mouse::Spot;
use super::now::{Pulse, pulse};
use super::pages::{Pages, Wishes};
use super::palette::Palette;
use super::prompt::Search;
use super::question::Question;
use super::reading::Reading;
use super::sent::{Asked, Asker};
use super::sought::Sought;
use super::step::Shown;
use super::tally::Tally;
use super::{Beside, Focus, Said, Screen};
use crate::detect::silence::Usual;
use crate::domain::{AgentTotals, AttemptId, ItemId, RunId, Stage};
use crate::ledger::By;
use crate::model::{Item, Past, Run, RunState};
use crate::plan::Eta;
use crate::plan::eta::{self, Left, next_time_of_day};
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::text::width;

/// So old an estimate grows while a stage runs without a word.
const ESTIMATES: SignedDuration = SignedDuration::from_secs(30);

/// Everything that the screen knows.
#[derive(Debug)]
pub struct State {
    /// The run's id.
    pub run_id: RunId,
    /// Where the files lie that were opened; `None`: they belong to a run.
    pub path: Option<String>,
    /// The model. The shell folds lines into it and says so with `Msg::Facts`.
    pub run: Run,
    /// Whether it has a runner.
    pub runner: Sight,
    /// Without a runner: whether the live stage has its keeper.
    pub keeper: Sight,
    /// When the screen was opened.
    pub opened: Timestamp,
    /// The newest moment that a message brought.
    pub now: Timestamp,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// Limits that no fact carries.
    pub limits: Limits,
    /// What may be done here.
    pub access: Access,
    /// The list of items.
    pub queue: Queue,
    /// The screen that is shown.
    pub screen: Screen,
    /// How far the selected item's steps and result are read.
    pub reading: Reading,
    /// The log screen.
    pub log: Log,
    /// The machine.
    pub machine: Machine,
    /// The results as a table.
    pub all_results: AllResults,
    /// What lies over it.
    pub over: Over,
    /// What is searched for, on every screen.
    pub find: Option<Pattern>,
    /// Where it is, of the agent that is looked at.
    pub sought: Option<Sought>,
    /// What stands beside the steps of an agent.
    pub beside: Beside,
    /// Who has the mouse.
    pub pointer: Pointer,
    /// What agents did: that of the item looked at, and the one that runs.
    pub trails: Vec<Trail>,
    /// Windows of steps that are wished for.
    pub pages: Wishes,
    /// The step that is gone to as soon as somebody knows where it is.
    pub(super) ahead: Option<Ahead>,
    /// What a stage of the item looked at wrote.
    pub output: Option<OutputNews>,
    /// Which of the stages in focus wrote something.
    pub wrote: Vec<(AttemptId, Stage)>,
    /// The files that are read.
    pub focus: Option<Focus>,
    /// Makes requests.
    pub asker: Asker,
    /// Requests without an answer.
    pub asked: Vec<Asked>,
    /// The newest answer or remark, and when it came.
    pub note: Option<(Timestamp, Said)>,
    /// Whether we leave by ourselves.
    pub leaving: Leaving,
    /// Free bytes on the run's disk, once looked at.
    pub free: Option<u64>,
    /// What works no more, in sentences.
    pub troubles: BTreeMap<Part, String>,
    /// Why the last runner that was wanted could not be started.
    pub unstarted: Option<String>,
    /// How much room the last frame had.
    pub layout: Layout,
    /// What a click means in the last frame; what was drawn last comes last.
    pub spots: Vec<Spot>,
    /// Whether somebody else's files are still being read: what they say is not known yet.
    pub is_unread: bool,
    /// Columns of the longest item id.
    pub id_cols: usize,
    /// What is counted over all items.
    pub tally: Tally,
    /// What items of earlier runs took, once they are read.
    pub earlier: Vec<Past>,
    /// What the estimate of the time that is left was made from, in numbers that change with it.
    known: [usize; 5],
    /// When this person looked at the run before; `None` at a first look.
    pub last_look: Option<Timestamp>,
    /// What people say of findings.
    pub labels: Labels,
    /// What is to be known of somebody else's run, in sentences.
    pub told: Vec<Said>,
    /// How many items of it are still to come that nothing names.
    pub unnamed: usize,
    /// Whether it rings when an agent is stuck.
    pub bell: Bell,
    /// Where the screen was opened from.
    pub base: Base,
    /// Findings that were stuck when we looked last; `None` before the first facts.
    pub(super) heard: Option<usize>,
}

/// Where a run's screen was opened from, and so where it leads back to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Base {
    /// The start screen, or the shell.
    #[default]
    Home,
    /// The browser, at one item of those that it shows.
    Item {
        /// Which one, from 1.
        nth: usize,
        /// How many there are.
        of: usize,
    },
    /// The browser, at a run as a whole.
    Run,
}

/// Whether it rings when an agent is stuck.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bell {
    /// It does.
    #[default]
    Rings,
    /// Nobody wants to hear it.
    Muted,
}

/// What the caller knows at the start.
#[derive(Debug, Clone)]
pub struct Start {
    /// The run's id.
    pub run_id: RunId,
    /// Who sits at the screen.
    pub by: By,
    /// A word that no other asker uses.
    pub word: String,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// Limits that no fact carries.
    pub limits: Limits,
    /// What may be done here.
    pub access: Access,
    /// The moment.
    pub now: Timestamp,
}

/// What may be done with the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    #[default]
    Full,
    /// Looking: a newer program made the run, in this format.
    ReadOnly(u32),
    /// Looking: the run is somebody else's.
    Others(Others),
}

/// Who made a run that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// ISO-Bench's own scripts, which may still be at work.
    Harness,
    /// Somebody whose files were opened: nothing happens any more.
    Files,
}

/// Limits that no fact carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the agent.
    pub steps: Option<u32>,
    /// Tokens of an item.
    pub tokens: Option<u64>,
    /// The time of day by which all is to end: `08:00`.
    pub until: Option<String>,
}

/// The list of items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// The selected item.
    pub selected: Option<ItemId>,
    /// Who chooses it.
    pub follow: Follow,
    /// The first row shown.
    pub top: usize,
}

/// Who moves a selection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Follow {
    /// What runs, runs first.
    #[default]
    Live,
    /// The reader.
    Hand,
}

/// Who has the mouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pointer {
    /// We do: wheel and clicks are ours.
    #[default]
    Ours,
    /// The terminal does: text can be selected.
    Terminal,
}

/// What lies over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    Nothing,
    /// The help, from this row on.
    Help(usize),
    /// A question.
    Question(Question),
    /// A search is typed.
    Find(Search),
    /// What happened since the last look.
    Since,
    /// A command is chosen.
    Palette(Palette),
    /// It is looked at what a prune would remove.
    Prune(Box<Dialog>),
}

/// An agent's steps.
#[derive(Debug, Clone)]
pub struct Trail {
    /// Whose.
    pub attempt: AttemptId,
    /// The steps.
    pub steps: Vec<Shown>,
    /// Of each step the first of those in a row that say the same, by position.
    pub alike: Vec<usize>,
    /// Who is to move.
    pub turn: Turn,
    /// The agent's own step budget.
    pub max_steps: Option<u32>,
    /// When it last wrote something.
    pub last_at: Option<Timestamp>,
    /// Its counts.
    pub totals: AgentTotals,
    /// Where the steps lie among all, where there are more than are held.
    pub pages: Option<Pages>,
    /// What all of them are then.
    pub marks: Marks,
    /// How long nothing comes as a rule.
    pub usual: Usual,
    /// So many steps were told to it.
    pub(super) heard: usize,
}

/// Whether we leave by ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// We stay.
    No,
    /// As soon as the runner is gone.
    WhenStopped,
}

impl State {
    /// A screen without a run yet.
    pub fn new(start: Start) -> Self {
        Self {
            run_id: start.run_id,
            path: None,
            run: Run::default(),
            runner: Sight::Gone,
            keeper: Sight::Gone,
            opened: start.now,
            now: start.now,
            zone: start.zone,
            masker: start.masker,
            limits: start.limits,
            access: start.access,
            queue: Queue::default(),
            screen: Screen::Queue,
            reading: Reading::default(),
            log: Log::default(),
            machine: Machine::default(),
            all_results: AllResults::default(),
            over: Over::Nothing,
            find: None,
            sought: None,
            beside: Beside::default(),
            pointer: Pointer::Ours,
            trails: Vec::new(),
            pages: Wishes::default(),
            ahead: None,
            output: None,
            wrote: Vec::new(),
            focus: None,
            asker: Asker::new(start.by, start.word),
            asked: Vec::new(),
            note: None,
            leaving: Leaving::No,
            free: None,
            troubles: BTreeMap::new(),
            unstarted: None,
            layout: Layout::default(),
            spots: Vec::new(),
            is_unread: false,
            id_cols: 0,
            tally: Tally::default(),
            earlier: Vec::new(),
            known: [0; 5],
            last_look: None,
            labels: Labels::default(),
            told: Vec::new(),
            unnamed: 0,
            bell: Bell::default(),
            base: Base::default(),
            heard: None,
        }
    }

    /// The run's state in a word.
    pub fn run_state(&self) -> RunState {
        let is_nothing = self.run.items.is_empty() && !self.troubles.is_empty();
        if self.is_others() && (self.run.created.is_none() || is_nothing) {
            // somebody else's has not begun, was not read yet, or can't be read
            return RunState::Waiting;
        }
        self.run.state(self.has_runner())
    }

    /// The selected item.
    pub fn selected_item(&self) -> Option<&Item> {
        self.run.item(self.queue.selected.as_ref()?)
    }

    /// Its row in the list.
    pub fn selected_row(&self) -> Option<usize> {
        self.run.position(self.queue.selected.as_ref()?)
    }

    /// The trajectory of the selected item, once it was read.
    pub fn shown_trail(&self) -> Option<&Trail> {
        self.trail_of(self.focus.as_ref()?.trail.as_ref()?)
    }

    /// The trajectory of the agent that runs, once it was read.
    pub fn live_trail(&self) -> Option<&Trail> {
        self.trail_of(self.focus.as_ref()?.live.as_ref()?)
    }

    /// The trajectory of an item's newest agent: of the item looked at, or of the one that runs.
    pub fn trail_for(&self, item: &Item) -> Option<&Trail> {
        if self.run.live.as_ref() == Some(&item.id) {
            return self.live_trail();
        }
        self.shown_trail().filter(|trail| trail.attempt.item == item.id)
    }

    /// The item that runs, where another one is looked at.
    pub fn live_beside(&self) -> Option<&Item> {
        self.run.live_item().filter(|live| Some(&live.id) != self.queue.selected.as_ref())
    }

    fn trail_of(&self, attempt: &AttemptId) -> Option<&Trail> {
        self.trails.iter().find(|trail| trail.attempt == *attempt)
    }

    /// The output of the selected item's stage, once it was read.
    pub fn shown_output(&self) -> Option<&OutputNews> {
        let (attempt, stage) = self.focus.as_ref()?.output.as_ref()?;
        self.output.as_ref().filter(|output| output.attempt == *attempt && output.stage == *stage)
    }

    /// The stage that runs now.
    pub fn live_stage(&self) -> Option<Stage> {
        self.run.live_stage().map(|(_, record)| record.stage)
    }

    /// Whether the run is somebody else's: nothing can be asked of it.
    pub const fn is_others(&self) -> bool {
        matches!(self.access, Access::Others(_))
    }

    /// The one item that was opened, where there is no run around it: nothing is to be chosen then.
    pub fn only_item(&self) -> Option<&Item> {
        match (self.access, self.run.items.as_slice()) {
            (Access::Others(Others::Files), [item]) => Some(item),
            _ => None,
        }
    }

    /// Whether there is such a screen: of one item there is no list, and files that were opened have no machine.
    pub fn has_screen(&self, screen: Screen) -> bool {
        match screen {
            Screen::Queue | Screen::Results => self.only_item().is_none(),
            Screen::Machine => self.access != Access::Others(Others::Files),
            Screen::Agent | Screen::Benchmark | Screen::Log => true,
        }
    }

    /// Whether the run has a runner.
    pub const fn has_runner(&self) -> bool {
        matches!(self.runner, Sight::Alive(_) | Sight::Unseen)
    }

    /// The stage that works on though the run has no runner: its keeper lives.
    pub fn orphan(&self) -> Option<Stage> {
        if self.has_runner() || matches!(self.keeper, Sight::Gone) { None } else { self.live_stage() }
    }

    /// Whether nobody works on the run any more.
    pub fn is_over(&self) -> bool {
        matches!(self.run_state(), RunState::Finished | RunState::Interrupted) && self.orphan().is_none()
    }

    /// The moment up to which clocks run: with nobody at work they stand at the last fact.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        if self.has_runner() || self.orphan().is_some() { now } else { self.run.at.unwrap_or(now) }
    }

    /// What was found so far is old: it rings for nothing of it.
    pub const fn hears_nothing_new(&mut self) {
        self.heard = None;
    }

    /// Leaves a remark in the footer.
    pub fn remark(&mut self, said: Said) {
        self.note = Some((self.now, said));
    }

    /// Whether something on the screen changes by time alone.
    pub fn ticks(&self) -> bool {
        let runs = self.has_runner() && self.run.finished.is_none();
        let is_seen = self.screen == Screen::Machine && self.machine.gpus.latest.is_some();
        runs || is_seen || self.machine.ticks() || self.orphan().is_some() || self.note.is_some() || !self.asked.is_empty()
    }

    /// How long the queue still takes, told at a moment: while nothing runs it grows no shorter.
    pub fn left(&self, now: Timestamp) -> Option<Left> {
        let Eta::Left(left) = &self.tally.eta else { return None };
        let stands = self.run.live_item().is_none_or(|live| pulse(self, live) != Pulse::Runs);
        Some(if stands { left.clone() } else { left.at(self.clock(now)) })
    }

    /// The moment at which no stage starts any more, where one is configured.
    pub fn until(&self) -> Option<Timestamp> {
        let since = self.run.runner.as_ref()?.since;
        next_time_of_day(self.limits.until.as_deref()?, since, &self.zone).filter(|_| !self.run.limits_lifted)
    }

    /// What runs goes on without any fact: what was estimated is estimated anew from time to time.
    pub(super) fn estimate(&mut self) {
        self.tally.eta = self.eta();
    }

    /// The estimate that stands, or a new one: where it is old, or something began, ended or was queued since. A step of an agent, of
    /// which there are many, changes nothing.
    fn eta(&mut self) -> Eta {
        let stages = self.run.items.iter().filter_map(Item::last_attempt).map(|last| last.stages.len() + last.n as usize).sum();
        let pending = self.run.items.iter().filter(|item| item.is_pending()).count();
        let is_live = usize::from(self.run.live_stage().is_some()) + usize::from(self.run.finished.is_some());
        let known = [stages, pending, is_live, self.run.items.len() + self.unnamed, self.earlier.len()];
        let is_old = matches!(&self.tally.eta, Eta::Left(left) if self.clock(self.now).duration_since(left.at) > ESTIMATES);
        if known == self.known && !is_old {
            return std::mem::take(&mut self.tally.eta);
        }
        self.known = known;
        eta::left(&self.run, &self.earlier, self.unnamed, self.clock(self.now))
    }

    /// Measures the list's columns and counts its items.
    pub(super) fn measure(&mut self) {
        self.all_results.is_stale = true;
        let eta = self.eta();
        self.tally = Tally::of(&self.run, self.unnamed, eta, self.clock(self.now));
        self.id_cols = self.run.items.iter().map(|item| width::width(&item.id.0)).max().unwrap_or_default();
    }
}
