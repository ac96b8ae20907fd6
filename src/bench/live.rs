//! What a benchmark prints while it runs, folded: phases, one progress row, the engine's figures. Memory is bounded whatever
//! comes: 33 MB of tracebacks in five seconds are no reason to stop.

mod bar;
mod told;

use jiff::Timestamp;

use super::failure;
use crate::domain::{ArmPhase, ProgressRow, ServerFigures};
use told::Told;

/// Bytes of a line that are looked at; what tells anything stands nearer to its begin.
const LONGEST: usize = 8 * 1024;

/// The fold over one stream: the client's stdout, its stderr, or what the server prints. How the bytes were cut on their way
/// makes no difference.
#[derive(Debug, Clone, Default)]
pub struct LiveFold {
    /// Where the phases changed that it tells of, since the last time it was asked: whoever asks takes them out. They go
    /// forwards only.
    pub phases: Vec<ArmPhase>,
    /// The bar that moved last; `None` once it is at its end.
    pub row: Option<ProgressRow>,
    /// The engine's own line, the newest.
    pub figures: Option<ServerFigures>,
    /// The first line that names a cause, clipped; the later ones follow from it.
    pub first_error: Option<String>,
    /// The last phase that was told.
    last: Option<ArmPhase>,
    /// The bar as the last whole line left it.
    settled: Option<ProgressRow>,
    /// The begin of a line, at most [`LONGEST`] of it.
    begun: Vec<u8>,
}

impl LiveFold {
    /// Takes what was printed since the last time, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8], at: Timestamp) {
        let mut rest = bytes;
        // bars write over themselves: a carriage return ends a line too
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            if self.begun.is_empty() {
                self.line(line.get(..LONGEST).unwrap_or(line), at);
            } else {
                self.keep(line);
                let mut whole = std::mem::take(&mut self.begun);
                self.line(&whole, at);
                whole.clear();
                self.begun = whole;
            }
        }
        self.keep(rest);
        self.look_ahead();
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// A whole line.
    fn line(&mut self, line: &[u8], at: Timestamp) {
        if line.is_empty() {
            return;
        }
        let told = Told::of(line);
        self.come_to(&told);
        if told.has_bar
            && let Some(row) = bar::read(&String::from_utf8_lossy(line))
        {
            self.settled = unless_over(row);
        }
        if let Some(figures) = told.figures.and_then(|from| told::figures(&String::from_utf8_lossy(line.get(from..)?), at)) {
            self.figures = Some(figures);
        }
        if self.first_error.is_none() {
            self.first_error = failure::named_in(line);
        }
    }

    /// A bar stands before its carriage return: the newest is that of a line which has no end yet.
    fn look_ahead(&mut self) {
        let begun = std::mem::take(&mut self.begun);
        let told = Told::of(&begun);
        self.come_to(&told);
        let row = Some(&begun).filter(|_| told.has_bar).and_then(|begun| bar::read(&String::from_utf8_lossy(begun)));
        self.row = row.map_or_else(|| self.settled.clone(), unless_over);
        self.begun = begun;
    }

    fn come_to(&mut self, told: &Told) {
        for phase in told.phases.iter().flatten() {
            let phase = match phase {
                told::Begins::At(phase) => *phase,
                // offline, it is what is measured, unless it says that it warms up
                told::Begins::Prompts if self.last == Some(ArmPhase::Warmup) => ArmPhase::Warmup,
                told::Begins::Prompts => ArmPhase::Bench,
            };
            if self.last.is_none_or(|last| last < phase) {
                self.last = Some(phase);
                self.phases.push(phase);
            }
        }
    }
}

fn unless_over(row: ProgressRow) -> Option<ProgressRow> {
    Some(row).filter(|row| row.total.is_none_or(|total| row.done < total))
}

#[cfg(test)]
mod tests;
