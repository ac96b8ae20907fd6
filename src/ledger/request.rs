//! The inbox: `requests.jsonl`. Many writers, one line a request, answered by a fact.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{By, LedgerError, RunFolder, regular};
use crate::domain::{ItemId, OnStuck, Stage};

/// The names of the verbs, as on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// No stage starts after this one.
    Pause,
    /// Stages start again; a frozen stage goes on.
    Resume,
    /// All processes of the live stage stand still.
    Freeze,
    /// The live stage goes on.
    Thaw,
    /// An item is not run, or not run on.
    Skip,
    /// The live stage ends now.
    Stop,
    /// A stage is run again, with what the stages before it left.
    RetryStage,
    /// An item is run again from its first stage.
    Retry,
    /// A queued item goes one place up.
    MoveUp,
    /// A queued item goes one place down.
    MoveDown,
    /// A commit is added to the queue.
    Add,
    /// A queued item is taken out.
    Remove,
    /// A failure pauses the queue and keeps the worktree.
    Hold,
    /// It does not.
    Unhold,
    /// What happens to an agent that is stuck.
    OnStuck,
    /// The runner ends after the live stage.
    Quit,
    /// The runner ends at once; the live stage is stopped.
    QuitNow,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The verb.
    pub verb: Verb,
    /// The item it is about; `None` means the live one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The stage to retry; `None` means the one that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The commit to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The policy for stuck agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<OnStuck>,
}

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the asker; the answer carries it.
    pub id: String,
    /// When it was asked, by the asker's clock.
    pub at: Timestamp,
    /// Who asks.
    pub by: By,
    /// What is asked.
    #[serde(flatten)]
    pub ask: Ask,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 17] = [
        Self::Pause,
        Self::Resume,
        Self::Freeze,
        Self::Thaw,
        Self::Skip,
        Self::Stop,
        Self::RetryStage,
        Self::Retry,
        Self::MoveUp,
        Self::MoveDown,
        Self::Add,
        Self::Remove,
        Self::Hold,
        Self::Unhold,
        Self::OnStuck,
        Self::Quit,
        Self::QuitNow,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::Skip => "skip",
            Self::Stop => "stop",
            Self::RetryStage => "retry-stage",
            Self::Retry => "retry",
            Self::MoveUp => "move-up",
            Self::MoveDown => "move-down",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Hold => "hold",
            Self::Unhold => "unhold",
            Self::OnStuck => "on-stuck",
            Self::Quit => "quit",
            Self::QuitNow => "quit-now",
        }
    }

    /// The verb of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }

    /// Whether the verb is about the run as a whole, and takes no item.
    pub const fn is_about_run(self) -> bool {
        matches!(self, Self::Pause | Self::Resume | Self::Hold | Self::Unhold | Self::OnStuck | Self::Quit | Self::QuitNow)
    }

    /// Whether the wish outlives the runner it was sent to: work that was asked for is still wanted.
    pub const fn outlives_runner(self) -> bool {
        matches!(self, Self::Retry | Self::RetryStage | Self::Add)
    }

    /// Whether the verb makes sense without a runner, so that sending it starts one.
    pub const fn starts_runner(self) -> bool {
        self.outlives_runner() || matches!(self, Self::Resume)
    }
}

fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last == [b'\n'])
}

impl Request {
    /// Appends one line in one write: `O_APPEND` keeps concurrent writers apart.
    pub fn send(&self, folder: &RunFolder) -> Result<(), LedgerError> {
        let path = folder.requests();
        let mut line = serde_json::to_vec(self).map_err(|error| LedgerError::Damaged { path: path.clone(), why: error.to_string() })?;
        line.push(b'\n');
        let mut file = regular::open(File::options().read(true).append(true).create(true).mode(0o600), &path)
            .map_err(LedgerError::io("open", &path))?;
        if !ends_with_newline(&mut file).map_err(LedgerError::io("read", &path))? {
            // somebody's torn line must not take ours along
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(LedgerError::io("append to", &path))
    }
}
