//! The keeper through the real program: real processes, real signals, real files.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isobench_tui::domain::{ChildEnd, EndCause};
use isobench_tui::host::launch::{Environment, Found, Kept, LaunchError, find, launch};
use isobench_tui::host::process::{self, State};
use isobench_tui::host::stage_folder::{Command, KeeperState, Spec, StageFolder};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{BINARY, folder, lives, pid_in, state_of, wait_for, wait_until};

/// A stage of the test's own, whose leftovers are killed when a test fails.
struct Stage {
    _folder: tempfile::TempDir,
    at: PathBuf,
    spec: Spec,
}

impl Stage {
    /// A stage of shell scripts, run one after another in a folder of their own.
    fn of(scripts: &[&str]) -> Self {
        let (folder, base) = folder();
        let work = base.join("work");
        fs::create_dir(&work).unwrap();
        let commands = scripts
            .iter()
            .map(|script| Command { argv: ["sh", "-c", script].map(str::to_owned).to_vec(), cwd: work.clone(), ..Command::default() })
            .collect();
        let spec = Spec { tag: format!("test:{}", base.display()), commands, budget_ms: None, grace_ms: 300, oom_score_adj: None };
        Self { _folder: folder, at: base.join("stage"), spec }
    }

    fn launch(&self) -> Kept {
        launch(Path::new(BINARY), &self.at, &self.spec, &Environment::Ours(Vec::new())).unwrap()
    }

    fn run(&self) -> ChildEnd {
        end_of(&self.launch())
    }

