//! What a benchmark measures, in words for an agent.

use crate::domain::BenchKind;

/// What the benchmark measures and which way is better, by its command, else by the mapping's mode. `None` where
/// neither tells.
pub(super) fn metric(command: Option<&str>, mode: Option<&str>) -> Option<&'static str> {
    Some(match BenchKind::of_command(command.unwrap_or_default()).or_else(|| by_mode(mode?))? {
        BenchKind::Serving => {
            "the mean time to first token (TTFT, in ms: lower is better); beside it the time per output token and the latency between \
             tokens (TPOT and ITL, in ms: lower is better) and the output throughput (in tokens/s: higher is better)"
        }
        BenchKind::Latency => "the average latency of a batch (in ms: lower is better)",
        BenchKind::Throughput | BenchKind::PrefixCaching => "the throughput (in tokens/s: higher is better)",
    })
}

fn by_mode(mode: &str) -> Option<BenchKind> {
    match mode {
        "serving" => Some(BenchKind::Serving),
        "offline" | "throughput" | "prefix_caching" => Some(BenchKind::Throughput),
        "latency" => Some(BenchKind::Latency),
        // `standalone` is both, latency and throughput
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_says_more_than_the_mode() {
        let says = |command, mode| metric(command, mode).unwrap_or("nothing").split(" (").next().unwrap_or_default();
        assert_eq!(says(Some("vllm bench throughput --model m"), Some("serving")), "the throughput");
        assert_eq!(
            says(Some("python benchmarks/benchmark_serving.py --dataset latency"), Some("standalone")),
            "the mean time to first token"
        );
        assert_eq!(says(Some("python benchmarks/benchmark_latency.py"), None), "the average latency of a batch");
        assert_eq!(says(Some("python benchmark_guided.py"), Some("serving")), "the mean time to first token");
        assert_eq!(says(None, Some("prefix_caching")), "the throughput");
        assert_eq!((metric(None, Some("standalone")), metric(None, None)), (None, None));
    }
}
