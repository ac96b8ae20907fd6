//! What came of an item: patch, ladder, numbers, verdict.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role, row_of};
use crate::domain::rung::breaks;
use crate::domain::{Answer, Direction, Rung, RungAnswer};
use crate::text::width;
use crate::theme::Role;
use crate::ui::outcome::{ItemOutcome, Row};

/// Columns of a number.
const CELL: usize = 9;

/// Columns of which way is better.
const WAY: usize = 8;

/// Columns from which ladder and numbers stand side by side.
const SIDE_BY_SIDE: u16 = 150;

/// How much of the ladder is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// One line, and what the first broken rung rests on.
    First,
    /// A line a rung.
    All,
}

/// Draws as much as there is room for, in a few words.
pub fn draw(canvas: &mut Canvas<'_>, flow: &mut Flow, outcome: &ItemOutcome) {
    let cols = usize::from(flow.rest().width);
    let mut words = stands(outcome, Evidence::First, cols);
    words.extend(ladder_and_known(canvas, outcome, Evidence::First, cols));
    words.extend(table(&outcome.rows, None, cols));
    words.extend(reasons(outcome, Evidence::First, cols));
    for words in words {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &words);
    }
}

/// What stands around an item's outcome, by columns.
pub struct Around<'a> {
    /// How its arms stand.
    pub arms: &'a dyn Fn(usize) -> Vec<Words>,
    /// Whether the arms come first: they run, or there is little to say of them. Else how it came out does.
    pub arms_first: bool,
    /// What was found of its agent.
    pub found: &'a dyn Fn(usize) -> Vec<Words>,
}

