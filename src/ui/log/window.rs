//! The lines that are known of a file, and what became of it.

use super::Source;
use crate::text::ansi;
use crate::text::width;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it begins in the file, in bytes.
    pub at: u64,
    /// What is to be read, clean and masked, with its colours.
    pub shown: ansi::Line,
}

/// Neighbouring lines of a file, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The file.
    pub source: Source,
    /// The number of the wish that this answers.
    pub serial: u64,
    /// Whether it could be read.
    pub fate: Fate,
    /// The lines.
    pub lines: Vec<Line>,
    /// The byte behind the last of them.
    pub end: u64,
    /// Bytes of the file.
    pub len: u64,
}

/// Whether a file could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It could.
    Read,
    /// There is none.
    Missing,
    /// We may not.
    Forbidden,
    /// It is a folder, a pipe or a device.
    NoFile,
    /// The system said this.
    Failed(String),
}

/// What becomes of a file while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It was cut to fewer bytes, or written anew.
    Shrunk,
    /// Another file has its name now.
    Replaced,
    /// It has no name any more.
    Gone,
    /// What has its name now is no regular file.
    Displaced,
    /// We may not read it any more.
    Forbidden,
    /// The system does not let us read it any more.
    Lost,
    /// It is there again.
    Back,
}

impl Line {
    /// Columns that it takes.
    pub fn width(&self) -> usize {
        width::width(&self.shown.text)
    }
}

impl Window {
    /// Where the first line begins.
    pub fn begin(&self) -> u64 {
        self.lines.first().map_or(self.end, |line| line.at)
    }

    /// Whether the last line is the file's last.
    pub const fn is_end(&self) -> bool {
        self.end >= self.len
    }
}

impl Turn {
    /// Whether the places in the file mean nothing any more.
    pub const fn begins_again(self) -> bool {
        matches!(self, Self::Shrunk | Self::Replaced)
    }

    /// A sentence.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Shrunk => "the file was cut or written anew: it begins again",
            Self::Replaced => "the file was replaced: this is the new one",
            Self::Gone => "the file was removed: this is what was read of it",
            Self::Displaced => "a link, a pipe, a device or a folder has the file's name now: this is what was read before",
            Self::Forbidden => "the file may not be read by you any more: this is what was read before",
            Self::Lost => "the file can't be read any more: this is what was read before",
            Self::Back => "the file is there again",
        }
    }
}
