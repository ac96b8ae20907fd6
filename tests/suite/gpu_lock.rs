//! One lock a GPU: two keepers, and what happens to those who hold it.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use isobench_tui::domain::{ChildEnd, EndCause};
use isobench_tui::host::gpu_lock::{FOLDER, Gpu, Holder, Locks, Taken};
use isobench_tui::host::launch::{Environment, Kept, launch};
use isobench_tui::host::stage_folder::{Command, Spec, StageFolder};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{BINARY, folder, lives, pid_in, wait_for, wait_until};

fn gpu(n: u32) -> Gpu {
    Gpu { uuid: format!("GPU-{n}"), name: format!("GPU {n}") }
}

/// A stage on GPUs, in a folder of its own.
struct Stage {
    at: PathBuf,
    base: PathBuf,
}

impl Stage {
    /// Starts a keeper for a script; `budget_ms` is for the script alone.
    fn launch(base: &Path, name: &str, gpus: &[Gpu], script: &str, budget_ms: Option<u64>) -> (Self, Kept) {
        let command = Command { argv: ["sh", "-c", script].map(str::to_owned).to_vec(), cwd: base.to_owned(), ..Command::default() };
        let tag = format!("{}/{name}.1/candidate", base.display());
        let spec =
            Spec { tag, commands: vec![command], budget_ms, grace_ms: 300, oom_score_adj: None, pauses_itself: false, gpus: gpus.to_vec() };
        let stage = Self { at: base.join(name), base: base.to_owned() };
        let environment = Environment::Ours(vec![(OsString::from(FOLDER), base.join("locks").into_os_string())]);
        let kept = launch(Path::new(BINARY), &stage.at, &spec, &environment).unwrap();
        (stage, kept)
    }

    fn waits(&self) -> Option<String> {
        wait_for("the keeper's word", || StageFolder::at(&self.at).keeper().unwrap()).waits
    }

    fn file(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }
}

fn end_of(kept: &Kept) -> ChildEnd {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(kept.ended()).unwrap()
}

const HOLDS: &str = "echo $$ >held; until [ -e go ]; do sleep 0.02; done";

#[test]
fn two_stages_use_a_gpu_one_after_another_and_waiting_costs_no_budget() {
    let (_gone, base) = folder();
    let (first, holds) = Stage::launch(&base, "core-1", &[gpu(0), gpu(1)], HOLDS, None);
    pid_in(&first.file("held"));
    let (second, waits) = Stage::launch(&base, "core-2", &[gpu(1), gpu(2)], "echo $$ >second", Some(1));
    let says = second.waits().unwrap();
    assert!(
        says.starts_with("GPU 1 is held by ") && says.contains(&format!("run {}, candidate of core-1, since ", base.display())),
        "{says}"
    );
    // none of its own is kept from others meanwhile
    let (third, third_kept) = Stage::launch(&base, "core-3", &[gpu(2)], "echo $$ >third", None);
    assert_eq!(end_of(&third_kept).cause, EndCause::Exited { code: 0 });
    assert!(third.file("third").exists() && !second.file("second").exists());
    fs::write(first.file("go"), "").unwrap();
    end_of(&holds);
    let end = end_of(&waits);
    // a budget of 1 ms may be over before the shell is: what it waited is not in it
    assert!(end.duration_ms < 5_000 && matches!(end.cause, EndCause::Exited { code: 0 } | EndCause::Deadline), "{end:?}");
    assert_eq!(second.waits(), None);
    let lock = base.join("locks/GPU-1");
    assert_eq!((lock.metadata().unwrap().permissions().mode() & 0o777, lock.metadata().unwrap().len()), (0o666, 0), "let go of");
    assert_eq!(base.join("locks").metadata().unwrap().mode() & 0o7777, 0o1777);
}

#[test]
fn a_killed_keepers_lock_is_free_though_its_processes_live_and_a_waiting_one_can_be_stopped() {
    let (_gone, base) = folder();
    let (first, holds) = Stage::launch(&base, "core-1", &[gpu(0)], HOLDS, None);
    let child = pid_in(&first.file("held"));
    let (stopped, stops) = Stage::launch(&base, "core-2", &[gpu(0)], "echo $$ >never", None);
    assert!(stopped.waits().is_some());
    kill_process(Pid::from_raw(stops.pid()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(end_of(&stops).cause, EndCause::Stopped);
    let (second, waits) = Stage::launch(&base, "core-3", &[gpu(0)], "echo $$ >second", None);
    assert!(second.waits().is_some());
    kill_process(Pid::from_raw(holds.pid()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(end_of(&waits).cause, EndCause::Exited { code: 0 });
    assert!(second.file("second").exists() && !second.file("never").exists());
    assert!(lives(child), "its child had no part in the lock");
    assert_eq!(end_of(&holds).cause, EndCause::Lost);
    wait_until("what it left to be killed", || !lives(child));
}

#[test]
fn a_look_takes_nothing_and_what_can_not_be_locked_is_told_and_holds_up_nobody() {
    let (_gone, base) = folder();
    let locks = base.join("locks");
    let holder = Holder::of_stage("run-1/core-1.2/human");
    assert_eq!((holder.run.as_str(), holder.item.as_str(), holder.stage.as_str()), ("run-1", "core-1.2", "human"));
    let (Taken::Ours(ours), errors) = Locks::take(&locks, &[gpu(0)], &holder) else { unreachable!("nobody has it") };
    assert!(errors.is_empty());
    let held = Locks::held(&locks, &[gpu(1), gpu(0)]).0.unwrap();
    assert_eq!((held.gpu.as_str(), held.holder.as_ref()), ("GPU 0", Some(&holder)));
    assert!(matches!(Locks::take(&locks, &[gpu(0)], &holder).0, Taken::Held(_)), "not even twice by one");
    drop(ours);
    assert_eq!(Locks::held(&locks, &[gpu(0)]).0, None);
    // a link could make us write into somebody's file
    let precious = base.join("precious");
    fs::write(&precious, "precious").unwrap();
    std::os::unix::fs::symlink(&precious, locks.join("GPU-7")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, locks.join("GPU-8"), rustix::fs::Mode::RWXU).unwrap();
    let strange = [gpu(7), gpu(8), Gpu { uuid: "../precious".to_owned(), name: "GPU 9".to_owned() }];
    let (taken, errors) = Locks::take(&locks, &strange, &holder);
    assert!(matches!(taken, Taken::Ours(_)));
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|says| says.contains("can't be used") && says.contains("another run may measure on it")), "{told:?}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    // no folder to be had
    let (_stage, kept) = Stage::launch(&precious_folder(&base), "core-4", &[gpu(0)], "true", None);
    assert_eq!(end_of(&kept).cause, EndCause::Exited { code: 0 });
}

/// A folder in which a file stands where the folder of locks should be.
fn precious_folder(base: &Path) -> PathBuf {
    let other = base.join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("locks"), "").unwrap();
    other
}
