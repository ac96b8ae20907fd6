//! What the detectors say of the agent at work, as facts: bounded in size and number, and free of secrets.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::kept::{Episodes, Remarks};
use super::quiet::{Beat, Quiet};
use crate::agent::live::Reading;
use crate::detect::{Context, Watch};
use crate::domain::{AttemptId, Step};
use crate::ledger::Fact;
use crate::model::Attempt;
use crate::text::mask::Masker;

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
    /// For the agent of an attempt. What is on record of the attempt already, from a runner before us, is not told again.
    pub fn new(attempt: AttemptId, context: Context, known: Option<&Attempt>) -> Self {
        let (nothing, none) = (BTreeMap::new(), Vec::new());
        let (findings, alarms, badges) = known.map_or((&nothing, &none, &none), |known| (&known.findings, &known.alarms, &known.badges));
        Self {
            attempt,
            context,
            watch: None,
            handed: 0,
            episodes: Episodes::after(findings, badges),
            alarms: Remarks::after(alarms),
            badges: Remarks::after(badges),
            quiet: Quiet::after(findings),
        }
    }

    /// After how long it is silent, where a person said so, and whether its files can be read at all.
    pub fn can_be_heard(&mut self, set_s: Option<f64>, can_be_read: bool) {
        self.quiet.can_be_heard(set_s, can_be_read);
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

/// What a panic said.
pub fn says_of(panic: &(dyn Any + Send)) -> String {
    let says = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|says| (*says).to_owned()));
    says.unwrap_or_else(|| "without a word".to_owned())
}
