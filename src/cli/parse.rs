//! `parse FILE…`: captured benchmark output of any version, one JSON line a file.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use crate::exit::Exit;

/// Reads captured benchmark output: its kind, its numbers, and the true cause of a failure.
#[derive(Debug, Args)]
pub(super) struct ParseArgs {
    /// Files of captured output, `--save-result` JSON, result files; also packed by gzip
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

pub(super) fn parse(args: &ParseArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("not built yet: {:?} {:?}", args.files, args.format)
}
