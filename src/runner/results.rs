//! Result files (being built).

use std::io;
use std::path::PathBuf;

use super::conclude::Case;
use crate::domain::{ArmDetail, ChildEnd, StageEnd};

/// What came of an arm.
#[derive(Debug)]
pub struct ArmReport<'a> {
    /// How it ended.
    pub end: &'a StageEnd,
    /// What it measured.
    pub detail: &'a ArmDetail,
    /// The end of its processes.
    pub child: &'a ChildEnd,
    /// The image that it ran in, as it is named.
    pub image: Option<String>,
    /// What tells whether two arms were asked to do the same.
    pub command_digest: Option<String>,
    /// The files that it printed.
    pub printed: Vec<PathBuf>,
}

/// Writes a result.
pub fn write(case: &Case<'_>, report: &ArmReport<'_>) -> io::Result<()> {
    let _ = (case, report);
    Ok(())
}
