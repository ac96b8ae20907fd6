//! What a benchmark measures, in words for an agent.

/// What ISO-Bench's benchmarks come in, by its own rule: what the command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Serving,
    Latency,
    Throughput,
}

/// What the benchmark measures and which way is better, by its command, else by the mapping's mode. `None` where
/// neither tells.
pub(super) fn metric(command: Option<&str>, mode: Option<&str>) -> Option<&'static str> {
    Some(match by_command(command.unwrap_or_default()).or_else(|| by_mode(mode?))? {
        Kind::Serving => {
            "the mean time to first token (TTFT, in ms: lower is better); beside it the time per output token and the latency between \
             tokens (TPOT and ITL, in ms: lower is better) and the output throughput (in tokens/s: higher is better)"
        }
        Kind::Latency => "the average latency of a batch (in ms: lower is better)",
        Kind::Throughput => "the throughput (in tokens/s: higher is better)",
    })
}

fn by_command(command: &str) -> Option<Kind> {
    const KNOWN: [(&str, Kind); 10] = [
        ("benchmark_latency", Kind::Latency),
        ("bench latency", Kind::Latency),
        ("bench_one_batch", Kind::Latency),
        ("benchmark_throughput", Kind::Throughput),
        ("bench throughput", Kind::Throughput),
        ("bench_offline_throughput", Kind::Throughput),
        ("benchmark_prefix_caching", Kind::Throughput),
        ("benchmark_serving", Kind::Serving),
        ("bench serve", Kind::Serving),
        ("bench_serving", Kind::Serving),
    ];
    KNOWN.into_iter().find(|(name, _)| command.contains(name)).map(|(_, kind)| kind)
}

fn by_mode(mode: &str) -> Option<Kind> {
    match mode {
        "serving" => Some(Kind::Serving),
        "offline" | "throughput" | "prefix_caching" => Some(Kind::Throughput),
        "latency" => Some(Kind::Latency),
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
