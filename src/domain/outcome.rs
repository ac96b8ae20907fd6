//! How a child, a stage and an attempt end. An end is data, never an `Err`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    BenchKind, FailureClass, Flag, LostRound, Machine, Metric, PhaseSpan, PruneDetail, PullDetail, Quadrant, Repair, Reused, RungAnswer,
    Samples, Shortage, SoftVerdict, Standing, Taint, Usage, Verdict, Workload,
};

/// Why a process tree outside Docker came to its end, as its keeper saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum EndCause {
    /// The main process returned.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// A signal from outside ended the main process.
    Signalled {
        /// Number of the signal.
        signal: i32,
    },
    /// The time budget ran out and the tree was killed.
    Deadline,
    /// We were asked to stop it.
    Stopped,
    /// The program could not be started at all.
    NotStarted {
        /// What the system said.
        error: String,
    },
    /// The keeper itself was killed, or never started; what ran was swept by the next runner.
    Lost,
}

/// `exit.json`: the end of a stage's processes, written once, by whoever holds the stage's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildEnd {
    /// Why it ended.
    #[serde(flatten)]
    pub cause: EndCause,
    /// Which of the stage's commands was the last to run, from 0.
    pub command: usize,
    /// Wall time from the first command's start, frozen time included, in ms.
    pub duration_ms: u64,
    /// Of that, time frozen, in ms.
    pub frozen_ms: u64,
    /// Descendants that outlived the main process and were killed with the stage.
    pub swept: u32,
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum StageEnd {
    /// It did its work.
    Done,
    /// It did not.
    Failed {
        /// The class of the first cause.
        class: FailureClass,
        /// One sentence with the evidence.
        why: String,
    },
    /// A person or a policy stopped it.
    Stopped {
        /// Who and why.
        why: String,
    },
    /// Runner and keeper were gone before it ended; nobody's fault, to be run again.
    Interrupted {
        /// What was found.
        why: String,
    },
    /// There is no room for what it needs; nobody's fault, to be run again once there is.
    Deferred(Box<Deferral>),
}

/// What something waits for that needs room on the Docker engine's disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// How much, and how much there was.
    pub shortage: Shortage,
    /// The folder whose file system is to have that room; `None` where it can't be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<PathBuf>,
    /// In a sentence.
    pub why: String,
}

/// What the agent's stage counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentTotals {
    /// Finished steps; `None` when the agent leaves no trajectory that we read.
    pub steps: Option<u32>,
    /// Tool calls.
    pub calls: u32,
    /// Tokens, as the provider counted.
    pub usage: Usage,
    /// Millionths of a US dollar, where the agent says what it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

/// What the check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDetail {
    /// The ladder as far as this stage looks.
    pub rungs: Vec<RungAnswer>,
    /// SHA-256 of `model_patch.diff`, hex.
    pub patch_digest: String,
    /// Files changed.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Bytes of the patch; `None` where nobody counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_bytes: Option<u64>,
    /// Files that the agent added for itself and that count for nothing: scratch, tests, notes, a patch file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<String>,
    /// Values of secrets that the patch holds: it stays as it is, and nobody should publish it unread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretAt>,
}

/// Where the value of a secret stands in what an agent left. The value itself is nowhere told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAt {
    /// The variable whose value it is: `HF_TOKEN`.
    pub name: String,
    /// The file that the patch changes.
    pub file: String,
    /// The line of it after the change, from 1: the first such one.
    pub line: u32,
}

