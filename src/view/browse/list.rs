//! The tree, a line a node and a line an item, in columns that stand still while it is filled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::outcomes;
use crate::text::{self, duration, width};
use crate::theme::{Glyphs, Role, Theme};
use crate::ui::browse::{Browse, Facts, Judged, Kind, Line, Node, Outcome, Over, Progress, Row, Totals};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Words, row_of, row_text};
use crate::view::parts::strip::mark;

/// Columns of an item's columns; 0 for one that there is no room for. Between two stand [`GAP`].
#[derive(Debug, Clone, Copy)]
struct Columns {
    name: usize,
    status: usize,
    rung: usize,
    class: usize,
    mark: usize,
    steps: usize,
    tokens: usize,
    time: usize,
}

/// Columns between two.
const GAP: usize = 2;

/// Fewer columns are no list as text.
const NARROWEST: u16 = 40;

/// Columns of the mark of what is to be compared.
const MARK: usize = 2;

impl Columns {
    fn fitting(cols: usize) -> Self {
        let (status, rung, class) = match cols {
            120.. => (18, 12, 18),
            108.. => (12, 12, 17),
            94.. => (18, 12, 0),
            _ => (18, 0, 0),
        };
        let columns = Self { name: 0, status, rung, class, mark: 3, steps: 5, tokens: 6, time: 6 };
        let columns = if cols < 64 { Self { steps: 0, ..columns } } else { columns };
        let columns = if cols < 56 { Self { tokens: 0, ..columns } } else { columns };
        let parts = [columns.status, columns.rung, columns.class, columns.mark, columns.steps, columns.tokens, columns.time];
        let taken: usize = parts.iter().filter(|cols| **cols > 0).map(|cols| cols + GAP).sum();
        Self { name: cols.saturating_sub(taken + MARK), ..columns }
    }

    /// Columns from the first word about an item to the mark of its level.
    fn middle(&self) -> usize {
        let parts = [self.status, self.rung, self.class];
        parts.iter().filter(|cols| **cols > 0).map(|cols| cols + GAP).sum::<usize>().saturating_sub(GAP)
    }
}

/// Draws it and says how many lines there is room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, browse: &Browse) -> usize {
    let columns = Columns::fitting(usize::from(area.width));
    let rows = usize::from(area.height).saturating_sub(1);
    heading(canvas, row_of(area, 0), &columns);
    if browse.tree.lines.is_empty() {
        for (at, says) in nothing(browse, usize::from(area.width).saturating_sub(MARK)).into_iter().enumerate() {
            canvas.line(row_of(area, at + 2), &Words::of(Role::Muted, format!("  {says}")));
        }
        return rows;
    }
    let selected = browse.selected_at();
    let top = browse.top.min(browse.tree.lines.len().saturating_sub(rows));
    for (row, line) in browse.tree.lines.iter().enumerate().skip(top).take(rows) {
        let place = row_of(area, row - top + 1);
        let Some(words) = line_of(canvas, browse, line, &columns) else { continue };
        canvas.line(place, &words);
        if selected == Some(row) {
            canvas.tint(place, Role::Selected);
        }
        canvas.mark(
            Rect { width: u16::try_from(MARK + columns.name).unwrap_or(u16::MAX).min(place.width), ..place },
            browse.filter.text.as_ref(),
        );
        if matches!(browse.over, Over::Nothing) {
            canvas.spot(place, Hit::Choice(row));
            if let Some(node) = browse.node_of(line) {
                let x = place.x.saturating_add(u16::try_from(MARK + node.depth * 2).unwrap_or(u16::MAX));
                canvas.spot(Rect { x, width: 2, ..place }, Hit::Fold(row));
            }
        }
    }
    rows
}

/// All of it as text, in so many columns.
pub fn as_text(browse: &Browse, theme: &Theme, cols: u16) -> String {
    let area = Rect::new(0, 0, cols.max(NARROWEST), 1);
    let columns = Columns::fitting(usize::from(area.width));
    let mut text = String::new();
    for at in 0..=browse.tree.lines.len() {
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas::new(&mut buffer, theme, &browse.masker);
        match at.checked_sub(1).and_then(|at| browse.tree.lines.get(at)) {
            None => heading(&mut canvas, area, &columns),
            Some(line) => {
                let Some(words) = line_of(&canvas, browse, line, &columns) else { continue };
                canvas.line(area, &words);
            }
        }
        text.push_str(&row_text(&buffer, area));
        text.push('\n');
    }
    text
}

