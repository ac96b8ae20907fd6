//! (to be written)

use clap::Parser;

/// What to play.
#[derive(Debug, Parser)]
pub struct Args {}

/// Plays it.
pub fn play(_args: &Args) -> u8 {
    5
}
