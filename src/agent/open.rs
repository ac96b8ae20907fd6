//! A trajectory opened as a whole, chosen by its content: for `inspect`, `detect` and everything that reads afterwards.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Live;
use crate::domain::{AgentTotals, Step};

/// A format of trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// TRAE's `trajectory.json`, forks and old versions included.
    Trae,
    /// Claude Code's `--output-format stream-json`, or `json`: one result, no steps.
    ClaudeStream,
    /// Claude Code's session transcript.
    ClaudeSession,
    /// `codex exec --json`, any of its three generations.
    CodexExec,
    /// Codex's rollout.
    CodexRollout,
    /// OpenHands V0: event files, an array of events, a line of `output.jsonl`.
    OpenhandsV0,
    /// OpenHands V1: event store, events as lines among other text.
    OpenhandsV1,
    /// SWE-agent's `.traj`.
    SweAgent,
    /// mini-swe-agent's `.traj.json`, or its bare list of messages.
    MiniSweAgent,
}

impl Format {
    /// Name of the agent that writes it: `trae`, `claude_code`, `codex_cli`, `openhands`, `swe_agent`, `mini_swe_agent`.
    pub const fn agent(self) -> &'static str {
        match self {
            Self::Trae => "trae",
            Self::ClaudeStream | Self::ClaudeSession => "claude_code",
            Self::CodexExec | Self::CodexRollout => "codex_cli",
            Self::OpenhandsV0 | Self::OpenhandsV1 => "openhands",
            Self::SweAgent => "swe_agent",
            Self::MiniSweAgent => "mini_swe_agent",
        }
    }
}

/// One run of an agent, as its files tell it.
#[derive(Debug)]
pub struct Opened {
    /// How it was written.
    pub format: Format,
    /// Which of several in one file: its `instance_id`.
    pub instance: Option<String>,
    /// The model, where the file says so.
    pub model: Option<String>,
    /// What the agent was asked, where the file says so.
    pub task: Option<String>,
    /// The agent's own step budget, where the file says so.
    pub max_steps: Option<u32>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Who is to move, or how it ended.
    pub state: Live,
    /// Finished steps, calls, tokens.
    pub totals: AgentTotals,
    /// When it began, where the file says so.
    pub started_at: Option<Timestamp>,
    /// The latest time in the file.
    pub last_at: Option<Timestamp>,
}

/// Why a file can't be opened as a trajectory.
#[derive(Debug)]
pub enum OpenError {
    /// It can't be read.
    Io(PathBuf, io::Error),
    /// It is larger than a trajectory may be, in bytes unpacked.
    TooLarge(PathBuf, u64),
    /// There is nothing in it (yet).
    Empty(PathBuf),
    /// It is none of the formats.
    Unknown(PathBuf),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::TooLarge(path, most) => write!(f, "{}: larger than {most} bytes", path.display()),
            Self::Empty(path) => write!(f, "{}: there is nothing in it yet", path.display()),
            Self::Unknown(path) => write!(f, "{}: not a trajectory of any agent that we know", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens a file or a folder of events, packed by gzip or not. Most hold one run; OpenHands' `output.jsonl` many.
pub fn open(path: &Path) -> Result<Vec<Opened>, OpenError> {
    use super::trae::{Taken, Trajectory};
    let bytes = std::fs::read(path).map_err(|error| OpenError::Io(path.to_owned(), error))?;
    let mut trajectory = Trajectory::new();
    if trajectory.take(&bytes) == Taken::Torn {
        return Err(OpenError::Unknown(path.to_owned()));
    }
    Ok(vec![Opened {
        format: Format::Trae,
        instance: None,
        model: Some(trajectory.model().to_owned()),
        task: Some(trajectory.task().to_owned()),
        max_steps: trajectory.max_steps(),
        steps: trajectory.steps().to_vec(),
        state: trajectory.state(),
        totals: trajectory.totals(),
        started_at: trajectory.started_at(),
        last_at: trajectory.last_at(),
    }])
}
