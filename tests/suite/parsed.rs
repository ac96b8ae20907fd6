//! Captured benchmark outputs of every version: their numbers exactly as printed, and whether they are a success.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use isobench_tui::bench::{read, read_from};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{BINARY, folder, shared, skip};

fn parse(files: &[PathBuf], more: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("parse").args(more).args(files).env("XDG_CONFIG_HOME", "/nonexistent").output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bench")
}

fn fixture(name: &str) -> Value {
    let output = parse(&[fixtures().join(name)], &[]);
    assert!(output.status.success(), "{output:?}");
    lines(&output).remove(0)
}

fn numbers(parsed: &Value) -> BTreeMap<String, f64> {
    parsed["metrics"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_f64().unwrap())).collect()
}

fn name(path: &Value) -> String {
    Path::new(path.as_str().unwrap()).file_name().unwrap().to_string_lossy().into_owned()
}

/// The same numbers by the other way, `tests/printed_numbers.py`. `None` where there is no Python.
fn by_python(files: &[PathBuf]) -> Option<Vec<BTreeMap<String, f64>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/printed_numbers.py");
    let Ok(output) = Command::new("python3").arg(script).args(files).output() else {
        skip("python3 is not here");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(lines(&output).iter().map(numbers).collect())
}

fn agree(files: &[PathBuf]) {
    let Some(expected) = by_python(files) else { return };
    let parsed = lines(&parse(files, &[]));
    assert_eq!((parsed.len(), expected.len()), (files.len(), files.len()));
    for (parsed, expected) in parsed.iter().zip(expected) {
        assert_eq!(numbers(parsed), expected, "{}", parsed["path"]);
    }
}

#[test]
fn every_shared_output_gives_exactly_the_numbers_that_it_prints() {
    let Some(shared) = shared() else { return };
    agree(&files(&shared.join("vllm")));
}

#[test]
fn every_fixture_gives_exactly_the_numbers_that_it_prints() {
    // these are more than their lines: of two blocks the last one counts, lines have docker's time in front, lines of JSON
    let other = ["_result.json", "two_blocks", "throughput_new", ".jsonl", "sglang_offline"];
    let is_plain = |path: &PathBuf| !other.iter().any(|word| path.to_string_lossy().contains(word));
    let files: Vec<PathBuf> = files(&fixtures()).into_iter().filter(is_plain).collect();
    assert!(files.len() > 15, "{files:?}");
    agree(&files);
}

