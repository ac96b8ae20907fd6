//! What the harness writes once an agent has ended, by its own rules, leniency included: its scripts must give the same
//! answers on our folders as on its own. What we think of the end stands under our own key of the journal.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::ItemFolder;
use crate::artifact::document::{Indent, python_json};
use crate::artifact::{ArtifactError, DiffTargets, Journal, Prediction, Prompt, RunSummary, harness_model, repo_name};
use crate::domain::{AgentKind, EndCause, ItemId, short_sha};
use crate::host::files::{self, Links};
use crate::text::mask::Masker;

/// Steps above which the harness takes a trajectory for one that ran too long, whatever its own limit was.
const HARNESS_STEPS: usize = 120;

/// No model's name is longer, in characters.
const LONGEST_NAME: usize = 200;

/// A larger patch or trajectory of the agent's is not read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

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
    /// The kind of agent: it decides what counts as a success.
    pub kind: AgentKind,
    /// The agent's folder below `state/runs/<repo>/`.
    pub agent: &'a str,
    /// Its model as configured: the folder is named by it.
    pub model: &'a str,
    /// Its model as the agent itself names it; `None` where it does not say.
    pub real_model: Option<&'a str>,
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
    /// Paths that it may change: the task's own, else those that the human changed.
    pub targets: &'a [String],
    /// Whether a change elsewhere makes it an error.
    pub strict: bool,
    /// Whether it was skipped: then its patch is kept, and there is no journal, nor anything else that the harness would
    /// count it by.
    pub is_skipped: bool,
    /// What we found, under our own key.
    pub ours: Value,
    /// Seconds since the epoch.
    pub written: f64,
    /// Hides secrets in what the agent wrote.
    pub masker: &'a Masker,
}

/// What the harness looks for in a trajectory. Its key for the steps is not TRAE's, so of TRAE only the text counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ran<'a> {
    steps: Vec<IgnoredAny>,
    /// Undecoded: an agent may have put anything there, and a list of nothing takes thirty times its text.
    #[serde(borrow)]
    final_result: Option<&'a RawValue>,
}

/// The model that a trajectory names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Model {
    model: Option<String>,
}

/// The end by the harness's rules.
struct Judged<'a> {
    finished: &'a Finished<'a>,
    /// The trajectory says that the agent ran out of steps: nothing else is looked at then.
    exceeded: bool,
    changed: &'a [String],
    disallowed: Vec<&'a str>,
}

impl ItemFolder {
    /// Writes what the harness writes once the agent has ended, the journal last but for the summary. The same call
    /// again writes the same files.
    pub fn finish(&self, finished: &Finished<'_>) -> Result<(), ArtifactError> {
        // ours or none: what an agent writes under this name must not be taken for the harness's word
        let _ = fs::remove_file(self.path.join(Journal::FILE));
        self.name_targets(finished.targets)?;
        if let EndCause::NotStarted { error } = finished.cause {
            return self.write_json(Journal::FILE, &finished.exception(error));
        }
        // a patch that the agent itself wrote there stays beside ours where it differs
        match files::read(&self.patch(), LARGEST, Links::Refused) {
            Ok(theirs) if theirs != finished.patch && !theirs.is_empty() => self.write("agent_patch.diff", &theirs)?,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("the agent's own {} is not kept: {error}", self.patch().display());
            }
            _ => {}
        }
        self.write("model_patch.diff", finished.patch)?;
        if finished.is_skipped {
            return Ok(());
        }
        let judged = finished.judge(self);
        self.write_json(DiffTargets::FILE, &judged.targets())?;
        self.write(Prediction::FILE, (python_json(&finished.prediction(), Indent::OneLine) + "\n").as_bytes())?;
        self.write_json(Journal::FILE, &judged.journal())?;
        match judged.summary(self) {
            Some(summary) => self.write_json(RunSummary::FILE, &summary),
            None => Ok(()),
        }
    }

    /// The harness's `prompt.json` names the targets that it took from the human's commit; ours does from now on, when
    /// the agent can't read it any more.
    fn name_targets(&self, targets: &[String]) -> Result<(), ArtifactError> {
        let path = self.path.join(Prompt::FILE);
        // a link in its place is the agent's
        if path.is_symlink() {
            return Ok(());
        }
        let Ok(prompt) = Prompt::read(&path) else { return Ok(()) };
        let mut whole = prompt.whole().clone();
        if let Some(named) = whole.get_mut("target_files") {
            *named = json!(targets);
        }
        self.write_json(Prompt::FILE, &whole)
    }
}

