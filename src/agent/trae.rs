//! TRAE's `trajectory.json`, live and afterwards: of `trae-agent` since its first version, of its forks, and of the Rust port,
//! whose steps lie in `llm_interaction` elements.
//!
//! What is a step: an element of `agent_steps`, by its place: its `step_number` may come twice. After the last of them each
//! element of `llm_interactions` without one is a step whose tools are running. Its calls are its `tool_calls` and those of
//! its `llm_response` that are not among them; its results are its `tool_results`, else those of `llm_messages` that fit.
//!
//! TRAE rewrites the whole file in place at every save, so a reader meets empty and half-written files all the time.
//! [`Trajectory::take`] is given the bytes found and keeps the last good state; it decodes only the elements that it has
//! not seen, and gives the same steps whether it saw every save or only the last one.

mod decode;
mod scan;
pub mod tally;

use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use rustc_hash::FxHasher;
use serde_json::value::RawValue;

use crate::agent::Live;
use crate::agent::steps::MOST_CALLS;
use crate::agent::value::{repaired, time};
use crate::domain::{AgentTotals, Reply, Step, Usage};

use scan::Found;

/// What a look at the file brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Empty, half-written or no trajectory: the last good state is kept. Look again.
    Torn,
    /// Nothing changed.
    Same,
    /// Something changed.
    News {
        /// Position in [`Trajectory::steps`] of the first step that is new or differs. Equal to their number when only
        /// the run's end changed. After a restart in the same file it is 0, and there may be fewer steps than before.
        from: usize,
    },
}

/// The state of one trajectory file.
#[derive(Debug, Clone, Default)]
pub struct Trajectory {
    steps: Vec<Step>,
    usages: Vec<Usage>,
    seen_steps: Vec<u64>,
    seen_interactions: Vec<u64>,
    /// The tokens of the steps, where no interaction tells them.
    is_port: bool,
    head: scan::Head,
    good: bool,
}

impl Trajectory {
    /// A trajectory of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the file's bytes as found now.
    pub fn take(&mut self, bytes: &[u8]) -> Taken {
        match scan::scan(bytes) {
            Ok(found) => self.adopt(&found),
            // Python writes what JSON does not know (NaN, half surrogates): repaired, and tried once more
            Err(scan::Fault::Unfit) => match scan::scan(&repaired(bytes)) {
                Ok(found) => self.adopt(&found),
                Err(_) => Taken::Torn,
            },
            Err(scan::Fault::Torn) => Taken::Torn,
        }
    }

    fn adopt(&mut self, found: &Found<'_>) -> Taken {
        let steps: Vec<u64> = found.agent_steps.iter().map(|raw| digest(raw)).collect();
        let interactions: Vec<u64> = found.llm_interactions.iter().map(|raw| digest(raw)).collect();
        let changed_head = !self.good || self.head != found.head;
        let shrank = steps.len() < self.seen_steps.len() || interactions.len() < self.seen_interactions.len();
        let from = if shrank {
            Some(0)
        } else {
            match (changed_at(&self.seen_steps, &steps), changed_at(&self.seen_interactions, &interactions)) {
                (None, None) => None,
                // a step that was running is not the last answer any more, so it differs too
                (None, Some(at)) => Some(at.min(self.seen_steps.len())),
                (Some(at), None) => Some(at),
                (Some(a), Some(b)) => Some(a.min(b)),
            }
        };
        if let Some(from) = from {
            self.steps.truncate(from);
            self.usages.truncate(from);
            for raw in found.llm_interactions.iter().skip(self.usages.len()) {
                self.usages.push(decode::interaction_usage(raw.get()));
            }
            self.decode_from(found);
        }
        self.is_port = found.of_port;
        self.seen_steps = steps;
        self.seen_interactions = interactions;
        self.head.clone_from(&found.head);
        self.good = true;
        match from {
            Some(from) => Taken::News { from },
            None if changed_head => Taken::News { from: self.steps.len() },
            None => Taken::Same,
        }
    }

    /// Decodes all steps that are not there yet.
    fn decode_from(&mut self, found: &Found<'_>) {
        let answered = found.llm_interactions.len();
        let mut calls: usize = self.steps.iter().map(|step| step.calls.len()).sum();
        for at in self.steps.len()..found.agent_steps.len().max(answered) {
            let index = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
            let interaction = found.llm_interactions.get(at).map(|raw| raw.get());
            let mut step = match (found.agent_steps.get(at), interaction) {
                (Some(raw), _) => decode::step(index, raw.get(), self.usages.get(at).copied()),
                (None, Some(raw)) => {
                    let reply = if at + 1 == answered { Reply::ToolsRunning } else { Reply::Complete };
                    decode::running(index, raw, reply)
                }
                (None, None) => continue,
            };
            step.calls.truncate(MOST_CALLS.saturating_sub(calls));
            calls += step.calls.len();
            self.steps.push(step);
        }
    }

    /// The steps, the one whose tools are running included.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The same, where nothing else is asked any more.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Finished steps, tool calls, and the tokens of all answers. `steps` is `None` before the first good look.
    pub fn totals(&self) -> AgentTotals {
        let mut totals = AgentTotals {
            steps: self.good.then(|| small(self.seen_steps.len()).saturating_add(self.head.more_steps)),
            ..AgentTotals::default()
        };
        totals.calls = small(self.steps.iter().map(|step| step.calls.len()).sum());
        for usage in &self.usages {
            totals.usage += *usage;
        }
        if self.is_port {
            self.steps.iter().for_each(|step| totals.usage += step.usage);
        }
        totals
    }

    /// The step budget.
    pub fn max_steps(&self) -> Option<u32> {
        self.head.max_steps
    }

    /// The model's name; empty when the file does not say.
    pub fn model(&self) -> &str {
        &self.head.model
    }

    /// The provider's name; empty when the file does not say.
    pub fn provider(&self) -> &str {
        &self.head.provider
    }

    /// What the agent was asked.
    pub fn task(&self) -> &str {
        &self.head.task
    }

    /// What the agent said last, or TRAE in its place; `None` until the end.
    pub fn final_result(&self) -> Option<&str> {
        self.head.final_result.as_deref()
    }

    /// When the run started.
    pub fn started_at(&self) -> Option<Timestamp> {
        time(&self.head.start_time)
    }

    /// When the run ended; `None` while it runs, and for a run that was killed.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.head.ended_at()
    }

    /// The latest time in the file: of the end, the last step or the start.
    pub fn last_at(&self) -> Option<Timestamp> {
        let last = self.steps.iter().rev().take(2).filter_map(|step| step.at).max();
        [self.ended_at(), last, self.started_at()].into_iter().flatten().max()
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        let failure = self.steps.last().and_then(|step| step.error.clone());
        self.head.state(failure, self.steps.last().map(|step| step.reply))
    }
}

/// The first position at which two lists differ, or `None` when they are equal.
fn changed_at(old: &[u64], new: &[u64]) -> Option<usize> {
    let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    (common < old.len().max(new.len())).then_some(common)
}

fn digest(raw: &RawValue) -> u64 {
    let mut hasher = FxHasher::default();
    raw.get().hash(&mut hasher);
    hasher.finish()
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
