//! What the detectors found of an agent.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role};
use super::parts::heading::heading;
use super::parts::strip::mark;
use crate::domain::{AttemptId, Finding, Level};
use crate::model::{Attempt, Item};
use crate::text::{count, width};
use crate::theme::{Glyphs, Role};
use crate::ui::detected::{self, Entry, advice, is_at_work};
use crate::ui::labels::Verdict;
use crate::ui::mouse::Hit;
use crate::ui::reading::Pane;
use crate::ui::{Said, State};

/// Columns of mark and word: `■ stuck  `.
const WORD: usize = 9;
/// Columns of the detector.
const TITLE: usize = 22;
/// Columns of the steps.
const STEPS: usize = 10;
/// Pieces of evidence that are shown of one finding.
const EVIDENCE: usize = 8;

/// In fewer rows what is chosen takes all that the list has.
const FEW: usize = 12;

/// From so many rows on the list has a heading.
const HEADED: usize = 24;

/// The list of what was found, as many rows of it as there is room for; what is chosen says what shows it and what to do, and
/// the worst says what to do where nothing is chosen. Nothing at all where nothing was found. The area has so many rows in all.
pub fn section(canvas: &mut Canvas<'_>, flow: &mut Flow, state: &State, rows: usize) {
    let entries = state.shown_entries();
    let Some(attempt) = state.shown_attempt().filter(|_| !entries.is_empty()) else { return };
    let is_open = state.reading.pane == Pane::Found;
    let cols = usize::from(flow.rest().width);
    let chosen = entries.iter().position(|entry| Some(entry.which()) == state.reading.found).filter(|_| is_open);
    let most = if is_open { (rows / 2).max(3) } else { (rows / 8).clamp(1, 8) };
    let headed = rows >= HEADED;
    let told = match chosen.and_then(|at| entries.get(at)) {
        Some(entry) => Told { at: chosen, ..Told::whole(*entry, attempt, cols) },
        None if is_open => Told::default(),
        None => Told::worst(&entries, attempt, cols, rows),
    };
    // what is chosen is told as far as it goes, the rest of the list gets what is left
    let for_told = if is_open { told.lines.len().min(most.saturating_sub(if rows < FEW { 1 } else { 2 })) } else { told.lines.len() };
    let taken = if is_open { for_told + usize::from(headed) } else { 0 };
    let listed = entries.len().min(most.saturating_sub(taken).max(1));
    let top = chosen.map_or(0, |at| (at + 1).saturating_sub(listed));
    if headed && let Some(row) = flow.row() {
        heading(canvas, row, "found", &figure(&entries, listed));
    }
    for (at, entry) in entries.iter().enumerate().skip(top).take(listed) {
        let Some(row) = flow.row() else { return };
        let hidden = entries.len() - listed;
        let more = if !headed && hidden > 0 && at + 1 == top + listed { format!("+{hidden}") } else { String::new() };
        let is_told = told.at == Some(at);
        line(canvas, row, state, attempt, *entry, if is_told && told.says { "" } else { entry.says() }, &more);
        if is_told {
            if is_open {
                canvas.tint(row, Role::Selected);
            }
            for words in told.lines.iter().take(for_told) {
                let Some(row) = flow.row() else { return };
                canvas.line(row, words);
            }
        }
        canvas.spot(row, Hit::Found(entry.which()));
    }
}

/// What is told below one entry of the list.
#[derive(Debug, Default)]
struct Told {
    /// Its position.
    at: Option<usize>,
    /// Whether the sentence is told there, so that its own row need not say it.
    says: bool,
    /// The rows.
    lines: Vec<Words>,
}

impl Told {
    /// Everything.
    fn whole(entry: Entry<'_>, of: &Attempt, cols: usize) -> Self {
        Self { at: None, says: true, lines: says(entry, cols).into_iter().chain(shown_by(entry, of, cols, EVIDENCE)).collect() }
    }

    /// Of the worst finding what to do, and its sentence where that is cut in its own row and there is room for both.
    fn worst(entries: &[Entry<'_>], of: &Attempt, cols: usize, rows: usize) -> Self {
        let is_bad = |entry: &Entry<'_>| matches!(entry, Entry::Finding(_, finding) if finding.counts() && finding.level >= Level::Warn && !entry.is_cleared());
        let Some(at) = entries.iter().position(is_bad).filter(|_| rows >= FEW) else { return Self::default() };
        let Some(entry) = entries.get(at) else { return Self::default() };
        let is_cut = WORD + TITLE + STEPS + 1 + width::width(entry.says()) + 6 > cols;
        let tells = is_cut && rows >= HEADED;
        let mut lines = if tells { says(*entry, cols) } else { Vec::new() };
        lines.extend(hint(*entry, of, cols, 2));
        Self { at: Some(at), says: tells, lines }
    }
}

/// `5, 3 ended`, and how many of them are not seen.
fn figure(entries: &[Entry<'_>], listed: usize) -> String {
    let over = entries.iter().filter(|entry| entry.is_cleared()).count();
    let hidden = entries.len().saturating_sub(listed);
    let parts = [(over, format!("{over} ended")), (hidden, format!("{hidden} more below: ]"))];
    let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, says)| says).collect();
    if parts.is_empty() { entries.len().to_string() } else { format!("{}, {}", entries.len(), parts.join(", ")) }
}

