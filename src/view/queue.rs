//! The list of items. Only the rows that are seen are made.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, role, row_of};
use super::parts::dots;
use super::parts::strip::mark;
use crate::domain::ids::short_sha;
use crate::domain::{Arm, FailureClass, Level, Stage, StageEnd, Standing};
use crate::model::{Attempt, Item, ItemState};
use crate::text::{duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::detected::{self, has_alarm, level, worst};
use crate::ui::mouse::Hit;
use crate::ui::now::{Pulse, progress, pulse};
use crate::ui::since::standing;
use crate::ui::why::{who, why_not};
use crate::ui::words::percent;
use crate::ui::{Mood, Said, State};

/// Columns of the marks: how bad it is, what runs, a gap.
const MARKS: usize = 3;
/// Columns of a duration.
const TIME: usize = 6;
/// Columns of a difference in percent.
const DELTA: usize = 8;
/// Columns of a result: a word and a difference, or a longer word alone.
const RESULT: usize = 16;
/// Columns of the longest word for a state, and of a running item's attempts: `running ×2`.
const STATUS: usize = 11;
/// Columns of the longest rung.
const RUNG: usize = 12;
/// Columns of an id at most.
const ID: usize = 22;
/// Columns that the rung may have more, for those that wait and say why.
const MORE: usize = 5;
/// Columns of a note at least and at most.
const NOTE: (usize, usize) = (18, 32);

/// Which columns there are, and how wide; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    id: usize,
    sha: usize,
    dots: usize,
    status: usize,
    rung: usize,
    result: usize,
    note: usize,
    time: usize,
    gap: usize,
}

impl Columns {
    /// As many columns as there is room for; what the run does moves none of them. The order in which they go: note,
    /// rung, sha, dots, time, result: why an item failed or waits comes before what else is known of it.
    pub fn fitting(state: &State, cols: usize) -> Self {
        let mut columns = Self {
            id: state.id_cols.clamp(4, ID),
            sha: 8,
            dots: dots::width(&state.run.stages),
            status: STATUS,
            rung: RUNG,
            result: RESULT,
            note: 0,
            time: TIME,
            gap: 2,
        };
        let steps: [fn(&mut Self); 8] = [
            |c| c.rung = 0,
            |c| c.gap = 1,
            |c| c.sha = 0,
            |c| c.id = c.id.min(16),
            |c| c.dots = 0,
            |c| c.time = 0,
            |c| c.result = DELTA,
            |c| c.result = 0,
        ];
        for step in steps {
            if columns.width() <= cols {
                break;
            }
            step(&mut columns);
        }
        if columns.rung > 0 {
            columns.fill(cols);
        }
        columns
    }

    /// What is free is the note's, for which the sha gives way; or else the rung gets a little of it.
    fn fill(&mut self, cols: usize) {
        let mut noted = *self;
        noted.note = NOTE.0;
        if noted.width() > cols {
            noted.sha = 0;
        }
        if noted.width() <= cols {
            noted.note += cols.saturating_sub(noted.width()).min(NOTE.1 - NOTE.0);
            *self = noted;
        } else {
            self.rung += cols.saturating_sub(self.width()).min(MORE);
        }
    }

    /// Whether a row says why its item failed or waits, and all else that a row of 80 columns says but the sha.
    pub const fn says_why(&self) -> bool {
        self.result >= RESULT && self.time > 0 && self.dots > 0
    }

    /// Columns that all of them take, with the marker and the gaps.
    pub fn width(&self) -> usize {
        let parts = [self.id, self.sha, self.dots, self.status, self.rung, self.result, self.note, self.time];
        MARKS + parts.iter().filter(|cols| **cols > 0).map(|cols| cols + self.gap).sum::<usize>() - self.gap
    }
}

