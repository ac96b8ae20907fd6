//! What `doctor` says of GPUs, over the stand-in of NVIDIA's library.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::nvml::{script, stand_in};

/// What `doctor` finds where NVIDIA's library is this one, and its machine as this script says.
fn doctor(campaign: &Campaign, library: &Path, script: &Path) -> Value {
    let mut command = campaign.command(&["doctor", "--format", "json"]);
    let output = command.env("ISOBENCH_TUI_NVML", library).env("ISOBENCH_NVML_SCRIPT", script).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
}

/// The same of a script that is told in words.
fn doctor_of(campaign: &Campaign, library: &Path, text: &str) -> Value {
    let script = campaign.root.join("script.nvml");
    fs::write(&script, text).unwrap();
    doctor(campaign, library, &script)
}

/// The rows about something: check, sentence, what to do.
fn rows(found: &Value, about: &str) -> Vec<[String; 3]> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = found["rows"].as_array().unwrap().iter().filter(|row| row["about"] == about);
    rows.map(|row| ["check", "says", "fix"].map(|key| text(row, key))).collect()
}

/// One of the rows stands so and says this.
fn is(found: &Value, about: &str, check: &str, says: &str) {
    let rows = rows(found, about);
    assert!(
        rows.iter().any(|[is, sentence, _]| is == check && sentence.contains(says)),
        "no {check} row about {about} says {says:?}: {rows:#?}"
    );
}

#[test]
fn each_state_of_the_driver_is_one_row_with_its_next_step() {
    let Some(library) = stand_in() else { return };
    let campaign = Campaign::good(1);
    let absent = doctor(&campaign, Path::new("/nowhere/libnvidia-ml.so.1"), &script("one"));
    let torn = campaign.root.join("torn.so");
    fs::write(&torn, "no library").unwrap();
    let states = [
        (absent, "ok", "no NVIDIA driver is installed here"),
        (doctor(&campaign, &library, &script("forbidden")), "warning", "we may not ask it: the current user does not have permission"),
        (doctor(&campaign, &library, &script("mismatch")), "warning", "updated and not loaded anew"),
        (doctor(&campaign, &library, &script("notloaded")), "warning", "its kernel module is not loaded"),
        (doctor(&campaign, &torn, &script("one")), "warning", "its answer makes no sense"),
        (doctor(&campaign, &library, &script("hung")), "warning", "the driver has not answered for"),
    ];
    let mut steps = Vec::new();
    for (found, check, says) in states {
        is(&found, "gpu", check, says);
        let rows = rows(&found, "gpu");
        assert!(rows.len() == 1 && !rows[0][2].is_empty() && !steps.contains(&rows[0][2]), "{rows:?}");
        steps.push(rows[0][2].clone());
        assert_eq!(found["runnable"], json!(1), "nothing of it blocks a run whose arms need no GPU");
    }
}

#[test]
fn gpus_are_counted_and_what_is_worth_knowing_of_them_is_told() {
    let Some(library) = stand_in() else { return };
    let campaign = Campaign::good(1);
    let found = doctor(&campaign, &library, &script("eight"));
    is(&found, "gpu", "ok", "NVIDIA's driver 550.54.15, CUDA 12.4: 8 × NVIDIA H100 80GB HBM3");
    is(&found, "gpu", "ok", "persistence mode is on: GPUs 0, 1, 2, 3, 4, 5, 6, 7");
    assert_eq!(found["machine"]["sample"]["driver"]["state"], "here");
    assert_eq!(found["machine"]["header"]["gpus"].as_object().unwrap().len(), 8);
    assert_eq!(found["machine"]["sample"]["gpus"]["7"]["util"], json!(0));

    let found = doctor(&campaign, &library, &script("one"));
    is(&found, "gpu", "ok", "1 × NVIDIA GeForce RTX 4090");
    is(&found, "gpu", "warning", "persistence mode is off on GPU 0");
    let found = doctor(&campaign, &library, &script("mig"));
    is(&found, "gpu", "ok", "GPU 1 is split by MIG into 3 instances");
    let found = doctor(&campaign, &library, &script("lost"));
    is(&found, "gpu", "warning", "GPU 3 is lost");
    assert_eq!(rows(&found, "gpu").iter().filter(|[_, says, _]| says.contains("is lost")).count(), 1);

    let ill =
        "driver 550.54.15\ngpus 2\ngpu * mig 0\ngpu 1 mig 1\ngpu 0 ecc 0\ngpu 0 temp 91\ngpu 0 throttle 0x44\ngpu 1 ecc_uncorrected 2\n";
    let found = doctor_of(&campaign, &library, ill);
    is(&found, "gpu", "ok", "NVIDIA's driver 550.54.15: 2 × GPU without a name");
    is(&found, "gpu", "warning", "GPU 1 is in MIG mode and has no instance");
    is(&found, "gpu", "ok", "ECC is off on GPU 0");
    is(&found, "gpu", "warning", "GPU 1 had 2 errors of its memory that ECC could not correct");
    is(&found, "gpu", "warning", "GPU 0 is slowed down now at 91 °C: hw thermal");
    is(&doctor_of(&campaign, &library, "driver 550.54.15\ngpus 0\n"), "gpu", "warning", "and no GPU");
}

