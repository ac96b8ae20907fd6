//! Following what one agent writes.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::places::{ItemPlace, Places};
use crate::agent::live::{self, News, Reading};
use crate::agent::open::{self, Opened};
use crate::agent::{End, Live};
use crate::detect::kind::Kinds;
use crate::domain::{AttemptId, Step};
use crate::text::mask::Masker;
use crate::ui::message::{TrailNews, Turn};
use crate::ui::step::Shown;

/// One agent's steps, as far as they were read.
#[derive(Debug)]
pub struct TrailFile {
    attempt: AttemptId,
    source: Source,
    kinds: Kinds,
}

/// Where it is read from.
#[derive(Debug)]
enum Source {
    /// The newest there is in an item's folder.
    Folder(Reading),
    /// A file, or a folder of events.
    File(Reading),
    /// One run of a file that holds several, and its steps once they were told.
    One(String, Option<Vec<Step>>),
    /// It is too large to be kept: the pager reads it.
    Large,
}

/// The file or folder that tells of an attempt's agent; `None` of one run of several in a file.
pub(super) fn file_of(attempt: &AttemptId, places: &Places) -> Option<PathBuf> {
    match places.other(&attempt.item) {
        Some(ItemPlace { instance: Some(_), .. }) => None,
        // one that is over may have left nothing but what its agent printed, or packed files
        Some(ItemPlace { path, instance: None }) if !live::is_item(&path) => Some(open::file_of(&path).unwrap_or(path)),
        _ => Some(live::file_in(&places.item_folder(attempt))),
    }
}

impl TrailFile {
    /// In an item's folder, not yet read.
    pub fn new(attempt: AttemptId) -> Self {
        Self { attempt, source: Source::Folder(Reading::new()), kinds: Kinds::default() }
    }

    /// Wherever the item lies, not yet read.
    pub fn of(attempt: AttemptId, places: &Places) -> Self {
        let file = file_of(&attempt, places);
        let source = match (places.other(&attempt.item), file) {
            (Some(ItemPlace { instance: Some(instance), .. }), _) => Source::One(instance, None),
            (_, Some(file)) if places.paged(&file).is_ok_and(|paged| paged.is_some()) => Source::Large,
            (Some(ItemPlace { path, instance: None }), Some(file)) if !live::is_item(&path) => Source::File(Reading::of(&file)),
            _ => Source::Folder(Reading::new()),
        };
        Self { attempt, source, kinds: Kinds::default() }
    }

    /// Whose it is.
    pub const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Whether it is too large to be kept: the pager reads it.
    pub const fn is_large(&self) -> bool {
        matches!(self.source, Source::Large)
    }

    /// The steps that were read, in full.
    pub fn steps(&self) -> &[Step] {
        match &self.source {
            Source::Folder(reading) | Source::File(reading) => reading.steps(),
            Source::One(_, steps) => steps.as_deref().unwrap_or_default(),
            Source::Large => &[],
        }
    }

    /// Reads what changed at the item's place.
    pub fn read_on(&mut self, place: &Path, masker: &Masker) -> io::Result<Option<TrailNews>> {
        let (attempt, kinds) = (&self.attempt, &mut self.kinds);
        let (reading, news) = match &mut self.source {
            Source::Folder(reading) => {
                let news = reading.look(place)?;
                (reading, news)
            }
            Source::File(reading) => {
                let news = reading.read_on()?;
                (reading, news)
            }
            Source::Large | Source::One(_, Some(_)) => return Ok(None),
            Source::One(instance, told) => {
                let run = one(place, instance);
                let news = run.as_ref().map(|run| all_of(attempt, kinds, run, masker));
                *told = Some(run.map(|run| run.steps).unwrap_or_default());
                return Ok(news);
            }
        };
        Ok(news.map(|news| going_on(attempt, kinds, reading, news, masker)))
    }
}

fn going_on(attempt: &AttemptId, kinds: &mut Kinds, reading: &Reading, news: News, masker: &Masker) -> TrailNews {
    let steps = reading.steps();
    let from = news.from.min(steps.len());
    if from == 0 {
        *kinds = Kinds::default();
    }
    TrailNews {
        attempt: attempt.clone(),
        from,
        steps: steps.iter().skip(from).map(|step| Shown::of(step, kinds, masker)).collect(),
        turn: turn(&reading.state(), masker),
        max_steps: reading.max_steps(),
        // an agent's own clock may count in local time without an offset; the file's is at least this machine's
        last_at: Timestamp::try_from(news.changed).ok().or_else(|| reading.last_at()),
        totals: reading.totals(),
        pages: None,
    }
}

/// One run of a file that holds several. What can't be read is told by who folds the file.
fn one(path: &Path, instance: &str) -> Option<Opened> {
    open::open(path).ok()?.into_iter().find(|run| run.instance.as_deref() == Some(instance))
}

fn all_of(attempt: &AttemptId, kinds: &mut Kinds, run: &Opened, masker: &Masker) -> TrailNews {
    TrailNews {
        attempt: attempt.clone(),
        from: 0,
        steps: run.steps.iter().map(|step| Shown::of(step, kinds, masker)).collect(),
        turn: turn(&run.state, masker),
        max_steps: run.max_steps,
        last_at: run.last_at,
        totals: run.totals,
        pages: None,
    }
}

pub(super) fn turn(live: &Live, masker: &Masker) -> Turn {
    let why = |text: &str| Some(masker.first_line(text));
    match live {
        Live::WaitingForModel => Turn::Model,
        Live::ToolsRunning => Turn::Tools,
        Live::Ended(end) => Turn::Over(match end {
            End::Accepted => None,
            End::MaxSteps => Some("the step budget ran out".to_owned()),
            End::OwnBudget(text) | End::StepError(text) | End::Failed(text) | End::Stopped(text) => why(text),
            End::Unexplained => Some("without a word why".to_owned()),
        }),
    }
}
