//! One message in, the start screen changed, effects out.

use jiff::Timestamp;

use super::asks::{self, Then};
use super::card::{RunCard, Seen};
use super::message::{Effect, Left, Msg, Wish};
use super::{Entry, Home, Over, moves};
use crate::domain::RunId;
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
pub fn update(home: &mut Home, now: Timestamp, msg: Msg) -> Vec<Effect> {
    home.now = now;
    if home.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        home.note = None;
    }
    let (before, over) = (home.choice(), std::mem::discriminant(&home.over));
    let mut effects = take(home, msg);
    if std::mem::discriminant(&home.over) != over {
        // a click on what is not drawn yet means nothing
        home.spots.clear();
    }
    moves::settle(home);
    moves::keep_in_sight(home);
    // a plan that nobody looked at yet is looked at
    if home.choice() != before && home.look().is_none() {
        effects.extend(home.choice().map(|choice| Effect::Wish(Wish::Look(choice))));
    }
    effects
}

fn take(home: &mut Home, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return press(home, key),
        Msg::Mouse(mouse) => return point(home, mouse),
        Msg::Paste(text) => {
            if let Over::Find(search) = &mut home.over {
                search.line.paste(&text);
            }
        }
        Msg::Listed(ids) => list(home, ids),
        Msg::Run(card) => {
            if let Some(known) = home.runs.iter_mut().flatten().find(|known| known.id == card.id) {
                *known = *card;
            }
        }
        Msg::Found(found) => {
            // the agent that was chosen stays so
            let chosen = home.selected_agent().map(|agent| agent.asked.clone());
            home.agent = chosen.and_then(|chosen| found.agents.iter().position(|agent| agent.asked == chosen)).unwrap_or_default();
            home.found = Some(found);
        }
        Msg::Looked(looked) => {
            home.looked.retain(|known| known.choice != looked.choice);
            home.looked.push(*looked);
        }
        Msg::Started(folder) => return vec![Effect::Leave(Left::Opened(folder))],
        Msg::Refused(says) => {
            home.starting = None;
            home.trouble = Some(says);
            // what was found may no longer be so
            return look_again(home);
        }
        Msg::Failed(says) => {
            home.starting = None;
            home.trouble = Some(says);
        }
        Msg::Succeeded(says) => home.remark(Said::new(Mood::Good, says)),
        Msg::Tick => {}
        Msg::Laid(layout, spots) => {
            home.layout = layout;
            home.spots = spots;
        }
    }
    Vec::new()
}

fn list(home: &mut Home, ids: Vec<RunId>) {
    let mut known = home.runs.take().unwrap_or_default();
    let mut card = |id: RunId| match known.iter().position(|card| card.id == id) {
        Some(at) => known.swap_remove(at),
        None => RunCard { id, seen: Seen::Unread },
    };
    home.runs = Some(ids.into_iter().map(&mut card).collect());
}

fn press(home: &mut Home, key: Key) -> Vec<Effect> {
    match &mut home.over {
        // the second of two quick strokes was not meant for a question that nobody has seen
        Over::Question(_) if key == Key::Enter && home.spots.is_empty() => Vec::new(),
        Over::Question(question) => match question.answer(key).cloned() {
            Some(then) => follow(home, then),
            None => Vec::new(),
        },
        Over::Find(_) => search(home, key),
        Over::Nothing | Over::Help(_) => keymap::action(Place::Home, key).map_or_else(Vec::new, |action| act(home, action)),
    }
}

/// A key while a search is typed.
fn search(home: &mut Home, key: Key) -> Vec<Effect> {
    let Over::Find(search) = &mut home.over else { return Vec::new() };
    match key {
        Key::Esc | Key::Ctrl('c') => home.over = Over::Nothing,
        Key::Tab => {
            search.meaning = match search.meaning {
                Meaning::Text => Meaning::Regex,
                Meaning::Regex => Meaning::Text,
            };
        }
        Key::Enter => match Pattern::new(search.line.text(), search.meaning) {
            Ok(pattern) => {
                home.over = Over::Nothing;
                home.find = Some(pattern).filter(|pattern| !pattern.text.is_empty());
                if home.find.is_some() {
                    moves::find(home, Action::FindNext);
                }
            }
            Err(says) => home.remark(Said::new(Mood::Bad, says)),
        },
        _ => {
            search.line.take(key);
        }
    }
    Vec::new()
}

