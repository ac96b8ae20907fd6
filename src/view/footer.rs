//! The bottom of the screen: the newest answer or remark, and the keys.

use std::borrow::Cow;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::beside;
use super::canvas::{Canvas, Words, role, row_of};
use crate::text::width;
use crate::theme::Role;
use crate::ui::keymap::{self, Binding, FOOTER, PINNED, Place};
use crate::ui::mouse::Hit;
use crate::ui::state::Over;
use crate::ui::words::{between, is_fresh, moment};
use crate::ui::{Action, Mood, Said, Screen, State, sent, verbs};

/// What the run did by itself is told for so long, in ms.
const TOLD: u64 = 60_000;

/// Rows of a remark.
const NOTE: usize = 3;

/// The line of answers and remarks.
pub fn note(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) {
    let remark = state.note.as_ref().filter(|(at, _)| is_fresh(*at, now)).map(|(_, said)| said.clone());
    if let Some(said) = sent::waiting(state, now).or(remark).or_else(|| of_run(state, now).filter(|_| state.sought.is_none())) {
        say(canvas, area, &said);
    } else {
        beside::counts(canvas, area, state);
    }
}

/// A remark in its row; one that is too long for it stands over the rows above it.
pub fn say(canvas: &mut Canvas<'_>, area: Rect, said: &Said) {
    let lines = width::wrap(&said.text, usize::from(area.width), NOTE);
    let more = u16::try_from(lines.len().saturating_sub(1)).unwrap_or_default().min(area.y);
    let area = Rect { y: area.y - more, height: area.height + more, ..area };
    if more > 0 {
        canvas.clear(area);
    }
    for (row, line) in lines.into_iter().enumerate() {
        canvas.line(row_of(area, row), &Words::of(role(said.mood), line));
    }
}

/// What the run did by itself since the screen was opened, and what the header does not say already.
fn of_run(state: &State, now: Timestamp) -> Option<Said> {
    let above = state.run.pause.as_ref().map(|pause| pause.at);
    let recent = state.run.notes.iter().rev().take_while(|(at, _)| *at > state.opened && between(*at, now) < TOLD);
    let (at, says) = recent
        .into_iter()
        .find(|(at, says)| Some(*at) != above && !says.starts_with("the queue waits") && !says.contains(" frozen by "))?;
    Some(Said::new(Mood::Quiet, format!("{}  {says}", moment(*at, now, &state.zone))))
}

/// The keys that do something now, the most useful first, as far as there is room.
pub fn keys(canvas: &mut Canvas<'_>, area: Rect, state: &State) {
    // a question names its own keys
    if matches!(state.over, Over::Question(_) | Over::Prune(_)) {
        return;
    }
    let place = Place::of(state.screen);
    let over = state.over != Over::Nothing;
    let is_named = |binding: &&Binding| match binding.action {
        Action::Back => state.screen != Screen::Queue || over,
        Action::PageDown => over,
        _ => !over,
    };
    let mut named: Vec<&Binding> =
        keymap::named(place, FOOTER).filter(is_named).filter(|binding| verbs::is_offered(state, binding.action)).collect();
    named.sort_by_key(|binding| !verbs::is_called_for(state, binding.action));
    let named = named.into_iter().map(|binding| {
        let name = if binding.action == Action::MoveUp { "move".into() } else { verbs::words(state, binding).0 };
        (binding, name)
    });
    let pinned: &[Action] = if over { &[] } else { &PINNED };
    row(canvas, area, named, keymap::named(place, pinned));
}

/// The row of keys with their names, as many as there is room for before those at the right end. None is cut.
pub fn row(
    canvas: &mut Canvas<'_>,
    area: Rect,
    named: impl Iterator<Item = (&'static Binding, Cow<'static, str>)>,
    pinned: impl Iterator<Item = &'static Binding>,
) {
    let mut right = Keys::default();
    pinned.for_each(|binding| right.add(binding, binding.short));
    let room = usize::from(area.width).saturating_sub(right.words.width());
    let mut left = Keys::default();
    for (binding, name) in named {
        let mut next = left.clone();
        next.add(binding, &name);
        if next.words.width() + GAP.len() > room {
            break;
        }
        left = next;
    }
    let end = u16::try_from(right.words.width()).unwrap_or(u16::MAX).min(area.width);
    left.draw(canvas, Rect { width: area.width - end, ..area });
    right.draw(canvas, Rect { x: area.right() - end, width: end, ..area });
}

/// Between two keys.
const GAP: &str = "   ";

/// Keys with their names, and where each of them stands.
#[derive(Debug, Clone, Default)]
struct Keys {
    words: Words,
    places: Vec<(usize, usize, Action)>,
}

impl Keys {
    fn add(&mut self, binding: &Binding, name: &str) {
        let key = match binding.action {
            Action::MoveUp => "J K".into(),
            Action::PreviousSource | Action::NextFinding | Action::NextDifference => "[ ]".into(),
            Action::NextMark | Action::NextGroup => "[ ]".into(),
            Action::ZoomIn => "+ -".into(),
            Action::NextEdit => "( )".into(),
            Action::NextRefusal => "< >".into(),
            Action::NextCall => ", .".into(),
            _ => binding.keys.first().map(|key| key.label()).unwrap_or_default(),
        };
        let gap = if self.places.is_empty() { "" } else { GAP };
        let words = std::mem::take(&mut self.words).add(Role::Text, gap);
        let from = words.width();
        self.words = words.add(Role::Accent, key).add(Role::Muted, format!(" {name}"));
        self.places.push((from, self.words.width(), binding.action));
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        canvas.line(area, &self.words);
        for (from, to, action) in &self.places {
            let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
            let place = Rect { x: area.x.saturating_add(column(*from)), width: column(to - from), ..area };
            canvas.spot(place, Hit::Act(*action));
        }
    }
}
