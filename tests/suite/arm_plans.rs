//! The plan of an arm for every command by which the humans of the corpus measured.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;

use isobench_tui::bench::arm::{ArmPlan, Question, plan};
use isobench_tui::config::DockerConfig;
use isobench_tui::domain::{BenchKind, Repair};
use serde_json::Value;

use crate::support::shared;

#[test]
fn dump() {
    let Some(shared) = shared() else { return };
    let text = fs::read(shared.join("corpus/mappings/benchmark_mode_mapping.json")).unwrap();
    let mapping: BTreeMap<String, Value> = serde_json::from_slice(&text).unwrap();
    let config = DockerConfig::default();
    for (sha, row) in &mapping {
        let Some(command) = row["perf_command"].as_str() else { continue };
        let question = Question {
            perf_command: command,
            model: row["model"].as_str(),
            overrides: &config.models,
            repairs: &config.repairs,
            server_args: &config.server_args,
            sources: &config.sources,
        };
        println!("{sha} {command}");
        match plan(&question) {
            Ok(plan) => println!(
                "   C {}\n   L {}\n   S {} | {:?}\n   W {} {:?} -> {:?} {:?} gpus {}\n   N {:?}",
                plan.client.join(" "),
                plan.client_cli.join(" "),
                plan.server.join(" "),
                plan.repairs,
                plan.workload.words(),
                plan.model,
                plan.model_run,
                plan.environment,
                plan.gpus,
                plan.notes
            ),
            Err(why) => println!("   ERR {why}"),
        }
    }
}
