//! A driver that is not there, that may not be asked, that answers nothing, that comes and goes; GPUs that are lost.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use isobench_tui::domain::Driver;
use isobench_tui::telemetry::{Lack, Xid};

use crate::nvml::{Machine, once, once_of, script, stand_in};
use crate::nvml_read::gpu;
use crate::sampler::Told;
use crate::support::{folder, wait_for, wait_until};

/// Two GPUs, and what else is so.
fn two(more: &str) -> String {
    format!("driver 550.54.15\ncuda 12040\ngpus 2\ngpu * power_mw 70000\ngpu * temp 40\n{more}\n")
}

#[test]
fn five_states_of_a_driver_are_told_apart() {
    let Some(library) = stand_in() else { return };
    let says = |says: &str| says.to_owned();
    let of = |name| once(&library, &script(name)).1.driver;
    assert_eq!(of("forbidden"), Driver::Forbidden { says: says("the current user does not have permission to perform this operation") });
    assert_eq!(of("mismatch"), Driver::Mismatch { says: says("RM detects a driver/library version mismatch") });
    assert_eq!(of("notloaded"), Driver::NotLoaded { says: says("NVIDIA driver is not loaded") });
    assert_eq!(of("one"), Driver::Here);
    let (_guard, path) = folder();
    assert_eq!(once(&path.join("libnvidia-ml.so.1"), &script("one")).1.driver, Driver::Absent);
    let torn = path.join("torn.so.1");
    std::fs::write(&torn, "no library").unwrap();
    let Driver::Broken { says } = once(&torn, &script("one")).1.driver else { unreachable!("a file that is no library") };
    assert!(says.contains("torn.so.1"), "{says}");
}

#[test]
fn each_error_of_a_driver_that_does_not_start_is_a_state_with_its_words() {
    let Some(library) = stand_in() else { return };
    for code in [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 999] {
        let (header, sample) = once_of(&library, &two(&format!("call nvmlInit_v2 fails {code}")));
        let said = match (code, &sample.driver) {
            (4 | 17, Driver::Forbidden { says }) | (9, Driver::NotLoaded { says }) | (18, Driver::Mismatch { says }) => says,
            (4 | 9 | 17 | 18, other) => unreachable!("{code}: {other:?}"),
            (_, Driver::Broken { says }) => says,
            (_, other) => unreachable!("{code}: {other:?}"),
        };
        assert!(!said.is_empty());
        assert!(sample.gpus.is_empty() && sample.processes.is_empty() && header.gpus.is_empty(), "{code}");
    }
}

#[test]
fn each_error_of_one_reading_is_that_reading_missing_and_no_more() {
    let Some(library) = stand_in() else { return };
    for codes in [[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12], [13, 14, 16, 17, 18, 19, 20, 21, 22, 25, 999]] {
        let rules = codes.iter().zip(0..).map(|(code, at)| format!("call nvmlDeviceGetPowerUsage gpu {at} fails {code}\n"));
        let rules = rules.collect::<Vec<_>>().concat();
        let text = two(&rules).replace("gpus 2", "gpus 12");
        let (header, sample) = once_of(&library, &text);
        for (code, at) in codes.iter().zip(0..) {
            let reading = sample.gpus.get(&gpu(at)).unwrap();
            assert_eq!((reading.power_mw, reading.temp, reading.lost), (None, Some(40), false), "{code}");
            let lack = match code {
                3 => Some(&Lack::NotSupported),
                4 => Some(&Lack::Forbidden),
                13 | 25 => Some(&Lack::OldDriver),
                _ => None,
            };
            assert_eq!(header.gpus.get(&gpu(at)).unwrap().lacks.get("power_mw"), lack, "{code}");
        }
        assert_eq!(sample.gpus.get(&gpu(11)).unwrap().power_mw, Some(70_000));
    }
}

#[test]
fn a_reading_that_failed_once_comes_back_and_one_that_is_lacking_is_not_asked_for_again() {
    let Some(library) = stand_in() else { return };
    let rules = "call nvmlDeviceGetPowerUsage gpu 0 fails timeout\ncall nvmlDeviceGetTemperature gpu 1 fails not_supported";
    let machine = Machine::start(&library, &two(rules));
    machine.wait_for("a sample without power", |sample| sample.gpus.get(&gpu(0)).is_some_and(|gpu| gpu.power_mw.is_none()));
    machine.becomes(&two(""));
    let sample = machine.wait_for("power again", |sample| sample.gpus.get(&gpu(0)).is_some_and(|gpu| gpu.power_mw.is_some()));
    assert_eq!(sample.gpus.get(&gpu(1)).unwrap().temp, None);
}

#[test]
fn a_driver_that_does_not_answer_is_told_since_when_and_answers_again() {
    let Some(library) = stand_in() else { return };
    let machine = Machine::start(&library, &two(""));
    machine.wait_for("an answer", |sample| sample.gpus.get(&gpu(1)).is_some_and(|gpu| gpu.power_mw == Some(70_000)));
    machine.becomes(&two("call nvmlDeviceGetPowerUsage gpu 1 hangs"));
    let silent = machine.wait_for("silence", |sample| sample.silent_since.is_some());
    assert_eq!((&silent.driver, silent.gpus.len()), (&Driver::Here, 2), "what was said before stands there");
    let since = |machine: &Machine| -> Vec<i64> {
        let samples =
            machine.told().into_iter().filter_map(|told| if let Told::Sample(_, sample, _) = told { sample.silent_since } else { None });
        samples.collect()
    };
    wait_until("samples go on", || since(&machine).len() >= 3);
    assert!(since(&machine).windows(2).all(|pair| pair.first() == pair.last()), "since one moment");
    machine.becomes(&two("gpu * power_mw 71000"));
    let back = machine.wait_for("an answer again", |sample| sample.gpus.get(&gpu(1)).is_some_and(|gpu| gpu.power_mw == Some(71_000)));
    assert_eq!(back.silent_since, None);
    // GPU 0 was asked before the long silence: that answer is of no moment
    assert_eq!(back.gpus.get(&gpu(0)).unwrap().power_mw, Some(71_000));
}

