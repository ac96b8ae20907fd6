//! Words that tell what was run and by whom, and how it ended, where no number tells it.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::{BenchEngine, BenchKind};

/// What a word tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Kind(BenchKind),
    Vllm,
    Sglang,
    /// Where `sglang` may also be the name of a backend of vLLM's own client.
    SglangClient,
    /// Ctrl-C, in Python.
    Interrupted,
    /// The scripts of 0.11 and later.
    Deprecated,
    /// Python gave up.
    Traceback,
    /// The client found nobody to ask.
    NobodyThere,
    /// The engine or the server ended.
    Died,
    /// The client lists what went wrong with requests.
    RequestError,
}

/// Words, and what they tell.
const WORDS: [(&str, Mark); 35] = [
    ("benchmark_serving", Mark::Kind(BenchKind::Serving)),
    ("benchmarks/serve.py", Mark::Kind(BenchKind::Serving)),
    ("Starting initial single prompt test run", Mark::Kind(BenchKind::Serving)),
    ("Traffic request rate:", Mark::Kind(BenchKind::Serving)),
    ("benchmark_latency", Mark::Kind(BenchKind::Latency)),
    ("benchmarks/latency.py", Mark::Kind(BenchKind::Latency)),
    ("Profiling iterations:", Mark::Kind(BenchKind::Latency)),
    ("Bench iterations:", Mark::Kind(BenchKind::Latency)),
    ("benchmark_throughput", Mark::Kind(BenchKind::Throughput)),
    ("benchmarks/throughput.py", Mark::Kind(BenchKind::Throughput)),
    ("benchmark_prefix_caching", Mark::Kind(BenchKind::PrefixCaching)),
    ("sglang/bench_serving", Mark::SglangClient),
    ("sglang.bench_serving", Mark::SglangClient),
    ("sglang/benchmark/serving", Mark::SglangClient),
    ("benchmark_args=Namespace", Mark::SglangClient),
    ("sglang", Mark::Sglang),
    ("SGLang", Mark::Sglang),
    ("vllm", Mark::Vllm),
    ("vLLM", Mark::Vllm),
    ("VLLM_", Mark::Vllm),
    ("(EngineCore", Mark::Vllm),
    ("KeyboardInterrupt", Mark::Interrupted),
    ("DEPRECATED: This script has been moved", Mark::Deprecated),
    ("Traceback (most recent call last)", Mark::Traceback),
    ("Cannot connect to host", Mark::NobodyThere),
    ("Connect call failed", Mark::NobodyThere),
    ("Initial test run failed", Mark::NobodyThere),
    ("EngineDeadError", Mark::Died),
    ("EngineCore encountered", Mark::Died),
    ("MQLLMEngine is already dead", Mark::Died),
    ("Background loop has errored", Mark::Died),
    ("SERVER_CRASHED", Mark::Died),
    ("ServerDisconnectedError", Mark::Died),
    ("Failed requests during benchmark run detected", Mark::RequestError),
    ("- ERROR - Error 0:", Mark::RequestError),
];

/// All words at once, the longer of two that begin alike first.
static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let mut words: Vec<String> = WORDS.iter().map(|(word, _)| regex::escape(word)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    Regex::new(&words.join("|")).ok()
});

/// What the words of an output tell.
#[expect(clippy::struct_excessive_bools, reason = "each is a word that was seen or was not")]
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) kind: Option<BenchKind>,
    sglang_client: bool,
    sglang: bool,
    vllm: bool,
    pub(super) interrupted: Option<String>,
    pub(super) deprecated: Option<String>,
    pub(super) nobody_there: Option<String>,
    pub(super) died: Option<String>,
    pub(super) has_request_errors: bool,
    /// Python gave up, and the last line of the trace is still to come.
    in_traceback: bool,
    /// With which error Python gave up first: `AssertionError: …`.
    pub(super) raised: Option<String>,
}

impl Marks {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        if self.in_traceback && !line.is_empty() && !line.starts_with([' ', '\t', '[', '(']) {
            self.in_traceback = false;
            let name = line.split([':', ' ']).next().unwrap_or_default();
            if self.raised.is_none() && ["Error", "Exception", "Exit"].iter().any(|end| name.ends_with(end)) {
                self.raised = Some(line.to_owned());
            }
        }
        if self.deprecated.is_some() && self.kind.is_none() {
            self.kind = match line.trim() {
                "vllm bench serve" => Some(BenchKind::Serving),
                "vllm bench latency" => Some(BenchKind::Latency),
                "vllm bench throughput" => Some(BenchKind::Throughput),
                _ => None,
            };
        }
        let Some(pattern) = &*PATTERN else { return };
        for found in pattern.find_iter(line) {
            if let Some((_, mark)) = WORDS.iter().find(|(word, _)| *word == found.as_str()) {
                self.mark(*mark, line);
            }
        }
    }

    fn mark(&mut self, mark: Mark, line: &str) {
        // a line of the program that raised it says less than the error itself
        let is_source = line.starts_with("    ");
        let keep = |kept: &mut Option<String>| {
            if !is_source {
                kept.get_or_insert_with(|| line.trim().to_owned());
            }
        };
        match mark {
            Mark::Kind(kind) => {
                self.kind.get_or_insert(kind);
            }
            Mark::Vllm => self.vllm = true,
            Mark::Sglang => self.sglang = true,
            Mark::SglangClient => {
                self.sglang_client = true;
                self.kind.get_or_insert(BenchKind::Serving);
            }
            Mark::Interrupted => keep(&mut self.interrupted),
            Mark::Deprecated => keep(&mut self.deprecated),
            Mark::Traceback => self.in_traceback = true,
            Mark::NobodyThere => keep(&mut self.nobody_there),
            Mark::Died => keep(&mut self.died),
            Mark::RequestError => self.has_request_errors = true,
        }
    }

    /// Whose it is, by the words alone.
    pub(super) const fn engine(&self) -> Option<BenchEngine> {
        if self.sglang_client || (self.sglang && !self.vllm) {
            Some(BenchEngine::Sglang)
        } else if self.vllm {
            Some(BenchEngine::Vllm)
        } else {
            None
        }
    }
}
