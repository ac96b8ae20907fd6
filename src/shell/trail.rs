//! Following what one agent writes.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::agent::live::{News, Reading};
use crate::agent::{End, Live};
use crate::detect::kind::Kinds;
use crate::domain::AttemptId;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::message::{TrailNews, Turn};
use crate::ui::step::Shown;

/// One agent's steps, as far as they were read.
#[derive(Debug)]
pub struct TrailFile {
    attempt: AttemptId,
    reading: Reading,
    kinds: Kinds,
}

impl TrailFile {
    /// Not yet read.
    pub fn new(attempt: AttemptId) -> Self {
        Self { attempt, reading: Reading::new(), kinds: Kinds::default() }
    }

    /// Whose it is.
    pub const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Reads what changed in the item's folder.
    pub fn read_on(&mut self, item_folder: &Path, masker: &Masker) -> io::Result<Option<TrailNews>> {
        let news = self.reading.look(item_folder)?;
        Ok(news.map(|news| self.news(news, masker)))
    }

    fn news(&mut self, news: News, masker: &Masker) -> TrailNews {
        let steps = self.reading.steps();
        let from = news.from.min(steps.len());
        if from == 0 {
            self.kinds = Kinds::default();
        }
        let kinds = &mut self.kinds;
        TrailNews {
            attempt: self.attempt.clone(),
            from,
            steps: steps.iter().skip(from).map(|step| Shown::of(step, kinds, masker)).collect(),
            turn: turn(&self.reading.state(), masker),
            max_steps: self.reading.max_steps(),
            // an agent's own clock may count in local time without an offset; the file's is at least this machine's
            last_at: Timestamp::try_from(news.changed).ok().or_else(|| self.reading.last_at()),
            totals: self.reading.totals(),
        }
    }
}

fn turn(live: &Live, masker: &Masker) -> Turn {
    let why = |text: &str| Some(clean::first_line(&masker.mask(text)));
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
