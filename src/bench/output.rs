//! What a captured benchmark output says: kind, engine, numbers, and whether it is a success. One parser a format below
//! `output/`; the format is chosen by content (`reference/vllm-docker.md` section 1).

use crate::domain::{BenchEngine, BenchKind, Cause, Flag, Metric, Workload};

/// An output, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Output {
    /// What was measured; `None` where nothing tells.
    pub kind: Option<BenchKind>,
    /// Whose benchmark it is; `None` where nothing tells.
    pub engine: Option<BenchEngine>,
    /// The numbers by the names of `reference/isobench.md` section 3, in the order printed.
    pub metrics: Vec<Metric>,
    /// The work that was measured, as far as the output tells.
    pub workload: Workload,
    /// What casts doubt on the numbers.
    pub flags: Vec<Flag>,
    /// Why this is no success, whatever the exit code says; `None` for a success.
    pub failure: Option<Cause>,
}

/// Reads an output. `None` of `failure` means that it is a success.
pub fn read(text: &str) -> Output {
    let metrics = super::parse_metrics(text);
    Output { failure: super::first_cause(text), metrics, ..Output::default() }
}
