//! What came of an item: patch, ladder, numbers, verdict.

use super::canvas::{Canvas, Flow, Words, role};
use crate::domain::{Answer, Rung, RungAnswer};
use crate::text::width;
use crate::theme::Role;
use crate::ui::results::{Results, Row};

/// Columns of a number.
const CELL: usize = 9;

/// Draws as much as there is room for; the table of numbers from a row on.
pub fn draw(canvas: &mut Canvas<'_>, flow: &mut Flow, results: &Results, evidence: Evidence, top: usize) {
    let cols = usize::from(flow.rest().width);
    // beside the list it stands above
    for line in results.agent.iter().filter(|_| evidence == Evidence::All).flat_map(|says| width::wrap(says, cols, 4)) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(Role::Warn, line));
    }
    if let Some(verdict) = &results.verdict {
        for line in width::wrap(&verdict.text, cols, 3) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(role(verdict.mood), line));
        }
    }
    for why in results.why_not.iter().flat_map(|why| width::wrap(why, cols, 2)) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(Role::Warn, why));
    }
    if let Some(patch) = &results.patch
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, "patch   ").add(Role::Text, patch.as_str()));
    }
    if let Some(asked) = &results.asked
        && evidence == Evidence::All
        && let Some(row) = flow.row()
    {
        canvas.line(row, &Words::of(Role::Muted, "asked   ").add(Role::Text, asked.as_str()));
    }
    ladder(canvas, flow, results, evidence);
    if !results.rows.is_empty() {
        if evidence == Evidence::All {
            flow.row();
        }
        table(canvas, flow, results.rows.get(top.min(results.rows.len() - 1)..).unwrap_or_default(), cols);
    }
}

/// How much of the ladder is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// One line, and what the first broken rung rests on.
    First,
    /// A line a rung.
    All,
}

fn ladder(canvas: &mut Canvas<'_>, flow: &mut Flow, results: &Results, evidence: Evidence) {
    let rungs = results.rungs.as_slice();
    if rungs.is_empty() {
        return;
    }
    if evidence == Evidence::All {
        for found in rungs {
            let Some(row) = flow.row() else { return };
            let (role, mark) = mark(canvas, found.answer);
            let words = Words::of(role, mark).add(Role::Text, format!(" {:<13}", found.rung.name()));
            canvas.line(row, &words.add(Role::Muted, found.evidence.as_str()));
        }
        return;
    }
    let mut words = Words::of(Role::Muted, "ladder");
    for found in rungs {
        let (role, mark) = mark(canvas, found.answer);
        let next = Words::of(Role::Text, "  ").add(role, mark).add(Role::Muted, format!(" {}", found.rung.name()));
        if words.width() + next.width() > usize::from(flow.rest().width) {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &words);
            words = Words::of(Role::Text, " ".repeat(6));
        }
        words = words.join(next);
    }
    if let Some(row) = flow.row() {
        canvas.line(row, &words);
    }
    // what stands above already is not said again
    let is_said = |found: &&RungAnswer| results.why_not.iter().any(|why| why.contains(&found.evidence));
    let broken = rungs.iter().find(|found| found.answer == Answer::No).filter(|found| !is_said(found));
    let beside = rungs.iter().find(|found| misses_human(found)).map(|found| (Role::Warn, found));
    for (role, found) in beside.into_iter().chain(broken.map(|found| (Role::Muted, found))) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role, format!("        {}: {}", found.rung.name(), found.evidence)));
    }
}

/// A patch that touches none of the files that the human changed passes, but deserves a look.
fn misses_human(found: &RungAnswer) -> bool {
    found.rung == Rung::Source && found.answer == Answer::Yes && found.evidence.contains(", 0 of the ")
}

fn mark(canvas: &Canvas<'_>, answer: Answer) -> (Role, &'static str) {
    let glyphs = canvas.glyphs();
    match answer {
        Answer::Yes => (Role::Good, glyphs.ok),
        Answer::No => (Role::Bad, glyphs.no),
        Answer::NotApplicable => (Role::Muted, glyphs.rule),
        Answer::Unchecked => (Role::Muted, "?"),
    }
}

fn table(canvas: &mut Canvas<'_>, flow: &mut Flow, rows: &[Row], cols: usize) {
    let compared = rows.iter().any(|row| row.against.iter().any(Option::is_some));
    // name, three arms, two differences; differences first give way to the numbers
    let cells = if compared && cols >= 15 + CELL * 5 {
        5
    } else if compared && cols >= 13 + CELL * 4 {
        4
    } else {
        3
    };
    let name = cols.saturating_sub(CELL * cells).min(36);
    let titles = ["baseline", "human", "agent", "vs base", "vs human"];
    // with four columns the difference is that against the human's commit
    let shown: Vec<&str> = titles.iter().enumerate().filter(|(at, _)| keeps(*at, cells)).map(|(_, title)| *title).collect();
    if let Some(row) = flow.row() {
        let blank = Words::of(Role::Muted, " ".repeat(name));
        canvas.line(row, &shown.iter().fold(blank, |words, title| words.add(Role::Muted, format!("{title:>CELL$}"))));
    }
    for row in rows {
        let Some(place) = flow.row() else { return };
        canvas.line(place, &table_row(row, name, cells));
    }
}

const fn keeps(column: usize, cells: usize) -> bool {
    match cells {
        5 => true,
        4 => column != 3,
        _ => column < 3,
    }
}

fn table_row(row: &Row, name: usize, cells: usize) -> Words {
    let mut words = Words::of(Role::Text, width::fit(&row.name, name));
    for (at, cell) in row.cells.iter().enumerate() {
        let role = match (cell, at) {
            (None, _) => Role::Muted,
            (Some(_), 2) => Role::Strong,
            (Some(_), _) => Role::Text,
        };
        let text = cell.as_deref().unwrap_or("-");
        words = words.add(role, format!("{text:>CELL$}"));
    }
    for (_, delta) in row.against.iter().enumerate().filter(|(at, _)| keeps(at + 3, cells)) {
        words = match delta {
            Some((text, mood)) => words.add(role(*mood), format!("{text:>CELL$}")),
            None => words.add(Role::Muted, format!("{:>CELL$}", "-")),
        };
    }
    words
}