    /// A file in the commands' working folder.
    fn work(&self, name: &str) -> PathBuf {
        self.spec.commands[0].cwd.join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at.join(name)).unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for pid in process::tagged(&self.spec.tag) {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// Runs something on a runtime as the runner's is.
fn wait_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn end_of(kept: &Kept) -> ChildEnd {
    wait_on(kept.ended()).unwrap()
}

fn frozen(kept: &Kept) -> bool {
    kept.frozen_state().unwrap().is_some_and(|state| state.frozen)
}

#[test]
fn the_exit_code_is_reported_as_it_is() {
    let end = Stage::of(&["exit 7"]).run();
    assert_eq!((end.cause, end.command, end.swept), (EndCause::Exited { code: 7 }, 0, 0));
}

#[test]
fn a_signal_from_outside_is_reported_as_one() {
    let end = Stage::of(&["kill -SEGV $$"]).run();
    assert_eq!(end.cause, EndCause::Signalled { signal: 11 });
}

#[test]
fn a_missing_program_a_missing_folder_and_a_plain_file_are_told_apart() {
    let why = |change: &dyn Fn(&mut Command)| {
        let mut stage = Stage::of(&["true"]);
        fs::write(stage.work("plain"), "echo").unwrap();
        fs::write(stage.work("script"), "#!/no/such/shell\n").unwrap();
        fs::set_permissions(stage.work("script"), fs::Permissions::from_mode(0o700)).unwrap();
        change(&mut stage.spec.commands[0]);
        match stage.run().cause {
            EndCause::NotStarted { error } => error,
            other => panic!("it was started: {other:?}"),
        }
    };
    let missing = why(&|command| command.argv = vec!["no-such-program-1".into()]);
    assert!(missing.starts_with("program no-such-program-1: No such file"), "{missing}");
    let folder = why(&|command| command.cwd = "/no/such/folder".into());
    assert!(folder.starts_with("working folder /no/such/folder: No such file"), "{folder}");
    let file = why(&|command| command.cwd.push("plain"));
    assert!(file.contains("working folder") && file.contains("not a directory"), "{file}");
    let plain = why(&|command| command.argv = vec!["./plain".into()]);
    assert!(plain.starts_with("program ./plain: Permission denied"), "{plain}");
    let script = why(&|command| command.argv = vec!["./script".into()]);
    assert!(script.starts_with("program ./script: the interpreter"), "{script}");
    let input = why(&|command| command.stdin = Some("/no/such/input".into()));
    assert!(input.starts_with("input /no/such/input: No such file"), "{input}");
    let empty = why(&|command| command.argv.clear());
    assert_eq!(empty, "the command is empty");
}

#[test]
fn a_spent_budget_kills_the_whole_tree_the_deaf_and_the_departed_too() {
    let mut stage = Stage::of(&[
        "setsid sh -c 'echo $$ >gone; exec sleep 100' & sh -c 'trap \"\" TERM; echo $$ >deaf; while :; do sleep 100; done' & wait",
    ]);
    stage.spec.budget_ms = Some(300);
    stage.spec.grace_ms = 100;
    let kept = stage.launch();
    let pids = [pid_in(&stage.work("gone")), pid_in(&stage.work("deaf"))];
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Deadline);
    assert!((300..2500).contains(&end.duration_ms), "{end:?}");
    assert!(end.swept >= 1, "the deaf one had to be killed: {end:?}");
    assert_eq!(pids.map(lives), [false, false]);
    assert_eq!(process::tagged(&stage.spec.tag), Vec::<i32>::new());
}

#[test]
fn the_budget_is_for_all_commands_together() {
    let mut stage = Stage::of(&["sleep 0.25", "sleep 100"]);
    stage.spec.budget_ms = Some(400);
    let end = stage.run();
    assert_eq!((end.cause, end.command), (EndCause::Deadline, 1));
    assert!((400..600).contains(&end.duration_ms), "{}", end.duration_ms);
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
    stage.spec.budget_ms = Some(700);
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
    std::thread::sleep(Duration::from_millis(900)); // longer than the budget
    assert_eq!(sizes(&stage), before, "something went on writing");
    wait_on(kept.thaw()).unwrap();
    wait_until("both to go on", || sizes(&stage).iter().zip(before).all(|(now, before)| *now > before));
    assert!(!frozen(&kept));
    let end = end_of(&kept);
    assert_eq!(end.cause, EndCause::Deadline);
    assert!(end.frozen_ms >= 900 && end.duration_ms >= 1600, "{end:?}");
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
    folder.write_keeper(&KeeperState { id, boot: "another".into(), frozen: false, frozen_ms: 0 }).unwrap();
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
        .args(["--exact", "keeper::stand_in_for_the_first_runner", "--ignored", "--nocapture"])
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

#[test]
fn commands_run_in_sequence_each_into_its_own_file() {
    let mut stage = Stage::of(&["echo one; echo first >&2", "cat; exit 1", "echo three; echo third >&2; exit 4", "echo four"]);
    fs::write(stage.work("input"), "from a file\n").unwrap();
    stage.spec.commands[1].stdin = Some(stage.work("input"));
    stage.spec.commands[1].stdout = Some("two.txt".into());
    stage.spec.commands[1].allow_codes = vec![1];
    let end = stage.run();
    assert_eq!((end.cause, end.command), (EndCause::Exited { code: 4 }, 2));
    assert_eq!(stage.read("out"), "one\nthree\n");
    assert_eq!(stage.read("two.txt"), "from a file\n");
    assert_eq!(stage.read("err"), "first\nthird\n");
    for name in ["out", "err", "two.txt", "lock", "spec.json", "keeper.json", "exit.json"] {
        assert_eq!(fs::metadata(stage.at.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(&stage.at).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn secrets_reach_the_command_and_no_file() {
    let mut stage = Stage::of(&["echo \"$API_KEY $PLAIN $ISOBENCH_STAGE_ID\" | tr a-z A-Z; env | wc -l"]);
    stage.spec.commands[0].env = vec![("PLAIN".into(), "spoon".into())];
    let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
    let environment = Environment::Only(vec![pair("API_KEY", "hush-hush"), pair("PATH", "/usr/bin:/bin")]);
    assert!(!format!("{environment:?}").contains("hush"));
    let kept = launch(Path::new(BINARY), &stage.at, &stage.spec, &environment).unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 0 });
    let out = stage.read("out");
    assert!(out.starts_with(&format!("HUSH-HUSH SPOON {}\n", stage.spec.tag.to_uppercase())), "{out}");
    for file in fs::read_dir(&stage.at).unwrap().flatten() {
        assert!(!fs::read_to_string(file.path()).unwrap().contains("hush-hush"), "{:?}", file.file_name());
    }
}

#[test]
fn more_output_than_a_pipe_holds_goes_to_the_file() {
    let stage = Stage::of(&["head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2"]);
    assert_eq!(stage.run().cause, EndCause::Exited { code: 0 });
    assert_eq!(["out", "err"].map(|name| fs::metadata(stage.at.join(name)).unwrap().len()), [3_000_000, 1_000_000]);
}

#[test]
fn nothing_dead_stays_unburied() {
    let stage = Stage::of(&["for i in 1 2 3 4 5; do (true &); done; echo $$ >here; until [ -e go ]; do sleep 0.01; done"]);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    let dead = |parent: i32| process::all().iter().filter(|one| one.parent == parent && one.state == State::Dead).count();
    wait_until("the orphans to be buried", || dead(kept.pid()) == 0);
    fs::write(stage.work("go"), "").unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 0 });
    assert_eq!(state_of(kept.pid()), None, "the keeper itself was left a zombie");
}

#[test]
fn the_commands_stand_where_they_were_put_with_the_memory_killer_and_the_keeper_does_not() {
    let mut stage = Stage::of(&["cat /proc/self/oom_score_adj; echo $$ >here; until [ -e go ]; do sleep 0.01; done"]);
    stage.spec.oom_score_adj = Some(500);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    let ours = fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    assert_eq!(fs::read_to_string(format!("/proc/{}/oom_score_adj", kept.pid())).unwrap(), ours);
    fs::write(stage.work("go"), "").unwrap();
    end_of(&kept);
    assert_eq!(stage.read("out"), "500\n");
}

#[test]
fn hang_ups_and_interrupts_do_not_end_a_keeper_nor_does_a_command_that_kills_its_group() {
    let stage = Stage::of(&["echo $$ >here; until [ -e go ]; do sleep 0.01; done; kill -TERM 0"]);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    for signal in [Signal::HUP, Signal::INT] {
        kill_process(Pid::from_raw(kept.pid()).unwrap(), signal).unwrap();
    }
    fs::write(stage.work("go"), "").unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Signalled { signal: 15 });
}

#[test]
fn a_spec_that_is_no_spec_is_an_end_and_not_a_loss() {
    let stage = Stage::of(&["true"]);
    let folder = StageFolder::at(&stage.at);
    folder.create().unwrap();
    fs::write(stage.at.join("spec.json"), "{").unwrap();
    assert!(std::process::Command::new(BINARY).arg("keeper").arg(&stage.at).status().unwrap().success());
    let end = wait_for("the end", || folder.end().unwrap());
    assert!(matches!(&end.cause, EndCause::NotStarted { error } if error.contains("spec.json can't be understood")), "{end:?}");
}

#[test]
#[ignore = "a measurement, to be run by hand: KEEPER_BINARY=target/release/isobench-tui"]
fn what_a_keeper_costs() {
    let binary = std::env::var_os("KEEPER_BINARY").map_or_else(|| PathBuf::from(BINARY), PathBuf::from);
    let plain = Instant::now();
    for _ in 0..200 {
        assert!(std::process::Command::new("sh").args(["-c", "/bin/true"]).status().unwrap().success());
    }
    let plain = plain.elapsed();
    let stages: Vec<Stage> = (0..200).map(|_| Stage::of(&["/bin/true"])).collect();
    let kept = Instant::now();
    for stage in &stages {
        let kept = launch(&binary, &stage.at, &stage.spec, &Environment::Ours(Vec::new())).unwrap();
        assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 0 });
    }
    let kept = kept.elapsed();
    let waiting = Stage::of(&["echo $$ >here; exec sleep 100"]);
    let keeper = launch(&binary, &waiting.at, &waiting.spec, &Environment::Ours(Vec::new())).unwrap();
    pid_in(&waiting.work("here"));
    let status = fs::read_to_string(format!("/proc/{}/status", keeper.pid())).unwrap();
    let memory: Vec<&str> = status.lines().filter(|line| line.starts_with("Rss") || line.starts_with("VmRSS")).collect();
    wait_on(keeper.stop()).unwrap();
    end_of(&keeper);
    println!("plain {:?} a command, kept {:?} a stage, {memory:?}", plain / 200, kept / 200);
}
