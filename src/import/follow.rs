//! A run of the harness that somebody else makes, followed by its files: read only, folded anew whenever one changes, so that
//! the screens of our own runs show it.

mod entry;
mod gone;
mod log;
mod plan;
mod sight;
mod tell;
mod three_way;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use self::entry::{Entry, Look};
use self::log::{Kind, Log, LogFile};
use self::plan::{Budget, Chosen};
pub use self::sight::Sight;
use self::sight::{Lookout, Script, Wanted};
pub use self::three_way::{ThreeWay, is_results};
use super::bytes::Scratch;
use super::harness::Names;
use super::item::Against;
use crate::artifact::Checkout;
use crate::detect::silence::Usual;
use crate::domain::ItemId;
use crate::import::safe;
use crate::model::Run;
use crate::text::clean;
use crate::text::mask::Masker;

/// Where a run lies, and what was named beside it.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The checkout that the run belongs to, where it lies in one.
    pub checkout: Option<Checkout>,
    /// The plan, where one was named.
    pub plan: Option<PathBuf>,
    /// The log, where one was named.
    pub log: Option<PathBuf>,
}

impl Around {
    /// What the harness's logs print of secrets: names and values, as far as they print them.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let folders = self.checkout.iter().flat_map(|checkout| [checkout.repo_root.clone(), checkout.root.clone()]);
        log::secrets(&folders.collect::<Vec<_>>(), self.log.as_deref())
    }
}

/// What a look brought: the run as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    /// The fold.
    pub run: Run,
    /// Where its items lie.
    pub items: HashMap<ItemId, PathBuf>,
    /// The harness's log, where one is known.
    pub log: Option<PathBuf>,
    /// The agent's step budget, where it has one.
    pub max_steps: Option<u32>,
    /// Whether somebody works on it.
    pub sight: Sight,
    /// What is to be known of it and stands in no fact.
    pub says: Vec<Says>,
    /// How many items are still to come that nothing names.
    pub unnamed: usize,
    /// Whether what came is of items that were over before: no news to ring for.
    pub is_catching_up: bool,
    /// Since when its folder is gone; the rest is what was known of it then.
    pub gone: Option<Timestamp>,
}

/// A sentence about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// To know.
    Note(String),
    /// Something is not as it should be.
    Trouble(String),
}

impl Says {
    /// The sentence.
    pub fn text(&self) -> &str {
        let (Self::Note(text) | Self::Trouble(text)) = self;
        text
    }

    /// The same, fit to be shown.
    fn safe(self, masker: &Masker) -> Self {
        let safe = |text: String| clean::shown(&masker.mask(&text)).into_owned();
        match self {
            Self::Note(text) => Self::Note(safe(text)),
            Self::Trouble(text) => Self::Trouble(safe(text)),
        }
    }
}

/// A run folder, followed.
#[derive(Debug)]
pub struct Follow {
    folder: PathBuf,
    around: Around,
    masker: Masker,
    clone: Option<PathBuf>,
    entries: Vec<Entry>,
    chosen: Option<Chosen>,
    budget: Budget,
    log: Log,
    log_file: Option<LogFile>,
    lookout: Lookout,
    sight: Sight,
    usual: Usual,
    scratch: Scratch,
    looks: u64,
    is_caught_up: bool,
    known: gone::Known,
}

/// Every so many looks it is asked who works here, and which files beside the run's there are.
const SELDOM: u64 = 4;

impl Follow {
    /// Of a run folder, `state/runs/<repo>/<agent>/<model>/<timestamp>`, which need not be there yet.
    pub fn new(folder: PathBuf, around: Around, masker: Masker) -> Self {
        let log_file = around.log.clone().map(LogFile::new);
        Self {
            folder,
            around,
            masker,
            clone: None,
            entries: Vec::new(),
            chosen: None,
            budget: Budget::default(),
            log: Log::default(),
            log_file,
            lookout: Lookout::default(),
            sight: Sight::Absent(String::new()),
            usual: Usual::default(),
            scratch: Scratch::default(),
            looks: 0,
            is_caught_up: false,
            known: gone::Known::default(),
        }
    }

    /// The folder that is followed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How people call it.
    pub fn name(&self) -> String {
        Names::of(&self.folder, &[]).run
    }

    /// Looks at all files, at this moment by the wall clock and in milliseconds since boot.
    pub fn look(&mut self, now: Timestamp, up_ms: u64) -> Now {
        if let Some(last) = self.known.instead(&self.folder, now) {
            return last;
        }
        let now = self.files(now, up_ms);
        // one that is awaited has nothing to remember yet
        if self.folder.is_dir() {
            self.known.keep(&now);
        }
        now
    }

