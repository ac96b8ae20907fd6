//! The benchmark arms.

mod containers;

use std::path::PathBuf;

use super::{About, Look, Row, unmeasured};
use crate::artifact::PlanFile;
use crate::artifact::mapping::{Mapping, MappingEntry};
use crate::config::{Config, Engine};
use crate::domain::FailureClass;
use crate::host::credentials;
use crate::ledger::PlannedItem;
use crate::runner::containers::{mapping, planned};
use crate::runner::three_way;
use crate::text::count;

/// Rows about the arms.
pub(super) fn arms(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let command = &look.config.arms.command;
    match look.config.arms.engine {
        Engine::Process if command.is_empty() => vec![Row::warning(
            About::Arms,
            format!("no arms.command in {}: patches are taken and checked, and not benchmarked", Config::FILE),
            "write one, or leave it so",
        )],
        Engine::Process => gpus_of(&command.join(" ")).and_then(|wanted| gpus(look, wanted, "arms.command wants")).into_iter().collect(),
        Engine::ThreeWay => three_way(look, plan),
        Engine::Docker => containers::rows(look, plan),
    }
}

/// Leaves out the items that nothing says how to measure.
pub(super) fn block(look: &Look<'_>, items: &mut [PlannedItem]) {
    if look.config.arms.unmeasured {
        return;
    }
    let mapping = match look.config.arms.engine {
        Engine::Process => return,
        Engine::ThreeWay => Mapping::read(&mapping_of_script(look)).ok(),
        Engine::Docker => mapping(look.checkout, look.config).ok(),
    };
    // a mapping that can't be read is a row of its own
    let Some(mapping) = mapping else { return };
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        let why = match look.config.arms.engine {
            Engine::Docker => planned(&mapping, &item.human, look.config).err(),
            _ => (!mapping.entry(&item.human).is_some_and(has_command))
                .then(|| format!("{} has no benchmark command for it", mapping.path.display())),
        };
        item.blocked = why.map(|why| unmeasured(FailureClass::NoCommand, &why));
    }
}

/// The script measures a commit by the command that stands in this file of its own, whatever `arms.mapping` says.
fn mapping_of_script(look: &Look<'_>) -> PathBuf {
    look.checkout.repo_root.join("data/mappings/benchmark_mode_mapping.json")
}

fn has_command(entry: &MappingEntry) -> bool {
    entry.perf_command.as_deref().is_some_and(|command| !command.trim().is_empty())
}

fn three_way(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let ready = match three_way::ready(look.checkout, look.config) {
        Ok(says) => Row::ok(About::Arms, says),
        Err(why) => {
            let (says, fix) = why.split_once(": ").unwrap_or((&why, "name another engine with arms.engine"));
            Row::blocked(About::Arms, says, fix)
        }
    };
    [Some(ready), benchmarks(look, plan), gpus_of_items(look, plan), Some(hugging_face(look))].into_iter().flatten().collect()
}

fn benchmarks(look: &Look<'_>, plan: Option<&PlanFile>) -> Option<Row> {
    let path = mapping_of_script(look);
    let fix = format!("{} is where run_3way_benchmarks.py takes them from: add them, or run the others alone", path.display());
    let mapping = match Mapping::read(&path) {
        Ok(mapping) => mapping,
        Err(error) => return Some(Row::warning(About::Arms, format!("no benchmark commands: {error}"), fix)),
    };
    let items = &plan?.items;
    let without = items.iter().filter(|item| !mapping.entry(&item.human).is_some_and(has_command)).count();
    (without > 0).then(|| {
        let verb = if without == 1 { "has" } else { "have" };
        Row::warning(About::Arms, format!("{without} of {} {verb} no benchmark command", count(items.len(), "item")), fix)
    })
}

/// What the items' commands want of this machine: knowable before an hour is spent on each.
fn gpus_of_items(look: &Look<'_>, plan: Option<&PlanFile>) -> Option<Row> {
    let mapping = Mapping::read(&mapping_of_script(look)).ok()?;
    let items = &plan?.items;
    let wanted: Vec<usize> =
        items.iter().filter_map(|item| mapping.entry(&item.human).and_then(|entry| gpus_of(entry.perf_command.as_deref()?))).collect();
    let most = *wanted.iter().max().filter(|most| **most > 0)?;
    let there = usable(look)?;
    let many = wanted.iter().filter(|wanted| **wanted > there.min(most - 1)).count();
    gpus(look, most, &format!("{many} of {} want up to", count(items.len(), "item")))
}

/// A few of many names.
fn named(all: &[&str]) -> String {
    let first = all.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if all.len() > 3 { format!("{first}, …") } else { first }
}

/// The GPUs that are wanted against those that are here. `None`: nobody knows how many are.
fn gpus(look: &Look<'_>, wanted: usize, who: &str) -> Option<Row> {
    let there = usable(look)?;
    let class = FailureClass::TooFewGpus;
    let are = match there {
        0 => "no GPU is here".to_owned(),
        1 => "1 is here".to_owned(),
        _ => format!("{there} are here"),
    };
    let says = format!("{who} {}, and {are}", count(wanted, "GPU"));
    Some(if wanted > there { Row::warning(About::Arms, format!("{class}: {says}"), class.hint()) } else { Row::ok(About::Arms, says) })
}

/// Where the driver may not be asked, its kernel module may tell.
fn usable(look: &Look<'_>) -> Option<usize> {
    look.around.gpus().usable().or_else(|| Some(std::fs::read_dir("/proc/driver/nvidia/gpus").ok()?.count()))
}

/// The GPUs that a benchmark command asks for.
fn gpus_of(command: &str) -> Option<usize> {
    let mut words = command.split([' ', '=']);
    words.find(|word| ["--tensor-parallel-size", "-tp", "--tp", "--tp-size"].contains(word))?;
    words.next()?.parse().ok()
}

/// The script reads the token from the file alone: variables do not reach it.
fn hugging_face(look: &Look<'_>) -> Row {
    let file: PathBuf = look.around.home().join(".cache/huggingface/token");
    if credentials::hugging_face(&look.around.home()).is_some() {
        return Row::ok(About::Keys, format!("Hugging Face: {}", file.display()));
    }
    let set = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].into_iter().find(|name| look.around.variable(name).is_some());
    let beside = set.map_or_else(String::new, |name| format!(" ({name} is set, and the 3-way runner does not look at it)"));
    Row::warning(
        About::Keys,
        format!("no Hugging Face token in {}{beside}: gated models will fail", file.display()),
        "`huggingface-cli login`, or write the token into that file",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_how_many_gpus_it_wants() {
        assert_eq!(gpus_of("python benchmarks/benchmark_throughput.py --model x --tensor-parallel-size 8 --n 1"), Some(8));
        assert_eq!(["vllm bench latency -tp 4", "x --tp=2", "x --tp", "x --tpu 8"].map(gpus_of), [Some(4), Some(2), None, None]);
    }
}
