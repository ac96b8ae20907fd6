//! What an arm in a container tells of itself, while it runs and once it is over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an arm is doing, in the order in which it does. Images are pulled before, in a stage of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArmPhase {
    /// The container is made, which copies the image on VFS.
    Create,
    /// The patch is applied, what is known to be broken is repaired.
    Prepare,
    /// The server, or the offline engine, starts.
    Start,
    /// Weights are read.
    Weights,
    /// `torch.compile`.
    Compile,
    /// CUDA graphs are captured; memory is measured before.
    Graphs,
    /// The server answers, the client starts.
    Ready,
    /// Requests, or rounds, that do not count.
    Warmup,
    /// It is measured.
    Bench,
    /// The server is stopped, the container is removed.
    Stop,
}

/// A phase that was come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseSpan {
    /// Which one.
    pub phase: ArmPhase,
    /// When it began, in ms since the arm did; paused time included.
    pub from_ms: u64,
    /// How long it took, in ms; `None` while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// A progress bar of tqdm, or a line that is written over and over, folded to one row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProgressRow {
    /// What stands before the bar: `Profiling iterations`, `Loading safetensors checkpoint shards`; empty where nothing does.
    pub label: String,
    /// What is done.
    pub done: u64,
    /// All of it; `None` where the bar does not say.
    #[serde(default)]
    pub total: Option<u64>,
    /// A second, whichever way round it was printed; `None` before the first.
    #[serde(default)]
    pub rate: Option<f64>,
    /// Time left as the bar reckons, in ms.
    #[serde(default)]
    pub left_ms: Option<u64>,
}

/// Where figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiguresFrom {
    /// `/metrics` of the server.
    Metrics,
    /// The engine's own line in the log, every 5 or 10 s.
    Log,
}

/// What the server says of itself at a moment: a line of `figures.jsonl`. What it does not say is `None`, never 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerFigures {
    /// When.
    pub at: Timestamp,
    /// Who says it.
    pub from: FiguresFrom,
    /// Requests that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<f64>,
    /// Requests that wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<f64>,
    /// KV cache in use, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kv_pct: Option<f64>,
    /// Prompt tokens a second, since the figures before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tok_s: Option<f64>,
    /// Generated tokens a second, since the figures before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_tok_s: Option<f64>,
    /// Mean time to the first token of the requests since the figures before, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Requests that were answered so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<f64>,
    /// Requests that were thrown out of the cache so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempted: Option<f64>,
}

/// Somebody else paused an arm's container (`docker pause`), once or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsidePause {
    /// When it was first paused.
    pub from: Timestamp,
    /// When it last went on; `None` while it is paused.
    pub to: Option<Timestamp>,
    /// For how long all pauses lasted that are over, in ms.
    pub ms: u64,
}

/// For how long an arm was paused before it measured, in ms: that spoils no number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedBefore {
    /// Because we asked for it.
    pub ours_ms: u64,
    /// Because somebody else did.
    pub outside_ms: u64,
}

/// `progress.json` of an arm: replaced as a whole, at most four times a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmProgress {
    /// When the arm began.
    pub started: Timestamp,
    /// When this was written.
    pub at: Timestamp,
    /// The phases come to, in order; the last is the one under way.
    pub phases: Vec<PhaseSpan>,
    /// The container, once it is made: the first 12 digits of its id.
    #[serde(default)]
    pub container: Option<String>,
    /// The image that it is made of, as it was named.
    pub image: String,
    /// When the phase under way is ended, where it has a limit; paused time moves it.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
    /// Since when it is paused.
    #[serde(default)]
    pub paused: Option<Timestamp>,
    /// Its pauses that none of us asked for.
    #[serde(default)]
    pub outside: Option<OutsidePause>,
    /// What of all pauses was over when it began to measure; `None` before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PausedBefore>,
    /// The progress bar that moved last, while it moves.
    #[serde(default)]
    pub row: Option<ProgressRow>,
    /// The newest figures.
    #[serde(default)]
    pub figures: Option<ServerFigures>,
    /// The repairs that were made so far, by their words.
    #[serde(default)]
    pub repairs: Vec<String>,
    /// Bytes that it printed so far, server and client.
    #[serde(default)]
    pub printed: u64,
    /// What is to be known, in a sentence, masked: no `/metrics`, the first error of the engine.
    #[serde(default)]
    pub says: Option<String>,
}

impl ArmPhase {
    /// Every phase, in order.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Prepare,
        Self::Start,
        Self::Weights,
        Self::Compile,
        Self::Graphs,
        Self::Ready,
        Self::Warmup,
        Self::Bench,
        Self::Stop,
    ];

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Weights => "weights",
            Self::Compile => "compile",
            Self::Graphs => "graphs",
            Self::Ready => "ready",
            Self::Warmup => "warmup",
            Self::Bench => "bench",
            Self::Stop => "stop",
        }
    }
}

impl ArmProgress {
    /// The phase under way.
    pub fn phase(&self) -> Option<ArmPhase> {
        self.phases.last().map(|span| span.phase)
    }

    /// Whether it has begun to measure: a pause spoils its numbers from then on.
    pub fn measures(&self) -> bool {
        self.phase() >= Some(ArmPhase::Warmup)
    }

    /// Whether somebody else paused its container, and it stands still.
    pub fn is_paused_outside(&self) -> bool {
        self.outside.is_some_and(|outside| outside.to.is_none())
    }
}
