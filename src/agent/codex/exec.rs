//! `codex exec --json`.

use jiff::Timestamp;
use serde_json::Value;

use crate::agent::Live;
use crate::agent::steps::Steps;
use crate::domain::{AgentTotals, Step};

/// The state of one run.
#[derive(Debug, Default)]
pub struct Exec {
    steps: Steps,
}

impl Exec {
    /// One of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a line is one of this format: used on the first lines of a file.
    pub fn looks_like(line: &Value) -> bool {
        line.get("thread_id").is_some()
    }

    /// Takes the next line.
    pub fn take(&mut self, line: &[u8]) -> Option<usize> {
        let _ = line;
        self.steps.take_changed()
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// Finished steps, tool calls, tokens.
    pub fn totals(&self) -> AgentTotals {
        AgentTotals::default()
    }

    /// The model's name.
    pub fn model(&self) -> Option<&str> {
        None
    }

    /// What the agent was asked.
    pub fn task(&self) -> Option<&str> {
        None
    }

    /// The first time.
    pub fn started_at(&self) -> Option<Timestamp> {
        None
    }

    /// The latest time.
    pub fn last_at(&self) -> Option<Timestamp> {
        None
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        self.steps.live(None)
    }
}