impl<'a> Finished<'a> {
    fn judge(&'a self, folder: &ItemFolder) -> Judged<'a> {
        let may_exceed = matches!(self.kind, AgentKind::Trae | AgentKind::Codex | AgentKind::ClaudeCode);
        let exceeded = may_exceed && ran_too_long(&folder.trajectory());
        let changed = if exceeded { &[] } else { self.changed };
        let disallowed = changed.iter().filter(|path| !self.targets.contains(path)).map(String::as_str).collect();
        Judged { finished: self, exceeded, changed, disallowed }
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

    /// The patch as Python reads a text: with one kind of line end.
    fn patch_text(&self) -> String {
        String::from_utf8_lossy(self.patch).replace("\r\n", "\n").replace('\r', "\n")
    }

    fn instance_id(&self) -> String {
        let tail = self.repo.rsplit("github.com/").next().unwrap_or(self.repo).trim_end_matches(['.', 'g', 'i', 't']);
        let (owner, repo) = match tail.split_once('/') {
            Some((owner, repo)) if !repo.contains('/') => (owner, repo),
            // a path and anything else stands there whole
            _ => (tail, "repo"),
        };
        format!("{owner}__{repo}-{}", self.parent.get(..7).unwrap_or(self.parent))
    }

    /// The model that did the work.
    fn named_model(&self) -> String {
        self.real_model.and_then(|model| self.model_name(model)).unwrap_or_else(|| self.model.to_owned())
    }

    /// A model as an agent names it, which may write there what it likes: `None` for what is no name.
    fn model_name(&self, says: &str) -> Option<String> {
        let is_name = !says.is_empty() && says.chars().count() <= LONGEST_NAME && !says.chars().any(char::is_control);
        is_name.then(|| self.masker.mask(says).into_owned())
    }

    fn prediction(&self) -> Value {
        json!({
            "instance_id": self.instance_id(),
            "model_patch": String::from_utf8_lossy(self.patch),
            "model_name_or_path": self.named_model(),
        })
    }

    /// The fields with which every journal begins.
    fn head(&self, status: &str) -> Value {
        let (repo, model) = (repo_name(self.repo), harness_model(self.model));
        json!({
            "task_id": self.task_id,
            "commits": {"pre": self.parent, "human": self.human},
            "agent_branch": format!("agent/{}/{}", self.task_id, short_sha(self.human)),
            "status": status,
            "run_metadata": {
                "repo": repo,
                "agent": self.agent,
                "model": model,
                "run_timestamp": self.timestamp,
                "run_path": format!("{repo}/{}/{model}/{}", self.agent, self.timestamp),
            },
        })
    }

    /// The journal of an agent that could not be started: the harness fails with Python's own exception.
    fn exception(&self, error: &str) -> Value {
        let (error, class) = python_exception(error, self.cli);
        let rest = json!({
            "error": error,
            "error_type": class,
            "timestamps": {"written": self.written},
            "isobench_tui": self.ours,
        });
        joined(self.head("error"), rest)
    }
}

impl Judged<'_> {
    /// `success` for exit code 0 and any changed file, however empty the work. In a worktree without history the
    /// harness can't see commits, so they save nobody.
    fn status(&self) -> &'static str {
        let completed = self.finished.returncode() == Some(0);
        match () {
            () if self.exceeded => "max_steps_exceeded",
            () if !completed || self.changed.is_empty() => "error",
            () if self.finished.strict && !self.is_ok() => "error",
            () => "success",
        }
    }

    const fn is_ok(&self) -> bool {
        self.disallowed.is_empty()
    }

    fn targets(&self) -> Value {
        json!({"changed": self.changed, "allowed": self.finished.targets, "disallowed": self.disallowed, "ok": self.is_ok()})
    }

    fn journal(&self) -> Value {
        let finished = self.finished;
        let patch_size_loc = (!self.exceeded && !finished.patch.is_empty()).then(|| changed_lines(&finished.patch_text()));
        // readers look for the kind's own key, whatever its folder is called
        let key = if finished.kind == AgentKind::Command { finished.agent } else { finished.kind.name() };
        let rest = json!({
            "experiment": {"hints_enabled": false, "preflight_enabled": false},
            "preflight": {"attempted": false},
            "metrics": {
                "time_to_first_edit_s": null,
                "commit_count": null,
                "patch_size_loc": patch_size_loc,
                "changed_files_count": self.changed.len(),
                "violations_count": self.disallowed.len(),
            },
            key: {
                "cli": finished.cli,
                "time_budget_minutes": minutes(finished.time_budget_minutes),
                "returncode": if self.exceeded { Some(0) } else { finished.returncode() },
                "duration_s": finished.duration_s(),
            },
            "timestamps": {"written": finished.written},
            "isobench_tui": finished.ours,
        });
        joined(finished.head(self.status()), rest)
    }

