use super::*;

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn planned_with(command: &str, model: Option<&str>, repairs: &[Repair]) -> Result<ArmPlan, String> {
    let overrides = BTreeMap::from([("org/asked".to_owned(), "org/run".to_owned())]);
    let server_args = texts(&["--max-model-len", "4096", "--disable-log-requests"]);
    let sources = texts(&["/vllm-workspace"]);
    plan(&Question { perf_command: command, model, overrides: &overrides, repairs, server_args: &server_args, sources: &sources })
}

fn planned(command: &str, model: Option<&str>) -> ArmPlan {
    planned_with(command, model, &Repair::ALL).unwrap_or_default()
}

fn serving(rest: &str) -> ArmPlan {
    planned(&format!("python benchmarks/benchmark_serving.py --model m {rest}"), None)
}

fn has_note(plan: &ArmPlan, of: &str) -> bool {
    plan.notes.iter().any(|note| note.contains(of))
}

const ENDS: &str = " --host 127.0.0.1 --port {port}";

#[test]
fn a_client_without_data_gets_iso_bench_s_own_workload() {
    let plan = serving("--num-prompts 300 --seed 0");
    let rest = "--num-prompts 300 --seed 0 --dataset-name random --random-input-len 256 --random-output-len 64";
    assert_eq!(plan.client.join(" "), format!("python benchmarks/benchmark_serving.py --model m {rest}{ENDS}"));
    assert_eq!(plan.client_cli.join(" "), format!("vllm bench serve --model m {rest}{ENDS}"));
    assert_eq!(
        (plan.workload.words().as_str(), plan.repairs.as_slice()),
        ("random 256/64, 300 prompts, rate inf", [Repair::MissingLengths].as_slice())
    );
    assert_eq!(serving("").workload.num_prompts, Some(100));
    let without = planned_with("python benchmarks/benchmark_serving.py --model m", None, &[]).unwrap_or_default();
    assert_eq!(without.client.join(" "), format!("python benchmarks/benchmark_serving.py --model m{ENDS}"));
    assert!(has_note(&without, "names no data") && without.repairs.is_empty());
}

#[test]
fn lengths_go_by_the_names_that_the_client_knows() {
    let plan = serving("--input_len 1000 --output-len=50");
    assert!(plan.client.join(" ").contains("--random-input-len 1000 --random-output-len 50"), "{:?}", plan.client);
    assert_eq!((plan.workload.input_len, plan.workload.output_len), (Some(1000), Some(50)));
    let named = serving("--random-input-len 700 --random-output-len 1 --request-rate 200 --max-concurrency 4 --ignore-eos");
    assert_eq!(named.workload.words(), "random 700/1, 1000 prompts, rate 200, at most 4 at once");
    assert!(named.repairs.is_empty() && has_note(&named, "--dataset-name random") && named.workload.ignore_eos == Some(true));
    let sonnet = serving(
        "--dataset-name sonnet --dataset-path sonnet.txt --sonnet-input-len 550 --sonnet-output-len 150 --sonnet-prefix-len 200 --num-prompts 9",
    );
    assert_eq!(sonnet.workload.words(), "random 550/150, 9 prompts, rate inf");
    assert_eq!(sonnet.repairs, [Repair::SonnetToRandom]);
    assert!(!sonnet.client.join(" ").contains("sonnet"));
    assert_eq!(serving("--dataset-name sonnet").workload.words(), "random 256/64, 1000 prompts, rate inf");
}

#[test]
fn the_file_of_sharegpt_is_the_one_that_is_mounted() {
    for written in [
        "--dataset ShareGPT_V3.json",
        "--dataset-name sharegpt",
        "--dataset-path ./x.json",
        "--dataset-name sharegpt --dataset-path /y.json",
    ] {
        let plan = serving(written);
        let words = plan.client.join(" ");
        assert!(words.contains("--dataset-name sharegpt") && words.contains("--dataset-path /data/sharegpt_dataset.json"), "{words}");
        assert_eq!((plan.dataset.as_deref(), plan.workload.dataset.as_deref()), (Some(SHAREGPT), Some("sharegpt")));
    }
    let hub = serving("--dataset-name hf --dataset-path org/data --endpoint /v1/chat/completions");
    assert!(
        hub.dataset.is_none() && hub.client.join(" ").contains("--dataset-name hf --dataset-path org/data --endpoint /v1/chat/completions")
    );
    let slow = serving("--dataset-name sharegpt --request-rate 1");
    assert!(has_note(&slow, "1000 requests at this rate take 17 minutes"), "{:?}", slow.notes);
}

