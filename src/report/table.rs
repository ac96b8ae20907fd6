//! The table of a headless run: one row an item.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Surroundings, by_command};
use crate::domain::{Arm, Finding, Level, SecretAt, short_sha};
use crate::model::{Item, Run};
use crate::text::clean;
use crate::text::width::{clip, fit, width};
use crate::text::{count, duration, tokens};

/// The table, with a line of sums below it. `room` is the width of the terminal, if there is one: a sentence is cut to it
/// and whole in a pipe.
pub fn table(run: &Run, around: &Surroundings<'_>, room: Option<usize>) -> String {
    let head = ["item", "human", "status", "rung", "tries", "steps", "tokens", "took", "result"];
    // ids, metrics and reasons come out of files: none may steer a terminal, or open a line of its own
    let safe = |cell: String| clean::shown(&cell).into_owned();
    let cells = |item: &Item| {
        let waits = around.why_not(run, &item.id);
        row(run, item, waits.as_deref(), around.clock(run)).map(safe).to_vec()
    };
    let rows: Vec<Vec<String>> = run.items.iter().map(cells).collect();
    // what came of an item matters more than what it took
    let mut text = columns(&Columns { heads: head, shrink: &[(8, 30)], leave_out: &[6, 5, 4, 7] }, &rows, room);
    let usage = run.usage();
    let states = ["done", "failed", "blocked", "skipped", "stopped", "interrupted", "unfinished", "waiting", "queued", "running"];
    let without = run.items.iter().filter(|item| item.is_done_without_agent()).count();
    let more = |state: &str| if state == "done" && without > 0 { format!(" ({without} with an agent that failed)") } else { String::new() };
    let counts: Vec<String> =
        states.iter().filter(|state| run.count(state) > 0).map(|state| format!("{} {state}{}", run.count(state), more(state))).collect();
    let used = if usage.total() > 0 { format!("; {} tokens", tokens(usage.total())) } else { String::new() };
    let _ = writeln!(text, "\n{}: {}{used}", count(run.items.len(), "item"), counts.join(", "));
    text
}

/// Columns that fill a terminal and no more.
#[derive(Debug)]
pub struct Columns<const N: usize> {
    /// Their heads.
    pub heads: [&'static str; N],
    /// Those that become narrower first, each with the width that it keeps.
    pub shrink: &'static [(usize, usize)],
    /// Those that are left out where that is not enough, in this order.
    pub leave_out: &'static [usize],
}

/// Aligned lines below a line of heads. A row with fewer cells than heads ends with a sentence, which widens no column.
pub fn columns<const N: usize>(columns: &Columns<N>, rows: &[Vec<String>], room: Option<usize>) -> String {
    let room = room.unwrap_or(usize::MAX);
    let mut widths = columns.heads.map(width);
    for row in rows {
        let cells = if row.len() == N { N } else { row.len().saturating_sub(1) };
        for (cell, widest) in row.iter().take(cells).zip(&mut widths) {
            *widest = width(cell).max(*widest);
        }
    }
    let least = |at: usize, wide: usize| columns.shrink.iter().find(|(of, _)| *of == at).map_or(wide, |(_, least)| wide.min(*least));
    let mut left_out: Vec<usize> = Vec::new();
    let over = |widths: &[usize; N], left_out: &[usize], each: &dyn Fn(usize, usize) -> usize| {
        let shown = widths.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
        shown.map(|(at, wide)| each(at, *wide).saturating_add(2)).sum::<usize>().saturating_sub(2).saturating_sub(room)
    };
    for at in columns.leave_out {
        if over(&widths, &left_out, &least) > 0 {
            left_out.push(*at);
        }
    }
    for (at, _) in columns.shrink.iter().filter(|(at, _)| !left_out.contains(at)) {
        let much = over(&widths, &left_out, &|_, wide| wide);
        if let Some(wide) = widths.get_mut(*at) {
            *wide = wide.saturating_sub(much).max(least(*at, *wide));
        }
    }
    let mut text = String::new();
    for row in std::iter::once(columns.heads.map(str::to_owned).to_vec()).chain(rows.iter().cloned()) {
        let whole = row.len() == N;
        let last = row.len().saturating_sub(1);
        let cell = |(at, cell): (usize, String)| match widths.get(at) {
            Some(_) if whole && left_out.contains(&at) => None,
            // what ends a line may be as long as the line
            Some(wide) if at < last => Some(fit(&cell, *wide)),
            _ => Some(cell),
        };
        let cells: Vec<String> = row.into_iter().enumerate().filter_map(cell).collect();
        let _ = writeln!(text, "{}", clip(cells.join("  ").trim_end(), room));
    }
    text
}

fn row(run: &Run, item: &Item, waits: Option<&str>, now: Timestamp) -> [String; 9] {
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
        waits.filter(|_| result(run, item).is_empty()).map_or_else(|| result(run, item), by_command),
    ]
}

/// What came of an item, in a few words: how its agent ended if not well, which arms lost a round, the
/// verdict, or why there is none, and which secrets its patch holds.
pub fn result(run: &Run, item: &Item) -> String {
    [item.agent_failure().unwrap_or_default(), stuck(item), item.lost_rounds(run.repeat).unwrap_or_default(), outcome(item)]
        .into_iter()
        .chain(item.secrets().map(SecretAt::says))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// That its agent was stuck, by which detectors; nothing where it was stopped for that and the sentence is told already.
fn stuck(item: &Item) -> String {
    let Some(last) = item.last_attempt().filter(|last| last.level() == Level::Stuck && !last.was_stopped_as_stuck()) else {
        return String::new();
    };
    let is_stuck = |finding: &&Finding| finding.level == Level::Stuck && finding.counts();
    let by: BTreeSet<&str> = last.findings.values().filter(is_stuck).map(|finding| finding.detector.title()).collect();
    format!("stuck: {}", by.into_iter().collect::<Vec<_>>().join(", "))
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
    let because = score.and_then(|score| score.incomparable.as_deref()).map_or_else(String::new, |why| format!(" ({why})"));
    let standing = verdict.standing.map_or_else(|| format!("incomparable{because}"), |standing| standing.name().to_owned());
    let quadrant = score.and_then(|score| score.quadrant).map_or_else(String::new, |quadrant| format!("; {}", quadrant.says()));
    let [human, baseline] = verdict.sides();
    let human = human.unwrap_or_else(|| "no number of the human's commit".to_owned());
    // why it does not compare with the human's number stands before it
    let human = if because.is_empty() { format!(", {human}") } else { String::new() };
    let baseline = baseline.unwrap_or_else(|| "no number of the baseline".to_owned());
    let tainted: Vec<&str> = item.last_attempt().map(|last| last.tainted().into_iter().map(Arm::name).collect()).unwrap_or_default();
    let tainted = if tainted.is_empty() { String::new() } else { format!("tainted ({}): ", tainted.join(", ")) };
    let samples = verdict.samples();
    format!("{tainted}{standing}: {} {:.2} {}{human}, {baseline}; {samples}{quadrant}", verdict.metric, verdict.agent, verdict.unit)
}
