//! The sampler as a process: its files, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use isobench_tui::domain::Driver;
use isobench_tui::sampler::start::Sampler;
use isobench_tui::telemetry::line::{Decoder, Said};
use isobench_tui::telemetry::{Files, Header, Sample, Xid};

use crate::campaign::{Campaign, GOOD_ARM};
use crate::support::{BINARY, folder, lives, wait_for, wait_until};

/// What a line says: a header, or a sample with what the driver reported.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Header(i64, Header),
    Sample(i64, Box<Sample>, Vec<Xid>),
}

/// What lines say; those that say nothing are passed over.
pub(crate) fn told(text: &str) -> Vec<Told> {
    let mut decoder = Decoder::default();
    let mut told = Vec::new();
    for line in text.lines() {
        let said = match decoder.take(line) {
            Some(Said::Header(t, header)) => Told::Header(t, header.clone()),
            Some(Said::Sample(t, xids)) => {
                let xids = xids.to_vec();
                Told::Sample(t, Box::new(decoder.sample().unwrap()), xids)
            }
            None => continue,
        };
        told.push(said);
    }
    told
}

/// The samples in a file of seconds, with their moments.
pub(crate) fn samples(path: &Path) -> Vec<(i64, Sample)> {
    let told = told(&fs::read_to_string(path).unwrap_or_default());
    let sample = |told| match told {
        Told::Sample(t, sample, _) => Some((t, *sample)),
        Told::Header(..) => None,
    };
    told.into_iter().filter_map(sample).collect()
}

/// Where no library of NVIDIA's is.
const NO_LIBRARY: (&str, &str) = ("ISOBENCH_TUI_NVML", "/nowhere/libnvidia-ml.so.1");

