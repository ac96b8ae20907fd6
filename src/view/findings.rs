//! What the detectors found of an agent.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role};
use super::parts::heading::heading;
use super::parts::strip::mark;
use crate::domain::{AttemptId, Finding};
use crate::model::{Attempt, Item};
use crate::text::{count, width};
use crate::theme::{Glyphs, Role};
use crate::ui::State;
use crate::ui::detected::{self, Entry};
use crate::ui::labels::Verdict;
use crate::ui::mouse::Hit;
use crate::ui::reading::Pane;

/// Columns of mark and word: `■ stuck  `.
const WORD: usize = 9;
/// Columns of the detector.
const TITLE: usize = 22;
/// Columns of the steps.
const STEPS: usize = 9;
/// Pieces of evidence that are shown of one finding.
const EVIDENCE: usize = 8;

/// In fewer rows what is chosen takes all that the list has.
const FEW: usize = 12;

/// From so many rows on the list has a heading.
const HEADED: usize = 24;

/// The list of what was found, as many rows of it as there is room for; what is chosen says what shows it and what to do.
/// Nothing at all where nothing was found. The area has so many rows in all.
pub fn section(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, rows: usize) {
    let (entries, trail) = (state.shown_entries(), state.focus.as_ref().and_then(|focus| focus.trail.as_ref()));
    let Some(attempt) = trail.filter(|_| !entries.is_empty()) else { return };
    let is_open = state.reading.pane == Pane::Found;
    let cols = usize::from(flow.rest().width);
    let chosen = entries.iter().position(|entry| Some(entry.which()) == state.reading.found);
    let told: Vec<Words> = chosen
        .filter(|_| is_open)
        .and_then(|at| entries.get(at))
        .map_or_else(Vec::new, |entry| says(*entry, cols).into_iter().chain(shown_by(*entry, cols, EVIDENCE)).collect());
    let most = if is_open { (rows / 2).max(3) } else { (rows / 8).clamp(1, 8) };
    let headed = rows >= HEADED;
    // what is chosen is told as far as it goes, the rest of the list gets what is left
    let for_told = told.len().min(most.saturating_sub(if rows < FEW { 1 } else { 2 }));
    let listed = entries.len().min(most.saturating_sub(for_told + usize::from(headed && is_open)).max(1));
    let top = chosen.map_or(0, |at| (at + 1).saturating_sub(listed));
    if headed && let Some(row) = flow.row() {
        heading(canvas, row, "found", &figure(&entries, listed));
    }
    for (at, entry) in entries.iter().enumerate().skip(top).take(listed) {
        let Some(row) = flow.row() else { return };
        let hidden = entries.len() - listed;
        let more = if !headed && hidden > 0 && at + 1 == top + listed { format!("+{hidden}") } else { String::new() };
        let is_told = chosen == Some(at) && is_open;
        line(canvas, row, state, attempt, *entry, if is_told { "" } else { entry.says() }, &more);
        if is_told {
            canvas.tint(row, Role::Selected);
            for words in told.iter().take(for_told) {
                let Some(row) = flow.row() else { return };
                canvas.line(row, words);
            }
        }
        canvas.spot(row, Hit::Found(entry.which()));
    }
}

/// `2 hold, 3 over`, and how many of them are not seen.
fn figure(entries: &[Entry<'_>], listed: usize) -> String {
    let over = entries.iter().filter(|entry| entry.is_cleared()).count();
    let hidden = entries.len().saturating_sub(listed);
    let parts = [(over, format!("{over} over")), (hidden, format!("{hidden} not seen, ] shows them"))];
    let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, says)| says).collect();
    if parts.is_empty() { entries.len().to_string() } else { format!("{}, {}", entries.len(), parts.join(", ")) }
}

/// `■ stuck  cycle                 12-75    ls and cat by turns, 9 times          wrong`.
fn line(canvas: &mut Canvas<'_>, row: Rect, state: &State, attempt: &AttemptId, entry: Entry<'_>, says: &str, more: &str) {
    let left = head(&canvas.glyphs(), entry);
    let main = if entry.is_cleared() { Role::Muted } else { Role::Text };
    let verdict = match entry {
        Entry::Finding(_, finding) => verdict(state, attempt, finding),
        Entry::Alarm(..) | Entry::Badge(..) => None,
    };
    let right = match verdict {
        Some(Verdict::Right) => Words::of(Role::Good, format!("{} right", canvas.glyphs().ok)),
        Some(Verdict::Wrong) => Words::of(Role::Warn, format!("{} wrong", canvas.glyphs().no)),
        None => Words::new(),
    };
    let right = if more.is_empty() { right } else { right.add(Role::Muted, format!("  {more}")) };
    canvas.ends(row, &left.add(main, says), &right);
}

fn verdict(state: &State, attempt: &AttemptId, finding: &Finding) -> Option<Verdict> {
    state.labels.verdict(attempt, finding)
}

