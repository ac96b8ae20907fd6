//! What is selected, closer: its head, how it ended, what was found, its steps in letters.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{counts, list};
use crate::domain::{Level, short_sha};
use crate::text::{self, bytes, duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::browse::{Browse, Facts, Judged, Kind, Node, Preview, Row, Strip};
use crate::ui::words::moment;
use crate::view::canvas::{Canvas, Words, role, row_of};
use crate::view::parts::strip;

/// Columns of the labels.
const LABEL: usize = 11;

/// Rows of one sentence at most.
const ROWS: usize = 4;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, browse: &Browse, now: Timestamp) {
    let glyphs = canvas.glyphs();
    let cols = usize::from(area.width);
    let lines = match (browse.selected_row(), browse.selected_node()) {
        (Some(row), _) => item(browse, row, cols, &glyphs, now),
        (None, Some(node)) => node_lines(browse, node, cols, now),
        (None, None) => Vec::new(),
    };
    for (at, line) in lines.iter().enumerate() {
        canvas.line(row_of(area, at), line);
    }
}

fn field(lines: &mut Vec<Words>, label: &str, role: Role, text: &str, cols: usize) {
    for (at, line) in width::wrap(text, cols.saturating_sub(LABEL).max(12), ROWS).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        lines.push(Words::of(Role::Muted, width::fit(label, LABEL)).add(role, line));
    }
}

fn node_lines(browse: &Browse, node: &Node, cols: usize, now: Timestamp) -> Vec<Words> {
    let totals = &node.totals;
    let mut lines = vec![Words::of(Role::Strong, node.label.as_str()), Words::new()];
    let items = if totals.rows() == node.all { node.all.to_string() } else { format!("{} of {}", totals.rows(), node.all) };
    field(&mut lines, if totals.measured > 0 { "commits" } else { "items" }, Role::Text, &items, cols);
    for (role, text) in counts(totals) {
        lines.push(Words::of(role, format!("{:LABEL$}{text}", "")));
    }
    if totals.read > 0 && totals.success + totals.failed > 0 {
        let share = format!("{} % of {} read", totals.success * 100 / totals.read, totals.read);
        field(&mut lines, "success", Role::Text, &share, cols);
    }
    if totals.tokens > 0 {
        field(&mut lines, "tokens", Role::Text, &text::tokens(totals.tokens), cols);
    }
    if totals.duration_ms > 0 {
        field(&mut lines, "worked", Role::Text, &duration::short(totals.duration_ms), cols);
    }
    if let Some(at) = node.at {
        field(&mut lines, "newest", Role::Text, &moment(at, now, &browse.zone), cols);
    }
    lines.push(Words::new());
    let does = if node.whole.is_some() { " opens it as a whole" } else { " folds it, or unfolds it" };
    lines.push(Words::of(Role::Accent, "Enter").add(Role::Muted, does));
    lines
}

fn item(browse: &Browse, row: &Row, cols: usize, glyphs: &Glyphs, now: Timestamp) -> Vec<Words> {
    let mut lines = vec![Words::of(Role::Strong, width::middle(&browse.masker.mask(&row.name), cols))];
    let Some(facts) = &row.facts else {
        lines.push(Words::of(Role::Muted, "not read yet"));
        return lines;
    };
    let run = row.branch.names.join("  ");
    lines.push(Words::of(Role::Muted, width::middle(&browse.masker.mask(&run), cols)));
    lines.push(Words::new());
    head(&mut lines, browse, row, facts, cols, now);
    if row.branch.kind == Kind::Results {
        return lines;
    }
    lines.push(Words::new());
    match browse.preview(&row.place) {
        Some(preview) => closer(&mut lines, preview, cols, glyphs),
        None if matches!(row.level, Judged::Never) => lines.push(Words::of(Role::Muted, "nothing tells of its steps")),
        None => lines.push(Words::of(Role::Muted, "reading its steps…")),
    }
    lines
}

/// What its files say, without its steps.
fn head(lines: &mut Vec<Words>, browse: &Browse, row: &Row, facts: &Facts, cols: usize, now: Timestamp) {
    let (tone, status) = list::outcome(facts, false);
    field(lines, "status", tone, status, cols);
    match (facts.class, &facts.why) {
        (Some(class), Some(why)) => field(lines, "because", Role::Text, &format!("{}: {why}", class.name()), cols),
        (Some(class), None) => field(lines, "because", Role::Text, class.name(), cols),
        _ => {}
    }
    if !facts.commit.is_empty() {
        field(lines, "commit", Role::Text, short_sha(&facts.commit), cols);
    }
    if let Some(rung) = facts.rung {
        field(lines, "holds to", Role::Text, rung.name(), cols);
    }
    match facts.patch_bytes {
        Some(0) => field(lines, "patch", Role::Warn, "empty", cols),
        Some(n) => field(lines, "patch", Role::Text, &bytes(n), cols),
        None if row.branch.kind == Kind::Run => field(lines, "patch", Role::Muted, "none", cols),
        None => {}
    }
    let figures = [
        facts.steps.map(|steps| text::count(steps as usize, "step")),
        facts.tokens.map(|tokens| format!("{} tokens", text::tokens(tokens))),
        facts.duration_ms.map(duration::short),
    ];
    let figures: Vec<String> = figures.into_iter().flatten().collect();
    if !figures.is_empty() {
        field(lines, "agent", Role::Text, &figures.join(", "), cols);
    }
    if let Some(at) = row.at() {
        field(lines, "ended", Role::Text, &moment(at, now, &browse.zone), cols);
    }
    if !facts.flags.is_empty() {
        let flags: Vec<&str> = facts.flags.iter().map(|flag| flag.name()).collect();
        field(lines, "flags", Role::Warn, &flags.join(", "), cols);
    }
    let path = row.path();
    let path = path.strip_prefix(&browse.folder).unwrap_or(&path).display().to_string();
    field(lines, "in", Role::Muted, &browse.masker.mask(&path), cols);
}

/// What its steps say.
fn closer(lines: &mut Vec<Words>, preview: &Preview, cols: usize, glyphs: &Glyphs) {
    field(lines, "its end", role(preview.end.mood), &preview.end.text, cols);
    for (at, said) in preview.found.iter().enumerate() {
        field(lines, if at == 0 { "found" } else { "" }, role(said.mood), &said.text, cols);
    }
    if let Some(strip) = &preview.strip {
        lines.push(Words::new());
        letters(lines, strip, cols, glyphs);
    }
}

/// The strip, as wide as there is room, with what was found below the letters.
fn letters(lines: &mut Vec<Words>, shown: &Strip, cols: usize, glyphs: &Glyphs) {
    let even = strip::even(u16::try_from(cols).unwrap_or(u16::MAX));
    let mut before = Level::None;
    for (first, steps) in (1..).step_by(even).zip(shown.steps.chunks(even)) {
        lines.push(strip::letters(first, steps.iter().map(|(kind, _)| *kind)));
        if steps.iter().any(|(_, level)| *level > Level::None) {
            lines.push(strip::marks(glyphs, before, steps.iter().map(|(_, level)| (*level, false))));
        }
        before = steps.last().map_or(before, |(_, level)| *level);
    }
}
