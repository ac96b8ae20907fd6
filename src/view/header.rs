//! The top of the screen: which run, how it stands, what everybody must know.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, role};
use super::opened;
use super::parts::{bar, strip::mark};
use super::queue::status_word;
use crate::domain::{Level, OnStuck};
use crate::model::RunState;
use crate::plan::Eta;
use crate::text::{self, duration, width};
use crate::theme::Role;
use crate::ui::detected;
use crate::ui::now::{Pulse, pulse, ratio};
use crate::ui::{Said, State};

/// Statuses besides done with their roles, in the order of the bar. What is not named here is still to come.
pub(super) const COUNTED: [(&str, Role); 7] = [
    ("failed", Role::Bad),
    ("blocked", Role::Bad),
    ("stopped", Role::Warn),
    ("interrupted", Role::Warn),
    ("unfinished", Role::Warn),
    ("skipped", Role::Muted),
    ("running", Role::Live),
];

/// In how many words the items are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// `3 done: 1 better  0 similar  2 worse (1 agent failed)   2 failed (1 better)   1 running   17 queued   of 24`.
    Agents,
    /// The same without what agents did.
    Full,
    /// `1 better  2 worse  2 failed (1 better)  1 running  17 queued  of 24`.
    Short,
    /// The same with less air, and without what runs.
    Tight,
    /// The same without what is still to come.
    Past,
    /// `3 done 2 failed of 24`.
    Least,
}

/// The lines of the notices: two a notice at most, and no more than a frame of so many rows has room for.
pub fn lines(notices: &[Said], cols: usize, frame_rows: u16) -> Vec<Said> {
    let room: usize = match frame_rows {
        30.. => 6,
        20.. => 3,
        14.. => 2,
        _ => 1,
    };
    let each = if room < 2 { 1 } else { 2 };
    let wrapped = notices.iter().flat_map(|said| {
        let lines = width::wrap(&said.text, cols, each);
        lines.into_iter().map(|line| Said::new(said.mood, line))
    });
    wrapped.take(room).collect()
}

/// Draws it: two rows, and the lines of the notices.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, lines: &[Said], now: Timestamp) {
    let mut flow = Flow::new(area);
    if let Some(item) = state.only_item() {
        if let Some(rows) = flow.take(2) {
            opened::draw(canvas, rows, state, item, now);
        }
    } else {
        if let Some(row) = flow.row() {
            title(canvas, row, state, now);
        }
        if let Some(row) = flow.row() {
            counts(canvas, row, state);
        }
    }
    for said in lines {
        let Some(row) = flow.row() else { return };
        canvas.line(row, &Words::of(role(said.mood), said.text.as_str()));
    }
}

fn title(canvas: &mut Canvas<'_>, row: Rect, state: &State, now: Timestamp) {
    let dot = canvas.glyphs().dot;
    let mut left = Words::of(Role::Strong, state.run_id.0.as_str()).add(Role::Text, "  ").join(state_words(state));
    let is_stuck = state.run.live_item().is_some_and(detected::is_stuck_now);
    if is_stuck && let Some((role, glyph, _)) = mark(&canvas.glyphs(), Level::Stuck) {
        left = left.add(role, format!("  {glyph} stuck"));
    }
    if state.run.hold {
        left = left.add(Role::Warn, "  hold");
    }
    if let Some(policy) = state.run.on_stuck.filter(|policy| *policy != OnStuck::Mark) {
        left = left.add(Role::Warn, format!("  on stuck: {}", policy.name()));
    }
    let clock = state.clock(now);
    let worked = Some(state.tally.worked_ms(&state.run, clock)).filter(|worked| *worked > 0).map(duration::short);
    let worked = worked.unwrap_or_default();
    let [whole, timed, to_go] = to_go(state, now);
    let labelled = if worked.is_empty() { String::new() } else { format!("{worked} worked") };
    let names = [state.run.task_id.as_str(), state.run.agent.as_str(), state.run.model.as_str()];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let names = |from: usize| names.get(from..).unwrap_or_default().join(&format!(" {dot} "));
    let row_of = |names: String, to_go: &Words, worked: &str| {
        let parts = [Words::of(Role::Muted, names), to_go.clone(), Words::of(Role::Text, worked)];
        parts.into_iter().filter(|part| part.width() > 0).fold(Words::new(), |words, part| {
            let gap = if words.width() > 0 { "  " } else { "" };
            words.add(Role::Text, gap).join(part)
        })
    };
    let nothing = Words::new();
    let room = usize::from(row.width).saturating_sub(left.width() + 2);
    // the task gives way first, then what was done, then who does it
    let right = [
        row_of(names(0), &whole, &labelled),
        row_of(names(0), &timed, &labelled),
        row_of(names(1), &timed, &labelled),
        row_of(names(1), &to_go, &labelled),
        row_of(names(1), &to_go, &worked),
        row_of(names(1), &to_go, ""),
        row_of(names(2), &to_go, ""),
        row_of(names(1), &nothing, &labelled),
        row_of(names(1), &nothing, &worked),
        row_of(names(2), &nothing, &worked),
        row_of(String::new(), &nothing, &worked),
    ];
    match right.into_iter().find(|right| right.width() <= room) {
        Some(right) => canvas.ends(row, &left, &right),
        // the state goes before the clock
        None => canvas.line(row, &left),
    }
}

