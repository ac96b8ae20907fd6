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

impl BenchKind {
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
