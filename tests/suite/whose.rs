//! Whose processes are, and what containers and stages use: real processes, a real keeper, real containers.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

mod containers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isobench_tui::docker::endpoint::{Around, Endpoint};
use isobench_tui::domain::Whose;
use isobench_tui::host::launch::{Environment, Kept, launch};
use isobench_tui::host::process::{self, TAG_VARIABLE};
use isobench_tui::host::stage_folder::{Command as Commanded, Spec};
use isobench_tui::sampler::whose::{Attribution, Known};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::{BINARY, folder, lives, pid_in, skip, state_of, wait_for, wait_until};

/// A process that is killed with its group when it is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        Self(command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// One that is nobody's of ours.
    fn sleep() -> Self {
        Self::start(Command::new("sleep").arg("1000").env_remove(TAG_VARIABLE))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        self.end();
    }
}

/// An engine at a socket, or none.
fn engine(socket: &str) -> Endpoint {
    let variable = |name: &str| (name == "DOCKER_HOST").then(|| socket.to_owned());
    Endpoint::find(Around { variable: &variable }).unwrap().remove(0)
}

/// One that knows of no engine.
fn without_engine() -> Attribution {
    Attribution::start(Some(engine("unix:///no/such/socket")))
}

fn whose(attribution: &mut Attribution, pid: i32) -> Whose {
    attribution.of(u32::try_from(pid).unwrap()).whose
}

fn foreign(user: &str) -> Whose {
    Whose::Foreign { user: Some(user.to_owned()) }
}

fn is_root() -> bool {
    let root = rustix::process::getuid().is_root();
    if !root {
        skip("only root can be somebody else");
    }
    root
}

/// A stage that a real keeper keeps, in a folder of a run.
struct Stage {
    _folder: tempfile::TempDir,
    work: PathBuf,
    tag: String,
    kept: Kept,
}

impl Stage {
    fn start(script: &str) -> Self {
        let (folder, base) = folder();
        let work = base.join("work");
        fs::create_dir(&work).unwrap();
        let tag = format!("run-{}/vllm.core-1.2/agent", base.file_name().unwrap().to_str().unwrap().trim_start_matches('.'));
        let at = base.join("state/tui").join(tag.replace("/vllm", "/attempts/vllm"));
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let commands = vec![Commanded { argv, cwd: work.clone(), ..Commanded::default() }];
        let spec = Spec {
            tag: tag.clone(),
            commands,
            budget_ms: None,
            grace_ms: 100,
            oom_score_adj: None,
            pauses_itself: false,
            gpus: Vec::new(),
        };
        let kept = launch(Path::new(BINARY), &at, &spec, &Environment::Ours(Vec::new())).unwrap();
        Self { _folder: folder, work, tag, kept }
    }

    fn whose(&self) -> Whose {
        Whose::of_tag(&self.tag).unwrap()
    }

