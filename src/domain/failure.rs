//! Why things fail, and what that means for the rest of the queue.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The cause of a failed stage. The names are those of the result files and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The commit is not in the clone, or its sha is ambiguous.
    BadSha,
    /// There is no clone of the repository.
    MissingRepo,
    /// The commit has no such parent.
    MissingParent,
    /// A git command failed.
    GitError,
    /// A disk or a quota is full.
    NoSpace,
    /// There is nothing to ask the agent: no earlier prompt to copy, or a template that is wrong.
    NoPrompt,
    /// The agent's program could not be started.
    AgentNotFound,
    /// The agent's program ended with an error of its own.
    AgentCrashed,
    /// Steps, time or tokens ran out.
    AgentBudget,
    /// The agent did not get on any more, and was stopped for that (`--on-stuck`).
    AgentStuck,
    /// The agent changed nothing.
    EmptyPatch,
    /// The agent changed files, but no source file.
    NoSource,
    /// The patch does not apply to the parent commit.
    PatchDoesNotApply,
    /// A benchmark command ended with an error.
    ArmCrashed,
    /// A benchmark command ended well, and printed no number.
    NoMetrics,
    /// Something disturbed the measurement: its numbers are not to be trusted.
    Tainted,
    /// A stage ran out of its time.
    Timeout,
    /// Something killed the process: the kernel out of memory, or a person.
    Killed,
    /// The API refused the credentials.
    ApiAuth,
    /// The API account is out of credit.
    ApiQuota,
    /// The API wants us slower.
    ApiRateLimit,
    /// The API was given something it does not understand: the agent's own fault.
    ApiProtocol,
    /// The API does not answer.
    ApiDown,
    /// The prompt outgrew the model.
    ContextOverflow,
    /// None of the above.
    Unknown,
}

/// How a class of failures behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// The agent's own fault or a fact of the item: the same again would end the same.
    Lasting,
    /// Worth trying again after a pause.
    Transient,
}

impl FailureClass {
    /// Every class, for tables and tests.
    pub const ALL: [Self; 25] = [
        Self::BadSha,
        Self::MissingRepo,
        Self::MissingParent,
        Self::GitError,
        Self::NoSpace,
        Self::NoPrompt,
        Self::AgentNotFound,
        Self::AgentCrashed,
        Self::AgentBudget,
        Self::AgentStuck,
        Self::EmptyPatch,
        Self::NoSource,
        Self::PatchDoesNotApply,
        Self::ArmCrashed,
        Self::NoMetrics,
        Self::Tainted,
        Self::Timeout,
        Self::Killed,
        Self::ApiAuth,
        Self::ApiQuota,
        Self::ApiRateLimit,
        Self::ApiProtocol,
        Self::ApiDown,
        Self::ContextOverflow,
        Self::Unknown,
    ];

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadSha => "bad_sha",
            Self::MissingRepo => "missing_repo",
            Self::MissingParent => "missing_parent",
            Self::GitError => "git_error",
            Self::NoSpace => "no_space",
            Self::NoPrompt => "no_prompt",
            Self::AgentNotFound => "agent_not_found",
            Self::AgentCrashed => "agent_crashed",
            Self::AgentBudget => "agent_budget",
            Self::AgentStuck => "agent_stuck",
            Self::EmptyPatch => "empty_patch",
            Self::NoSource => "no_source",
            Self::PatchDoesNotApply => "patch_does_not_apply",
            Self::ArmCrashed => "arm_crashed",
            Self::NoMetrics => "no_metrics",
            Self::Tainted => "tainted",
            Self::Timeout => "timeout",
            Self::Killed => "killed",
            Self::ApiAuth => "api_auth",
            Self::ApiQuota => "api_quota",
            Self::ApiRateLimit => "api_rate_limit",
            Self::ApiProtocol => "api_protocol",
            Self::ApiDown => "api_down",
            Self::ContextOverflow => "context_overflow",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the same again may end otherwise.
    pub const fn temper(self) -> Temper {
        match self {
            Self::ApiRateLimit | Self::ApiDown | Self::Killed | Self::GitError => Temper::Transient,
            _ => Temper::Lasting,
        }
    }

    /// Whether this cause lies outside the item, so that the next items will meet it too.
    /// Three such ends in a row open the breaker.
    pub const fn is_systemic(self) -> bool {
        matches!(self, Self::ApiAuth | Self::ApiQuota | Self::ApiRateLimit | Self::ApiDown | Self::NoSpace)
    }

    /// What a person can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::BadSha => "check the sha in the plan, or fetch it into the clone",
            Self::MissingRepo => "clone the repository, or run with --clone",
            Self::MissingParent => "fetch the parent into the clone (a shallow clone lacks it)",
            Self::GitError => "6 shows what the stage wrote; R tries the item again",
            Self::NoSpace => "free space on the disk named, then resume",
            Self::NoPrompt => "`isobench-tui print prompt ITEM` says what is missing",
            Self::AgentNotFound => "check agent.command in the configuration and PATH",
            Self::AgentCrashed => "6 shows what the agent wrote; R tries the item again",
            Self::AgentBudget => "raise the budget, or leave it: the patch so far was benchmarked if there was one",
            Self::AgentStuck => "2 shows the agent's last steps; R tries the item again",
            Self::EmptyPatch => "nothing to benchmark; 2 shows the agent's last steps",
            Self::NoSource => "nothing to benchmark; 6 shows the patch",
            Self::PatchDoesNotApply => "6 shows the patch: it was made against other files",
            Self::ArmCrashed => "6 shows what the arm wrote; r tries the stage again",
            Self::NoMetrics => "the command printed no 'name: number unit' line; 6 shows what it wrote",
            Self::Tainted => "r runs this arm again",
            Self::Timeout => "6 shows what the stage wrote until it hung; or raise its budget",
            Self::Killed => "look for the out-of-memory killer in the kernel log; R tries again",
            Self::ApiAuth => "a renewed key needs a new runner: q x, then `run --resume`",
            Self::ApiQuota => "top up the account, then resume",
            Self::ApiRateLimit => "wait; the queue tries again by itself",
            Self::ApiProtocol => "the agent sent a malformed request; R tries again",
            Self::ApiDown => "wait; the queue tries again by itself",
            Self::ContextOverflow => "the conversation outgrew the model; R tries again",
            Self::Unknown => "6 shows what the stage wrote",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
