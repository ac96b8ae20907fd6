//! `arms.engine = "three_way"`: ISO-Bench's own `scripts/runners/run_3way_benchmarks.py` measures the arms, one commit
//! and one arm at a time, on a folder of ours with the one patch that we took. It ends with 0 whatever happened, so only
//! its result files and its words count.

mod temper;

pub use temper::temper;

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::conclude::{Case, OUTPUT_TAIL, clip, plain};
use super::harness::python;
use super::job::Job;
use super::preflight::find_program;
use crate::artifact::Checkout;
use crate::artifact::document::Document;
use crate::artifact::journal::add_ours;
use crate::artifact::result_file::ArmResult;
use crate::bench::score::{has_numbers, notes, traps};
use crate::bench::{Patched, metrics, of_result, take_most, unit_at_end};
use crate::config::{Config, Engine};
use crate::domain::{
    Arm, ArmDetail, AttemptId, ChildEnd, EndCause, FailureClass, Flag, Metric, Stage, StageDetail, StageEnd, Taint, short_sha,
};
use crate::host::files;
use crate::model::Item;
use crate::text::duration::short;

/// Python that runs the script with an agent type of ours in its tables: the script itself stays as it is.
pub const ENTRY: &str = include_str!("three_way/entry.py");

/// In the folder of an arm's stage that took an older result: where that lay.
pub const REUSED_FROM: &str = "reused_from";

/// How deep below a folder of results one is looked for.
const DEEPEST: u32 = 6;

/// Whether that script measures.
pub fn is_used(config: &Config) -> bool {
    config.arms.engine == Engine::ThreeWay
}

/// The script below a repository's root.
pub fn script(repo_root: &Path) -> PathBuf {
    repo_root.join("scripts/runners/run_3way_benchmarks.py")
}

/// Whether the arms can be measured at all: with what, or what is missing and what to do.
pub fn ready(checkout: &Checkout, config: &Config) -> Result<String, String> {
    let script = script(&checkout.repo_root);
    if !script.is_file() {
        return Err(format!("no {}: use a whole checkout of ISO-Bench, or another arms.engine", script.display()));
    }
    let python = python(checkout, config);
    if find_program(&python).is_none() {
        return Err(format!("the Python '{python}' is not there or not executable: set harness.python"));
    }
    Ok(format!("{python} {}", script.display()))
}

/// The name of an arm's result file.
pub fn name(item: &Item, arm: Arm) -> String {
    format!("{}_{}_result.json", short_sha(&item.human), arm.name())
}

/// The folder of a run's results. The script puts a folder `results` into it.
pub fn results(job: &Job) -> PathBuf {
    job.checkout.repo_root.join("results").join(job.folder.run_id().0)
}

/// Where the script saves a result of this run.
pub fn saved(job: &Job, item: &Item, arm: Arm) -> PathBuf {
    results(job).join("results").join(name(item, arm))
}

/// The good result of this name that any run of the script left, with its numbers: of several the newest of those on which least
/// casts doubt.
pub fn newest(root: &Path, item: &Item, arm: Arm) -> Option<(PathBuf, Document<ArmResult>, ArmDetail)> {
    let name = name(item, arm);
    let mut folders = vec![(root.join("archive/results"), 0), (root.join("results"), 0)];
    let mut found = Vec::new();
    while let Some((folder, depth)) = folders.pop() {
        // beside its results people archive what they made of them
        let is_theirs = folder.ends_with("results") || folder.starts_with(root.join("results"));
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // links are not followed: they may lead round in circles
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && is_theirs && entry.file_name().to_string_lossy() == name {
                found.push(entry.path());
            }
        }
    }
    let good = found.into_iter().filter_map(|path| {
        let result = ArmResult::read(&path).ok().filter(|result| result.status == "success" && result.is_of(&item.human))?;
        // a run of ours knows its machine, and is taken where that agrees
        if result.ours.as_ref().is_some_and(|ours| !ours.run.is_empty()) {
            return None;
        }
        let detail = detail(&result, arm);
        has_numbers(&detail).then_some((path, result, detail))
    });
    let age = |path: &Path| path.metadata().and_then(|there| there.modified()).ok();
    good.max_by_key(|(path, result, detail)| (Reverse(detail.flags.len()), result.timestamp.clone(), age(path)))
}

