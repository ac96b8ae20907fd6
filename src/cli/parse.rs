//! `parse FILE…`: captured benchmark output of any version, one JSON line a file.

mod text;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::bufread::MultiGzDecoder;
use serde::{Serialize, Serializer};

use super::{Format, read, tell, trajectory, usage};
use crate::bench::{Output, read_from};
use crate::domain::{BenchEngine, BenchKind, Cause, Metric, Workload};
use crate::exit::Exit;
use crate::host::files::{self, Links};
use crate::host::gzip;
use crate::text::clean;
use crate::text::mask::Masker;

/// Reads captured benchmark output: its kind, its numbers, and the true cause of a failure.
#[derive(Debug, Args)]
pub(super) struct ParseArgs {
    /// Files of captured output, `--save-result` JSON, result files; also packed by gzip; - for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// json: one line a file; text: for people
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// A file that was read, as it is printed.
#[derive(Debug, Serialize)]
struct Parsed<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    engine: &'static str,
    #[serde(serialize_with = "numbers")]
    metrics: &'a [Metric],
    ok: bool,
    failure: Option<&'a Cause>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Workload::is_empty")]
    workload: &'a Workload,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

pub(super) fn parse(root: Option<&Path>, args: &ParseArgs) -> anyhow::Result<Exit> {
    let masker = trajectory::masker(root, args.files.iter().map(PathBuf::as_path));
    let mut out = io::stdout().lock();
    let mut refused = Vec::new();
    for path in &args.files {
        let (mut output, broken) = match opened(path) {
            Ok(file) => read_from(file),
            Err(why) => {
                refused.push(why);
                continue;
            }
        };
        match broken {
            Err(error) if output == Output::default() => {
                refused.push(format!("{}: can't be read: {error}: name a file that holds a benchmark's output", clean::path(path)));
                continue;
            }
            Err(error) => output.notes.push(format!("it could be read only in part ({error}): what was read until there counts")),
            Ok(()) => {}
        }
        masked(&mut output, &masker);
        let path = masker.mask(&clean::path(path)).into_owned();
        let written = match args.format {
            Format::Json => json(&mut out, &path, &output),
            Format::Text => text::write(&mut out, &path, &output),
        };
        if let Err(error) = written {
            return read::written(Err(error)).map(|()| Exit::Well);
        }
    }
    read::written(out.flush())?;
    drop(out);
    // a last line says it again in the exit code
    Ok(refused.iter().fold(Exit::Well, |_, says| usage(masker.mask(says))))
}

/// What is in a file, unpacked where it is packed; the error says what to do.
fn opened(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let mut bytes: Box<dyn BufRead> = if path == Path::new("-") {
        if rustix::termios::isatty(io::stdin()) {
            tell(format_args!("isobench-tui: reading from the terminal; end it with ctrl-d"));
        }
        Box::new(BufReader::with_capacity(BLOCK, io::stdin()))
    } else {
        let shown = clean::path(path);
        if path.is_dir() {
            return Err(format!("{shown}: it is a folder: name the files in it; `isobench-tui report` reads folders"));
        }
        let (file, _): (File, _) = files::open(path, Links::Followed)
            .map_err(|error| format!("{shown}: can't be opened: {error}: name a file that holds a benchmark's output"))?;
        Box::new(BufReader::with_capacity(BLOCK, file))
    };
    let is_packed = bytes.fill_buf().is_ok_and(gzip::is_packed);
    if is_packed {
        bytes = Box::new(BufReader::with_capacity(BLOCK, MultiGzDecoder::new(bytes)));
    }
    Ok(bytes)
}

/// Nothing that came out of a file shows a secret.
fn masked(output: &mut Output, masker: &Masker) {
    let hide = |text: &mut String| *text = masker.mask(text).into_owned();
    if let Some(cause) = &mut output.failure {
        hide(&mut cause.evidence);
    }
    output.notes.iter_mut().for_each(hide);
    output.metrics.iter_mut().for_each(|metric| hide(&mut metric.name));
    let Workload { model, dataset, request_rate, .. } = &mut output.workload;
    [model, dataset, request_rate].into_iter().flatten().for_each(hide);
}

const fn kind(kind: Option<BenchKind>) -> &'static str {
    match kind {
        Some(kind) => kind.name(),
        None => "unknown",
    }
}

const fn engine(engine: Option<BenchEngine>) -> &'static str {
    match engine {
        Some(engine) => engine.name(),
        None => "unknown",
    }
}

fn json(out: &mut impl Write, path: &str, output: &Output) -> io::Result<()> {
    let parsed = Parsed {
        path,
        kind: kind(output.kind),
        engine: engine(output.engine),
        metrics: &output.metrics,
        ok: output.failure.is_none(),
        failure: output.failure.as_ref(),
        flags: output.flags.iter().map(|flag| flag.name()).collect(),
        workload: &output.workload,
        notes: &output.notes,
    };
    serde_json::to_writer(&mut *out, &parsed)?;
    writeln!(out)
}

/// Names and numbers; a whole number has no `.0`.
fn numbers<S: Serializer>(metrics: &[Metric], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|metric| (&metric.name, number(metric.value))))
}

/// A number as JSON: whole ones as integers, as long as a float tells them apart.
fn number(value: f64) -> serde_json::Number {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
    let whole = (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64);
    whole.map_or_else(|| serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into()), Into::into)
}
