//! The sampler over the stand-in of NVIDIA's library, and over disks that are full: what lies in its files.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use isobench_tui::domain::Driver;
use isobench_tui::telemetry::{Bucket, Files, GpuKey, GpuReading, ProcessMemory, Sample};

use crate::nvml::stand_in;
use crate::sampler::{Told, samples, told};
use crate::support::{BINARY, folder, lives, skip, wait_for, wait_until};

/// Two GPUs whose readings are multiples of a step; the second one tells nothing but its power. One process, which is ourselves.
fn script(step: u32, more: &str) -> String {
    format!(
        "driver 550.54.15\ncuda 12040\ngpus 2\ngpu 0 total 85520809984\ngpu 0 util {}\ngpu 0 mem_util {}\ngpu 0 memory {}\n\
         gpu 0 temp {}\ngpu 0 sm_mhz {}\ngpu 0 throttle 0x4\ngpu * power_mw {}\nprocess {} gpu 0 memory {}\n{more}\n",
        step * 10,
        step * 5,
        u64::from(step) * 10_000_000_000,
        40 + step,
        1000 + step * 100,
        100_000 * step + 7,
        std::process::id(),
        u64::from(step) * 9_000_000_000,
    )
}

fn gpu(index: u32) -> GpuKey {
    GpuKey { gpu: index, mig: None }
}

/// What a sample of that script says of the GPUs.
fn expected(step: u32) -> BTreeMap<GpuKey, GpuReading> {
    let power_mw = Some(100_000 * step + 7);
    let first = GpuReading {
        util: Some(step * 10),
        mem_util: Some(step * 5),
        memory: Some(u64::from(step) * 10_000_000_000),
        power_mw,
        temp: Some(40 + step),
        sm_mhz: Some(1000 + step * 100),
        throttle: Some(isobench_tui::domain::Throttle(4)),
        ..GpuReading::default()
    };
    [(gpu(0), first), (gpu(1), GpuReading { power_mw, ..GpuReading::default() })].into()
}

