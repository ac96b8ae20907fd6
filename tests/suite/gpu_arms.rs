//! Arms and the GPUs that they measure on: who waits for whom, and what makes their numbers doubtful. With the stand-in of NVIDIA's
//! library, the real sampler and the real runner.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use isobench_tui::host::gpu_lock::{FOLDER, Gpu, Holder, Locks, Taken};
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT};
use crate::nvml::stand_in;
use crate::support::{lives, wait_until};

/// Two GPUs at rest.
pub(crate) const IDLE: &str = "driver 550.54.15\ncuda 12040\ngpus 2\ngpu * name H100\ngpu * total 80000000000\ngpu * memory 1000000\n\
    gpu * temp 40\ngpu * power_mw 70000\ngpu * throttle 0x1\ngpu 0 uuid GPU-zero\ngpu 1 uuid GPU-one\n";

/// An arm that waits until the test opens its gate.
const GATED: &str = "gate arm; echo CUDA=$CUDA_VISIBLE_DEVICES >>seen; . ./engine.sh; echo \"latency: $cost ms\"";

/// A campaign of one item on a machine as the script says it.
struct Machine {
    campaign: Campaign,
    script: PathBuf,
}

impl Machine {
    /// `None`: the stand-in can't be made here.
    fn new(arms: &str, more: &str) -> Option<Self> {
        let library = stand_in()?;
        let mut campaign = Campaign::new(1, GOOD_AGENT, GATED);
        campaign.config("", "", arms);
        let script = campaign.root.join("machine.nvml");
        let text = |path: &Path| path.display().to_string();
        campaign.env = vec![
            ("ISOBENCH_TUI_NVML".to_owned(), text(&library)),
            ("ISOBENCH_NVML_SCRIPT".to_owned(), text(&script)),
            (FOLDER.to_owned(), text(&campaign.root.join("locks"))),
        ];
        let machine = Self { campaign, script };
        machine.is(more);
        Some(machine)
    }

    /// The machine changes.
    fn is(&self, more: &str) {
        let aside = self.script.with_extension("new");
        fs::write(&aside, format!("{IDLE}{more}\n")).unwrap();
        fs::rename(aside, &self.script).unwrap();
    }

    /// Takes the lock of a GPU, as another run would.
    fn hold(&self, uuid: &str) -> Locks {
        let gpu = Gpu { uuid: uuid.to_owned(), name: "GPU".to_owned() };
        let mut holder = Holder::of_stage("2026-11-21_08-00-00-aaaa/core-3.1/candidate");
        "bob".clone_into(&mut holder.user);
        match Locks::take(&self.campaign.root.join("locks"), &[gpu], &holder).0 {
            Taken::Ours(locks) => locks,
            Taken::Held(held) => unreachable!("{held:?}"),
        }
    }

    /// Runs the arms until so many of the sampler's samples have been taken in each.
    fn samples(&self) -> usize {
        let text = fs::read_to_string(self.campaign.folder().path().join("telemetry.jsonl")).unwrap_or_default();
        text.lines().filter(|line| !line.contains("\"header\"")).count()
    }

    fn wait_samples(&self, n: usize) {
        let from = self.samples();
        wait_until("samples", || self.samples() >= from + n);
    }

    fn delays(&self) -> Vec<String> {
        self.campaign.facts_of("arm_delayed").iter().map(|fact| fact["why"].as_str().unwrap().to_owned()).collect()
    }

    /// The taints of the arms that ended, as `status` tells them.
    fn taints(&self, arm: &str) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let arm = &self.campaign.item(1)["arms"][arm];
        arm["taints"].as_array().unwrap().iter().map(|taint| (word(&taint["kind"]), word(&taint["evidence"]))).collect()
    }
}

/// A process that is nobody's of ours.
fn somebody() -> Child {
    std::process::Command::new("sleep").arg("1000").spawn().unwrap()
}

