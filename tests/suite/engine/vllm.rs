//! Images of a stand-in for vLLM (`fixtures/vllm/vllm.c`, which says what it can be told): busybox, the stand-in, and a package whose
//! `engine.py` is the speed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::FlockOperation;

use super::images::{Layer, Packed};
use crate::support::{BINARY, skip};

/// What an arm's script may ask of its image. The static busybox of Debian 12 dies of its `wget`: the stand-in
/// is the image's `curl`.
const APPLETS: [&str; 34] = [
    "ash", "awk", "cp", "cut", "date", "dd", "dirname", "env", "expr", "find", "grep", "head", "id", "kill", "ln", "mkdir", "mktemp", "mv",
    "patch", "printf", "ps", "readlink", "rm", "sed", "setsid", "sort", "stat", "tail", "test", "timeout", "touch", "tr", "uname", "wc",
];

/// The stand-in, compiled once for all tests. `None`, and counted: there is no C compiler here.
pub(crate) fn stand_in() -> Option<PathBuf> {
    let folder = Path::new(BINARY).parent().unwrap().join("vllm");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vllm/vllm.c");
    let (program, fresh) = (folder.join("vllm"), folder.join("fresh"));
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if changed(&program).is_some_and(|made| Some(made) > changed(&source)) {
        return Some(program);
    }
    let mut compiler = Command::new("cc");
    compiler.args(["-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&fresh).arg(&source).args(["-lm", "-lpthread"]);
    let Ok(compiled) = compiler.output() else {
        skip("there is no C compiler here for the stand-in of vLLM");
        return None;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    fs::rename(&fresh, &program).unwrap();
    Some(program)
}

/// What is in an image.
#[derive(Clone, Debug)]
pub(crate) struct Vllm {
    /// Whose log and clients: `0.9.2`.
    pub(crate) version: &'static str,
    /// The package's `engine.py`, as the commit has it.
    pub(crate) engine: String,
    /// Lines of `/etc/stand-in`.
    pub(crate) told: String,
    /// Whether the image has `benchmarks/`.
    pub(crate) has_scripts: bool,
}

impl Vllm {
    pub(crate) fn new(version: &'static str, engine: String) -> Self {
        Self { version, engine, told: String::new(), has_scripts: true }
    }

    /// The layer that all images share.
    pub(crate) fn base(program: &Path) -> Packed {
        Layer::new().busybox().applets(&APPLETS).program(program, ["vllm", "python3", "python", "curl"]).pack()
    }

    /// The layer of this one.
    pub(crate) fn package(&self) -> Packed {
        let package = "opt/vllm/vllm";
        let mut layer = Layer::new()
            .text(&format!("{package}/__init__.py"), &format!("__version__ = \"{}\"\n", self.version))
            .text(&format!("{package}/engine.py"), &self.engine)
            .text("tmp/empty", "")
            .text("etc/stand-in", &format!("version = {}\n{}\n", self.version, self.told));
        if self.version.starts_with("0.4") {
            layer = layer.text(&format!("{package}/entrypoints/openai/api_server.py"), "");
        }
        if self.has_scripts {
            for which in ["serving", "latency", "throughput", "prefix_caching"] {
                layer = layer.text(&format!("opt/vllm/benchmarks/benchmark_{which}.py"), "");
            }
        }
        layer.pack()
    }
}
