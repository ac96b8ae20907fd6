//! All rules over the steps of one conversation.

use std::collections::HashSet;

use super::answer_peek::AnswerPeek;
use super::budget::Budget;
use super::call_as_text::CallAsText;
use super::cycle::Cycle;
use super::dead_tool::DeadTool;
use super::error_wall::ErrorWall;
use super::identical_step::IdenticalStep;
use super::look::Look;
use super::no_progress::NoProgress;
use super::no_tool_call::NoToolCall;
use super::open_call::OpenCall;
use super::patience::Jobs;
use super::refused_finish::RefusedFinish;
use super::rule::{Notice, Now, Rule, Told};
use super::same_message::SameMessage;
use super::say_again::SayAgain;
use super::stale_share::StaleShare;
use super::stand_in::StandInPackages;
use super::text_period::TextPeriodRule;
use super::tool_refusal::ToolRefusal;
use super::truncated::Truncated;
use super::vcs_churn::VcsChurn;
use crate::domain::{Detector, Finding, Level, Remark, Step};

/// What is known beside the steps.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The human's commit, where it is known (D20).
    pub human: Option<Human>,
    /// The agent's step budget (D19).
    pub max_steps: Option<u32>,
    /// The agent's token budget (D19).
    pub max_tokens: Option<u64>,
    /// The agent's time budget, in ms of unfrozen time (D19).
    pub max_ms: Option<u64>,
    /// Top-level names that the repository tracks at its base, where they are known (D13).
    pub tracked: Option<HashSet<String>>,
}

/// The answer that the agent is not to look at.
#[derive(Debug, Clone, Default)]
pub struct Human {
    /// The full sha of the human's commit.
    pub sha: String,
    /// Lines that its patch adds, long enough to be its own.
    pub added: Vec<String>,
}

/// Rules, and what they found so far.
#[derive(Debug)]
pub(super) struct Suite {
    rules: Vec<Running>,
    notices: Vec<Box<dyn Notice>>,
    jobs: Jobs,
    pub(super) findings: Vec<Finding>,
    pub(super) alarms: Vec<Remark>,
    pub(super) badges: Vec<Remark>,
}

/// Findings, alarms and badges of one conversation that are kept, each: who reads more has seen enough.
const MOST: usize = 256;

#[derive(Debug)]
struct Running {
    rule: Box<dyn Rule>,
    open: Option<Open>,
}

/// The open episode.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Its finding.
    at: usize,
    /// How it was when it was told last, and how it is.
    told: Now,
    now: Now,
    /// The last step that showed it.
    last_step: u32,
}

impl Suite {
    pub(super) fn new(context: &Context) -> Self {
        let rules: Vec<Box<dyn Rule>> = vec![
            Box::new(RefusedFinish::default()),
            Box::new(NoToolCall::default()),
            Box::new(SameMessage::default()),
            Box::new(TextPeriodRule::default()),
            Box::new(Truncated::default()),
            Box::new(SayAgain::default()),
            Box::new(IdenticalStep::default()),
            Box::new(Cycle::default()),
            Box::new(StaleShare::default()),
            Box::new(ErrorWall::default()),
            Box::new(ToolRefusal::default()),
            Box::new(DeadTool::default()),
            Box::new(StandInPackages::new(context)),
            Box::new(NoProgress::default()),
            Box::new(VcsChurn::default()),
            Box::new(CallAsText::default()),
        ];
        let notices: Vec<Box<dyn Notice>> =
            vec![Box::new(OpenCall::default()), Box::new(Budget::new(context)), Box::new(AnswerPeek::new(context))];
        let rules = rules.into_iter().map(|rule| Running { rule, open: None }).collect();
        Self { rules, notices, jobs: Jobs::default(), findings: Vec::new(), alarms: Vec::new(), badges: Vec::new() }
    }

    /// The run is over: what is still open is told as it is now.
    pub(super) fn end(&mut self) {
        for running in &mut self.rules {
            running.end(&mut self.findings);
        }
    }

