//! A trajectory that its agent rewrites whole, read anew at every look: SWE-agent's and mini-swe-agent's.

use jiff::Timestamp;

use super::Live;
use super::steps::{MOST_CALLS, MOST_STEPS};
use super::trae::Taken;
use super::value::repaired;
use crate::domain::{AgentTotals, Reply, Step, Usage};

/// All that such a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) steps: Vec<Step>,
    pub(super) usage: Usage,
    pub(super) state: Live,
    pub(super) model: Option<String>,
    pub(super) task: Option<String>,
    pub(super) max_steps: Option<u32>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
}

/// Why a file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early, or is something else.
    Torn,
    /// It holds something that JSON does not know.
    Unfit,
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        if error.is_eof() { Self::Torn } else { Self::Unfit }
    }
}

/// The last good state of such a file.
#[derive(Debug, Default)]
pub(super) struct Whole {
    run: Option<Run>,
    more_steps: u32,
}

impl Whole {
    /// Takes the file's bytes as found now.
    pub(super) fn take(&mut self, bytes: &[u8], read: fn(&[u8]) -> Result<Run, Fault>) -> Taken {
        let run = read(bytes).or_else(|fault| if fault == Fault::Unfit { read(&repaired(bytes)) } else { Err(fault) });
        let Ok(mut run) = run else { return Taken::Torn };
        self.more_steps = u32::try_from(run.steps.len().saturating_sub(MOST_STEPS)).unwrap_or(u32::MAX);
        run.steps.truncate(MOST_STEPS);
        let mut room = MOST_CALLS;
        for step in &mut run.steps {
            step.calls.truncate(room);
            room -= step.calls.len();
        }
        let before = self.run.as_ref();
        if before == Some(&run) {
            return Taken::Same;
        }
        let old = before.map_or(&[][..], |before| &before.steps);
        let same = old.iter().zip(&run.steps).take_while(|(old, new)| old == new).count();
        let from = if run.steps.len() < old.len() { 0 } else { same };
        self.run = Some(run);
        Taken::News { from }
    }

    pub(super) fn steps(&self) -> &[Step] {
        self.run.as_ref().map_or(&[], |run| &run.steps)
    }

    pub(super) fn totals(&self) -> AgentTotals {
        let Some(run) = &self.run else { return AgentTotals::default() };
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        AgentTotals {
            steps: Some(small(run.steps.iter().filter(|step| step.reply == Reply::Complete).count()).saturating_add(self.more_steps)),
            calls: small(run.steps.iter().map(|step| step.calls.len()).sum()),
            usage: run.usage,
            cost_micro_usd: None,
        }
    }

    pub(super) fn state(&self) -> Live {
        self.run.as_ref().map_or(Live::WaitingForModel, |run| run.state.clone())
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.run.as_ref()?.model.as_deref()
    }

    pub(super) fn task(&self) -> Option<&str> {
        self.run.as_ref()?.task.as_deref()
    }

    pub(super) fn max_steps(&self) -> Option<u32> {
        self.run.as_ref()?.max_steps
    }

    pub(super) fn started_at(&self) -> Option<Timestamp> {
        self.run.as_ref()?.started_at
    }

    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.run.as_ref()?.last_at
    }
}
