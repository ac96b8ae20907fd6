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
use super::rule::{Notice, Now, Rule};
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
    /// The finding of the open episode, and what the rule said when it was told last.
    open: Option<(usize, Now)>,
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

    /// Takes the next finished step.
    pub(super) fn take(&mut self, step: &Step) {
        let mut look = Look::of(step);
        self.jobs.mark(&mut look);
        for running in &mut self.rules {
            let now = running.rule.take(&look);
            running.went_on(now, step.index, &mut self.findings);
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
    /// Opens, raises, tells again or closes the episode.
    fn went_on(&mut self, now: Now, step: u32, findings: &mut Vec<Finding>) {
        if let Some((at, before)) = self.open
            && (now.level == Level::None || now.episode != before.episode)
        {
            if let Some(finding) = findings.get_mut(at) {
                finding.cleared = Some(step);
            }
            self.open = None;
        }
        if now.level == Level::None {
            return;
        }
        let (at, is_news) = if let Some((at, before)) = self.open {
            (at, now.level > before.level || now.count >= before.count.saturating_mul(2))
        } else {
            (findings.len(), findings.len() < room(now.level))
        };
        if !is_news {
            return;
        }
        let told = self.rule.tell();
        let level = findings.get(at).map_or(now.level, |finding| finding.level.max(now.level));
        let finding = Finding {
            detector: self.rule.detector(),
            level,
            first_step: now.first_step,
            last_step: step,
            says: told.says,
            hint: told.hint,
            evidence: told.evidence,
            cleared: None,
        };
        match findings.get_mut(at) {
            Some(known) => *known = finding,
            None => findings.push(finding),
        }
        self.open = Some((at, now));
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
