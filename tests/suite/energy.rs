//! The energy of stages, end to end: a run beside the stand-in of NVIDIA's library, whose power and counter a script says.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;

use isobench_tui::telemetry::Files;
use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM};
use crate::nvml::stand_in;
use crate::sampler::samples;
use crate::support::wait_until;

/// A campaign of one item whose agent waits at a gate, beside GPUs as the script says them.
fn beside(script: &str) -> Option<Campaign> {
    let library = stand_in()?;
    let mut campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let path = campaign.root.join("gpus.nvml");
    fs::write(&path, script).unwrap();
    let variable = |name: &str, value: String| (name.to_owned(), value);
    campaign.env.push(variable("ISOBENCH_TUI_NVML", library.display().to_string()));
    campaign.env.push(variable("ISOBENCH_NVML_SCRIPT", path.display().to_string()));
    // nobody else's locks on GPUs of these names
    campaign.env.push(variable("ISOBENCH_TUI_GPU_LOCKS", campaign.root.join("locks").display().to_string()));
    Some(campaign)
}

/// The record of the agent's stage, once it lasted as many more samples.
fn agent_stage(campaign: &Campaign, wanted: usize) -> Value {
    let mut runner = campaign.spawn(&["run", "--headless"]);
    campaign.at_gate(1, "agent");
    let files = Files::of(campaign.folder().path());
    let count = || samples(&files.seconds()).iter().filter(|(_, sample)| !sample.gpus.is_empty()).count();
    // a busy machine may have taken many before the agent began
    let before = count();
    wait_until("samples of the agent's time", || count() > before + wanted);
    campaign.open(1, "agent");
    assert!(runner.wait().unwrap().success());
    let item = campaign.item(1);
    let stages = item["tries"][0]["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["stage"] == "agent").unwrap().clone()
}

#[test]
fn the_energy_of_a_stage_is_what_its_gpus_took_in_its_time() {
    // one tells its power alone; the other has a counter, which goes by 500 W
    let script = "driver 550.54.15\ngpus 2\ngpu 0 power_mw 300000\ngpu 1 power_mw 480000\ngpu 1 energy_mj rise 7000000 500000\n";
    let Some(campaign) = beside(script) else { return };
    let agent = agent_stage(&campaign, 6);
    let (energy, covered) = (agent["energy_wh"].as_f64().unwrap() * 3600.0, agent["covered_pct"].as_f64().unwrap());
    let took = agent["duration_s"].as_f64().unwrap();
    // in J; what is not covered is not counted
    let expected = 800.0 * took * (covered + 0.5) / 100.0;
    assert!(covered >= 50.0 && (energy / expected - 1.0).abs() < 0.1, "{energy} J in {took} s, covered {covered} %: {expected} expected");
    assert_eq!(agent["gpus"].as_array().unwrap().len(), 2);
    let item = campaign.item(1);
    let of_stages: f64 = item["tries"][0]["stages"].as_array().unwrap().iter().filter_map(|stage| stage["energy_wh"].as_f64()).sum();
    assert!((item["energy_wh"].as_f64().unwrap() - of_stages).abs() < 1e-6, "{item:#}");
    assert_eq!(campaign.status()["energy_wh"], item["energy_wh"]);
    let kinds: Vec<Value> = campaign.facts().into_iter().map(|fact| fact["kind"].clone()).collect();
    let recorded = kinds.iter().position(|kind| kind == "machine_recorded").unwrap();
    assert_eq!(kinds[recorded + 1], "stage_finished");
    let csv =
        String::from_utf8(campaign.run(&["report", "--format", "csv", &campaign.folder().path().display().to_string()]).stdout).unwrap();
    assert!(csv.lines().next().unwrap().contains("energy_wh,energy_covered_pct"), "{csv}");
}

#[test]
fn without_a_gpu_the_energy_is_unknown_and_not_zero() {
    let Some(campaign) = beside("driver 550.54.15\ngpus 1\ngpu 0 util 5\n") else { return };
    let agent = agent_stage(&campaign, 2);
    assert_eq!((&agent["energy_wh"], agent["covered_pct"].as_u64().is_some_and(|pct| pct >= 50)), (&Value::Null, true), "{agent:#}");
    assert_eq!(campaign.item(1)["energy_wh"], Value::Null);
}
