//! What was looked at before a run starts: one row of preflight's table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// As it should be.
    Ok,
    /// Goes, but look at it.
    Warning,
    /// Does not go.
    Blocked,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The harness folder.
    Checkout,
    /// Our configuration and the bench file.
    Config,
    /// The plan: its file, its items.
    Plan,
    /// How long the queue takes.
    Length,
    /// The clone of the repository.
    Clone,
    /// The items' commits and their parents.
    Commits,
    /// The agent's program and its own configuration.
    Agent,
    /// Keys and tokens.
    Keys,
    /// What the agent is asked.
    Prompt,
    /// ISO-Bench's own Python.
    Harness,
    /// The benchmark arms.
    Arms,
    /// The images that the arms need.
    Images,
    /// The program that judges patches.
    Judge,
    /// The Docker engine.
    Docker,
    /// Folders that are written.
    Folders,
    /// Room on disks.
    Disk,
    /// git itself.
    Git,
    /// GPUs and their driver.
    Gpu,
    /// The terminal.
    Terminal,
    /// The language of the terminal.
    Locale,
    /// What a logout does to a run.
    Logout,
    /// The wall clock.
    Clock,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// How it stands.
    pub check: Check,
    /// What it is about.
    pub about: About,
    /// What was found, in a sentence.
    pub says: String,
    /// What to do; `None` where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    /// The word of the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Blocked => "blocked",
        }
    }
}

impl About {
    /// The word of the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Config => "config",
            Self::Plan => "plan",
            Self::Length => "length",
            Self::Clone => "clone",
            Self::Commits => "commits",
            Self::Agent => "agent",
            Self::Keys => "keys",
            Self::Prompt => "prompt",
            Self::Harness => "harness",
            Self::Arms => "arms",
            Self::Images => "images",
            Self::Judge => "judge",
            Self::Docker => "docker",
            Self::Folders => "folders",
            Self::Disk => "disk",
            Self::Git => "git",
            Self::Gpu => "gpu",
            Self::Terminal => "terminal",
            Self::Locale => "locale",
            Self::Logout => "logout",
            Self::Clock => "clock",
        }
    }
}

impl Row {
    /// All is well.
    pub fn ok(about: About, says: impl fmt::Display) -> Self {
        Self { check: Check::Ok, about, says: says.to_string(), fix: None }
    }

    /// Look at it.
    pub fn warning(about: About, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: Check::Warning, about, says: says.into(), fix: Some(fix.into()) }
    }

    /// It does not go.
    pub fn blocked(about: About, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check: Check::Blocked, about, says: says.into(), fix: Some(fix.into()) }
    }

    /// What it was found to be and what to do, in one sentence.
    pub fn sentence(&self) -> String {
        self.fix.as_ref().map_or_else(|| self.says.clone(), |fix| format!("{}: {fix}", self.says))
    }
}
