//! The plan of an arm for every command by which the humans of the corpus measured.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;

use isobench_tui::bench::arm::script::script;
use isobench_tui::bench::arm::{Question, plan};
use isobench_tui::domain::{BenchKind, Repair};
use serde_json::Value;

use crate::support::shared;

#[test]
fn every_command_of_the_corpus_has_a_plan_or_says_what_it_lacks() {
    let Some(shared) = shared() else { return };
    let text = fs::read(shared.join("corpus/mappings/benchmark_mode_mapping.json")).unwrap();
    let mapping: BTreeMap<String, Value> = serde_json::from_slice(&text).unwrap();
    let server_args = ["--max-model-len", "4096", "--disable-log-requests"].map(str::to_owned);
    let (mut kinds, mut errors) = (BTreeMap::<&str, u32>::new(), Vec::new());
    for (sha, row) in &mapping {
        let Some(command) = row["perf_command"].as_str() else { continue };
        let overrides = BTreeMap::from([("meta-llama/Llama-3.1-8B-Instruct".to_owned(), "meta-llama/Meta-Llama-3-8B-Instruct".to_owned())]);
        let question = Question {
            perf_command: command,
            model: row["model"].as_str(),
            overrides: &overrides,
            repairs: &Repair::ALL,
            server_args: &server_args,
            sources: &[],
        };
        let plan = match plan(&question) {
            Ok(plan) => plan,
            Err(why) => {
                errors.push((sha.as_str(), why));
                continue;
            }
        };
        let kind = plan.kind.unwrap();
        assert_eq!(kind, BenchKind::of_command(command).unwrap_or(BenchKind::Serving), "{sha}");
        *kinds.entry(kind.name()).or_default() += 1;
        let client = plan.client.join(" ");
        let (is_serving, workload) = (kind == BenchKind::Serving, &plan.workload);
        assert!(is_serving != plan.server.is_empty() && is_serving == client.contains("--port {port}"), "{sha}: {client}");
        // no argument of a server is left to a client, no placeholder to anybody
        let alien = ["--tensor-parallel-size", "--dtype", "--quantization", "--enable-prefix-caching", "--max-model-len", "--batch-size"];
        assert!(!(is_serving && alien.iter().any(|name| client.contains(name))), "{sha}: {client}");
        assert!(
            !["BS", "INPUT_LEN", "MODEL", "/data/users"].iter().any(|name| plan.client.iter().any(|word| word.contains(name))),
            "{sha}: {client}"
        );
        assert!(!is_serving || (workload.dataset.is_some() && workload.num_prompts.is_some() && workload.request_rate.is_some()), "{sha}");
        assert!(plan.model.is_some() && workload.model == plan.model_run && plan.gpus >= 1, "{sha}");
        assert!(script(&plan, true).contains("main\n"), "{sha}");
    }
    // as ISO-Bench sorts them
    assert_eq!(kinds, BTreeMap::from([("latency", 13), ("prefix_caching", 1), ("serving", 73), ("throughput", 5)]));
    assert!(matches!(errors.as_slice(), [("526de822", why)] if why.contains("placeholder 'MODEL'")), "{errors:?}");
}