/// What each shared file is: type, engine, and the class of its failure; `-` for a success.
const SHARED: &str = "
real_bench_latency_0.32.0.err_tqdm.txt latency vllm no_metrics
real_bench_latency_0.32.0.out.txt latency vllm -
real_bench_latency_0.32.0_output.json latency vllm -
real_bench_serve_0.32.0_cli.err_tqdm.txt unknown unknown no_metrics
real_bench_serve_0.32.0_cli.out.txt serving vllm -
real_bench_serve_0.32.0_connection_refused_rc0.txt serving vllm server_never_ready
real_bench_serve_0.32.0_help.txt unknown vllm no_metrics
real_bench_serve_0.32.0_pty_ansi.txt serving vllm -
real_bench_serve_0.32.0_ready_check_fail_rc1.txt serving vllm server_never_ready
real_bench_serve_0.32.0_save_result.json serving vllm -
real_bench_serve_0.32.0_server_died.json serving vllm server_crashed
real_bench_serve_0.32.0_sigint.txt serving vllm killed
real_bench_throughput_0.32.0.err_tqdm.txt throughput vllm no_metrics
real_bench_throughput_0.32.0.out.txt throughput vllm -
real_bench_throughput_0.32.0_assert_fail.txt throughput vllm arm_crashed
real_bench_throughput_0.32.0_output.json throughput vllm -
real_benchmark_serving_v0.11.0_deprecated_rc1.err.txt unknown unknown no_metrics
real_benchmark_serving_v0.11.0_deprecated_rc1.out.txt serving vllm benchmark_missing
real_benchmark_serving_v0.4.0.err.txt serving unknown no_metrics
real_benchmark_serving_v0.4.0.out.txt serving vllm -
real_benchmark_serving_v0.5.0_sonnet.err.txt unknown unknown no_metrics
real_benchmark_serving_v0.5.0_sonnet.out.txt serving vllm -
real_benchmark_serving_v0.5.0_sonnet_default_chat_template_rc1.err.txt serving vllm chat_template
real_benchmark_serving_v0.5.0_sonnet_default_chat_template_rc1.out.txt serving unknown no_metrics
real_benchmark_serving_v0.6.3.post1.err.txt unknown unknown no_metrics
real_benchmark_serving_v0.6.3.post1.out.txt serving vllm -
real_benchmark_serving_v0.6.3_connection_refused_rc1.err.txt serving vllm server_never_ready
real_benchmark_serving_v0.6.3_connection_refused_rc1.out.txt serving unknown no_metrics
real_benchmark_serving_v0.8.5.err.txt unknown unknown no_metrics
real_benchmark_serving_v0.8.5.out.txt serving vllm -
real_github_excerpts.txt unknown vllm too_few_gpus
real_json_0.32.0_save_detailed_slimmed.json serving vllm -
real_json_v0.5.0_save_result_slimmed.json serving vllm -
real_json_v0.6.3.post1_save_result_slimmed.json serving vllm -
real_json_v0.8.5_save_result_slimmed.json serving vllm -
real_metrics_0.32.0_idle.txt unknown vllm no_metrics
real_metrics_0.32.0_live_128running.txt unknown vllm no_metrics
real_metrics_0.32.0_series.txt unknown unknown no_metrics
real_sglang_0.4.6.post5.jsonl serving sglang -
real_sglang_0.4.6.post5_bench_serving.err_tqdm.txt unknown unknown no_metrics
real_sglang_0.4.6.post5_bench_serving.out.txt serving sglang tainted
real_vllm_serve_0.32.0_model_missing_offline_rc1.txt unknown vllm model_missing
real_vllm_serve_0.32.0_port_in_use_rc1.txt unknown vllm port_in_use
real_vllm_serve_0.32.0_pty_ansi_compile_enginecore_killed.txt unknown vllm server_crashed
real_vllm_serve_0.32.0_sigterm.txt unknown vllm no_metrics
real_vllm_serve_0.32.0_worker_killed.err.txt unknown vllm server_crashed
real_vllm_serve_0.32.0_worker_killed.out.txt unknown vllm server_crashed
recon_engine_v0.11.0_v1_gpu_ansi.log.txt unknown vllm no_metrics
recon_engine_v0.33.0_gpu.log.txt unknown vllm no_metrics
recon_engine_v0.4.1_gpu.log.txt unknown vllm no_metrics
recon_engine_v0.6.6_gpu.log.txt unknown vllm no_metrics
recon_engine_v0.9.2_v1_gpu.log.txt unknown vllm no_metrics
recon_errors.txt unknown vllm too_few_gpus
recon_latency_v0.4.0.txt latency vllm -
recon_latency_v0.6-v0.9.txt latency vllm -
recon_serving_2024-01.txt serving vllm -
recon_serving_2024-02.txt serving vllm -
recon_serving_v0.10.1.1_cli.txt serving vllm -
recon_serving_v0.10.1.1_script.txt serving vllm -
recon_serving_v0.11.0_cli.txt serving vllm -
recon_serving_v0.14.0_cli_specdecode.txt serving vllm -
recon_serving_v0.33.0_cli_full.txt serving vllm -
recon_serving_v0.33.0_cli_pooling.txt serving vllm -
recon_sglang_v0.5.23.txt serving sglang -
recon_throughput_v0.4-v0.6.3.txt throughput vllm -
recon_throughput_v0.8.2+.txt throughput vllm -
";

fn told(parsed: &Value) -> String {
    let class = parsed["failure"]["class"].as_str().unwrap_or("-");
    assert_eq!(parsed["ok"].as_bool().unwrap(), class == "-", "{parsed}");
    format!("{} {} {} {class}", name(&parsed["path"]), parsed["type"].as_str().unwrap(), parsed["engine"].as_str().unwrap())
}