/// Draws the list with its heading and says how many items there is room for.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) -> usize {
    let columns = Columns::fitting(state, usize::from(area.width));
    let rows = usize::from(area.height).saturating_sub(1);
    heading(canvas, row_of(area, 0), &state.run.stages, &columns);
    if state.run.items.is_empty() {
        canvas.line(row_of(area, 1), &Words::of(Role::Muted, "   no items yet"));
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

fn heading(canvas: &mut Canvas<'_>, row: Rect, stages: &[Stage], columns: &Columns) {
    let letters = dots::letters(stages);
    let titles = [
        (columns.id, "item"),
        (columns.sha, "commit"),
        (columns.dots, letters.as_str()),
        (columns.status, "state"),
        (columns.rung, "rung"),
        (columns.result, if columns.result < RESULT { "vs human" } else { "result" }),
        (columns.note, "note"),
        (columns.time, "  time"),
    ];
    let mut line = " ".repeat(MARKS);
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
    let state_role = status_role(state, item);
    let main = if live {
        Role::Strong
    } else if matches!(item.state, ItemState::Skipped { .. }) {
        Role::Muted
    } else {
        Role::Text
    };
    let gap = " ".repeat(columns.gap);
    let (mark_role, mark) = sign(&glyphs, item);
    let (live_role, live_mark) = if live { (state_role, glyphs.live) } else { (Role::Text, " ") };
    let mut words = Words::of(mark_role, mark).add(live_role, live_mark);
    words = words.add(Role::Text, " ").add(main, width::fit(&width::middle(&item.id.0, columns.id), columns.id));
    if columns.sha > 0 {
        words = words.add(Role::Text, gap.as_str()).add(Role::Muted, width::fit(short_sha(&item.human), columns.sha));
    }
    if columns.dots > 0 {
        words = words.add(Role::Text, gap.as_str()).join(dots::dots(item, &state.run.stages, &glyphs, state_role));
    }
    words = words.add(Role::Text, gap.as_str()).join(status(state, item, columns.status, glyphs.times));
    let took = took(state, item, now);
    words = if columns.note > 0 {
        words = words.add(Role::Text, gap.as_str()).join(rung(item, columns.rung)).add(Role::Text, gap.as_str());
        // a retry that waits, and an agent that is stuck, have much to say and no result
        let waits = matches!(item.state, ItemState::Waiting { .. } | ItemState::ForRoom { .. }) || (live && doubts(item).is_some());
        let room = if waits { columns.result + columns.gap + columns.note } else { columns.note };
        if !waits {
            words = words.join(result(item, columns)).add(Role::Text, gap.as_str());
        }
        let told = note(state, item, position, room, now).unwrap_or_else(|| Said::new(Mood::Quiet, ""));
        words.add(role(told.mood), width::fit(&told.text, room))
    } else {
        let fields = [columns.rung, columns.result, if took.is_empty() { columns.time } else { 0 }];
        let room = fields.iter().filter(|cols| **cols > 0).map(|cols| cols + columns.gap).sum::<usize>().saturating_sub(columns.gap);
        if let Some(said) = instead(state, item, position, room, now) {
            let fill = room.saturating_sub(width::width(&said.text));
            words.add(Role::Text, gap.as_str()).add(role(said.mood), said.text).add(Role::Text, " ".repeat(fill))
        } else {
            let cells = if columns.rung > 0 { words.add(Role::Text, gap.as_str()).join(rung(item, columns.rung)) } else { words };
            if columns.result > 0 {
                cells.add(Role::Text, gap.as_str()).join(match class_of(item) {
                    // a word that is cut says nothing
                    Some(class) if class.name().len() <= columns.result => Words::of(Role::Text, width::fit(class.name(), columns.result)),
                    _ => result(item, columns),
                })
            } else {
                cells
            }
        }
    };
    if columns.time > 0 && !took.is_empty() {
        words = words.add(Role::Text, gap).add(if live { Role::Text } else { Role::Muted }, format!("{took:>TIME$}"));
    }
    words
}

/// How bad it is with the item's agent; an alarm, where nothing is worse.
fn sign(glyphs: &Glyphs, item: &Item) -> (Role, &'static str) {
    match level(item) {
        Level::Stuck => {}
        _ if !item.is_over() && has_alarm(item) => return (Role::Bad, glyphs.alarm),
        _ => {}
    }
    mark(glyphs, level(item)).map_or((Role::Text, " "), |(role, glyph, _)| (role, glyph))
}

/// `stuck: cycle since 14`, from many words to few; nothing below a warning, and nothing once the agent is over.
fn doubts(item: &Item) -> Option<(Level, Vec<String>)> {
    let finding = worst(item).filter(|finding| finding.level >= Level::Warn && detected::has_agent_at_work(item))?;
    let (word, title, first) = (finding.level.name(), finding.detector.title(), finding.first_step);
    Some((finding.level, vec![format!("{word}: {title} since {first}"), format!("{word} since {first}"), word.to_owned()]))
}

/// What is said in place of rung and verdict of an item that has neither: why it does not run, how far it is, who does
/// not want it.
fn instead(state: &State, item: &Item, position: usize, cols: usize, now: Timestamp) -> Option<Said> {
    let fits = |words: String| (width::width(&words) <= cols).then(|| Said::new(Mood::Quiet, words));
    match &item.state {
        ItemState::Running => {
            if let Some((level, words)) = doubts(item) {
                let told = words.into_iter().find(|words| width::width(words) <= cols)?;
                return Some(Said::new(detected::mood(level), told));
            }
            let far = progress(state, item);
            let both = far.first().filter(|_| detected::was_stuck(item)).map(|far| format!("{far}, was stuck"));
            both.into_iter().chain(far).find_map(fits)
        }
        ItemState::Skipped { by } => fits(format!("by {}", who(by))),
        _ => why_not(state, item, position, cols, now),
    }
}

/// What explains the state of an item, in a column of its own.
fn note(state: &State, item: &Item, position: usize, cols: usize, now: Timestamp) -> Option<Said> {
    let was_stuck = item.is_over() && level(item) == Level::Stuck;
    if let Some(class) = class_of(item) {
        let both = format!("{class}, was stuck");
        let words = if was_stuck && width::width(&both) <= cols { both } else { class.name().to_owned() };
        return Some(Said::new(Mood::Calm, words));
    }
    if let Some(words) = tainted(item) {
        return words.into_iter().find(|words| width::width(words) <= cols).map(|words| Said::new(Mood::Warn, words));
    }
    if item.is_done_without_agent() {
        let words = agent_ended(item);
        return words.into_iter().find(|words| width::width(words) <= cols).map(|words| Said::new(Mood::Warn, words));
    }
    if was_stuck && let Some(finding) = worst(item) {
        let words = [format!("was stuck: {}", finding.detector.title()), "was stuck".to_owned()];
        return words.into_iter().find(|words| width::width(words) <= cols).map(|words| Said::new(Mood::Bad, words));
    }
    instead(state, item, position, cols, now)
}

/// That the numbers of an item that is done prove nothing, from many words to few.
fn tainted(item: &Item) -> Option<[String; 2]> {
    let of = item.last_attempt().filter(|_| matches!(item.state, ItemState::Done))?.tainted();
    let arms: Vec<&str> = of.into_iter().map(Arm::name).collect();
    (!arms.is_empty()).then(|| [format!("tainted: {}", arms.join(", ")), "tainted".to_owned()])
}

/// How the agent of an item that is done ended, from many words to few.
fn agent_ended(item: &Item) -> Vec<String> {
    match item.last_attempt().and_then(Attempt::agent_failure) {
        Some(StageEnd::Failed { class: FailureClass::AgentBudget | FailureClass::TimeoutAgent, why }) => {
            let what = ["step", "token", "time"].into_iter().find(|what| why.contains(what));
            let of = match what {
                Some("step") => "steps",
                Some("token") => "tokens",
                Some(_) => "time",
                None => "its budget",
            };
            vec![format!("agent ran out of {of}"), format!("agent: no {of} left"), format!("out of {of}")]
        }
        Some(StageEnd::Failed { class: FailureClass::AgentStuck, .. }) => {
            vec!["stuck agent was stopped".to_owned(), "stuck: stopped".to_owned(), "stuck".to_owned()]
        }
        Some(StageEnd::Failed { class, .. }) => vec![format!("agent: {class}"), class.name().to_owned()],
        _ => vec!["agent was stopped".to_owned(), "agent stopped".to_owned()],
    }
}

const fn class_of(item: &Item) -> Option<FailureClass> {
    match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => Some(*class),
        _ => None,
    }
}

