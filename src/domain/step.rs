//! What an agent did, in one form for all agents.

use std::ops::AddAssign;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Tokens, as the provider counted them. Providers differ in whether `input` holds `cached`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Tokens read from the provider's cache.
    #[serde(default)]
    pub cached: u64,
}

/// A tool that the agent asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id; joins call and result.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Arguments, as compact JSON.
    pub args: String,
    /// What came back; `None` while the tool runs, or when it never answered.
    pub result: Option<ToolResult>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Whether the tool itself calls this a success.
    pub ok: bool,
    /// Its text, output and error.
    pub text: String,
}

/// Who is to move in a live trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The step is complete.
    Complete,
    /// The model answered; its tools are running.
    ToolsRunning,
}

/// One step of an agent: a thought, its tool calls, and what came of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position in the trajectory, from 1 (the file's own numbers are not unique).
    pub index: u32,
    /// When the step was recorded; `None` when the file does not say.
    pub at: Option<Timestamp>,
    /// What the model wrote.
    pub thought: String,
    /// Its tool calls, joined with their results.
    pub calls: Vec<ToolCall>,
    /// Tokens of this step.
    pub usage: Usage,
    /// The step's own error: an API failure, a malformed call.
    pub error: Option<String>,
    /// Why the model stopped, in the provider's word.
    pub finish: Option<String>,
    /// What the harness said to the agent ("Your Patch is empty").
    pub harness: Vec<String>,
    /// Whether the step is over.
    pub reply: Reply,
    /// The call of the parent agent within which a subagent did this; `None` for the agent itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

impl Step {
    /// One in which nothing happened (yet).
    pub const fn empty(index: u32) -> Self {
        Self {
            index,
            at: None,
            thought: String::new(),
            calls: Vec::new(),
            usage: Usage { input: 0, output: 0, cached: 0 },
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
            within: None,
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached = self.cached.saturating_add(other.cached);
    }
}

impl Usage {
    /// Tokens read and written.
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}
