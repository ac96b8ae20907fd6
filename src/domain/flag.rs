//! What makes a "success" or a number suspicious. A flag accuses nobody: it says what a person should look at.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One reason to look twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Marked success with an empty patch.
    EmptyPatch,
    /// Marked success though the agent's return code was not 0.
    ReturnCode,
    /// Marked success after 0 or 1 steps.
    NoSteps,
    /// Marked success in under 5 seconds.
    TooFast,
    /// Marked success after the API refused the agent to the end.
    ApiError,
    /// The agent looked at the human's commit (detector D20).
    AnswerPeek,
    /// Hunks were forced in by `patch --force`: perhaps only half of the patch was measured.
    PatchForced,
    /// The arms were measured with different data.
    DifferentWorkload,
    /// Requests a second stand where tokens a second should.
    RequestsAsTokens,
    /// A number of a latency benchmark that the runner took from the engine's log, not from the benchmark.
    FromEngineLog,
    /// Marked success though requests failed.
    FailedRequests,
    /// Marked success with nothing but zeros.
    AllZero,
    /// Requests that count as successful were cut short.
    CutShort,
    /// Another model was served than the one that the file names.
    ModelOverridden,
    /// The numbers in the file are not those that its own output prints.
    NotAsPrinted,
    /// Something on the machine made its numbers doubtful: a slowdown, somebody else on its GPU, an Xid, a freeze.
    Tainted,
    /// The arm was to be measured more often: a later round failed, and its numbers are those of the rounds before it.
    RoundFailed,
    /// The patch holds the value of a token or key.
    SecretInPatch,
}

impl Flag {
    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyPatch => "empty_patch",
            Self::ReturnCode => "return_code",
            Self::NoSteps => "no_steps",
            Self::TooFast => "too_fast",
            Self::ApiError => "api_error",
            Self::AnswerPeek => "answer_peek",
            Self::PatchForced => "patch_forced",
            Self::DifferentWorkload => "different_workload",
            Self::RequestsAsTokens => "requests_as_tokens",
            Self::FromEngineLog => "from_engine_log",
            Self::FailedRequests => "failed_requests",
            Self::AllZero => "all_zero",
            Self::CutShort => "cut_short",
            Self::ModelOverridden => "model_overridden",
            Self::NotAsPrinted => "not_as_printed",
            Self::Tainted => "tainted",
            Self::RoundFailed => "round_failed",
            Self::SecretInPatch => "secret_in_patch",
        }
    }

    /// One sentence for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::EmptyPatch => "marked success, but the patch is empty",
            Self::ReturnCode => "marked success, but the agent did not exit with 0",
            Self::NoSteps => "marked success after at most one step",
            Self::TooFast => "marked success in under 5 s",
            Self::ApiError => "marked success, but the API refused the agent to the end",
            Self::AnswerPeek => "the agent looked at the human's commit",
            Self::PatchForced => "the patch was forced in, perhaps by half",
            Self::DifferentWorkload => "the arms were measured with different data",
            Self::RequestsAsTokens => "requests a second stand where tokens a second should",
            Self::FromEngineLog => "throughput_tok_s is a line of the engine's log, not the benchmark's number",
            Self::FailedRequests => "marked success, but requests failed",
            Self::AllZero => "marked success, but every number is 0",
            Self::CutShort => "requests that count as successful were cut short",
            Self::ModelOverridden => "another model was served than the one named",
            Self::NotAsPrinted => "the file's numbers are not those that its output prints",
            Self::RoundFailed => "a round failed, and the numbers are those of the rounds before it",
            Self::SecretInPatch => "the patch contains the value of a secret: do not publish it",
            Self::Tainted => "tainted: the machine was not itself while it was measured",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
