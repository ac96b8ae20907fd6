//! Docker engines and registries of the tests' own: `tests/engine` starts and ends them, here they are given to a test.
//!
//! Each ends with its test, however that ends: a guard process waits for the end of a pipe that only the test holds.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

pub(crate) mod images;
pub(crate) mod proxy;
pub(crate) mod registry;
pub(crate) mod vllm;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::support::skip;

/// How an engine stores the layers of its images.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Driver {
    /// Every layer is a whole copy: as on the users' boxes.
    Vfs,
    /// Every layer is what it changes.
    Overlay2,
}

impl Driver {
    fn name(self) -> &'static str {
        match self {
            Self::Vfs => "vfs",
            Self::Overlay2 => "overlay2",
        }
    }
}

/// What is not as usual about an engine.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// The data root is a file system of its own of so many MB, which nobody else writes to: for what is measured, or to be full.
    pub(crate) own_disk_mb: Option<u32>,
    /// More for dockerd's environment.
    pub(crate) env: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn on_own_disk(mb: u32) -> Self {
        Self { own_disk_mb: Some(mb), ..Self::default() }
    }
}

/// The script that knows how to start and end them, for shells and programs too.
fn script(what: &str, folder: &Path) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine"));
    command.arg(what).arg(folder).stdin(Stdio::null());
    command
}

/// Whether it did; where this machine can't, that is counted as skipped.
fn done(command: &mut Command) -> bool {
    let output = command.output().unwrap();
    if output.status.code() == Some(77) {
        skip(String::from_utf8_lossy(&output.stdout).trim());
        return false;
    }
    assert!(output.status.success(), "tests/engine: {output:?}");
    true
}

/// Ends what runs in a folder when it is dropped, or when this process is gone.
struct Guard {
    process: Child,
}

impl Guard {
    fn of(folder: &Path) -> Self {
        let mut command = script("guard", folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // whoever ends the test with its group must leave it alive
        command.process_group(0);
        Self { process: command.spawn().unwrap() }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A dockerd, its data and its socket in a folder.
pub(crate) struct Engine {
    folder: PathBuf,
    driver: Driver,
    options: Options,
    /// `None`: `tests/run` started it, and ends it.
    guard: Option<Guard>,
}

impl Engine {
    /// One for this test alone, below `root`. `None`, and counted: this machine can't run one.
    pub(crate) fn start(root: &Path, driver: Driver, options: Options) -> Option<Self> {
        let folder = root.join(format!("engine-{}", driver.name()));
        fs::create_dir_all(&folder).unwrap();
        let engine = Self { guard: Some(Guard::of(&folder)), folder, driver, options };
        engine.launch().then_some(engine)
    }

    /// The one that `tests/run` started for all tests, or else one for this test. Not for tests that disturb it or measure its disk.
    pub(crate) fn shared(root: &Path, driver: Driver) -> Option<Self> {
        match std::env::var_os(format!("ISOBENCH_DOCKERD_{}", driver.name().to_uppercase())) {
            Some(folder) => Some(Self { guard: None, folder: folder.into(), driver, options: Options::default() }),
            None => Self::start(root, driver, Options::default()),
        }
    }

    fn launch(&self) -> bool {
        let mut command = script("start", &self.folder);
        command.arg(self.driver.name()).args(self.options.own_disk_mb.map(|mb| mb.to_string()));
        command.envs(self.options.env.iter().cloned());
        done(&mut command)
    }

    /// What `DOCKER_HOST` must be.
    pub(crate) fn socket(&self) -> String {
        format!("unix://{}", self.folder.join("d.sock").display())
    }

    /// `DockerRootDir`: the file system to be looked at.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The docker program, asking this engine, with a configuration of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_CONFIG", self.folder.join("config")).arg("-H").arg(self.socket()).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// What the docker program did, good or bad.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it printed; it must have worked.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.docker(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Bytes used on the file system of the data root, as statvfs counts them.
    pub(crate) fn used(&self) -> u64 {
        let shown = rustix::fs::statvfs(self.data()).unwrap();
        (shown.f_blocks - shown.f_bfree) * shown.f_frsize
    }

    /// SIGKILL: its containers live on without it, and nothing is tidied.
    pub(crate) fn kill(&self) {
        assert!(self.guard.is_some(), "an engine that others use too");
        assert!(done(script("kill", &self.folder).arg("dockerd")));
    }

    /// Starts it on the same data after `kill`.
    pub(crate) fn start_again(&self) {
        assert!(self.launch(), "dockerd starts no more: see {}", self.folder.join("dockerd.log").display());
    }

    /// An image of one file, busybox, without a registry. The name it has then is `name`.
    pub(crate) fn import_busybox(&self, name: &str) {
        let layer = images::Layer::new().busybox().pack();
        let file = self.folder.join("import.tar");
        fs::write(&file, layer.tar()).unwrap();
        self.says(&["import", file.to_str().unwrap(), name]);
    }
}
