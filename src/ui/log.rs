//! The log screen: which file, where in it, what is searched.

/// What the log screen knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// Lines of output below what is shown.
    pub back: usize,
}

/// What the log screen wants read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {}
