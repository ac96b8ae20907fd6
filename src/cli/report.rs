//! `report PATH…`: how it went, from any tree.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::exit::Exit;

/// Says how runs went: the harness's trees, result folders and runs of ours.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Trees, run folders, result folders; default: this checkout
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// Lays two runs or trees side by side, commit by commit
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "paths")]
    compare: Vec<PathBuf>,
    /// Writes to a file instead of the terminal
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal
    Table,
    /// Markdown
    Md,
    /// Rows for a spreadsheet
    Csv,
    /// Everything, for scripts
    Json,
    /// One self-contained page
    Html,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("not built yet: {:?} {:?} {:?} {:?}", args.paths, args.format, args.compare, args.output)
}
