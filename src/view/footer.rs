//! The bottom of the screen: the newest answer or remark, and the keys.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, role};
use crate::theme::Role;
use crate::ui::keymap::{Binding, KEYMAP, Place};
use crate::ui::mouse::Hit;
use crate::ui::state::Over;
use crate::ui::words::{between, is_fresh, moment};
use crate::ui::{Action, Mood, Said, Screen, State, sent, verbs};

/// What the run did by itself is told for so long, in ms.
const TOLD: u64 = 60_000;

/// The line of answers and remarks.
pub fn note(canvas: &mut Canvas<'_>, area: Rect, state: &State, now: Timestamp) {
    let remark = state.note.as_ref().filter(|(at, _)| is_fresh(*at, now)).map(|(_, said)| said.clone());
    if let Some(said) = sent::waiting(state, now).or(remark).or_else(|| of_run(state, now)) {
        canvas.line(area, &Words::of(role(said.mood), said.text));
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

/// The keys that do something now, as far as there is room. None is cut.
pub fn keys(canvas: &mut Canvas<'_>, area: Rect, state: &State) {
    let mut words = Words::new();
    let mut places = Vec::new();
    for binding in offered(state) {
        let key = binding.keys.first().map(|key| key.label()).unwrap_or_default();
        let key = match binding.action {
            Action::MoveUp => "J K".into(),
            Action::PreviousSource => "[ ]".into(),
            _ => key,
        };
        let short = verbs::word(state, binding.action, binding.short);
        let from = words.width();
        let gap = if words.width() == 0 { "" } else { "   " };
        let next = words.clone().add(Role::Text, gap).add(Role::Accent, key).add(Role::Muted, format!(" {short}"));
        if next.width() > usize::from(area.width) {
            break;
        }
        words = next;
        places.push((from, words.width(), binding.action));
    }
    canvas.line(area, &words);
    for (from, to, action) in places {
        let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        canvas.spot(Rect { x: area.x.saturating_add(column(from)), width: column(to - from), ..area }, Hit::Act(action));
    }
}

fn offered(state: &State) -> impl Iterator<Item = &'static Binding> {
    let place = Place::of(state.screen);
    let over = state.over != Over::Nothing;
    KEYMAP.iter().filter(move |binding| {
        let back = binding.action == Action::Back;
        let idle_back = back && state.screen == Screen::Queue && !over;
        !binding.short.is_empty()
            && binding.is_in(place)
            && !idle_back
            && (!over || back || binding.action == Action::PageDown)
            && verbs::is_offered(state, binding.action)
    })
}
