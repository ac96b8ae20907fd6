//! `kill -9` of everything, at any time: whoever comes next comes to the same end, and leaves nothing behind.

use std::fs;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};

use isobench_tui::domain::ArmPhase;
use isobench_tui::host::process;
use serde_json::{Value, json};

use super::{Bench, GOOD_AGENT, Night, SERVING, TOKEN, has};
use crate::campaign::said;
use crate::pty::Pty;
use crate::support::{BINARY, lives, wait_for, wait_until};

/// Slow enough that every phase can be met.
const SLOW: &str = "start_ms = 1200";

fn night(more: &str) -> Option<Night> {
    let command = SERVING.replace("--num-prompts 24 --request-rate 40", "--num-prompts 40 --request-rate 20");
    Night::new(&[Bench::new("0.9.2", &command).told(SLOW)], GOOD_AGENT, more)
}

/// Pid of the process that runs an arm's container.
fn worker(night: &Night) -> i32 {
    let folder = night.campaign.root.display().to_string();
    let is_ours = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        // the keeper has the same words behind its own
        words.get(1).is_some_and(|word| word == "run-arm") && words.get(2).is_some_and(|path| path.starts_with(&folder))
    };
    wait_for("the worker", || process::living(&process::all()).map(|process| process.id.pid).find(|pid| is_ours(*pid)))
}

fn resume(night: &Night) -> Child {
    let next = night.campaign.spawn(&["run", "--resume", "--headless"]);
    wait_until("the next runner", || night.campaign.runner() == i32::try_from(next.id()).ok());
    next
}

fn well(night: &Night, mut runner: Child) {
    let code = runner.wait().unwrap().code();
    assert_eq!(code, Some(0), "{} {:#?}", fs::read_to_string(night.campaign.root.join("said")).unwrap(), night.ends());
    assert_eq!(night.campaign.item(1)["verdict"]["standing"], "beats", "{:#}", night.campaign.item(1));
    assert_eq!(fs::read_to_string(night.campaign.root.join("worked")).unwrap().lines().count(), 1, "no agent works twice");
    for arm in ["human", "baseline", "agent"] {
        assert_eq!(night.result(1, arm)["status"], "success");
    }
    night.assert_clean();
}

#[test]
fn a_runner_that_is_killed_in_any_phase_of_an_arm_is_followed_by_one_that_takes_the_arm_over() {
    let Some(night) = night("") else { return };
    let mut runner = night.spawn();
    let at = [
        ("human", ArmPhase::Create),
        ("human", ArmPhase::Weights),
        ("baseline", ArmPhase::Start),
        ("baseline", ArmPhase::Bench),
        ("candidate", ArmPhase::Graphs),
        ("candidate", ArmPhase::Stop),
    ];
    for (adopted, (stage, phase)) in at.into_iter().enumerate() {
        wait_until("the stage", || night.campaign.facts_of("stage_started").iter().any(|fact| fact["stage"] == stage));
        night.in_phase(1, 1, stage, phase);
        runner.kill().unwrap();
        runner.wait().unwrap();
        runner = resume(&night);
        wait_until("the arm's new runner", || night.campaign.facts_of("stage_adopted").len() > adopted.min(4));
    }
    well(&night, runner);
    assert_eq!(night.campaign.item(1)["attempts"], 1);
}

#[test]
fn a_worker_or_a_keeper_that_is_killed_leaves_a_container_that_the_next_one_removes() {
    let Some(night) = night("") else { return };
    let mut runner = night.spawn();
    night.in_phase(1, 1, "human", ArmPhase::Bench);
    let inspected = night.engine.says(&["inspect", night.engine.says(&["ps", "-q"]).lines().next().unwrap()]);
    assert!((1..=2).contains(&inspected.matches(TOKEN).count()), "the token is in its environment, by one or two names: {inspected}");
    assert_eq!(inspected.matches(TOKEN).count(), inspected.matches(&format!("TOKEN={TOKEN}")).count(), "{inspected}");
    let worker_ = worker(&night);
    night.campaign.kill(worker_);
    // tried again by itself, as what was killed is
    wait_until("the second try", || night.campaign.facts_of("stage_started").iter().any(|fact| fact["stage"] == "human" && fact["n"] == 2));
    night.in_phase(1, 2, "human", ArmPhase::Bench);
    assert_eq!(night.containers().lines().count(), 1, "{}", night.containers());
    // it would come to its end while we look
    night.engine.says(&["pause", night.engine.says(&["ps", "-q"]).trim()]);
    let (keeper, worker_) = (night.campaign.keeper(), worker(&night));
    runner.kill().unwrap();
    runner.wait().unwrap();
    for pid in [keeper, worker_] {
        if lives(pid) {
            night.campaign.kill(pid);
        }
    }
    assert_left(&night);
    well(&night, resume(&night));
    assert_eq!(night.campaign.status()["left_behind"], Value::Null);
}

