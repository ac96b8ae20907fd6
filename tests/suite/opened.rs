//! Trajectories opened as a whole and followed, chosen by content.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::agent::open::open;

use crate::support::{shared, skip};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn look_at_samples() {
    let Some(shared) = shared() else { return skip("shared") };
    let mut all = Vec::new();
    files(&shared.join("trajectories"), &mut all);
    for path in all {
        match open(&path) {
            Ok(runs) => {
                for run in runs {
                    let calls: usize = run.steps.iter().map(|step| step.calls.len()).sum();
                    let results = run.steps.iter().flat_map(|step| &step.calls).filter(|call| call.result.is_some()).count();
                    let failed =
                        run.steps.iter().flat_map(|step| &step.calls).filter(|call| call.result.as_ref().is_some_and(|r| !r.ok)).count();
                    println!(
                        "{} {:?} {:?} {:?} steps {} calls {calls} results {results} failed {failed} {:?} {:?} task {:?} {:?} {:?}",
                        path.strip_prefix(shared.join("trajectories")).unwrap().display(),
                        run.format,
                        run.instance,
                        run.model,
                        run.steps.len(),
                        format!("{:?}", run.state).chars().take(90).collect::<String>(),
                        run.totals,
                        run.task.map(|task| task.chars().take(30).collect::<String>()),
                        run.started_at,
                        run.max_steps
                    );
                }
            }
            Err(error) => println!("{error}"),
        }
    }
}
