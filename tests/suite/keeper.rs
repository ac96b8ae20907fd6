//! The keeper through the real program: real processes, real signals, real files.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

mod adopt;
mod tree;

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

use crate::support::{BINARY, folder, is_stopped, lives, pid_in, state_of, wait_for, wait_until};

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
        let spec = Spec {
            tag: format!("test:{}", base.display()),
            commands,
            budget_ms: None,
            grace_ms: 300,
            oom_score_adj: None,
            pauses_itself: false,
            gpus: Vec::new(),
        };
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
    let stage = Stage::of(&["echo $$ >here; until [ -e go ]; do sleep 0.01; done; trap '' TERM; kill -TERM 0; sleep 0.2; exit 6"]);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    for signal in [Signal::HUP, Signal::INT] {
        kill_process(Pid::from_raw(kept.pid()).unwrap(), signal).unwrap();
    }
    fs::write(stage.work("go"), "").unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 6 });
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
fn what_a_full_disk_refuses_is_written_when_there_is_room() {
    let stage = Stage::of(&["echo $$ >here; exec sleep 100"]);
    let kept = stage.launch();
    pid_in(&stage.work("here"));
    // a folder in the way of the temporary file refuses it as a full disk does
    let in_the_way = ["keeper.json.new", "exit.json.new"].map(|name| stage.at.join(name));
    for folder in &in_the_way {
        fs::create_dir(folder).unwrap();
    }
    wait_on(kept.freeze()).unwrap();
    wait_until("the freeze", || process::descendants(kept.pid()).iter().all(|pid| is_stopped(*pid)));
    assert!(!frozen(&kept));
    fs::remove_dir(&in_the_way[0]).unwrap();
    wait_until("the news of it", || frozen(&kept));
    wait_on(kept.stop()).unwrap();
    wait_until("the stage to be empty", || process::descendants(kept.pid()).is_empty());
    assert!(lives(kept.pid()) && !stage.at.join("exit.json").exists());
    fs::remove_dir(&in_the_way[1]).unwrap();
    assert_eq!(end_of(&kept).cause, EndCause::Stopped);
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
