//! The whole tree of a stage: budgets, stops, freezes and what is left behind.

use super::*;

#[test]
fn a_spent_budget_kills_the_whole_tree_the_deaf_and_the_departed_too() {
    let mut stage = Stage::of(&[
        "setsid sh -c 'echo $$ >gone; exec sleep 100' & sh -c 'trap \"\" TERM; echo $$ >deaf; while :; do sleep 100; done' & wait",
    ]);
    stage.spec.budget_ms = Some(600);
    stage.spec.grace_ms = 100;
    let kept = stage.launch();
    let pids = [pid_in(&stage.work("gone")), pid_in(&stage.work("deaf"))];
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Deadline);
    assert!((600..2500).contains(&end.duration_ms), "{end:?}");
    assert!(end.swept >= 1, "the deaf one had to be killed: {end:?}");
    assert_eq!(pids.map(lives), [false, false]);
    assert_eq!(process::tagged(&stage.spec.tag), Vec::<i32>::new());
}

#[test]
fn the_budget_is_for_all_commands_together() {
    let mut stage = Stage::of(&["sleep 0.6", "sleep 100"]);
    // the first one alone has time enough on a busy machine too
    stage.spec.budget_ms = Some(3000);
    let end = stage.run();
    assert_eq!((end.cause, end.command), (EndCause::Deadline, 1));
    assert!((3000..10_000).contains(&end.duration_ms), "{}", end.duration_ms);
}

#[test]
fn what_the_command_leaves_behind_ends_with_the_stage_and_is_counted() {
    let stage =
        Stage::of(&["(setsid sh -c 'echo $$ >daemon; exec sleep 100' &) ; sleep 100 & until [ -s daemon ]; do sleep 0.01; done; exit 3"]);
    let kept = stage.launch();
    let end = end_of(&kept);
    assert_eq!((end.cause, end.swept), (EndCause::Exited { code: 3 }, 2));
    assert!(!lives(pid_in(&stage.work("daemon"))));
}

#[test]
fn a_process_without_its_environment_is_still_found() {
    let stage = Stage::of(&["(env -i setsid sh -c 'echo $$ >daemon; exec sleep 100' &) ; until [ -s daemon ]; do sleep 0.01; done"]);
    assert_eq!(stage.run().swept, 1);
    assert!(!lives(pid_in(&stage.work("daemon"))));
}

#[test]
fn a_tagged_process_that_descends_from_somebody_else_is_swept() {
    let stage = Stage::of(&["echo $$ >here; until [ -e go ]; do sleep 0.01; done"]);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    let mut stray = std::process::Command::new("sleep").arg("100").env(process::TAG_VARIABLE, &stage.spec.tag).spawn().unwrap();
    fs::write(stage.work("go"), "").unwrap();
    let end = end_of(&kept);
    assert_eq!((end.cause, end.swept), (EndCause::Exited { code: 0 }, 1));
    assert!(!stray.wait().unwrap().success());
}

/// Two processes that count up, one of them in a session of its own.
const COUNTERS: &str = "count() { echo $$ >$1.pid; while :; do echo x >>$1; sleep 0.01; done; }
    setsid sh -c 'echo $$ >far.pid; while :; do echo x >>far; sleep 0.01; done' & count near";

fn sizes(stage: &Stage) -> [u64; 2] {
    ["near", "far"].map(|name| fs::metadata(stage.work(name)).map_or(0, |file| file.len()))
}

#[test]
fn a_frozen_stage_stands_still_costs_no_budget_and_goes_on() {
    let mut stage = Stage::of(&[COUNTERS]);
    stage.spec.budget_ms = Some(1_500);
    let kept = stage.launch();
    let pids = ["near.pid", "far.pid"].map(|name| pid_in(&stage.work(name)));
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || frozen(&kept));
    for pid in process::descendants(kept.pid()) {
        // a shell between vfork and exec waits in `D`, and will stop before it runs again
        assert!(matches!(state_of(pid), Some('T' | 'D')), "process {pid}: {:?}", state_of(pid));
    }
    assert!(pids.iter().all(|pid| process::descendants(kept.pid()).contains(pid)));
    let before = sizes(&stage);
    std::thread::sleep(Duration::from_millis(1_700)); // longer than the budget
    assert_eq!(sizes(&stage), before, "something went on writing");
    wait_on(kept.thaw()).unwrap();
    wait_until("both to go on", || sizes(&stage).iter().zip(before).all(|(now, before)| *now > before));
    // they go on before it is written that they do
    wait_until("that to be told", || !frozen(&kept));
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Deadline);
    assert!(end.frozen_ms >= 1_700 && end.duration_ms >= 3_200, "{end:?}");
}

/// A command that pauses itself: it writes down what it is told, and goes on.
const PAUSES: &str = "trap 'echo paused >>told' USR1; trap 'echo on >>told' USR2; trap 'echo bye >>told; exit 0' TERM
    echo $$ >here; while :; do echo x >>beats; sleep 0.01; done";

#[test]
fn a_command_that_pauses_itself_is_told_and_not_stopped_and_the_time_does_not_count() {
    let mut stage = Stage::of(&[&format!("echo $$ >begun; sleep 0.3; {PAUSES}")]);
    stage.spec.pauses_itself = true;
    stage.spec.budget_ms = Some(1_200);
    let kept = stage.launch();
    pid_in(&stage.work("begun"));
    // before it listens: the signal waits for it, and does not end it
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || frozen(&kept));
    let main = pid_in(&stage.work("here"));
    let told = || fs::read_to_string(stage.work("told")).unwrap_or_default();
    wait_until("the command to know", || told() == "paused\n");
    assert_ne!(state_of(main), Some('T'));
    let before = fs::metadata(stage.work("beats")).unwrap().len();
    std::thread::sleep(Duration::from_millis(1_500)); // longer than the budget
    assert!(fs::metadata(stage.work("beats")).unwrap().len() > before, "it was stopped");
    wait_on(kept.thaw()).unwrap();
    wait_until("the command to know", || told() == "paused\non\n");
    assert!(!frozen(&kept));
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Deadline);
    assert!(end.frozen_ms >= 1_500 && end.duration_ms >= 2_700, "{end:?}");
}

