//! The list of items. Only the rows that are seen are made.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, role, row_of};
use super::parts::dots;
use crate::domain::ids::short_sha;
use crate::domain::{StageEnd, Standing};
use crate::model::{Attempt, Item, ItemState, StageState};
use crate::text::{duration, width};
use crate::theme::Role;
use crate::ui::mouse::Hit;
use crate::ui::now::progress;
use crate::ui::since::standing;
use crate::ui::why::{who, why_not};
use crate::ui::words::percent;
use crate::ui::{Mood, Said, State};

/// Columns of a duration.
const TIME: usize = 6;
/// Columns of a difference in percent.
const DELTA: usize = 8;
/// Columns of a verdict: a word and a difference, or a longer word alone.
const VERDICT: usize = 16;
/// Columns of the longest word for a state, and of a running item's attempts: `running ×2`.
const STATUS: usize = 11;
/// Columns of the longest rung.
const RUNG: usize = 12;
/// Columns of an id at most.
const ID: usize = 22;
/// Columns that the rung may have more, for those that wait and say why.
const MORE: usize = 5;

/// Which columns there are, and how wide; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    id: usize,
    sha: usize,
    dots: usize,
    status: usize,
    rung: usize,
    verdict: usize,
    time: usize,
    gap: usize,
}

impl Columns {
    /// As many columns as there is room for; what the run does moves none of them. The order in which they go: rung,
    /// sha, dots, verdict, time.
    pub fn fitting(state: &State, cols: usize) -> Self {
        let mut columns = Self {
            id: state.id_cols.clamp(4, ID),
            sha: 8,
            dots: dots::width(&state.run.stages),
            status: STATUS,
            rung: RUNG,
            // without arms there is nothing to compare
            verdict: if state.run.stages.iter().any(|stage| stage.arm().is_some()) { VERDICT } else { 0 },
            time: TIME,
            gap: 2,
        };
        let steps: [fn(&mut Self); 8] = [
            |c| c.rung = 0,
            |c| c.gap = 1,
            |c| c.sha = 0,
            |c| c.id = c.id.min(16),
            |c| c.verdict = c.verdict.min(DELTA),
            |c| c.dots = 0,
            |c| c.verdict = 0,
            |c| c.time = 0,
        ];
        for step in steps {
            if columns.width() <= cols {
                break;
            }
            step(&mut columns);
        }
        if columns.rung > 0 {
            columns.rung += cols.saturating_sub(columns.width()).min(MORE);
        }
        columns
    }

    /// Columns that all of them take, with the marker and the gaps.
    pub fn width(&self) -> usize {
        let parts = [self.id, self.sha, self.dots, self.status, self.rung, self.verdict, self.time];
        2 + parts.iter().filter(|cols| **cols > 0).map(|cols| cols + self.gap).sum::<usize>() - self.gap
    }
}

/// Draws the list with its heading and says how many items there is room for.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> usize {
    let columns = Columns::fitting(state, usize::from(area.width));
    let rows = usize::from(area.height).saturating_sub(1);
    heading(canvas, row_of(area, 0), &columns);
    if state.run.items.is_empty() {
        canvas.line(row_of(area, 1), &Words::of(Role::Muted, "  no items yet"));
    }
    let top = state.queue.top.min(state.run.items.len().saturating_sub(rows));
    for (row, item) in state.run.items.iter().skip(top).take(rows).enumerate() {
        let area = row_of(area, row + 1);
        canvas.line(area, &item_row(canvas, state, item, top + row, &columns, now));
        if state.queue.selected.as_ref() == Some(&item.id) {
            canvas.tint(area, Role::Selected);
        }
        canvas.mark(area, state.find.as_ref());
        canvas.spot(area, Hit::Item(item.id.clone()));
    }
    rows
}

fn heading(canvas: &mut Canvas<'_>, row: Rect, columns: &Columns) {
    let titles = [
        (columns.id, "item"),
        (columns.sha, "commit"),
        (columns.dots, "stages"),
        (columns.status, "state"),
        (columns.rung, "rung"),
        (columns.verdict, if columns.verdict < VERDICT { "vs human" } else { "verdict vs human" }),
        (columns.time, "  time"),
    ];
    let mut line = String::from("  ");
    for (cols, title) in titles.into_iter().filter(|(cols, _)| *cols > 0) {
        // a word that is cut says nothing
        let title = if width::width(title) > cols { "" } else { title };
        line.push_str(&width::fit(title, cols));
        line.push_str(&" ".repeat(columns.gap));
    }
    canvas.line(row, &Words::of(Role::Muted, line.trim_end()));
}

/// Which rows of the list are seen, where not all are: `3-8 of 24`.
pub fn range(state: &State, rows: usize) -> Option<String> {
    let all = state.run.items.len();
    (all > rows && rows > 0).then(|| {
        let top = state.queue.top.min(all - rows);
        format!("{}-{} of {all}", top + 1, top + rows)
    })
}

