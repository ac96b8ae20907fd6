//! The rows of the table. Only those that are seen are made.

use ratatui::layout::Rect;

use super::groups::class_role;
use crate::domain::ids::short_sha;
use crate::domain::{Direction, FailureClass, Standing};
use crate::text::width;
use crate::theme::Role;
use crate::ui::State;
use crate::ui::all_results::{Class, Column, Figure, Mark, Row, Scope};
use crate::ui::mouse::Hit;
use crate::ui::words::{model_name, number, percent};
use crate::view::canvas::{Canvas, Words, row_of};

/// Which columns there are, and how wide; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    item: usize,
    sha: usize,
    agent: usize,
    kind: usize,
    model: usize,
    metric: usize,
    value: usize,
    human: usize,
    baseline: usize,
    class: usize,
    rung: usize,
    quadrant: usize,
    marks: usize,
    gap: usize,
}

/// Columns of an id at most.
const ITEM: usize = 22;
/// Columns of a difference in percent.
const DELTA: usize = 9;
/// Columns of the marks at least and at most.
const MARKS: (usize, usize) = (10, 40);
/// Columns before the first: whether it is a problem.
const LEAD: usize = 2;

impl Columns {
    /// As many as there is room for. The order in which they go: the model, the commit, the metric with its number, the type, the rung, the
    /// baseline, the marks; what decides stays longest.
    fn fitting(state: &State, cols: usize) -> Self {
        let rows = &state.all_results.rows;
        let widest = |of: &dyn Fn(&Row) -> usize, most: usize| rows.iter().map(of).max().unwrap_or_default().min(most);
        let has_quadrant = rows.iter().any(|row| row.quadrant.is_some());
        let marks = widest(&|row| width::width(&shown_marks(row)), MARKS.1);
        let mut columns = Self {
            item: widest(&|row| width::width(&row.item.0), ITEM).max(4),
            sha: if rows.iter().all(|row| row.item.0 == short_sha(&row.human)) { 0 } else { 8 },
            agent: if state.all_results.scope == Scope::Every { widest(&|row| width::width(&row.agent), 26).max(5) } else { 0 },
            kind: widest(&|row| row.kind.map_or(0, |kind| kind.name().len()), 14),
            model: widest(&|row| width::width(&model(row, "→")), usize::MAX),
            metric: widest(&|row| row.figure.as_ref().map_or(0, |figure| width::width(&figure.name)), 32),
            value: widest(&|row| row.figure.as_ref().map_or(0, |figure| width::width(&value(figure))), 16),
            human: DELTA,
            baseline: if rows.iter().any(|row| row.figure.as_ref().is_some_and(|of| of.baseline_pct.is_some())) { DELTA } else { 0 },
            class: widest(&|row| row.class.name().len(), 12).max(6),
            rung: widest(&|row| row.rung.map_or(0, |rung| rung.name().len().max(5)), 12),
            quadrant: if has_quadrant { 2 } else { 0 },
            marks: if marks > 0 { marks.max(MARKS.0) } else { 0 },
            gap: 2,
        };
        for (at, head) in [(0, "type"), (1, "model"), (2, "metric"), (3, "number")] {
            let part = match at {
                0 => &mut columns.kind,
                1 => &mut columns.model,
                2 => &mut columns.metric,
                _ => &mut columns.value,
            };
            *part = if *part == 0 { 0 } else { (*part).max(head.len()) };
        }
        let wanted = columns;
        columns.fit(cols);
        columns.widen(&wanted, cols);
        columns
    }

    /// What is over goes to those that were cut.
    fn widen(&mut self, wanted: &Self, cols: usize) {
        let mut spare = cols.saturating_sub(self.width());
        let marks = if wanted.marks > 0 { MARKS.1 } else { 0 };
        let cut = [
            (&mut self.kind, wanted.kind),
            (&mut self.model, wanted.model),
            (&mut self.metric, wanted.metric),
            (&mut self.item, wanted.item),
            (&mut self.marks, marks),
        ];
        for (part, wanted) in cut.into_iter().filter(|(part, _)| **part > 0) {
            let more = wanted.saturating_sub(*part).min(spare);
            *part += more;
            spare -= more;
        }
    }

