//! What a captured benchmark output says: kind, engine, numbers, and whether it is a success. One parser a format below
//! `output/`; the format is chosen by content (`reference/vllm-docker.md` section 1).

mod args;
mod json;
mod label;
mod line;
mod marks;
mod prints;
mod sieve;
mod sketch;
mod table;
mod verdict;

use std::io::{self, BufRead};

pub use self::json::{Stated, read_json, read_result};

use self::args::Args;
use self::marks::Marks;
use self::prints::PrefixCaching;
use self::sieve::Sieve;
use self::table::{Table, put};
use self::verdict::{Seen, judge};
use crate::domain::{BenchEngine, BenchKind, Cause, Flag, Metric, Workload};
use crate::text::clean;

/// Bytes of an output that are read; nobody prints more.
pub const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// An output, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Output {
    /// What was measured; `None` where nothing tells.
    pub kind: Option<BenchKind>,
    /// Whose benchmark it is; `None` where nothing tells.
    pub engine: Option<BenchEngine>,
    /// The numbers by the names of `reference/isobench.md` section 3, in the order printed.
    pub metrics: Vec<Metric>,
    /// The work that was measured, as far as the output tells.
    pub workload: Workload,
    /// What casts doubt on the numbers.
    pub flags: Vec<Flag>,
    /// What a person should know of the reading: two blocks that disagree, a file of several results.
    pub notes: Vec<String>,
    /// Why this is no success, whatever the exit code says; `None` for a success.
    pub failure: Option<Cause>,
}

/// Reads an output. `None` of `failure` means that it is a success.
pub fn read(text: &str) -> Output {
    let mut reader = Reader::default();
    for (line, ended) in line::lines(text) {
        reader.line(line, ended);
    }
    reader.finish(text)
}

/// Reads an output, or a result file, of any size and in bounded memory: at most [`LARGEST`] bytes. Fails only where
/// `bytes` does; `Err` then comes with what was read until there.
pub fn read_from(mut bytes: impl BufRead) -> (Output, io::Result<()>) {
    match looks_like_json(&mut bytes) {
        Ok(false) => text_from(bytes),
        Ok(true) => match read_json(bytes) {
            Ok(output) => (output, Ok(())),
            Err(error) => (Output::default(), Err(error)),
        },
        Err(error) => (Output::default(), Err(error)),
    }
}

/// An object, or a list of objects: a log may begin with a bracket too.
fn looks_like_json(bytes: &mut impl BufRead) -> io::Result<bool> {
    let head = bytes.fill_buf()?;
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    let mut signs = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    Ok(matches!((signs.next(), signs.next()), (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'{'))))
}

fn text_from(bytes: impl BufRead) -> (Output, io::Result<()>) {
    let (mut reader, mut sieve) = (Reader::default(), Sieve::default());
    let (mut line, mut is_open) = (Vec::new(), false);
    let mut bytes = bytes.take(LARGEST);
    let ended = loop {
        let piece = match bytes.fill_buf() {
            Ok([]) => break Ok(()),
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Err(error),
        };
        let end = memchr::memchr2(b'\n', b'\r', piece);
        let part = piece.get(..end.unwrap_or(piece.len())).unwrap_or(piece);
        let room = line::LONGEST.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room).unwrap_or(part));
        is_open = end.is_none();
        let used = part.len() + usize::from(!is_open);
        bytes.consume(used);
        if !is_open {
            let text = String::from_utf8_lossy(&line);
            reader.line(&text, true);
            sieve.line(&text);
            line.clear();
        }
    };
    if is_open {
        let text = String::from_utf8_lossy(&line);
        reader.line(&text, false);
        sieve.line(&text);
    }
    if bytes.limit() == 0 {
        reader.notes.push(format!("only the first {} GiB were read", LARGEST >> 30));
    }
    (reader.finish(&sieve.text), ended)
}

/// An output on its way in.
#[derive(Debug, Default)]
struct Reader {
    table: Table,
    plain: Vec<Metric>,
    latency: Vec<Metric>,
    throughput: Vec<Metric>,
    prefix_caching: PrefixCaching,
    args: Args,
    marks: Marks,
    notes: Vec<String>,
    /// The format of the last number: where an output holds several benchmarks, the last one counts.
    last: Option<Format>,
}

/// A format of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Table,
    Plain,
    Latency,
    Throughput,
    PrefixCaching,
}

impl Reader {
    fn line(&mut self, raw: &str, ended: bool) {
        let line = line::shown(raw);
        if line.trim().is_empty() {
            return;
        }
        self.marks.line(&line);
        let before = self.table.numbers;
        if self.table.line(&line, ended) {
            if self.table.numbers > before {
                self.last = Some(Format::Table);
            }
            return;
        }
        // all others have their label at the beginning
        if self.prefix_caching.line(&line, ended) {
            self.last = Some(Format::PrefixCaching);
        } else if let Some(args) = args::read(&line) {
            self.args = args;
        } else if let Some(metric) = prints::latency(&line, ended) {
            put(&mut self.latency, metric);
            self.last = Some(Format::Latency);
        } else if let Some(metrics) = prints::throughput(&line, ended) {
            for metric in metrics {
                put(&mut self.throughput, metric);
            }
            self.last = Some(Format::Throughput);
        } else if let Some(metric) = prints::plain_serving(&line, ended) {
            put(&mut self.plain, metric);
            self.last = Some(Format::Plain);
        } else {
            self.setting(&line);
        }
    }

