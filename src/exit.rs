//! Exit codes, by name. They are part of the interface: README lists them.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All well.
    Well = 0,
    /// Some items failed (`run` and `demo` only).
    ItemsFailed = 1,
    /// The command line, the plan or the configuration is wrong.
    Usage = 2,
    /// Nothing is runnable after preflight.
    NothingRunnable = 3,
    /// Another runner holds the run.
    Held = 4,
    /// We could not do our own job.
    Internal = 5,
    /// What was asked for was refused, or did not come in time.
    Refused = 6,
    /// The run has no runner.
    NoRunner = 7,
    /// There is no such run.
    NoSuchRun = 8,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
