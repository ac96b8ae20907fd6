//! The result files of our own arms, in the schema of ISO-Bench's three-way runner: `results/<run>/<sha8>_<arm>_result.json`
//! below the repository's root. Each measurement's own result lies with its attempt too; the one in `results/<run>` holds the
//! medians of all good measurements of the newest attempt.
//!
//! Results of other runs of ours are taken in place of a measurement where commit, command, image and machine agree.

use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::conclude::Case;
use super::create::digest;
use super::job::Job;
use super::three_way::name;
use crate::artifact::Document;
use crate::artifact::result_file::{ArmResult, BadEnd, Findings, ImageOf, Sample, Written, numbers_of};
use crate::bench::arm::ArmPlan;
use crate::domain::{Arm, ArmDetail, AttemptId, Machine, Repair, Stage, StageEnd, StageOutcome, Taint};
use crate::model::Item;

/// What decides, beside the commit and the machine, what an arm measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Digest of the command as it is run: [`command_digest`].
    pub command: String,
    /// The image, as far as it is known: the stage `pull` saw it.
    pub image: ImageOf,
    /// The repairs that may be made.
    pub repairs: Vec<Repair>,
}

/// An arm that came to an end, beside what its [`ArmDetail`] holds.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// What it was to measure; its image as the engine then named it.
    pub setup: &'a Setup,
    /// Unpaused time, in ms.
    pub duration_ms: u64,
    /// The lines of the script's marks.
    pub marks: &'a [String],
}

/// An older result that an arm takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Where it lies.
    pub path: PathBuf,
    /// All of it.
    pub result: Document<ArmResult>,
    /// What it holds, its origin included.
    pub detail: ArmDetail,
}

/// What came of an arm (stub: helper "results" has the real one).
#[derive(Debug)]
pub struct ArmReport<'a> {
    /// How it ended.
    pub end: &'a StageEnd,
    /// What it measured.
    pub detail: &'a ArmDetail,
    /// The end of its processes.
    pub child: &'a crate::domain::ChildEnd,
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
