//! D19: how far the budget of steps, tokens and time is used, and how fast the context grows. Badges, no findings: to use a
//! budget is not to be stuck.

use super::look::Look;
use super::rule::Notice;
use super::suite::Context;
use crate::domain::{Detector, Evidence, Remark};
use crate::text::{duration, tokens};

/// Parts of a budget at which it is told.
const PARTS: [u64; 3] = [50, 80, 100];
/// Weight of the newest step in averages, as one part in this many.
const NEWEST: u64 = 8;
/// Growth of the input, per step, that is worth a word beside a badge.
const MUCH: u64 = 2_000;

/// What an agent has used.
#[derive(Debug)]
pub(super) struct Budget {
    steps: Meter,
    tokens: Meter,
    time: Meter,
    /// The time of the first step, in ms.
    began: Option<i64>,
    /// Input of the step before, and how much it grows with a step.
    input: u64,
    growth: u64,
    /// Tokens since the source changed last, and how many such a change takes.
    since_change: u64,
    per_change: Option<u64>,
}

/// One budget.
#[derive(Debug, Default)]
struct Meter {
    used: u64,
    /// `None` where there is none.
    of: Option<u64>,
    /// How many of the parts were told.
    told: usize,
}

impl Budget {
    /// Of an agent of which nothing was seen yet.
    pub(super) fn new(context: &Context) -> Self {
        let of = |of: Option<u64>| Meter { of: of.filter(|of| *of > 0), ..Meter::default() };
        Self {
            steps: of(context.max_steps.map(u64::from)),
            tokens: of(context.max_tokens),
            time: of(context.max_ms),
            began: None,
            input: 0,
            growth: 0,
            since_change: 0,
            per_change: None,
        }
    }

    /// What to add to a badge: where the tokens go.
    fn pace(&self) -> String {
        let mut pace = String::new();
        if self.growth >= MUCH {
            pace.push_str(&format!("; its context grows by {} tokens a step", tokens(self.growth)));
        }
        if let Some(per_change) = self.per_change {
            pace.push_str(&format!("; {} tokens for each change of the source", tokens(per_change)));
        }
        pace
    }
}

impl Notice for Budget {
    fn take(&mut self, look: &Look<'_>) -> Vec<Remark> {
        let step = look.step;
        let used = step.usage.total();
        self.steps.used = self.steps.used.saturating_add(1);
        self.tokens.used = self.tokens.used.saturating_add(used);
        self.since_change = self.since_change.saturating_add(used);
        if let Some(at) = step.at.map(jiff::Timestamp::as_millisecond) {
            let began = *self.began.get_or_insert(at);
            self.time.used = self.time.used.max(u64::try_from(at.saturating_sub(began)).unwrap_or_default());
        }
        if step.usage.input > 0 {
            let grown = step.usage.input.saturating_sub(self.input) * u64::from(self.input > 0);
            self.growth = average(self.growth, grown);
            self.input = step.usage.input;
        }
        if look.changed_source() && self.since_change > 0 {
            self.per_change = Some(self.per_change.map_or(self.since_change, |before| average(before, self.since_change)));
            self.since_change = 0;
        }
        let pace = self.pace();
        let told = [
            self.steps.step().map(|part| said(part, format!("steps: {} of {}", self.steps.used, self.steps.of()))),
            self.tokens.step().map(|part| said(part, format!("tokens: {} of {}", tokens(self.tokens.used), tokens(self.tokens.of())))),
            self.time
                .step()
                .map(|part| said(part, format!("time: {} of {}", duration::short(self.time.used), duration::short(self.time.of())))),
        ];
        let remark = |says: String| Remark {
            detector: Detector::BudgetSlope,
            step: Some(step.index),
            says: format!("{says}{pace}"),
            hint: String::new(),
            evidence: Vec::<Evidence>::new(),
        };
        told.into_iter().flatten().map(remark).collect()
    }
}

impl Meter {
    fn of(&self) -> u64 {
        self.of.unwrap_or_default()
    }

    /// The part that was just reached.
    fn step(&mut self) -> Option<u64> {
        let of = u128::from(self.of?);
        let reached = PARTS.iter().filter(|part| u128::from(self.used) * 100 >= of * u128::from(**part)).count();
        let is_news = reached > self.told;
        self.told = self.told.max(reached);
        PARTS.get(reached.checked_sub(1)?).copied().filter(|_| is_news)
    }
}

fn said(part: u64, of: String) -> String {
    if part >= 100 { format!("all of its budget is used, {of}") } else { format!("{part} % of its budget is used, {of}") }
}

fn average(before: u64, new: u64) -> u64 {
    if before == 0 { new } else { before - before / NEWEST + new / NEWEST }
}