    fn fit(&mut self, cols: usize) {
        let steps: [fn(&mut Self); 16] = [
            |c| c.model = c.model.min(30),
            |c| c.marks = c.marks.min(24),
            |c| c.model = 0,
            |c| c.metric = c.metric.min(20),
            |c| c.sha = 0,
            |c| c.marks = c.marks.min(16),
            |c| c.agent = c.agent.min(14),
            |c| c.gap = 1,
            // a number without its name says little
            |c| (c.metric, c.value) = (0, 0),
            |c| c.marks = c.marks.min(MARKS.0),
            |c| c.kind = c.kind.min(8),
            |c| c.item = c.item.min(16),
            |c| c.kind = 0,
            |c| (c.rung, c.agent) = (0, 0),
            |c| c.baseline = 0,
            |c| (c.marks, c.quadrant) = (0, 0),
        ];
        for step in steps {
            if self.width() <= cols {
                break;
            }
            step(self);
        }
    }

    fn width(&self) -> usize {
        let parts = [
            self.item,
            self.sha,
            self.agent,
            self.kind,
            self.model,
            self.metric,
            self.value,
            self.human,
            self.baseline,
            self.class,
            self.rung,
            self.quadrant,
            self.marks,
        ];
        LEAD + parts.iter().filter(|cols| **cols > 0).map(|cols| cols + self.gap).sum::<usize>() - self.gap
    }
}

/// Draws the heads and the rows, and says how many rows there is room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State) -> usize {
    let all_results = &state.all_results;
    let columns = Columns::fitting(state, usize::from(area.width));
    let rows = usize::from(area.height).saturating_sub(1);
    heads(canvas, row_of(area, 0), state, &columns);
    if all_results.shown.is_empty() && !all_results.rows.is_empty() {
        canvas.line(row_of(area, 1), &Words::of(Role::Muted, "  no item is in all of these groups; Esc shows more"));
    }
    let top = all_results.top.min(all_results.shown.len().saturating_sub(rows));
    let place = all_results.place(state);
    for (nth, row) in all_results.visible().enumerate().skip(top).take(rows) {
        let line = row_of(area, nth - top + 1);
        let cells = cells(canvas, row, &columns);
        canvas.line(line, &cells);
        if place == Some(nth) {
            canvas.tint(line, Role::Selected);
        }
        canvas.mark(line, state.find.as_ref());
        canvas.spot(line, Hit::Row(nth));
    }
    rows
}

fn heads(canvas: &mut Canvas<'_>, row: Rect, state: &State, columns: &Columns) {
    let sort = state.all_results.sort;
    let number_of = |column: Column| if sort.column == column { if sort.is_reversed { "▴" } else { "▾" } } else { "" };
    let parts: [(usize, &str, Option<Column>, bool); 13] = [
        (columns.item, "item", Some(Column::Item), false),
        (columns.sha, "commit", None, false),
        (columns.agent, "agent", None, false),
        (columns.kind, "type", Some(Column::Kind), false),
        (columns.model, "model", None, false),
        (columns.metric, "metric", None, false),
        (columns.value, "number", None, true),
        (columns.human, "vs human", Some(Column::Human), true),
        (columns.baseline, "vs base", Some(Column::Baseline), true),
        (columns.class, "class", Some(Column::Class), false),
        (columns.rung, "rung", Some(Column::Rung), false),
        (columns.quadrant, "Q", None, false),
        (columns.marks, "marks", None, false),
    ];
    let mut x = row.x.saturating_add(2);
    for (cols, title, column, is_right) in parts.into_iter().filter(|(cols, ..)| *cols > 0) {
        let mark = column.map_or("", number_of);
        let title = format!("{title}{mark}");
        let shown = if is_right { format!("{title:>cols$}") } else { width::fit(&title, cols) };
        let wide = u16::try_from(cols).unwrap_or(u16::MAX);
        let place = Rect { x, width: wide.min(row.right().saturating_sub(x)), ..row };
        canvas.line(place, &Words::of(if mark.is_empty() { Role::Muted } else { Role::Strong }, shown));
        if let Some(column) = column {
            canvas.spot(place, Hit::Column(column));
        }
        x = x.saturating_add(wide).saturating_add(u16::try_from(columns.gap).unwrap_or(1));
    }
}

