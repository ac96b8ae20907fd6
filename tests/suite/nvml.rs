//! NVIDIA's library through the real wrapper: the stand-in of `fixtures/nvml`, its scripts, and what is read of them.
#![expect(clippy::expect_used, reason = "a test says what went wrong by failing")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::FlockOperation;

use crate::support::{BINARY, skip};

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
    let hides: String = symbols.iter().map(|symbol| format!("{symbol};")).collect();
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

#[test]
fn an_old_library_lacks_what_it_lacks() {
    let (Some(whole), Some(old)) = (stand_in(), stand_in_without(&["nvmlDeviceGetMemoryInfo_v2"])) else { return };
    let nvml = |path: &Path| nvml_wrapper::Nvml::builder().lib_path(path.as_os_str()).init();
    for library in [&whole, &old] {
        // no script is named: no driver
        let error = nvml(library).expect_err("no driver");
        assert!(matches!(error, nvml_wrapper::error::NvmlError::DriverNotLoaded), "{error:?}");
    }
}
