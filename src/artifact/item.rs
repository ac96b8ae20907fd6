//! The item folder `state/runs/<repo>/<agent>/<model>/<timestamp>/<item_id>/`, in the shape the harness writes it.

mod agent_files;

pub use agent_files::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{ArtifactError, repo_name};
use crate::domain::{EndCause, ItemId, short_sha};

/// An item's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFolder {
    /// Where it lies.
    pub path: PathBuf,
}

/// What the files say of a finished agent.
#[derive(Debug, Clone)]
pub struct Finished<'a> {
    /// `repo` of the plan.
    pub repo: &'a str,
    /// `task_id` of the plan.
    pub task_id: &'a str,
    /// The item.
    pub item: &'a ItemId,
    /// The human's commit.
    pub human: &'a str,
    /// The parent commit.
    pub parent: &'a str,
    /// Name of the agent: a key of the journal and the start of the stdout file's name.
    pub agent: &'a str,
    /// Its model as configured.
    pub model: &'a str,
    /// Timestamp folder of the run.
    pub timestamp: &'a str,
    /// The program.
    pub cli: &'a str,
    /// Minutes.
    pub time_budget_minutes: f64,
    /// How the agent ended.
    pub cause: &'a EndCause,
    /// How long it ran, in ms.
    pub duration_ms: u64,
    /// The patch, as bytes of a git diff.
    pub patch: &'a [u8],
    /// Paths that the patch changes.
    pub changed: &'a [String],
    /// Lines added and removed.
    pub lines: (u32, u32),
    /// What we found, under our own key.
    pub ours: Value,
    /// Seconds since the epoch.
    pub written: f64,
}

impl ItemFolder {
    /// Makes the folder with `prompt.json` and `task.txt`, as the harness does before the agent starts.
    pub fn begin(&self, task: &str, prompt: &Value) -> Result<(), ArtifactError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(ArtifactError::io("create the folder", &self.path))?;
        self.write("prompt.json", pretty(prompt).as_bytes())?;
        self.write("task.txt", task.as_bytes())
    }

    /// The patch.
    pub fn patch(&self) -> PathBuf {
        self.path.join("model_patch.diff")
    }

    /// The trajectory, where every reader looks for it.
    pub fn trajectory(&self) -> PathBuf {
        self.path.join("trajectory.json")
    }

    /// Shows a trajectory that the agent writes elsewhere where readers look for it.
    pub fn show_trajectory(&self, written_to: &Path) -> Result<(), ArtifactError> {
        let shown = self.trajectory();
        if shown == written_to {
            return Ok(());
        }
        let _ = fs::remove_file(&shown);
        symlink(written_to, &shown).map_err(ArtifactError::io("link the trajectory at", &shown))
    }

    /// Turns such a link into the file itself, which outlives the worktree. No trajectory, no file.
    pub fn keep_trajectory(&self) -> Result<(), ArtifactError> {
        let shown = self.trajectory();
        if !shown.is_symlink() {
            return Ok(());
        }
        let written = read_regular(&shown);
        fs::remove_file(&shown).map_err(ArtifactError::io("remove the link", &shown))?;
        match written {
            Ok(bytes) => self.write("trajectory.json", &bytes),
            Err(_) => Ok(()),
        }
    }

    /// Copies what the agent printed to `<agent>_stdout.txt` and `_stderr.txt`.
    pub fn keep_output(&self, agent: &str, out: &Path, err: &Path) -> Result<(), ArtifactError> {
        for (from, name) in [(out, "stdout"), (err, "stderr")] {
            let to = self.path.join(format!("{agent}_{name}.txt"));
            if from.exists() {
                fs::copy(from, &to).map_err(ArtifactError::io("copy the agent's output to", &to))?;
            } else {
                self.write(&format!("{agent}_{name}.txt"), b"")?;
            }
        }
        Ok(())
    }

    /// Writes what the harness writes once the agent has ended, the journal last but for the summary. The same call
    /// again writes the same files.
    pub fn finish(&self, finished: &Finished<'_>) -> Result<(), ArtifactError> {
        // ours or none: what an agent writes under this name must not be taken for the harness's word
        let _ = fs::remove_file(self.path.join("journal.json"));
        // a patch that the agent itself wrote there stays beside ours where it differs
        if let Ok(theirs) = read_regular(&self.patch())
            && theirs != finished.patch
            && !theirs.is_empty()
        {
            self.write("agent_patch.diff", &theirs)?;
        }
        self.write("model_patch.diff", finished.patch)?;
        let targets = json!({"changed": finished.changed, "allowed": [], "disallowed": [], "ok": true});
        self.write("diff_targets.json", pretty(&targets).as_bytes())?;
        let prediction = json!({
            "instance_id": finished.instance_id(),
            "model_patch": String::from_utf8_lossy(finished.patch),
            "model_name_or_path": finished.model,
        });
        self.write("prediction.jsonl", format!("{prediction}\n").as_bytes())?;
        self.write("journal.json", pretty(&finished.journal()).as_bytes())?;
        self.write("run_summary.json", pretty(&finished.summary(&self.path)).as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ArtifactError> {
        replace(&self.path.join(name), bytes)
    }
}

/// Writes a file beside its place and moves it there: whole or not at all, and never through a link in its place.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let side = path.with_file_name(format!(".{name}.new"));
    // what a dead writer left there, or a link that somebody put there
    let _ = fs::remove_file(&side);
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&side).map_err(ArtifactError::io("create", &side))?;
    file.write_all(bytes).map_err(ArtifactError::io("write", &side))?;
    fs::rename(&side, path).map_err(ArtifactError::io("rename to", path))
}

