//! What the sampler says of GPUs is what the driver said, field by field; what the driver did not say is missing.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fmt::Write;

use isobench_tui::domain::{Driver, Throttle};
use isobench_tui::telemetry::{GpuFacts, GpuKey, GpuReading, Header, Lack, ProcessMemory, Sample};
use serde_json::Value;

use crate::nvml::{Machine, once, once_of, script, stand_in, stand_in_without};

/// A GPU by its index.
pub(crate) const fn gpu(gpu: u32) -> GpuKey {
    GpuKey { gpu, mig: None }
}

/// Every field of a GPU, no two numbers of a machine alike.
fn full(gpu: u32) -> (GpuFacts, GpuReading) {
    let (n, far) = (gpu + 1, u64::from(gpu + 1) * 1_000_003);
    let facts = GpuFacts {
        uuid: Some(format!("GPU-{gpu:08}-aaaa-bbbb-cccc-{far:012}")),
        name: Some(format!("NVIDIA H{n}00 80GB HBM3")),
        bus: Some(format!("00000000:{:02X}:00.0", 16 * n)),
        memory: Some(80_000_000_000 + far),
        slowdown_c: Some(80 + n),
        shutdown_c: Some(100 + n),
        max_sm_mhz: Some(1980 + n),
        max_mem_mhz: Some(2619 + n),
        persistence: Some(gpu.is_multiple_of(2)),
        mig: Some(false),
        ecc: Some(gpu.is_multiple_of(3)),
        pcie: Some([5, 16]),
        lacks: BTreeMap::new(),
    };
    let reading = GpuReading {
        util: Some(50 + n),
        mem_util: Some(20 + n),
        memory: Some(70_000_000_000 + far),
        power_mw: Some(500_000 + n),
        limit_mw: Some(700_000 + n),
        energy_mj: Some(987_654_321_000 + far),
        temp: Some(40 + n),
        fan: Some(30 + n),
        sm_mhz: Some(1700 + n),
        mem_mhz: Some(2600 - n),
        pstate: Some(u8::try_from(gpu % 16).unwrap()),
        throttle: Some(Throttle(1 << gpu | 1 << 40)),
        ecc_corrected: Some(far),
        ecc_uncorrected: Some(u64::from(n)),
        pcie: Some([1 + gpu % 5, 1 << (gpu % 5)]),
        tx: None,
        rx: None,
        lost: false,
    };
    (facts, reading)
}