#[test]
fn a_command_that_paused_itself_is_asked_to_end_as_any_other() {
    let mut stage = Stage::of(&[PAUSES]);
    stage.spec.pauses_itself = true;
    stage.spec.grace_ms = 5_000;
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || frozen(&kept));
    wait_on(kept.stop()).unwrap();
    let end = end_of(&kept);
    assert_eq!((&end.cause, end.swept), (&EndCause::Stopped, 0));
    assert_eq!(fs::read_to_string(stage.work("told")).unwrap(), "paused\nbye\n");
}

#[test]
fn a_stage_is_stopped_while_it_is_frozen() {
    let stage = Stage::of(&[COUNTERS]);
    let kept = stage.launch();
    let pids = ["near.pid", "far.pid"].map(|name| pid_in(&stage.work(name)));
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || frozen(&kept));
    wait_on(kept.stop()).unwrap();
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Stopped);
    assert_eq!(pids.map(lives), [false, false]);
}

#[test]
fn a_stop_gives_the_tree_time_to_clean_up() {
    let mut stage = Stage::of(&["trap 'echo bye >bye; exit 0' TERM; echo $$ >here; while :; do sleep 0.01; done"]);
    stage.spec.grace_ms = 5000;
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    wait_on(kept.stop()).unwrap();
    let end = end_of(&kept);
    assert_eq!((&end.cause, end.swept), (&EndCause::Stopped, 0));
    assert!(end.duration_ms < 3000, "it waited for the whole grace: {end:?}");
    assert_eq!(fs::read_to_string(stage.work("bye")).unwrap(), "bye\n");
}

#[test]
fn a_stop_right_after_the_launch_is_not_lost() {
    for _ in 0..5 {
        let stage = Stage::of(&["sleep 100"]);
        let kept = stage.launch();
        wait_on(kept.stop()).unwrap();
        assert_eq!(end_of(&kept).cause, EndCause::Stopped);
    }
}

#[test]
fn a_stop_between_commands_starts_no_other() {
    let mut stage = Stage::of(&["echo $$ >here; trap '' TERM; until [ -e go ]; do sleep 0.01; done", "echo $$ >second"]);
    stage.spec.grace_ms = 5000;
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    wait_on(kept.stop()).unwrap();
    fs::write(stage.work("go"), "").unwrap();
    let end = end_of(&kept);
    assert_eq!((end.cause, end.command), (EndCause::Stopped, 0));
    assert!(!stage.work("second").exists());
}

/// A stage of two commands whose keeper finds the first one's end and a signal at once.
fn signalled_between_commands(signal: Signal) -> (Stage, Kept) {
    let stage = Stage::of(&["echo $$ >first; until [ -e go ]; do sleep 0.01; done", "echo $$ >second"]);
    let kept = stage.launch();
    let first = pid_in(&stage.work("first"));
    let keeper = Pid::from_raw(kept.pid()).unwrap();
    kill_process(keeper, Signal::STOP).unwrap();
    fs::write(stage.work("go"), "").unwrap();
    wait_until("the first command's end", || state_of(first) == Some('Z'));
    kill_process(keeper, signal).unwrap();
    kill_process(keeper, Signal::CONT).unwrap();
    (stage, kept)
}

#[test]
fn a_stop_that_meets_the_end_of_a_command_starts_no_other() {
    let (stage, kept) = signalled_between_commands(Signal::TERM);
    let end = end_of(&kept);
    assert_eq!((end.cause, end.command), (EndCause::Stopped, 0));
    assert!(!stage.work("second").exists());
}

#[test]
fn a_freeze_that_meets_the_end_of_a_command_holds_the_next_one_back() {
    let (stage, kept) = signalled_between_commands(Signal::USR1);
    wait_until("the freeze", || frozen(&kept));
    std::thread::sleep(Duration::from_millis(100));
    assert!(!stage.work("second").exists());
    wait_on(kept.thaw()).unwrap();
    assert_eq!(end_of(&kept).command, 1);
    assert!(stage.work("second").exists());
}

#[test]
fn a_loop_of_forks_is_killed_to_the_last_one() {
    let mut stage = Stage::of(&["i=0; while [ $i -lt 2000 ]; do sleep 100 & i=$((i+1)); [ $i -eq 100 ] && echo $$ >here; done; wait"]);
    stage.spec.grace_ms = 0;
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    wait_on(kept.stop()).unwrap();
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Stopped);
    assert!(end.swept >= 100, "{end:?}");
    assert_eq!(process::tagged(&stage.spec.tag), Vec::<i32>::new());
}

#[test]
fn processes_that_fork_and_die_without_pause_are_killed() {
    let stage = Stage::of(&["sh ./hop 0; until [ -s hops ]; do sleep 0.01; done"]);
    fs::write(stage.work("hop"), "[ $1 -gt 500 ] || sh ./hop $(($1+1)) & echo x >>hops").unwrap();
    let end = stage.run();
    assert_eq!(end.cause, EndCause::Exited { code: 0 });
    let hops = fs::metadata(stage.work("hops")).unwrap().len();
    assert_eq!(process::tagged(&stage.spec.tag), Vec::<i32>::new());
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(fs::metadata(stage.work("hops")).unwrap().len(), hops, "it still hops");
}
