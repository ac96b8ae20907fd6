//! What the detectors say of an agent at work.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to say.
    #[default]
    None,
    /// A mark in the strip.
    Note,
    /// Worth a look.
    Warn,
    /// It does not get on any more.
    Stuck,
}

/// What the runner does with an agent that is stuck.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStuck {
    /// It says so, and leaves the agent alone.
    #[default]
    Mark,
    /// It ends the agent; the patch so far is benchmarked.
    Stop,
    /// It ends the agent and the item: the patch so far is kept and not benchmarked.
    Skip,
}

/// A detector of the suite, by its number in `agent-watching.md` §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Detector {
    /// D1: the agent said that it was done, and was refused.
    #[serde(rename = "D1")]
    RefusedFinish,
    /// D2: a call without an answer when the next request starts (an alarm).
    #[serde(rename = "D2")]
    OpenCall,
    /// D3: answers without a tool call.
    #[serde(rename = "D3")]
    NoToolCall,
    /// D4: the harness says the same again and again.
    #[serde(rename = "D4")]
    SameHarnessMessage,
    /// D5: one text that repeats itself.
    #[serde(rename = "D5")]
    TextPeriod,
    /// D6: answers cut off before any call.
    #[serde(rename = "D6")]
    TruncatedOutput,
    /// D7: texts that say the same again.
    #[serde(rename = "D7")]
    SayAgain,
    /// D8: the same calls with the same results in a row.
    #[serde(rename = "D8")]
    IdenticalStep,
    /// D9: a cycle of steps.
    #[serde(rename = "D9")]
    Cycle,
    /// D10: mostly steps that were seen before.
    #[serde(rename = "D10")]
    StaleShare,
    /// D11: the same error on the same target.
    #[serde(rename = "D11")]
    ErrorWall,
    /// D12: a tool or the machine is dead.
    #[serde(rename = "D12")]
    DeadTool,
    /// D13: packages written in the place of real ones.
    #[serde(rename = "D13")]
    StandInPackages,
    /// D14: the source does not change any more.
    #[serde(rename = "D14")]
    NoProgress,
    /// D15: git and patches without end.
    #[serde(rename = "D15")]
    VcsChurn,
    /// D16: tool calls written as text.
    #[serde(rename = "D16")]
    CallAsText,
    /// D17: silence, by what is usual for this run.
    #[serde(rename = "D17")]
    Silence,
    /// D18: the same end in run after run, or an end that is none (an alarm).
    #[serde(rename = "D18")]
    Systemic,
    /// D19: how far the budget is used (a badge).
    #[serde(rename = "D19")]
    BudgetSlope,
    /// D20: a look at the human's answer (a badge).
    #[serde(rename = "D20")]
    AnswerPeek,
}

/// A step, and what of it shows the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The step, by its index.
    pub step: u32,
    /// What is to be seen there: one line, bounded, free of control characters.
    pub text: String,
}

/// Something that a detector found: one episode, from the step with which it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Who found it.
    pub detector: Detector,
    /// How bad it became.
    pub level: Level,
    /// The step with which it began.
    pub first_step: u32,
    /// The last step that showed it. While it is open, up to the step at which it was last told: when it began, reached a level or
    /// doubled; once it is over, or its run, the true one.
    pub last_step: u32,
    /// One sentence with the counts.
    pub says: String,
    /// What to do, in a sentence.
    pub hint: String,
    /// The steps that show it, a few.
    pub evidence: Vec<Evidence>,
    /// The step at which the condition was over; `None` while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<u32>,
}

/// An alarm (something will break) or a badge (something to know): no level, a field of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Who says it.
    pub detector: Detector,
    /// The step; `None` where it is about the whole run.
    pub step: Option<u32>,
    /// One sentence.
    pub says: String,
    /// What to do, in a sentence; empty where nothing is to be done.
    pub hint: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

impl Level {
    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Stuck => "stuck",
        }
    }
}

impl OnStuck {
    /// Every policy, the mildest first.
    pub const ALL: [Self; 3] = [Self::Mark, Self::Stop, Self::Skip];

    /// The word on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Stop => "stop",
            Self::Skip => "skip",
        }
    }

    /// The policy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

impl Finding {
    /// Whether its condition still holds.
    pub const fn is_open(&self) -> bool {
        self.cleared.is_none()
    }

    /// Whether it counts for the level of a run: what is an alarm does not.
    pub const fn counts(&self) -> bool {
        !matches!(self.detector, Detector::OpenCall | Detector::Systemic)
    }
}

impl Detector {
    /// Every detector, in order.
    pub const ALL: [Self; 20] = [
        Self::RefusedFinish,
        Self::OpenCall,
        Self::NoToolCall,
        Self::SameHarnessMessage,
        Self::TextPeriod,
        Self::TruncatedOutput,
        Self::SayAgain,
        Self::IdenticalStep,
        Self::Cycle,
        Self::StaleShare,
        Self::ErrorWall,
        Self::DeadTool,
        Self::StandInPackages,
        Self::NoProgress,
        Self::VcsChurn,
        Self::CallAsText,
        Self::Silence,
        Self::Systemic,
        Self::BudgetSlope,
        Self::AnswerPeek,
    ];

    /// Its number: `D1`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::RefusedFinish => "D1",
            Self::OpenCall => "D2",
            Self::NoToolCall => "D3",
            Self::SameHarnessMessage => "D4",
            Self::TextPeriod => "D5",
            Self::TruncatedOutput => "D6",
            Self::SayAgain => "D7",
            Self::IdenticalStep => "D8",
            Self::Cycle => "D9",
            Self::StaleShare => "D10",
            Self::ErrorWall => "D11",
            Self::DeadTool => "D12",
            Self::StandInPackages => "D13",
            Self::NoProgress => "D14",
            Self::VcsChurn => "D15",
            Self::CallAsText => "D16",
            Self::Silence => "D17",
            Self::Systemic => "D18",
            Self::BudgetSlope => "D19",
            Self::AnswerPeek => "D20",
        }
    }

    /// In a few words, for the screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RefusedFinish => "refused finish",
            Self::OpenCall => "unanswered call",
            Self::NoToolCall => "no tool call",
            Self::SameHarnessMessage => "same harness message",
            Self::TextPeriod => "text repeats",
            Self::TruncatedOutput => "cut-off output",
            Self::SayAgain => "says it again",
            Self::IdenticalStep => "identical step",
            Self::Cycle => "cycle",
            Self::StaleShare => "nothing new",
            Self::ErrorWall => "error wall",
            Self::DeadTool => "dead tool",
            Self::StandInPackages => "stand-in packages",
            Self::NoProgress => "no progress",
            Self::VcsChurn => "git churn",
            Self::CallAsText => "call as text",
            Self::Silence => "silence",
            Self::Systemic => "systemic",
            Self::BudgetSlope => "budget",
            Self::AnswerPeek => "looked at the answer",
        }
    }
}