fn status(state: &State, item: &Item, cols: usize, times: &str) -> Words {
    let tries = if item.attempts.len() > 1 { format!(" {times}{}", item.attempts.len()) } else { String::new() };
    let word = if item.is_done_without_agent() { "done !" } else { status_word(state, item) };
    let role = status_role(state, item);
    match cols.checked_sub(word.len() + width::width(&tries)) {
        Some(fill) => Words::of(role, word).add(Role::Muted, tries).add(Role::Text, " ".repeat(fill)),
        None => Words::of(role, width::fit(word, cols)),
    }
}

fn rung(item: &Item, cols: usize) -> Words {
    Words::of(Role::Muted, width::fit(item.rung().map_or("", |rung| rung.name()), cols))
}

/// The word for an item's state: what stands still does not pass for running.
pub fn status_word(state: &State, item: &Item) -> &'static str {
    match item.state {
        ItemState::Running => match pulse(state, item) {
            Pulse::Runs => item.status(),
            Pulse::Frozen => "frozen",
            Pulse::Waits(_) => "waiting",
            Pulse::CutOff(_) => "interrupted",
        },
        _ => item.status(),
    }
}

/// The role of an item's state.
pub fn status_role(state: &State, item: &Item) -> Role {
    match item.state {
        ItemState::Running if pulse(state, item) != Pulse::Runs => Role::Warn,
        ItemState::Queued { .. } | ItemState::Skipped { .. } => Role::Muted,
        ItemState::Running => Role::Live,
        ItemState::Done if item.is_done_without_agent() => Role::Warn,
        ItemState::Done => Role::Good,
        ItemState::Failed { .. } | ItemState::Blocked { .. } => Role::Bad,
        ItemState::Waiting { .. } | ItemState::ForRoom { .. } | ItemState::Stopped { .. } | ItemState::Interrupted { .. } => Role::Warn,
    }
}

