//! Arguments in, exit code out.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

#[derive(Debug, Parser)]
#[command(name = "isobench-tui", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keeps one stage's processes (started by the runner).
    #[command(hide = true)]
    Keeper {
        /// The stage's folder.
        stage: PathBuf,
    },
    /// The demo's scripted agent (started by the demo's runner).
    #[command(hide = true)]
    DemoAgent(crate::demo::agent::Args),
    /// The demo's benchmark (started by the demo's runner).
    #[command(hide = true)]
    DemoBench(crate::demo::bench::Args),
}

/// Runs the program.
pub fn main() -> anyhow::Result<Exit> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Keeper { stage }) => Ok(crate::host::keeper::keep(&stage)),
        Some(Command::DemoAgent(args)) => Ok(crate::demo::agent::play(&args).map(|()| Exit::Well)?),
        Some(Command::DemoBench(args)) => Ok(if crate::demo::bench::measure(&args)? { Exit::Well } else { Exit::ItemsFailed }),
        None => Ok(Exit::Usage),
    }
}
