//! All rules over the steps of one conversation.

use std::collections::HashSet;

use super::kind::Kinds;
use super::look::Look;
use super::rule::{Notice, Now, Rule};
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
    kinds: Kinds,
    rules: Vec<Running>,
    notices: Vec<Box<dyn Notice>>,
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
    pub(super) fn new(_context: &Context) -> Self {
        let rules: Vec<Box<dyn Rule>> = vec![
            Box::new(super::refused_finish::RefusedFinish::default()),
            Box::new(super::no_tool_call::NoToolCall::default()),
            Box::new(super::same_message::SameMessage::default()),
            Box::new(super::identical_step::IdenticalStep::default()),
            Box::new(super::cycle::Cycle::default()),
            Box::new(super::stale_share::StaleShare::default()),
            Box::new(super::error_wall::ErrorWall::default()),
            Box::new(super::dead_tool::DeadTool::default()),
            Box::new(super::no_progress::NoProgress::default()),
            Box::new(super::vcs_churn::VcsChurn::default()),
        ];
        let notices: Vec<Box<dyn Notice>> = vec![Box::new(super::open_call::OpenCall::default())];
        let rules = rules.into_iter().map(|rule| Running { rule, open: None }).collect();
        Self { kinds: Kinds::default(), rules, notices, findings: Vec::new(), alarms: Vec::new(), badges: Vec::new() }
    }

    /// Takes the next finished step.
    pub(super) fn take(&mut self, step: &Step) {
        let look = Look::of(step, &mut self.kinds);
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
        let (at, is_news) = match self.open {
            Some((at, before)) => (at, now.level > before.level || now.count >= before.count.saturating_mul(2)),
            None => (findings.len(), findings.len() < MOST),
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

const fn is_badge(detector: Detector) -> bool {
    matches!(detector, Detector::BudgetSlope | Detector::AnswerPeek)
}

/// The levels that count for a run: those of D1 and D3–D17.
pub(super) fn level(findings: &[Finding]) -> Level {
    let counts = |finding: &&Finding| !matches!(finding.detector, Detector::OpenCall | Detector::Systemic) && !is_badge(finding.detector);
    findings.iter().filter(counts).map(|finding| finding.level).max().unwrap_or_default()
}
