//! Runners and keepers that die, and those that come after them.

use super::*;

#[test]
fn when_the_keeper_is_killed_its_tree_is_killed_and_the_end_is_lost() {
    let stage = Stage::of(&["setsid sh -c 'echo $$ >there; exec sleep 100' & env -i sh -c 'echo $$ >bare; exec sleep 100' & wait"]);
    let kept = stage.launch();
    let pids = [pid_in(&stage.work("there")), pid_in(&stage.work("bare"))];
    kill_process(Pid::from_raw(kept.pid()).unwrap(), Signal::KILL).unwrap();
    let end = end_of(&kept);
    assert_eq!((&end.cause, end.swept), (&EndCause::Lost, 3));
    wait_until("both to be gone", || pids.map(lives) == [false, false]);
    assert_eq!(StageFolder::at(&stage.at).end().unwrap(), Some(end));
}

#[test]
fn a_killed_keepers_command_without_environment_is_found_by_its_session() {
    let stage = Stage::of(&["exec env -i sh -c 'echo $$ >bare; exec sleep 100'"]);
    let kept = stage.launch();
    let bare = pid_in(&stage.work("bare"));
    kill_process(Pid::from_raw(kept.pid()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(end_of(&kept).swept, 1);
    assert!(!lives(bare));
}

#[test]
fn a_restarted_runner_clears_up_after_a_killed_keeper() {
    let stage = Stage::of(&["setsid sh -c 'echo $$ >there; exec sleep 100' & wait"]);
    let kept = stage.launch();
    let there = pid_in(&stage.work("there"));
    kill_process(Pid::from_raw(kept.pid()).unwrap(), Signal::KILL).unwrap();
    wait_until("the keeper's death", || !lives(kept.pid()));
    let Found::Lost(end) = find(&stage.at).unwrap() else { panic!("it was not lost") };
    assert_eq!((end.cause.clone(), end.swept), (EndCause::Lost, 2));
    assert!(!lives(there));
    assert!(matches!(find(&stage.at).unwrap(), Found::Ended(again) if again == end));
}

#[test]
fn nothing_of_another_boot_is_touched() {
    let stage = Stage::of(&["true"]);
    let mut other = std::process::Command::new("sleep").arg("100").env(process::TAG_VARIABLE, &stage.spec.tag).spawn().unwrap();
    let folder = StageFolder::at(&stage.at);
    folder.create().unwrap();
    folder.write_spec(&stage.spec).unwrap();
    let id = process::identity(i32::try_from(other.id()).unwrap()).unwrap();
    folder
        .write_keeper(&KeeperState {
            id: process::Identity { start_ticks: 0, ..id },
            boot: "another".into(),
            frozen: false,
            frozen_ms: 0,
            waits: None,
        })
        .unwrap();
    assert!(matches!(find(&stage.at).unwrap(), Found::Lost(end) if end.swept == 0));
    assert!(lives(id.pid));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_keeper_that_comes_too_late_does_nothing() {
    let stage = Stage::of(&["echo $$ >ran"]);
    let folder = StageFolder::at(&stage.at);
    folder.create().unwrap();
    folder.write_spec(&stage.spec).unwrap();
    let lock = folder.lock().unwrap();
    let mut keeper = std::process::Command::new(BINARY).arg("keeper").arg(&stage.at).spawn().unwrap();
    let keeper_pid = i32::try_from(keeper.id()).unwrap();
    wait_until("the keeper to wait for the lock", || {
        fs::read_to_string("/proc/locks")
            .unwrap()
            .lines()
            .any(|line| line.contains("-> FLOCK") && line.contains(&format!(" {keeper_pid} ")))
    });
    // the runner gives the stage up while the keeper waits
    let end = ChildEnd { cause: EndCause::Lost, command: 0, duration_ms: 0, frozen_ms: 0, swept: 0 };
    folder.write_end(&end, &lock).unwrap();
    drop(lock);
    assert!(keeper.wait().unwrap().success());
    assert!(!stage.work("ran").exists() && folder.keeper().unwrap().is_none());
    assert_eq!(folder.end().unwrap(), Some(end));
}

#[test]
fn a_stage_whose_keeper_never_came_is_given_up() {
    let stage = Stage::of(&["true"]);
    assert!(matches!(find(&stage.at).unwrap(), Found::Lost(_)));
    let refused = launch(Path::new(BINARY), &stage.at, &stage.spec, &Environment::Ours(Vec::new()));
    assert!(matches!(refused, Err(LaunchError::Used { .. })));
}

#[test]
fn another_runner_finds_the_stage_alive_and_later_its_end() {
    let stage = Stage::of(&["echo $$ >here; until [ -e go ]; do sleep 0.01; done; exit 5"]);
    let spec = stage.at.with_file_name("spec");
    fs::write(&spec, serde_json::to_string(&stage.spec).unwrap()).unwrap();
    // the first runner is another process, which is gone before we look
    let launched = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keeper::adopt::stand_in_for_the_first_runner", "--ignored", "--nocapture"])
        .envs([("KEEPER_STAGE", &stage.at), ("KEEPER_SPEC", &spec)])
        .output()
        .unwrap();
    assert!(launched.status.success(), "{}", String::from_utf8_lossy(&launched.stdout));
    pid_in(&stage.work("here"));
    let Found::Alive(kept) = find(&stage.at).unwrap() else { panic!("it is not alive") };
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || frozen(&kept));
    drop(kept);
    let Found::Alive(kept) = find(&stage.at).unwrap() else { panic!("it is not alive any more") };
    wait_on(kept.thaw()).unwrap();
    fs::write(stage.work("go"), "").unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 5 });
    assert!(matches!(find(&stage.at).unwrap(), Found::Ended(end) if end.cause == EndCause::Exited { code: 5 }));
}

#[test]
#[ignore = "run by another test, as a process of its own"]
fn stand_in_for_the_first_runner() {
    let (Some(stage), Some(spec)) = (std::env::var_os("KEEPER_STAGE"), std::env::var_os("KEEPER_SPEC")) else { return };
    let spec: Spec = serde_json::from_slice(&fs::read(spec).unwrap()).unwrap();
    launch(Path::new(BINARY), Path::new(&stage), &spec, &Environment::Ours(Vec::new())).unwrap();
}
