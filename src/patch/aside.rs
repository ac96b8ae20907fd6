//! Files that agents add for themselves: scripts to try things, tests, benchmarks, notes, the patch itself. They are no work
//! on the engine and count for nothing, unless the human's commit has them too.

use super::{Change, ChangedFile};

/// Folders in which nothing is kept, anywhere in a path.
const SCRATCH_FOLDERS: [&str; 12] = [
    ".bench_scratch",
    "__pycache__",
    "bench_scratch",
    "debug",
    "logs",
    "playground",
    "sandbox",
    "scratch",
    "scratchpad",
    "temp",
    "tmp",
    ".tmp",
];

/// Folders of tests, benchmarks and texts, anywhere in a path.
const OTHER_FOLDERS: [&str; 10] =
    ["benchmark", "benchmarks", "doc", "docs", "example", "examples", "profiling", "test", "tests", "testing"];

/// Ends of names that no source has.
const SCRATCH_ENDS: [&str; 20] = [
    ".diff",
    ".patch",
    ".orig",
    ".rej",
    ".bak",
    ".log",
    ".tmp",
    ".swp",
    ".out",
    ".md",
    ".rst",
    ".txt",
    ".csv",
    ".pyc",
    ".prof",
    ".nsys-rep",
    ".ipynb",
    ".jsonl",
    ".backup",
    "~",
];

/// How scripts to try something are called. In the root of a repository they are nothing else.
const TRIES: [&str; 26] = [
    "bench",
    "benchmark",
    "check",
    "compare",
    "debug",
    "demo",
    "example",
    "measure",
    "micro",
    "minimal",
    "opt",
    "optimization",
    "optimized",
    "perf",
    "profile",
    "quick",
    "repro",
    "reproduce",
    "run",
    "scratch",
    "simple",
    "temp",
    "time",
    "tmp",
    "validate",
    "verify",
];

/// Whether a file of the patch counts for nothing.
pub(super) fn is_aside(file: &ChangedFile<'_>, expected: &[String]) -> bool {
    if expected.contains(&file.path) {
        return false;
    }
    // an agent that commits its patch file changes or removes it later
    if file.path == "model_patch.diff" {
        return true;
    }
    if !matches!(file.change, Change::Added | Change::Copied) {
        return false;
    }
    let (folders, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let in_folder = |names: &[&str]| folders.split('/').any(|folder| names.contains(&folder));
    let word = name.split(['_', '-', '.']).next().unwrap_or_default().to_lowercase();
    let is_test = is_test(name);
    let is_bench = name.starts_with("bench_") || name.starts_with("benchmark_") || name.contains("_benchmark.");
    // CMakeLists.txt and requirements are read by programs
    let is_read = name == "CMakeLists.txt" || name.starts_with("requirements");
    in_folder(&SCRATCH_FOLDERS)
        || in_folder(&OTHER_FOLDERS)
        || is_test
        || is_bench
        || (!is_read && SCRATCH_ENDS.iter().any(|end| name.ends_with(end)))
        || (folders.is_empty() && TRIES.contains(&word.as_str()))
}

/// By its name.
pub(super) fn is_test(name: &str) -> bool {
    name.starts_with("test_") || name.contains("_test.") || name == "conftest.py"
}

/// Whether a path is code that runs: not a test, not a text, not data.
pub fn is_source(path: &str) -> bool {
    const SOURCE: [&str; 27] = [
        "py", "pyx", "pyi", "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "cu", "cuh", "hip", "rs", "go", "java", "js", "ts", "sh", "awk",
        "pl", "rb", "S", "asm", "cmake", "triton", "inc",
    ];
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_other = folders.split('/').any(|folder| OTHER_FOLDERS.contains(&folder));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    !in_other && !is_test(name) && (SOURCE.contains(&extension) || name == "CMakeLists.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_add_for_themselves_is_set_aside() {
        let file = |path: &str, change| ChangedFile { path: path.to_owned(), change, ..ChangedFile::default() };
        let aside = |path: &str| is_aside(&file(path, Change::Added), &[]);
        for path in [
            "model_patch.diff",
            "OPTIMIZATION_SUMMARY.md",
            "test_opt.py",
            "bench_topk.py",
            "benchmarks/kernels/benchmark_moe.py",
            ".bench_scratch/x.py",
            "tests/tpu/__init__.py",
            "vllm/test_x.py",
            "verify.py",
            "debug_sampler.py",
            "vllm/config.py.orig",
            "examples/new.py",
            "tmp/a.cu",
        ] {
            assert!(aside(path), "{path}");
        }
        for path in
            ["vllm/compilation/__init__.py", "csrc/moe/topk.cu", "engine.sh", "cmake/utils.cmake", "requirements-tpu.txt", "setup.py"]
        {
            assert!(!aside(path), "{path}");
        }
        assert!(!is_aside(&file("benchmarks/a.py", Change::Added), &["benchmarks/a.py".to_owned()]), "the human has it too");
        assert!(!is_aside(&file("tests/test_a.py", Change::Modified), &[]));
        assert!(is_aside(&file("model_patch.diff", Change::Modified), &[]));
    }
}