    /// Takes the next finished step.
    pub(super) fn take(&mut self, step: &Step) {
        let mut look = Look::of(step);
        self.jobs.mark(&mut look);
        for running in &mut self.rules {
            running.take(&look, &mut self.findings);
        }
        for remark in self.notices.iter_mut().flat_map(|notice| notice.take(&look)) {
            let into = if is_badge(remark.detector) { &mut self.badges } else { &mut self.alarms };
            if into.len() < MOST {
                into.push(remark);
            }
        }
    }
}

impl Running {
    /// The open episode as it is now, where it grew since it was told.
    fn grown(&self) -> Option<(Open, Told)> {
        let open = self.open.filter(|open| open.now.count > open.told.count)?;
        Some((open, self.rule.tell()))
    }

    /// Takes a step: opens, raises, tells again or closes the episode.
    fn take(&mut self, look: &Look<'_>, findings: &mut Vec<Finding>) {
        let step = look.step.index;
        // a rule forgets an episode with the step that ends it
        let grown = self.grown();
        let now = self.rule.take(look);
        if let Some(open) = self.open
            && (now.level == Level::None || now.episode != open.now.episode)
        {
            if let Some(finding) = findings.get_mut(open.at) {
                if let Some((open, told)) = grown {
                    told.into_finding(finding, open.last_step);
                }
                finding.cleared = Some(step);
            }
            self.open = None;
        }
        if now.level == Level::None {
            return;
        }
        let (at, is_news, last_step) = if let Some(open) = self.open {
            let is_news = now.level > open.told.level || now.count >= open.told.count.saturating_mul(2);
            (open.at, is_news, if now.count > open.now.count { step } else { open.last_step })
        } else {
            (findings.len(), findings.len() < room(now.level), step)
        };
        if !is_news {
            self.open = self.open.map(|open| Open { now, last_step, ..open });
            return;
        }
        let told = self.rule.tell();
        let level = findings.get(at).map_or(now.level, |finding| finding.level.max(now.level));
        let mut finding = Finding {
            detector: self.rule.detector(),
            level,
            first_step: now.first_step,
            last_step: step,
            says: String::new(),
            hint: String::new(),
            evidence: Vec::new(),
            cleared: None,
        };
        told.into_finding(&mut finding, step);
        match findings.get_mut(at) {
            Some(known) => *known = finding,
            None => findings.push(finding),
        }
        self.open = Some(Open { at, told: now, now, last_step: step });
    }

    /// Tells the open episode as it is, where it grew: the run is over.
    fn end(&mut self, findings: &mut [Finding]) {
        let Some((open, told)) = self.grown() else { return };
        if let Some(finding) = findings.get_mut(open.at) {
            told.into_finding(finding, open.last_step);
        }
        self.open = Some(Open { told: Now { level: open.told.level, ..open.now }, ..open });
    }
}

impl Told {
    /// Becomes what a finding says.
    fn into_finding(self, finding: &mut Finding, last_step: u32) {
        let Self { says, hint, mut evidence } = self;
        evidence.retain(|shown| !shown.text.trim().is_empty());
        (finding.says, finding.hint, finding.evidence, finding.last_step) = (says, hint, evidence, last_step);
    }
}

/// Findings up to which one of a level is still kept: many small things leave room for a great one.
const fn room(level: Level) -> usize {
    match level {
        Level::Stuck => MOST,
        Level::Warn => MOST / 4 * 3,
        Level::Note | Level::None => MOST / 2,
    }
}

const fn is_badge(detector: Detector) -> bool {
    matches!(detector, Detector::BudgetSlope | Detector::AnswerPeek)
}

/// The levels that count for a run: those of D1 and D3–D17.
pub(super) fn level(findings: &[Finding]) -> Level {
    let counts = |finding: &&Finding| !matches!(finding.detector, Detector::OpenCall | Detector::Systemic) && !is_badge(finding.detector);
    findings.iter().filter(counts).map(|finding| finding.level).max().unwrap_or_default()
}
