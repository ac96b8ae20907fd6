//! What the agent did.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, row_of};
use super::parts::strip::{self, mark as level_mark};
use crate::domain::{Level, Reply};
use crate::text::find::Pattern;
use crate::text::{self, duration};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::alike::alike;
use crate::ui::detected::{Span, level_at, spans};
use crate::ui::message::{Turn, Unfolds};
use crate::ui::mouse::Hit;
use crate::ui::reading::{Fold, Pane, Row, Sheet, Side, height, rows};
use crate::ui::state::Trail;
use crate::ui::step::{How, Shown, ShownCall};
use crate::ui::words::between;

/// Columns before the text of a step: its number, its letter.
const INDENT: u16 = 8;

/// Columns from which each step says its tokens.
pub const TOKENS: u16 = 90;

/// The newest steps, two rows each, as many as there is room for. Steps that say the same and do nothing are told once.
pub fn newest(canvas: &mut Canvas<'_>, area: Rect, trail: &Trail, spans: &[Span], now: Timestamp) {
    let mut room = usize::from(area.height);
    let mut told: Vec<&[Shown]> = Vec::new();
    for alike in trail.steps.chunk_by(alike).rev() {
        let needed = alike.first().map_or(0, |step| height(step, Fold::Folded, 0)) + usize::from(alike.len() > 1);
        if needed > room {
            break;
        }
        room -= needed;
        told.push(alike);
    }
    let mut at = 0;
    for alike in told.into_iter().rev() {
        let [step, others @ ..] = alike else { continue };
        let drawn = Drawn::of(trail, step, spans, now);
        for row in rows(step, Fold::Folded, 0).iter() {
            draw_row(canvas, row_of(area, at), &drawn, row);
            at += 1;
        }
        if let Some(last) = others.last() {
            let row = row_of(area, at);
            let text = Rect { x: row.x.saturating_add(INDENT), width: row.width.saturating_sub(INDENT), ..row };
            canvas.line(text, &Words::of(Role::Warn, format!("same as step {}, until step {}", step.index, last.index)));
            at += 1;
        }
    }
}

/// All steps, scrolled and unfolded as the reader wants. Only those that are seen are laid out.
pub fn pane(canvas: &mut Canvas<'_>, area: Rect, state: &State, trail: &Trail, unfolds: Unfolds, now: Timestamp) {
    let reading = &state.reading;
    let (cols, seen) = (pane_cols(area.width), usize::from(area.height));
    let sheet = Sheet { steps: &trail.steps, alike: &trail.alike, cols, rows: seen, unfolds };
    let spans = state.shown_attempt().map(spans).unwrap_or_default();
    let has_keys = reading.pane == Pane::Steps;
    let top = reading.first(&sheet);
    let (mut line, mut next) = (0, top.step);
    while let Some(step) = trail.steps.get(next).filter(|_| line < seen) {
        let (position, told) = (next, reading.told(&sheet, next));
        next = told.end;
        if told.len() > 1 {
            let place = row_of(area, line);
            repeated(canvas, place, trail.steps.get(told.clone()).unwrap_or_default(), &spans);
            if told.contains(&reading.cursor) && has_keys {
                canvas.tint(place, Role::Selected);
            }
            canvas.mark(place, state.find.as_ref());
            canvas.spot(place, Hit::Step(position));
            line += 1;
            continue;
        }
        let hidden = if position == top.step { top.row } else { 0 };
        let fold = if unfolds == Unfolds::Beside { Fold::Folded } else { reading.fold(position) };
        let drawn = Drawn::of(trail, step, &spans, now);
        let first = line;
        for row in rows(step, fold, cols).iter().skip(hidden).take(seen.saturating_sub(line)) {
            let place = row_of(area, line);
            draw_row(canvas, place, &drawn, row);
            if position == reading.cursor
                && has_keys
                && matches!(row, Row::Head | Row::Begin(_) | Row::HeadCall | Row::HeadName | Row::Call)
            {
                canvas.tint(place, Role::Selected);
            }
            canvas.mark(place, state.find.as_ref());
            line += 1;
        }
        let rows = u16::try_from(line - first).unwrap_or(u16::MAX);
        canvas.spot(Rect { height: rows, ..row_of(area, first) }, Hit::Step(position));
    }
}

/// `1 t  I need to actually use the tools now.   × 75 (1-75)      1.2M`: steps in a row that say the same.
fn repeated(canvas: &mut Canvas<'_>, area: Rect, steps: &[Shown], spans: &[Span]) {
    let [step, .., last] = steps else { return };
    let level = steps.iter().map(|step| level_at(spans, step.index)).max().unwrap_or_default();
    number(canvas, area, step, level);
    let text = Rect { x: area.x.saturating_add(INDENT), width: area.width.saturating_sub(INDENT), ..area };
    let tokens = tokens(area, steps.iter().map(|step| step.tokens).sum());
    let times = Words::of(Role::Warn, format!("{} {} ({}-{})", canvas.glyphs().times, steps.len(), step.index, last.index));
    let words = Words::of(head_role(step), step.title());
    let whole = words.clone().add(Role::Text, "   ").join(times.clone());
    if whole.width() + 2 + tokens.width() <= usize::from(text.width) {
        canvas.ends(text, &whole, &tokens);
    } else {
        // how often says more than how much, and than the end of the text
        canvas.ends(text, &words, &times);
    }
}

