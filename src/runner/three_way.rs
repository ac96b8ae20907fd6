//! `arms.engine = "three_way"`: ISO-Bench's own `scripts/runners/run_3way_benchmarks.py` measures the arms, one commit
//! and one arm at a time. It ends with 0 whatever happened, so only its result files and its words count.

mod temper;

pub use temper::temper;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::conclude::{Case, OUTPUT_TAIL, clip, plain};
use super::create::digest;
use super::harness::python;
use super::preflight::find_program;
use crate::artifact::Checkout;
use crate::artifact::document::Document;
use crate::artifact::result_file::ArmResult;
use crate::bench::{classify, metrics, take_most};
use crate::config::{Config, Engine};
use crate::domain::{Arm, ArmDetail, ChildEnd, EndCause, FailureClass, Metric, StageDetail, StageEnd, short_sha};
use crate::host::files;
use crate::model::Item;
use crate::text::clean;
use crate::text::duration::short;

/// In the folder of an arm's stage that took an older result: where that lay.
pub const REUSED_FROM: &str = "reused_from";

/// Ends of the names of metrics, longest first, and their units.
const UNITS: [(&str, &str); 4] = [("_tok_s", "tok/s"), ("_req_s", "req/s"), ("_ms", "ms"), ("_s", "s")];

/// Lines that tell the root cause behind a message such as "No metrics in agent output", in lower case.
const ROOTS: [&str; 16] = [
    "no space left on device",
    "manifest unknown",
    "pull access denied",
    "toomanyrequests",
    "cuda out of memory",
    "number of required gpus exceeds",
    "modulenotfounderror",
    "importerror",
    "syntaxerror",
    "unknown rope scaling",
    "default_chat_template",
    "gated repo",
    "can't open file",
    "address already in use",
    "cannot connect to the docker daemon",
    "could not select device driver",
];

/// Whether that script measures.
pub fn is_used(config: &Config) -> bool {
    config.arms.engine == Engine::ThreeWay
}

/// The script below a repository's root.
pub fn script(repo_root: &Path) -> PathBuf {
    repo_root.join("scripts/runners/run_3way_benchmarks.py")
}

/// Whether the arms can be measured at all: with what, or what is missing and what to do. `items` is the folder of the
/// run's items, or the one above it.
pub fn ready(checkout: &Checkout, config: &Config, items: &Path) -> Result<String, String> {
    let root = checkout.repo_root.clone();
    let script = script(&root);
    let text = fs::read_to_string(&script).map_err(|error| format!("can't read {}: {error}", script.display()))?;
    let python = python(checkout, config);
    if find_program(&python).is_none() {
        return Err(format!("the Python '{python}' is not there or not executable: set harness.python"));
    }
    let known = keys(&text, "AGENT_CONFIGS");
    let Some(kind) = config.arms.agent_type.as_deref() else {
        return Err(format!("set arms.agent_type to one of {}, or to a line of your own in its tables", known.join(", ")));
    };
    if !known.is_empty() && !known.iter().any(|key| key == kind) {
        return Err(format!("{} knows no agent type '{kind}' (arms.agent_type), only {}", script.display(), known.join(", ")));
    }
    match entry(&text, "AGENT_CONFIGS", kind).map(|folder| root.join(folder)) {
        Some(folder) if !items.starts_with(&folder) => Err(elsewhere(&script, kind, &folder, items)),
        _ => Ok(format!("{} --agent-type {kind}", script.display())),
    }
}

fn elsewhere(script: &Path, kind: &str, theirs: &Path, ours: &Path) -> String {
    format!(
        "{} looks for patches of '{kind}' in {}, and this run's lie in {}: change that line of its AGENT_CONFIGS, or add one",
        script.display(),
        theirs.display(),
        ours.display()
    )
}

/// The names in one of the script's tables.
fn keys(text: &str, table: &str) -> Vec<String> {
    block(text, table).lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\":")).map(|(key, _)| key.to_owned()).collect()
}

/// The path that one of the script's tables has under a name.
fn entry(text: &str, table: &str, key: &str) -> Option<String> {
    let line = block(text, table).lines().find_map(|line| line.trim().strip_prefix(&format!("\"{key}\":")))?;
    line.split('"').nth(1).map(str::to_owned)
}

fn block<'t>(text: &'t str, table: &str) -> &'t str {
    let from = text.find(&format!("\n{table} = {{")).and_then(|at| text.get(at..)).unwrap_or_default();
    from.find("\n}").and_then(|end| from.get(..end)).unwrap_or_default()
}

/// The name of an arm's result file.
pub fn name(item: &Item, arm: Arm) -> String {
    format!("{}_{}_result.json", short_sha(&item.human), arm.name())
}

