//! What the detectors said of an attempt's agent, as files and scripts get it.

use serde::Serialize;

use super::item::Attempt;
use crate::domain::{Detector, Finding, Level, Remark};

/// All of it.
#[derive(Debug, Serialize)]
pub struct Detected<'a> {
    /// The worst level that the agent reached.
    pub level: Level,
    /// The findings, by episode.
    pub findings: Vec<&'a Finding>,
    /// What will break, or is broken.
    pub alarms: &'a [Remark],
    /// What is to be known.
    pub badges: &'a [Remark],
}

/// The sentences of it.
#[derive(Debug, Serialize)]
pub struct Sentences<'a> {
    /// The worst level that the agent reached.
    pub level: Level,
    /// The findings, by episode.
    pub findings: Vec<Sentence<'a>>,
    /// What will break, or is broken.
    pub alarms: Vec<Sentence<'a>>,
    /// What is to be known.
    pub badges: Vec<Sentence<'a>>,
}

/// What one detector said.
#[derive(Debug, Serialize)]
pub struct Sentence<'a> {
    /// Which one.
    pub detector: Detector,
    /// How bad it became; nothing of an alarm or a badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The step with which it began; nothing where it is about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The step at which it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<u32>,
    /// The sentence.
    pub says: &'a str,
}

impl<'a> From<&'a Finding> for Sentence<'a> {
    fn from(of: &'a Finding) -> Self {
        Self { detector: of.detector, level: Some(of.level), step: Some(of.first_step), cleared: of.cleared, says: &of.says }
    }
}

impl<'a> From<&'a Remark> for Sentence<'a> {
    fn from(of: &'a Remark) -> Self {
        Self { detector: of.detector, level: None, step: of.step, cleared: None, says: &of.says }
    }
}

impl Attempt {
    /// What the detectors said, with what shows it.
    pub fn detected(&self) -> Detected<'_> {
        Detected { level: self.level(), findings: self.findings.values().collect(), alarms: &self.alarms, badges: &self.badges }
    }

    /// What the detectors said, in sentences only.
    pub fn sentences(&self) -> Sentences<'_> {
        Sentences {
            level: self.level(),
            findings: self.findings.values().map(Sentence::from).collect(),
            alarms: self.alarms.iter().map(Sentence::from).collect(),
            badges: self.badges.iter().map(Sentence::from).collect(),
        }
    }
}
