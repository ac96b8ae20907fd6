//! What the detectors found of an agent, in the order in which it is told, and which steps belong to it.

use super::state::State;
use super::words::sentence_case;
use super::{Mood, Said};
use crate::domain::{AttemptId, Detector, Finding, Level, Remark, Stage};
use crate::model::{Attempt, Item, StageRecord, StageState};

/// One thing that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Something will break.
    Alarm(usize, &'a Remark),
    /// Something goes wrong, by its episode.
    Finding(u32, &'a Finding),
    /// Something to know.
    Badge(usize, &'a Remark),
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// An alarm, by its position.
    Alarm(usize),
    /// A finding, by its episode.
    Finding(u32),
    /// A badge, by its position.
    Badge(usize),
}

/// Steps during which something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first one, by its index.
    pub first: u32,
    /// The last one; `u32::MAX` while it holds.
    pub last: u32,
    /// How bad it is.
    pub level: Level,
}

impl<'a> Entry<'a> {
    /// Which one it is.
    pub const fn which(self) -> Which {
        match self {
            Self::Alarm(at, _) => Which::Alarm(at),
            Self::Finding(id, _) => Which::Finding(id),
            Self::Badge(at, _) => Which::Badge(at),
        }
    }

    /// Who found it.
    pub const fn detector(self) -> Detector {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => remark.detector,
            Self::Finding(_, finding) => finding.detector,
        }
    }

    /// The sentence.
    pub fn says(self) -> &'a str {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => &remark.says,
            Self::Finding(_, finding) => &finding.says,
        }
    }

    /// What to do; empty where nothing is to be done.
    pub fn hint(self) -> &'a str {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => &remark.hint,
            Self::Finding(_, finding) => &finding.hint,
        }
    }

    /// What shows it.
    pub fn evidence(self) -> &'a [crate::domain::Evidence] {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => &remark.evidence,
            Self::Finding(_, finding) => &finding.evidence,
        }
    }

    /// The step with which it began, where there is one.
    pub const fn first_step(self) -> Option<u32> {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => remark.step,
            Self::Finding(_, finding) => Some(finding.first_step),
        }
    }

    /// `stuck`, `alarm`, `badge`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alarm(..) => "alarm",
            Self::Finding(_, finding) => finding.level.name(),
            Self::Badge(..) => "badge",
        }
    }

    /// `12-75`; `since 12` while it holds. What held to the end of its agent ended with the last step.
    pub fn steps(self, of: &Attempt) -> String {
        match self {
            Self::Alarm(_, remark) | Self::Badge(_, remark) => remark.step.map_or_else(String::new, |step| step.to_string()),
            Self::Finding(_, finding) => match span(finding) {
                Span { first, last: u32::MAX, .. } if is_at_work(of) => format!("since {first}"),
                Span { first, last, .. } => {
                    let end = of.totals().and_then(|totals| totals.steps).unwrap_or_default().max(finding.last_step);
                    let last = if last == u32::MAX { end } else { last };
                    if last <= first { first.to_string() } else { format!("{first}-{last}") }
                }
            },
        }
    }

    /// Whether it is over: the condition of a finding does not hold any more.
    pub const fn is_cleared(self) -> bool {
        matches!(self, Self::Finding(_, Finding { cleared: Some(_), .. }))
    }
}

/// The attempt in which the agent of the newest attempt was at work: a later one may have taken over what it brought.
pub fn watched(item: &Item) -> Option<&Attempt> {
    let n = item.last_attempt()?.stage(Stage::Agent)?.ran_in;
    item.attempts.iter().find(|attempt| attempt.n == n)
}

/// Whether an item's agent is at work: a stage after it is not stuck, whatever the agent was.
pub fn has_agent_at_work(item: &Item) -> bool {
    item.last_attempt().is_some_and(is_at_work)
}

/// Whether an item's agent is at work and does not get on any more.
pub fn is_stuck_now(item: &Item) -> bool {
    has_agent_at_work(item) && level(item) == Level::Stuck
}

/// Whether an item's agent was stuck and is over.
pub fn was_stuck(item: &Item) -> bool {
    !has_agent_at_work(item) && level(item) == Level::Stuck
}

/// What to do, as a sentence of its own. Where the agent is at work, the key that stops it is named.
pub fn advice(hint: &str, is_at_work: bool) -> String {
    let told = sentence_case(hint);
    let stop = ["Stop it", "stop it"].into_iter().find_map(|words| told.find(words).map(|at| at + words.len()));
    let is_whole = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric());
    match stop.and_then(|end| told.split_at_checked(end)) {
        Some((head, rest)) if is_at_work && is_whole(rest) => format!("{head} (x){rest}"),
        _ => told,
    }
}

/// Whether the agent is at work, so that only what holds now counts.
pub fn is_at_work(attempt: &Attempt) -> bool {
    matches!(attempt.stage(Stage::Agent), Some(StageRecord { state: StageState::Running { .. }, .. }))
}

