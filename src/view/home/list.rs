//! The list: the runs, the newest first, and below them what can be started.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::text::{count, width};
use crate::theme::Role;
use crate::ui::home::card::OwnRuns;
use crate::ui::home::{Entry, Home, Layout, Over, Place, PlanCard, RunCard, Seen, Summary};
use crate::ui::mouse::Hit;
use crate::view::canvas::{Canvas, Flow, Words};
use crate::view::header::state_role;
use crate::view::parts::heading::heading;

/// Columns of a state's word.
const STATE: usize = 11;

/// The heading of what ISO-Bench ran without us.
const OWN_RUNS: &str = "ISO-Bench's own runs";

/// Columns of their names at most.
const OWN_NAME: usize = 22;

/// Rows of them that are asked for beyond the list's own.
const OWN_ROWS: usize = 6;

/// In fewer rows there are no headings.
const HEADINGS: usize = 6;

/// Rows that it needs to show everything.
pub(super) fn height(home: &Home) -> usize {
    2 + run_rows_of(home) + home.plans().len() + 1
}

/// The same with a few rows for what ISO-Bench ran without us.
pub(super) fn height_with_own(home: &Home) -> usize {
    let own = home.own_runs().len();
    height(home) + if own == 0 { 0 } else { own.min(OWN_ROWS) + 2 }
}

/// Rows of all runs; without any one row says so, but where there could be none.
fn run_rows_of(home: &Home) -> usize {
    if matches!(home.place, Place::Nowhere(_)) { 0 } else { home.runs().len().max(1) }
}

/// Columns that it needs to show everything.
pub(super) fn width(home: &Home, now: Timestamp) -> usize {
    let columns = Columns::of(home, now);
    let runs = home.runs().iter().map(|run| columns.row(home, run, now).width()).max().unwrap_or_default();
    let plans = home.plans().iter().map(|plan| plan_row(home, plan).width()).max().unwrap_or_default();
    let own = home.own_runs().iter().map(|group| own_row(home, group).width()).max().unwrap_or_default();
    runs.max(plans).max(demo_row(home).width()).max(own) + 3
}

/// Draws it and says how many rows its parts had.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, home: &Home, now: Timestamp, layout: &mut Layout) {
    let rows = usize::from(area.height);
    let has_headings = (rows >= HEADINGS || rows >= height(home)) && run_rows_of(home) > 0;
    let rest = rows.saturating_sub(if has_headings { 2 } else { 0 });
    let plans = home.plans().len() + 1;
    // what can be started stays in sight however many runs there are
    let plan_rows = plans.min((rest / 3).max(2)).max(rest.saturating_sub(run_rows_of(home)).min(plans)).min(rest);
    let run_rows = (rest - plan_rows).min(run_rows_of(home));
    (layout.run_rows, layout.plan_rows) = (run_rows, plan_rows);
    let mut flow = Flow::new(area);
    let columns = Columns::of(home, now);
    if let Some(row) = flow.row().filter(|_| has_headings) {
        heading(canvas, row, "runs", &range(home.top, run_rows, home.runs().len()));
    } else {
        flow = Flow::new(area);
    }
    if home.runs().is_empty()
        && let Some(row) = flow.take(run_rows)
    {
        let says = if home.runs.is_none() { "  looking…" } else { "  none yet" };
        canvas.line(row, &Words::of(Role::Muted, says));
    }
    for (at, run) in home.runs().iter().enumerate().skip(home.top).take(run_rows) {
        let Some(row) = flow.row() else { return };
        entry(canvas, row, home, at, &Entry::Run(run.id.clone()), columns.row(home, run, now));
    }
    let gap = flow.left() > plan_rows + 1;
    if has_headings && let Some(row) = flow.take(if gap { 2 } else { 1 }) {
        let row = Rect { y: row.bottom().saturating_sub(1), height: 1, ..row };
        let figure = if home.found.is_none() { String::new() } else { range(home.plan_top, plan_rows, plans) };
        heading(canvas, row, "start a new run", &figure);
    }
    let first = home.runs().len();
    for at in (0..plans).skip(home.plan_top).take(plan_rows) {
        let Some(row) = flow.row() else { return };
        if home.found.is_none() {
            canvas.line(row, &Words::of(Role::Muted, "  looking…"));
            continue;
        }
        let (found, words) = match home.plans().get(at) {
            Some(plan) => (Entry::Plan(plan.path.clone()), plan_row(home, plan)),
            None => (Entry::Demo, demo_row(home)),
        };
        entry(canvas, row, home, first + at, &found, words);
    }
    own_runs(canvas, flow, home);
}

/// ISO-Bench's own runs, where rows are left. They are told, and can't be selected.
fn own_runs(canvas: &mut Canvas<'_>, mut flow: Flow, home: &Home) {
    let groups = home.own_runs();
    if groups.is_empty() || flow.left() < 3 {
        return;
    }
    flow.row();
    if let Some(row) = flow.row() {
        let figure = if groups.len() > flow.left() { format!("1-{} of {}", flow.left(), groups.len()) } else { groups.len().to_string() };
        heading(canvas, row, OWN_RUNS, &figure);
    }
    for group in groups {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &own_row(home, group));
    }
}

