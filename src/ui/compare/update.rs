//! One message in, the comparison changed, effects out.

use jiff::Timestamp;

use super::message::{Effect, Msg};
use super::{Compare, Over, Sheet, moves};
use crate::text::find::{Meaning, Pattern};
use crate::ui::keymap::{self, Place};
use crate::ui::mouse::{Did, Hit};
use crate::ui::prompt::Search;
use crate::ui::state::Pointer;
use crate::ui::words::is_fresh;
use crate::ui::{Action, Key, Mood, Mouse, Said};

/// Rows of one turn of the wheel.
const NOTCH: usize = 3;

/// Takes one message.
pub fn update(screen: &mut Compare, now: Timestamp, msg: Msg) -> Vec<Effect> {
    screen.now = now;
    if screen.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        screen.note = None;
    }
    match msg {
        Msg::Key(key) => return press(screen, key),
        Msg::Mouse(mouse) => return point(screen, mouse),
        Msg::Paste(text) => {
            if let Over::Find(search) = &mut screen.over {
                search.line.paste(&text);
            }
        }
        Msg::Read(pair) => {
            // a commit has no steps: beside it those of an agent say little
            if (pair.left.steps.is_none() || pair.right.steps.is_none()) && !pair.files.is_empty() {
                screen.sheet = Sheet::Patches;
            }
            screen.pair = Some(pair);
        }
        Msg::Refused(says) => screen.trouble = Some(says),
        Msg::Failed(says) => screen.remark(Said::new(Mood::Bad, says)),
        Msg::Succeeded(says) => screen.remark(Said::new(Mood::Good, says)),
        Msg::Tick => {}
        Msg::Laid(layout, spots) => {
            screen.layout = layout;
            screen.spots = spots;
            moves::keep_in_sight(screen);
        }
    }
    Vec::new()
}

fn press(screen: &mut Compare, key: Key) -> Vec<Effect> {
    if let Over::Find(_) = screen.over {
        search(screen, key);
        return Vec::new();
    }
    keymap::action(Place::Compare, key).map_or_else(Vec::new, |action| act(screen, action))
}

/// A key while a search is typed.
fn search(screen: &mut Compare, key: Key) {
    let Over::Find(search) = &mut screen.over else { return };
    match key {
        Key::Esc | Key::Ctrl('c') => screen.over = Over::Nothing,
        Key::Tab => {
            search.meaning = match search.meaning {
                Meaning::Text => Meaning::Regex,
                Meaning::Regex => Meaning::Text,
            };
        }
        Key::Enter => match Pattern::new(search.line.text(), search.meaning) {
            Ok(pattern) => {
                screen.over = Over::Nothing;
                screen.find = Some(pattern).filter(|pattern| !pattern.text.is_empty());
                if screen.find.is_some() {
                    moves::find(screen, Action::FindNext);
                }
            }
            Err(says) => screen.remark(Said::new(Mood::Bad, says)),
        },
        _ => {
            search.line.take(key);
        }
    }
}

fn act(screen: &mut Compare, action: Action) -> Vec<Effect> {
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextTheme => return vec![Effect::NextTheme],
        Action::Mouse => return mouse(screen),
        _ => {}
    }
    if let Over::Help(top) = screen.over {
        help(screen, action, top);
        return Vec::new();
    }
    if moves::perform(screen, action) {
        return Vec::new();
    }
    match action {
        Action::Help => screen.over = Over::Help(0),
        Action::Find => screen.over = Over::Find(Search::default()),
        Action::FindNext | Action::FindPrevious => moves::find(screen, action),
        Action::Quit => return vec![Effect::Leave],
        Action::Back => return back(screen),
        Action::NextScreen => turn(screen, 1),
        Action::PreviousScreen => turn(screen, Sheet::ALL.len() - 1),
        Action::Open => open(screen),
        Action::Swap => swap(screen),
        _ => {}
    }
    Vec::new()
}

/// A key while the help is shown: it moves in it, or closes it.
fn help(screen: &mut Compare, action: Action, top: usize) {
    let (page, most) = (screen.layout.help_rows.max(1), screen.layout.help_lines.saturating_sub(screen.layout.help_rows));
    let to = match action {
        Action::Down => top.saturating_add(1),
        Action::Up => top.saturating_sub(1),
        Action::PageDown => top.saturating_add(page),
        Action::PageUp => top.saturating_sub(page),
        Action::First => 0,
        Action::Last => most,
        _ => {
            screen.over = Over::Nothing;
            return;
        }
    };
    screen.over = Over::Help(to.min(most));
}