/// Whoever looks at the run is told of its container, and an engine that can't be asked is no reason to be silent.
fn assert_left(night: &Night) {
    let (run, id) = (night.campaign.folder().run_id(), night.engine.says(&["ps", "-q"]).trim().to_owned());
    let says = format!("container {id} ('human' of c-0001) still runs, without runner and keeper");
    let todo = format!("`isobench-tui run --resume {run}` removes it and measures anew, or `docker rm -f {id}`");
    let sentence = format!("{says}: {todo}");
    assert_eq!(night.campaign.status()["left_behind"], sentence);
    let all = |arguments: &[&str]| said(&night.campaign.run(arguments));
    assert!(all(&["status"]).contains(&sentence), "{}", all(&["status"]));
    assert!(all(&["status"]).contains("1 item: 1 interrupted") && !all(&["status"]).contains("human: "), "{}", all(&["status"]));
    assert!(all(&["ls"]).contains(&format!("run {run}: {sentence}")), "{}", all(&["ls"]));
    let rows: Value = serde_json::from_slice(&night.campaign.run(&["doctor", "--format", "json"]).stdout).unwrap();
    let row = rows["rows"].as_array().unwrap().iter().find(|row| row["says"] == format!("run {run}: {says}"));
    assert_eq!(row.map(|row| (row["check"].clone(), row["fix"].clone())), Some((json!("warning"), json!(todo))), "{rows:#}");
    let silent = night.campaign.root.join("silent.sock");
    let _silent = UnixListener::bind(&silent).unwrap();
    for (socket, why) in [(Path::new("/nowhere.sock"), "there is no docker here"), (&silent, "docker does not answer in time")] {
        let socket = format!("unix://{}", socket.display());
        let told = night.campaign.command(&["status"]).env("DOCKER_HOST", socket).output().unwrap();
        let expected = format!("whether a container of this run still runs can't be told: {why}");
        assert!(said(&told).contains(&expected), "{}", said(&told));
    }
    let mut screen = Pty::spawn(&night.campaign.command(&["attach"]), 120, 40);
    screen.wait_until("the container, and what to do", |text| text.contains(&format!("container {id}")) && text.contains("c removes it"));
    screen.press("d");
    screen.wait_end();
    let mut screen = Pty::spawn(&night.campaign.command(&[]), 120, 40);
    screen.wait_until("the same on the start screen", |text| text.contains(&format!("container {id}")) && text.contains("c removes it"));
    screen.press("q");
    screen.wait_end();
}

#[test]
fn runners_that_are_killed_after_any_fact_come_to_the_same_end_in_the_end() {
    let Some(night) = Night::new(&[Bench::new("0.9.2", SERVING)], GOOD_AGENT, "") else { return };
    let (mut at, mut deaths) = (9, 0);
    loop {
        let arguments: &[&str] = if deaths == 0 { &["run", "--headless"] } else { &["run", "--resume", "--headless"] };
        let output = night.campaign.command(arguments).env("ISOBENCH_DIE_AFTER", at.to_string()).output().unwrap();
        if output.status.signal() != Some(9) {
            assert_eq!(output.status.code(), Some(0), "{} {:#?}", said(&output), night.ends());
            break;
        }
        deaths += 1;
        // what a runner writes before it gets on may be as many facts as it is given: one more each time
        at = night.campaign.facts().len() + 4 + deaths;
    }
    assert!(deaths > 5, "{deaths}");
    assert_eq!(night.campaign.item(1)["verdict"]["standing"], "beats", "{:#}", night.campaign.item(1));
    night.assert_clean();
}

/// The program on a machine that was booted anew: nothing but the id of the boot tells.
fn after_a_reboot(night: &Night, boot: &Path) -> Command {
    let program = night.campaign.command(&["run", "--resume", "--headless"]);
    let mut command = Command::new("unshare");
    let script = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
    command.args(["-m", "sh", "-c", script]).arg(boot).arg(BINARY).args(program.get_args()).current_dir(&night.campaign.root);
    night.campaign.dress(&mut command);
    command
}

#[test]
fn after_a_reboot_nothing_is_taken_over_and_the_arm_is_measured_again() {
    let Some(night) = night("") else { return };
    let mut runner = night.spawn();
    night.in_phase(1, 1, "candidate", ArmPhase::Bench);
    let (keeper, worker) = (night.campaign.keeper(), worker(&night));
    runner.kill().unwrap();
    runner.wait().unwrap();
    for pid in [keeper, worker] {
        if lives(pid) {
            night.campaign.kill(pid);
        }
    }
    night.engine.kill();
    night.engine.start_again();
    let boot = night.campaign.root.join("boot_id");
    fs::write(&boot, "00000000-aaaa-bbbb-cccc-000000000000\n").unwrap();
    let output = after_a_reboot(&night, &boot).output().unwrap();
    assert!(has(&output.stdout, "1 done"), "{} {:#?}", said(&output), night.ends());
    let boots: Vec<_> = night.campaign.facts_of("runner_started").into_iter().map(|fact| fact["boot"].clone()).collect();
    assert_ne!(boots[0], boots[1], "the boots look alike: {boots:?}");
    assert!(night.campaign.facts_of("stage_adopted").is_empty());
    assert_eq!(night.campaign.item(1)["verdict"]["standing"], "beats", "{:#}", night.campaign.item(1));
    night.assert_clean();
}