    fn kill_keeper(&self) {
        let _ = kill_process(Pid::from_raw(self.kept.pid()).unwrap(), Signal::KILL);
        wait_until("the keeper to be gone", || !lives(self.kept.pid()));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let left = process::descendants(self.kept.pid());
        let _ = kill_process(Pid::from_raw(self.kept.pid()).unwrap(), Signal::KILL);
        for pid in left.into_iter().chain(process::tagged(&self.tag)) {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

#[test]
fn a_process_with_a_tag_is_its_stages_and_what_it_starts_is_too() {
    let (_gone, base) = folder();
    let tag = "2026-11-22_01-02-03-beef/vllm_core-0001.3/candidate";
    let script = "env -i sh -c 'echo $$ >bare; exec sleep 1000' & sleep 1000; wait";
    let tagged = Running::start(Command::new("sh").args(["-c", script]).env(TAG_VARIABLE, tag).current_dir(&base));
    let bare = pid_in(&base.join("bare"));
    wait_until("the shell to have become sleep", || process::arguments(bare).first().is_some_and(|word| word == "sleep"));
    let mut attribution = without_engine();
    let stage = Whose::of_tag(tag).unwrap();
    let user = Some(process_user());
    assert_eq!(attribution.of(tagged.pid()), Known { name: Some("sh".to_owned()), user: user.clone(), whose: stage.clone() });
    let known = attribution.of(u32::try_from(bare).unwrap());
    assert_eq!(known, Known { name: Some("sleep".to_owned()), user, whose: stage });
    let untold = Running::start(Command::new("sleep").arg("1000").env(TAG_VARIABLE, "what is this"));
    assert!(matches!(attribution.of(untold.pid()).whose, Whose::Foreign { .. }));
}

/// The name of the user that runs the tests.
fn process_user() -> String {
    let name = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(name.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_ran_away_from_a_stage_is_known_by_its_keeper_and_after_it() {
    let away = "(env -i setsid sh -c 'echo $$ >away; exec sleep 1000' &); exec sleep 1000";
    let stage = Stage::start(away);
    let away = pid_in(&stage.work.join("away"));
    let parent = || process::read(away).unwrap().parent;
    wait_until("the keeper to take it in", || parent() == stage.kept.pid());
    assert_eq!(process::tag(away), None);
    let mut attribution = without_engine();
    assert_eq!(whose(&mut attribution, away), stage.whose());
    assert_eq!(whose(&mut attribution, stage.kept.pid()), stage.whose(), "the keeper itself");
    stage.kill_keeper();
    assert_eq!(whose(&mut attribution, away), stage.whose(), "it was the stage's, and still is");
    kill_process(Pid::from_raw(away).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn everybody_elses_processes_are_foreign_with_their_user() {
    let mut attribution = without_engine();
    let own = Running::sleep();
    let user = Some(process_user());
    assert_eq!(attribution.of(own.pid()), Known { name: Some("sleep".to_owned()), user: user.clone(), whose: Whose::Foreign { user } });
    if !is_root() {
        return;
    }
    let of = |uid: &str| {
        let running =
            Running::start(Command::new("setpriv").args(["--reuid", uid, "--clear-groups", "sleep", "1000"]).env_remove(TAG_VARIABLE));
        let pid = i32::try_from(running.pid()).unwrap();
        wait_until("setpriv to have become sleep", || process::arguments(pid).first().is_some_and(|word| word == "sleep"));
        running
    };
    let (nobody, unnamed) = (of("65534"), of("54321"));
    assert_eq!(attribution.of(nobody.pid()).whose, foreign("nobody"));
    assert_eq!(attribution.of(unnamed.pid()).whose, foreign("54321"));
}

#[test]
fn a_pid_that_is_nobodys_is_unknown_and_one_that_just_ended_is_still_known() {
    let mut attribution = without_engine();
    let mut short = Running::start(Command::new("true").env_remove(TAG_VARIABLE));
    let pid = short.pid();
    wait_until("a zombie", || state_of(i32::try_from(pid).unwrap()) == Some('Z'));
    assert_eq!(attribution.of(pid), Known::default(), "a zombie");
    short.end();
    for dead in [pid, 0, u32::MAX, 1 << 30] {
        assert_eq!(attribution.of(dead), Known::default(), "{dead}");
    }
    let mut known = Running::sleep();
    let before = attribution.of(known.pid());
    known.end();
    assert_eq!(attribution.of(known.pid()), before, "the driver names it a moment longer");
}

#[test]
fn a_pid_that_is_used_again_is_somebody_else() {
    const LAST: &str = "/proc/sys/kernel/ns_last_pid";
    if !is_root() || !Path::new(LAST).exists() {
        return skip("the next pid can't be chosen here");
    }
    let mut attribution = without_engine();
    let tag = "r/i.1/agent";
    let mut first = Running::start(Command::new("sleep").arg("1000").env(TAG_VARIABLE, tag));
    let pid = first.pid();
    assert_eq!(attribution.of(pid).whose, Whose::of_tag(tag).unwrap());
    // the kernel says when a process started in ticks of 10 ms: no machine uses a pid again within one, but this test could
    std::thread::sleep(Duration::from_millis(20));
    first.end();
    // others may come between, and have it for a while
    let second = wait_for("the same pid again", || {
        fs::write(LAST, (pid - 1).to_string()).unwrap();
        Some(Running::sleep()).filter(|again| again.pid() == pid)
    });
    let again = attribution.of(second.pid());
    assert!(matches!(again.whose, Whose::Foreign { .. }), "{again:?}");
}

#[test]
fn a_stage_outside_docker_is_a_group_with_what_all_below_its_keeper_use() {
    let stage = Stage::start("(env -i setsid sh -c 'while :; do :; done' &); sleep 1000 & echo $$ >here; wait");
    pid_in(&stage.work.join("here"));
    let mut attribution = without_engine();
    let group = wait_for("processor time between two looks", || {
        let group = attribution.groups().remove(&stage.tag)?;
        group.cpu.is_some_and(|cpu| cpu > 0).then_some(group)
    });
    assert_eq!((&group.whose, group.pids), (&stage.whose(), Some(3)), "{group:?}");
    // one loop at work, on a machine that does other things as well
    assert!(group.cpu.is_some_and(|cpu| cpu < 1100), "{group:?}");
    assert!(group.memory.is_some_and(|bytes| (100_000..50_000_000).contains(&bytes)), "{group:?}");
    // the loop has no tag by which it could be found once its keeper is gone
    let looping = process::descendants(stage.kept.pid());
    stage.kill_keeper();
    for pid in looping {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
    assert!(!attribution.groups().contains_key(&stage.tag));
}

/// Prints what is known of a pid from where it runs: the tests below run it elsewhere.
#[test]
#[ignore = "run by others, elsewhere"]
fn from_here() {
    let mut attribution = without_engine();
    let pid = std::env::var("WHOSE_PID").map_or(1, |pid| pid.parse().unwrap());
    println!("here: {} {:?}", attribution.in_container(), attribution.of(pid));
}

#[test]
fn in_another_pid_namespace_the_drivers_pids_are_nobodys() {
    if !is_root() {
        return;
    }
    let from_here = |before: &[&str], pid: u32| {
        let (program, arguments) = before.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg(std::env::current_exe().unwrap()).args(["--exact", "whose::from_here", "--ignored", "--nocapture"]);
        let output = command.env("WHOSE_PID", pid.to_string()).env_remove(TAG_VARIABLE).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().find_map(|line| line.split_once("here: ")).unwrap_or_else(|| panic!("{said}")).1.to_owned()
    };
    let sleep = Running::sleep();
    let nothing = format!("true {:?}", Known::default());
    assert_eq!(from_here(&["unshare", "--pid", "--fork", "--mount-proc"], 1), nothing, "a process that is there, and another one outside");
    assert_eq!(from_here(&["unshare", "--pid", "--fork", "--mount-proc"], sleep.pid()), nothing);
    let known = without_engine().of(sleep.pid());
    // that much of a container alone changes nothing: as with --pid=host
    assert_eq!(from_here(&["unshare", "--mount", "--net", "--uts", "--ipc", "--cgroup"], sleep.pid()), format!("false {known:?}"));
    // the machine's /proc is still mounted, and pids are other ones all the same
    assert_eq!(from_here(&["unshare", "--pid", "--fork"], sleep.pid()), nothing);
}

#[test]
#[ignore = "a measurement, to be run by hand"]
fn what_a_look_costs() {
    let tagged = |nth: u32| Running::start(Command::new("sleep").arg("1000").env(TAG_VARIABLE, format!("r/i.{nth}/agent")));
    let processes: Vec<Running> = (0..16).map(tagged).chain((0..16).map(|_| Running::sleep())).collect();
    let stage = Stage::start("for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait");
    let mut attribution = without_engine();
    let mut look = || {
        let began = Instant::now();
        let whose: Vec<Known> = processes.iter().map(|process| attribution.of(process.pid())).collect();
        let groups = attribution.groups();
        (began.elapsed(), whose.len() + groups.len())
    };
    let first = look().0;
    // twelve seconds of ticks, as close as ten to a second: with looks at all processes in their places
    let mut ticks = Vec::new();
    while ticks.len() < 120 {
        std::thread::sleep(Duration::from_millis(100));
        ticks.push(look().0);
    }
    ticks.sort();
    let all: Duration = ticks.iter().sum();
    println!("{}: first {first:?}, then median {:?}, most {:?}, mean {:?}", stage.tag, ticks[60], ticks[119], all / 120);
}
