//! What a benchmark measures, and whose benchmark it is.

use serde::{Deserialize, Serialize};

/// The kind of a benchmark. One that nothing tells is `None` in Rust and `unknown` in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BenchKind {
    /// `benchmark_serving.py`, `vllm bench serve`, SGLang's `bench_serving`: a server and its clients.
    Serving,
    /// `benchmark_latency.py`, `vllm bench latency`: one batch, over and over.
    Latency,
    /// `benchmark_throughput.py`, `vllm bench throughput`: many prompts, no server.
    Throughput,
    /// `benchmark_prefix_caching.py`.
    PrefixCaching,
}

/// Whose output it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BenchEngine {
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
}

/// What commands run, the first that a command holds decides: ISO-Bench's own rule, and SGLang's programs.
const COMMANDS: [(&str, BenchKind); 10] = [
    ("benchmark_latency", BenchKind::Latency),
    ("bench latency", BenchKind::Latency),
    ("bench_one_batch", BenchKind::Latency),
    ("benchmark_throughput", BenchKind::Throughput),
    ("bench throughput", BenchKind::Throughput),
    ("bench_offline_throughput", BenchKind::Throughput),
    ("benchmark_prefix_caching", BenchKind::PrefixCaching),
    ("benchmark_serving", BenchKind::Serving),
    ("bench serve", BenchKind::Serving),
    ("bench_serving", BenchKind::Serving),
];

impl BenchKind {
    /// What a command measures; `None`: it names no benchmark that we know.
    pub fn of_command(command: &str) -> Option<Self> {
        COMMANDS.into_iter().find(|(name, _)| command.contains(name)).map(|(_, kind)| kind)
    }

    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::PrefixCaching => "prefix_caching",
        }
    }

    /// The metric that decides (`reference/isobench.md` section 5), by the name it has in result files.
    pub const fn primary(self) -> &'static str {
        match self {
            Self::Serving => "ttft_mean_ms",
            Self::Latency => "latency_avg_ms",
            Self::Throughput | Self::PrefixCaching => "throughput_tok_s",
        }
    }
}

impl BenchEngine {
    /// The word used in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
        }
    }
}
