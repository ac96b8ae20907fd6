//! What the detectors say of runs whose end is known: a table a detector, the wrong verdicts, and how early they were.
//!
//! `cargo test --bench confusion` over `../shared/loops/labels.csv`; with paths behind `--` it says what it finds in each of
//! them. Reads only.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a tool for developers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use isobench_tui::agent::open;
use isobench_tui::detect::{Context, Watch};
use isobench_tui::domain::{Detector, Level, Step};

struct Run {
    name: String,
    group: String,
    is_stuck: bool,
    kind: String,
    steps: usize,
    level: Level,
    first_warn: Option<u32>,
    by_detector: BTreeMap<Detector, Level>,
    says: Vec<String>,
}

fn main() {
    let paths: Vec<PathBuf> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).map(PathBuf::from).collect();
    if paths.is_empty() {
        labels();
    }
    for path in &paths {
        tell(path);
    }
}

/// After all steps, and the step at which the first warning was given: they come one by one, as they do live.
fn watched(steps: &[Step]) -> (Watch, Option<u32>) {
    let (mut watch, mut first_warn) = (Watch::new(Context::default()), None);
    for count in 1..=steps.len() {
        watch.take(&steps[..count], count - 1, true, false);
        if first_warn.is_none() && watch.level() >= Level::Warn {
            first_warn = Some(steps[count - 1].index);
        }
    }
    watch.take(steps, steps.len(), true, true);
    (watch, first_warn)
}

fn run(steps: &[Step]) -> Run {
    let mut run = Run {
        name: String::new(),
        group: String::new(),
        is_stuck: false,
        kind: String::new(),
        steps: steps.len(),
        level: Level::None,
        first_warn: None,
        by_detector: BTreeMap::new(),
        says: Vec::new(),
    };
    let (watch, first_warn) = watched(steps);
    run.first_warn = first_warn;
    run.level = watch.level();
    for finding in watch.findings() {
        let level = run.by_detector.entry(finding.detector).or_default();
        *level = (*level).max(finding.level);
        if finding.level >= Level::Warn {
            run.says.push(format!(
                "{} {} {}..{}: {}",
                finding.detector.id(),
                finding.level.name(),
                finding.first_step,
                finding.last_step,
                finding.says
            ));
        }
    }
    run
}

fn labels() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/loops");
    let mut runs = Vec::new();
    for line in std::fs::read_to_string(shared.join("labels.csv")).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        for opened in open::open(&shared.join(fields[0])).unwrap() {
            let repository = if fields[1].contains("/vllm/") { "vllm" } else { "sglang" };
            runs.push(Run {
                name: format!("{} {} {}", fields[0].trim_end_matches(".trajectory.json.gz"), fields[3], fields[6]),
                group: repository.to_owned(),
                is_stuck: fields[5] == "stuck",
                kind: fields[6].to_owned(),
                ..run(&opened.steps)
            });
        }
    }
    println!("detector                 warn TP/FP  stuck TP/FP  only it (warn TP/FP)");
    for detector in Detector::ALL {
        let count = |least: Level, is_stuck: bool| {
            let reached = |run: &&Run| run.is_stuck == is_stuck && run.by_detector.get(&detector).is_some_and(|level| *level >= least);
            runs.iter().filter(reached).count()
        };
        let alone = |is_stuck: bool| {
            let others = |run: &Run| run.by_detector.iter().any(|(other, level)| *other != detector && *level >= Level::Warn);
            let here = |run: &&Run| run.is_stuck == is_stuck && run.by_detector.get(&detector).is_some_and(|level| *level >= Level::Warn);
            runs.iter().filter(here).filter(|run| !others(run)).count()
        };
        println!(
            "{:4} {:20} {:3}/{:3}     {:3}/{:3}     {:3}/{:3}",
            detector.id(),
            detector.title(),
            count(Level::Warn, true),
            count(Level::Warn, false),
            count(Level::Stuck, true),
            count(Level::Stuck, false),
            alone(true),
            alone(false)
        );
    }
    for group in ["all", "vllm", "sglang", "claude", "gpt"] {
        let within: Vec<&Run> = runs.iter().filter(|run| group == "all" || run.group == group || run.name.contains(group)).collect();
        let count = |least: Level, is_stuck: bool| within.iter().filter(|run| run.is_stuck == is_stuck && run.level >= least).count();
        let of = |is_stuck: bool| within.iter().filter(|run| run.is_stuck == is_stuck).count();
        println!(
            "{group}: {} stuck, {} healthy; warn {}/{}, stuck {}/{}",
            of(true),
            of(false),
            count(Level::Warn, true),
            count(Level::Warn, false),
            count(Level::Stuck, true),
            count(Level::Stuck, false)
        );
    }
    let mut kinds: BTreeMap<&str, (usize, usize, u32, usize)> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.is_stuck) {
        let kind = kinds.entry(&run.kind).or_default();
        kind.0 += 1;
        if let Some(step) = run.first_warn {
            kind.1 += 1;
            kind.2 += step;
            kind.3 += run.steps.saturating_sub(usize::try_from(step).unwrap());
        }
    }
    for (kind, (all, warned, step, left)) in kinds {
        let warned_at_least = warned.max(1);
        println!(
            "{kind}: {warned} of {all} warned, at step {} on average, {} steps left",
            step / u32::try_from(warned_at_least).unwrap(),
            left / warned_at_least
        );
    }
    for run in runs.iter().filter(|run| run.is_stuck != (run.level >= Level::Warn)) {
        println!("\nWRONG {} ({} steps): {}", run.name, run.steps, run.level.name());
        run.says.iter().for_each(|says| println!("    {says}"));
    }
    if std::env::var_os("ALL").is_some() {
        for run in runs.iter().filter(|run| run.is_stuck) {
            println!("\n{} ({} steps): {} at {:?}", run.name, run.steps, run.level.name(), run.first_warn);
            run.says.iter().for_each(|says| println!("    {says}"));
        }
    }
}

fn tell(path: &Path) {
    match open::open(path) {
        Err(error) => println!("{error}"),
        Ok(opened) => {
            for opened in opened {
                let run = run(&opened.steps);
                println!("{} {} {} steps: {}", run.level.name(), path.display(), opened.format.agent(), run.steps);
                run.says.iter().for_each(|says| println!("    {says}"));
                if std::env::var_os("NOTES").is_some() {
                    let notes: Vec<_> =
                        run.by_detector.iter().map(|(detector, level)| format!("{} {}", detector.id(), level.name())).collect();
                    println!("    {}", notes.join(", "));
                }
                if std::env::var_os("STRIP").is_some() {
                    let mut kinds = isobench_tui::detect::kind::Kinds::default();
                    println!("    {}", opened.steps.iter().map(|step| kinds.of(step).letter()).collect::<String>());
                }
            }
        }
    }
}
