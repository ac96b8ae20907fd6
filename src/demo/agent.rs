//! (to be written)

use clap::Parser;

use crate::exit::Exit;

/// What to play.
#[derive(Debug, Parser)]
pub struct Args {}

/// Plays it.
pub fn play(_args: &Args) -> Exit {
    Exit::Internal
}