#[test]
fn who_is_on_the_gpus_is_named() {
    let Some(library) = stand_in() else { return };
    let campaign = Campaign::good(1);
    // a process of this machine, and a pid that is nobody's
    let ours = std::process::id();
    let text =
        format!("driver 550.54.15\ngpus 2\ngpu * total 85520809984\nprocess {ours} gpu * memory 2000000000\nprocess 4194304 gpu 1\n");
    let found = doctor_of(&campaign, &library, &text);
    let says: Vec<String> = rows(&found, "gpu").into_iter().map(|[_, says, _]| says).collect();
    assert!(says.iter().any(|says| says.contains(&format!("{ours} ")) && says.contains("4.0 GB on GPUs 0, 1")), "{says:#?}");
    is(&found, "gpu", "ok", "1 process on the GPUs whose owner can't be known: 4194304, on GPU 1");
}

#[test]
fn gpus_that_a_command_wants_are_held_against_those_that_are_here() {
    let Some(library) = stand_in() else { return };
    let campaign = Campaign::good(1);
    let config = fs::read_to_string(campaign.root.join("isobench-tui.toml")).unwrap();
    let (agent, _) = config.split_once("[arms]").unwrap();
    let wants = |gpus: u32| {
        fs::write(
            campaign.root.join("isobench-tui.toml"),
            format!("{agent}[arms]\ncommand = [\"vllm\", \"bench\", \"-tp\", \"{gpus}\"]\n"),
        )
        .unwrap();
    };
    wants(8);
    is(&doctor(&campaign, &library, &script("eight")), "arms", "ok", "arms.command wants 8 GPUs, and 8 are here");
    is(&doctor(&campaign, &library, &script("lost")), "arms", "warning", "wants 8 GPUs, and 7 are here");
    is(&doctor(&campaign, &library, &script("one")), "arms", "warning", "too_few_gpus: arms.command wants 8 GPUs, and 1 is here");
    wants(1);
    is(&doctor(&campaign, &library, &script("notloaded")), "arms", "warning", "wants 1 GPU, and no GPU is here");
    is(&doctor(&campaign, &library, &script("one")), "arms", "ok", "wants 1 GPU, and 1 is here");
}

#[test]
fn gpus_that_items_of_the_three_way_runner_want_are_counted() {
    let Some(library) = stand_in() else { return };
    let campaign = Campaign::new(3, "", GOOD_ARM);
    campaign.config("", "", "");
    let config = campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (agent, _) = text.split_once("[arms]").unwrap();
    fs::write(&config, format!("{agent}[arms]\nengine = \"three_way\"\n")).unwrap();
    let human = |nth: usize| isobench_tui::domain::short_sha(&campaign.commits[nth]);
    let command = |gpus: u32| json!({"perf_command": format!("vllm bench throughput --model m --tensor-parallel-size {gpus}")});
    let mapping = json!({human(1): command(1), human(2): command(4), human(3): command(8)});
    fs::create_dir_all(campaign.root.join("data/mappings")).unwrap();
    fs::write(campaign.root.join("data/mappings/benchmark_mode_mapping.json"), mapping.to_string()).unwrap();
    is(&doctor(&campaign, &library, &script("mig")), "arms", "warning", "2 of 3 items want up to 8 GPUs, and 2 are here");
    is(&doctor(&campaign, &library, &script("eight")), "arms", "ok", "1 of 3 items want up to 8 GPUs, and 8 are here");
}

#[test]
fn docker_language_and_disk_are_told_where_nothing_needs_them() {
    let campaign = Campaign::good(1);
    let found = doctor(&campaign, Path::new("/nowhere/libnvidia-ml.so.1"), Path::new("/nowhere"));
    let [[check, says, _]] = rows(&found, "docker").try_into().unwrap();
    assert!(check == "ok" && says.contains("nothing that is configured here needs it"), "{check}: {says}");
    assert_eq!(rows(&found, "locale").len(), 1);
    assert!(!rows(&found, "clock").is_empty() && rows(&found, "logout").len() == 1);
    assert!(rows(&found, "disk").iter().any(|[_, says, _]| says.contains("free")));
}