/// A script in its place, never half written.
fn put(path: &Path, text: &str) {
    fs::write(path.with_extension("new"), text).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

/// A sampler over the stand-in and a script in the same folder; its stdin is ours.
fn over(library: &Path, folder: &Path) -> Child {
    let mut command = Command::new(BINARY);
    command.arg("sample-machine").arg(folder).arg("--disk").arg(folder).stdin(Stdio::piped());
    command.env("ISOBENCH_TUI_NVML", library).env("ISOBENCH_NVML_SCRIPT", folder.join("script")).spawn().unwrap()
}

fn wait_sample(files: &Files, what: &str, is: impl Fn(&Sample) -> bool) -> Vec<(i64, Sample)> {
    wait_for(what, || Some(samples(&files.seconds())).filter(|all| all.last().is_some_and(|(_, last)| is(last))))
}

#[test]
fn the_files_say_what_the_driver_says_second_by_second_and_nothing_else() {
    let Some(library) = stand_in() else { return };
    let (_guard, path) = folder();
    let files = Files::of(&path);
    put(&path.join("script"), &script(1, ""));
    let mut sampler = over(&library, &path);
    for step in 1..=4 {
        put(&path.join("script"), &script(step, ""));
        // it is changed right behind a sample, and so not while the next one is taken
        wait_sample(&files, &format!("step {step}"), |sample| sample.gpus == expected(step));
    }
    drop(sampler.stdin.take());
    assert!(sampler.wait().unwrap().success());
    let all: Vec<(i64, Sample)> = samples(&files.seconds()).into_iter().filter(|(_, sample)| sample.driver == Driver::Here).collect();
    let mut step = 1;
    for (_, sample) in &all {
        step += u32::from(sample.gpus == expected(step + 1));
        assert_eq!(sample.gpus, expected(step));
        let (pid, process) = sample.processes.first_key_value().unwrap();
        let bytes = Some(u64::from(step) * 9_000_000_000);
        assert_eq!((*pid, &process.on), (std::process::id(), &[(gpu(0), ProcessMemory { bytes, sm: None })].into()));
        assert!(sample.processes.len() == 1 && process.name.is_some(), "{process:?}");
    }
    assert_eq!(step, 4);
    // the roll-ups hold all of it
    let text = fs::read_to_string(files.minutes()).unwrap();
    let buckets: Vec<Bucket> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(buckets.iter().map(|bucket| bucket.n as usize).sum::<usize>(), samples(&files.seconds()).len());
    let least = buckets.iter().filter_map(|bucket| bucket.gpus.get(&gpu(0))?.util).map(|util| util.least);
    assert!(least.reduce(f64::min).is_some_and(|least| (least - 10.0).abs() < f64::EPSILON), "{buckets:?}");
}

#[test]
fn a_driver_that_hangs_stops_nothing_else_and_since_when_is_told() {
    let Some(library) = stand_in() else { return };
    let (_guard, path) = folder();
    let files = Files::of(&path);
    put(&path.join("script"), &script(1, ""));
    let mut sampler = over(&library, &path);
    wait_sample(&files, "an answer", |sample| sample.silent_since.is_none() && sample.gpus == expected(1));
    put(&path.join("script"), &script(1, "call nvmlDeviceGetPowerUsage gpu 1 hangs"));
    let first = wait_sample(&files, "silence", |sample| sample.silent_since.is_some()).len();
    let all = wait_for("three more", || Some(samples(&files.seconds())).filter(|all| all.len() >= first + 3));
    let silent = all.get(first - 1..).unwrap();
    let (at, before) = silent.first().unwrap();
    // a sample's moment is that before the question
    assert!(before.silent_since.is_some_and(|since| (-500..=5_000).contains(&(at - since))), "{before:?} at {at}");
    for (_, sample) in silent {
        assert_eq!((&sample.gpus, sample.silent_since), (&expected(1), before.silent_since), "what was seen before it, and since when");
        assert!(sample.host.memory.is_some() && sample.disks.len() == 1, "{sample:?}");
    }
    put(&path.join("script"), &script(2, ""));
    wait_sample(&files, "an answer again", |sample| sample.silent_since.is_none() && sample.gpus == expected(2));
    put(&path.join("script"), &script(2, "call nvmlDeviceGetPowerUsage hangs"));
    wait_sample(&files, "silence again", |sample| sample.silent_since.is_some());
    drop(sampler.stdin.take());
    let pid = i32::try_from(sampler.id()).unwrap();
    let next = over(&library, &path);
    wait_until("its end, with a call that is still open", || sampler.try_wait().unwrap().is_some() && !lives(pid));
    end(next);
}

fn end(mut sampler: Child) {
    drop(sampler.stdin.take());
    sampler.wait().unwrap();
}

/// A sampler on a small disk of its own, which it sees as the folder; it goes with it. Also the folder as we see it.
fn on_small_disk(path: &Path) -> (Child, PathBuf) {
    let script = "mount -t tmpfs -o size=64k tmpfs \"$1\" && exec \"$0\" sample-machine \"$1\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, BINARY]).arg(path).stdin(Stdio::piped());
    let said = fs::File::create(path.with_extension("said")).unwrap();
    let child = command.stderr(said).env("ISOBENCH_TUI_NVML", "/nowhere/libnvidia-ml.so.1").spawn().unwrap();
    let inside = Path::new(&format!("/proc/{}/root", child.id())).join(path.strip_prefix("/").unwrap());
    (child, inside)
}

#[test]
fn a_full_disk_costs_the_samples_of_its_time_and_no_others() {
    if !Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success()) {
        skip("may not mount in a namespace of its own");
        return;
    }
    let (_guard, above) = folder();
    let path = above.join("disk");
    fs::create_dir(&path).unwrap();
    let (sampler, inside) = on_small_disk(&path);
    let files = Files::of(&inside);
    wait_until("two samples", || samples(&files.seconds()).len() >= 2);
    let mut fill = fs::File::create(inside.join("fill")).unwrap();
    while fill.write_all(&[0; 64]).is_ok() {}
    // the room that is left in the last block of its own file
    let mut own = fs::File::options().append(true).open(files.seconds()).unwrap();
    while own.write_all(b"\n").is_ok() {}
    wait_until("what it says of that", || fs::read_to_string(path.with_extension("said")).unwrap().contains("No space left on device"));
    let before = samples(&files.seconds());
    // its room is free once nobody holds it
    drop((fill, own));
    fs::remove_file(inside.join("fill")).unwrap();
    wait_until("samples again", || samples(&files.seconds()).len() >= before.len() + 2);
    let text = fs::read_to_string(files.seconds()).unwrap();
    end(sampler);
    let after = told(&text);
    assert!(matches!(after.get(before.len() + 1), Some(Told::Header(..))), "a stretch begins: {text}");
    let kept = after.iter().filter(|told| matches!(told, Told::Sample(..))).take(before.len());
    let kept = kept.filter_map(|told| if let Told::Sample(t, sample, _) = told { Some((*t, (**sample).clone())) } else { None });
    assert_eq!(kept.collect::<Vec<_>>(), before, "what was written stays");
    let words = fs::read_to_string(path.with_extension("said")).unwrap();
    assert_eq!(words.lines().count(), 1, "told once: {words}");
}
