//! What the detectors say of the agent at work, as facts: bounded in size and number, and free of secrets.

mod context;
mod ends;
mod kept;
mod quiet;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ends::{code_of, end_of, ends_of, told_of};
pub use quiet::{Beat, Quiet};

use super::Job;
use super::agent_watch::says_of;
use crate::agent::live::Reading;
use crate::detect::{Context, Watch};
use crate::domain::{AttemptId, Stage, Step};
use crate::ledger::Fact;
use crate::model::{Attempt, Item};
use crate::text::mask::Masker;
use kept::{Episodes, Remarks};

/// New steps that are handed over one by one; of more at once (a runner that takes up a long agent) several together.
const ALONE: usize = 1000;

/// The detectors over the agent of one attempt.
#[derive(Debug)]
pub struct Detection {
    attempt: AttemptId,
    context: Context,
    /// From the first step on: until then the agent may still say how many steps it has.
    watch: Option<Watch>,
    /// Steps that they were handed so far.
    handed: usize,
    episodes: Episodes,
    alarms: Remarks,
    badges: Remarks,
    quiet: Quiet,
}

/// What one look at the agent brought.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The agent as it was read.
    pub reading: &'a Reading,
    /// The first step that is new or differs; `None` where nothing is.
    pub from: Option<usize>,
    /// Whether the agent has ended: its last steps are settled.
    pub is_over: bool,
}

impl Detection {
    /// For the agent of this item. What the ledger holds of the attempt already, from a runner before us, is not told again.
    pub fn of(job: &Job, item: &Item) -> Option<Self> {
        let last = item.last_attempt()?;
        let mut detection = Self::new(item.last_attempt_id()?, context::of(job, item), last);
        detection.quiet.can_be_heard(job.config.agent.silence_s, job.can_be_read());
        Some(detection)
    }

    fn new(attempt: AttemptId, context: Context, last: &Attempt) -> Self {
        Self {
            attempt,
            context,
            watch: None,
            handed: 0,
            episodes: Episodes::after(&last.findings, &last.badges),
            alarms: Remarks::after(&last.alarms),
            badges: Remarks::after(&last.badges),
            quiet: Quiet::after(&last.findings),
        }
    }

    /// The facts of what is new. `Err` is a rule's own panic: a defect of ours that must not end the run.
    pub fn take(&mut self, seen: &Seen<'_>, masker: &Masker) -> Result<Vec<Fact>, String> {
        let steps = seen.reading.steps();
        if seen.from.is_none() && !seen.is_over || steps.is_empty() && self.watch.is_none() {
            return Ok(Vec::new());
        }
        let mut watch = self.watch.take().unwrap_or_else(|| {
            let mut context = std::mem::take(&mut self.context);
            context.max_steps = context.max_steps.or(seen.reading.max_steps());
            Watch::new(context)
        });
        let facts = catch_unwind(AssertUnwindSafe(|| self.hand_over(&mut watch, steps, seen, masker)));
        self.watch = Some(watch);
        facts.map_err(|panic| says_of(panic.as_ref()))
    }

    /// Hands the steps over as if each had been seen alone: which step a finding is of does not depend on how often we look.
    fn hand_over(&mut self, watch: &mut Watch, steps: &[Step], seen: &Seen<'_>, masker: &Masker) -> Vec<Fact> {
        let (from, are_final) = (seen.from.unwrap_or(steps.len()), seen.reading.are_final());
        let mut facts = Vec::new();
        // where the file became shorter it is taken whole
        let mut upto = if steps.len() < self.handed { steps.len() } else { self.handed.max(from).min(steps.len()) };
        let stride = (steps.len() - upto).div_ceil(ALONE).max(1);
        loop {
            let so_far = steps.get(..upto).unwrap_or_default();
            let is_all = upto == steps.len();
            if watch.take(so_far, from.min(upto), are_final, seen.is_over && is_all) {
                self.alarms.begin_anew();
                self.badges.begin_anew();
            }
            let read_to = (is_all && !seen.reading.is_behind()).then(|| so_far.last().map_or(0, |step| step.index));
            self.tell(watch, read_to, masker, &mut facts);
            if is_all {
                break;
            }
            upto = upto.saturating_add(stride).min(steps.len());
        }
        self.handed = steps.len();
        facts
    }

    /// What is new in what the detectors say, having read up to the step `read_to`; see [`Episodes::told`].
    fn tell(&mut self, watch: &Watch, read_to: Option<u32>, masker: &Masker, facts: &mut Vec<Fact>) {
        let (item, n) = (&self.attempt.item, self.attempt.n);
        let told = self.episodes.told(&watch.findings(), read_to, masker);
        facts.extend(told.made.into_iter().map(|told| told.fact(item, n)));
        let alarms = self.alarms.told(&watch.alarms(), masker);
        facts.extend(alarms.into_iter().map(|alarm| Fact::AlarmRaised { item: item.clone(), n, alarm }));
        let badges = self.badges.told(&watch.badges(), masker);
        let badges = badges.into_iter().chain(told.left_out);
        facts.extend(badges.map(|badge| Fact::BadgeGiven { item: item.clone(), n, badge }));
    }

    /// Whether something came, and where nothing did for long, that. Called at every look, with the time that the agent
    /// may be measured by.
    pub fn listen(&mut self, beat: &Beat, usual: &mut crate::detect::silence::Usual) -> Option<Fact> {
        let told = self.quiet.listen(beat, usual, &mut self.episodes)?;
        Some(told.fact(&self.attempt.item, self.attempt.n))
    }
}

impl Job {
    /// Whether what the agent writes can be read while it works.
    fn can_be_read(&self) -> bool {
        super::harness::is_used(&self.config)
            || self.config.agent.kind != crate::domain::AgentKind::Command
            || self.config.agent.trajectory.is_some()
    }
}

/// Whether a stage is the one that is watched.
pub fn is_watched(stage: Stage) -> bool {
    stage == Stage::Agent
}
