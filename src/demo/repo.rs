//! The campaign's folder: a git repository with six commits that made it faster, a plan and a configuration.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::DemoError;
use super::script::history::{COMMITS, Commit};

/// The files of the first commit.
const FILES: [(&str, &str); 13] = [
    ("README.md", include_str!("files/README.md")),
    ("docs/engine.md", include_str!("files/docs/engine.md")),
    ("data/requests.txt", include_str!("files/data/requests.txt")),
    ("tests/run.sh", include_str!("files/tests/run.sh")),
    ("tests/expected.txt", include_str!("files/tests/expected.txt")),
    ("engine/run.sh", include_str!("files/engine/run.sh")),
    ("engine/config.sh", include_str!("files/engine/config.sh")),
    ("engine/tokenize.sh", include_str!("files/engine/tokenize.sh")),
    ("engine/batch.sh", include_str!("files/engine/batch.sh")),
    ("engine/scheduler.sh", include_str!("files/engine/scheduler.sh")),
    ("engine/cache.sh", include_str!("files/engine/cache.sh")),
    ("engine/sampler.sh", include_str!("files/engine/sampler.sh")),
    ("engine/detokenize.sh", include_str!("files/engine/detokenize.sh")),
];

/// Seconds since 1970 of the first commit; each next one is a day later.
const FIRST_DAY: u64 = 1_772_445_600;

/// The task file of the plan.
const TASK: &str = "id: demo_core\nname: A faster inference engine\ndescription: Make the engine faster\n";

/// Makes `<root>/repo`, `<root>/state/plan.json`, `<root>/tasks/demo_core.yaml` and `<root>/isobench-tui.toml`. `binary` is this program, which plays
/// the agent and the benchmark; `speed` is handed to both.
pub fn prepare(root: &Path, binary: &Path, speed: f64) -> Result<(), DemoError> {
    let repo = root.join("repo");
    for (name, text) in FILES {
        write(&repo.join(name), text)?;
    }
    git(&repo, 0, &["init", "--quiet"])?;
    git(&repo, 0, &["symbolic-ref", "HEAD", "refs/heads/main"])?;
    commit(&repo, 0, "A small inference engine")?;
    let mut items = Vec::new();
    for (day, step) in (1..).zip(COMMITS) {
        make(&repo, step)?;
        let sha = commit(&repo, day, step.message)?;
        if step.item {
            items.push(json!({"item_id": format!("demo_core-{:04}", items.len()), "human": sha, "pre": "", "pre_parent_index": 1}));
        }
    }
    let plan = json!({"repo": repo.to_string_lossy(), "task_id": "demo_core", "items": items});
    write(&root.join("state/plan.json"), &format!("{plan:#}\n"))?;
    write(&root.join("tasks/demo_core.yaml"), TASK)?;
    write(&root.join("isobench-tui.toml"), &configuration(binary, speed))
}

/// Makes the edits of one commit.
fn make(repo: &Path, step: &Commit) -> Result<(), DemoError> {
    let path = repo.join(step.file);
    let mut text = fs::read_to_string(&path).map_err(DemoError::file("read", &path))?;
    for (old, new) in step.edits {
        let (before, after) = text.split_once(old).ok_or(DemoError::History(step.file))?;
        text = format!("{before}{new}{after}");
    }
    write(&path, &text)
}

/// Commits everything, and returns the full sha.
fn commit(repo: &Path, day: u64, message: &str) -> Result<String, DemoError> {
    git(repo, day, &["add", "--all"])?;
    git(repo, day, &["commit", "--quiet", "--message", message])?;
    Ok(git(repo, day, &["rev-parse", "HEAD"])?.trim().to_owned())
}

fn git(repo: &Path, day: u64, args: &[&str]) -> Result<String, DemoError> {
    let date = format!("{} +0000", FIRST_DAY + day * 86_400);
    let mut command = Command::new("git");
    command.args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "gc.auto=0"]).args(args);
    command.current_dir(repo).stdin(Stdio::null());
    identity(&mut command, "Mara Lindqvist", "mara@pico-infer.example");
    command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
    let output = command.output().map_err(|source| DemoError::Start { program: "git", source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(DemoError::Git { command: args.join(" "), said: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
    }
}

/// Gives a git command an identity, and takes the caller's settings and repository away from it.
pub(super) fn identity<'a>(command: &'a mut Command, name: &str, email: &str) -> &'a mut Command {
    for gone in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(gone);
    }
    command.envs([
        ("GIT_AUTHOR_NAME", name),
        ("GIT_AUTHOR_EMAIL", email),
        ("GIT_COMMITTER_NAME", name),
        ("GIT_COMMITTER_EMAIL", email),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_PAGER", "cat"),
        ("LC_ALL", "C"),
    ])
}

fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(DemoError::file("create", folder))?;
    }
    fs::write(path, text).map_err(DemoError::file("write", path))
}

/// The configuration, as a person would write it.
fn configuration(binary: &Path, speed: f64) -> String {
    let binary = quoted(&binary.to_string_lossy());
    format!(
        r#"# Written by the demo.
repo = "repo"

[agent]
kind = "command"
name = "demo"
model = "scripted"
command = [
  {binary}, "demo-agent", "--task", "{{task}}", "--trajectory", "{{trajectory}}", "--patch", "{{patch}}",
  "--worktree", "{{worktree}}", "--item", "{{item_id}}", "--speed", "{speed}",
]
trajectory = "{{item_dir}}/trajectory.json"
max_steps = 200

[arms]
command = [{binary}, "demo-bench", "--speed", "{speed}"]
gpus = [] # nothing here runs on one

[budget] # minutes
agent = 2
"#
    )
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
