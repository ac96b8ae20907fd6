//! What makes the numbers of an arm doubtful, from the samples of its time.

use jiff::Timestamp;

use super::files::Files;
use crate::domain::{RunId, Taint};

/// What an arm is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    /// The run.
    pub run: &'a RunId,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// UUIDs of the GPUs that it used: those whose locks its keeper had. Of none nothing is said.
    pub gpus: &'a [String],
    /// For how long it was frozen, in ms.
    pub frozen_ms: u64,
}

/// What tainted it, and what should be known and taints nothing.
pub fn of_arm(files: &Files, arm: &Arm<'_>) -> (Vec<Taint>, Vec<String>) {
    let _ = (files, arm);
    (Vec::new(), Vec::new())
}
