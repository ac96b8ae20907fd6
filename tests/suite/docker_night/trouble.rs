//! What goes wrong in a night, and what is said of it in the morning.

use std::fs;
use std::path::Path;

use isobench_tui::domain::ArmPhase;
use serde_json::{Value, json};

use super::{Bench, GOOD_AGENT, LATENCY, Night, SERVING, TOKEN, has, io};
use crate::campaign::said;
use crate::engine::Options;
use crate::engine::proxy::{Mood, Proxy};
use crate::stuck::TALKER;
use crate::support::wait_until;

/// The first item's agent gets stuck, the second's breaks the engine, the third waits for the test; the others do well.
fn agents() -> String {
    format!(
        "case $item in c-0001) {TALKER} steps 6; gate on;; c-0002) sed -i 's/^STEP_MS = .*/STEP_MS = crash/' vllm/engine.py; exit 0;; \
         c-0003) gate in;; esac\n{GOOD_AGENT}"
    )
}

#[test]
fn a_night_with_an_agent_that_is_stuck_a_patch_that_crashes_and_a_registry_that_hangs() {
    let leaks = Bench::new("0.10.2", SERVING).told("mode = no_metrics\nleaks = HF_TOKEN");
    let benches = [Bench::new("0.9.2", LATENCY), Bench::new("0.9.2", SERVING), Bench::new("0.6.6", LATENCY), leaks];
    let Some(night) = Night::new(&benches, &agents(), "") else { return };
    let proxy = Proxy::start(night.registry.port());
    night.configure(&proxy.reference("night"), "trajectory = \"{trajectory}\"\non_stuck = \"skip\"", "[budget]\npull = 0.1");
    let mut runner = night.spawn();
    night.campaign.at_gate(3, "in");
    proxy.is(Mood::Hang);
    night.campaign.open(3, "in");
    let late = night.campaign.wait_fact("stage_finished", |fact| fact["item"] == "c-0003" && fact["stage"] == "pull");
    assert_eq!(late["outcome"]["class"], "timeout_pull", "{late:#}");
    proxy.is(Mood::Through);
    assert_eq!(runner.wait().unwrap().code(), Some(1), "{:#?}", night.ends());
    assert_eq!(night.campaign.statuses(), ["skipped", "failed", "done", "done"], "{:#?}", night.ends());
    // the patch crashes the server, and nothing else of that item failed
    let crashed = night.ended(2, "candidate");
    assert_eq!(crashed["end"], "failed", "{crashed:#}");
    assert!(crashed["why"].as_str().unwrap().contains("NameError: name 'crash' is not defined"), "{crashed:#}");
    assert_eq!(["human", "baseline"].map(|stage| night.ended(2, stage)["end"].clone()), ["done", "done"]);
    assert_eq!(["human", "baseline", "agent"].map(|arm| night.result(2, arm)["status"].clone()), ["success", "success", "error"]);
    assert_eq!(fs::read_to_string(night.campaign.root.join("worked")).unwrap(), "c-0003\nc-0004\n", "no agent worked twice");
    // what it printed is kept as it was, and told without the token
    assert!(has(&fs::read(io(&night, 4, "candidate", "server")).unwrap(), TOKEN), "the stand-in said nothing of its token");
    assert!(night.result(4, "agent")["raw_output"].as_str().unwrap().contains("HF_TOKEN is set to "));
    let report: Value = serde_json::from_str(&night.report("json")).unwrap();
    assert!(report.to_string().contains("server"), "{report:#}");
    night.campaign.assert_nothing_left();
    assert_eq!(night.containers(), "");
    night.assert_secret(&["io"]);
}

