#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::{ItemId, Stage, Whose};
use crate::telemetry::sample::{DiskReading, GpuFacts, GpuProcess, GpuReading, ProcessMemory};

const GPU: GpuKey = GpuKey { gpu: 3, mig: None };
const OTHER: GpuKey = GpuKey { gpu: 4, mig: None };
const T0: i64 = 1_795_000_000_000;

fn header() -> Header {
    let facts = |key: GpuKey| (key, GpuFacts { uuid: Some(format!("GPU-{key}")), ..GpuFacts::default() });
    Header { v: 1, interval_ms: 1000, gpus: [facts(GPU), facts(OTHER)].into(), ..Header::default() }
}

fn clean() -> Sample {
    let idle = || GpuReading { memory: Some(400_000_000), throttle: Some(Throttle(0)), ..GpuReading::default() };
    Sample { gpus: [(GPU, idle()), (OTHER, idle())].into(), ..Sample::default() }
}

fn with(change: impl FnOnce(&mut GpuReading)) -> Sample {
    let mut sample = clean();
    change(sample.gpus.get_mut(&GPU).unwrap());
    sample
}

fn process(whose: Whose, on: GpuKey) -> Sample {
    let memory = ProcessMemory { bytes: Some(5_200_000_000), sm: None };
    let process = GpuProcess { name: Some("python".to_owned()), user: None, whose, on: [(on, memory)].into() };
    Sample { processes: [(4242, process)].into(), ..clean() }
}

/// Judges an arm of 100 s by a sample a second from a second before it, where `at` says otherwise for its second.
fn judged(frozen_ms: u64, at: impl Fn(i64) -> Option<Sample>) -> (Vec<Taint>, Vec<String>) {
    let run = RunId("ours".to_owned());
    let gpus = ["GPU-3".to_owned()];
    let arm = Arm { run: &run, from: moment(T0), to: moment(T0 + 100_000), gpus: &gpus, frozen_ms, outside: None };
    let mut judge = Judge::new(&arm);
    (-1..=100).for_each(|s| judge.take(T0 + s * 1000, &header(), &at(s).unwrap_or_else(clean), &[]));
    judge.end()
}

fn told(judged: (Vec<Taint>, Vec<String>)) -> Vec<(TaintKind, String)> {
    assert_eq!(judged.1, Vec::<String>::new());
    judged.0.into_iter().map(|taint| (taint.kind, taint.evidence)).collect()
}

#[test]
fn a_slowdown_taints_beyond_one_percent_of_the_window_and_a_power_cap_never() {
    let for_seconds =
        |n: i64, reasons: Throttle| told(judged(0, move |s| (10..10 + n).contains(&s).then(|| with(|gpu| gpu.throttle = Some(reasons)))));
    assert_eq!(for_seconds(1, Throttle::HW_THERMAL), [], "exactly 1 % is no taint");
    let both = Throttle(Throttle::HW_THERMAL.0 | Throttle::SW_POWER_CAP.0);
    assert_eq!(for_seconds(2, both), [(TaintKind::Slowdown, "GPU 3: hw thermal for 2.0 s of 1m40s (2.0 %)".to_owned())]);
    for reasons in [Throttle::HW_SLOWDOWN, Throttle::SW_THERMAL, Throttle::HW_POWER_BRAKE] {
        assert_eq!(for_seconds(2, reasons).len(), 1, "{reasons:?}");
    }
    for reasons in
        [Throttle::SW_POWER_CAP, Throttle::GPU_IDLE, Throttle::APPLICATION_CLOCKS, Throttle::SYNC_BOOST, Throttle::DISPLAY_CLOCKS]
    {
        assert_eq!(for_seconds(100, reasons), [], "{reasons:?}");
    }
    // another GPU is nobody's business
    let other = |s: i64| {
        let mut sample = clean();
        sample.gpus.get_mut(&OTHER).unwrap().throttle = Some(Throttle::HW_THERMAL);
        (s > 0).then_some(sample)
    };
    assert_eq!(told(judged(0, other)), []);
}

#[test]
fn a_slowdown_says_its_first_and_last_moment() {
    let (taints, _) = judged(0, |s| [20, 30].contains(&s).then(|| with(|gpu| gpu.throttle = Some(Throttle::HW_SLOWDOWN))));
    assert_eq!((taints[0].from, taints[0].to), (moment(T0 + 20_000), moment(T0 + 31_000)));
}

#[test]
fn a_process_taints_where_it_is_visible_and_not_of_this_run() {
    let whose = |whose: Whose, on| {
        let (taints, notes) = judged(0, move |s| (s == 50).then(|| process(whose.clone(), on)));
        (taints.into_iter().map(|taint| taint.evidence).collect::<Vec<_>>(), notes)
    };
    let foreign = Whose::Foreign { user: Some("ann".to_owned()) };
    let used = |who: &str| (vec![format!("GPU 3 was used by python (pid 4242{who}) with 5.2 GB")], vec![]);
    assert_eq!(whose(foreign.clone(), GPU), used(", user ann"));
    assert_eq!(whose(foreign, OTHER), (vec![], vec![]));
    let container = |name: Option<&str>| Whose::Container { id: "0123456789ab".to_owned(), name: name.map(str::to_owned) };
    assert_eq!(whose(container(Some("vllm-test")), GPU), used(", container vllm-test"));
    assert_eq!(whose(container(None), GPU), used(", container 0123456789ab"));
    let stage = |run: &str| Whose::Stage { run: run.to_owned(), item: ItemId("core-1".to_owned()), n: 1, stage: Stage::Candidate };
    assert_eq!(whose(stage("theirs"), GPU), used(", candidate of core-1 in run theirs"));
    assert_eq!(whose(stage("ours"), GPU), (vec![], vec![]));
    let note = "nobody here knows whose a process on its GPUs were (pid 4242)".replace("were", "was");
    assert_eq!(whose(Whose::Unknown, GPU), (vec![], vec![note]));
    // before the arm it does not disturb it
    assert_eq!(told(judged(0, |s| (s < 0).then(|| process(Whose::Foreign { user: None }, GPU)))), []);
}