fn cells(canvas: &Canvas<'_>, row: &Row, columns: &Columns) -> Words {
    let glyphs = canvas.glyphs();
    let is_over = row.class != Class::ToCome;
    let main = if is_over { Role::Text } else { Role::Muted };
    let figure = row.figure.as_ref();
    let (lead_role, lead) = if row.is_problem { (Role::Bad, glyphs.no) } else { (Role::Text, " ") };
    let mut words = Words::of(lead_role, format!("{lead} "));
    let mut put = |cols: usize, role: Role, text: String, is_right: bool| {
        if cols == 0 {
            return;
        }
        let text =
            if is_right { format!("{}{}", " ".repeat(cols.saturating_sub(width::width(&text))), text) } else { width::fit(&text, cols) };
        let gap = " ".repeat(if words.width() == LEAD { 0 } else { columns.gap });
        words = std::mem::take(&mut words).add(Role::Text, gap).add(role, text);
    };
    let (human, baseline) = (figure.and_then(|found| found.human_pct), figure.and_then(|found| found.baseline_pct));
    put(columns.item, main, width::middle(&row.item.0, columns.item).into_owned(), false);
    put(columns.sha, Role::Muted, short_sha(&row.human).to_owned(), false);
    put(columns.agent, Role::Text, row.agent.clone(), false);
    put(columns.kind, Role::Muted, row.kind.map_or("", |kind| kind.name()).to_owned(), false);
    let is_overridden = matches!(row.model, Some((_, Some(_))));
    // the one that was served says more than the one that was asked for
    let named = model(row, glyphs.arrow);
    let served = || named.find(glyphs.arrow).and_then(|at| named.get(at..)).filter(|_| width::width(&named) > columns.model);
    let named = width::middle(served().unwrap_or(&named), columns.model).into_owned();
    put(columns.model, if is_overridden { Role::Warn } else { Role::Muted }, named, false);
    put(columns.metric, Role::Muted, figure.map_or_else(String::new, |found| found.name.clone()), false);
    put(columns.value, Role::Text, figure.map_or_else(String::new, value), true);
    put(columns.human, class_role(row.class), human.map_or_else(String::new, percent), true);
    put(columns.baseline, toned(figure.and_then(|found| found.to_baseline)), baseline.map_or_else(String::new, percent), true);
    put(columns.class, class_role(row.class), row.class.name().to_owned(), false);
    put(columns.rung, Role::Muted, row.rung.map_or("", |rung| rung.name()).to_owned(), false);
    put(columns.quadrant, Role::Text, row.quadrant.map_or("", |quadrant| quadrant.short()).to_owned(), false);
    let doubtful = row.marks.iter().any(Mark::is_doubt);
    let role = if row.failure.is_some() && is_over && !row.has_numbers() {
        Role::Bad
    } else if doubtful {
        Role::Warn
    } else {
        Role::Muted
    };
    put(columns.marks, role, shown_marks(row), false);
    words
}

/// The colour of a difference: what is within the noise is neither.
const fn toned(standing: Option<Standing>) -> Role {
    match standing {
        Some(Standing::Beats) => Role::Good,
        Some(Standing::Worse) => Role::Bad,
        Some(Standing::Similar) | None => Role::Text,
    }
}

/// Why it has no number, or what is to be known of the one that it has.
fn shown_marks(row: &Row) -> String {
    // where it has neither a number nor a failure, its state says why
    let state = (!row.has_numbers() && !matches!(row.status, "queued" | "done")).then_some(row.status);
    let failure = row.failure.map(FailureClass::name).or(state).map(str::to_owned);
    // that there is one sample is the rule, and told once above the table
    let marks = row.marks.iter().filter(|mark| **mark != Mark::Samples(1)).map(Mark::short);
    // an arm that is tainted may be why it failed
    let marks = marks.filter(|mark| Some(mark) != failure.as_ref());
    failure.clone().into_iter().chain(marks).collect::<Vec<_>>().join(", ")
}

/// The agent's number with its unit, and which way is better.
fn value(figure: &Figure) -> String {
    let way = match figure.direction {
        Some(Direction::LowerIsBetter) => " ↓",
        Some(Direction::HigherIsBetter) => " ↑",
        None => "",
    };
    let is_told = figure.name.ends_with(figure.unit.replace('/', "_").as_str());
    let unit = if figure.unit.is_empty() || is_told { String::new() } else { format!(" {}", figure.unit) };
    format!("{}{unit}{way}", number(figure.value))
}

/// The last parts of the models' names: who made them is no news. Asked for, and served in its place.
fn model(row: &Row, arrow: &str) -> String {
    row.model.as_ref().map_or_else(String::new, |(asked, run)| {
        let asked = model_name(asked);
        run.as_ref().map_or_else(|| asked.to_owned(), |run| format!("{asked} {arrow} {}", model_name(run)))
    })
}