#[test]
fn every_shared_output_is_told_for_what_it_is() {
    let Some(shared) = shared() else { return };
    let files: Vec<PathBuf> = files(&shared.join("vllm")).into_iter().filter(|path| !path.ends_with("INDEX.md")).collect();
    let seen: Vec<String> = lines(&parse(&files, &[])).iter().map(told).collect();
    let expected: Vec<&str> = SHARED.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn every_published_result_has_the_numbers_that_its_output_prints() {
    let Some(shared) = shared() else { return };
    let folders = fs::read_dir(shared.join("corpus/results")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = folders.flat_map(|folder| files(&folder)).collect();
    let parsed = lines(&parse(&files, &[]));
    assert_eq!(parsed.len(), files.len());
    let mut throughputs = Vec::new();
    for (parsed, path) in parsed.iter().zip(&files) {
        let published: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert_eq!(parsed["ok"], published["status"] == "success", "{parsed}");
        let (seen, mut expected) = (numbers(parsed), numbers(&published));
        if parsed["type"] == "latency" && expected.remove("throughput_tok_s").is_some() {
            // a line of the engine's log, not of the benchmark
            assert_eq!(parsed["flags"], serde_json::json!(["from_engine_log"]), "{parsed}");
        } else {
            assert_eq!(parsed["flags"], Value::Null, "{parsed}");
        }
        for (metric, value) in expected {
            assert_eq!(seen.get(&metric), Some(&value), "{} {metric}", path.display());
        }
        if path.parent().unwrap().ends_with("trae_gpt5_0123") {
            throughputs.extend(seen.get("throughput_tok_s").or_else(|| seen.get("output_token_throughput_tok_s")).copied());
        }
    }
    throughputs.sort_by(f64::total_cmp);
    assert_eq!(throughputs, [1403.91, 1857.29, 2402.97, 2413.73, 8088.76]);
}

#[test]
fn a_printed_block_and_exit_0_prove_no_success() {
    for (file, class, flags) in [
        ("serving_requests_failed.txt", "server_crashed", vec!["failed_requests", "cut_short"]),
        ("serving_cut_short.txt", "server_crashed", vec!["cut_short"]),
        ("serving_zeros.txt", "server_never_ready", vec!["all_zero"]),
        ("detailed_error.json", "server_crashed", vec!["failed_requests"]),
    ] {
        let parsed = fixture(file);
        let seen: Vec<&str> = parsed["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
        assert_eq!((parsed["failure"]["class"].as_str(), parsed["ok"].as_bool(), seen), (Some(class), Some(false), flags), "{parsed}");
    }
    assert_eq!(
        fixture("serving_requests_failed.txt")["failure"]["evidence"],
        "24 of 64 requests failed; 40 requests count as successful, with 402 of the 2560 tokens that were asked for"
    );
    assert_eq!(fixture("serving_interrupted.txt")["failure"]["class"], "killed");
    assert_eq!(fixture("server.log.txt")["failure"]["class"], "no_metrics");
}

#[test]
fn a_success_with_harmless_errors_in_its_log_stays_one() {
    for file in ["serving_harmless.txt", "latency.txt", "serving_v0_6.txt", "serving_v0_33_pty.txt", "throughput_new.txt"] {
        assert_eq!(fixture(file)["ok"], true, "{file}");
    }
}

#[test]
fn of_two_blocks_that_disagree_the_last_one_counts_and_that_is_said() {
    let parsed = fixture("serving_two_blocks.txt");
    let expected = [("request_throughput_req_s", 6.4), ("ttft_mean_ms", 401.1), ("ttft_median_ms", 398.02), ("ttft_p99_ms", 1001.33)];
    assert_eq!(numbers(&parsed), expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert!(parsed["notes"][0].as_str().unwrap().contains("disagree"), "{parsed}");
    let same = fixture("serving_same_twice.txt");
    assert_eq!((numbers(&same).len(), &same["notes"]), (8, &Value::Null), "{same}");
}

#[test]
fn what_was_measured_is_told_where_the_output_tells_it() {
    let told = |file: &str| fixture(file)["workload"].clone();
    let sonnet = serde_json::json!({"model": "acme/Small-1B", "dataset": "sonnet", "input_len": 256, "output_len": 64, "num_prompts": 64, "request_rate": "inf"});
    assert_eq!(told("serving_v0_4.txt"), sonnet);
    assert_eq!(told("latency.txt")["batch_size"], 8);
    assert_eq!(told("sglang.jsonl")["request_rate"], "inf");
    assert_eq!(told("prefix_caching.txt"), Value::Null);
}

#[test]
fn result_files_are_read_with_their_output() {
    let agent = fixture("0123abcd_agent_result.json");
    assert_eq!((agent["type"].as_str(), agent["flags"][0].as_str()), (Some("latency"), Some("from_engine_log")));
    assert_eq!(
        (agent["metrics"]["latency_avg_ms"].as_f64(), agent["metrics"].get("throughput_tok_s")),
        (Some(1_351.717_301_266_156_3), None)
    );
    // what the tail has lost is taken from the file, and what both have must agree
    let human = fixture("0123abcd_human_result.json");
    assert_eq!(
        (human["metrics"]["ttft_mean_ms"].as_f64(), human["metrics"]["itl_p99_ms"].as_f64(), human["ok"].as_bool()),
        (Some(501.1), Some(99.12), Some(true))
    );
    let baseline = fixture("0123abcd_baseline_result.json");
    assert_eq!(baseline["failure"]["class"], "no_space", "{baseline}");
    // several results in a file are one line: the last one
    let appended = fixture("append_result.jsonl");
    assert_eq!((appended["metrics"]["benchmark_duration_s"].as_f64(), appended["ok"].as_bool()), (Some(13.5), Some(true)), "{appended}");
    assert!(appended["notes"][0].as_str().unwrap().starts_with("2 results"), "{appended}");
    assert_eq!(fixture("sglang_offline.txt")["type"], "throughput");
    assert_eq!(fixture("sglang_offline.txt")["metrics"]["throughput_tok_s"], 2880.57);
    assert_eq!(fixture("throughput_new.txt")["metrics"]["total_num_prompt_tokens"].to_string(), "25600");
}

#[test]
fn packed_piped_and_missing_files() {
    let (_kept, folder) = folder();
    let text = fs::read(fixtures().join("serving_v0_4.txt")).unwrap();
    let packed = folder.join("out.txt.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&text).unwrap();
    let bytes = encoder.finish().unwrap();
    fs::write(&packed, &bytes).unwrap();
    let half = folder.join("half.gz");
    fs::write(&half, &bytes[..bytes.len() - 9]).unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    let named = [packed, folder.join("missing"), folder.clone(), half, folder.join("empty")];
    let output = parse(&named, &[]);
    let parsed = lines(&output);
    assert_eq!((output.status.code(), parsed.len()), (Some(2), 3), "{output:?}");
    assert_eq!((parsed[0]["ok"].as_bool(), parsed[0]["metrics"]["ttft_mean_ms"].as_f64()), (Some(true), Some(501.1)));
    assert!(parsed[1]["notes"][0].as_str().unwrap().contains("in part"), "{}", parsed[1]);
    assert_eq!(parsed[2]["failure"]["class"], "no_metrics");
    let says = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(says.contains("missing: can't be opened") && says.contains("is a folder: name the files in it"), "{says}");

    let mut child = Command::new(BINARY).args(["parse", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    let piped: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&piped["path"], &piped["metrics"]), (&Value::from("-"), &parsed[0]["metrics"]));
}

#[test]
fn people_read_how_it_ended_first() {
    let output = parse(&[fixtures().join("serving_requests_failed.txt"), fixtures().join("serving_v0_4.txt")], &["--format", "text"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for says in [
        "failed  ",
        "(serving, vllm)",
        "server_crashed: 24 of 64 requests failed",
        "look: cut_short",
        "sonnet 256/64, 64 prompts, rate inf",
        "ttft_mean_ms                           501.1 ms",
    ] {
        assert!(text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn a_flood_is_read_to_its_end() {
    let trace = "(APIServer pid=7) ERROR 11-20 21:41:52 [async_llm.py:906]   File \"/x/core_client.py\", line 1235, in get_output_async\n";
    let error =
        "(EngineCore pid=8) ERROR 11-20 21:41:50 [core.py:9] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n";
    let flood = trace.repeat(12 * 1024 * 1024 / trace.len());
    let end = "INFO:     Finished server process [7]\n";
    let (output, ended) = read_from([flood.as_str(), error, flood.as_str(), end].concat().as_bytes());
    ended.unwrap();
    assert_eq!(output.failure.unwrap().class.name(), "cuda_oom");
}

fn any_fixture() -> impl Strategy<Value = String> {
    let texts: Vec<String> = files(&fixtures()).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    proptest::sample::select(texts)
}

/// The numbers of an output by their names; none where nobody knows whose they are.
fn of(text: &str) -> BTreeMap<String, u64> {
    let output = read(text);
    let known = output.metrics.into_iter().filter(|_| output.kind.is_some());
    known.map(|metric| (metric.name, metric.value.to_bits())).collect()
}

proptest! {
    #[test]
    fn of_a_cut_output_no_number_is_a_half_one(text in any_fixture(), at in any::<proptest::sample::Index>()) {
        let whole = of(&text);
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let two = text.matches("Serving Benchmark Result").count() > 1 || text.contains("warm up");
        // of a file of results only the end can be missing: nothing begins in the middle of one
        let end = if text.starts_with('{') { "" } else { &text[at..] };
        for cut in [&text[..at], end] {
            for (name, value) in of(cut) {
                // of two blocks, and of a warm-up, the first part says something else
                prop_assert!(two || whole.get(&name) == Some(&value), "{name} {} at {at} of\n{text}", f64::from_bits(value));
            }
        }
    }

    #[test]
    fn read_in_pieces_an_output_says_the_same(text in any_fixture(), size in 1_usize..200) {
        let bytes = std::io::BufReader::with_capacity(size, text.as_bytes());
        let (output, ended) = read_from(bytes);
        prop_assert!(ended.is_ok());
        if !text.starts_with('{') {
            prop_assert_eq!(output, read(&text));
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let (output, ended) = read_from(bytes.as_slice());
        prop_assert!(ended.is_ok() && output.failure.is_some() || !output.metrics.is_empty());
    }

    #[test]
    fn any_words_of_a_benchmark_are_read(text in r#"([=-]{0,50}|Namespace\(|[a-z_]+='?[a-z0-9]*'?,|Mean TTFT \(ms\): +|Throughput: |[0-9.]{1,9}| requests/s, | tokens/s|Avg latency: | seconds|nan|inf|\r|\n| Serving Benchmark Result |\{"completed": |\}|\[|"|,|cost time |est\. speed input: ){0,60}"#) {
        let (_, ended) = read_from(text.as_bytes());
        prop_assert!(ended.is_ok());
        let _ = read(&text);
    }
}