/// What a result holds, its numbers in the order in which they were printed.
pub fn detail(result: &Document<ArmResult>, arm: Arm) -> ArmDetail {
    let names = result.whole().get("metrics").and_then(serde_json::Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    let numbers = names.filter_map(|name| {
        let value = *result.metrics.get(name)?;
        let unit = unit_at_end(name);
        metrics::direction(unit)?;
        Some(Metric { name: name.clone(), value, unit: unit.to_owned() })
    });
    let mut detail = ArmDetail { model: result.model.clone(), ..take_most(numbers.collect()) };
    detail.flags = traps(arm, &detail);
    if Patched::by(&result.raw_output) == Patched::Forced {
        detail.flags.push(Flag::PatchForced);
    }
    detail
}

/// Judges the end of an arm.
pub fn conclude(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let without = |end| (end, StageDetail::Arm(ArmDetail::default()));
    let end = plain(case, child, FailureClass::ArmCrashed);
    let (EndCause::Exited { .. }, Some(arm)) = (&child.cause, case.stage.arm()) else { return without(end) };
    let saved = saved(case.job, case.item, arm);
    // what lay there before was moved aside: what lies there now was measured by this attempt
    if !saved.exists() {
        return without(if end == StageEnd::Done { no_result(case) } else { end });
    }
    let kept = case.job.folder.stage(case.attempt, case.stage).join(name(case.item, arm));
    if let Err(error) = keep(&saved, &kept) {
        return without(failed(case, FailureClass::Unknown, &format!("can't copy {}: {error}", saved.display())));
    }
    let result = match ArmResult::read(&kept) {
        Ok(result) => result,
        // it died while it wrote
        Err(_) if end != StageEnd::Done => return without(end),
        Err(error) => return without(failed(case, FailureClass::Unknown, &format!("its result can't be read: {error}"))),
    };
    judge(case, child, &result, arm)
}

fn judge(case: &Case<'_>, child: &ChildEnd, result: &Document<ArmResult>, arm: Arm) -> (StageEnd, StageDetail) {
    if !result.is_of(&case.item.human) {
        let why = format!("its result is of another commit, '{}'", clip(&result.human_commit));
        return (failed(case, FailureClass::Tainted, &why), StageDetail::Arm(ArmDetail::default()));
    }
    let detail = detail(result, arm);
    let end = match result.status.as_str() {
        "success" if !has_numbers(&detail) => {
            let mistaken: Vec<String> = notes(&detail).into_iter().map(|note| format!(": {note}")).collect();
            let says = format!("its result says success and holds no number above 0 with a unit{}", mistaken.concat());
            failed(case, FailureClass::NoMetrics, &says)
        }
        "success" if child.frozen_ms > 0 => {
            let frozen = short(child.frozen_ms);
            failed(case, FailureClass::Tainted, &format!("frozen for {frozen} while it measured: its numbers are invalid"))
        }
        "success" => StageEnd::Done,
        _ => by_error(case, result),
    };
    (end, StageDetail::Arm(detail))
}

fn failed(case: &Case<'_>, class: FailureClass, why: &str) -> StageEnd {
    StageEnd::Failed { class, why: case.masker.line(why) }
}

/// The script's own sentence names the last thing that it missed; the cause stands in what the container printed.
fn by_error(case: &Case<'_>, result: &ArmResult) -> StageEnd {
    let says = result.error.as_deref().unwrap_or("without a word why");
    let Some(cause) = of_result(&result.status, Some(says), &result.raw_output) else { return StageEnd::Done };
    // the evidence is that sentence, or says more
    let more = if cause.evidence.contains(says.trim()) { String::new() } else { format!("{}: ", clip(says)) };
    failed(case, cause.class, &format!("{more}{}", clip(&cause.evidence)))
}

/// It ended well and measured nothing.
fn no_result(case: &Case<'_>) -> StageEnd {
    let out = files::tail(&case.job.folder.stage(case.attempt, case.stage).join("out"), OUTPUT_TAIL).unwrap_or_default();
    let says = out.lines().find(|line| ["ERROR: ", "SKIP: "].iter().any(|word| line.contains(word)));
    let hint = if says.is_some_and(|line| line.contains("not found in mapping")) {
        ": data/mappings/benchmark_mode_mapping.json has no line for it"
    } else {
        ""
    };
    let says = says.map(|line| format!(": {}", clip(line))).unwrap_or_default();
    failed(case, FailureClass::NoMetrics, &format!("it ended well and saved no result{says}{hint}"))
}

/// A larger result or patch is none, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Copies a result or a patch to where nobody moves it away.
pub fn keep(from: &Path, to: &Path) -> io::Result<()> {
    fs::write(to, files::read(from, LARGEST, files::Links::Followed)?)
}

/// Puts what tainted an arm into our copy of its result, beside what the script wrote: that stays as it is where the script saved it.
pub fn mark(job: &Job, item: &Item, attempt: &AttemptId, stage: Stage, taints: &[Taint]) -> io::Result<()> {
    let Some(arm) = stage.arm() else { return Ok(()) };
    let copy = job.folder.stage(attempt, stage).join(name(item, arm));
    if !copy.exists() {
        return Ok(());
    }
    add_ours(&copy, serde_json::json!({ "taints": taints })).map_err(io::Error::other)
}

/// The seconds that the script gives an arm: less than our budget by what its Python may take to start, so that it
/// speaks first.
pub fn timeout_s(budget_ms: Option<u64>) -> u64 {
    const WEEK: u64 = 7 * 24 * 3600;
    budget_ms.map_or(WEEK, |budget| {
        let seconds = budget / 1000;
        seconds.saturating_sub((seconds / 10).clamp(3, 120)).max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_own_timeout_speaks_first() {
        assert_eq!([None, Some(900_000), Some(1_800_000), Some(9_000), Some(10)].map(timeout_s), [604_800, 810, 1_680, 6, 1]);
    }
}
