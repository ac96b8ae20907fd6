//! What a start means, in sentences.

use super::card::{Looked, Summary};
use crate::domain::{About, Check, Row};
use crate::model::RunState;
use crate::text::count;
use crate::ui::{Mood, Said};

/// What will happen when a plan is started.
pub fn will_happen(looked: &Looked) -> Vec<String> {
    let stages: Vec<&str> = looked.stages.iter().map(|stage| stage.name()).collect();
    let left_out = match looked.left_out() {
        0 => String::new(),
        1 => " One is blocked and left out.".to_owned(),
        n => format!(" {n} are blocked and left out."),
    };
    let (first, each) = match looked.runnable {
        1 => ("1 item runs".to_owned(), ""),
        n => (format!("{n} items run one after another"), ", each"),
    };
    vec![
        format!("{first}{each} through {}.{left_out}", stages.join(", ")),
        format!("Worktrees go to {}, results to {}.", looked.worktrees, looked.results),
        "It needs no terminal: leave its screen with d, come back with `isobench-tui`, stop it with q there or with `isobench-tui ctl quit`."
            .to_owned(),
    ]
}

/// How long it takes, and what that is reckoned from.
pub fn length(looked: &Looked) -> String {
    let from = looked.rows.iter().find(|row| row.about == About::Length);
    from.map_or_else(|| looked.length.clone(), |row| row.says.clone())
}

/// The table, what keeps a start back first.
pub fn table(looked: &Looked) -> Vec<&Row> {
    let mut rows: Vec<&Row> = looked.rows.iter().filter(|row| row.about != About::Length || row.check != Check::Ok).collect();
    rows.sort_by_key(|row| match (row.check, row.about) {
        // that no item can run follows from what blocks them
        (Check::Blocked, About::Plan) => 1,
        (Check::Blocked, _) => 0,
        (Check::Warning, _) => 2,
        (Check::Ok, _) => 3,
    });
    rows
}

/// Why nothing can be started: what blocks first, with what to do. That no item can run is what follows from it.
pub fn refusal(looked: &Looked) -> Option<String> {
    let why = looked.refusal.as_ref()?;
    let blocked: Vec<&Row> = looked.rows.iter().filter(|row| row.check == Check::Blocked && row.about != About::Plan).collect();
    Some(match (blocked.as_slice(), looked.blocked.first()) {
        ([only], _) => format!("It can't start: {}.", only.sentence()),
        ([first, ..], _) => format!("It can't start ({} blocked). First: {}.", blocked.len(), first.sentence()),
        ([], Some(first)) => format!("It can't start: {why}. First: {}.", first.why.trim_end_matches('.')),
        ([], None) => format!("It can't start: {why}."),
    })
}

/// The table in a few words: `2 blocked, 1 warning, 12 ok`.
pub fn tally(looked: &Looked) -> String {
    let (blocked, warnings, ok) = (looked.count(Check::Blocked), looked.count(Check::Warning), looked.count(Check::Ok));
    let items: usize = looked.blocked.iter().map(|blocked| blocked.items.len()).sum();
    let parts = [
        (blocked, format!("{blocked} blocked")),
        (items, format!("{} left out", count(items, "item"))),
        (warnings, count(warnings, "warning")),
        (ok, format!("{ok} ok")),
    ];
    parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}

/// How a run stands, in a sentence; `None` where its state says it all.
pub fn stands(summary: &Summary) -> Option<Said> {
    match (summary.state, &summary.why) {
        (RunState::Finished, _) => None,
        (RunState::Interrupted, why) => {
            let why = why.as_deref().unwrap_or("its runner is gone");
            Some(Said::new(Mood::Bad, format!("{why}; {} left to do", count(summary.items - summary.over.min(summary.items), "item"))))
        }
        (RunState::Running | RunState::Pausing, _) if summary.stuck_now.is_some() => {
            summary.stuck_now.as_ref().map(|says| Said::new(Mood::Bad, says.as_str()))
        }
        (_, Some(why)) => Some(Said::new(Mood::Warn, why.clone())),
        (_, None) => summary.runner.map(|pid| Said::new(Mood::Quiet, format!("its runner has pid {pid}"))),
    }
}