    /// The harness writes none where a commit is not known.
    fn summary(&self, folder: &ItemFolder) -> Option<Value> {
        let finished = self.finished;
        if finished.human.is_empty() || finished.parent.is_empty() {
            return None;
        }
        let source = |name: &str| folder.path.join(name).display().to_string();
        let hint = harness_model(finished.model);
        let trajectory = folder.trajectory().exists();
        let model_full = if trajectory {
            model_of(&folder.trajectory()).and_then(|model| finished.model_name(&model))
        } else {
            Some(finished.named_model()).filter(|model| !model.is_empty())
        };
        let model_full = model_full.unwrap_or(hint);
        let generated = !finished.patch.is_empty();
        // it looks for a duration under TRAE's key alone, and takes none for none
        let duration_s = (finished.kind == AgentKind::Trae && finished.duration_ms > 0).then(|| finished.duration_s());
        let mut agent = json!({"status": self.status(), "patch_generated": generated});
        if generated {
            agent = joined(agent, json!({"patch_stats": patch_stats(&finished.patch_text())}));
        }
        Some(json!({
            "schema_version": "1.0",
            "meta": {
                "repo": repo_name(finished.repo),
                "agent": finished.agent,
                "model": canonical(&model_full),
                "model_full": model_full,
                "timestamp": finished.timestamp,
                "task_id": finished.task_id,
                "item_id": finished.item.0,
            },
            "commits": {"human": finished.human, "pre": finished.parent},
            "agent": joined(agent, json!({"duration_s": duration_s, "time_to_first_edit_s": null})),
            "_sources": {
                "journal": source(Journal::FILE),
                "trajectory": trajectory.then(|| source("trajectory.json")),
                "prediction": (!trajectory).then(|| source(Prediction::FILE)),
                "patch": generated.then(|| source("model_patch.diff")),
            },
        }))
    }
}

/// Two objects as one, in their order.
fn joined(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}

/// A budget as the harness has it in its configuration: mostly a whole number.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn minutes(budget: f64) -> Value {
    if budget.fract() == 0.0 && budget.abs() < 1e9 { json!(budget as i64) } else { json!(budget) }
}

/// A trajectory that does not say is one that did not run too long, and so is one that can't be read.
fn ran_too_long(trajectory: &Path) -> bool {
    let Ok(bytes) = files::read(trajectory, LARGEST, Links::Refused) else { return false };
    let Ok(ran) = serde_json::from_slice::<Ran<'_>>(&bytes) else { return false };
    let said: Option<String> = ran.final_result.and_then(|said| serde_json::from_str(said.get()).ok());
    ran.steps.len() > HARNESS_STEPS || said.is_some_and(|said| said.to_lowercase().contains("exceeded maximum steps"))
}

fn model_of(trajectory: &Path) -> Option<String> {
    serde_json::from_slice::<Model>(&files::read(trajectory, LARGEST, Links::Refused).ok()?).ok()?.model
}

/// The short names that the harness knows; any other model is called what it is.
fn canonical(model: &str) -> &str {
    match model {
        "gpt-5-2025-08-07" => "gpt-5",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0" | "anthropic.claude-sonnet-4-5-20250929-v1:0" | "claude-sonnet-4-5-20250929" => {
            "claude-sonnet-45"
        }
        other => other,
    }
}

/// Lines that begin with `+` or `-` and not with `+++` or `---`, as the journal counts them.
fn changed_lines(patch: &str) -> usize {
    // where Python ends a line, beside the end that we know
    let ends = ['\n', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let counts = |line: &&str| (line.starts_with('+') && !line.starts_with("+++")) || (line.starts_with('-') && !line.starts_with("---"));
    patch.split(ends).filter(counts).count()
}

/// The same as the summary counts it: by text, whatever it is the text of.
fn patch_stats(patch: &str) -> Value {
    let lines = |sign: &str| {
        let all = patch.matches(&format!("\n{sign}")).count();
        all.saturating_sub(patch.matches(&format!("\n{sign}{sign}{sign}")).count())
    };
    json!({"lines_added": lines("+"), "lines_removed": lines("-"), "files_changed": patch.matches("diff --git").count()})
}

/// What Python says of a program that can't be started, and the class of its exception.
fn python_exception(error: &str, program: &str) -> (String, &'static str) {
    let quoted = format!("'{}'", program.replace('\\', "\\\\").replace('\'', "\\'"));
    let is = |code: i32| error.contains(&format!("(os error {code})"));
    match () {
        () if is(2) || error.contains("No such file") => (format!("[Errno 2] No such file or directory: {quoted}"), "FileNotFoundError"),
        () if is(13) => (format!("[Errno 13] Permission denied: {quoted}"), "PermissionError"),
        () if is(8) => (format!("[Errno 8] Exec format error: {quoted}"), "OSError"),
        () => (error.to_owned(), "OSError"),
    }
}
