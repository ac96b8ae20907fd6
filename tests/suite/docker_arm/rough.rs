//! Workers and engines that are killed, code of agents that plays tricks, and servers that print without end.

use isobench_tui::docker::arm;
use isobench_tui::docker::endpoint::{Around, Endpoint};
use isobench_tui::docker::{Engine as Way, wait};
use isobench_tui::domain::{AttemptId, ItemId, RunId, Stage};
use isobench_tui::host::launch::{Environment, Found, find, launch};
use isobench_tui::host::process;
use isobench_tui::host::stage_folder::{Command as Kept, Spec};

use super::*;
use crate::support::BINARY;

/// Runs until it is let go.
const WAITS: &str = "mark phase prepare; until_there go; mark client 0";

/// Waits until the worker knows that the script runs: by then the engine has answered that the container is started.
fn begun(worker: &mut Worker) {
    worker.phase(ArmPhase::Prepare);
}

#[test]
fn what_a_killed_worker_left_is_removed_by_the_next_one_and_nothing_of_others_is() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let other = engine.says(&["run", "-d", "--network=host", "--label", "isobench-tui.run=another", IMAGE, "sleep", "1000"]);
    let mut worker = Worker::start(&root, &engine, WAITS, &json!({}));
    begun(&mut worker);
    let left = worker.container();
    worker.killed();
    assert_eq!(inspect(&engine, &left)["State"]["Running"], true);
    let mut next = Worker::again(&engine, &worker.folder);
    wait_until("the next container", || next.progress().is_some_and(|progress| progress.container.is_some_and(|id| id != left)));
    begun(&mut next);
    assert_eq!(containers(&engine).len(), 2);
    next.open("go");
    next.ends(&exited(0));
    assert!(next.said().contains("1 container removed that an earlier try left"), "{}", next.said());
    assert_eq!(engine.says(&["ps", "-aq", "--no-trunc"]), other);
}