/// How long it still takes, in three lengths: with what that is from, with when it ends, and alone.
fn to_go(state: &State, now: Timestamp) -> [Words; 3] {
    // a run that nobody works on comes to no end, however long one waits
    if state.run_state() == RunState::Interrupted {
        return [Words::new(), Words::new(), Words::new()];
    }
    let Some(left) = state.left(now) else {
        let unknown = if state.tally.eta == Eta::NoHistory { Words::of(Role::Muted, "time left: no history") } else { Words::new() };
        return [unknown.clone(), unknown, Words::new()];
    };
    let goes_on = matches!(state.run_state(), RunState::Running | RunState::Pausing) && state.run.live.is_some();
    let (range, when, beside) = (left.range(), left.ends(goes_on, &state.zone), left.beside());
    let misses = state.until().and_then(|until| left.misses(until, &state.zone));
    let late = |words: Words| misses.iter().fold(words, |words, misses| words.add(Role::Text, ", ").add(Role::Warn, misses.as_str()));
    let whole = Words::of(Role::Text, format!("≈ {range} left (p50–p90){when}{beside}, {}", left.from.words()));
    let timed = Words::of(Role::Text, format!("≈ {range} left{when}{beside}"));
    [late(whole), late(timed), Words::of(Role::Text, format!("≈ {range} left{}", left.beside_short()))]
}

/// The run's state. While its stage stands still, it says so.
fn state_words(state: &State) -> Words {
    let run = state.run_state();
    let frozen = state.run.live_item().is_some_and(|live| pulse(state, live) == Pulse::Frozen);
    if frozen && run != RunState::Interrupted { Words::of(Role::Warn, "frozen") } else { Words::of(state_role(run), run.name()) }
}

fn counts(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let tally = &state.tally;
    let all = state.run.items.len() + tally.unnamed;
    let bar_cols = (row.width / 5).clamp(8, 32).min(row.width);
    let achieved = tally.achieved("done");
    let is_compared = is_compared(state);
    let done = [
        (achieved.better - achieved.tainted, Role::Good),
        (achieved.similar, Role::Text),
        // what is tainted proves nothing either
        (achieved.worse + achieved.tainted, Role::Warn),
        (achieved.unknown, if is_compared { Role::Muted } else { Role::Good }),
    ];
    let others = COUNTED.iter().map(|(status, role)| (tally.count(status), running_role(state, status, *role)));
    let shares: Vec<(f64, Role)> = done.into_iter().chain(others).map(|(n, role)| (ratio(n as u64, all as u64), role)).collect();
    bar::shares(canvas, Rect { width: bar_cols, ..row }, &shares);
    let area = Rect { x: row.x.saturating_add(bar_cols + 2), width: row.width.saturating_sub(bar_cols + 2), ..row };
    let room = usize::from(area.width);
    let words = [Detail::Agents, Detail::Full, Detail::Short, Detail::Tight, Detail::Past].map(|detail| counted(state, detail));
    let words = words.into_iter().find(|words| words.width() <= room).unwrap_or_else(|| counted(state, Detail::Least));
    let usage = tally.usage;
    let tokens = if usage.total() > 0 { Words::of(Role::Muted, format!("{} tokens", text::tokens(usage.total()))) } else { Words::new() };
    // counts go before tokens
    if words.width() + 2 + tokens.width() > room {
        canvas.line(area, &words);
    } else {
        canvas.ends(area, &words, &tokens);
    }
}