#[test]
fn a_patch_that_crashes_in_its_second_round_keeps_the_numbers_of_its_first() {
    let agent = "sed -i 's/^STEP_MS = .*/STEP_MS = 8\\nMODE = crash_start\\nGOOD = 1/' vllm/engine.py";
    let Some(night) = Night::new(&[Bench::new("0.9.2", SERVING)], agent, "") else { return };
    let config = night.campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("engine = \"docker\"", "engine = \"docker\"\nrepeat = 2")).unwrap();
    let output = night.campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}\n{:#?}", said(&output), night.ends());
    for says in ["c-0001: human, round 1 of 2: ready: ", "c-0001: candidate, round 1 of 2: bench: ", "agent: 1 of 2 rounds: rope_type: "] {
        assert!(said(&output).contains(says), "no '{says}' in\n{}", said(&output));
    }
    let result = night.result(1, "agent");
    let lost = &result["isobench_tui"]["lost"];
    assert_eq!((&result["status"], &lost["round"], &lost["class"]), (&"success".into(), &2.into(), &"rope_type".into()), "{result:#}");
    // the run's folder and its results say the same
    let told = |path: &Path| -> Vec<Value> {
        let output = night.campaign.run(&["report", &path.display().to_string(), "--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |result: &Value| json!([result["arm"], result["status"], result["metrics"], result["failure"], result["flags"]]);
        report["results"].as_array().unwrap().iter().map(of).collect()
    };
    let run = night.campaign.folder();
    let ours = told(run.path());
    assert_eq!(ours.len(), 3, "{ours:#?}");
    assert_eq!(ours, told(&night.campaign.root.join("results").join(run.run_id().0)));
    let rounds = &night.campaign.item(1)["arms"]["agent"]["rounds"];
    assert!(rounds[0]["round"] == 1 && rounds[0]["figures"]["running"].is_number() && rounds[1]["round"] == 2, "{rounds:#}");
    night.assert_clean();
}

#[test]
fn what_images_do_wrong_is_told_by_its_first_cause() {
    let of = |version, command, told: &str| Bench::new(version, command).told(told);
    let mut hangs = Bench::new("0.9.2", SERVING);
    hangs.human = "mode = hang_start".to_owned();
    let benches = [
        of("0.6.6", SERVING, "mode = crash_start"),
        of("0.9.2", LATENCY, "mode = oom"),
        hangs,
        of("0.32.0", LATENCY, "mode = no_space"),
        of("0.9.2", SERVING, "mode = killed\nafter = 12"),
    ];
    let Some(night) = Night::new(&benches, GOOD_AGENT, "[budget]\nready = 0.1") else { return };
    night.run(1);
    let said: Vec<String> = (1..=5)
        .map(|nth| {
            let [human, baseline] = ["human", "baseline"].map(|stage| night.ended(nth, stage)["class"].as_str().unwrap_or("-").to_owned());
            format!("{human} {baseline}")
        })
        .collect();
    assert_eq!(
        said,
        ["rope_type rope_type", "cuda_oom cuda_oom", "server_never_ready -", "no_space no_space", "server_crashed server_crashed"],
        "{:#?}",
        night.ends()
    );
    assert_eq!(night.result(1, "human")["status"], "error");
    assert!(night.result(1, "human")["raw_output"].as_str().unwrap().contains("Unknown RoPE scaling type llama3"));
    night.assert_clean();
}

#[test]
fn thirty_megabytes_of_tracebacks_and_a_client_that_hangs() {
    let command = SERVING.replace("--num-prompts 24 --request-rate 40", "--num-prompts 40");
    let mut bursts = Bench::new("0.9.2", &command);
    bursts.parent = "mode = crash_middle\nburst_mb = 33\nburst_s = 2\nafter = 20".to_owned();
    let mut hangs = Bench::new("0.9.2", SERVING);
    hangs.human = "mode = hang_bench".to_owned();
    let Some(night) = Night::new(&[bursts, hangs], GOOD_AGENT, "[budget]\nbench = 0.15") else { return };
    night.run(1);
    for stage in ["baseline", "candidate"] {
        let end = night.ended(1, stage);
        assert_eq!(end["end"], "failed", "{end:#}");
        assert!(end["why"].as_str().unwrap().contains("illegal memory access"), "{end:#}");
        assert!(io(&night, 1, stage, "server").metadata().unwrap().len() > 33_000_000);
        let outcome = night.campaign.stage_dir(1, 1, stage).join("outcome.json").metadata().unwrap().len();
        let progress = night.campaign.stage_dir(1, 1, stage).join("progress.json").metadata().unwrap().len();
        assert!(outcome < 100_000 && progress < 100_000, "{outcome} {progress}");
    }
    let late = night.ended(2, "human");
    assert_eq!(late["class"], "timeout_benchmark", "{late:#}");
    assert!(late["why"].as_str().unwrap().contains("budget.bench"), "{late:#}");
    night.assert_clean();
}

#[test]
fn a_container_that_fills_the_disk_is_named_and_makes_room_again() {
    let mut fills = Bench::new("0.9.2", SERVING);
    fills.parent = "mode = fills".to_owned();
    let benches = [fills, Bench::new("0.9.2", LATENCY)];
    let Some(night) = Night::on(&benches, GOOD_AGENT, "[breaker]\nitems = 3", Options::on_own_disk(120)) else { return };
    let before = night.engine.used();
    night.run(1);
    assert_eq!(night.ended(1, "baseline")["class"], "no_space", "{:#?}", night.ends());
    assert_eq!(night.campaign.item(2)["status"], "done", "{:#?}", night.ends());
    night.assert_clean();
    assert!(night.engine.used() < before + 10_000_000, "{} {before}", night.engine.used());
}

#[test]
fn a_token_that_expires_pauses_the_queue_and_a_new_one_lets_it_go_on() {
    let agent = format!("[ -e \"$CAMPAIGN/fixed\" ] || {{ echo 'Error code: 401 - token has expired' >&2; exit 1; }}\n{GOOD_AGENT}");
    let latency = Bench::new("0.9.2", LATENCY);
    let Some(night) = Night::new(&[latency.clone(), latency.clone(), latency.clone(), latency], &agent, "") else { return };
    let mut runner = night.spawn();
    night.campaign.wait_fact("breaker_opened", |fact| fact["class"] == "api_auth");
    night.campaign.wait_state("waiting");
    assert_eq!(night.campaign.statuses(), ["failed", "failed", "failed", "queued"]);
    assert_eq!(night.containers(), "", "nothing was measured");
    fs::write(night.campaign.root.join("fixed"), "").unwrap();
    night.campaign.ctl(&["resume"]);
    night.campaign.wait_fact("attempt_finished", |fact| fact["item"] == "c-0004");
    wait_until("the runner's end", || runner.try_wait().unwrap().is_some());
    assert_eq!(night.campaign.item(4)["verdict"]["standing"], "beats", "{:#?}", night.ends());
    night.assert_clean();
}

#[test]
fn an_arm_that_somebody_else_paused_is_told_of_and_proves_nothing() {
    let command = SERVING.replace("--num-prompts 24 --request-rate 40", "--num-prompts 60 --request-rate 10");
    let Some(night) = Night::new(&[Bench::new("0.9.2", &command)], GOOD_AGENT, "") else { return };
    let mut runner = night.spawn();
    let id = night.in_phase(1, 1, "human", ArmPhase::Bench).container.unwrap();
    night.engine.says(&["pause", &id]);
    let noted = |says: &str| night.campaign.wait_fact("arm_noted", |fact| fact["says"].as_str().unwrap().contains(says));
    assert_eq!(noted("is paused from outside")["stage"], "human");
    let status = said(&night.campaign.run(&["status"]));
    assert!(status.contains("human: bench, paused from outside for "), "{status}");
    night.engine.says(&["unpause", &id]);
    noted("was paused from outside for ");
    assert_eq!(runner.wait().unwrap().code(), Some(0), "{:#?}", night.ends());
    let told = fs::read_to_string(night.campaign.root.join("said")).unwrap();
    let line = format!("c-0001: human: its container is paused from outside, and its numbers will prove nothing: `docker unpause {id}`");
    assert!(told.contains(&line), "{told}");
    let human = night.ended(1, "human");
    let taint = &human["detail"]["taints"][0];
    assert_eq!((&human["end"], &taint["kind"]), (&json!("done"), &json!("frozen")), "{human:#}");
    assert!(taint["evidence"].as_str().unwrap().starts_with("its container was paused from outside for "), "{taint}");
    let ours = &night.result(1, "human")["isobench_tui"];
    assert_eq!(ours["taints"][0], *taint, "{ours:#}");
    assert_eq!(night.ended(1, "baseline")["detail"]["taints"], Value::Null);
    night.assert_clean();
}

#[test]
fn an_arm_that_is_stopped_or_frozen_leaves_no_container_and_says_so() {
    let command = SERVING.replace("--num-prompts 24 --request-rate 40", "--num-prompts 60 --request-rate 10");
    let Some(night) = Night::new(&[Bench { human: "start_ms = 12000".to_owned(), ..Bench::new("0.9.2", &command) }], GOOD_AGENT, "") else {
        return;
    };
    let mut runner = night.spawn();
    // long before it measures, and while it does
    for (stage, phase) in [("human", ArmPhase::Weights), ("baseline", ArmPhase::Bench)] {
        night.in_phase(1, 1, stage, phase);
        night.campaign.ctl(&["freeze"]);
        wait_until("a paused container", || night.containers().contains("(Paused)"));
        night.campaign.ctl(&["thaw"]);
    }
    night.in_phase(1, 1, "candidate", ArmPhase::Bench);
    night.campaign.ctl(&["stop"]);
    wait_until("the runner's end", || runner.try_wait().unwrap().is_some());
    let human = night.ended(1, "human");
    assert_eq!((&human["end"], &human["detail"]["taints"]), (&json!("done"), &Value::Null), "{human:#}");
    let is_told = |note: &Value| note.as_str().is_some_and(|says| says.starts_with("frozen for ") && says.ends_with(" before it measured"));
    assert!(human["detail"]["notes"].as_array().unwrap().iter().any(is_told), "{human:#}");
    assert_eq!(night.ended(1, "baseline")["class"], "tainted", "{:#?}", night.ends());
    assert_eq!(night.campaign.statuses(), ["stopped"], "{}", said(&night.campaign.run(&["status"])));
    let outcome: Value =
        serde_json::from_slice(&fs::read(night.campaign.stage_dir(1, 1, "candidate").join("outcome.json")).unwrap()).unwrap();
    assert_eq!(outcome["end"], json!("stopped"));
    assert_eq!(night.containers(), "");
}

#[test]
fn an_arm_that_somebody_else_ended_is_tried_again_and_what_was_repaired_before_is_no_cause() {
    let command = SERVING.replace("--num-prompts 24 --request-rate 40", "--num-prompts 60 --request-rate 10");
    let broken = Bench { has_scripts: false, ..Bench::new("0.32.0", &command).told("mode = broken_transformers") };
    let agent = "sed -i 's/^STEP_MS = .*/STEP_MS = crash/' vllm/engine.py";
    let Some(night) = Night::new(&[broken], agent, "") else { return };
    let mut runner = night.spawn();
    for (stage, verb) in [("human", "kill"), ("baseline", "stop")] {
        let id = night.in_phase(1, 1, stage, ArmPhase::Bench).container.unwrap();
        night.engine.says(&[verb, &id]);
    }
    let again = night.campaign.wait_fact("item_requeued", |_| true);
    assert_eq!((&again["from"], &again["automatic"]), (&json!("human"), &json!(true)), "{again:#}");
    night.campaign.ctl(&["quit-now"]);
    wait_until("the runner's end", || runner.try_wait().unwrap().is_some());
    let ends = night.campaign.facts_of("stage_finished");
    let ended = |stage: &str| {
        let outcome = &ends.iter().find(|end| end["stage"] == stage).unwrap()["outcome"];
        [&outcome["class"], &outcome["why"]].map(|says| says.as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ended("human"), ["killed", "signal 9, from the kernel out of memory or from a person"]);
    assert_eq!(ended("baseline"), ["killed", "stopped from outside (`docker stop`, or another TERM)"]);
    let [_, why] = ended("candidate");
    assert!(why.contains("NameError: name 'crash' is not defined") && !why.contains("transformers"), "{why}");
    assert_eq!(night.containers(), "");
}