/// Draws all of it from a row on, and says how many rows there are. What was found of the agent stands at its end, or below the
/// numbers where they stand beside the ladder.
pub fn page(canvas: &mut Canvas<'_>, area: Rect, outcome: &ItemOutcome, around: &Around<'_>, top: usize) -> usize {
    let cols = usize::from(area.width);
    let half = if area.width >= SIDE_BY_SIDE { area.width / 2 } else { area.width };
    let left = Rect { width: if half < area.width { half - 3 } else { half }, ..area };
    let right = Rect { x: area.x.saturating_add(half), width: area.width - half, ..area };
    let is_wide = half < area.width;
    let arms = (around.arms)(cols);
    let numbers = |cols| table(&outcome.rows, outcome.noise.as_deref(), cols);
    let (mut above, mut words, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    if around.arms_first {
        above = arms;
        apart(&mut words, stands(outcome, Evidence::All, usize::from(left.width)));
        apart(if is_wide { &mut beside } else { &mut words }, numbers(usize::from(if is_wide { right.width } else { left.width })));
        apart(&mut words, reasons(outcome, Evidence::All, usize::from(left.width)));
        apart(&mut words, ladder_and_known(canvas, outcome, Evidence::All, usize::from(left.width)));
    } else {
        apart(&mut above, stands(outcome, Evidence::All, cols));
        apart(&mut above, numbers(cols));
        apart(&mut above, reasons(outcome, Evidence::All, cols));
        apart(&mut above, arms);
        words = ladder_and_known(canvas, outcome, Evidence::All, usize::from(left.width));
    }
    if outcome.is_empty() && above.is_empty() && words.is_empty() {
        words.push(Words::of(Role::Muted, "nothing was checked or measured so far"));
    }
    let column = if is_wide { &mut beside } else { &mut words };
    // a blank row comes before each thing that was found
    let found = (around.found)(usize::from(if is_wide { right.width } else { left.width }));
    let skipped = usize::from(column.is_empty());
    column.extend(found.into_iter().skip(skipped));
    if !above.is_empty() && (!words.is_empty() || !beside.is_empty()) {
        above.push(Words::new());
    }
    // blank rows are for those who have them
    if above.len() + words.len().max(beside.len()) > usize::from(area.height) {
        for lines in [&mut above, &mut words, &mut beside] {
            lines.retain(|line| line.width() > 0);
        }
    }
    let first = above.len();
    let lines = first + words.len().max(beside.len());
    let top = top.min(lines.saturating_sub(usize::from(area.height)));
    for (row, at) in (top..lines).take(usize::from(area.height)).enumerate() {
        if let Some(words) = above.get(at) {
            canvas.line(row_of(area, row), words);
            continue;
        }
        for (place, column) in [(left, &words), (right, &beside)] {
            if let Some(words) = column.get(at - first) {
                canvas.line(row_of(place, row), words);
            }
        }
    }
    lines
}

/// Adds lines behind a blank row.
fn apart(lines: &mut Vec<Words>, more: Vec<Words>) {
    if !lines.is_empty() && !more.is_empty() {
        lines.push(Words::new());
    }
    lines.extend(more);
}

/// How it came out, and whether that is a real success.
fn stands(outcome: &ItemOutcome, evidence: Evidence, cols: usize) -> Vec<Words> {
    let conclusion = outcome.conclusion.iter().filter(|_| evidence == Evidence::All).map(|said| (said, 4));
    let said = outcome.verdict.iter().map(|said| (said, 3)).chain(conclusion);
    said.flat_map(|(said, rows)| wrapped(role(said.mood), &said.text, cols, rows)).collect()
}

/// A sentence over so many rows at most.
fn wrapped(role: Role, text: &str, cols: usize, rows: usize) -> impl Iterator<Item = Words> {
    width::wrap(text, cols, rows).into_iter().map(move |line| Words::of(role, line))
}

/// How far that can be believed, and why something is not known.
fn reasons(outcome: &ItemOutcome, evidence: Evidence, cols: usize) -> Vec<Words> {
    let mut lines = Vec::new();
    let mut push = |role: Role, text: &str, rows: usize| lines.extend(wrapped(role, text, cols, rows));
    if let Some(said) = &outcome.judged {
        push(role(said.mood), &said.text, 2);
    }
    if let Some(says) = outcome.judge_says.as_ref().filter(|_| evidence == Evidence::All) {
        push(Role::Muted, says, 4);
    }
    if evidence == Evidence::All
        && let Some(doubts) = &outcome.doubts
    {
        push(Role::Warn, doubts, 2);
    }
    // what the item says above, or the ladder below, is not said again
    let broken = outcome.rungs.iter().find(|found| evidence == Evidence::All && breaks(found)).map(|found| &found.evidence);
    let is_said = |why: &str| broken.into_iter().chain(&outcome.told).any(|told| why.contains(told.as_str()));
    for why in outcome.why_not.iter().filter(|why| !is_said(why)) {
        push(Role::Warn, why, if evidence == Evidence::All { 4 } else { 2 });
    }
    lines
}

/// The ladder, and what is known beside it.
fn ladder_and_known(canvas: &Canvas<'_>, outcome: &ItemOutcome, evidence: Evidence, cols: usize) -> Vec<Words> {
    let mut lines = ladder(canvas, outcome, evidence, cols);
    let all = |says: &'_ Option<String>| says.clone().filter(|_| evidence == Evidence::All);
    let known = [("patch", outcome.patch.clone()), ("asked", all(&outcome.asked)), ("energy", all(&outcome.energy))];
    if evidence == Evidence::All && !lines.is_empty() && known.iter().any(|(_, says)| says.is_some()) {
        lines.push(Words::new());
    }
    let known: Vec<Words> = known
        .into_iter()
        .filter_map(|(label, says)| {
            let how = if label == "patch" && outcome.has_patch { "   6 shows it" } else { "" };
            says.map(|says| Words::of(Role::Muted, format!("{label:<8}")).add(Role::Text, says.as_str()).add(Role::Muted, how))
        })
        .collect();
    // both in one row where that is wide enough
    if known.iter().map(Words::width).sum::<usize>() + 3 * known.len() <= cols + 3 {
        lines.extend(known.into_iter().reduce(|row, next| row.add(Role::Text, "   ").join(next)));
    } else {
        lines.extend(known);
    }
    lines
}

fn ladder(canvas: &Canvas<'_>, outcome: &ItemOutcome, evidence: Evidence, cols: usize) -> Vec<Words> {
    let rungs = outcome.rungs.as_slice();
    if rungs.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if evidence == Evidence::All {
        let broken = rungs.iter().position(breaks).unwrap_or(rungs.len());
        for rung in Rung::ALL {
            let Some((at, found)) = rungs.iter().enumerate().find(|(_, found)| found.rung == rung) else {
                // a run of an older version did not look at all of them
                let is_below = rungs.last().is_some_and(|last| rung < last.rung);
                let says = if is_below { "not looked at" } else { "not reached" };
                lines.push(Words::of(Role::Faint, canvas.glyphs().none).add(Role::Muted, format!(" {:<13}{says}", rung.name())));
                continue;
            };
            let (role, mark) = mark(canvas, found.answer);
            let name = if at == broken { Role::Strong } else { Role::Text };
            let words = Words::of(role, mark).add(name, format!(" {:<13}", found.rung.name()));
            let evidence = evidence_of(outcome, at, broken);
            let mut texts = width::wrap(evidence, cols.saturating_sub(15).max(1), 3).into_iter();
            lines.push(words.add(if at == broken { Role::Text } else { Role::Muted }, texts.next().unwrap_or_default()));
            lines.extend(texts.map(|text| Words::of(Role::Muted, format!("{:15}{text}", ""))));
        }
        return lines;
    }
    let mut words = Words::of(Role::Muted, "ladder");
    for found in rungs {
        let (role, mark) = mark(canvas, found.answer);
        let next = Words::of(Role::Text, "  ").add(role, mark).add(Role::Muted, format!(" {}", found.rung.name()));
        if words.width() + next.width() > cols {
            lines.push(words);
            words = Words::of(Role::Text, " ".repeat(6));
        }
        words = words.join(next);
    }
    lines.push(words);
    // what stands above already is not said again
    let is_told = |evidence: &String| outcome.told.as_ref().is_some_and(|told| evidence.contains(told) || told.contains(evidence));
    let is_said = |found: &&RungAnswer| is_told(&found.evidence) || outcome.why_not.iter().any(|why| why.contains(&found.evidence));
    let broken = rungs.iter().find(|found| found.answer == Answer::No).filter(|found| !is_said(found));
    let beside = rungs.iter().find(|found| misses_human(found)).map(|found| (Role::Warn, found));
    for (role, found) in beside.into_iter().chain(broken.map(|found| (Role::Muted, found))) {
        lines.push(Words::of(role, format!("        {}: {}", found.rung.name(), found.evidence)));
    }
    lines
}

/// What a rung rests on. What stands above already, as the item's own sentence or at the rung that broke, is not said
/// again.
fn evidence_of(outcome: &ItemOutcome, at: usize, broken: usize) -> &str {
    let Some(evidence) = outcome.rungs.get(at).map(|found| found.evidence.as_str()) else { return "" };
    let told = outcome.told.as_ref().filter(|told| !told.is_empty() && evidence.contains(told.as_str()));
    match (outcome.class, told) {
        (Some(class), Some(_)) if at <= broken => class.name(),
        _ if at > broken && outcome.rungs.get(broken).is_some_and(|first| first.evidence == evidence) => "for the same reason",
        _ => evidence,
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

/// The numbers of the arms; which way is better where there is room for it, and what is noise.
fn table(rows: &[Row], noise: Option<&str>, cols: usize) -> Vec<Words> {
    if rows.is_empty() {
        return Vec::new();
    }
    let compared = rows.iter().any(|row| row.against.iter().any(Option::is_some));
    // name, three arms, two differences; differences first give way to the numbers
    let cells = if compared && cols >= 15 + CELL * 5 {
        5
    } else if compared && cols >= 13 + CELL * 4 {
        4
    } else {
        3
    };
    let way = if noise.is_some() && rows.iter().any(|row| row.better.is_some()) && cols >= 15 + CELL * 5 + WAY { WAY } else { 0 };
    let name = cols.saturating_sub(CELL * cells + way).min(36);
    let titles = ["human", "baseline", "agent", "vs human", "vs base"];
    // with four columns the difference is that against the human's commit
    let shown: Vec<&str> = titles.iter().enumerate().filter(|(at, _)| keeps(*at, cells)).map(|(_, title)| *title).collect();
    let blank = Words::of(Role::Muted, " ".repeat(name));
    let heading = shown.iter().fold(blank, |words, title| words.add(Role::Muted, format!("{title:>CELL$}")));
    let heading = if way > 0 { heading.add(Role::Muted, "  better") } else { heading };
    let foot = noise.filter(|_| compared).map(|noise| Words::of(Role::Muted, width::clip(noise, cols).into_owned()));
    std::iter::once(heading).chain(rows.iter().map(|row| table_row(row, name, cells, way > 0))).chain(foot).collect()
}

const fn keeps(column: usize, cells: usize) -> bool {
    match cells {
        5 => true,
        4 => column != 4,
        _ => column < 3,
    }
}

fn table_row(row: &Row, name: usize, cells: usize, says_way: bool) -> Words {
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
    match row.better.filter(|_| says_way) {
        Some(Direction::LowerIsBetter) => words.add(Role::Muted, "  lower"),
        Some(Direction::HigherIsBetter) => words.add(Role::Muted, "  higher"),
        None => words,
    }
}