/// Whether the run compares anything at all.
fn is_compared(state: &State) -> bool {
    state.run.stages.iter().any(|stage| stage.arm().is_some())
}

/// What is under way has the colour of that only while it is.
fn running_role(state: &State, status: &str, role: Role) -> Role {
    let stands = state.run.live_item().is_some_and(|live| pulse(state, live) != Pulse::Runs);
    if status == "running" && stands { Role::Warn } else { role }
}

/// What was achieved, what failed, what is still to come.
fn counted(state: &State, detail: Detail) -> Words {
    let gap = match detail {
        Detail::Agents | Detail::Full => "   ",
        Detail::Short => "  ",
        Detail::Tight | Detail::Past | Detail::Least => " ",
    };
    let mut words = achieved(state, detail).add(Role::Text, gap);
    let is_past = matches!(detail, Detail::Past | Detail::Least);
    // what runs is marked in the list
    let has_room = !is_past && detail != Detail::Tight;
    for (status, role) in COUNTED.iter().filter(|(status, _)| has_room || *status != "running") {
        let n = state.tally.count(status);
        if n > 0 || *status == "failed" {
            let role = if n == 0 { Role::Muted } else { running_role(state, status, *role) };
            // what failed may have numbers all the same, which the table of results has as well
            let stand = state.tally.achieved(status).words().filter(|_| !is_past);
            let stand = stand.map_or_else(String::new, |stand| format!(" ({stand})"));
            let word = state.run.live_item().filter(|_| *status == "running").map_or(*status, |live| status_word(state, live));
            words = words.add(role, format!("{n} {word}{stand}{gap}"));
        }
    }
    let queued = state.tally.count("queued") + state.tally.count("waiting") + state.tally.unnamed;
    if !is_past && (queued > 0 || state.run.finished.is_none()) {
        words = words.add(Role::Muted, format!("{queued} queued{gap}"));
    }
    words = words.add(Role::Muted, format!("of {}", state.run.items.len() + state.tally.unnamed));
    match state.tally.stuck {
        // that one got stuck is no state of its own: the counts before it sum up
        0 => words,
        n => {
            let says = if gap.len() > 1 { "got stuck" } else { "stuck" };
            words.add(Role::Bad, format!(" ({n} {says})"))
        }
    }
}

/// `27 done: 7 better 0 similar 20 worse`.
fn achieved(state: &State, detail: Detail) -> Words {
    let tally = &state.tally;
    let (found, done) = (tally.achieved("done"), tally.count("done"));
    let is_full = matches!(detail, Detail::Agents | Detail::Full);
    let role = |n: usize, role: Role| if n == 0 { Role::Muted } else { role };
    let mut words = Words::new();
    if done == 0 || !is_compared(state) || detail == Detail::Least {
        words = words.add(role(done, if is_compared(state) { Role::Text } else { Role::Good }), format!("{done} done"));
    } else {
        if is_full {
            words = words.add(Role::Text, format!("{done} done:"));
        }
        let counts = [
            (found.better, "better", Role::Good),
            (found.similar, "similar", Role::Text),
            (found.worse, "worse", Role::Warn),
            (found.unknown, "incomparable", Role::Warn),
        ];
        for (n, word, of) in counts {
            if n > 0 || (is_full && word != "incomparable") {
                let gap = match detail {
                    _ if words.width() == 0 => "",
                    Detail::Short => "  ",
                    _ => " ",
                };
                words = words.add(Role::Text, gap).add(role(n, of), format!("{n} {word}"));
            }
            if word == "better" && found.tainted > 0 {
                words = words.add(Role::Warn, format!(" ({} tainted)", found.tainted));
            }
        }
    }
    if detail == Detail::Agents && tally.without_agent > 0 {
        words = words.add(Role::Warn, format!(" ({} agent failed)", tally.without_agent));
    }
    words
}

/// The role of a run's state.
pub const fn state_role(state: RunState) -> Role {
    match state {
        RunState::Running => Role::Live,
        RunState::Pausing | RunState::Paused | RunState::Waiting => Role::Warn,
        RunState::Finished => Role::Good,
        RunState::Interrupted => Role::Bad,
    }
}
