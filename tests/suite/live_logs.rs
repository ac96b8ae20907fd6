//! What the captured and reconstructed outputs of every version fold to, while they are printed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::Path;

use isobench_tui::bench::live::LiveFold;
use isobench_tui::bench::prometheus::Scrapes;
use isobench_tui::domain::ArmPhase;
use jiff::Timestamp;

use crate::support::shared;

/// An output, in pieces of so many bytes.
fn fed(path: &Path, piece: usize) -> LiveFold {
    let bytes = fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut fold = LiveFold::default();
    for piece in bytes.chunks(piece) {
        fold.feed(piece, Timestamp::UNIX_EPOCH);
    }
    fold
}

fn phases(fold: &LiveFold) -> String {
    fold.phases.iter().map(|phase| phase.name()).collect::<Vec<_>>().join(" ")
}

/// File, its phases, generated tokens a second of its last figures, what its first error says.
const OUTPUTS: [(&str, &str, Option<f64>, Option<&str>); 27] = [
    ("recon_engine_v0.4.1_gpu.log.txt", "start weights graphs ready", Some(1403.9), None),
    ("recon_engine_v0.6.6_gpu.log.txt", "start weights graphs ready", Some(2402.9), None),
    ("recon_engine_v0.9.2_v1_gpu.log.txt", "start weights compile graphs ready", Some(2402.9), None),
    ("recon_engine_v0.11.0_v1_gpu_ansi.log.txt", "start weights compile graphs ready", Some(2402.9), None),
    ("recon_engine_v0.33.0_gpu.log.txt", "weights compile graphs ready", Some(2402.9), None),
    ("real_vllm_serve_0.32.0_sigterm.txt", "start weights graphs ready", Some(1159.9), None),
    (
        "real_vllm_serve_0.32.0_pty_ansi_compile_enginecore_killed.txt",
        "start weights compile graphs ready",
        Some(19.3),
        Some("EngineDeadError: EngineCore encountered an issue"),
    ),
    ("real_vllm_serve_0.32.0_worker_killed.out.txt", "start weights graphs", Some(1279.9), Some("died unexpectedly")),
    ("real_vllm_serve_0.32.0_worker_killed.err.txt", "weights ready", None, Some("RuntimeError: Executor failed.")),
    ("real_vllm_serve_0.32.0_port_in_use_rc1.txt", "", None, Some("Address already in use")),
    ("real_vllm_serve_0.32.0_model_missing_offline_rc1.txt", "", None, Some("Error")),
    ("real_bench_serve_0.32.0_cli.out.txt", "warmup bench", None, None),
    ("real_bench_serve_0.32.0_cli.err_tqdm.txt", "", None, None),
    ("real_bench_serve_0.32.0_pty_ansi.txt", "warmup bench", None, None),
    ("real_bench_latency_0.32.0.out.txt", "start weights graphs warmup", None, None),
    ("real_bench_latency_0.32.0.err_tqdm.txt", "weights warmup bench", None, None),
    ("real_bench_throughput_0.32.0.err_tqdm.txt", "weights bench", None, None),
    ("real_benchmark_serving_v0.4.0.out.txt", "bench", None, None),
    ("real_benchmark_serving_v0.5.0_sonnet.out.txt", "warmup bench", None, None),
    ("real_benchmark_serving_v0.6.3.post1.out.txt", "warmup bench", None, None),
    ("real_benchmark_serving_v0.8.5.out.txt", "warmup bench", None, None),
    ("real_benchmark_serving_v0.6.3_connection_refused_rc1.err.txt", "", None, Some("Initial test run failed")),
    ("real_benchmark_serving_v0.5.0_sonnet_default_chat_template_rc1.err.txt", "", None, Some("default_chat_template")),
    ("real_benchmark_serving_v0.11.0_deprecated_rc1.out.txt", "", None, None),
    ("recon_latency_v0.6-v0.9.txt", "warmup bench", None, None),
    ("recon_serving_v0.33.0_cli_full.txt", "warmup bench", None, None),
    ("recon_errors.txt", "", None, Some("The number of required GPUs exceeds")),
];

#[test]
fn every_captured_output_folds_to_what_it_tells() {
    let Some(shared) = shared() else { return };
    let mut wrong = Vec::new();
    for (name, expected, generated, error) in OUTPUTS {
        let fold = fed(&shared.join("vllm").join(name), 4096);
        let tokens = fold.figures.as_ref().and_then(|figures| figures.generation_tok_s);
        let says = |part: &str| fold.first_error.as_ref().is_some_and(|said| said.contains(part));
        if phases(&fold) != expected || tokens != generated || error.map_or(fold.first_error.is_some(), |error| !says(error)) {
            wrong.push(format!("{name}: {}, {tokens:?}, {:?}", phases(&fold), fold.first_error));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_captured_output_depends_on_how_it_is_cut() {
    let Some(shared) = shared() else { return };
    let mut files: Vec<_> = fs::read_dir(shared.join("vllm")).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in &files {
        let whole = fed(path, usize::MAX);
        for piece in [1, 7, 1000] {
            let cut = fed(path, piece);
            let told = |fold: &LiveFold| (phases(fold), fold.row.clone(), fold.figures.clone(), fold.first_error.clone());
            assert_eq!(told(&cut), told(&whole), "{} in pieces of {piece}", path.display());
        }
    }
    assert!(files.len() > 50);
}

#[test]
fn a_bar_moves_while_it_is_drawn() {
    let Some(shared) = shared() else { return };
    let bytes = fs::read(shared.join("vllm/real_bench_serve_0.32.0_cli.err_tqdm.txt")).unwrap();
    let (mut fold, mut seen) = (LiveFold::default(), Vec::new());
    for piece in bytes.chunks(16) {
        fold.feed(piece, Timestamp::UNIX_EPOCH);
        if let Some(row) = fold.row.as_ref().filter(|row| seen.last() != Some(&row.done)) {
            assert_eq!(row.total, Some(40));
            seen.push(row.done);
        }
    }
    assert_eq!((seen, fold.row), (vec![0, 1, 8, 10, 12, 21, 23, 34, 38], None));
    assert!(fold.phases.is_empty() && ArmPhase::ALL.len() == 10);
}

#[test]
fn the_metrics_of_a_real_server_are_read() {
    let Some(shared) = shared() else { return };
    let text = |name: &str| fs::read_to_string(shared.join("vllm").join(name)).unwrap();
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let mut scrapes = Scrapes::default();
    let idle = scrapes.figures(&text("real_metrics_0.32.0_idle.txt"), at(0)).unwrap();
    assert_eq!((idle.running, idle.waiting, idle.kv_pct, idle.prompt_tok_s), (Some(0.0), Some(0.0), Some(0.0), None));
    let live = scrapes.figures(&text("real_metrics_0.32.0_live_128running.txt"), at(10)).unwrap();
    assert_eq!((live.running, live.waiting, live.answered, live.preempted), (Some(128.0), Some(22.0), Some(40.0), Some(0.0)));
    assert!((live.kv_pct.unwrap() - 6.202_686).abs() < 1e-4, "{live:?}");
    assert!(live.generation_tok_s.is_some_and(|rate| rate > 0.0) && live.prompt_tok_s.is_some() && live.ttft_ms.is_some(), "{live:?}");
}