    fn files(&mut self, now: Timestamp, up_ms: u64) -> Now {
        self.list();
        if self.looks.is_multiple_of(SELDOM) {
            self.ask_around(now);
        }
        let is_first = self.looks == 0;
        self.looks += 1;
        let is_at_work = !matches!(self.sight, Sight::Absent(_));
        let repos = super::repos_of(&self.folder);
        let mut look = Look {
            against: Against { clone: self.clone.as_deref(), repos: repos.as_deref() },
            masker: &self.masker,
            scratch: &mut self.scratch,
            usual: &mut self.usual,
            up_ms,
            max_ms: self.budget.ms,
            is_at_work,
        };
        for entry in &mut self.entries {
            let taken_up = self.log.begun.get(&entry.id).copied();
            entry.look(&mut look, taken_up);
        }
        // what was over before is looked through one by one, while nothing else is to be done
        let was_caught_up = self.is_caught_up;
        if !is_first {
            self.is_caught_up = !self.entries.iter_mut().any(|entry| entry.catch_up(&mut look));
        }
        self.read_log();
        Now {
            run: safe(self.fold(), &self.masker),
            items: self.entries.iter().map(|entry| (entry.id.clone(), entry.folder.clone())).collect(),
            log: self.log_file.as_ref().map(|log| log.path.clone()),
            max_steps: self.budget.steps,
            sight: self.sight.clone(),
            says: self.says(),
            unnamed: 0,
            is_catching_up: !was_caught_up,
            gone: None,
        }
    }

    /// Whether every item that was over when it began was looked through.
    pub const fn is_caught_up(&self) -> bool {
        self.is_caught_up
    }

    /// Takes up the folders of items that are new.
    fn list(&mut self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_item = |entry: &fs::DirEntry| {
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_dir())
        };
        let mut new: Vec<PathBuf> = entries.filter(is_item).map(|entry| entry.path()).collect();
        new.retain(|path| self.entries.iter().all(|known| known.folder != *path));
        new.sort();
        self.entries.extend(new.into_iter().map(Entry::new));
    }

    /// Who works here, which plan and log there are.
    fn ask_around(&mut self, now: Timestamp) {
        let checkout = self.around.checkout.as_ref();
        let folders: Vec<PathBuf> = checkout.map(|checkout| vec![checkout.repo_root.clone(), checkout.root.clone()]).unwrap_or_default();
        let newest = self.newest();
        let wanted = Wanted { what: Script::Prepare, folders: &folders, on: &self.folder };
        self.sight = self.lookout.look(&wanted, newest, now);
        let process = if let Sight::Alive(program) = &self.sight { Some(&**program) } else { None };
        let items = self.entries.iter().map(|entry| plan::Begun { id: &entry.id.0, human: tell::human(entry) });
        let items: Vec<plan::Begun<'_>> = items.collect();
        let is_known = self.chosen.as_ref().is_some_and(|chosen| {
            // one that was told by few items is told again by more
            self.around.plan.is_some() || (items.len() > 3 && plan::holds(&chosen.plan, &items))
        });
        if !is_known {
            self.chosen = plan::plan(checkout, self.around.plan.as_deref(), process, &items);
        }
        let names = Names::of(&self.folder, &[]);
        self.budget = plan::budget(checkout, process, &names.agent);
        if self.clone.is_none()
            && let (Some(checkout), Some(chosen)) = (checkout, &self.chosen)
        {
            self.clone = checkout.clone_of(None, &chosen.plan.repo, &chosen.plan.task_id).ok();
        }
        if self.log_file.is_none() {
            let beside = process.and_then(|process| process.folder.clone());
            let folders: Vec<PathBuf> = folders.into_iter().chain(beside).collect();
            self.log_file = log::find(&folders, Kind::Prepare, &self.folder).map(LogFile::new);
        }
    }

    fn read_log(&mut self) {
        let Some(file) = &mut self.log_file else { return };
        let known: Vec<ItemId> = match &self.chosen {
            Some(chosen) => chosen.plan.items.iter().map(|item| item.item_id.clone()).collect(),
            None => self.entries.iter().map(|entry| entry.id.clone()).collect(),
        };
        // a log that can't be read only adds nothing
        let lines = file.lines().unwrap_or_default();
        self.log.take(&lines, &known);
    }

    /// When anything of the run changed last.
    fn newest(&self) -> Option<SystemTime> {
        let own = fs::metadata(&self.folder).and_then(|there| there.modified()).ok();
        self.entries.iter().filter_map(Entry::newest).chain(own).max()
    }

    /// What stands in no fact.
    fn says(&self) -> Vec<Says> {
        let mut says = Vec::new();
        match &self.sight {
            Sight::Unseen(why) => says.push(why.clone()),
            Sight::Absent(why) if self.entries.iter().any(|entry| entry.live.is_some()) || self.is_waiting() => says.push(why.clone()),
            Sight::Alive(_) | Sight::Absent(_) => {}
        }
        if let Some(error) = &self.log.error {
            says.push(format!("`prepare` ended with an error: {}", clean::line(error)));
        }
        says.into_iter().map(|says| Says::Trouble(says).safe(&self.masker)).collect()
    }

    /// Whether items of the plan have not begun.
    fn is_waiting(&self) -> bool {
        let planned = self.chosen.iter().flat_map(|chosen| &chosen.plan.items);
        planned.into_iter().any(|planned| !self.entries.iter().any(|entry| entry.id == planned.item_id))
    }
}