/// A sampler whose stdin we hold.
fn sampler(folder: &Path) -> Child {
    let mut command = Command::new(BINARY);
    command.arg("sample-machine").arg(folder).arg("--disk").arg(folder).env(NO_LIBRARY.0, NO_LIBRARY.1);
    command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn count(path: &Path, wanted: usize) -> Vec<(i64, Sample)> {
    wait_for(&format!("{wanted} samples in {}", path.display()), || Some(samples(path)).filter(|samples| samples.len() >= wanted))
}

#[test]
fn a_sample_a_second_says_what_the_machine_does_and_files_are_ours_alone() {
    let (_guard, path) = folder();
    let files = Files::of(&path);
    let mut sampler = sampler(&path);
    // a machine that is busy elsewhere may be late with some of them
    let on_time = |three: &[(i64, Sample)]| {
        let is_second = |pair: &[(i64, Sample)]| matches!(pair, [(before, _), (after, _)] if (800..2_200).contains(&(after - before)));
        three.windows(2).all(is_second) && three.iter().all(|(t, _)| t % 1_000 < 500)
    };
    let found = wait_for("three in a row on whole seconds", || {
        let found = samples(&files.seconds());
        found.windows(3).any(on_time).then_some(found)
    });
    let (_, last) = found.last().unwrap();
    assert_eq!((&last.driver, last.silent_since, last.gpus.len()), (&Driver::Absent, None, 0));
    let disk = last.disks.get(&path.display().to_string()).unwrap();
    assert!(disk.free > 0 && disk.free <= disk.total);
    assert!(last.host.cpu.is_some_and(|cpu| cpu <= 1000) && last.host.memory.is_some_and(|memory| memory > 1 << 20), "{:?}", last.host);
    for file in [files.seconds(), files.tens(), files.minutes(), files.lock()] {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let first = told(&fs::read_to_string(files.seconds()).unwrap()).into_iter().next();
    let Some(Told::Header(_, header)) = first else { unreachable!("no header: {first:?}") };
    assert_eq!((header.pid, header.interval_ms), (sampler.id(), 1_000));
    assert!(header.cores > 0 && header.memory > 0 && header.gpus.is_empty());
    drop(sampler.stdin.take());
    assert!(sampler.wait().unwrap().success(), "it ends once nobody holds its stdin");
}

#[test]
fn one_look_is_two_lines() {
    let once = Command::new(BINARY).args(["sample-machine", "--once"]).env(NO_LIBRARY.0, NO_LIBRARY.1).output().unwrap();
    assert!(once.status.success(), "{once:?}");
    let told = told(std::str::from_utf8(&once.stdout).unwrap());
    assert!(matches!(told.as_slice(), [Told::Header(..), Told::Sample(_, sample, _)] if sample.driver == Driver::Absent), "{told:?}");
    let wrong = Command::new(BINARY).arg("sample-machine").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "a folder, or --once");
}

#[test]
fn a_second_one_in_the_folder_says_so_and_ends() {
    let (_guard, path) = folder();
    let mut first = sampler(&path);
    count(&Files::of(&path).seconds(), 1);
    let second = sampler(&path).wait_with_output().unwrap();
    assert!(!second.status.success());
    let says = String::from_utf8(second.stderr).unwrap();
    assert!(says.contains(&format!("another sampler writes in {}", path.display())), "{says}");
    drop(first.stdin.take());
    first.wait().unwrap();
}

#[test]
fn a_killed_one_is_followed_by_another_that_closes_its_torn_line() {
    let (_guard, path) = folder();
    let files = Files::of(&path);
    let mut first = sampler(&path);
    let before = count(&files.seconds(), 2);
    first.kill().unwrap();
    first.wait().unwrap();
    let mut torn = fs::File::options().append(true).open(files.seconds()).unwrap();
    torn.write_all(b"{\"t\":17637696000").unwrap();
    let mut second = sampler(&path);
    let after = count(&files.seconds(), before.len() + 1);
    assert_eq!(after.get(..before.len()), Some(before.as_slice()), "what was written stays");
    let text = fs::read_to_string(files.seconds()).unwrap();
    let mut lines = text.lines().skip_while(|line| *line != "{\"t\":17637696000");
    assert!(lines.nth(1).is_some_and(|line| line.contains("\"header\"")), "{text}");
    drop(second.stdin.take());
    second.wait().unwrap();
}

#[test]
fn it_goes_with_who_holds_it_and_says_why_it_ended() {
    let (_guard, path) = folder();
    let files = Files::of(&path);
    let mut held = Sampler::start(Path::new(BINARY), &path, &[path.join("below")]).unwrap();
    let pid = i32::try_from(held.pid()).unwrap();
    let found = count(&files.seconds(), 2);
    assert!(held.is_alive());
    assert!(found.last().unwrap().1.disks.contains_key(&path.join("below").display().to_string()), "of a folder that is not there yet");
    let mut second = Sampler::start(Path::new(BINARY), &path, &[]).unwrap();
    wait_until("its end", || !second.is_alive());
    assert!(second.ended().is_some_and(|why| why.starts_with("another sampler writes in ")), "{:?}", second.ended());
    drop(held);
    wait_until("its end", || !lives(pid));
    let gone = Sampler::start(Path::new("/nowhere/isobench-tui"), &path, &[]);
    assert!(gone.is_err());
}

/// The pid of the sampler that writes, as its header says it.
fn pid_of(files: &Files, other_than: u32) -> u32 {
    wait_for("a header of a sampler", || {
        let told = told(&fs::read_to_string(files.seconds()).ok()?);
        let header = told.into_iter().rev().find_map(|told| match told {
            Told::Header(_, header) => Some(header),
            Told::Sample(..) => None,
        });
        header.map(|header| header.pid).filter(|pid| *pid != other_than)
    })
}

#[test]
fn a_runner_has_one_starts_it_again_and_takes_it_along() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let mut runner = campaign.spawn(&["run", "--headless"]);
    campaign.at_gate(1, "agent");
    let files = Files::of(campaign.folder().path());
    let first = pid_of(&files, 0);
    let disks = &count(&files.seconds(), 2).pop().unwrap().1.disks;
    assert!(disks.contains_key(&campaign.folder().path().display().to_string()), "{disks:?}");
    campaign.kill(i32::try_from(first).unwrap());
    let second = pid_of(&files, first);
    let log = || fs::read_to_string(campaign.folder().log()).unwrap();
    wait_until("what became of the first", || log().contains("the sampler of the machine ended (signal: 9 (SIGKILL))"));
    runner.kill().unwrap();
    runner.wait().unwrap();
    wait_until("its sampler to end", || !lives(i32::try_from(second).unwrap()));
    let before = samples(&files.seconds()).len();
    let mut next = campaign.spawn(&["run", "--resume", "--headless"]);
    wait_until("the next runner's to go on in the same files", || samples(&files.seconds()).len() > before);
    campaign.open(1, "agent");
    assert_eq!(next.wait().unwrap().code(), Some(0));
    campaign.assert_nothing_left();
}

#[test]
fn a_runner_whose_sampler_can_not_work_says_so_and_goes_on() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let mut runner = campaign.spawn(&["run", "--headless"]);
    campaign.at_gate(1, "agent");
    let files = Files::of(campaign.folder().path());
    let pid = pid_of(&files, 0);
    fs::remove_file(files.seconds()).unwrap();
    fs::create_dir(files.seconds()).unwrap();
    campaign.kill(i32::try_from(pid).unwrap());
    let says = format!("the sampler of the machine ended (can't open {}", files.seconds().display());
    wait_until("what became of it", || fs::read_to_string(campaign.folder().log()).unwrap().contains(&says));
    campaign.open(1, "agent");
    assert_eq!(runner.wait().unwrap().code(), Some(0));
    campaign.assert_nothing_left();
}