#[test]
fn memory_in_use_before_the_arm_taints_beyond_500_mb() {
    let before = |bytes| told(judged(0, move |s| (s < 0).then(|| with(|gpu| gpu.memory = Some(bytes)))));
    assert_eq!(before(500_000_000), []);
    let evidence = "GPU 3: 500 MB of its memory were in use before it began".to_owned();
    assert_eq!(before(500_000_001), [(TaintKind::MemoryInUse, evidence)]);
    assert_eq!(told(judged(0, |s| (s >= 0).then(|| with(|gpu| gpu.memory = Some(70_000_000_000))))), [], "its own");
}

#[test]
fn an_xid_a_lost_gpu_a_full_disk_and_a_freeze_taint() {
    let lost = told(judged(0, |s| (s == 7).then(|| with(|gpu| gpu.lost = true))));
    assert_eq!(lost, [(TaintKind::GpuLost, "GPU 3 fell off the bus".to_owned())]);
    let disk = |free, files| {
        let reading = DiskReading { free, total: 1 << 40, files };
        told(judged(0, move |s| (s == 7).then(|| Sample { disks: [("/data".to_owned(), reading.clone())].into(), ..clean() })))
    };
    let full = (TaintKind::DiskFull, "the disk of /data was full".to_owned());
    assert_eq!((disk(0, None), disk(1 << 30, Some(0))), (vec![full.clone()], vec![full]));
    assert_eq!(disk(1 << 30, None), []);
    assert_eq!(told(judged(12_000, |_| None)), [(TaintKind::Frozen, "it was frozen for 12 s".to_owned())]);
    let (run, gpus) = (RunId("r".to_owned()), Vec::new());
    let outside = Some(OutsidePause { from: moment(T0 + 1000), to: Some(moment(T0 + 43_000)), ms: 42_000 });
    let arm = Arm { run: &run, from: moment(T0), to: moment(T0 + 100_000), gpus: &gpus, frozen_ms: 0, outside };
    let says = "its container was paused from outside for 42 s".to_owned();
    let expected = Taint { kind: TaintKind::Frozen, evidence: says, from: moment(T0 + 1000), to: moment(T0 + 43_000) };
    assert_eq!(Judge::new(&arm).end().0, [expected]);
    let run = RunId("ours".to_owned());
    let gpus = ["GPU-3".to_owned()];
    let arm = Arm { run: &run, from: moment(T0), to: moment(T0 + 1000), gpus: &gpus, frozen_ms: 0, outside: None };
    let mut judge = Judge::new(&arm);
    judge.take(T0 - 1, &header(), &clean(), &[Xid { gpu: 3, code: 31 }]);
    judge.take(T0 + 500, &header(), &clean(), &[Xid { gpu: 3, code: 79 }, Xid { gpu: 4, code: 79 }]);
    let evidence: Vec<String> = judge.end().0.into_iter().map(|taint| taint.evidence).collect();
    assert_eq!(evidence, ["GPU 3: Xid 79, fell off the bus"]);
}

#[test]
fn times_without_samples_and_a_silent_driver_are_notes() {
    let run = RunId("ours".to_owned());
    let gpus = ["GPU-3".to_owned()];
    let arm = Arm { run: &run, from: moment(T0), to: moment(T0 + 100_000), gpus: &gpus, frozen_ms: 0, outside: None };
    let notes = |seconds: &[i64], silent: bool| {
        let mut judge = Judge::new(&arm);
        let hot = with(|gpu| (gpu.throttle, gpu.lost) = (Some(Throttle::HW_THERMAL), true));
        let sample = if silent { Sample { silent_since: Some(T0), ..hot } } else { clean() };
        for s in seconds {
            judge.take(T0 + s * 1000, &header(), &sample, &[]);
        }
        let (taints, notes) = judge.end();
        assert_eq!(taints, []);
        notes
    };
    assert_eq!(notes(&[], false), ["nobody looked at the machine for 1m40s of 1m40s"]);
    let until_50: Vec<i64> = (-1..=50).collect();
    assert_eq!(notes(&until_50, false), ["nobody looked at the machine for 47 s of 1m40s"]);
    let all: Vec<i64> = (-1..=100).collect();
    let said = notes(&all, true);
    assert!(said[0].starts_with("the GPU driver did not answer for 1m4"), "{said:?}");
    let none = Arm { gpus: &[], ..arm };
    assert_eq!(Judge::new(&none).end(), (vec![], vec![]), "an arm without GPUs");
}

#[test]
fn an_instance_is_tainted_by_what_runs_on_it_alone() {
    let (one, two) = (GpuKey { gpu: 3, mig: Some(1) }, GpuKey { gpu: 3, mig: Some(2) });
    let sample = |on| process(Whose::Foreign { user: None }, on);
    let is_on = |sample: &Sample, key| users::foreign(sample, &[key], "ours").count();
    assert_eq!((is_on(&sample(one), one), is_on(&sample(two), one), is_on(&sample(GPU), one)), (1, 0, 0));
    assert_eq!((is_on(&sample(one), GPU), is_on(&sample(GPU), GPU)), (1, 1));
    // what slows down the GPU slows down its instances
    assert_eq!(users::spoils(&with(|gpu| gpu.throttle = Some(Throttle::HW_THERMAL)), one), Throttle::HW_THERMAL);
}
