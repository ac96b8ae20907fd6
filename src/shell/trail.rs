//! Following one trajectory file.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::agent::trae::{End, Live, Taken, Trajectory};
use crate::domain::AttemptId;
use crate::host::files::Rewritten;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::kind::Kinds;
use crate::ui::message::{TrailNews, Turn};
use crate::ui::step::Shown;

/// One trajectory, as far as it was read.
#[derive(Debug)]
pub struct TrailFile {
    attempt: AttemptId,
    file: Rewritten,
    trajectory: Trajectory,
    kinds: Kinds,
}

impl TrailFile {
    /// Not yet read.
    pub fn new(attempt: AttemptId) -> Self {
        Self { attempt, file: Rewritten::default(), trajectory: Trajectory::new(), kinds: Kinds::default() }
    }

    /// Whose it is.
    pub const fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Reads it where it changed.
    pub fn read_on(&mut self, path: &Path, masker: &Masker) -> io::Result<Option<TrailNews>> {
        let Some((bytes, changed)) = self.file.changed(path)? else { return Ok(None) };
        let taken = self.trajectory.take(&bytes);
        if taken != Taken::Torn {
            self.file.good();
        }
        let Taken::News { from } = taken else { return Ok(None) };
        if from == 0 {
            self.kinds = Kinds::default();
        }
        Ok(Some(self.news(from, changed, masker)))
    }

    fn news(&mut self, from: usize, changed: SystemTime, masker: &Masker) -> TrailNews {
        let kinds = &mut self.kinds;
        let fresh = self.trajectory.steps().get(from..).unwrap_or_default();
        TrailNews {
            attempt: self.attempt.clone(),
            from,
            steps: fresh.iter().map(|step| Shown::of(step, kinds, masker)).collect(),
            turn: turn(&self.trajectory.state(), masker),
            max_steps: self.trajectory.max_steps(),
            // the agent's own clock counts in local time without an offset; the file's is at least this machine's
            last_at: Timestamp::try_from(changed).ok().or_else(|| self.trajectory.last_at()),
            totals: self.trajectory.totals(),
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
            End::StepError(text) | End::Failed(text) => why(text),
            End::Unexplained => Some("without a word why".to_owned()),
        }),
    }
}
