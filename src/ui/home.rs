//! The start screen: the runs of a checkout, its plans, and the demo; what each is, and the way into it.
//! State, messages and update, as for a run's screen, but with a vocabulary of its own.

pub mod asks;
pub mod card;
pub mod message;
mod moves;
pub mod told;
pub mod update;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use card::{AgentCard, Choice, Looked, PlanCard, RunCard, Seen, Summary};
pub use message::{Effect, Layout, Left, Msg, News, Wish};
pub use update::update;

use super::prompt::Search;
use super::question::Question;
use super::state::Pointer;
use super::{Said, mouse::Spot};
use crate::domain::RunId;
use crate::text::find::Pattern;
use crate::text::mask::Masker;

/// Everything that the start screen knows.
#[derive(Debug)]
pub struct Home {
    /// Where it looks.
    pub place: Place,
    /// The newest moment that a message brought.
    pub now: Timestamp,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// The runs, the newest first; `None` until they are listed.
    pub runs: Option<Vec<RunCard>>,
    /// The plans and agents; `None` until they are found.
    pub found: Option<Found>,
    /// What preflight found, of each plan and agent that was looked at.
    pub looked: Vec<Looked>,
    /// The selected entry.
    pub selected: Option<Entry>,
    /// Who selects.
    pub chosen: Chosen,
    /// The agent that a plan would be run with, by its place in the list.
    pub agent: usize,
    /// The first run shown, by its place.
    pub top: usize,
    /// The first plan shown, by its place; the demo counts as the last.
    pub plan_top: usize,
    /// Rows of the selected entry above those that are shown.
    pub scroll: usize,
    /// What lies over it.
    pub over: Over,
    /// What is searched for in the list.
    pub find: Option<Pattern>,
    /// Who has the mouse.
    pub pointer: Pointer,
    /// The newest remark, and when it came.
    pub note: Option<(Timestamp, Said)>,
    /// What is being started, in a sentence.
    pub starting: Option<String>,
    /// What went wrong at the last start; stays until something else is done.
    pub trouble: Option<String>,
    /// How much room the last frame had.
    pub layout: Layout,
    /// What a click means in the last frame.
    pub spots: Vec<Spot>,
}

/// Where the start screen looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a harness folder.
    Checkout(PathBuf),
    /// Nowhere: the sentence says what was looked for.
    Nowhere(String),
}

/// What was found in the checkout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its plans.
    pub plans: Vec<PlanCard>,
    /// The agents to choose from, that of the configuration first.
    pub agents: Vec<AgentCard>,
    /// ISO-Bench's own runs.
    pub own_runs: Vec<card::OwnRuns>,
}

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A run.
    Run(RunId),
    /// A plan, by its file.
    Plan(PathBuf),
    /// The demo.
    Demo,
}

/// Who selects an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// Nobody yet: the newest run, else the first plan, else the demo.
    ByItself,
    /// The reader.
    ByHand,
}

/// What lies over the start screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    Nothing,
    /// The help, from this row on.
    Help(usize),
    /// A question.
    Question(Question<asks::Then>),
    /// A search is typed.
    Find(Search),
}

/// What the caller knows at the start.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where to look.
    pub place: Place,
    /// The run that was shown before.
    pub from: Option<RunId>,
    /// What went wrong before, in a sentence.
    pub trouble: Option<String>,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// Hides secrets.
    pub masker: Masker,
    /// The moment.
    pub now: Timestamp,
}

impl Home {
    /// A start screen that knows nothing yet.
    pub fn new(start: Start) -> Self {
        let nowhere = matches!(start.place, Place::Nowhere(_));
        Self {
            place: start.place,
            now: start.now,
            zone: start.zone,
            masker: start.masker,
            runs: nowhere.then(Vec::new),
            found: nowhere.then(Found::default),
            looked: Vec::new(),
            chosen: if start.from.is_some() { Chosen::ByHand } else { Chosen::ByItself },
            selected: start.from.map(Entry::Run).or_else(|| nowhere.then_some(Entry::Demo)),
            agent: 0,
            top: 0,
            plan_top: 0,
            scroll: 0,
            over: Over::Nothing,
            find: None,
            pointer: Pointer::Ours,
            note: None,
            starting: None,
            trouble: start.trouble,
            layout: Layout::default(),
            spots: Vec::new(),
        }
    }

    /// The runs that are known.
    pub fn runs(&self) -> &[RunCard] {
        self.runs.as_deref().unwrap_or_default()
    }

    /// The plans that are known.
    pub fn plans(&self) -> &[PlanCard] {
        self.found.as_ref().map_or(&[], |found| &found.plans)
    }

    /// The agents to choose from.
    pub fn agents(&self) -> &[AgentCard] {
        self.found.as_ref().map_or(&[], |found| &found.agents)
    }

    /// ISO-Bench's own runs.
    pub fn own_runs(&self) -> &[card::OwnRuns] {
        self.found.as_ref().map_or(&[], |found| &found.own_runs)
    }

    /// Every entry, in the order of the list. The demo comes with the plans: nobody lands on it because they are slow.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let runs = self.runs().iter().map(|run| Entry::Run(run.id.clone()));
        let demo = self.found.as_ref().map(|_| Entry::Demo);
        runs.chain(self.plans().iter().map(|plan| Entry::Plan(plan.path.clone()))).chain(demo)
    }

    /// The place of the selected entry in the list.
    pub fn selected_at(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.entries().position(|entry| entry == *selected)
    }

    /// The selected run.
    pub fn selected_run(&self) -> Option<&RunCard> {
        let Some(Entry::Run(id)) = &self.selected else { return None };
        self.runs().iter().find(|run| run.id == *id)
    }

    /// The selected plan.
    pub fn selected_plan(&self) -> Option<&PlanCard> {
        let Some(Entry::Plan(path)) = &self.selected else { return None };
        self.plans().iter().find(|plan| plan.path == *path)
    }

    /// The agent that the selected plan would be run with; `None` while the agents are not known.
    pub fn selected_agent(&self) -> Option<&AgentCard> {
        self.agents().get(self.agent)
    }

    /// The plan and the agent that are selected.
    pub fn choice(&self) -> Option<Choice> {
        let agent = self.selected_agent()?.asked.clone();
        Some(Choice { plan: self.selected_plan()?.path.clone(), agent })
    }

    /// What preflight found of them, once it was looked.
    pub fn look(&self) -> Option<&Looked> {
        let choice = self.choice()?;
        self.looked.iter().find(|looked| looked.choice == choice)
    }

    /// The newest unfinished run of the same plan and agent.
    pub fn unfinished(&self, looked: &Looked) -> Option<(&RunCard, &Summary)> {
        self.runs().iter().filter_map(|run| Some((run, run.summary()?))).find(|(_, run)| run.is_same_work(looked) && run.finished.is_none())
    }

    /// Whether an entry is what is searched for.
    pub fn is_found(&self, entry: &Entry) -> bool {
        moves::is_found(self, entry)
    }
}
