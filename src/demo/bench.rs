//! (to be written)

use clap::Parser;

use crate::exit::Exit;

/// What to measure.
#[derive(Debug, Parser)]
pub struct Args {}

/// Measures it.
pub fn measure(_args: &Args) -> Exit {
    Exit::Internal
}