    /// Settings that stand before the numbers, where the arguments are not printed or were cut away.
    fn setting(&mut self, line: &str) {
        let workload = &mut self.args.workload;
        if let Some(rate) = line.strip_prefix("Traffic request rate:").filter(|_| workload.request_rate.is_none()) {
            workload.request_rate = args::rate(rate);
        } else if let Some(most) = line.strip_prefix("Maximum request concurrency:").filter(|_| workload.max_concurrency.is_none()) {
            workload.max_concurrency = most.trim().parse().ok();
        }
    }

    fn finish(mut self, text: &str) -> Output {
        let (block, disagree) = std::mem::take(&mut self.table).finish();
        let mut kind = self.args.kind.or(self.marks.kind);
        let mut engine = self.marks.engine();
        if self.prefix_caching.is_seen && kind.is_none() {
            kind = Some(BenchKind::PrefixCaching);
        }
        let is_old_serving = self.throughput.len() == 1 || !self.plain.is_empty();
        let metrics = match self.last {
            Some(Format::Table) if let Some(block) = block => {
                let (of_kind, of_engine) = block.is_of();
                (kind, engine) = (Some(of_kind), Some(of_engine));
                self.take(block, disagree)
            }
            Some(Format::Latency) => {
                kind = Some(BenchKind::Latency);
                std::mem::take(&mut self.latency)
            }
            Some(Format::PrefixCaching) => {
                kind = Some(BenchKind::PrefixCaching);
                self.prefix_caching.metrics()
            }
            Some(Format::Throughput | Format::Plain) if is_old_serving => {
                let metrics = self.old_serving();
                if !metrics.is_empty() {
                    kind = Some(BenchKind::Serving);
                }
                metrics
            }
            Some(Format::Throughput) => {
                kind = Some(BenchKind::Throughput);
                std::mem::take(&mut self.throughput)
            }
            _ => Vec::new(),
        };
        if !metrics.is_empty() && engine.is_none() {
            engine = Some(BenchEngine::Vllm);
        }
        let metrics = if metrics.is_empty() && kind.is_none() { generic(text) } else { metrics };
        judge(Seen { kind, engine, metrics, args: self.args, marks: self.marks, notes: self.notes, ..Seen::default() }, text)
    }

    fn take(&mut self, block: table::Block, disagree: usize) -> Vec<Metric> {
        if disagree > 0 {
            self.notes.push("the blocks of this output disagree: the last one counts".to_owned());
        }
        let workload = &mut self.args.workload;
        for (label, value) in &block.said {
            match label.as_str() {
                "traffic request rate" if workload.request_rate.is_none() => workload.request_rate = args::rate(value),
                "max request concurrency" | "maximum request concurrency" if workload.max_concurrency.is_none() => {
                    workload.max_concurrency = value.parse().ok();
                }
                _ => {}
            }
        }
        let is_offline = block.is_of().0 == BenchKind::Throughput;
        let mut metrics = block.metrics;
        let total = metrics.iter().find(|metric| metric.name == "total_token_throughput_tok_s").map(|metric| metric.value);
        if let Some(value) = total.filter(|_| is_offline) {
            put(&mut metrics, Metric { name: "throughput_tok_s".to_owned(), value, unit: "tok/s".to_owned() });
        }
        metrics
    }

    /// Serving before v0.4: a rate of requests must be among the lines, as their labels are everybody's words.
    fn old_serving(&mut self) -> Vec<Metric> {
        let mut metrics = std::mem::take(&mut self.plain);
        for metric in std::mem::take(&mut self.throughput) {
            put(&mut metrics, metric);
        }
        let is_serving = metrics.len() > 1 && metrics.iter().any(|metric| metric.name == "request_throughput_req_s");
        if is_serving { metrics } else { Vec::new() }
    }
}

/// Numbers of a benchmark that nobody knows: `name: number unit`. A line of a log is none.
fn generic(text: &str) -> Vec<Metric> {
    let is_log = |line: &str| {
        let levels = ["INFO", "WARNING", "ERROR", "DEBUG", "CRITICAL", "["];
        levels.iter().any(|level| line.trim_start().starts_with(level)) || [".py:", "it/s", "s/it"].iter().any(|part| line.contains(part))
    };
    let mut kept: Vec<_> = text.lines().map(line::shown).collect();
    if text.contains(".py:") && !kept.is_empty() {
        // the first line of a log's tail may be the end of such a line
        kept.remove(0);
    }
    kept.retain(|line| !is_log(line));
    let mut metrics = super::parse_metrics(&kept.join("\n"));
    for metric in &mut metrics {
        metric.name = clean::line(&metric.name);
    }
    metrics
}