#[test]
fn a_run_is_swept_but_for_the_stage_that_is_looked_after() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let mut worker = Worker::start(&root, &engine, WAITS, &json!({}));
    begun(&mut worker);
    let id = worker.container();
    worker.signal(Signal::USR1);
    worker.told("the pause", |progress| progress.paused.map(drop));
    worker.killed();
    let sweep = |keep: Option<Stage>| {
        let run = RunId("2026-11-22_01-02-03-beef".to_owned());
        let attempt = AttemptId { item: ItemId("c-0001".to_owned()), n: 2 };
        let socket = |name: &str| (name == "DOCKER_HOST").then(|| engine.socket());
        let endpoint = Endpoint::find(Around { variable: &socket }).unwrap().remove(0);
        wait(async { arm::sweep(&Way::at(&endpoint).await?, &run, keep.map(|stage| (&attempt, stage))).await }).unwrap()
    };
    assert_eq!(sweep(Some(Stage::Candidate)), [""; 0]);
    assert!(inspect(&engine, &id)["State"]["Paused"] == true);
    assert_eq!(sweep(Some(Stage::Human)), ["isobench-2026-11-22_01-02-03-beef-c-0001.2-candidate"]);
    assert_eq!(sweep(None), [""; 0]);
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn a_keeper_passes_freezes_on_and_where_it_is_killed_its_worker_goes_and_the_container_is_known() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let stage = Worker::ordered(&root, WAITS, &json!({}));
    let argv = [BINARY, "run-arm", stage.to_str().unwrap()].map(str::to_owned).to_vec();
    let env = vec![("DOCKER_HOST".to_owned(), engine.socket())];
    let tag = format!("{}/c-0001.2/candidate", root.display());
    let spec = Spec {
        tag: tag.clone(),
        commands: vec![Kept { argv, cwd: stage.clone(), env, ..Kept::default() }],
        budget_ms: None,
        grace_ms: 10_000,
        oom_score_adj: None,
        pauses_itself: true,
        gpus: Vec::new(),
    };
    let kept = launch(Path::new(BINARY), &stage, &spec, &Environment::Ours(Vec::new())).unwrap();
    wait_until("the script", || fs::metadata(stage.join("io/marks")).is_ok_and(|marks| marks.len() > 0));
    let keeper = Pid::from_raw(kept.pid()).unwrap();
    let state = || engine.says(&["ps", "-a", "--format", "{{.State}}"]);
    kill_process(keeper, Signal::USR1).unwrap();
    wait_until("the pause", || state() == "paused");
    wait_until("that to be told", || kept.frozen_state().unwrap().is_some_and(|state| state.frozen));
    kill_process(keeper, Signal::USR2).unwrap();
    wait_until("the end of the pause", || state() == "running");
    kill_process(keeper, Signal::KILL).unwrap();
    let is_gone = || process::read(kept.pid()).is_none_or(|keeper| keeper.state == process::State::Dead);
    wait_until("the keeper to be gone", is_gone);
    drop(kept);
    match find(&stage).unwrap() {
        Found::Lost(end) => assert!(end.swept >= 1, "{end:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(process::tagged(&tag), [0; 0]);
    assert_eq!(state(), "running");
    Worker::again(&engine, &Worker::ordered(&root, "mark phase prepare", &json!({}))).ends(&exited(0));
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn an_engine_that_is_started_again_with_its_containers_is_waited_for() {
    let (_gone, root) = folder();
    let live = ("DOCKERD_JSON".to_owned(), r#"{"live-restore": true}"#.to_owned());
    let Some(engine) = engine(&root, Options { env: vec![live], ..Options::default() }) else { return };
    let mut goes_on = Worker::start(&root, &engine, WAITS, &json!({}));
    begun(&mut goes_on);
    engine.kill();
    engine.start_again();
    goes_on.open("go");
    goes_on.ends(&exited(0));
    let mut ended = Worker::start(&root, &engine, "mark phase prepare; until_there go; exit 5", &json!({}));
    begun(&mut ended);
    engine.kill();
    ended.open("go");
    engine.start_again();
    ended.ends(&exited(5));
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn an_engine_that_ends_its_containers_when_it_is_started_again_is_what_failed() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let mut worker = Worker::start(&root, &engine, WAITS, &json!({}));
    begun(&mut worker);
    engine.kill();
    engine.start_again();
    let (class, why) = worker.fails();
    assert_eq!((class, why.as_str()), (FailureClass::Killed, "docker was started again while the arm ran, which ended the container"));
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn tricks_with_the_names_of_its_files_lead_nowhere() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let secret = root.join("secret");
    fs::write(&secret, "phase bench\n").unwrap();
    let tricks = format!(
        "mark phase prepare; mark vllm 1; until_there go; busybox rm marks server out err; busybox ln -s {secret} marks
        busybox mkfifo server; busybox ln -s /dev/zero out; busybox mkdir err; busybox ln -s {secret} outcome.json; exit 0",
        secret = secret.display()
    );
    let mut worker = Worker::start(&root, &engine, &tricks, &json!({}));
    begun(&mut worker);
    worker.open("go");
    let outcome = worker.ends(&exited(0));
    assert_eq!(outcome.marks, ["phase prepare", "vllm 1"]);
    assert!(outcome.phases.iter().all(|span| span.phase != ArmPhase::Bench));
    // the next one begins with files of its own, or says why not
    let (_, why) = Worker::again(&engine, &worker.folder).fails();
    assert!(why.starts_with("can't make /") && why.contains("/io/err: Is a directory"), "{why}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "phase bench\n");
}

/// Most memory that it had so far, in kB. Most of that is the program itself, which is large where it is built for tests.
fn peak(worker: &Worker) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.child.id())).unwrap();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok()).unwrap()
}

#[test]
fn a_burst_of_tracebacks_costs_no_memory() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let burst = r#"mark phase prepare; mark phase start; until_there begin
    line='(EngineCore_0 pid=345) ERROR 11-22 03:30:27 [core.py:718]   File "/usr/local/lib/python3.12/site-packages/vllm/v1/engine/core.py", line 709, in run_engine_core'
    for n in 0 1 2 3 4 5 6 7 8; do line="$line
$line"; done
    for n in 0 1 2 3 4; do m=0; while [ $m -lt 82 ]; do echo "$line" >>server; m=$((m + 1)); done; busybox usleep 900000; done
    mark phase ready; until_there go"#;
    let mut worker = Worker::start(&root, &engine, burst, &json!({}));
    worker.phase(ArmPhase::Start);
    let before = peak(&worker);
    worker.open("begin");
    worker.phase(ArmPhase::Ready);
    let printed = worker.told("all of it", |progress| Some(progress.printed).filter(|bytes| *bytes > 33_000_000));
    wait_until("the last of it", || fs::metadata(worker.io("server")).unwrap().len() == printed);
    let after = peak(&worker);
    assert!(after < before + 16_000, "{before} kB became {after} kB");
    worker.open("go");
    worker.ends(&exited(0));
}
