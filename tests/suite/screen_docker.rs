//! The machine's screen in a real terminal, with a real engine: looked at, and pruned through the dialog.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::Path;
use std::process::Command;

use isobench_tui::domain::RunId;
use isobench_tui::host::clock;
use isobench_tui::ledger::{RunFolder, Writer};
use jiff::SignedDuration;
use rustix::process::{Pid, Signal, kill_process};

use crate::engine::{Driver, Engine, Options};
use crate::pty::Pty;
use crate::screen_runs::{Story, finished};
use crate::support::{BINARY, folder, wait_until};

/// A run below a harness root, and what holds its lock.
fn run(root: &Path, story: &Story) -> (RunFolder, Writer) {
    let run = RunFolder::of(root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    let begin = clock::now() - SignedDuration::from_secs(i64::try_from(story.now()).unwrap());
    let writer = story.write(&run, begin);
    let manifest = format!(r#"{{"format":1,"root":{:?},"config":{{}}}}"#, root.display().to_string());
    fs::write(run.manifest(), manifest).unwrap();
    (run, writer)
}

fn attach(root: &Path, run: &RunFolder, docker: &str) -> Pty {
    let mut command = Command::new(BINARY);
    command.arg("attach").arg(run.path()).current_dir(root).env("DOCKER_HOST", docker);
    command.env("XDG_STATE_HOME", root.join("home-state")).env("XDG_CONFIG_HOME", root.join("home-config"));
    Pty::spawn(&command, 120, 40)
}

/// To the half with disks and images: the GPUs and the processes come before it.
fn docker_half(screen: &mut Pty) {
    screen.press("4");
    screen.wait_for("o: processes");
    screen.press("oo");
}

#[test]
fn images_are_looked_at_and_ours_are_pruned_through_the_dialog() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::default()) else { return };
    for name in ["ours:1", "theirs:1"] {
        engine.import_busybox(name);
    }
    let id = engine.says(&["images", "-q", "--no-trunc", "ours:1"]).trim().to_owned();
    let docker = root.join("state/docker");
    fs::create_dir_all(&docker).unwrap();
    let line = |event: &str, rest: &str| {
        let head = r#"{"at":"2026-11-21T09:30:12Z","run":"2026-11-20_18-00-01-77aa","item":"vllm_core-0001","event":"#;
        format!("{head}\"{event}\",\"reference\":\"ours:1\",{rest}}}\n")
    };
    let pulled = format!(r#""id":"{id}","digest":"sha256:00","bytes":1"#);
    fs::write(docker.join("images.jsonl"), line("pulling", r#""present":false"#) + &line("pulled", &pulled)).unwrap();

    let (run, _writer) = run(&root, &finished());
    let mut screen = attach(&root, &run, &engine.socket());
    screen.wait_for("4 machine");
    docker_half(&mut screen);
    screen.wait_for("vfs");
    screen.wait_until("both images, and whose they are", |text| {
        let said = |name: &str, whose: &str| text.lines().any(|line| line.contains(name) && line.contains(whose));
        said("ours:1", "pulled by 2026-11-20_18-00-01-77aa") && said("theirs:1", "not ours")
    });
    screen.press("D");
    screen.wait_for("dry run: nothing is removed yet");
    screen.wait_until("what goes and what stays", |text| {
        let said = |word: &str, name: &str| text.lines().any(|line| line.contains(word) && line.contains(name));
        said("goes", "ours:1") && said("stays", "theirs:1")
    });
    screen.press("y");
    screen.wait_for("1 of 1");
    wait_until("it is gone", || engine.says(&["images", "-q", "ours:1"]).trim().is_empty());
    assert!(!engine.says(&["images", "-q", "theirs:1"]).trim().is_empty());
    // whoever looks at another screen sees the same
    let mut other = attach(&root, &run, &engine.socket());
    other.wait_for("4 machine");
    docker_half(&mut other);
    other.wait_for("prune: images of our runs (begun at a screen)");
    other.wait_for("done");
}

#[test]
fn an_engine_that_hangs_is_said_to_and_comes_back() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    engine.import_busybox("here:1");
    let (run, _writer) = run(&root, &finished());
    let mut screen = attach(&root, &run, &engine.socket());
    screen.wait_for("4 machine");
    docker_half(&mut screen);
    screen.wait_for("here:1");
    let pid = fs::read_to_string(root.join("engine-overlay2/dockerd.pid")).unwrap();
    let dockerd = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(dockerd, Signal::STOP).unwrap();
    screen.wait_for("docker does not answer in time");
    // what it said before stays, with its age, and the screen is alive
    screen.wait_until("what it said before", |text| text.contains("here:1") && text.contains("as it was "));
    screen.press("1");
    screen.wait_gone("as it was ");
    screen.press("4");
    screen.wait_for("docker does not answer in time");
    kill_process(dockerd, Signal::CONT).unwrap();
    screen.wait_gone("docker does not answer in time");
    screen.wait_until("what it says now", |text| text.contains("here:1") && !text.contains("as it was "));
}

#[test]
fn without_an_engine_the_screen_says_what_to_do() {
    let (_gone, root) = folder();
    let (run, _writer) = run(&root, &finished());
    let socket = format!("unix://{}", root.join("none.sock").display());
    let mut screen = attach(&root, &run, &socket);
    screen.wait_for("4 machine");
    docker_half(&mut screen);
    screen.wait_for("there is no docker here");
    screen.wait_for("start it (sudo systemctl start docker)");
    // the disks are looked at all the same
    screen.wait_for("free of");
    screen.press("D");
    screen.wait_for("Prune images of our runs");
    screen.wait_for("no docker");
}
