//! The keeper through the real program: real processes, real signals, real files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::domain::{ChildEnd, EndCause};
use isobench_tui::host::launch::{Environment, Found, Kept, find, launch};
use isobench_tui::host::process;
use isobench_tui::host::stage_folder::{Command, Spec, StageFolder};
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