/// The worst finding of an item's newest agent: of those that hold while it works, of all afterwards. Of two that are as bad the
/// one that began first.
pub fn worst(item: &Item) -> Option<&Finding> {
    let attempt = watched(item)?;
    let at_work = is_at_work(attempt);
    let found = attempt.findings.values().filter(|finding| finding.counts() && finding.level > Level::None);
    found
        .filter(|finding| !at_work || finding.cleared.is_none())
        .min_by_key(|finding| (std::cmp::Reverse(finding.level), finding.first_step))
}

/// How bad it is with an item's newest agent.
pub fn level(item: &Item) -> Level {
    worst(item).map(|finding| finding.level).unwrap_or_default()
}

/// Whether something of the item's newest agent will break, or is broken.
pub fn has_alarm(item: &Item) -> bool {
    watched(item).is_some_and(|attempt| !attempt.alarms.is_empty())
}

/// Everything that was found of an agent: alarms, then what holds, the worst first, then what is over, then badges. Of alarms that
/// say the same the newest stands at the top, and the others behind the findings, which they would hide.
pub fn entries(attempt: &Attempt) -> Vec<Entry<'_>> {
    let at_work = is_at_work(attempt);
    let mut findings: Vec<(u32, &Finding)> = attempt.findings.iter().map(|(id, finding)| (*id, finding)).collect();
    findings.sort_by_key(|(_, finding)| (at_work && finding.cleared.is_some(), std::cmp::Reverse(finding.level), finding.first_step));
    let is_said_again = |(at, alarm): &(usize, &Remark)| attempt.alarms.iter().skip(at + 1).any(|later| later.says == alarm.says);
    let (again, alarms): (Vec<_>, Vec<_>) = attempt.alarms.iter().enumerate().partition(is_said_again);
    let alarm = |(at, alarm)| Entry::Alarm(at, alarm);
    let badges = attempt.badges.iter().enumerate().map(|(at, badge)| Entry::Badge(at, badge));
    let findings = findings.into_iter().map(|(id, finding)| Entry::Finding(id, finding));
    alarms.into_iter().map(alarm).chain(findings).chain(again.into_iter().map(alarm)).chain(badges).collect()
}

/// Where in the steps a finding holds.
pub fn span(finding: &Finding) -> Span {
    let last = finding.cleared.map_or(u32::MAX, |over| over.saturating_sub(1).max(finding.last_step));
    Span { first: finding.first_step, last, level: finding.level }
}

/// Where in the steps each finding holds.
pub fn spans(attempt: &Attempt) -> Vec<Span> {
    attempt.findings.values().filter(|finding| finding.level > Level::None).map(span).collect()
}

/// How bad it was at a step.
pub fn level_at(spans: &[Span], step: u32) -> Level {
    spans.iter().filter(|span| span.first <= step && step <= span.last).map(|span| span.level).max().unwrap_or_default()
}

/// How many findings of all agents became so bad that they are stuck: a number that only grows while a run goes on.
pub(super) fn stuck_findings(items: &[Item]) -> usize {
    let attempts = items.iter().flat_map(|item| &item.attempts);
    attempts.flat_map(|attempt| attempt.findings.values()).filter(|finding| finding.level == Level::Stuck).count()
}

impl State {
    /// The attempt whose steps are shown.
    pub fn shown_attempt(&self) -> Option<&Attempt> {
        self.attempt(self.focus.as_ref()?.trail.as_ref()?)
    }

    fn attempt(&self, id: &AttemptId) -> Option<&Attempt> {
        self.run.item(&id.item)?.attempts.iter().find(|attempt| attempt.n == id.n)
    }

    /// What was found of the agent that is shown.
    pub fn shown_entries(&self) -> Vec<Entry<'_>> {
        self.shown_attempt().map(entries).unwrap_or_default()
    }
}

/// `stuck since step 12: ls and cat by turns, 9 times`; `None` below a warning, and where nothing was found.
pub fn sentence(item: &Item) -> Option<Said> {
    let finding = worst(item).filter(|finding| finding.level >= Level::Warn)?;
    let (since, says) = (since(item, finding), &finding.says);
    Some(Said::new(mood(finding.level), format!("{since}: {says}")))
}

/// `stuck since step 12`; `was stuck from step 12` once the agent is over.
fn since(item: &Item, finding: &Finding) -> String {
    let (level, first) = (finding.level.name(), finding.first_step);
    match finding.level {
        Level::Stuck if was_stuck(item) => format!("was {level} from step {first}"),
        _ => format!("{level} since step {first}"),
    }
}

/// `was stuck from step 12`, with its sentence where nothing below tells it; `None` while the agent works.
pub fn past(item: &Item, is_told_below: bool) -> Option<Said> {
    let finding = worst(item).filter(|_| was_stuck(item))?;
    if is_told_below { Some(Said::new(mood(finding.level), since(item, finding))) } else { sentence(item) }
}

/// The tone of a level.
pub const fn mood(level: Level) -> Mood {
    match level {
        Level::None | Level::Note => Mood::Quiet,
        Level::Warn => Mood::Warn,
        Level::Stuck => Mood::Bad,
    }
}
