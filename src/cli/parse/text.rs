//! What was read of a file, for people.

use std::io::{self, Write};

use super::{engine, kind, number};
use crate::bench::{self, Output};

/// Columns of a metric's name.
const NAME: usize = 38;

/// Writes a file: how it ended, what it measured, its numbers, what to look at.
pub(super) fn write(out: &mut impl Write, path: &str, output: &Output) -> io::Result<()> {
    let how = if output.failure.is_none() { "ok    " } else { "failed" };
    let what = match (output.kind, output.engine) {
        (None, None) => "unknown".to_owned(),
        _ => format!("{}, {}", kind(output.kind), engine(output.engine)),
    };
    writeln!(out, "{how}  {path}  ({what})")?;
    if let Some(cause) = &output.failure {
        writeln!(out, "        {}: {}", cause.class, cause.evidence)?;
        // some hints are keys of the screen
        let hint = bench::hint(cause.class, &cause.evidence);
        if !hint.starts_with("6 ") && !hint.starts_with("r ") {
            writeln!(out, "        -> {hint}")?;
        }
    }
    let workload = output.workload.words();
    let model = output.workload.model.as_deref().unwrap_or_default();
    let told = [model, workload.as_str()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    if !told.is_empty() {
        writeln!(out, "        {told}")?;
    }
    for flag in &output.flags {
        writeln!(out, "        look: {flag}: {}", flag.says())?;
    }
    for note in &output.notes {
        writeln!(out, "        note: {note}")?;
    }
    for metric in &output.metrics {
        let value = number(metric.value).to_string();
        writeln!(out, "        {:<NAME$} {value} {}", metric.name, metric.unit)?;
    }
    writeln!(out)
}
