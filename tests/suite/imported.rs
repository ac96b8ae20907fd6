//! The harness's trees and result folders, imported as facts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use isobench_tui::domain::{Stage, StageDetail};
use isobench_tui::import::{Import, Origin, import};

use crate::support::shared;

fn of(paths: &[&Path]) -> Import {
    import(&paths.iter().map(|path| path.to_path_buf()).collect::<Vec<PathBuf>>(), None)
}

/// The journals' statuses and how often each is there.
fn statuses(import: &Import) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for run in import.runs.iter().filter(|run| run.origin != Origin::Results) {
        for attempt in run.run.items.iter().flat_map(|item| &item.attempts) {
            *counts.entry(attempt.journal.as_ref().unwrap().status.clone()).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn the_corpus_is_told_as_its_journals_tell_it() {
    let Some(shared) = shared() else { return };
    let found = of(&[&shared.join("corpus")]);
    let counts = statuses(&found);
    assert_eq!(counts, BTreeMap::from([("error".to_owned(), 109), ("success".to_owned(), 171), ("unfinished".to_owned(), 1)]));
    for run in &found.runs {
        eprintln!("{:?} {} {} {} {} items {}", run.origin, run.name, run.run.repo, run.run.agent, run.run.model, run.run.items.len());
    }
    for p in &found.problems {
        eprintln!("{:?}", p);
    }
    for run in &found.runs {
        for item in &run.run.items {
            for a in &item.attempts {
                let t = a.totals();
                eprintln!(
                    "{} {} {:?} {:?} {:?} {:?}",
                    run.name,
                    item.id,
                    a.end.as_ref().map(|e| &e.0),
                    t,
                    a.rungs().iter().map(|r| format!("{}={:?}", r.rung, r.answer)).collect::<Vec<_>>().join(" "),
                    a.badges.len()
                );
                for s in &a.stages {
                    if let Some(StageDetail::Arm(d)) = a.outcome(s.stage).map(|o| o.detail.clone()) {
                        eprintln!(
                            "   {} {:?} {:?} {:?} {:?} {:?} {:?}",
                            s.stage,
                            d.kind,
                            d.model_run,
                            d.flags,
                            d.status,
                            d.metrics.iter().map(|m| (m.name.clone(), m.value)).take(3).collect::<Vec<_>>(),
                            a.outcome(s.stage).map(|o| o.end.clone())
                        );
                    }
                }
            }
        }
    }
}