fn act(home: &mut Home, action: Action) -> Vec<Effect> {
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextTheme => return vec![Effect::NextTheme],
        Action::Mouse => return mouse(home),
        _ => {}
    }
    if let Over::Help(top) = &mut home.over {
        let (page, most) = (home.layout.help_rows.max(1), home.layout.help_lines.saturating_sub(home.layout.help_rows));
        let to = match action {
            Action::Down => top.saturating_add(1),
            Action::Up => top.saturating_sub(1),
            Action::PageDown => top.saturating_add(page),
            Action::PageUp => top.saturating_sub(page),
            Action::First => 0,
            Action::Last => most,
            _ => {
                home.over = Over::Nothing;
                return Vec::new();
            }
        };
        *top = to.min(most);
        return Vec::new();
    }
    if moves::perform(home, action) {
        return Vec::new();
    }
    home.trouble = None;
    match action {
        Action::Help => home.over = Over::Help(0),
        Action::Find => home.over = Over::Find(Search::default()),
        Action::FindNext | Action::FindPrevious => moves::find(home, action),
        Action::Quit => return quit(home),
        Action::Inspect => match &home.place {
            super::Place::Checkout(_) => return vec![Effect::Leave(Left::Inspect)],
            super::Place::Nowhere(_) => {
                home.remark(Said::new(Mood::Quiet, "there is no checkout here: `isobench-tui inspect FOLDER` browses any folder"));
            }
        },
        Action::Open => return open(home),
        Action::Continue => return go_on(home),
        Action::LookAgain => return look_again(home),
        Action::NextSource => next_agent(home, 1),
        Action::PreviousSource => next_agent(home, home.agents().len().saturating_sub(1)),
        Action::Back => home.find = None,
        _ => {}
    }
    Vec::new()
}

/// Leaves the mouse to the terminal, or takes it again.
fn mouse(home: &mut Home) -> Vec<Effect> {
    let (pointer, says) = match home.pointer {
        Pointer::Ours => (Pointer::Terminal, "the mouse is the terminal's: text can be selected; m takes it again"),
        Pointer::Terminal => (Pointer::Ours, "the mouse is ours: the wheel scrolls, a click selects"),
    };
    home.pointer = pointer;
    home.remark(Said::new(Mood::Quiet, says));
    vec![Effect::Pointer(pointer)]
}

/// Leaves. Whoever leaves while something is being started, and does not insist, waits until it has its runner.
fn quit(home: &mut Home) -> Vec<Effect> {
    const WAIT: &str = "it is being started: a moment, or q again leaves all the same";
    if home.starting.is_some() && home.fresh_note(home.now).is_none_or(|note| note.text != WAIT) {
        home.remark(Said::new(Mood::Warn, WAIT));
        return Vec::new();
    }
    vec![Effect::Leave(Left::Quit)]
}

/// Does what Enter means for the selected entry.
fn open(home: &mut Home) -> Vec<Effect> {
    if home.starting.is_some() {
        home.remark(Said::new(Mood::Quiet, "it is being started: a moment"));
        return Vec::new();
    }
    match home.selected.clone() {
        Some(Entry::Run(id)) => vec![Effect::Leave(Left::Open(id))],
        Some(Entry::Plan(_)) => {
            ask(home);
            Vec::new()
        }
        Some(Entry::Demo) => follow(home, Then::Wish(Wish::Demo, "making the demo: a repository with its history".to_owned())),
        None => Vec::new(),
    }
}