/// The tokens of a row, where there is room for them.
fn tokens(area: Rect, tokens: u64) -> Words {
    Words::of(Role::Muted, if area.width >= TOKENS && tokens > 0 { text::tokens(tokens) } else { String::new() })
}

/// The step under the cursor, unfolded beside the list; how many rows it has.
pub fn beside(canvas: &mut Canvas<'_>, area: Rect, state: &State, trail: &Trail, now: Timestamp) -> usize {
    let Some(step) = trail.steps.get(state.reading.cursor) else { return 0 };
    let spans = state.shown_attempt().map(spans).unwrap_or_default();
    let drawn = Drawn::of(trail, step, &spans, now);
    let fold = state.reading.fold_beside(state.reading.cursor);
    whole(canvas, area, &drawn, fold, state.reading.inside.unwrap_or_default(), state.find.as_ref())
}

/// Every row of a step of a trajectory that is over, from a row on; how many it has.
pub fn unfolded(canvas: &mut Canvas<'_>, area: Rect, step: &Shown, level: Level, top: usize, find: Option<&Pattern>) -> usize {
    whole(canvas, area, &Drawn { step, clock: None, level }, Fold::Whole, top, find)
}

fn whole(canvas: &mut Canvas<'_>, area: Rect, drawn: &Drawn<'_>, fold: Fold, top: usize, find: Option<&Pattern>) -> usize {
    let rows = rows(drawn.step, fold, pane_cols(area.width));
    let top = top.min(rows.len().saturating_sub(usize::from(area.height)));
    for (line, row) in rows.iter().skip(top).take(usize::from(area.height)).enumerate() {
        draw_row(canvas, row_of(area, line), drawn, row);
        canvas.mark(row_of(area, line), find);
    }
    rows.len()
}

/// Columns for the text of unfolded steps in a pane of this width.
pub fn pane_cols(width: u16) -> usize {
    usize::from(width.saturating_sub(INDENT + 2)).max(1)
}

/// How long the running step's tool has been at it.
fn clock(trail: &Trail, step: &Shown, now: Timestamp) -> Option<String> {
    (step.reply == Reply::ToolsRunning && trail.turn == Turn::Tools)
        .then(|| duration::clock(trail.last_at.map_or(0, |at| between(at, now))))
}

/// A step with all that its rows tell.
struct Drawn<'a> {
    step: &'a Shown,
    /// How long its tool has been at it.
    clock: Option<String>,
    /// How bad what was found there is.
    level: Level,
}

impl<'a> Drawn<'a> {
    fn of(trail: &Trail, step: &'a Shown, spans: &[Span], now: Timestamp) -> Self {
        Self { step, clock: clock(trail, step, now), level: level_at(spans, step.index) }
    }
}

fn draw_row(canvas: &mut Canvas<'_>, area: Rect, drawn: &Drawn<'_>, row: &Row) {
    let Drawn { step, clock, level } = drawn;
    let clock = clock.as_deref();
    let mut text = Rect { x: area.x.saturating_add(INDENT), width: area.width.saturating_sub(INDENT), ..area };
    if step.within.is_some() && *row != Row::Blank {
        // a subagent's step stands below the call that asked for it; two columns are kept free for that
        let wall = canvas.glyphs().wall;
        canvas.line(Rect { width: text.width.min(2), ..text }, &Words::of(Role::Faint, wall));
        text = Rect { x: text.x.saturating_add(2), width: text.width.saturating_sub(2), ..text };
    }
    match row {
        Row::Head => head(canvas, area, text, drawn),
        Row::Begin(line) => {
            number(canvas, area, step, *level);
            let role = if step.error.is_some() { Role::Bad } else { Role::Text };
            canvas.line(text, &Words::of(role, line.as_str()));
        }
        Row::HeadCall => {
            number(canvas, area, step, *level);
            if let Some(call) = step.main_call() {
                call_line(canvas, text, step, call, clock);
            }
        }
        Row::Call => {
            if let Some(call) = step.main_call() {
                call_line(canvas, text, step, call, clock);
            }
        }
        Row::Thought(line) => canvas.line(text, &Words::of(Role::Text, line.as_str())),
        Row::HeadName => {
            number(canvas, area, step, *level);
            name(canvas, text, step, 0);
        }
        Row::Name(at) => name(canvas, text, step, *at),
        Row::Line(side, line) => canvas.line(text, &edge(canvas, *side).paint(line)),
        Row::More(side, lines) => canvas.line(text, &edge(canvas, *side).paint(&Row::more(*lines))),
        Row::Said(line) => canvas.line(text, &Words::of(Role::Warn, line.as_str())),
        Row::Blank => {}
    }
}