/// `■ stuck  cycle                 12-75    ls and cat by turns, 9 times          wrong`.
fn line(canvas: &mut Canvas<'_>, row: Rect, state: &State, of: &Attempt, entry: Entry<'_>, says: &str, more: &str) {
    let left = head(&canvas.glyphs(), of, entry);
    let main = if entry.is_cleared() { Role::Muted } else { Role::Text };
    let verdict = match entry {
        Entry::Finding(_, finding) => {
            state.focus.as_ref().and_then(|focus| focus.trail.as_ref()).and_then(|attempt| verdict(state, attempt, finding))
        }
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
fn head(glyphs: &Glyphs, of: &Attempt, entry: Entry<'_>) -> Words {
    let (role, glyph) = sign(glyphs, entry);
    let main = if entry.is_cleared() { Role::Muted } else { Role::Text };
    Words::of(role, width::fit(&format!("{glyph} {}", entry.word()), WORD))
        .add(main, width::fit(entry.detector().title(), TITLE))
        .add(Role::Muted, width::fit(&entry.steps(of), STEPS))
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

/// What to do, over so many rows at most.
fn hint(entry: Entry<'_>, of: &Attempt, cols: usize, rows: usize) -> Vec<Words> {
    let room = cols.saturating_sub(WORD).max(1);
    let says = advice(entry.hint(), is_at_work(of) && !entry.is_cleared());
    width::wrap(&says, room, rows).into_iter().map(|line| indented(Role::Accent, line)).collect()
}

/// The hint, when it was over, and the evidence, so many pieces of it at most.
fn shown_by(entry: Entry<'_>, of: &Attempt, cols: usize, most: usize) -> Vec<Words> {
    let mut lines = hint(entry, of, cols, 2);
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
        let steps = entry.steps(attempt);
        let steps = match steps.as_str() {
            "" => String::new(),
            since if since.starts_with("since") => format!("  {since}"),
            one if !one.contains('-') => format!("  step {one}"),
            _ => format!("  steps {steps}"),
        };
        lines.push(
            Words::of(role, format!("{glyph} {:<6} ", entry.word()))
                .add(Role::Strong, entry.detector().title())
                .add(Role::Muted, steps)
                .add(Role::Muted, said.unwrap_or_default()),
        );
        lines.extend(says(entry, cols));
        lines.extend(shown_by(entry, attempt, cols, 3));
    }
    lines
}

/// The worst of an item in so many rows: what it is, and what to do, which has a row before the sentence has a second one.
pub fn worst(canvas: &mut Canvas<'_>, flow: &mut Flow, item: &Item, rows: usize) {
    if let Some(said) = detected::sentence(item)
        && let Some(finding) = detected::worst(item)
    {
        let cols = usize::from(flow.rest().width);
        let told = advice(&finding.hint, detected::has_agent_at_work(item));
        let hint = width::wrap(&told, cols.saturating_sub(2), rows.div_ceil(2).max(1));
        sentence(canvas, flow, finding.level, &said, rows.saturating_sub(hint.len()).clamp(1, 3));
        for line in hint {
            let Some(row) = flow.row() else { return };
            canvas.line(row, &Words::of(Role::Muted, format!("  {line}")));
        }
    }
    remarks(canvas, flow, detected::watched(item), usize::from(rows > 3));
}

/// That the agent of an item was stuck, in so many rows; nothing while it works.
pub fn past(canvas: &mut Canvas<'_>, flow: &mut Flow, item: &Item, is_told_below: bool, rows: usize) {
    if let Some(said) = detected::past(item, is_told_below) {
        sentence(canvas, flow, Level::Stuck, &said, rows);
    }
}

/// `■ stuck since step 58: the same call with the same result`.
fn sentence(canvas: &mut Canvas<'_>, flow: &mut Flow, level: Level, said: &Said, rows: usize) {
    let glyph = mark(&canvas.glyphs(), level).map_or("", |(_, glyph, _)| glyph);
    for line in width::wrap(&format!("{glyph} {}", said.text), usize::from(flow.rest().width), rows) {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(said.mood), line));
    }
}

/// The newest alarm, and so many badges, one row each.
fn remarks(canvas: &mut Canvas<'_>, flow: &mut Flow, attempt: Option<&Attempt>, badges: usize) {
    let glyphs = canvas.glyphs();
    let Some(attempt) = attempt else { return };
    let alarm = attempt.alarms.last().map(|alarm| (Role::Bad, glyphs.alarm, alarm));
    let badges = attempt.badges.iter().rev().take(badges).map(|badge| (Role::Accent, glyphs.badge, badge));
    for (role, glyph, remark) in alarm.into_iter().chain(badges) {
        let Some(row) = flow.row() else { return };
        let words = Words::of(role, format!("{glyph} ")).add(Role::Text, remark.says.as_str());
        canvas.line(row, &words);
    }
}
