//! The block that `benchmark_serving.py` (since v0.4.0), `vllm bench serve` and SGLang's `bench_serving` print:
//! `"{:<40} {:<10}"` a line between a header of `=` and a line of `=`. SGLang's offline throughput prints the same.
//!
//! Head and end may be cut away, lines of others may stand between, and the harness prints a second block that repeats
//! numbers of the first one.

use super::label::{self, Label};
use crate::domain::{BenchEngine, BenchKind, Metric};

/// More numbers than any block has.
const MOST: usize = 1000;

/// After so many lines of others a block has ended, though its end was not seen.
const PATIENCE: usize = 100;

/// All blocks of an output, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Table {
    open: Option<Block>,
    /// What the blocks before say together.
    read: Option<Block>,
    /// Blocks that said otherwise than the one before.
    disagree: usize,
    /// Numbers that were seen so far.
    pub(super) numbers: usize,
}

/// One block.
#[expect(clippy::struct_excessive_bools, reason = "each is something that was seen in it or was not")]
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) metrics: Vec<Metric>,
    /// It measured without a server: SGLang's offline throughput.
    is_offline: bool,
    is_sglang: bool,
    /// What the arguments in it say: label in lower case, and value.
    pub(super) said: Vec<(String, String)>,
    /// Its end was seen.
    pub(super) is_whole: bool,
    /// Lines of others since its last own.
    foreign: usize,
    /// The heading of indented lines: `Per-position acceptance (%):`.
    is_by_position: bool,
}

impl Table {
    /// Takes a line, and says whether it is a block's. `ended`: it is not the half of one.
    pub(super) fn line(&mut self, line: &str, ended: bool) -> bool {
        let trimmed = line.trim();
        if is_header(trimmed) {
            self.close(false);
            self.open = Some(Block { is_offline: trimmed.contains("Offline Throughput"), ..Block::default() });
            return true;
        }
        if is_end(trimmed) {
            self.close(true);
            return true;
        }
        let Some(block) = &mut self.open else { return self.headless(line, ended) };
        let before = block.metrics.len();
        let is_own = block.line(line, ended);
        self.numbers += block.metrics.len() - before;
        block.foreign = if is_own { 0 } else { block.foreign + 1 };
        if block.foreign > PATIENCE {
            self.close(false);
        }
        is_own
    }

    /// A line outside of any block: of one whose head was cut away, if it looks exactly so.
    fn headless(&mut self, line: &str, ended: bool) -> bool {
        let Some((printed, value)) = line.split_once(':') else { return false };
        let is_padded = value.starts_with("  ") || (value.starts_with(' ') && printed.len() >= 39);
        if !is_padded || !line.starts_with(|c: char| c.is_ascii_uppercase()) || !label::label(printed).is_some_and(|label| label.is_known) {
            return false;
        }
        let mut block = Block::default();
        let is_own = block.line(line, ended);
        if is_own {
            self.numbers += block.metrics.len();
            self.open = Some(block);
        }
        is_own
    }

    fn close(&mut self, is_whole: bool) {
        let Some(mut block) = self.open.take() else { return };
        block.is_whole = is_whole;
        let older = self.read.take();
        if block.metrics.is_empty() {
            self.read = older;
            return;
        }
        let Some(mut older) = older else {
            self.read = Some(block);
            return;
        };
        let other = |metric: &Metric| older.metrics.iter().find(|old| old.name == metric.name).map(|old| old.value.to_bits());
        if block.metrics.iter().any(|metric| other(metric).is_some_and(|old| old != metric.value.to_bits())) {
            self.disagree += 1;
            self.read = Some(block);
            return;
        }
        for metric in block.metrics {
            put(&mut older.metrics, metric);
        }
        older.said.extend(block.said);
        older.is_sglang |= block.is_sglang;
        older.is_whole |= block.is_whole;
        self.read = Some(older);
    }

    /// What the blocks say together.
    pub(super) fn finish(mut self) -> (Option<Block>, usize) {
        self.close(false);
        (self.read, self.disagree)
    }
}

/// ` Serving Benchmark Result ` between `=`; its beginning may be cut away.
fn is_header(trimmed: &str) -> bool {
    trimmed.ends_with("==") && trimmed.trim_end_matches('=').trim_end().ends_with("Benchmark Result")
}

fn is_end(trimmed: &str) -> bool {
    trimmed.len() >= 30 && trimmed.bytes().all(|byte| byte == b'=')
}

/// The title of a section, between `-`.
fn title(trimmed: &str) -> Option<&str> {
    let title = trimmed.trim_matches('-');
    (trimmed.ends_with("--") && !title.is_empty()).then_some(title)
}

/// Keeps a number; of a name that is there already the new one counts.
pub(super) fn put(metrics: &mut Vec<Metric>, metric: Metric) {
    if let Some(known) = metrics.iter_mut().find(|known| known.name == metric.name) {
        *known = metric;
    } else if metrics.len() < MOST {
        metrics.push(metric);
    }
}

impl Block {
    fn line(&mut self, line: &str, ended: bool) -> bool {
        let trimmed = line.trim();
        if let Some(title) = title(trimmed) {
            self.is_by_position = false;
            // vLLM writes `Inter-token` and `End-to-end`
            self.is_sglang |= matches!(title, "Inter-Token Latency" | "End-to-End Latency");
            return true;
        }
        let Some((printed, value)) = trimmed.rsplit_once(':') else { return false };
        let (printed, value) = (printed.trim(), value.trim());
        if value.is_empty() {
            self.is_by_position = printed.eq_ignore_ascii_case("per-position acceptance (%)");
            return self.is_by_position;
        }
        let low = printed.to_ascii_lowercase();
        self.is_sglang |= matches!(low.as_str(), "backend" | "max reqeuest concurrency" | "total generated tokens (retokenized)");
        if matches!(low.as_str(), "backend" | "traffic request rate" | "max request concurrency" | "maximum request concurrency") {
            self.said.push((low.clone(), value.to_owned()));
        }
        let Some(number) = label::number(value) else {
            return !self.said.is_empty() && self.said.last().is_some_and(|(label, _)| *label == low);
        };
        // digits may be missing: blanks follow a number, which is padded to ten columns
        if !ended && line.ends_with(value) {
            return true;
        }
        let Some(label) = self.named(line, printed) else { return false };
        put(&mut self.metrics, label.with(number));
        true
    }

    fn named(&mut self, line: &str, printed: &str) -> Option<Label> {
        let position = printed.strip_prefix("Position ").filter(|_| self.is_by_position && line.starts_with(' '));
        if let Some(position) = position {
            return Some(Label {
                name: format!("acceptance_position_{}_pct", label::snake(position)),
                unit: "%".to_owned(),
                is_known: true,
            });
        }
        self.is_by_position = false;
        // a line of a log that came in between
        let is_log = ["INFO", "WARNING", "ERROR", "DEBUG", "CRITICAL"].iter().any(|level| printed.starts_with(level));
        label::label(printed).filter(|label| label.is_known || !is_log)
    }

    /// What it measured, and whose it is.
    pub(super) const fn is_of(&self) -> (BenchKind, BenchEngine) {
        let kind = if self.is_offline { BenchKind::Throughput } else { BenchKind::Serving };
        let engine = if self.is_offline || self.is_sglang { BenchEngine::Sglang } else { BenchEngine::Vllm };
        (kind, engine)
    }
}