#[test]
fn an_arm_waits_for_a_held_gpu_and_every_verb_works_meanwhile() {
    let Some(machine) = Machine::new("gpus = [1]", "") else { return };
    let campaign = &machine.campaign;
    let held = machine.hold("GPU-one");
    campaign.detached();
    let why = campaign.wait_fact("arm_delayed", |_| true)["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("GPU 1 is held by bob: run 2026-11-21_08-00-00-aaaa, candidate of core-3, since "), "{why}");
    let status = campaign.status();
    assert_eq!((&status["state"], &status["delay"]["why"], &status["live"]), (&json!("waiting"), &json!(why), &Value::Null));
    assert!(status["why"].as_str().unwrap().starts_with("c-0001: human waits for its GPUs: GPU 1 is held by bob"), "{}", status["why"]);
    campaign.ctl(&["pause"]);
    campaign.wait_state("paused");
    campaign.ctl(&["resume"]);
    campaign.wait_state("waiting");
    campaign.ctl(&["stop"]);
    campaign.wait_end();
    assert_eq!((campaign.statuses(), machine.delays().len()), (vec!["stopped".to_owned()], 1));
    campaign.ctl(&["retry-stage", "c-0001", "--stage", "human"]);
    wait_until("the second delay", || machine.delays().len() == 2);
    campaign.ctl(&["skip", "c-0001"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["skipped"]);
    assert!(!campaign.root.join("c-0001.arm").exists(), "no arm began");
    // a runner that is told to go goes, and the next one waits anew
    campaign.ctl(&["retry-stage", "c-0001", "--stage", "human"]);
    wait_until("the third delay", || machine.delays().len() == 3);
    campaign.ctl(&["quit"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
    assert_eq!(campaign.status()["delay"], Value::Null);
    drop(held);
    campaign.open(1, "arm");
    assert_eq!(campaign.resume(), Some(0));
    assert_eq!((campaign.statuses(), campaign.item(1)["rung"].clone()), (vec!["done".to_owned()], json!("beyond_noise")));
}

#[test]
fn an_arm_goes_on_when_the_lock_is_let_go_and_sees_the_gpus_that_are_its_own() {
    let Some(machine) = Machine::new("gpus = [1]", "") else { return };
    let campaign = &machine.campaign;
    // another GPU is no hindrance
    let (_other, held) = (machine.hold("GPU-zero"), machine.hold("GPU-one"));
    campaign.detached();
    campaign.wait_fact("arm_delayed", |_| true);
    drop(held);
    campaign.at_gate(1, "arm");
    let lock = fs::read_to_string(campaign.root.join("locks/GPU-one")).unwrap();
    let holder: Holder = serde_json::from_str(&lock).unwrap();
    assert_eq!((holder.pid, holder.stage.as_str(), holder.item.as_str()), (campaign.keeper().unsigned_abs(), "human", "c-0001.1"));
    assert_eq!(holder.run, campaign.folder().run_id().0);
    // a killed runner's arm keeps its GPU
    let runner = campaign.runner().unwrap();
    campaign.kill(runner);
    let is_held = || Locks::held(&campaign.root.join("locks"), &[Gpu { uuid: "GPU-one".to_owned(), name: String::new() }]).0.is_some();
    assert!(is_held() && lives(campaign.keeper()));
    campaign.open(1, "arm");
    assert_eq!(campaign.resume(), Some(0));
    assert!(!is_held() && machine.delays().len() == 1, "it never waits for itself: {:?}", machine.delays());
    let said = fs::read_to_string(campaign.stage_dir(1, 1, "candidate").join("spec.json")).unwrap();
    assert!(said.contains("GPU-one") && !said.contains("GPU-zero"), "{said}");
}

#[test]
fn a_gpu_that_is_not_clean_is_waited_for_and_then_used_all_the_same() {
    let Some(machine) = Machine::new("gpus = [0]\ngpu_wait = 0.05", "gpu 1 memory 70000000000\ngpu 0 memory 900000000") else { return };
    let campaign = &machine.campaign;
    campaign.open(1, "arm");
    assert_eq!(campaign.headless(), Some(0));
    let delays = machine.delays();
    let wanted = "GPU 0 is not clean: 900 MB of its memory are in use; it begins all the same after 3 s (arms.gpu_wait)";
    assert_eq!(delays.first().map(String::as_str), Some(wanted), "{delays:?}");
    assert_eq!(delays.len(), 3, "once an arm: {delays:?}");
    let notes = campaign.facts_of("arm_noted");
    assert!(notes[0]["says"].as_str().unwrap().starts_with("begins though GPU 0 is not clean: 900 MB"), "{notes:?}");
    let item = campaign.item(1);
    assert_eq!(
        machine.taints("agent"),
        [("memory_in_use".to_owned(), "GPU 0: 900 MB of its memory were in use before it began".to_owned())]
    );
    assert_eq!((&item["arms"]["human"]["flags"], &item["rung"]), (&json!(["tainted"]), &json!("metrics")));
    let why: Vec<&str> = item["incomparable"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(why.contains(&"agent: tainted: GPU 0: 900 MB of its memory were in use before it began"), "{why:?}");
    let last = item["rungs"].as_array().unwrap().last().unwrap();
    assert_eq!(last["answer"], "unchecked");
    assert!(last["evidence"].as_str().unwrap().ends_with("one sample, and that proves nothing: tainted: agent, baseline"), "{last}");
}

#[test]
fn who_uses_the_gpu_meanwhile_taints_the_arm_and_a_power_cap_does_not() {
    let Some(machine) = Machine::new("gpus = [0]", "") else { return };
    let campaign = &machine.campaign;
    campaign.detached();
    campaign.at_gate(1, "arm");
    let mut somebody = somebody();
    machine.is(&format!("gpu 0 throttle 0x4\nprocess {} gpu 0 memory 5200000000", somebody.id()));
    machine.wait_samples(3);
    machine.is("gpu 0 throttle 0x4");
    machine.wait_samples(2);
    somebody.kill().unwrap();
    somebody.wait().unwrap();
    campaign.open(1, "arm");
    campaign.wait_end();
    let taints = machine.taints("human");
    let status = campaign.item(1);
    assert_eq!(taints.len(), 1, "{taints:?}");
    assert_eq!(taints[0].0, "foreign_process");
    let who = format!("GPU 0 was used by sleep (pid {}, user ", somebody.id());
    assert!(taints[0].1.starts_with(&who) && taints[0].1.contains("5.2 GB"), "{taints:?}");
    assert_eq!((machine.taints("agent"), machine.taints("baseline")), (vec![], vec![]));
    // the numbers against the baseline are clean, those against the human's commit doubtful
    assert_eq!((&status["rung"], &status["arms"]["human"]["flags"]), (&json!("beyond_noise"), &json!(["tainted"])));
    let report = campaign.run(&["report", &campaign.folder().path().display().to_string(), "--format", "json"]);
    assert!(String::from_utf8_lossy(&report.stdout).contains("\"tainted\""), "{}", crate::campaign::said(&report));
}

#[test]
fn a_slowdown_and_an_xid_taint_and_are_told_with_their_gpu() {
    let Some(machine) = Machine::new("", "") else { return };
    let campaign = &machine.campaign;
    campaign.detached();
    campaign.at_gate(1, "arm");
    machine.is("gpu 1 throttle 0x44\nxid 1 48");
    machine.wait_samples(3);
    machine.is("");
    machine.wait_samples(2);
    campaign.open(1, "arm");
    campaign.wait_end();
    let taints = machine.taints("human");
    assert!(taints.iter().any(|(kind, says)| kind == "slowdown" && says.starts_with("GPU 1: hw thermal for ")), "{taints:?}");
    assert!(taints.iter().any(|(kind, says)| kind == "xid" && says.starts_with("GPU 1: Xid 48")), "{taints:?}");
    assert!(taints.iter().all(|(_, says)| !says.contains("power cap")), "{taints:?}");
}

#[test]
fn without_a_driver_nothing_waits_and_nothing_is_tainted() {
    let mut campaign = Campaign::good(1);
    campaign.env = vec![("ISOBENCH_TUI_NVML".to_owned(), "/nowhere/libnvidia-ml.so.1".to_owned())];
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!((campaign.facts_of("arm_delayed").len(), campaign.facts_of("arm_noted").len()), (0, 0));
    assert_eq!(campaign.item(1)["rung"], "beyond_noise");
    // who asks for one is told
    let mut campaign = Campaign::good(1);
    campaign.config("", "", "gpus = [0]");
    campaign.env = vec![("ISOBENCH_TUI_NVML".to_owned(), "/nowhere/libnvidia-ml.so.1".to_owned())];
    assert_eq!(campaign.headless(), Some(0));
    let notes: Vec<Value> = campaign.facts_of("arm_noted").into_iter().map(|fact| fact["says"].clone()).collect();
    assert_eq!(notes[0], "arms.gpus names GPU 0, and there is none here", "{notes:?}");
    assert!(notes[1].as_str().unwrap().contains("no NVIDIA driver is installed here"), "{notes:?}");
    assert_eq!(notes.len(), 2, "once a run, not once an arm: {notes:?}");
}
