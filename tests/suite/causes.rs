//! The table of failure causes on everything that really failed, and on texts that come close.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::fs;

use isobench_tui::bench::{first_cause, of_result};
use serde_json::Value;

use crate::support::shared;

#[test]
fn probe() {
    let Some(shared) = shared() else { return };
    for folder in ["codex_cli", "trae_gpt5_0123", "trae_sonnet45_0123"] {
        let mut files: Vec<_> = fs::read_dir(shared.join("corpus/results").join(folder)).unwrap().flatten().map(|e| e.path()).collect();
        files.sort();
        for path in files {
            let Ok(value) = serde_json::from_slice::<Value>(&fs::read(&path).unwrap()) else { continue };
            let raw = value["raw_output"].as_str().unwrap_or("");
            let cause = of_result(value["status"].as_str().unwrap_or(""), value["error"].as_str(), raw);
            if let Some(c) = cause {
                println!("{folder}/{}: {} | {}", path.file_name().unwrap().to_string_lossy(), c.class, c.evidence);
            } else if let Some(c) = first_cause(raw) {
                println!("  SUCCESS {folder}/{}: {} | {}", path.file_name().unwrap().to_string_lossy(), c.class, c.evidence);
            }
        }
    }
    let mut files: Vec<_> = fs::read_dir(shared.join("vllm")).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    for path in files {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        match first_cause(&text) {
            Some(c) => println!("{}: {} | {}", path.file_name().unwrap().to_string_lossy(), c.class, c.evidence),
            None => println!("{}: -", path.file_name().unwrap().to_string_lossy()),
        }
    }
    for name in ["vllm/recon_errors.txt", "docker/cli_run_errors.txt", "docker/pull_errors.txt", "vllm/real_github_excerpts.txt"] {
        println!("== {name}");
        for line in fs::read_to_string(shared.join(name)).unwrap().lines() {
            match first_cause(line) {
                Some(c) => println!("{} | {}", c.class, c.evidence),
                None => println!("- {line}"),
            }
        }
    }
    for name in ["docker/pull_enospc_overlay2.jsonl", "docker/pull_enospc_vfs.jsonl"] {
        println!("{:?}", first_cause(&fs::read_to_string(shared.join(name)).unwrap()));
    }
}
