//! One message in, the start screen changed, effects out.

use std::convert::Infallible;

use jiff::Timestamp;

use super::asks::{self, Then};
use super::card::{RunCard, Seen};
use super::message::{Effect, Layout, Left, Msg, News, Wish};
use super::{Entry, Home, Over, moves};
use crate::domain::RunId;
use crate::ui::apart::{self, Apart, Parts};
use crate::ui::keymap;
use crate::ui::mouse::{Hit, NOTCH};
use crate::ui::prompt::{Search, Typed};
use crate::ui::{Action, Key, Mood, Mouse, Said};

impl Apart for Home {
    const PLACE: keymap::Place = keymap::Place::Home;
    const BARE: Over = Over::Nothing;
    type Layout = Layout;
    type News = News;
    type Wish = Wish;
    type What = Infallible;
    type Left = Left;
    type Over = Over;

    fn parts(&mut self) -> Parts<'_, Self> {
        let Self { now, note, pointer, over, layout, spots, .. } = self;
        let help_room = (layout.help_rows, layout.help_lines);
        Parts { now, note, pointer, over, layout, spots, help_room }
    }

    fn note(&self) -> Option<&(Timestamp, Said)> {
        self.note.as_ref()
    }

    fn help(over: &mut Over) -> Option<&mut usize> {
        if let Over::Help(top) = over { Some(top) } else { None }
    }

    fn update(&mut self, now: Timestamp, msg: Msg) -> Vec<Effect> {
        update(self, now, msg)
    }

    fn hear(&mut self, news: News) -> Vec<Effect> {
        hear(self, news)
    }

    fn type_on(&mut self, key: Key) -> Option<Vec<Effect>> {
        type_on(self, key)
    }

    fn paste(&mut self, text: &str) {
        if let Over::Find(search) = &mut self.over {
            search.line.paste(text);
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        act(self, action)
    }

    fn wheel(&mut self, action: Action, mouse: Mouse) {
        if self.over != Over::Nothing {
            return;
        }
        // over the list it moves the selection, elsewhere what is read
        if self.spots.iter().any(|spot| matches!(spot.hit, Hit::Choice(_)) && spot.holds(mouse.x, mouse.y)) {
            moves::perform(self, action);
        } else {
            moves::scroll(self, action, NOTCH);
        }
    }

    fn click(&mut self, hit: Hit) -> Vec<Effect> {
        click(self, &hit)
    }

    fn fail(&mut self, says: String) {
        self.starting = None;
        self.trouble = Some(says);
    }
}

/// What Enter says before the verdict on a plan is there.
const LOOKING: &str = "still looking whether it can run: a moment";

/// Takes one message.
pub fn update(home: &mut Home, now: Timestamp, msg: Msg) -> Vec<Effect> {
    let before = home.choice();
    let mut effects = apart::take(home, now, msg);
    moves::settle(home);
    moves::keep_in_sight(home);
    // a plan that nobody looked at yet is looked at
    if home.choice() != before && home.look().is_none() {
        effects.extend(home.choice().map(|choice| Effect::Wish(Wish::Look(choice))));
    }
    effects
}

fn hear(home: &mut Home, news: News) -> Vec<Effect> {
    match news {
        News::Listed(ids) => list(home, ids),
        News::Run(card) => {
            if let Some(known) = home.runs.iter_mut().flatten().find(|known| known.id == card.id) {
                // of that it is told apart
                *known = RunCard { left: known.left.take(), ..*card };
            }
        }
        News::Left(id, says) => {
            if let Some(known) = home.runs.iter_mut().flatten().find(|known| known.id == id) {
                known.left = says;
            }
        }
        News::Found(found) => {
            // the agent that was chosen stays so
            let chosen = home.selected_agent().map(|agent| agent.asked.clone());
            home.agent = chosen.and_then(|chosen| found.agents.iter().position(|agent| agent.asked == chosen)).unwrap_or_default();
            home.found = Some(found);
        }
        News::Looked(looked) => {
            home.looked.retain(|known| known.choice != looked.choice);
            home.looked.push(*looked);
            let is_told = home.look().is_some();
            home.note.take_if(|(_, note)| is_told && note.text == LOOKING);
        }
        News::Started(folder) => return vec![Effect::Leave(Left::Opened(folder))],
        News::Refused(says) => {
            home.fail(says);
            // what was found may no longer be so
            return look_again(home);
        }
    }
    Vec::new()
}

fn list(home: &mut Home, ids: Vec<RunId>) {
    let mut known = home.runs.take().unwrap_or_default();
    let mut card = |id: RunId| match known.iter().position(|card| card.id == id) {
        Some(at) => known.swap_remove(at),
        None => RunCard { id, seen: Seen::Unread, left: None },
    };
    home.runs = Some(ids.into_iter().map(&mut card).collect());
}

/// A key for what lies over it.
fn type_on(home: &mut Home, key: Key) -> Option<Vec<Effect>> {
    match &mut home.over {
        // the second of two quick strokes was not meant for a question that nobody has seen
        Over::Question(_) if key == Key::Enter && home.spots.is_empty() => {}
        Over::Question(question) => return Some(question.answer(key).cloned().map_or_else(Vec::new, |then| follow(home, then))),
        Over::Find(search) => match search.press(key, None) {
            Typed::On => {}
            Typed::Closed => home.over = Over::Nothing,
            Typed::Sought(pattern) => {
                home.over = Over::Nothing;
                home.find = pattern;
                if home.find.is_some() {
                    moves::find(home, Action::FindNext);
                }
            }
            Typed::Wrong(says) => home.remark(Said::new(Mood::Bad, says)),
        },
        Over::Nothing | Over::Help(_) => return None,
    }
    Some(Vec::new())
}

fn act(home: &mut Home, action: Action) -> Vec<Effect> {
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
        let says = if broken { "this plan can't be read: mend it, r looks again" } else { LOOKING };
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

fn click(home: &mut Home, hit: &Hit) -> Vec<Effect> {
    match (hit, &home.over) {
        (Hit::Choice(at), Over::Question(question)) => {
            let then = question.choices.get(*at).map(|choice| choice.then.clone());
            then.map_or_else(Vec::new, |then| follow(home, then))
        }
        (Hit::Choice(at), Over::Nothing) if home.selected_at() == Some(*at) => act(home, Action::Open),
        (Hit::Choice(at), Over::Nothing) => {
            moves::select_at(home, *at);
            Vec::new()
        }
        _ => Vec::new(),
    }
}