/// `vllm trae gpt-5  3 runs  2026-01-23`, the day of the newest. It must not make the list wider than its entries do.
fn own_row(home: &Home, group: &OwnRuns) -> Words {
    let widest = home.own_runs().iter().map(|group| width::width(&group.name)).max().unwrap_or_default().min(OWN_NAME);
    let day = group.newest.split('_').next().unwrap_or_default();
    let name = fit(&width::middle(&group.name, widest), widest);
    Words::of(Role::Text, format!("  {name}")).add(Role::Muted, format!("  {:<7} {day}", count(group.runs, "run")))
}

/// `1-18 of 60`, or just `3` where all are seen.
fn range(top: usize, rows: usize, all: usize) -> String {
    match all {
        0 => String::new(),
        all if all <= rows => all.to_string(),
        all => format!("{}-{} of {all}", top + 1, (top + rows).min(all)),
    }
}

fn entry(canvas: &mut Canvas<'_>, row: Rect, home: &Home, at: usize, entry: &Entry, words: Words) {
    let selected = home.selected.as_ref() == Some(entry);
    let mark = if selected { canvas.glyphs().live } else { " " };
    let mark =
        Words::of(if home.is_found(entry) { Role::Warn } else { Role::Accent }, if home.is_found(entry) && !selected { "/" } else { mark });
    canvas.line(row, &mark.add(Role::Text, " ").join(words));
    if selected {
        canvas.tint(row, Role::Selected);
    }
    if home.over == Over::Nothing {
        canvas.spot(row, Hit::Choice(at));
    }
}

fn fit(text: &str, cols: usize) -> String {
    width::fit(text, cols)
}

/// Columns of the names of plans.
fn names(home: &Home) -> usize {
    home.plans().iter().map(|plan| width::width(&plan.name)).max().unwrap_or(4).clamp(4, 28)
}

fn plan_row(home: &Home, plan: &PlanCard) -> Words {
    let name = fit(&width::middle(&plan.name, names(home)), names(home));
    match &plan.size {
        Ok(size) => Words::of(Role::Text, name).add(Role::Muted, format!("  {} of {}", count(size.items, "item"), size.task)),
        Err(_) => Words::of(Role::Muted, name).add(Role::Bad, "  can't be read"),
    }
}

fn demo_row(home: &Home) -> Words {
    Words::of(Role::Text, fit("demo", names(home))).add(Role::Muted, "  no GPU, Docker or network")
}

/// Columns of what differs in width from run to run.
struct Columns {
    when: usize,
    over: usize,
    bad: usize,
}

impl Columns {
    fn of(home: &Home, now: Timestamp) -> Self {
        let widest = |of: &dyn Fn(&Summary) -> String| {
            home.runs().iter().filter_map(RunCard::summary).map(|run| width::width(&of(run))).max().unwrap_or_default()
        };
        Self {
            when: widest(&|run| run.created.map(|at| when(at, now, &home.zone)).unwrap_or_default()),
            over: widest(&over),
            bad: widest(&bad),
        }
    }

    fn row(&self, home: &Home, run: &RunCard, now: Timestamp) -> Words {
        let summary = match &run.seen {
            Seen::Unread => return Words::of(Role::Muted, format!("{}  …", run.id)),
            Seen::Broken(_) => return Words::of(Role::Muted, run.id.0.clone()).add(Role::Bad, "  can't be read"),
            Seen::Read(summary) => summary,
        };
        let at = summary.created.map_or_else(|| run.id.0.clone(), |at| when(at, now, &home.zone));
        let mut words = Words::of(Role::Text, format!("{at:>when$}  ", when = self.when))
            .add(state_role(summary.state), fit(summary.state.name(), STATE))
            .add(Role::Text, format!("  {:>over$}", over(summary), over = self.over));
        if self.bad > 0 {
            words = words.add(Role::Bad, format!("  {}", fit(&bad(summary), self.bad)));
        }
        words = words.add(Role::Muted, format!("  {} {}", summary.agent, summary.model));
        match summary.runner {
            Some(pid) => words.add(Role::Muted, format!("  pid {pid}")),
            None => words,
        }
    }
}

fn over(run: &Summary) -> String {
    format!("{} of {}", run.over, run.items)
}

fn bad(run: &Summary) -> String {
    let parts = [(run.bad(), "failed"), (run.stuck, "stuck")];
    parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// A moment of the list: `09:40`, `20 Nov 09:40`, `20 Nov 2025`.
fn when(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = match () {
        () if at.date() == today.date() => "%H:%M",
        () if at.year() == today.year() => "%e %b %H:%M",
        () => "%e %b %Y",
    };
    at.strftime(form).to_string().trim_start().to_owned()
}