fn ask(home: &mut Home) {
    let Some(looked) = home.look() else {
        let broken = home.selected_plan().is_some_and(|plan| plan.size.is_err());
        let says = if broken { "this plan can't be read: mend it, r looks again" } else { "still looking whether it can run: a moment" };
        return home.remark(Said::new(Mood::Quiet, says));
    };
    if let Some(refusal) = &looked.refusal {
        let says = format!("it can't start: {refusal}; r looks again");
        return home.remark(Said::new(Mood::Bad, says));
    }
    let question = match home.unfinished(looked) {
        Some((run, summary)) => asks::unfinished(looked, run, summary),
        None => asks::begin(looked),
    };
    home.over = Over::Question(question);
}

fn go_on(home: &mut Home) -> Vec<Effect> {
    if home.starting.is_some() {
        return Vec::new();
    }
    let Some(run) = home.selected_run() else {
        home.remark(Said::new(Mood::Quiet, "select a run: c continues one that is not finished"));
        return Vec::new();
    };
    match run.summary() {
        Some(summary) if summary.is_interrupted() => {
            let then = asks::go_on(run);
            follow(home, then)
        }
        Some(summary) => {
            let says = if summary.finished.is_some() { "it is finished: Enter opens it" } else { "it has its runner: Enter opens it" };
            home.remark(Said::new(Mood::Quiet, says));
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn follow(home: &mut Home, then: Then) -> Vec<Effect> {
    home.over = Over::Nothing;
    match then {
        Then::Wish(wish, says) => {
            home.starting = Some(says);
            home.scroll = 0;
            vec![Effect::Wish(wish)]
        }
        Then::Open(id) => vec![Effect::Leave(Left::Open(id))],
        Then::Nothing => Vec::new(),
    }
}

fn look_again(home: &mut Home) -> Vec<Effect> {
    let choice = home.choice();
    home.looked.clear();
    let look = choice.map(|choice| Effect::Wish(Wish::Look(choice)));
    [Effect::Wish(Wish::Find)].into_iter().chain(look).collect()
}

fn next_agent(home: &mut Home, by: usize) {
    if home.selected_plan().is_none() {
        return;
    }
    match home.agents().len() {
        0 => {}
        1 => home.remark(Said::new(Mood::Quiet, "no other agent was found here: --agent names one on the command line")),
        all => {
            home.agent = (home.agent + by) % all;
            home.scroll = 0;
        }
    }
}

/// Does what the mouse means.
fn point(home: &mut Home, mouse: Mouse) -> Vec<Effect> {
    let action = match mouse.did {
        Did::WheelUp => Action::Up,
        Did::WheelDown => Action::Down,
        Did::Click => return click(home, mouse),
    };
    match &home.over {
        Over::Question(_) | Over::Find(_) => Vec::new(),
        Over::Help(_) => (0..NOTCH).flat_map(|_| act(home, action)).collect(),
        Over::Nothing => {
            // over the list it moves the selection, elsewhere what is read
            if home.spots.iter().any(|spot| matches!(spot.hit, Hit::Choice(_)) && spot.holds(mouse.x, mouse.y)) {
                moves::perform(home, action);
            } else {
                moves::scroll(home, action, NOTCH);
            }
            Vec::new()
        }
    }
}

fn click(home: &mut Home, mouse: Mouse) -> Vec<Effect> {
    let hit = home.spots.iter().rev().find(|spot| spot.holds(mouse.x, mouse.y)).map(|spot| spot.hit.clone());
    match (hit, &home.over) {
        (Some(Hit::Choice(at)), Over::Question(question)) => {
            let then = question.choices.get(at).map(|choice| choice.then.clone());
            then.map_or_else(Vec::new, |then| follow(home, then))
        }
        (Some(Hit::Choice(at)), Over::Nothing) if home.selected_at() == Some(at) => act(home, Action::Open),
        (Some(Hit::Choice(at)), Over::Nothing) => {
            moves::select_at(home, at);
            Vec::new()
        }
        (Some(Hit::Act(action)), _) => act(home, action),
        _ => Vec::new(),
    }
}
