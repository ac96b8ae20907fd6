//! `[judge] command`: a person's own program looks at an item's patch and prints one verdict.

use std::path::PathBuf;

use serde_json::Value;

use crate::artifact::analysis;
use crate::domain::{AttemptId, ChildEnd, EndCause, SoftVerdict, Stage, StageEnd};
use crate::host::files::{self, Links};
use crate::host::stage_folder::Command;
use crate::model::{Item, Run};
use crate::runner::Job;
use crate::runner::conclude::{Case, clip, stopped};
use crate::text::clean;
use crate::text::duration::short;

/// The verdict as the judge printed it, beside the stage's other files.
const KEPT: &str = "judge.json";

/// A longer output is no verdict, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// How much of what it complained is looked at for a line to quote, in bytes.
const COMPLAINT: u64 = 64 * 1024;

/// What came of asking.
pub(super) enum Said {
    /// A verdict.
    Verdict(SoftVerdict),
    /// None, and why.
    Nothing(String),
    /// The stage was left: the item is to be stopped, or the runner.
    Left(StageEnd),
}

/// Whether the item has a patch that could be judged.
pub fn has_patch(item: &Item) -> bool {
    item.last_attempt().and_then(|last| last.check()).is_some_and(|check| check.files > 0)
}

/// The judge's command line and what it finds in its environment; `None` where none is configured. The item's folder is
/// its last argument where the command does not say where it belongs.
pub fn command(job: &Job, run: &Run, item: &Item, attempt: &AttemptId) -> Option<Command> {
    let words = &job.config.judge.command;
    let (program, rest) = words.split_first()?;
    let folder = job.item_folder(run, &item.id);
    let path = |path: PathBuf| path.display().to_string();
    let mut argv = vec![path(super::judge_program(&job.checkout.root, program))];
    argv.extend(rest.iter().map(|word| job.fill(word, run, item)));
    if !words.iter().any(|word| word.contains("{item_dir}")) {
        argv.push(path(folder.path.clone()));
    }
    let env = [
        ("ISOBENCH_ITEM", item.id.0.clone()),
        ("ISOBENCH_ITEM_DIR", path(folder.path.clone())),
        ("ISOBENCH_PATCH", path(folder.patch())),
        ("ISOBENCH_HUMAN", item.human.clone()),
        ("ISOBENCH_PARENT", item.parent.clone()),
        ("ISOBENCH_GIT_DIR", job.git_dir.clone().map(path).unwrap_or_default()),
        ("ISOBENCH_ATTEMPT_DIR", path(job.folder.attempt(attempt))),
    ];
    Some(Command {
        argv,
        cwd: job.checkout.root.clone(),
        env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Command::default()
    })
}

/// What the judge said, by the end of its process and what it printed.
pub(super) fn verdict(case: &Case<'_>, child: &ChildEnd) -> Said {
    let nothing = |why: String| Said::Nothing(clip(&case.masker.line(&why)));
    match &child.cause {
        EndCause::Exited { code: 0 } => match printed(case).and_then(|(soft, whole)| keep(case, &whole).map(|()| soft)) {
            Ok(soft) => Said::Verdict(soft),
            Err(why) => nothing(why),
        },
        EndCause::Deadline => {
            let budget = short(case.job.budget_ms(Stage::Score).unwrap_or_default());
            nothing(format!("did not end within {budget} (judge.timeout_s)"))
        }
        EndCause::Stopped => match stopped(case) {
            // a person had enough of the judge: what was measured stands
            StageEnd::Stopped { why } if case.item.skipping.is_none() => nothing(format!("stopped: {why}")),
            end => Said::Left(end),
        },
        EndCause::Lost => nothing("its keeper was killed from outside".to_owned()),
        EndCause::Exited { .. } | EndCause::Signalled { .. } | EndCause::NotStarted { .. } => {
            let complaint = files::tail(&folder(case).join("err"), COMPLAINT).unwrap_or_default();
            let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
            let last = last.map_or_else(String::new, |line| format!(": {}", clean::line(line)));
            nothing(format!("{}{last}", child.cause.words()))
        }
    }
}

fn folder(case: &Case<'_>) -> PathBuf {
    case.job.folder.stage(case.attempt, case.stage)
}

/// The verdict that stands in what it printed, and all that it printed, both without secrets.
fn printed(case: &Case<'_>) -> Result<(SoftVerdict, Value), String> {
    let bytes = files::read(&folder(case).join("out"), LARGEST, Links::Refused).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => "it printed more than 1 MiB: a verdict is one JSON object".to_owned(),
        _ => format!("what it printed can't be read: {error}"),
    })?;
    let by = case.job.config.judge.command.join(" ");
    let (mut soft, whole) = analysis::judged(&bytes, &clip(&case.masker.line(&by)))?;
    let safe = |text: &str| case.masker.line(text);
    soft.approach = soft.approach.as_deref().map(safe);
    soft.says = soft.says.as_deref().map(safe);
    Ok((soft, masked(&whole, case)))
}

fn masked(value: &Value, case: &Case<'_>) -> Value {
    let safe = |text: &str| clean::shown_lines(&case.masker.mask(text)).into_owned();
    match value {
        Value::String(text) => Value::String(safe(text)),
        Value::Array(list) => list.iter().map(|value| masked(value, case)).collect(),
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, value)| (safe(name), masked(value, case))).collect()),
        value => value.clone(),
    }
}

fn keep(case: &Case<'_>, whole: &Value) -> Result<(), String> {
    let path = folder(case).join(KEPT);
    files::replace(&path, format!("{whole:#}\n").as_bytes()).map_err(|error| format!("can't write {}: {error}", path.display()))
}
