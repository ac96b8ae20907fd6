//! Who may use whom. The table is DESIGN §12; a folder that reaches for another outside its row fails here.

#![expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test may")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src/`, what it is for, and the folders that it may use.
const TABLE: [(&str, &str, &[&str]); 25] = [
    ("domain", "words without I/O or clock", &[]),
    ("text", "strings for people", &["domain"]),
    ("theme", "roles to colours", &["domain", "text"]),
    ("ledger", "facts, writer, tail, requests, manifest", &["domain", "text"]),
    // host: the one door to files that an agent may have put there
    ("artifact", "ISO-Bench's own files", &["domain", "text", "host"]),
    ("agent", "one adapter a trajectory format, launch lines", &["domain", "text", "host", "artifact"]),
    ("detect", "one rule a file", &["domain", "text"]),
    // host: git, which knows the parent's files; detect: the names of packages that agents write in place of the real ones
    ("patch", "diff, ladder rungs", &["domain", "text", "host", "detect"]),
    ("bench", "numbers, failure classes, score", &["domain", "text"]),
    ("config", "as written, as resolved, what is wrong", &["domain", "text", "theme", "artifact"]),
    ("host", "the outside world", &["domain", "text"]),
    // host: files and their locks; ledger: the reader of a file that grows
    ("telemetry", "what the sampler writes of the machine, and how it is read", &["domain", "text", "host", "ledger"]),
    // bench: its table of failures has the engine's and the registries' words
    ("docker", "the Docker engine and its registry: pulls, disk, prunes", &["domain", "text", "host", "bench"]),
    // the one process that asks the driver; ledger and model: when arms ran, whose telemetry is kept
    (
        "sampler",
        "the process that looks at GPUs, disks, containers and stages",
        &["domain", "text", "host", "docker", "ledger", "model", "telemetry"],
    ),
    // detect: which errors are the same one
    ("model", "the fold", &["domain", "text", "ledger", "detect"]),
    // bench: the comparison of arms that nobody compared yet
    ("measured", "what the arms of an attempt came to, for screen and reports", &["domain", "text", "ledger", "model", "bench"]),
    ("plan", "what now, why not, recover", &["domain", "text", "ledger", "model", "config"]),
    // shared by the runner and by whoever follows a run of the harness; host: git, which knows the human's patch
    ("watch", "an agent at work, as facts", &["domain", "text", "ledger", "agent", "detect", "host", "model"]),
    // the fold over the harness's files
    (
        "import",
        "the harness's trees and results as facts",
        &["domain", "text", "ledger", "artifact", "agent", "detect", "patch", "bench", "host", "docker", "model", "watch"],
    ),
    // bench: the hints of its table of failures; patch: diffs, read
    (
        "ui",
        "state, messages, actions, keymap, update",
        &["domain", "text", "model", "measured", "plan", "ledger", "agent", "detect", "patch", "bench", "config", "telemetry"],
    ),
    ("view", "drawing", &["domain", "text", "theme", "model", "plan", "ui", "telemetry"]),
    // plan, ledger: why an item waits and who did what, as the screen says them
    (
        "report",
        "tables, JSON",
        &["domain", "text", "ledger", "model", "measured", "plan", "artifact", "bench", "agent", "detect", "patch", "import", "telemetry"],
    ),
    (
        "runner",
        "the loop, engines, inbox",
        &[
            "domain",
            "text",
            "ledger",
            "artifact",
            "agent",
            "detect",
            "patch",
            "bench",
            "config",
            "host",
            "docker",
            "model",
            "plan",
            "watch",
            "telemetry",
            "sampler",
        ],
    ),
    (
        "shell",
        "the loop of the screen",
        &[
            "domain",
            "text",
            "theme",
            "ledger",
            "artifact",
            "agent",
            "detect",
            "patch",
            "bench",
            "config",
            "host",
            "docker",
            "model",
            "plan",
            "ui",
            "view",
            "report",
            "telemetry",
            "sampler",
        ],
    ),
    ("demo", "the embedded campaign", &["domain", "text", "artifact", "config", "runner"]),
];

/// Files in the root of `src/`: arguments in, exit code out. They may use everything.
const ROOT: [&str; 4] = ["lib", "main", "cli", "exit"];

/// Lines of code, comments and blanks apart, above which a file is asking to be two. Prose as data is not code.
const LONGEST: usize = 400;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The folder of `src/` that a file belongs to: `src/model.rs` and everything below `src/model/` are `model`.
fn home(path: &Path) -> String {
    let inside = path.strip_prefix(source()).unwrap();
    inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The first names behind every `crate::`, those of a group `crate::{a::b, c}` included.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        if !rest.starts_with('{') {
            names.insert(word(rest));
            continue;
        }
        let mut depth = 0;
        let mut expects_name = true;
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => expects_name = true,
                c if depth == 1 && expects_name && c.is_alphabetic() => {
                    names.insert(word(&rest[at..]));
                    expects_name = false;
                }
                _ => {}
            }
        }
    }
    names
}

fn allowed(folder: &str) -> Option<&'static [&'static str]> {
    TABLE.iter().find(|(name, _, _)| *name == folder).map(|(_, _, may)| *may)
}

#[test]
fn folders_use_only_what_stands_on_their_right() {
    let mut broken = Vec::new();
    for path in rust_files(&source()) {
        let here = home(&path);
        if ROOT.contains(&here.as_str()) {
            continue;
        }
        let may = allowed(&here).unwrap_or_else(|| panic!("{} is in no row of the table", path.display()));
        let names = used(&without_comments(&fs::read_to_string(&path).unwrap()));
        for name in names.iter().filter(|name| **name != here && !may.contains(&name.as_str())) {
            broken.push(format!("{}: {here} may not use {name}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn nobody_climbs_out_of_a_folder_by_super() {
    // `super` of a folder's first file is the whole crate; tests inside a file may climb to that file
    let climbs = |path: &PathBuf| {
        let text = without_comments(&fs::read_to_string(path).unwrap());
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        let depth = path.strip_prefix(source()).unwrap().components().count();
        code.contains(&"super::".repeat(depth))
    };
    let climbing: Vec<_> = rust_files(&source()).into_iter().filter(|path| !ROOT.contains(&home(path).as_str())).filter(climbs).collect();
    assert!(climbing.is_empty(), "{climbing:?}");
}

#[test]
fn the_table_has_no_cycle() {
    let mut done: Vec<&str> = Vec::new();
    while done.len() < TABLE.len() {
        let ready = TABLE.iter().find(|(name, _, may)| !done.contains(name) && may.iter().all(|other| done.contains(other)));
        let (name, _, _) = ready.unwrap_or_else(|| panic!("a cycle among the folders beside {done:?}"));
        done.push(name);
    }
}

#[test]
fn files_fit_on_a_few_screens() {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let production =
        |path: &PathBuf| fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap().lines().filter(is_code).count();
    let long: Vec<_> =
        rust_files(&source()).into_iter().map(|path| (production(&path), path)).filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_planted_violation_is_caught() {
    assert!(used("use crate::{domain::ItemId, host::{clock, files}};").contains("host"));
    assert!(used("let now = crate::host::clock::now();").contains("host"));
    assert!(!used(&without_comments("// crate::host is not for us")).contains("host"));
    assert!(!allowed("domain").unwrap().contains(&"host"));
}