/// Where older results of this name may lie that would make the script skip the arm. Those of other agents stay where
/// they are: they are in nobody's way.
pub fn older(root: &Path, agent_type: &str, name: &str) -> Vec<PathBuf> {
    let text = fs::read_to_string(script(root)).unwrap_or_default();
    let folders = if let Some(folder) = entry(&text, "AGENT_OUTPUT_DIRS", agent_type) {
        vec![root.join(folder).join("results")]
    } else {
        let inside = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let of_agent = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(agent_type));
        let archived = inside(root.join("archive/results")).flat_map(inside).filter(of_agent).map(|folder| folder.join("results"));
        archived.chain([root.join("results")]).collect()
    };
    folders.into_iter().map(|folder| folder.join(name)).filter(|path| path.is_file()).collect()
}

/// The numbers of a result, in the order in which they were printed. Offline, the script keeps requests a second of the
/// baseline under the name of tokens a second: that one is left out.
pub fn numbers(result: &Document<ArmResult>, arm: Arm) -> Vec<Metric> {
    let mistaken = |name: &str| arm == Arm::Baseline && name == "output_token_throughput_tok_s" && !is_serving(result);
    let names = result.whole().get("metrics").and_then(serde_json::Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    names
        .filter(|name| !mistaken(name))
        .filter_map(|name| {
            let value = *result.metrics.get(name)?;
            let unit = UNITS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, unit)| *unit)?;
            metrics::direction(unit)?;
            Some(Metric { name: name.clone(), value, unit: unit.to_owned() })
        })
        .collect()
}

/// Whether a served model was measured: only then there is a first token to wait for.
pub fn is_serving(result: &ArmResult) -> bool {
    result.metrics.keys().any(|name| name.starts_with("ttft_"))
}

/// Judges the end of an arm.
pub fn conclude(case: &Case<'_>, child: &ChildEnd) -> (StageEnd, StageDetail) {
    let without = |end| (end, StageDetail::Arm(ArmDetail::default()));
    let end = plain(case, child, FailureClass::ArmCrashed);
    let (EndCause::Exited { .. }, Some(arm)) = (&child.cause, case.stage.arm()) else { return without(end) };
    let folder = case.job.folder.stage(case.attempt, case.stage);
    let out = files::tail(&folder.join("out"), OUTPUT_TAIL).unwrap_or_default();
    let name = name(case.item, arm);
    let saved = out.lines().rev().find_map(|line| line.trim().strip_prefix("Saved to "));
    let saved = saved.map(|path| case.job.checkout.repo_root.join(path));
    let Some(saved) = saved.filter(|path| path.file_name().is_some_and(|last| last.to_string_lossy() == name)) else {
        return without(if end == StageEnd::Done { no_result(case, &out) } else { end });
    };
    let kept = folder.join(&name);
    if let Err(error) = keep(&saved, &kept) {
        return without(failed(case, FailureClass::Unknown, &format!("can't copy {}: {error}", saved.display())));
    }
    let result = match ArmResult::read(&kept) {
        Ok(result) => result,
        Err(error) => return without(failed(case, FailureClass::Unknown, &format!("its result can't be read: {error}"))),
    };
    if let Some(end) = other_patch(case, &out) {
        return without(end);
    }
    judge(case, child, &result, arm)
}

fn judge(case: &Case<'_>, child: &ChildEnd, result: &Document<ArmResult>, arm: Arm) -> (StageEnd, StageDetail) {
    let metrics = numbers(result, arm);
    let end = match result.status.as_str() {
        "success" if metrics.is_empty() => {
            failed(case, FailureClass::NoMetrics, "its result says success and holds no number above 0 with a unit")
        }
        "success" if child.frozen_ms > 0 => {
            let frozen = short(child.frozen_ms);
            failed(case, FailureClass::Tainted, &format!("frozen for {frozen} while it measured: its numbers are invalid"))
        }
        "success" => StageEnd::Done,
        _ => by_error(case, result),
    };
    (end, StageDetail::Arm(take_most(metrics)))
}

fn failed(case: &Case<'_>, class: FailureClass, why: &str) -> StageEnd {
    StageEnd::Failed { class, why: clean::line(&case.masker.mask(why)) }
}

/// The script's own sentence names the last thing that it missed; the cause stands in what the container printed.
fn by_error(case: &Case<'_>, result: &ArmResult) -> StageEnd {
    let says = result.error.as_deref().unwrap_or("without a word why");
    let root = result.raw_output.lines().find(|line| {
        let low = line.to_lowercase();
        ROOTS.iter().any(|root| low.contains(root))
    });
    let low = says.to_lowercase();
    // a server that is not up yet refuses connections: of what it printed only a full disk is a cause of its own
    let full = [says, &result.raw_output].into_iter().find_map(classify).filter(|(class, _)| *class == FailureClass::NoSpace);
    let class = if full.is_some() {
        FailureClass::NoSpace
    } else if result.status == "timeout" || ["timed out", "timeout", "exceeded"].iter().any(|word| low.contains(word)) {
        FailureClass::Timeout
    } else if low.contains("metrics in") {
        FailureClass::NoMetrics
    } else {
        FailureClass::ArmCrashed
    };
    let root = root.map(|line| format!(": {}", clip(line))).unwrap_or_default();
    failed(case, class, &format!("{}{root}", clip(says)))
}