/// A machine of such GPUs as a script; of each GPU these fields are not supported.
fn as_script(gpus: &BTreeMap<GpuKey, (GpuFacts, GpuReading)>) -> String {
    let mut text = format!("driver 550.54.15\ncuda 12040\ngpus {}\n", gpus.len());
    for (key, (facts, reading)) in gpus {
        let mut line = |field: &str, value: &Value| {
            let value = match value {
                Value::Bool(is) => u8::from(*is).to_string(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            writeln!(text, "gpu {key} {field} {value}").unwrap();
        };
        let mut fields = |of: Value, memory: &str, link: [&str; 2]| {
            for (field, value) in of.as_object().unwrap() {
                match (field.as_str(), value) {
                    ("pcie", Value::Array(both)) => link.iter().zip(both).for_each(|(field, value)| line(field, value)),
                    ("memory", value) => line(memory, value),
                    ("lacks" | "lost", _) => {}
                    (field, value) => line(field, value),
                }
            }
        };
        fields(serde_json::to_value(facts).unwrap(), "total", ["max_pcie_gen", "max_pcie_width"]);
        fields(serde_json::to_value(reading).unwrap(), "memory", ["pcie_gen", "pcie_width"]);
    }
    text
}

/// Compares all but the traffic, which comes when it comes.
fn assert_same(said: &(Header, Sample), wanted: &BTreeMap<GpuKey, (GpuFacts, GpuReading)>) {
    let (header, sample) = said;
    assert_eq!((&sample.driver, sample.silent_since), (&Driver::Here, None));
    assert_eq!(header.driver_version.as_deref(), Some("550.54.15"));
    assert_eq!(header.cuda.as_deref(), Some("12.4"));
    assert!(sample.gpus.keys().eq(wanted.keys()) && header.gpus.keys().eq(wanted.keys()), "{header:?}");
    for (key, (facts, reading)) in wanted {
        let mut said = header.gpus.get(key).unwrap().clone();
        said.lacks.retain(|field, _| field != "tx" && field != "rx");
        assert_eq!(&said, facts, "facts of {key}");
        let said = GpuReading { tx: None, rx: None, ..sample.gpus.get(key).unwrap().clone() };
        assert_eq!(&said, reading, "reading of {key}");
    }
}

#[test]
fn every_field_of_one_and_of_sixteen_gpus_is_what_the_driver_said() {
    let Some(library) = stand_in() else { return };
    for count in [1, 8, 16] {
        let machine = (0..count).map(|index| (gpu(index), full(index))).collect();
        assert_same(&once_of(&library, &as_script(&machine)), &machine);
    }
}

/// Fields that come of one call, by the name under which they are lacking.
type Fields = (&'static str, fn(&mut GpuFacts, &mut GpuReading));

const CALLS: [Fields; 22] = [
    ("util", |_, r| (r.util, r.mem_util) = (None, None)),
    ("memory", |f, r| (f.memory, r.memory) = (None, None)),
    ("power_mw", |_, r| r.power_mw = None),
    ("limit_mw", |_, r| r.limit_mw = None),
    ("energy_mj", |_, r| r.energy_mj = None),
    ("temp", |_, r| r.temp = None),
    ("fan", |_, r| r.fan = None),
    ("sm_mhz", |_, r| r.sm_mhz = None),
    ("mem_mhz", |_, r| r.mem_mhz = None),
    ("pstate", |_, r| r.pstate = None),
    ("throttle", |_, r| r.throttle = None),
    ("ecc_corrected", |_, r| r.ecc_corrected = None),
    ("ecc_uncorrected", |_, r| r.ecc_uncorrected = None),
    ("pcie", |_, r| r.pcie = None),
    ("max_pcie", |f, _| f.pcie = None),
    ("slowdown_c", |f, _| f.slowdown_c = None),
    ("shutdown_c", |f, _| f.shutdown_c = None),
    ("max_sm_mhz", |f, _| f.max_sm_mhz = None),
    ("max_mem_mhz", |f, _| f.max_mem_mhz = None),
    ("persistence", |f, _| f.persistence = None),
    ("mig", |f, _| f.mig = None),
    ("ecc", |f, _| f.ecc = None),
];

#[test]
fn a_reading_that_a_gpu_lacks_is_missing_and_no_other_is() {
    let Some(library) = stand_in() else { return };
    // one GPU lacks one thing each; sixteen fit into a machine
    for calls in CALLS.chunks(11) {
        let mut machine = BTreeMap::new();
        for (index, (field, clear)) in (0..).zip(calls) {
            let (mut facts, mut reading) = full(index);
            clear(&mut facts, &mut reading);
            machine.insert(gpu(index), (facts, reading));
            let text = as_script(&machine);
            machine.get_mut(&gpu(index)).unwrap().0.lacks = [((*field).to_owned(), Lack::NotSupported)].into();
            assert!(!text.contains("lacks"));
        }
        assert_same(&once_of(&library, &as_script(&machine)), &machine);
    }
}

#[test]
fn what_an_old_library_has_no_symbol_for_is_lacking() {
    const SYMBOLS: [&str; 6] = [
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetMPSComputeRunningProcesses_v3",
        "nvmlDeviceGetTotalEnergyConsumption",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
        "nvmlDeviceGetSupportedEventTypes",
    ];
    let Some(old) = stand_in_without(&SYMBOLS) else { return };
    let machine = [(gpu(0), full(0))].into();
    let said = once_of(&old, &as_script(&machine));
    let (mut facts, mut reading) = full(0);
    (facts.memory, reading.memory, reading.energy_mj, reading.throttle) = (None, None, None, None);
    let lacking = ["memory", "processes", "mps_processes", "energy_mj", "throttle"];
    facts.lacks = lacking.map(|field| (field.to_owned(), Lack::OldDriver)).into();
    assert_same(&said, &[(gpu(0), (facts, reading))].into());
}

#[test]
fn numbers_that_nothing_can_be_are_missing() {
    let Some(library) = stand_in() else { return };
    let huge = "driver 550.54.15\ncuda 12040\ngpus 2\ngpu * total 85520809984\ngpu 1 util 100\ngpu 1 mem_util 0\ngpu 1 memory 0\n\
                gpu 0 util 991\ngpu 0 mem_util 101\ngpu 0 memory 85520809985\ngpu 0 power_mw 4294967295\ngpu 0 limit_mw 4294967295\n\
                gpu 0 energy_mj 18446744073709551615\ngpu 0 temp 4294967295\ngpu 0 fan 65535\ngpu 0 sm_mhz 4294967295\n\
                gpu 0 mem_mhz 2147483648\ngpu 0 pstate 32\ngpu 0 ecc_corrected 18446744073709551615\ngpu 0 ecc_uncorrected 18446744073709551615\n\
                gpu 0 pcie_gen 0\ngpu 0 pcie_width 0\nprocess 4294967295 gpu 0 memory 1\nprocess 77 gpu 0 memory 1\n\
                process 78 gpu 1 memory 85520809985 sm 4294967\n";
    let (_, sample) = once_of(&library, huge);
    assert_eq!(sample.gpus.get(&gpu(0)), Some(&GpuReading::default()));
    let other = GpuReading { util: Some(100), mem_util: Some(0), memory: Some(0), ..GpuReading::default() };
    assert_eq!(sample.gpus.get(&gpu(1)), Some(&other), "0 is a number, and 100 a percentage");
    let on: Vec<_> = sample.processes.iter().map(|(pid, process)| (*pid, process.on.clone())).collect();
    assert_eq!(on, [(78, [(gpu(1), ProcessMemory::default())].into())], "a list with a pid that can be none is no list");
}

#[test]
fn instances_of_mig_stand_beside_their_gpu_with_their_own_memory() {
    let Some(library) = stand_in() else { return };
    let (header, sample) = once(&library, &script("mig"));
    let keys: Vec<String> = sample.gpus.keys().map(GpuKey::to_string).collect();
    assert_eq!(keys, ["0", "1", "1.0", "1.1", "1.4"]);
    let at = |key: &str| (header.gpus.get(&key.parse().unwrap()).unwrap(), sample.gpus.get(&key.parse().unwrap()).unwrap());
    let (whole, split) = (at("0"), at("1"));
    assert_eq!((whole.0.mig, split.0.mig), (Some(false), Some(true)));
    assert!(whole.1.util.is_some() && split.1.util.is_none() && split.1.power_mw.is_some(), "utilisation is told of a whole one alone");
    assert_eq!(split.0.lacks.get("util"), Some(&Lack::NotSupported));
    let (facts, reading) = at("1.4");
    assert_eq!(facts.name.as_deref(), Some("NVIDIA H100 80GB HBM3 MIG 1g.10gb"));
    assert_eq!(facts.memory, Some(10_468_982_784));
    assert!(facts.uuid.as_deref().is_some_and(|uuid| uuid.starts_with("MIG-")), "{facts:?}");
    assert_eq!(reading, &GpuReading { memory: Some(12_582_912), ..GpuReading::default() });
    let on = |pid| sample.processes.get(&pid).unwrap().on.clone();
    let memory = |bytes, sm| ProcessMemory { bytes: Some(bytes), sm };
    assert_eq!(on(6001), [("1.0".parse().unwrap(), memory(20_300_000_000, None))].into(), "not once more on the whole GPU");
    assert_eq!(on(4001), [(gpu(0), memory(73_200_000_000, Some(91)))].into());
}

#[test]
fn processes_are_told_once_with_every_gpu_that_they_are_on() {
    let Some(library) = stand_in() else { return };
    let text = "driver 550.54.15\ngpus 3\ngpu * total 85520809984\ngpu * memory 0\nprocess 10 gpu * memory 1000 sm 33\n\
                process 10 gpu 1 graphics memory 1000\nprocess 11 gpu 0\nprocess 12 gpu 2 mps memory 2000\nprocess 13 gpu 0 graphics memory 5 sm 0\n";
    let (_, sample) = once_of(&library, text);
    let memory = |bytes, sm| ProcessMemory { bytes, sm };
    let on: BTreeMap<u32, BTreeMap<GpuKey, ProcessMemory>> =
        sample.processes.iter().map(|(pid, process)| (*pid, process.on.clone())).collect();
    let wanted = [
        (10, (0..3).map(|index| (gpu(index), memory(Some(1000), Some(33)))).collect()),
        (11, [(gpu(0), memory(None, None))].into()),
        (12, [(gpu(2), memory(Some(2000), None))].into()),
        (13, [(gpu(0), memory(Some(5), Some(0)))].into()),
    ];
    assert_eq!(on, wanted.into());
}

#[test]
fn handles_and_facts_are_kept_and_the_traffic_comes_from_beside() {
    let Some(library) = stand_in() else { return };
    let machine = (0..8).map(|index| (gpu(index), full(index))).collect();
    let sampler = Machine::start(&library, &(as_script(&machine) + "gpu * tx_kb 123\ngpu * rx_kb 456\ngpu 7 rx_kb none\n"));
    let traffic = |sample: &Sample, index| sample.gpus.get(&gpu(index)).and_then(|reading| Some((reading.tx?, reading.rx)));
    let sample = sampler.wait_for("the traffic of the last GPU", |sample| traffic(sample, 7).is_some());
    assert_eq!(traffic(&sample, 3), Some((123_000, Some(456_000))));
    assert_eq!(traffic(&sample, 7), Some((123_000, None)));
    let (handles, power) = (sampler.calls("nvmlDeviceGetHandleByIndex_v2"), sampler.calls("nvmlDeviceGetPowerUsage"));
    crate::support::wait_until("three more looks", || sampler.calls("nvmlDeviceGetPowerUsage") >= power + 24);
    assert_eq!(sampler.calls("nvmlDeviceGetName"), 8, "what never changes is asked for once");
    assert_eq!(sampler.calls("nvmlDeviceGetPcieThroughput"), 16, "the traffic seldom");
    assert_eq!(sampler.calls("nvmlDeviceGetHandleByIndex_v2"), handles, "handles are kept");
    assert_eq!(sampler.calls("nvmlInit_v2"), 1);
}