fn line_of(canvas: &Canvas<'_>, browse: &Browse, line: &Line, columns: &Columns) -> Option<Words> {
    match line {
        Line::Node(_) => Some(node_line(canvas, browse, browse.node_of(line)?, columns)),
        Line::Row(_, depth) => Some(item_line(&canvas.glyphs(), browse, browse.row_of(line)?, *depth, columns)),
    }
}

/// Why there is nothing, and what was looked for.
fn nothing(browse: &Browse, cols: usize) -> Vec<String> {
    let says = match (&browse.rows, browse.progress) {
        (None, _) => "looking for runs and trajectories…".to_owned(),
        (Some(rows), _) if !rows.is_empty() => "nothing passes the filter: x shows all".to_owned(),
        (Some(_), Progress::Done) => crate::ui::browse::NOTHING.to_owned(),
        (Some(_), _) => "nothing by its name: looking into files that may be trajectories…".to_owned(),
    };
    width::wrap(&says, cols, 6)
}

fn heading(canvas: &mut Canvas<'_>, row: Rect, columns: &Columns) {
    let left = |cols: usize, word: &str| if cols > 0 { format!("{}{}", " ".repeat(GAP), width::fit(word, cols)) } else { String::new() };
    let right = |cols: usize, word: &str| if cols > 0 { format!("{}{word:>cols$}", " ".repeat(GAP)) } else { String::new() };
    let status = if columns.class > 0 { "status" } else { "outcome" };
    let line = [
        format!("{}{}{:>6}", " ".repeat(MARK), width::fit("run, item", columns.name.saturating_sub(6)), "items"),
        left(columns.status, status),
        left(columns.rung, "rung"),
        left(columns.class, "class"),
        left(columns.mark, "lvl"),
        right(columns.steps, "steps"),
        right(columns.tokens, "tokens"),
        right(columns.time, "time"),
    ];
    canvas.line(row, &Words::of(Role::Muted, line.concat()));
}

fn figures(words: Words, columns: &Columns, figures: [String; 3]) -> Words {
    let [steps, tokens, time] = figures;
    let parts = [(columns.steps, steps), (columns.tokens, tokens), (columns.time, time)];
    let parts = parts.into_iter().filter(|(cols, _)| *cols > 0);
    parts.fold(words, |words, (cols, text)| words.add(Role::Text, format!("{}{text:>cols$}", " ".repeat(GAP))))
}

fn node_line(canvas: &Canvas<'_>, browse: &Browse, node: &Node, columns: &Columns) -> Words {
    let glyphs = canvas.glyphs();
    let [folded, unfolded] = glyphs.folds;
    let sign = if browse.is_open(&node.id, node.is_leaf) { unfolded } else { folded };
    let totals = &node.totals;
    let indent = " ".repeat(MARK + node.depth * 2);
    let figure = if totals.rows() == node.all { node.all.to_string() } else { format!("{} of {}", totals.rows(), node.all) };
    let room = columns.name.saturating_sub(node.depth * 2 + 2);
    let safe = browse.masker.mask(&node.label);
    let label = label(&safe, room.saturating_sub(width::width(&figure) + 2));
    let rest = room.saturating_sub(width::width(&label));
    let role = if node.is_leaf { Role::Text } else { Role::Strong };
    let mut words = Words::of(Role::Muted, format!("{indent}{sign} ")).add(role, label);
    words = words.add(Role::Muted, format!("{figure:>rest$}"));
    words = words.add(Role::Text, " ".repeat(GAP)).join(told(totals, columns.middle()));
    words = words.add(Role::Text, " ".repeat(GAP)).join(match mark(&glyphs, crate::domain::Level::Stuck) {
        Some((role, glyph, _)) if totals.stuck > 0 => Words::of(role, width::fit(&format!("{glyph}{}", totals.stuck), columns.mark)),
        _ => Words::of(Role::Text, " ".repeat(columns.mark)),
    });
    let tokens = if totals.tokens > 0 { text::tokens(totals.tokens) } else { String::new() };
    let time = if totals.duration_ms > 0 { duration::short(totals.duration_ms) } else { String::new() };
    figures(words, columns, [String::new(), tokens, time])
}

