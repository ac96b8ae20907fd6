//! A stand-in for NVIDIA's library (`fixtures/nvml`), and the sampler over it.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use isobench_tui::telemetry::{Files, Header, Sample};
use rustix::fs::FlockOperation;

use crate::sampler::{Told, told};
use crate::support::{BINARY, folder, skip, wait_for};

/// The folder of the stand-in and its scripts.
pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/nvml");

/// A script by its name: `eight`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name).with_extension("nvml")
}

/// The stand-in, compiled once for all tests. `None`: there is no C compiler here.
pub(crate) fn stand_in() -> Option<PathBuf> {
    stand_in_without(&[])
}

/// As an older driver would bring it: without these symbols.
pub(crate) fn stand_in_without(symbols: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(BINARY).parent().expect("the folder of the program").join("nvml").join(symbols.join("+"));
    std::fs::create_dir_all(&folder).expect("a folder for the stand-in");
    let lock = File::create(folder.join("lock")).expect("a lock");
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).expect("one compiles, the others wait");
    let (source, library) = (Path::new(FIXTURES).join("nvml.c"), folder.join("libnvidia-ml.so.1"));
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if changed(&library).is_some_and(|made| Some(made) > changed(&source)) {
        return Some(library);
    }
    let hidden = folder.join("hidden.map");
    let hides = symbols.iter().map(|symbol| format!("{symbol};")).collect::<Vec<_>>().concat();
    std::fs::write(&hidden, format!("{{ local: {hides} nothing; }};")).expect("the names that are hidden");
    let fresh = folder.join("fresh.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&fresh)
        .arg(format!("-Wl,--version-script={}", hidden.display()))
        .arg(&source)
        .args(["-lm", "-lpthread"])
        .output();
    let Ok(compiled) = compiled else {
        skip("there is no C compiler here for the stand-in of NVIDIA's library");
        return None;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    std::fs::rename(&fresh, &library).expect("the stand-in in its place");
    Some(library)
}

/// What `sample-machine --once` says of the machine that a script describes.
pub(crate) fn once(library: &Path, script: &Path) -> (Header, Sample) {
    let output = Command::new(BINARY)
        .args(["sample-machine", "--once"])
        .env("ISOBENCH_TUI_NVML", library)
        .env("ISOBENCH_NVML_SCRIPT", script)
        .output()
        .expect("the sampler");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut told = told(&text).into_iter();
    match (told.next(), told.next()) {
        (Some(Told::Header(_, header)), Some(Told::Sample(_, sample, _))) => (header, *sample),
        other => panic!("{other:?} of {text:?}, and {}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// The same of a script that is told in words.
pub(crate) fn once_of(library: &Path, text: &str) -> (Header, Sample) {
    let (_guard, path) = folder();
    let script = path.join("script");
    std::fs::write(&script, text).expect("a script");
    once(library, &script)
}

/// A sampler at work over a machine that may change.
pub(crate) struct Machine {
    _guard: tempfile::TempDir,
    path: PathBuf,
    sampler: Child,
}

impl Machine {
    /// Starts it over a script.
    pub(crate) fn start(library: &Path, text: &str) -> Self {
        let (guard, path) = folder();
        std::fs::write(path.join("script"), text).expect("a script");
        let sampler = Command::new(BINARY)
            .arg("sample-machine")
            .arg(&path)
            .env("ISOBENCH_TUI_NVML", library)
            .env("ISOBENCH_NVML_SCRIPT", path.join("script"))
            .env("ISOBENCH_NVML_CALLS", path.join("calls"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("the sampler");
        Self { _guard: guard, path, sampler }
    }

    /// The machine is another one from now on.
    pub(crate) fn becomes(&self, text: &str) {
        let fresh = self.path.join("fresh");
        std::fs::write(&fresh, text).expect("a script");
        std::fs::rename(&fresh, self.path.join("script")).expect("the script in its place");
    }

    /// All that was told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        told(&std::fs::read_to_string(Files::of(&self.path).seconds()).unwrap_or_default())
    }

    /// Waits for a sample that is so.
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Sample) -> bool) -> Sample {
        wait_for(what, || {
            self.told().into_iter().rev().find_map(|told| match told {
                Told::Sample(_, sample, _) if is_so(&sample) => Some(*sample),
                _ => None,
            })
        })
    }

    /// How many calls of a symbol the library had.
    pub(crate) fn calls(&self, symbol: &str) -> usize {
        let calls = std::fs::read_to_string(self.path.join("calls")).unwrap_or_default();
        calls.lines().filter(|line| line.split(' ').next() == Some(symbol)).count()
    }

    /// How many threads and open files the sampler has.
    pub(crate) fn threads_and_files(&self) -> (usize, usize) {
        let count = |what: &str| std::fs::read_dir(format!("/proc/{}/{what}", self.sampler.id())).map_or(0, Iterator::count);
        (count("task"), count("fd"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.sampler.kill();
        let _ = self.sampler.wait();
    }
}
