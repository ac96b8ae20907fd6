//! The table of failure causes on everything that really failed, and on texts that come close.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::artifact::{Journal, printed};
use isobench_tui::bench::{AgentEnd, Printed, classify, first_cause, hint, of_agent, of_result, timeout_of};
use isobench_tui::domain::{Cause, FailureClass};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::shared;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn named(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn said(cause: Option<&Cause>) -> (String, String) {
    cause.map_or_else(Default::default, |cause| (cause.class.name().to_owned(), cause.evidence.clone()))
}

/// Every failed result of the corpus, read by eye: file, class, what its evidence says.
const FAILED_RESULTS: [(&str, &str, &str); 12] = [
    ("codex_cli/015069b0_baseline", "model_missing", "RepositoryNotFoundError: 404 Client Error"),
    ("codex_cli/015069b0_human", "timeout_benchmark", "Benchmark timed out after 900s"),
    ("codex_cli/310aca88_agent", "timeout_benchmark", "Agent benchmark (wheel mode) timed out after 1800s"),
    ("codex_cli/3476ed08_agent", "rope_type", "[rank0]: ValueError: Unknown RoPE scaling type llama3"),
    ("codex_cli/35fad35a_agent", "import_error", "_C.abi3.so: undefined symbol: cuTensorMapEncodeTiled"),
    ("codex_cli/9ed82e70_agent", "rope_type", "[rank0]: ValueError: Unknown RoPE scaling type llama3"),
    ("codex_cli/a3223766_agent", "server_crashed", "User-specified max_model_len (4096) is greater than the derived"),
    ("codex_cli/ad8d696a_agent", "rope_type", "ValueError: Unknown RoPE scaling type llama3"),
    ("codex_cli/d7740ea4_agent", "rope_type", "[rank0]: ValueError: Unknown RoPE scaling type llama3"),
    ("trae_gpt5_0123/a3223766_agent", "server_crashed", "User-specified max_model_len (4096) is greater than the derived"),
    ("trae_sonnet45_0123/d7740ea4_baseline", "no_metrics", "could not convert string to float: '.'"),
    ("trae_sonnet45_0123/d7740ea4_human", "benchmark_missing", "can't open file '/opt/vllm_bench/benchmarks/benchmark_throughput.py'"),
];

#[test]
fn every_failed_result_of_the_corpus_has_the_cause_that_a_person_reads_in_it() {
    let Some(shared) = shared() else { return };
    let mut failed = Vec::new();
    for folder in ["codex_cli", "trae_gpt5_0123", "trae_sonnet45_0123"] {
        for path in files_of(&shared.join("corpus/results").join(folder)) {
            let Some(name) = named(&path).strip_suffix("_result.json").map(str::to_owned) else { continue };
            let value = json(&path);
            let raw = value["raw_output"].as_str().unwrap_or_default();
            match of_result(value["status"].as_str().unwrap(), value["error"].as_str(), raw) {
                Some(cause) => failed.push((format!("{folder}/{name}"), said(Some(&cause)))),
                // the table keeps silent on what is well, whatever warnings it holds
                None => assert_eq!(first_cause(raw), None, "{folder}/{name}"),
            }
        }
    }
    assert_eq!(failed.len(), FAILED_RESULTS.len());
    for ((name, (class, evidence)), (at, expected, says)) in failed.iter().zip(FAILED_RESULTS) {
        assert!(name == at && class == expected && evidence.contains(says), "{name}: {class}: {evidence}");
        let says = hint(serde_json::from_value(class.clone().into()).unwrap(), evidence);
        assert!(!name.contains("a3223766") || says.contains("max-model-len"), "{says}");
    }
}

/// The captured outputs that failed: file, class, what its evidence says. All others are no failures.
const FAILED_OUTPUTS: [(&str, &str, &str); 14] = [
    ("real_bench_serve_0.32.0_connection_refused_rc0.txt", "server_never_ready", "Connect call failed ('127.0.0.1', 8999)"),
    ("real_bench_serve_0.32.0_ready_check_fail_rc1.txt", "server_never_ready", "Connect call failed ('127.0.0.1', 8999)"),
    ("real_bench_serve_0.32.0_sigint.txt", "killed", "KeyboardInterrupt"),
    ("real_bench_throughput_0.32.0_assert_fail.txt", "arm_crashed", "AssertionError: Please ensure that max_model_len"),
    ("real_benchmark_serving_v0.11.0_deprecated_rc1.out.txt", "benchmark_missing", "DEPRECATED: This script has been moved"),
    ("real_benchmark_serving_v0.5.0_sonnet_default_chat_template_rc1.err.txt", "chat_template", "has no attribute default_chat_template"),
    ("real_benchmark_serving_v0.6.3_connection_refused_rc1.err.txt", "server_never_ready", "Connect call failed"),
    ("real_github_excerpts.txt", "too_few_gpus", "The number of required GPUs exceeds"),
    ("real_vllm_serve_0.32.0_model_missing_offline_rc1.txt", "model_missing", "LocalEntryNotFoundError: Cannot find an appropriate"),
    ("real_vllm_serve_0.32.0_port_in_use_rc1.txt", "port_in_use", "OSError: [Errno 98] Address already in use"),
    ("real_vllm_serve_0.32.0_pty_ansi_compile_enginecore_killed.txt", "server_crashed", "EngineDeadError: EngineCore encountered an issue"),
    ("real_vllm_serve_0.32.0_worker_killed.err.txt", "server_crashed", "RuntimeError: Executor failed."),
    ("real_vllm_serve_0.32.0_worker_killed.out.txt", "server_crashed", "Worker proc VllmWorker-0 died unexpectedly"),
    ("recon_errors.txt", "too_few_gpus", "The number of required GPUs exceeds"),
];

#[test]
fn every_captured_output_that_failed_has_its_class_and_no_healthy_one_has_any() {
    let Some(shared) = shared() else { return };
    let mut failed: Vec<(String, (String, String))> = Vec::new();
    for path in files_of(&shared.join("vllm")).into_iter().filter(|path| named(path) != "INDEX.md") {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        failed.extend(first_cause(&text).map(|cause| (named(&path), said(Some(&cause)))));
    }
    let names = |names: Vec<&str>| names.join("\n");
    assert_eq!(names(failed.iter().map(|row| row.0.as_str()).collect()), names(FAILED_OUTPUTS.iter().map(|row| row.0).collect()));
    for ((name, (class, evidence)), (_, expected, says)) in failed.iter().zip(FAILED_OUTPUTS) {
        assert!(class == expected && evidence.contains(says), "{name}: {class}: {evidence}");
    }
}

/// What an item's own files say of its agent's end.
fn end_of(folder: &Path) -> Option<Cause> {
    let journal = Journal::read(&folder.join("journal.json")).unwrap();
    let trajectory = fs::read(folder.join("trajectory.json")).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let terminal = trajectory.as_ref().and_then(|value| value["agent_steps"].as_array()?.last()?["error"].as_str());
    let (agent, metrics) = (journal.agent.clone().unwrap_or_default(), journal.metrics.clone().unwrap_or_default());
    let end = AgentEnd {
        status: &journal.status,
        terminal,
        returncode: agent.returncode,
        duration_s: agent.duration_s,
        budget_min: agent.time_budget_minutes,
        changed_files: metrics.changed_files_count,
        violations: metrics.violations_count,
        patch_bytes: fs::metadata(folder.join("model_patch.diff")).ok().map(|there| there.len()),
        error: journal.error.as_deref(),
        error_type: journal.error_type.as_deref(),
        ..AgentEnd::default()
    };
    of_agent(&end, || {
        let (out, err) = printed(folder, &agent.name);
        Printed { out, err }
    })
}

/// Every group of failed journals, read by eye: run, class, what the evidence says, how many.
const FAILED_AGENTS: [(&str, &str, &str, usize); 23] = [
    ("sglan/trae/us-anthropic-claude-sonnet-4-5-20250929-v1-0/2025-12-24_07-50-32", "api_auth", "Token has expired", 24),
    ("sglan/trae/us-anthropic-claude-sonnet-4-5-20250929-v1-0/2025-12-24_07-50-32", "api_auth", "Error loading SSO Token", 5),
    ("sglan/trae/us-anthropic-claude-sonnet-4-5-20250929-v1-0/2025-12-24_07-50-32", "api_auth", "config profile", 1),
    ("vllm/codex/gpt-4o/2025-11-19_18-08-24", "api_down", "Connection error.", 1),
    ("vllm/codex/gpt-4o/2025-11-19_18-10-07", "api_down", "Connection error.", 2),
    ("vllm/codex/gpt-4o/2025-11-19_18-36-04", "api_down", "Connection error.", 2),
    ("vllm/codex/gpt-4o/2025-11-19_18-57-41", "api_down", "Connection error.", 2),
    ("vllm/codex/gpt-4o/2025-11-19_19-09-25", "api_quota", "You exceeded your current quota", 2),
    ("vllm/codex_cli/default/2026-01-20_20-19-18", "api_quota", "You've hit your usage limit", 19),
    ("vllm/trae/gpt-4o/2025-10-08_13-34-55", "api_protocol", "No tool output found for function call", 1),
    ("vllm/trae/gpt-4o/2025-10-08_15-17-07", "api_protocol", "No tool output found for function call", 1),
    ("vllm/trae/gpt-4o/2025-11-05_16-39-51", "killed", "Task execution interrupted by user", 1),
    ("vllm/trae/gpt-4o/2025-11-05_16-46-20", "killed", "killed by signal 9", 3),
    ("vllm/trae/gpt-4o/2025-11-05_16-46-20", "killed", "killed by signal 15", 1),
    ("vllm/trae/gpt-4o/2025-11-05_16-46-20", "uncommitted", "a patch of", 1),
    ("vllm/trae/gpt-4o/2025-11-05_17-16-42", "api_protocol", "No tool output found for function call", 2),
    ("vllm/trae/gpt-4o/2025-11-05_17-16-42", "api_quota", "You exceeded your current quota", 2),
    ("vllm/trae/gpt-4o/2025-11-05_17-16-42", "uncommitted", "a patch of", 3),
    ("vllm/trae/gpt-5/2025-11-05_16-39-51", "agent_crashed", "TypeError: ModelConfig.__init__() missing", 13),
    // the same traceback, cut off by the harness
    ("vllm/trae/gpt-5/2025-11-05_16-39-51", "agent_crashed", "return code 1 after 2 s: ", 18),
    ("vllm/trae/gpt-5/2025-11-06_03-26-11", "agent_crashed", "Unterminated string starting at", 3),
    ("vllm/trae/gpt-5/2025-11-06_03-26-11", "api_protocol", "No tool output found for function call", 1),
    ("vllm/trae/gpt-5/2026-01-23_21-19-19", "agent_crashed", "Unterminated string starting at", 1),
];

#[test]
fn every_failed_journal_of_the_corpus_says_what_happened() {
    let Some(shared) = shared() else { return };
    let root = shared.join("corpus/state/runs");
    let mut counts: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        folders.extend(files_of(&folder).into_iter().filter(|path| path.is_dir()));
        if !folder.join("journal.json").is_file() {
            continue;
        }
        let Some(cause) = end_of(&folder) else { continue };
        let run = folder.parent().unwrap().strip_prefix(&root).unwrap().display().to_string();
        let (class, evidence) = said(Some(&cause));
        let Some((_, _, says, _)) = FAILED_AGENTS.iter().find(|row| row.0 == run && row.1 == class && evidence.contains(row.2)) else {
            panic!("{}: {class}: {evidence}", folder.display())
        };
        *counts.entry((run, class, says)).or_default() += 1;
    }
    let expected = FAILED_AGENTS.map(|(run, class, says, count)| ((run.to_owned(), class.to_owned(), says), count));
    assert_eq!(counts, BTreeMap::from(expected));
    assert_eq!(counts.values().sum::<usize>(), 109);
}

