//! One message in, the comparison changed, effects out.

use std::convert::Infallible;

use jiff::Timestamp;

use super::message::{Effect, Layout, Left, Msg, News, What};
use super::{Compare, Over, Sheet, moves, told};
use crate::ui::apart::{self, Apart, Parts};
use crate::ui::keymap::Place;
use crate::ui::mouse::{Hit, NOTCH};
use crate::ui::outside::{Part, Way};
use crate::ui::prompt::{Search, Typed};
use crate::ui::{Action, Key, Mood, Mouse, Said};

impl Apart for Compare {
    const PLACE: Place = Place::Compare;
    const BARE: Over = Over::Nothing;
    type Layout = Layout;
    type News = News;
    type Wish = Infallible;
    type What = What;
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
        match news {
            News::Read(pair) => {
                // a commit has no steps: beside it those of an agent say little
                if (pair.left.steps.is_none() || pair.right.steps.is_none()) && !pair.files.is_empty() {
                    self.sheet = Sheet::Patches;
                }
                self.pair = Some(pair);
            }
            News::Refused(says) => self.trouble = Some(says),
        }
        Vec::new()
    }

    fn type_on(&mut self, key: Key) -> Option<Vec<Effect>> {
        let Over::Find(search) = &mut self.over else { return None };
        match search.press(key, None) {
            Typed::On => {}
            Typed::Closed => self.over = Over::Nothing,
            Typed::Sought(pattern) => {
                self.over = Over::Nothing;
                (self.find, self.note) = (pattern, None);
                if self.find.is_some() {
                    moves::find(self, Action::FindNext);
                }
            }
            Typed::Wrong(says) => self.remark(Said::new(Mood::Bad, says)),
        }
        Some(Vec::new())
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
        let is_list = self.spots.iter().any(|spot| matches!(spot.hit, Hit::Choice(_)) && spot.holds(mouse.x, mouse.y));
        if self.detail.is_some() && !is_list {
            return moves::scroll(self, action, NOTCH);
        }
        for _ in 0..NOTCH {
            moves::perform(self, action);
        }
    }

    fn click(&mut self, hit: Hit) -> Vec<Effect> {
        if self.over != Over::Nothing {
            return Vec::new();
        }
        match hit {
            Hit::Choice(row) if self.reading().cursor == row => return act(self, Action::Open),
            Hit::Choice(row) => moves::go_to(self, row),
            Hit::Source(at) => {
                let all = Sheet::ALL.len();
                turn(self, (at + all - self.sheet as usize) % all);
            }
            _ => {}
        }
        Vec::new()
    }

    fn what(&self, _way: Way, part: Part) -> Result<What, String> {
        let pair = self.pair.as_ref().ok_or("there is nothing to take: both sides are not read")?;
        match part {
            Part::All => Ok(What::All),
            Part::Seen => told::row(self, pair).map(What::Row).ok_or_else(|| "there is nothing under the cursor".to_owned()),
        }
    }
}

/// Takes one message.
pub fn update(screen: &mut Compare, now: Timestamp, msg: Msg) -> Vec<Effect> {
    let effects = apart::take(screen, now, msg);
    moves::keep_in_sight(screen);
    effects
}

fn act(screen: &mut Compare, action: Action) -> Vec<Effect> {
    if moves::perform(screen, action) {
        return Vec::new();
    }
    match action {
        Action::Help => screen.over = Over::Help(0),
        Action::Find => screen.over = Over::Find(Search::default()),
        Action::FindNext | Action::FindPrevious => moves::find(screen, action),
        Action::Quit => return vec![Effect::Leave(Left::Back)],
        Action::Back => return back(screen),
        Action::NextScreen => turn(screen, 1),
        Action::PreviousScreen => turn(screen, Sheet::ALL.len() - 1),
        Action::Open => open(screen),
        Action::Swap => swap(screen),
        _ => {}
    }
    Vec::new()
}

/// Closes what is open; where nothing is, leaves.
fn back(screen: &mut Compare) -> Vec<Effect> {
    if screen.detail.take().is_some() || screen.find.take().is_some() {
        return Vec::new();
    }
    vec![Effect::Leave(Left::Back)]
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