/// `better  +11.4 %`; nothing of an item that failed. What is tainted is not shown as proven, and is named here where no note does.
fn result(item: &Item, columns: &Columns) -> Words {
    let cols = columns.result;
    let Some(score) = item.last_attempt().and_then(Attempt::score).filter(|_| class_of(item).is_none()) else {
        return Words::of(Role::Text, " ".repeat(cols));
    };
    let first = score.verdicts.first();
    let (Some(found), Some(pct)) = (first.and_then(|first| first.standing), first.and_then(|first| first.against_human_pct)) else {
        let word = if cols < RESULT { "" } else { "incomparable" };
        return Words::of(Role::Warn, width::fit(word, cols));
    };
    let is_tainted = tainted(item).is_some();
    let role = match found {
        _ if is_tainted => Role::Warn,
        Standing::Beats => Role::Good,
        Standing::Similar => Role::Text,
        Standing::Worse => Role::Warn,
    };
    let word = if is_tainted && columns.note == 0 { "tainted" } else { standing(found) };
    let word = if cols < RESULT { String::new() } else { width::fit(word, RESULT - DELTA) };
    Words::of(role, word).add(role, format!("{:>DELTA$}", percent(pct)))
}

/// How long an item took, or takes.
fn took(state: &State, item: &Item, now: Timestamp) -> String {
    let ms = item.worked_ms(state.clock(now));
    if ms == 0 { String::new() } else { duration::short(ms) }
}
