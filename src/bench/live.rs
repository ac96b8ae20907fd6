//! What a benchmark prints while it runs, folded: phases, one progress row, the engine's figures. Memory is bounded whatever
//! comes: 33 MB of tracebacks in five seconds are no reason to stop.

use jiff::Timestamp;

use crate::domain::{ArmPhase, ProgressRow, ServerFigures};

/// The fold over one stream: the client's stdout, its stderr, or what the server prints.
#[derive(Debug, Clone, Default)]
pub struct LiveFold {
    /// Where the phases changed that it tells of, since the last time it was asked.
    pub phases: Vec<ArmPhase>,
    /// The bar that moved last; `None` once it is at its end.
    pub row: Option<ProgressRow>,
    /// The engine's own line, the newest.
    pub figures: Option<ServerFigures>,
    /// The first line that names a cause, clipped; the later ones follow from it.
    pub first_error: Option<String>,
}

impl LiveFold {
    /// Takes what was printed since the last time, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8], at: Timestamp) {
        let _ = (bytes, at);
    }
}