#[test]
fn the_server_gets_what_only_it_knows() {
    let plan = serving(
        "-tp 4 --dtype float16 --enable-chunked-prefill True --speculative-model x --trust-remote-code --batch-size 2 --max-model-len 16384",
    );
    let server = "--model m --host 127.0.0.1 --port {port} -tp 4 --dtype float16 --enable-chunked-prefill True --speculative-model x --max-model-len 16384 --trust-remote-code --disable-log-requests";
    assert_eq!(plan.server.join(" "), server);
    assert!(!plan.client.join(" ").contains("-tp") && plan.client.join(" ").contains("--trust-remote-code"));
    assert_eq!((plan.gpus, plan.server_defaults.as_slice()), (4, texts(&["--disable-log-requests"]).as_slice()));
    assert_eq!(plan.repairs, [Repair::MissingLengths, Repair::ServerArguments]);
    assert!(has_note(&plan, "--batch-size: left out"), "{:?}", plan.notes);
    let long = serving("--random-input-len 5000 --random-output-len 100");
    assert!(!long.server.join(" ").contains("--max-model-len") && has_note(&long, "--max-model-len of docker.server_args"));
    let kept = planned_with("vllm bench serve --model m --dataset-name random --dtype half", None, &[]).unwrap_or_default();
    assert!(kept.client.join(" ").contains("--dtype half") && !kept.server.join(" ").contains("--dtype"));
}

#[test]
fn the_model_is_the_mapping_s_and_what_is_served_in_its_place() {
    let plan = planned("python benchmarks/benchmark_serving.py --model org/other --tokenizer org/asked --backend vllm", Some("org/asked"));
    assert_eq!((plan.model.as_deref(), plan.model_run.as_deref()), (Some("org/asked"), Some("org/run")));
    assert!(
        plan.client.join(" ").contains("--model org/run --tokenizer org/run --backend vllm")
            && !plan.client_cli.join(" ").contains("--backend")
    );
    assert!(plan.server.starts_with(&texts(&["--model", "org/run"])) && has_note(&plan, "the mapping's counts"));
    assert_eq!(planned("python benchmark_latency.py --model /somebody/s", Some("m")).model_run.as_deref(), Some("m"));
    assert_eq!(planned("python benchmark_latency.py", Some("unknown")).model_run.as_deref(), Some(SMALL));
    let none = |command: &str| planned_with(command, None, &Repair::ALL).err().unwrap_or_default();
    assert!(none("python benchmark_latency.py --model MODEL").contains("placeholder 'MODEL'"));
    assert!(none("python benchmarks/benchmark_serving.py --num-prompts 1").contains("arms.mapping"));
}

#[test]
fn offline_benchmarks_keep_what_they_have() {
    let latency = planned(
        "A=1 python3 /x/benchmark_latency.py --model m --enable-chunked-prefill False --batch-size BS --input-len INPUT_LEN --num-iters 5",
        None,
    );
    assert_eq!(
        latency.client.join(" "),
        "python benchmarks/benchmark_latency.py --model m --enable-chunked-prefill False --batch-size 8 --input-len 256 --num-iters 5"
    );
    assert_eq!((latency.kind, latency.server.len(), latency.environment.len()), (Some(BenchKind::Latency), 0, 1));
    assert_eq!((latency.workload.words().as_str(), latency.repairs.as_slice()), ("256/128, batch 8", [Repair::MissingLengths].as_slice()));
    let bare = planned("python benchmarks/benchmark_throughput.py --model m", None);
    assert_eq!(bare.client_cli.join(" "), "vllm bench throughput --model m --input-len 256 --output-len 64");
    assert_eq!((bare.workload.words().as_str(), bare.repairs.as_slice()), ("256/64, 1000 prompts", [Repair::MissingLengths].as_slice()));
    let old =
        planned("python benchmark_throughput_cache.py --backend vllm --model m --dataset ../ShareGPT.json --output-json x.json", None);
    assert_eq!(
        old.client.join(" "),
        "python benchmarks/benchmark_throughput.py --backend vllm --model m --dataset /data/sharegpt_dataset.json"
    );
    assert_eq!(
        old.client_cli.join(" "),
        "vllm bench throughput --model m --dataset-name sharegpt --dataset-path /data/sharegpt_dataset.json"
    );
    assert!(has_note(&old, "in place of benchmark_throughput_cache.py") && has_note(&old, "--output-json"));
    let cli = planned("vllm bench throughput --model m --input-len 8 --output-len 9", None);
    assert!(cli.client.starts_with(&texts(&["vllm", "bench", "throughput"])) && cli.client_cli.is_empty());
    let caching = planned("python3 benchmarks/benchmark_prefix_caching.py --model m --enable-prefix-caching --output-len 200", None);
    assert_eq!((caching.kind, caching.client_cli.len(), caching.workload.output_len), (Some(BenchKind::PrefixCaching), 0, Some(200)));
}

#[test]
fn a_benchmark_that_vllm_does_not_have_is_the_serving_one() {
    let plan =
        planned("python benchmark_guided.py --model m --dataset xgrammar_bench --async-engine --output-len 512 --num-prompts 20", None);
    assert_eq!((plan.kind, plan.workload.words().as_str()), (Some(BenchKind::Serving), "random 256/512, 20 prompts, rate inf"));
    assert!(has_note(&plan, "xgrammar_bench") && has_note(&plan, "--async-engine: left out"), "{:?}", plan.notes);
    assert!(planned_with("vllm bench sweep --model m", None, &Repair::ALL).is_err_and(|why| why.contains("vllm bench sweep")));
}
