//! The table of a headless run: one row an item.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::short_sha;
use crate::model::{Item, Run};
use crate::text::width::{clip, width};
use crate::text::{count, duration, tokens};

/// The table, with a line of sums below it. `room` is the width of the terminal, if there is one: a sentence is cut to it
/// and whole in a pipe.
pub fn table(run: &Run, now: Timestamp, room: Option<usize>) -> String {
    let head = ["item", "human", "status", "rung", "tries", "steps", "tokens", "took", "result"];
    let rows: Vec<[String; 9]> = run.items.iter().map(|item| row(item, now)).collect();
    let room = room.unwrap_or(usize::MAX);
    let mut widths = head.map(width);
    for row in &rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = width(cell).max(*widest);
        }
    }
    let mut text = String::new();
    for row in std::iter::once(head.map(str::to_owned)).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, widest)| format!("{cell}{}", " ".repeat(widest.saturating_sub(width(cell))))).collect();
        let _ = writeln!(text, "{}", clip(cells.join("  ").trim_end(), room));
    }
    let usage = run.usage();
    let states = ["done", "failed", "blocked", "skipped", "stopped", "interrupted", "waiting", "queued", "running"];
    let without = run.items.iter().filter(|item| item.is_done_without_agent()).count();
    let more = |state: &str| if state == "done" && without > 0 { format!(" ({without} with an agent that failed)") } else { String::new() };
    let counts: Vec<String> =
        states.iter().filter(|state| run.count(state) > 0).map(|state| format!("{} {state}{}", run.count(state), more(state))).collect();
    let used = if usage.total() > 0 { format!("; {} tokens", tokens(usage.total())) } else { String::new() };
    let _ = writeln!(text, "\n{}: {}{used}", count(run.items.len(), "item"), counts.join(", "));
    text
}

fn row(item: &Item, now: Timestamp) -> [String; 9] {
    let totals = item.totals();
    let dash = || "-".to_owned();
    [
        item.id.0.clone(),
        short_sha(&item.human).to_owned(),
        item.status().to_owned(),
        item.rung().map_or_else(dash, |rung| rung.name().to_owned()),
        item.attempts.len().to_string(),
        totals.and_then(|totals| totals.steps).map_or_else(dash, |steps| steps.to_string()),
        totals.filter(|totals| totals.usage.total() > 0).map_or_else(dash, |totals| tokens(totals.usage.total())),
        if item.attempts.is_empty() { dash() } else { duration::short(item.worked_ms(now)) },
        result(item),
    ]
}

/// What came of an item, in a few words: how its agent ended if not well, and the verdict, or why there is none.
pub fn result(item: &Item) -> String {
    [item.agent_failure().unwrap_or_default(), outcome(item)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn outcome(item: &Item) -> String {
    let score = item.last_attempt().and_then(|last| last.score());
    if let Some(why) = item.why() {
        let class = match &item.state {
            crate::model::ItemState::Failed { class, .. } | crate::model::ItemState::Blocked { class, .. } => format!("{class}: "),
            _ => String::new(),
        };
        return format!("{class}{why}");
    }
    let Some(verdict) = score.and_then(|score| score.verdicts.first()) else { return String::new() };
    let than = |pct: Option<f64>, whom: &str| match pct {
        Some(pct) if pct < 0.0 => format!("{:.1} % worse than the {whom}", -pct),
        Some(pct) => format!("{pct:.1} % better than the {whom}"),
        None => format!("no number of the {whom}"),
    };
    let standing = verdict.standing.map_or("no verdict", crate::domain::Standing::name);
    let (human, baseline) = (than(verdict.against_human_pct, "human"), than(verdict.against_baseline_pct, "baseline"));
    format!("{standing}: {} {:.2} {}, {human}, {baseline}; one sample", verdict.metric, verdict.agent, verdict.unit)
}