/// Mark, word, detector and steps.
fn head(glyphs: &Glyphs, entry: Entry<'_>) -> Words {
    let (role, glyph) = sign(glyphs, entry);
    let main = if entry.is_cleared() { Role::Muted } else { Role::Text };
    Words::of(role, width::fit(&format!("{glyph} {}", entry.word()), WORD))
        .add(main, width::fit(entry.detector().title(), TITLE))
        .add(Role::Muted, width::fit(&entry.steps(), STEPS))
        .add(Role::Text, " ")
}

/// What marks it; what is over has no colour any more.
fn sign(glyphs: &Glyphs, entry: Entry<'_>) -> (Role, &'static str) {
    let (role, glyph) = match entry {
        Entry::Alarm(..) => (Role::Bad, glyphs.alarm),
        Entry::Badge(..) => (Role::Accent, glyphs.badge),
        Entry::Finding(_, finding) => mark(glyphs, finding.level).map_or((Role::Muted, " "), |(role, glyph, _)| (role, glyph)),
    };
    (if entry.is_cleared() { Role::Muted } else { role }, glyph)
}

fn indented(role: Role, text: String) -> Words {
    Words::of(Role::Text, " ".repeat(WORD)).add(role, text)
}

/// The whole sentence.
fn says(entry: Entry<'_>, cols: usize) -> Vec<Words> {
    let room = cols.saturating_sub(WORD).max(1);
    width::wrap(entry.says(), room, 3).into_iter().map(|line| indented(Role::Text, line)).collect()
}

/// The hint, when it was over, and the evidence, so many pieces of it at most.
fn shown_by(entry: Entry<'_>, cols: usize, most: usize) -> Vec<Words> {
    let room = cols.saturating_sub(WORD).max(1);
    let mut lines = Vec::new();
    lines.extend(width::wrap(entry.hint(), room, 2).into_iter().map(|line| indented(Role::Accent, line)));
    if let Entry::Finding(_, Finding { cleared: Some(step), .. }) = entry {
        lines.push(indented(Role::Muted, format!("over at step {step}")));
    }
    for evidence in entry.evidence().iter().take(most) {
        let step = format!("step {:<6}", evidence.step);
        lines.push(Words::of(Role::Text, " ".repeat(WORD)).add(Role::Muted, step).add(Role::Muted, evidence.text.as_str()));
    }
    let left = entry.evidence().len().saturating_sub(most);
    if left > 0 {
        lines.push(indented(Role::Muted, count(left, "more piece")));
    }
    lines
}

/// Everything that was found of an item's newest agent, for the page of its result.
pub fn page(glyphs: &Glyphs, state: &State, item: &Item, cols: usize) -> Vec<Words> {
    let Some(attempt) = detected::watched(item) else { return Vec::new() };
    let id = AttemptId { item: item.id.clone(), n: attempt.n };
    let mut lines = Vec::new();
    for entry in detected::entries(attempt) {
        lines.push(Words::new());
        let said = match entry {
            Entry::Finding(_, finding) => verdict(state, &id, finding).map(|verdict| format!("  said to be {}", verdict.name())),
            Entry::Alarm(..) | Entry::Badge(..) => None,
        };
        let (role, glyph) = sign(glyphs, entry);
        let steps = if entry.steps().is_empty() { String::new() } else { format!("  steps {}", entry.steps()) };
        lines.push(
            Words::of(role, format!("{glyph} {:<6} ", entry.word()))
                .add(Role::Strong, entry.detector().title())
                .add(Role::Muted, steps)
                .add(Role::Muted, said.unwrap_or_default()),
        );
        lines.extend(says(entry, cols));
        lines.extend(shown_by(entry, cols, 3));
    }
    lines
}

/// The worst of an item in so many rows; with three there is one more for what to do.
pub fn worst(canvas: &mut Canvas<'_>, flow: &mut Flow, item: &Item, rows: usize) {
    let glyphs = canvas.glyphs();
    if let Some(said) = detected::sentence(item)
        && let Some(finding) = detected::worst(item)
    {
        let glyph = mark(&glyphs, finding.level).map_or("", |(_, glyph, _)| glyph);
        let lines = width::wrap(&format!("{glyph} {}", said.text), usize::from(flow.rest().width), rows);
        for line in lines {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(role(said.mood), line));
        }
        if rows > 2
            && !finding.hint.is_empty()
            && let Some(row) = flow.row()
        {
            canvas.line(row, &Words::of(Role::Muted, format!("  {}", finding.hint)));
        }
    }
    remarks(canvas, flow, detected::watched(item), rows);
}

/// The newest alarm, and badges where there is room for them, one row each.
fn remarks(canvas: &mut Canvas<'_>, flow: &mut Flow, attempt: Option<&Attempt>, rows: usize) {
    let glyphs = canvas.glyphs();
    let Some(attempt) = attempt else { return };
    let alarm = attempt.alarms.last().map(|alarm| (Role::Bad, glyphs.alarm, alarm));
    let badges = attempt.badges.iter().rev().take(rows.saturating_sub(2)).map(|badge| (Role::Accent, glyphs.badge, badge));
    for (role, glyph, remark) in alarm.into_iter().chain(badges) {
        let Some(row) = flow.row() else { return };
        let words = Words::of(role, format!("{glyph} ")).add(Role::Text, remark.says.as_str());
        canvas.line(row, &words);
    }
}