impl Finished<'_> {
    /// What the harness would have written, leniency included: `success` for exit code 0 and any changed file,
    /// however empty the work.
    pub fn status(&self) -> &'static str {
        if matches!(self.cause, EndCause::Exited { code: 0 }) && !self.changed.is_empty() { "success" } else { "error" }
    }

    fn returncode(&self) -> Option<i32> {
        match self.cause {
            EndCause::Exited { code } => Some(*code),
            EndCause::Signalled { signal } => Some(-signal),
            EndCause::Deadline | EndCause::Stopped => Some(-15),
            EndCause::NotStarted { .. } | EndCause::Lost => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
    fn duration_s(&self) -> f64 {
        self.duration_ms as f64 / 1000.0
    }

    fn instance_id(&self) -> String {
        let mut parts = self.repo.trim_end_matches('/').rsplit('/');
        let (_, owner) = (parts.next(), parts.next().filter(|owner| !owner.is_empty()).unwrap_or("local"));
        format!("{owner}__{}-{}", repo_name(self.repo), self.parent.get(..7).unwrap_or(self.parent))
    }

    fn journal(&self) -> Value {
        let path = format!("{}/{}/{}/{}", repo_name(self.repo), self.agent, super::harness_model(self.model), self.timestamp);
        json!({
            "task_id": self.task_id,
            "commits": {"pre": self.parent, "human": self.human},
            "agent_branch": format!("agent/{}/{}", self.task_id, short_sha(self.human)),
            "status": self.status(),
            "run_metadata": {
                "repo": repo_name(self.repo),
                "agent": self.agent,
                "model": super::harness_model(self.model),
                "run_timestamp": self.timestamp,
                "run_path": path,
            },
            "experiment": {"hints_enabled": false, "preflight_enabled": false},
            "preflight": {"attempted": false},
            "metrics": {
                "time_to_first_edit_s": null,
                "commit_count": null,
                "patch_size_loc": self.lines.0 + self.lines.1,
                "changed_files_count": self.changed.len(),
                "violations_count": 0,
            },
            self.agent: {
                "cli": self.cli,
                "time_budget_minutes": self.time_budget_minutes,
                "returncode": self.returncode(),
                "duration_s": self.duration_s(),
            },
            "timestamps": {"written": self.written},
            "isobench_tui": self.ours,
        })
    }

    fn summary(&self, folder: &Path) -> Value {
        let there = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| path.display().to_string())
        };
        let mut agent = json!({
            "status": self.status(),
            "patch_generated": !self.patch.is_empty(),
            "duration_s": self.duration_s(),
            "time_to_first_edit_s": null,
        });
        if !self.patch.is_empty()
            && let Some(agent) = agent.as_object_mut()
        {
            let stats = json!({"lines_added": self.lines.0, "lines_removed": self.lines.1, "files_changed": self.changed.len()});
            agent.insert("patch_stats".to_owned(), stats);
        }
        json!({
            "schema_version": "1.0",
            "meta": {
                "repo": repo_name(self.repo),
                "agent": self.agent,
                "model": super::harness_model(self.model),
                "model_full": self.model,
                "timestamp": self.timestamp,
                "task_id": self.task_id,
                "item_id": self.item.0,
            },
            "commits": {"human": self.human, "pre": self.parent},
            "agent": agent,
            "_sources": {
                "journal": there("journal.json"),
                "trajectory": there("trajectory.json"),
                "prediction": there("prediction.jsonl"),
                "patch": there("model_patch.diff"),
            },
        })
    }
}

/// A file of the agent's. It may have put a pipe in its place, and reading one may never end.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("it is no regular file")) }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