#[test]
fn a_driver_that_never_answers_is_starting_and_silent() {
    let Some(library) = stand_in() else { return };
    let (header, sample) = once_of(&library, &two("call nvmlInit_v2 hangs"));
    assert!(sample.silent_since.is_some() && sample.driver == Driver::Starting, "{sample:?}");
    assert!(sample.gpus.is_empty() && header.gpus.is_empty());
}

#[test]
fn a_lost_gpu_is_lost_alone_keeps_what_it_said_and_comes_back() {
    let Some(library) = stand_in() else { return };
    let machine = Machine::start(&library, &two("gpu 0 temp 41\nprocess 5 gpu * memory 1"));
    machine.wait_for("both", |sample| sample.gpus.values().filter(|gpu| gpu.temp.is_some()).count() == 2);
    machine.becomes(&two("gpu * temp 42\ngpu 0 lost\nprocess 5 gpu * memory 1"));
    let is_lost = |sample: &isobench_tui::telemetry::Sample| sample.gpus.get(&gpu(0)).is_some_and(|gpu| gpu.lost);
    let sample = machine.wait_for("a lost GPU", |sample| is_lost(sample) && sample.gpus.get(&gpu(1)).unwrap().temp == Some(42));
    assert_eq!((&sample.driver, sample.silent_since), (&Driver::Here, None));
    assert_eq!(sample.gpus.get(&gpu(0)).unwrap().temp, Some(41), "from before it was lost");
    assert!(!sample.gpus.get(&gpu(1)).unwrap().lost);
    assert!(sample.processes.get(&5).unwrap().on.keys().eq([&gpu(1)]), "nobody knows who is on a lost one");
    machine.becomes(&two("gpu * temp 43"));
    machine.wait_for("the GPU back", |sample| sample.gpus.get(&gpu(0)).is_some_and(|gpu| !gpu.lost && gpu.temp == Some(43)));
}

#[test]
fn a_gpu_that_was_lost_before_we_came_is_there_and_lost() {
    let Some(library) = stand_in() else { return };
    let (header, sample) = once(&library, &script("lost"));
    assert_eq!((sample.gpus.len(), header.gpus.len()), (8, 8));
    let lost: Vec<u32> = sample.gpus.iter().filter(|(_, gpu)| gpu.lost).map(|(key, _)| key.gpu).collect();
    assert_eq!(lost, [3]);
}

#[test]
fn an_xid_is_told_once_with_its_gpu_even_if_that_is_lost() {
    let Some(library) = stand_in() else { return };
    let machine = Machine::start(&library, &two(""));
    let xids = |machine: &Machine| -> Vec<Xid> {
        machine.told().into_iter().flat_map(|told| if let Told::Sample(_, _, xids) = told { xids } else { Vec::new() }).collect()
    };
    machine.wait_for("both", |sample| sample.gpus.len() == 2);
    machine.becomes(&two("xid 1 31"));
    wait_until("an Xid", || !xids(&machine).is_empty());
    machine.becomes(&two("xid 1 31\nxid 0 79\ngpu 0 lost"));
    wait_until("another", || xids(&machine).len() > 1);
    let before = machine.told().len();
    wait_until("two more samples", || machine.told().len() >= before + 2);
    assert_eq!(xids(&machine), [Xid { gpu: 1, code: 31 }, Xid { gpu: 0, code: 79 }]);
}

#[test]
fn a_driver_that_is_loaded_later_is_found_and_nothing_piles_up() {
    let Some(library) = stand_in() else { return };
    let machine = Machine::start(&library, &two("call nvmlInit_v2 fails driver_not_loaded"));
    machine.wait_for("no driver", |sample| matches!(sample.driver, Driver::NotLoaded { .. }));
    let before = machine.threads_and_files();
    machine.becomes(&two("call nvmlInit_v2 fails unknown"));
    machine.wait_for("another error", |sample| matches!(sample.driver, Driver::Broken { .. }));
    let (threads, files) = machine.threads_and_files();
    assert!(threads <= before.0 && files <= before.1 + 1, "{before:?}, then {threads} threads and {files} files");
    machine.becomes(&two(""));
    machine.wait_for("the driver", |sample| sample.driver == Driver::Here && sample.gpus.len() == 2);
}

#[test]
fn mig_that_is_switched_on_shows_its_instances() {
    let Some(library) = stand_in() else { return };
    let machine = Machine::start(&library, &two("gpu * mig 0\ngpu * util 5\ngpu * mem_util 5"));
    machine.wait_for("two whole GPUs", |sample| sample.gpus.len() == 2);
    machine
        .becomes(&two("gpu * mig 0\ngpu * util 5\ngpu * mem_util 5\ngpu 1 mig 1\ngpu 1 util none\ngpu 1.2 total 1000\ngpu 1.2 memory 10"));
    let sample = machine.wait_for("an instance", |sample| sample.gpus.len() == 3);
    assert_eq!(sample.gpus.get(&"1.2".parse().unwrap()).unwrap().memory, Some(10));
    let header = wait_for("a header that says so", || {
        machine
            .told()
            .into_iter()
            .rev()
            .find_map(|told| if let Told::Header(_, header) = told { Some(header) } else { None })
            .filter(|header| header.gpus.len() == 3)
    });
    assert_eq!(header.gpus.get(&gpu(1)).unwrap().mig, Some(true));
}
