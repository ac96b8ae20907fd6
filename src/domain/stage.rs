//! The stages of an item, in the order in which they run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done with an item, step by step. The order of the variants is the order of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A fresh checkout of the parent commit without history.
    Worktree,
    /// The coding agent at work.
    Agent,
    /// The patch is taken and climbs the truth ladder.
    Check,
    /// Images are made sure of, where any are configured.
    Pull,
    /// The benchmark of the human's commit.
    Human,
    /// The benchmark of the parent commit.
    Baseline,
    /// The benchmark of the agent's patch.
    Candidate,
    /// The arms are compared.
    Score,
    /// Worktrees and leftovers are removed.
    Clean,
}

/// Whose code a benchmark measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The human's commit.
    Human,
    /// The parent commit.
    Baseline,
    /// The parent commit with the agent's patch.
    Agent,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 9] =
        [Self::Worktree, Self::Agent, Self::Check, Self::Pull, Self::Human, Self::Baseline, Self::Candidate, Self::Score, Self::Clean];

    /// The stages where no image is pulled.
    pub const PROCESS: [Self; 8] =
        [Self::Worktree, Self::Agent, Self::Check, Self::Human, Self::Baseline, Self::Candidate, Self::Score, Self::Clean];

    /// The word used in files, on the command line and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worktree => "worktree",
            Self::Agent => "agent",
            Self::Check => "check",
            Self::Pull => "pull",
            Self::Human => "human",
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
            Self::Score => "score",
            Self::Clean => "clean",
        }
    }

    /// The stage of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// The arm that this stage benchmarks, if it does.
    pub const fn arm(self) -> Option<Arm> {
        match self {
            Self::Human => Some(Arm::Human),
            Self::Baseline => Some(Arm::Baseline),
            Self::Candidate => Some(Arm::Agent),
            _ => None,
        }
    }

    /// How often an item goes through it, where each arm is measured so often.
    pub const fn times(self, repeat: u32) -> u32 {
        if self.arm().is_some() { repeat } else { 1 }
    }
}

impl Arm {
    /// The word used in result files: `<sha8>_agent_result.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Baseline => "baseline",
            Self::Agent => "agent",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