/// `✓ edit  str_replace_based_edit_tool`: as in the folded row, and the tool's own name where that is another word.
fn name(canvas: &mut Canvas<'_>, area: Rect, step: &Shown, at: usize) {
    if let Some(call) = step.calls.get(at) {
        let (role, mark) = mark(canvas, step, call);
        let own = if call.name == call.word { String::new() } else { format!("  {}", call.name) };
        canvas.line(area, &Words::of(role, format!("{mark} ")).add(Role::Accent, call.word.as_str()).add(Role::Muted, own));
    }
}

/// What stands before a line: what came back has a wall, and that of a failure is loud.
fn edge(canvas: &Canvas<'_>, side: Side) -> Words {
    let wall = |role| Words::of(role, format!("{} ", canvas.glyphs().wall));
    match side {
        Side::Thought => Words::new(),
        Side::Asked => Words::of(Role::Text, "  "),
        Side::Answered(How::Well) => wall(Role::Faint),
        Side::Answered(How::Badly) => wall(Role::Bad),
    }
}

/// `  14 R■`: number, letter, and how bad what was found there is.
fn number(canvas: &mut Canvas<'_>, area: Rect, step: &Shown, level: Level) {
    let index = match step.index {
        // one near the end of a large file, before its steps were counted
        0 => "   · ".to_owned(),
        index if index > 99_999 => index.to_string(),
        index => format!("{index:>4} "),
    };
    let mut number = Words::of(Role::Muted, index).add(strip::role(step.kind), step.kind.letter().to_string());
    if let Some((role, glyph, _)) = level_mark(&canvas.glyphs(), level) {
        number = number.add(role, glyph);
    }
    canvas.line(Rect { width: INDENT.min(area.width), ..area }, &number);
}

/// What the harness said where the model said nothing is none of the model's words.
fn head_role(step: &Shown) -> Role {
    match (&step.error, step.thought.iter().all(String::is_empty)) {
        (Some(_), _) => Role::Bad,
        (None, true) => Role::Warn,
        (None, false) => Role::Text,
    }
}

fn head(canvas: &mut Canvas<'_>, area: Rect, text: Rect, drawn: &Drawn<'_>) {
    let step = drawn.step;
    number(canvas, area, step, drawn.level);
    canvas.ends(text, &Words::of(head_role(step), step.title()), &tokens(area, step.tokens));
}

/// `✓ bash  python bench.py        latency: 12.3 ms`. The answer is told where there is room, or where it is bad news.
fn call_line(canvas: &mut Canvas<'_>, area: Rect, step: &Shown, call: &ShownCall, clock: Option<&str>) {
    let (role, mark) = mark(canvas, step, call);
    let others = if step.calls.len() > 1 { format!(" +{}", step.calls.len() - 1) } else { String::new() };
    let words = Words::of(role, format!("{mark} ")).add(Role::Accent, call.word.as_str()).add(Role::Muted, others);
    let words = words.add(Role::Muted, format!("  {}", call.gist));
    let Some(result) = &call.result else {
        canvas.ends(area, &words, &Words::of(Role::Live, clock.unwrap_or_default()));
        return;
    };
    let (answer, more) = (result.head(), result.more());
    if answer.is_empty() || (area.width < 80 && result.how == How::Well) {
        let lines = if more > 0 && area.width >= 80 { text::count(more, "line") } else { String::new() };
        canvas.ends(area, &words, &Words::of(Role::Muted, lines));
        return;
    }
    let split = area.width * 11 / 20;
    canvas.line(Rect { width: split.saturating_sub(2), ..area }, &words);
    let role = if result.how == How::Well { Role::Muted } else { Role::Bad };
    let place = Rect { x: area.x.saturating_add(split), width: area.width - split, ..area };
    let more = if more > 0 { format!("+{}", text::count(more, "line")) } else { String::new() };
    canvas.ends(place, &Words::of(role, answer), &Words::of(Role::Muted, more));
}

fn mark(canvas: &Canvas<'_>, step: &Shown, call: &ShownCall) -> (Role, &'static str) {
    let glyphs = canvas.glyphs();
    match call.result.as_ref().map(|result| result.how) {
        Some(How::Well) => (Role::Good, glyphs.ok),
        Some(How::Badly) => (Role::Bad, glyphs.no),
        None if step.reply == Reply::ToolsRunning => (Role::Live, glyphs.running),
        // it never answered
        None => (Role::Muted, glyphs.none),
    }
}
