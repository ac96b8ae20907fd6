//! The coding agents that we know how to launch, and where a prompt comes from.

use serde::{Deserialize, Serialize};

/// A kind of agent. The names are those of `agents.default` in `bench.yaml`, and of the folders below `state/runs/<repo>/`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// The TRAE agent, a Python module.
    Trae,
    /// The harness's fork of TRAE for OpenAI's models, a Python module.
    Codex,
    /// OpenAI's Codex CLI.
    CodexCli,
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// OpenHands.
    Openhands,
    /// Any program.
    #[default]
    Command,
}

/// Where the text came from that an agent was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptSource {
    /// ISO-Bench's own words, written by the harness itself when it runs the item.
    Harness,
    /// `task.txt` of an earlier run of the same commit.
    Copy,
    /// Our template, or the person's.
    #[default]
    Template,
}

impl AgentKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Trae, Self::Codex, Self::CodexCli, Self::ClaudeCode, Self::Openhands, Self::Command];

    /// The harness's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trae => "trae",
            Self::Codex => "codex",
            Self::CodexCli => "codex_cli",
            Self::ClaudeCode => "claude_code",
            Self::Openhands => "openhands",
            Self::Command => "command",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl PromptSource {
    /// The word of configuration and ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Copy => "copy",
            Self::Template => "template",
        }
    }
}