/// For each class that a benchmark's output can name: a text that names it, and the line that is the evidence.
const FIRES: &[(&str, &str)] = &[
    ("no_space", "docker: failed to register layer: write /usr/lib/x.so: no space left on device.\nNo metrics in agent output"),
    ("no_space", "OSError: [Errno 122] Disk quota exceeded: '/root/.cache'"),
    ("image_missing", "docker: Error response from daemon: manifest for a/b:c not found: manifest unknown: manifest unknown."),
    (
        "image_access",
        "docker: Error response from daemon: pull access denied for a/b, repository does not exist or may require 'docker login'",
    ),
    ("rate_limit", "docker: Error response from daemon: toomanyrequests: You have reached your pull rate limit."),
    ("no_docker", "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"),
    ("gpu_lost", "Failed to initialize NVML: Unknown Error"),
    ("cuda_oom", "[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\nSERVER_CRASHED"),
    (
        "cuda_oom",
        "(EngineCore_DP0 pid=7) ERROR 08-01 10:00:00 [core.py:700] ValueError: Free memory on device (1/80 GiB) on startup is less than desired GPU memory utilization",
    ),
    ("host_oom", "[12.5] Out of memory: Killed process 4242 (python3)"),
    ("host_oom", "OSError: [Errno 12] Cannot allocate memory"),
    ("too_few_gpus", "ValueError: World size (8) is larger than the number of available GPUs (1) in this node."),
    ("rope_type", "ValueError: `rope_scaling` must be a dictionary with with two fields, `type` and `factor`, got {'rope_type': 'llama3'}"),
    ("broken_transformers", "ImportError: cannot import name 'LogitsWarper' from 'transformers.generation.logits_process' (/usr/lib/x.py)"),
    ("chat_template", "AssertionError: Tokenizer/model must have chat template for sonnet dataset."),
    ("import_error", "ModuleNotFoundError: No module named 'xgrammar'\nSERVER_CRASHED"),
    ("import_error", "ERROR: Could not find Python with vLLM installed"),
    ("patch_does_not_apply", "error: patch failed: vllm/core/scheduler.py:120"),
    (
        "patch_half_applied",
        "patching file a.py\nHunk #2 FAILED at 40.\n1 out of 2 hunks FAILED -- saving rejects to file a.py.rej\nAGENT_PATCH_APPLIED_FALLBACK\nSERVER_CRASHED",
    ),
    (
        "patch_syntax",
        "AGENT_PATCH_APPLIED\n  File \"/opt/vllm_baseline/vllm/core/scheduler.py\", line 12\n    def x(:\n          ^\nIndentationError: unexpected indent\nSERVER_CRASHED",
    ),
    ("server_crashed", "INFO 08-01 10:00:00 [x.py:1] vLLM API server version 0.9\nRuntimeError: shape '[2]' is invalid\nSERVER_CRASHED"),
    ("server_crashed", "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error."),
    ("server_never_ready", "Waiting for server... (60/300)\nSERVER_START_FAILED"),
    ("port_in_use", "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use"),
    ("no_metrics", "No serving metrics in output"),
    ("gated_model", "OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/x"),
    ("gated_model", "huggingface_hub.errors.GatedRepoError: 403 Client Error. Cannot access gated repo for url https://huggingface.co/x"),
    ("model_missing", "OSError: x/y is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'"),
    ("benchmark_missing", "python3: can't open file '/opt/vllm/benchmarks/benchmark_latency.py': [Errno 2] No such file or directory"),
    ("killed", "/bin/bash: line 12:    77 Killed                  python3 -m vllm.entrypoints.openai.api_server"),
    ("arm_crashed", "benchmark_latency.py: error: unrecognized arguments: --input-len"),
    ("missing_parent", "Missing parent_commit - cannot determine baseline image"),
];