/// Closes what is open; where nothing is, leaves.
fn back(screen: &mut Compare) -> Vec<Effect> {
    if screen.detail.take().is_some() || screen.find.take().is_some() {
        return Vec::new();
    }
    vec![Effect::Leave]
}

/// To the next part, so many further on.
fn turn(screen: &mut Compare, by: usize) {
    let at = (screen.sheet as usize + by) % Sheet::ALL.len();
    screen.sheet = Sheet::ALL.into_iter().nth(at).unwrap_or_default();
    screen.detail = None;
    screen.aside = 0;
    moves::keep_in_sight(screen);
}

/// Lays the steps under the cursor out, or closes them again.
fn open(screen: &mut Compare) {
    match screen.sheet {
        Sheet::Steps => screen.detail = if screen.detail.is_some() { None } else { Some(0) },
        Sheet::Patches | Sheet::Figures => screen.remark(Said::new(Mood::Quiet, "Enter lays out steps: Tab leads to them")),
    }
    moves::keep_in_sight(screen);
}

/// Changes the sides; the cursor stays on what it is on, as far as that has a row.
fn swap(screen: &mut Compare) {
    let Some(pair) = screen.pair.take() else { return };
    let here = pair.steps.get(screen.readings.first().map_or(0, |reading| reading.cursor)).copied();
    let pair = pair.swapped();
    let there = here.and_then(|here| pair.steps.iter().position(|row| (row.left, row.right) == (here.right, here.left)));
    if let (Some(row), Some(reading)) = (there, screen.readings.first_mut()) {
        reading.cursor = row;
    }
    screen.remark(Said::new(Mood::Quiet, format!("{} is left now, {} right", pair.left.name, pair.right.name)));
    screen.pair = Some(Box::new(pair));
    moves::keep_in_sight(screen);
}

/// Leaves the mouse to the terminal, or takes it again.
fn mouse(screen: &mut Compare) -> Vec<Effect> {
    let (pointer, says) = match screen.pointer {
        Pointer::Ours => (Pointer::Terminal, "the mouse is the terminal's: text can be selected; m takes it again"),
        Pointer::Terminal => (Pointer::Ours, "the mouse is ours: the wheel scrolls, a click selects"),
    };
    screen.pointer = pointer;
    screen.remark(Said::new(Mood::Quiet, says));
    vec![Effect::Pointer(pointer)]
}

/// Does what the mouse means.
fn point(screen: &mut Compare, mouse: Mouse) -> Vec<Effect> {
    let action = match mouse.did {
        Did::WheelUp => Action::Up,
        Did::WheelDown => Action::Down,
        Did::Click => return click(screen, mouse),
    };
    let is_list = screen.spots.iter().any(|spot| matches!(spot.hit, Hit::Choice(_)) && spot.holds(mouse.x, mouse.y));
    match screen.over {
        Over::Find(_) => {}
        Over::Nothing if screen.detail.is_some() && !is_list => moves::scroll(screen, action, NOTCH),
        Over::Nothing | Over::Help(_) => (0..NOTCH).for_each(|_| drop(act(screen, action))),
    }
    Vec::new()
}

fn click(screen: &mut Compare, mouse: Mouse) -> Vec<Effect> {
    let hit = screen.spots.iter().rev().find(|spot| spot.holds(mouse.x, mouse.y)).map(|spot| spot.hit.clone());
    match hit {
        Some(Hit::Choice(row)) if screen.over == Over::Nothing && screen.reading().cursor == row => act(screen, Action::Open),
        Some(Hit::Choice(row)) if screen.over == Over::Nothing => {
            moves::go_to(screen, row);
            Vec::new()
        }
        Some(Hit::Source(at)) if screen.over == Over::Nothing => {
            let all = Sheet::ALL.len();
            turn(screen, (at + all - screen.sheet as usize) % all);
            Vec::new()
        }
        Some(Hit::Act(action)) => act(screen, action),
        _ => Vec::new(),
    }
}