fn item_row(canvas: &Canvas<'_>, state: &State, item: &Item, position: usize, columns: &Columns, now: Timestamp) -> Words {
    let glyphs = canvas.glyphs();
    let live = matches!(item.state, ItemState::Running);
    let main = if live {
        Role::Strong
    } else if matches!(item.state, ItemState::Skipped { .. }) {
        Role::Muted
    } else {
        Role::Text
    };
    let gap = " ".repeat(columns.gap);
    let mut words = if live { Words::of(Role::Live, glyphs.live) } else { Words::of(Role::Text, " ") };
    words = words.add(Role::Text, " ").add(main, width::fit(&width::middle(&item.id.0, columns.id), columns.id));
    if columns.sha > 0 {
        words = words.add(Role::Text, gap.as_str()).add(Role::Muted, width::fit(short_sha(&item.human), columns.sha));
    }
    if columns.dots > 0 {
        words = words.add(Role::Text, gap.as_str()).join(dots::dots(item, &state.run.stages, &glyphs));
    }
    words = words.add(Role::Text, gap.as_str()).join(status(item, columns.status, glyphs.times));
    let took = took(state, item, now);
    let fields = [columns.rung, columns.verdict, if took.is_empty() { columns.time } else { 0 }];
    let room = fields.iter().filter(|cols| **cols > 0).map(|cols| cols + columns.gap).sum::<usize>().saturating_sub(columns.gap);
    if let Some(said) = instead(state, item, position, room, now) {
        let fill = room.saturating_sub(width::width(&said.text));
        words = words.add(Role::Text, gap.as_str()).add(role(said.mood), said.text).add(Role::Text, " ".repeat(fill));
    } else {
        if columns.rung > 0 {
            words = words.add(Role::Text, gap.as_str()).join(rung(item, columns.rung));
        }
        if columns.verdict > 0 {
            words = words.add(Role::Text, gap.as_str()).join(verdict(item, columns.verdict));
        }
    }
    if columns.time > 0 && !took.is_empty() {
        words = words.add(Role::Text, gap).add(if live { Role::Text } else { Role::Muted }, format!("{took:>TIME$}"));
    }
    words
}

/// What is said in place of rung and verdict of an item that has neither: why it does not run, how far it is, who does
/// not want it.
fn instead(state: &State, item: &Item, position: usize, cols: usize, now: Timestamp) -> Option<Said> {
    let fits = |words: String| (width::width(&words) <= cols).then(|| Said::new(Mood::Quiet, words));
    match &item.state {
        ItemState::Running => progress(state, item).into_iter().find_map(fits),
        ItemState::Skipped { by } => fits(format!("by {}", who(by))),
        _ => why_not(state, item, position, cols, now),
    }
}

fn status(item: &Item, cols: usize, times: &str) -> Words {
    let tries = if item.attempts.len() > 1 { format!(" {times}{}", item.attempts.len()) } else { String::new() };
    let word = match item.is_done_without_agent() {
        true if tries.is_empty() => "done agent!",
        true => "done!",
        false => status_word(item),
    };
    match cols.checked_sub(word.len() + width::width(&tries)) {
        Some(fill) => Words::of(status_role(item), word).add(Role::Muted, tries).add(Role::Text, " ".repeat(fill)),
        None => Words::of(status_role(item), width::fit(word, cols)),
    }
}

/// The rung; of an item whose agent failed, how that was.
fn rung(item: &Item, cols: usize) -> Words {
    let failure = item.last_attempt().and_then(Attempt::agent_failure).filter(|_| item.is_done_without_agent());
    match failure {
        Some(StageEnd::Failed { class, .. }) => Words::of(Role::Warn, width::fit(class.name(), cols)),
        _ => Words::of(Role::Muted, width::fit(item.rung().map_or("", |rung| rung.name()), cols)),
    }
}

/// The word for an item's state; a frozen one does not pass for running.
pub fn status_word(item: &Item) -> &'static str {
    if is_frozen(item) { "frozen" } else { item.status() }
}

fn is_frozen(item: &Item) -> bool {
    item.live_stage().is_some_and(|record| matches!(record.state, StageState::Running { frozen: Some(_), .. }))
}

/// The role of an item's state.
pub fn status_role(item: &Item) -> Role {
    match item.state {
        ItemState::Running if is_frozen(item) => Role::Warn,
        ItemState::Queued { .. } | ItemState::Skipped { .. } => Role::Muted,
        ItemState::Running => Role::Live,
        ItemState::Done if item.is_done_without_agent() => Role::Warn,
        ItemState::Done => Role::Good,
        ItemState::Failed { .. } | ItemState::Blocked { .. } => Role::Bad,
        ItemState::Waiting { .. } | ItemState::Stopped { .. } | ItemState::Interrupted { .. } => Role::Warn,
    }
}

/// `better  +11.4 %`; of an item that failed, its class.
fn verdict(item: &Item, cols: usize) -> Words {
    if let ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } = &item.state {
        // a word that is cut says nothing
        let class = if class.name().len() > cols { "" } else { class.name() };
        return Words::of(Role::Text, width::fit(class, cols));
    }
    let Some(score) = item.last_attempt().and_then(Attempt::score) else { return Words::of(Role::Text, " ".repeat(cols)) };
    let first = score.verdicts.first();
    let (Some(found), Some(pct)) = (first.and_then(|first| first.standing), first.and_then(|first| first.against_human_pct)) else {
        let word = if cols < VERDICT { "" } else { "incomparable" };
        return Words::of(Role::Warn, width::fit(word, cols));
    };
    let role = match found {
        Standing::Beats => Role::Good,
        Standing::Similar => Role::Text,
        Standing::Worse => Role::Warn,
    };
    let word = if cols < VERDICT { String::new() } else { width::fit(standing(found), VERDICT - DELTA) };
    Words::of(role, word).add(role, format!("{:>DELTA$}", percent(pct)))
}

/// How long an item took, or takes.
fn took(state: &State, item: &Item, now: Timestamp) -> String {
    let ms = item.worked_ms(state.clock(now));
    if ms == 0 { String::new() } else { duration::short(ms) }
}