#[test]
fn every_class_of_an_output_is_named_by_the_line_that_is_its_cause() {
    for (class, text) in FIRES {
        let cause = first_cause(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(cause.class.name(), *class, "{text}");
        assert!(text.contains(cause.evidence.as_str()), "{}", cause.evidence);
        // the same behind the heads of loggers, coloured, and in capitals
        let headed = |line: &str| format!("\u{1b}[1;36m(Worker_TP0 pid=9)\u{1b}[0;0m ERROR 08-01 10:00:00 [core.py:7] {line}");
        if !text.contains('\n') && !text.starts_with("ERROR") {
            assert_eq!(first_cause(&headed(text)).map(|cause| cause.class.name()), Some(*class), "{text}");
        }
    }
}

/// Lines of healthy outputs that come close.
const QUIET: &str = r#"Namespace(backend='vllm', host='127.0.0.1', uvicorn_log_level='error', chat_template=None, error='CUDA out of memory')
INFO 01-21 11:26:31 api_server.py:207] args: Namespace(on_error='no space left on device')
WARNING: No HuggingFace token found. Gated models will fail: 401 Client Error huggingface.co
WARNING 11-20 22:12:14 [ready_checker.py:71] Endpoint is not ready. Error='Cannot connect to host 127.0.0.1:8999'
INFO 08-01 10:00:00 [utils.py:1] Port 5555 is already in use: address already in use, trying port 5556
(EngineCore pid=1) INFO 08-01 10:00:00 [x.py:1] If you see CUDA out of memory, lower gpu_memory_utilization
W1120 22:12:14.145000 32109 torch/x.py:29] CUDA error: out of memory is handled
/usr/lib/python3/x.py:254: UserWarning: ImportError: no module named flash_attn
Warning: outlines.fsm fix failed - patching vLLM files directly...
OpenAI API call failed: Error code: 429 - rate limit. Will sleep for 26 seconds and will retry.
Exception ignored in: <function X at 0x7> ImportError: y
    raise ImportError("undefined symbol")
   120	            raise ValueError(f"Unknown RoPE scaling type {scaling_type}")