impl SecretAt {
    /// In words.
    pub fn says(&self) -> String {
        format!("the patch contains the value of {}, line {} of {}: do not publish it", self.name, self.line, self.file)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none_left_out(left_out: &u32) -> bool {
    *left_out == 0
}

/// What an arm printed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmDetail {
    /// Its numbers, in the order printed.
    pub metrics: Vec<Metric>,
    /// How many more it printed that are not kept.
    #[serde(default, skip_serializing_if = "is_none_left_out")]
    pub left_out: u32,
    /// What was measured, where the output or the command says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<BenchKind>,
    /// The model that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The model that was served, after overrides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_run: Option<String>,
    /// What it was measured with, where the output or the command says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// What casts doubt on the numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// What on the machine tainted them, with the evidence: then [`Flag::Tainted`] is among the flags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// The repairs that were made before it was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// The phases of an arm in a container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseSpan>,
    /// The digest of the image that it ran in, `sha256:…`, or the image's id where no registry knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What is to be known of how it was measured, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Of how many measurements its numbers are the medians; `None` of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
    /// The measurement that failed after those: then [`Flag::RoundFailed`] is among the flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostRound>,
    /// On what it was measured; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// Where its numbers come from, where they were not measured in this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
    /// The result file that it was read from; `None` for an arm of ours, whose files lie with the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The status that the file states: `success`, `error`, `timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What the comparison said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreDetail {
    /// One verdict a metric that all compared arms share; the first is the primary one.
    pub verdicts: Vec<Verdict>,
    /// Why something could not be compared.
    pub why_not: Vec<String>,
    /// Why there is no hard class; `None` where there is one: that of the first verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomparable: Option<String>,
    /// The ladder's upper rungs.
    pub rungs: Vec<RungAnswer>,
    /// What a judge said of the patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<SoftVerdict>,
    /// Hard and soft verdict together, where both are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quadrant: Option<Quadrant>,
}

/// What a stage left for the next ones and for the screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a few hundred of them live at a time, most of them arms")]
pub enum StageDetail {
    /// Nothing but its end.
    #[default]
    Nothing,
    /// The agent's counts.
    Agent(AgentTotals),
    /// The patch.
    Check(CheckDetail),
    /// An arm's numbers.
    Arm(ArmDetail),
    /// The comparison.
    Score(ScoreDetail),
    /// The images.
    Pull(PullDetail),
    /// What was pruned.
    Clean(PruneDetail),
}

/// A stage's end with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageOutcome {
    /// How it ended.
    #[serde(flatten)]
    pub end: StageEnd,
    /// The end of its processes; `None` for a stage that started none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ChildEnd>,
    /// Wall time in ms.
    pub duration_ms: u64,
    /// What it found.
    #[serde(default)]
    pub detail: StageDetail,
}

impl ArmDetail {
    /// Puts what the machine did to its numbers beside them.
    pub fn taint(&mut self, taints: &[Taint]) {
        if !taints.is_empty() {
            self.taints = taints.to_vec();
            self.flags.push(Flag::Tainted);
        }
    }

    /// Whether its numbers are doubtful for what the machine did meanwhile.
    pub fn is_tainted(&self) -> bool {
        self.flags.contains(&Flag::Tainted)
    }
}

impl ScoreDetail {
    /// The hard class: how the primary metric stands against the human's.
    pub fn standing(&self) -> Option<Standing> {
        self.verdicts.first().and_then(|primary| primary.standing)
    }
}

impl StageEnd {
    /// The status that a result file of such an arm has; the last three words are ours, and no file has them.
    pub const fn result_word(&self) -> &'static str {
        use FailureClass::{Timeout, TimeoutBenchmark, TimeoutPull, TimeoutServer};
        match self {
            Self::Done => "success",
            Self::Failed { class: Timeout | TimeoutBenchmark | TimeoutPull | TimeoutServer, .. } => "timeout",
            Self::Failed { .. } => "error",
            Self::Stopped { .. } => "stopped",
            Self::Interrupted { .. } => "interrupted",
            Self::Deferred(_) => "deferred",
        }
    }
}

impl StageOutcome {
    /// Unfrozen time, in ms.
    pub fn worked_ms(&self) -> u64 {
        self.duration_ms.saturating_sub(self.child.as_ref().map_or(0, |child| child.frozen_ms))
    }

    /// Whether the stage did its work.
    pub const fn is_done(&self) -> bool {
        matches!(self.end, StageEnd::Done)
    }
}

impl EndCause {
    /// The end in a few words: `exit 7`, `signal 9`, `out of time`.
    pub fn words(&self) -> String {
        match self {
            Self::Exited { code } => format!("exit {code}"),
            Self::Signalled { signal } => format!("signal {signal}"),
            Self::Deadline => "out of time".to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::NotStarted { error } => format!("not started: {error}"),
            Self::Lost => "its keeper was killed".to_owned(),
        }
    }
}