/// A run's time as people read it, in so many columns: `2025-11-06 03:26:11`, `2025-11-06 03:26`, `11-06 03:26`.
fn label(name: &str, cols: usize) -> String {
    let is_time = |text: &str| text.len() >= 19 && text.starts_with("20") && text.as_bytes().get(10) == Some(&b'_');
    if !is_time(name) {
        return width::middle(name, cols).into_owned();
    }
    let (day, rest) = name.split_at_checked(10).unwrap_or((name, ""));
    let (time, more) = rest.split_at_checked(9).unwrap_or((rest, ""));
    let time = time.trim_start_matches('_').replace('-', ":");
    let minutes = time.get(..5).unwrap_or(&time);
    let forms = [format!("{day} {time}{more}"), format!("{day} {minutes}"), format!("{} {minutes}", day.get(5..).unwrap_or(day))];
    let fits = forms.iter().find(|form| width::width(form) <= cols);
    fits.cloned().unwrap_or_else(|| width::middle(name, cols).into_owned())
}

/// `  12 ok    20 failed    3 unfinished` in so many columns: the same counts stand below each other.
fn told(totals: &Totals, cols: usize) -> Words {
    let (well, badly) = outcomes(totals);
    let (digits, gap, open) = match cols {
        37.. => (4, GAP, " unfinished"),
        31.. => (4, GAP, " open"),
        _ => (3, 1, ""),
    };
    let parts = [(Role::Good, well, digits, " ok"), (Role::Bad, badly, 4, " failed"), (Role::Warn, totals.open, 4, open)];
    let mut words = Words::new();
    for (role, n, digits, word) in parts.into_iter().filter(|(.., word)| !word.is_empty()) {
        let gap = if words.width() == 0 { 0 } else { gap };
        let text = if n == 0 { " ".repeat(digits + width::width(word)) } else { format!("{n:>digits$}{word}") };
        words = words.add(Role::Text, " ".repeat(gap)).add(role, text);
    }
    let rest = cols.saturating_sub(words.width());
    words.add(Role::Text, " ".repeat(rest))
}

fn item_line(glyphs: &Glyphs, browse: &Browse, row: &Row, depth: usize, columns: &Columns) -> Words {
    let sign = if browse.marked.as_ref() == Some(&row.place) { glyphs.badge } else { " " };
    let room = columns.name.saturating_sub(depth * 2 + 2);
    // ids differ at their ends, names of files at their beginnings
    let safe = browse.masker.mask(&row.name);
    let name = if row.branch.kind == Kind::Loose { width::clip(&safe, room) } else { width::middle(&safe, room) };
    let name = width::fit(&name, room);
    let words = Words::of(Role::Accent, width::fit(sign, MARK)).add(Role::Text, format!("{}  {name}", " ".repeat(depth * 2)));
    let Some(facts) = &row.facts else {
        return words.add(Role::Faint, format!("{}…", " ".repeat(GAP)));
    };
    let cell = |words: Words, cols: usize, role: Role, text: &str| {
        if cols == 0 { words } else { words.add(Role::Text, " ".repeat(GAP)).add(role, width::fit(text, cols)) }
    };
    let (role, status) = outcome(facts, columns.class == 0);
    let mut words = cell(words, columns.status, role, status);
    words = cell(words, columns.rung, Role::Text, facts.rung.map_or("", crate::domain::Rung::name));
    words = cell(words, columns.class, Role::Muted, facts.class.map_or("", crate::domain::FailureClass::name));
    let (role, level) = match row.level {
        Judged::NotYet if row.branch.kind != Kind::Results => (Role::Faint, glyphs.none),
        Judged::Is(level) => mark(glyphs, level).map_or((Role::Text, ""), |(role, glyph, _)| (role, glyph)),
        Judged::NotYet | Judged::Never => (Role::Text, ""),
    };
    words = cell(words, columns.mark, role, level);
    let steps = facts.steps.map(|steps| steps.to_string()).unwrap_or_default();
    let tokens = facts.tokens.map(text::tokens).unwrap_or_default();
    figures(words, columns, [steps, tokens, facts.duration_ms.map(duration::short).unwrap_or_default()])
}

/// The word for how it came out: the status, or where that has no column of its own, why it failed.
pub(super) fn outcome(facts: &Facts, with_class: bool) -> (Role, &str) {
    let role = match facts.outcome {
        Outcome::Success => Role::Good,
        Outcome::Failed => Role::Bad,
        Outcome::Open if facts.status == "running" => Role::Live,
        Outcome::Open => Role::Warn,
    };
    let class = facts.class.filter(|_| with_class && facts.outcome == Outcome::Failed);
    (role, class.map_or(facts.word(), |class| class.name()))
}