+        raise ImportError("cannot import name 'x' from 'transformers'")
-    except ModuleNotFoundError: return None
# no space left on device is what the registry says
checking file vllm/core/scheduler.py
Hunk #1 FAILED at 12.
1 out of 1 hunk FAILED
Trying patch -p1...
AGENT_PATCH_APPLIED_P1
The rate limit is 10 requests/s; killed requests are retried.
If you are trying to access a private or gated repo, make sure you are authenticated.
Failed requests:                         0
"#;

#[test]
fn what_only_looks_like_a_cause_is_none() {
    assert_eq!(first_cause(QUIET), None);
    for line in QUIET.lines().filter(|line| !line.contains("unk ")) {
        assert_eq!((first_cause(line), classify(line)), (None, None), "{line}");
    }
    // one close neighbour for each class that is left
    let near: &[(&str, &str)] = &[
        ("image_access", "unauthorized: error code: 5"),
        ("cuda_oom", "the request ran out of memory of the tokens it may use"),
        ("too_few_gpus", "World size (1), GPUs available (1)"),
        ("server_crashed", "the server did not crash"),
        ("port_in_use", "the port 8000 is in use by us"),
        ("model_missing", "the repository was found"),
        ("gated_model", "a gated linear unit"),
        ("patch_syntax", "  File \"/usr/lib/python3/dist-packages/outlines/x.py\", line 3\n    x\nSyntaxError: invalid syntax"),
        ("patch_syntax", "x.py:3: SyntaxWarning: invalid escape sequence"),
        ("patch_does_not_apply", "Hunk #1 succeeded at 12 (offset 3 lines)."),
        ("patch_half_applied", "Hunk #1 succeeded at 12.\nAGENT_PATCH_APPLIED_FALLBACK"),
        ("killed", "Killed requests: 0"),
        ("host_oom", "\"OOMKilled\": false"),
        ("benchmark_missing", "ls: cannot access 'benchmark_x.py': No such file or directory"),
        ("api_rate_limit", "We add a rate limit to the scheduler so that it stays fair."),
        ("api_down", "The overloaded operator was inlined"),
        ("api_protocol", "it ended with error code 4"),
        ("context_overflow", "the context is long"),
        ("agent_budget", "the maximum is reached"),
    ];
    for (class, text) in near {
        let found = [first_cause(text).map(|cause| cause.class), classify(text).map(|(class, _)| class)];
        assert!(found.iter().flatten().all(|found| found.name() != *class), "{class}: {text}: {found:?}");
    }
}

