//! The Docker engine, looked at: absent, silent, and a real one of our own that runs a container called like a benchmark's.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command};

use crate::engine::{Driver, Engine, Options};
use crate::harness_player::script;
use crate::pty::Pty;
use crate::support::{BINARY, folder, skip, wait_until};
use crate::watched_results::{SHA, arm, results};

/// The program, watching a folder of results whose runner is in its human arm, with an engine at this socket.
fn watching(root: &Path, socket: &str) -> (Pty, Child) {
    watching_as(root, socket, Command::new(BINARY))
}

/// The same by a command that runs the program.
fn watching_as(root: &Path, socket: &str, mut command: Command) -> (Pty, Child) {
    let folder = results(root);
    arm(&folder, "89abcdef", "human", "success");
    fs::write(root.join("run.log"), "=== Agent Type: codex_cli ===\n[1/1] Processing 0123abcd\n  --- Running HUMAN benchmark ---\n")
        .unwrap();
    let process = script(root, &["scripts/runners/run_3way_benchmarks.py"]);
    command.arg("watch").arg(&folder).env("DOCKER_HOST", socket).env("XDG_CONFIG_HOME", root.join("config")).env("TMPDIR", root);
    (Pty::spawn(&command, 120, 40), process)
}

fn end(mut pty: Pty, mut process: Child) {
    pty.press("q");
    pty.wait_end();
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn an_engine_that_is_not_there_is_a_sentence_and_all_else_is_shown() {
    let (_gone, root) = folder();
    let (mut pty, process) = watching(&root, "unix:///nowhere/docker.sock");
    pty.wait_for("there is no docker here (no socket at /nowhere/docker.sock)");
    pty.wait_for("benchmarking the human's commit");
    pty.wait_for("commit 1 of 1");
    end(pty, process);
}

#[test]
fn an_engine_that_hangs_leaves_all_else_alive() {
    let (_gone, root) = folder();
    let socket = root.join("hangs.sock");
    let _listens = UnixListener::bind(&socket).unwrap();
    let (mut pty, process) = watching(&root, &format!("unix://{}", socket.display()));
    pty.wait_for("benchmarking the human's commit");
    pty.press("6");
    pty.wait_for("Running HUMAN benchmark");
    pty.wait_for("docker does not answer");
    end(pty, process);
}

#[test]
fn an_engine_that_this_user_may_not_ask_is_another_sentence() {
    if !rustix::process::getuid().is_root() {
        skip("only root can make a socket that is somebody else's, and be another user");
        return;
    }
    // whoever is nobody may come here, and to the program
    let root = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let ours = root.path().join("isobench-tui");
    if fs::hard_link(BINARY, &ours).is_err() {
        fs::copy(BINARY, &ours).unwrap();
    }
    let socket = root.path().join("d.sock");
    let _listens = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]).arg(&ours);
    if !Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success()) {
        skip("no setpriv here");
        return;
    }
    let (mut pty, process) = watching_as(root.path(), &format!("unix://{}", socket.display()), command);
    pty.wait_for("docker may not be asked by this user");
    // all else is shown
    pty.wait_for("benchmarking the human's commit");
    end(pty, process);
}

#[test]
fn the_container_that_runs_is_named_and_what_it_prints_is_the_arms_output() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::default()) else { return };
    let name = format!("anonymous/vllm-bench:{SHA}");
    engine.import_busybox(&name);
    let (mut pty, process) = watching(&root, &engine.socket());
    pty.wait_for("docker runs no container of this benchmark now");
    let script = "echo SERVER_READY_AFTER=42s; echo key sk-very-secret-thing-indeed; while read line; do echo $line; done; sleep 600";
    let run = ["run", "-d", "-i", "--network=none", "--name", "eager_bell", &name, "/bin/sh", "-c", script];
    if !engine.docker(&run).status.success() {
        skip("no container can be started here");
        end(pty, process);
        return;
    }
    pty.wait_for("container eager_bell of anonymous/vllm-bench:0123abcd0000…");
    pty.wait_for("SERVER_READY_AFTER=42s");
    pty.press("6");
    pty.wait_for("SERVER_READY_AFTER=42s");
    // the runner is gone, and its container is not
    let mut process = process;
    process.kill().unwrap();
    process.wait().unwrap();
    pty.press("1");
    pty.wait_for("still runs without its runner");
    engine.says(&["rm", "-f", "eager_bell"]);
    pty.wait_gone("still runs without its runner");
    pty.press("q");
    pty.wait_end();
    // what was kept for the screen is gone with it
    let left = || fs::read_dir(&root).unwrap().flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("isobench-tui-"));
    wait_until("the kept output to be gone", || !left());
}