/// It ended well and measured nothing.
fn no_result(case: &Case<'_>, out: &str) -> StageEnd {
    let items = case.job.item_folder(case.run, &case.item.id).path;
    let (root, kind) = (case.job.checkout.repo_root.clone(), case.job.config.arms.agent_type.as_deref().unwrap_or_default());
    let theirs = out.lines().find_map(|line| line.trim().strip_prefix("Agent patches dir: ")).map_or_else(|| root.clone(), PathBuf::from);
    let says = |words: &str| out.lines().find(|line| line.contains(words)).map(clip);
    if let Some(line) = says("SKIP: No agent patch available") {
        return failed(case, FailureClass::NoMetrics, &format!("{line}; {}", elsewhere(&script(&root), kind, &theirs, &items)));
    }
    if let Some(line) = says("not found in mapping") {
        let ours = ["run_summary.json", "model_patch.diff"].iter().all(|name| items.join(name).is_file());
        let why = if !items.starts_with(&theirs) {
            elsewhere(&script(&root), kind, &theirs, &items)
        } else if ours {
            "data/mappings/benchmark_mode_mapping.json has no line for it".to_owned()
        } else {
            format!("it needs run_summary.json and model_patch.diff in {}, and ISO-Bench left none", items.display())
        };
        return failed(case, FailureClass::NoMetrics, &format!("{line}; {why}"));
    }
    if let Some(line) = says("result already exists") {
        return failed(case, FailureClass::NoMetrics, &format!("{line}: an older result is in its way; move it, and try again with r"));
    }
    failed(case, FailureClass::NoMetrics, "it ended well and saved no result")
}

/// The script takes the first patch of the commit that it finds below its folder, whoever made it.
fn other_patch(case: &Case<'_>, out: &str) -> Option<StageEnd> {
    let applied = PathBuf::from(out.lines().find_map(|line| line.trim().strip_prefix("Applying patch: "))?);
    let ours = case.job.item_folder(case.run, &case.item.id).patch();
    let same = |a: &Path, b: &Path| a == b || a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b));
    if same(&applied, &ours) || patch_digest(case.item).is_some_and(|ours| read_digest(&applied).as_ref() == Some(&ours)) {
        return None;
    }
    let why = format!("it measured another patch, {}: name this run's folder in its AGENT_CONFIGS", applied.display());
    Some(failed(case, FailureClass::Tainted, &why))
}

/// The digest of the patch that we took.
fn patch_digest(item: &Item) -> Option<String> {
    item.last_attempt()?.check().map(|check| check.patch_digest.clone())
}

fn read_digest(path: &Path) -> Option<String> {
    path.metadata().ok().filter(fs::Metadata::is_file)?;
    fs::read(path).ok().map(|bytes| digest(&bytes))
}

/// Copies a result file to where nobody moves it away.
pub fn keep(from: &Path, to: &Path) -> io::Result<()> {
    if !from.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    fs::copy(from, to).map(drop)
}

/// The seconds that the script gives an arm: a little less than our budget, so that it speaks first.
pub fn timeout_s(budget_ms: Option<u64>) -> u64 {
    const WEEK: u64 = 7 * 24 * 3600;
    budget_ms.map_or(WEEK, |budget| {
        let seconds = budget / 1000;
        seconds.saturating_sub((seconds / 10).clamp(1, 120)).max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "ROOT_DIR = x\nAGENT_CONFIGS = {\n    \"trae\": \"ISO-Bench/state/runs/vllm/trae/gpt-5\",  # \"x\"\n    # a comment\n    \"claude_code\": \"b\",\n}\n\nAGENT_OUTPUT_DIRS = {\n    \"trae\": ROOT_DIR / \"archive/results/2026-01/r_trae\",\n}\n";

    #[test]
    fn the_scripts_tables_are_read() {
        assert_eq!(keys(SCRIPT, "AGENT_CONFIGS"), ["trae", "claude_code"]);
        assert_eq!(entry(SCRIPT, "AGENT_CONFIGS", "trae").as_deref(), Some("ISO-Bench/state/runs/vllm/trae/gpt-5"));
        assert_eq!(entry(SCRIPT, "AGENT_OUTPUT_DIRS", "trae").as_deref(), Some("archive/results/2026-01/r_trae"));
        assert_eq!(entry(SCRIPT, "AGENT_OUTPUT_DIRS", "claude_code"), None);
        assert_eq!(keys("nothing", "AGENT_CONFIGS"), Vec::<String>::new());
    }

    #[test]
    fn the_scripts_own_timeout_speaks_first() {
        assert_eq!([None, Some(900_000), Some(1_800_000), Some(3_000), Some(10)].map(timeout_s), [604_800, 810, 1_680, 2, 1]);
    }

    #[test]
    fn every_unit_has_a_direction() {
        assert!(UNITS.iter().all(|(_, unit)| metrics::direction(unit).is_some()));
    }
}