/// Word for word what Claude Code 2.1.330 and Codex 0.169 ended with when the API refused them so.
const ENDS: &[(&str, &str)] = &[
    ("api_auth", "Invalid API key · Fix external API key"),
    ("api_auth", "Failed to authenticate. API Error: 403 Your API key does not have permission"),
    ("api_rate_limit", "API Error: Request rejected (429) · This request would go over the budget of your organization"),
    ("api_down", "API Error: 500 Internal server error. This is a server-side issue, usually temporary — try again in a moment."),
    ("api_down", "API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a moment."),
    ("context_overflow", "Prompt is too long"),
    ("api_quota", "Credit balance is too low"),
    ("api_protocol", "API Error: 400 messages.1.content.0: unexpected `tool_use_id`"),
    ("api_protocol", "There's an issue with the selected model (claude-x). It may not exist or you may not have access to it."),
    ("api_auth", "unexpected status 401 Unauthorized: Incorrect API key provided, url: http://127.0.0.1:8377/v1/responses"),
    ("api_rate_limit", "exceeded retry limit, last status: 429 Too Many Requests"),
    ("api_quota", "Quota exceeded. Check your plan and billing details."),
    ("api_down", "We’re currently experiencing high demand, which may cause temporary errors."),
    (
        "context_overflow",
        "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.",
    ),
    ("api_protocol", r#"{"error": {"type": "invalid_request_error", "message": "Invalid value: 'input[3]'.", "code": "x"}}"#),
    ("api_protocol", "unexpected status 404 Not Found: The model `gpt-9` does not exist or you do not have access to it."),
    ("api_down", "stream disconnected before completion: stream closed before response.completed"),
];

#[test]
fn the_last_words_of_the_real_programs_have_their_classes() {
    for (class, says) in ENDS {
        assert_eq!(classify(says).map(|(class, _)| class.name()), Some(*class), "{says}");
    }
}

#[test]
fn the_cause_wins_over_its_effects_whatever_their_order() {
    let of = |error: &str, raw: &str| said(of_result("error", Some(error), raw).as_ref());
    let effects = "RuntimeError: Engine core initialization failed. See root cause above.\nEngineDeadError: dead\nSERVER_CRASHED\n";
    // stdout stands before stderr: the pull that filled the disk comes last
    let pull = "a1b2c3d4e5f6: Pull complete\ndocker: failed to register layer: no space left on device.\n";
    assert_eq!(of("Server crashed after applying patch", &format!("{effects}{pull}")).0, "no_space");
    // an exception that nobody knows says more than a marker
    let (class, says) = of("Server crashed after applying patch", "KeyError: 'lm_head'\nSERVER_CRASHED\n");
    assert_eq!((class.as_str(), says.as_str()), ("server_crashed", "KeyError: 'lm_head'"));
    let (class, says) = of("No latency metrics in agent output", "ZeroDivisionError: division by zero\nBENCHMARK_DONE\n");
    assert_eq!((class.as_str(), says.as_str()), ("arm_crashed", "ZeroDivisionError: division by zero"));
    // of two causes the first
    assert_eq!(of("x", "ValueError: Unknown RoPE scaling type llama3\nModuleNotFoundError: No module named 'y'").0, "rope_type");
    // with nothing printed the sentence stands
    let alone = [
        ("Server crashed during startup", "server_crashed"),
        ("Server startup timeout after patch", "server_never_ready"),
        ("No metrics in agent output", "no_metrics"),
        ("Missing parent_commit - cannot determine baseline image", "missing_parent"),
        ("[Errno 2] No such file or directory: 'docker'", "no_docker"),
        ("'NoneType' object has no attribute 'get'", "arm_crashed"),
        ("", "unknown"),
    ];
    for (says, class) in alone {
        assert_eq!(of(says, "").0, class, "{says}");
    }
    assert_eq!(of_result("success", Some("Server crashed"), effects), None);
    // a client that waits for a server is refused until it is there, and again when it is gone
    let refused = "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>\n";
    assert_eq!(of("No serving metrics in output", refused).0, "server_never_ready");
    assert_eq!(of("No serving metrics in output", &format!("SERVER_READY_AFTER=42s\n{refused}")).0, "server_crashed");
}

#[test]
fn a_timeout_names_its_phase() {
    let of = |raw: &str| said(of_result("timeout", Some("Benchmark timed out after 900s"), raw).as_ref()).0;
    let pull = "Unable to find image 'a/b:c' locally\nc: Pulling from a/b\n3c645031de29: Already exists\na1b2c3d4e5f6: Pulling fs layer\n";
    let pulled = format!("{pull}Digest: sha256:4d11\nStatus: Downloaded newer image for a/b:c\n");
    let server = "=== Starting vLLM server for HUMAN benchmark ===\nINFO 01-21 11:26:31 llm_engine.py:100] Initializing an LLM engine\n";
    assert_eq!(of(""), "timeout_benchmark");
    assert_eq!(of(pull), "timeout_pull");
    assert_eq!(of(&pulled), "timeout_benchmark");
    assert_eq!(of(&format!("{server}{pulled}")), "timeout_server");
    assert_eq!(of(&format!("{server}SERVER_READY_AFTER=42s\n")), "timeout_benchmark");
    assert_eq!(of(&format!("{server}torch.OutOfMemoryError: CUDA out of memory. Tried\n")), "cuda_oom");
    let error = |says: &str| said(of_result("error", Some(says), "").as_ref()).0;
    assert_eq!(["Timeout after 1800s", "Benchmark exceeded 900s timeout"].map(error), ["timeout_benchmark"; 2]);
    assert_eq!(timeout_of("did not end within 15 min", pull).class, FailureClass::TimeoutPull);
}

#[test]
fn an_agents_end_is_told_by_what_ended_it() {
    let base = AgentEnd { status: "error", returncode: Some(1), duration_s: Some(10.0), budget_min: Some(60.0), ..AgentEnd::default() };
    let silent = Printed::default;
    let of = |end: AgentEnd<'_>| said(of_agent(&end, silent).as_ref()).0;
    assert_eq!(of_agent(&AgentEnd { status: "success", ..base }, || panic!("nothing is read of a success")), None);
    let hung = AgentEnd { error_type: Some("TimeoutExpired"), error: Some("Command 'x' timed out after 5 seconds"), ..base };
    assert_eq!(of(hung), "timeout_agent");
    assert_eq!(of(AgentEnd { returncode: Some(-15), duration_s: Some(3600.2), ..base }), "agent_budget");
    assert_eq!(of(AgentEnd { returncode: Some(-15), ..base }), "killed");
    assert_eq!(of(AgentEnd { returncode: Some(137), ..base }), "killed");
    assert_eq!(of(AgentEnd { returncode: Some(-11), ..base }), "agent_crashed");
    assert_eq!(of(AgentEnd { status: "max_steps_exceeded", returncode: Some(0), ..base }), "agent_budget");
    assert_eq!(of(AgentEnd { final_result: Some("Task execution exceeded maximum steps without completion."), ..base }), "agent_budget");
    assert_eq!(of(AgentEnd { terminal: Some("Error code: 400 - context_length_exceeded"), ..base }), "context_overflow");
    assert_eq!(of(AgentEnd { terminal: Some("list index out of range"), ..base }), "agent_crashed");
    let lost =
        AgentEnd { returncode: None, error: Some("[Errno 21] Is a directory: '/w/.git'"), error_type: Some("IsADirectoryError"), ..base };
    assert_eq!(of(lost), "git_error");
    let none = AgentEnd { returncode: None, error: Some("[Errno 2] No such file: 'codex'"), error_type: Some("FileNotFoundError"), ..base };
    assert_eq!(of(none), "agent_not_found");
    let good = AgentEnd { returncode: Some(0), changed_files: Some(0), ..base };
    assert_eq!(of(good), "empty_patch");
    assert_eq!(of(AgentEnd { patch_bytes: Some(700), ..good }), "uncommitted");
    assert_eq!(of(AgentEnd { changed_files: Some(3), violations: Some(1), patch_bytes: Some(700), ..good }), "outside_targets");
    assert_eq!(of(AgentEnd { returncode: None, ..base }), "unknown");
    // of what it printed the last word counts: what it overcame stands above
    let err = "Error code: 429 - Rate limit reached, waiting\nError code: 401 - invalid key\n".to_owned();
    let printed = || Printed { err, ..Printed::default() };
    assert_eq!(said(of_agent(&base, printed).as_ref()).0, "api_auth");
}

#[test]
fn a_row_may_know_more_than_its_class() {
    let of = |class, evidence: &str| hint(class, evidence);
    let exact = of(FailureClass::ServerCrashed, "Error while creating shared memory segment /dev/shm/nccl-x (size 7)");
    assert!(exact.contains("--shm-size"), "{exact}");
    assert!(
        of(
            FailureClass::AgentCrashed,
            "return code 1 after 2 s: TypeError: ModelConfig.__init__() missing 2 required positional arguments"
        )
        .contains("configuration")
    );
    for by_somebody in
        ["somebody removed the container while it ran", "docker was started again while the arm ran, which ended the container"]
    {
        assert!(of(FailureClass::Killed, by_somebody).starts_with("somebody ended it"), "the kernel's log tells nothing of it");
    }
    // of another class it says nothing
    assert_eq!(of(FailureClass::NoMetrics, "Error while creating shared memory segment"), FailureClass::NoMetrics.hint());
    assert_eq!(of(FailureClass::RopeType, "anything"), FailureClass::RopeType.hint());
}

#[test]
fn a_long_line_is_quoted_around_what_it_says() {
    let long = format!("{{\"log\": \"{}no space left on device{}\"}}", "é".repeat(200_000), "y".repeat(200_000));
    let cause = first_cause(&long).unwrap();
    assert!(cause.evidence.contains("no space left on device") && cause.evidence.len() <= 400, "{}", cause.evidence.len());
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(?s)(\\PC|\n|\r|\u{1b}\\[3|File \"|Hunk #1 FAILED at|error: |SyntaxError: |killed){0,60}") {
        for cause in [first_cause(&text), of_result("error", Some(&text), &text), Some(timeout_of("", &text))].into_iter().flatten() {
            prop_assert!(isobench_tui::text::clean::is_clean(&cause.evidence));
        }
        let end = AgentEnd { status: "error", terminal: Some(&text), returncode: Some(1), ..AgentEnd::default() };
        prop_assert!(of_agent(&end, Printed::default).is_some());
        let _ = hint(FailureClass::Unknown, &text);
    }

    #[test]
    fn evidence_is_found_wherever_it_stands(before in "[a-z \n]{0,300}", after in "[a-z \n]{0,300}") {
        let text = format!("{before}\nValueError: Unknown RoPE scaling type llama3\n{after}");
        let cause = first_cause(&text).map(|cause| cause.evidence);
        prop_assert_eq!(cause.as_deref(), Some("ValueError: Unknown RoPE scaling type llama3"));
    }
}
