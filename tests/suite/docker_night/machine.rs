//! What arms in containers get of the machine: its GPUs, which their results name, and its memory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use isobench_tui::domain::ArmPhase;
use serde_json::{Value, json};

use super::{Bench, GOOD_AGENT, LATENCY, Night, io};
use crate::engine::Options;
use crate::gpu_arms::IDLE;
use crate::nvml::stand_in;
use crate::support::{folder, wait_until};

/// dockerd gives GPUs to containers where it finds this program of NVIDIA's toolkit, which it runs before each of them starts. This one
/// only notes which GPUs the container was to see.
fn toolkit(root: &Path) -> Options {
    let (programs, seen) = (root.join("bin"), root.join("seen"));
    fs::create_dir(&programs).unwrap();
    let hook = programs.join("nvidia-container-runtime-hook");
    let script = format!(
        "#!/bin/sh\nbundle=$(sed 's/.*\"bundle\": *\"\\([^\"]*\\)\".*/\\1/')\n\
         grep -o 'NVIDIA_VISIBLE_DEVICES=[^\"]*' \"$bundle/config.json\" >>'{}'\n",
        seen.display()
    );
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    Options { env: vec![("PATH".to_owned(), path)], ..Options::default() }
}

#[test]
fn each_arm_gets_the_gpus_of_the_machine_and_its_result_names_them_and_their_driver() {
    let Some(library) = stand_in() else { return };
    let (_gone, root) = folder();
    let Some(mut night) = Night::on(&[Bench::new("0.9.2", LATENCY)], GOOD_AGENT, "", toolkit(&root)) else { return };
    let script = root.join("machine.nvml");
    fs::write(&script, IDLE).unwrap();
    for (name, path) in [("ISOBENCH_TUI_NVML", &library), ("ISOBENCH_NVML_SCRIPT", &script)] {
        night.campaign.env.push((name.to_owned(), path.display().to_string()));
    }
    night.run(0);
    let seen = fs::read_to_string(root.join("seen")).unwrap_or_default();
    assert_eq!(seen, "NVIDIA_VISIBLE_DEVICES=GPU-zero,GPU-one\n".repeat(3), "{:#?}", night.ends());
    for arm in ["human", "baseline", "agent"] {
        let machine = night.result(1, arm)["isobench_tui"]["machine"].clone();
        let named = (&machine["gpus"], &machine["uuids"], &machine["driver"]);
        assert_eq!(named, (&json!(["H100", "H100"]), &json!(["GPU-zero", "GPU-one"]), &json!("550.54.15")), "{arm}: {machine:#}");
    }
    night.assert_clean();
}

#[test]
fn an_arm_that_takes_more_memory_than_its_container_has_is_host_oom() {
    let human = "mode = eats\neats_mb = 200\ngate = /isobench-tui/eat".to_owned();
    let Some(night) = Night::new(&[Bench { human, ..Bench::new("0.9.2", LATENCY) }], GOOD_AGENT, "") else { return };
    let mut runner = night.spawn();
    wait_until("the stage", || night.campaign.facts_of("stage_started").iter().any(|fact| fact["stage"] == "human"));
    let progress = night.in_phase(1, 1, "human", ArmPhase::Prepare);
    night.engine.says(&["update", "--memory", "64m", "--memory-swap", "64m", &progress.container.unwrap()]);
    fs::write(io(&night, 1, "human", "eat"), "").unwrap();
    let end: Value = night.campaign.wait_fact("stage_finished", |fact| fact["stage"] == "human")["outcome"].clone();
    assert_eq!(end["class"], "host_oom", "{end:#}");
    assert!(end["why"].as_str().unwrap().contains("the kernel ended it for its memory (container limit)"), "{end:#}");
    night.campaign.ctl(&["quit-now"]);
    wait_until("the runner's end", || runner.try_wait().unwrap().is_some());
    assert_eq!(night.containers(), "");
}
