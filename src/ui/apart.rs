//! What the screens apart from a run's have in common: the start screen, the browser, the comparison. Each has a state, news
//! and wishes of its own; keys, mouse, help, remarks and what leaves the terminal are taken here, once.

use std::mem::discriminant;

use jiff::Timestamp;

use super::keymap::{self, Place};
use super::mouse::{self, Did, Hit, NOTCH, Spot};
use super::outside::{Part, Way};
use super::state::Pointer;
use super::words::is_fresh;
use super::{Action, Key, Mood, Mouse, Said};

/// Something that happened. `L`: how much room a frame had; `N`: what this screen alone is told.
#[derive(Debug, Clone)]
pub enum Msg<L, N> {
    /// A key.
    Key(Key),
    /// The mouse.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// What this screen is told.
    News(N),
    /// Something works no more, in a sentence.
    Failed(String),
    /// An effect succeeded in a way worth a sentence.
    Succeeded(String),
    /// A second went by.
    Tick,
    /// A frame was drawn with this much room, and a click means this in it.
    Laid(L, Vec<Spot>),
}

impl<L, N> From<N> for Msg<L, N> {
    fn from(news: N) -> Self {
        Self::News(news)
    }
}

/// Something to be done by the shell. `W`: what others do for this screen; `T`: what is taken out of it; `O`: what it is left
/// for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<W, T, O> {
    /// Ask for this.
    Wish(W),
    /// Take this out of the terminal.
    Outside(Way, T),
    /// Leave for another screen, or for good.
    Leave(O),
    /// Take the mouse, or leave it to the terminal.
    Pointer(Pointer),
    /// Draw with the next theme.
    NextTheme,
    /// Draw the whole screen anew: somebody else wrote on it.
    Redraw,
    /// Go to the background.
    Suspend,
}

/// What reaches a screen.
pub type MsgOf<S> = Msg<<S as Apart>::Layout, <S as Apart>::News>;

/// What a screen wants done.
pub type EffectOf<S> = Effect<<S as Apart>::Wish, <S as Apart>::What, <S as Apart>::Left>;

/// What all of them know.
#[expect(missing_debug_implementations, reason = "it lives for a moment")]
pub struct Parts<'a, S: Apart> {
    /// The newest moment that a message brought.
    pub now: &'a mut Timestamp,
    /// The newest remark, and when it came.
    pub note: &'a mut Option<(Timestamp, Said)>,
    /// Who has the mouse.
    pub pointer: &'a mut Pointer,
    /// What lies over it.
    pub over: &'a mut S::Over,
    /// How much room the last frame had.
    pub layout: &'a mut S::Layout,
    /// What a click means in the last frame.
    pub spots: &'a mut Vec<Spot>,
    /// Rows of the help that are seen, and all its rows.
    pub help_room: (usize, usize),
}

/// A screen apart from a run's.
pub trait Apart: Sized {
    /// Where its keys have their meaning.
    const PLACE: Place;
    /// Nothing lies over it.
    const BARE: Self::Over;
    /// How much room a frame had.
    type Layout: PartialEq;
    /// What it is told.
    type News;
    /// What others do for it.
    type Wish;
    /// What is taken out of it.
    type What;
    /// What it is left for.
    type Left;
    /// What may lie over it.
    type Over;

    /// What all of them know.
    fn parts(&mut self) -> Parts<'_, Self>;
    /// The newest remark, and when it came.
    fn note(&self) -> Option<&(Timestamp, Said)>;
    /// The first row of the help that is shown; `None` while it is not.
    fn help(over: &mut Self::Over) -> Option<&mut usize>;

    /// Takes one message.
    fn update(&mut self, now: Timestamp, msg: MsgOf<Self>) -> Vec<EffectOf<Self>>;
    /// Takes its news.
    fn hear(&mut self, news: Self::News) -> Vec<EffectOf<Self>>;
    /// A key for what lies over it; `None`: nothing there takes keys.
    fn type_on(&mut self, key: Key) -> Option<Vec<EffectOf<Self>>>;
    /// Takes text that was pasted.
    fn paste(&mut self, text: &str);
    /// Does what an action means while no help is shown.
    fn act(&mut self, action: Action) -> Vec<EffectOf<Self>>;
    /// A notch of the wheel, as an action, while no help is shown.
    fn wheel(&mut self, action: Action, mouse: Mouse);
    /// A click on what means something.
    fn click(&mut self, hit: Hit) -> Vec<EffectOf<Self>>;

    /// What is under the cursor, or all of what is shown; the error says why there is nothing.
    fn what(&self, _way: Way, _part: Part) -> Result<Self::What, String> {
        Err("nothing is taken out of this screen".to_owned())
    }

    /// Something works no more.
    fn fail(&mut self, says: String) {
        self.remark(Said::new(Mood::Bad, says));
    }

    /// Leaves a remark in the footer.
    fn remark(&mut self, said: Said) {
        let Parts { now, note, .. } = self.parts();
        *note = Some((*now, said));
    }

    /// The remark that is still to be read.
    fn fresh_note(&self, now: Timestamp) -> Option<&Said> {
        self.note().filter(|(at, _)| is_fresh(*at, now)).map(|(_, said)| said)
    }

    /// Whether something on the screen changes by time alone.
    fn ticks(&self) -> bool {
        self.note().is_some()
    }
}

/// Takes one message, as all of them take it.
pub(super) fn take<S: Apart>(screen: &mut S, now: Timestamp, msg: MsgOf<S>) -> Vec<EffectOf<S>> {
    let parts = screen.parts();
    *parts.now = now;
    if parts.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        *parts.note = None;
    }
    let over = discriminant(&*parts.over);
    let effects = match msg {
        Msg::Key(key) => press(screen, key),
        Msg::Mouse(mouse) => point(screen, mouse),
        Msg::News(news) => screen.hear(news),
        msg => {
            match msg {
                Msg::Paste(text) => screen.paste(&text),
                Msg::Failed(says) => screen.fail(says),
                Msg::Succeeded(says) => screen.remark(Said::new(Mood::Good, says)),
                Msg::Laid(layout, spots) => {
                    let parts = screen.parts();
                    (*parts.layout, *parts.spots) = (layout, spots);
                }
                Msg::Tick | Msg::Key(_) | Msg::Mouse(_) | Msg::News(_) => {}
            }
            Vec::new()
        }
    };
    let parts = screen.parts();
    if discriminant(&*parts.over) != over {
        // a click on what is not drawn yet means nothing
        parts.spots.clear();
    }
    effects
}

fn press<S: Apart>(screen: &mut S, key: Key) -> Vec<EffectOf<S>> {
    if let Some(effects) = screen.type_on(key) {
        return effects;
    }
    keymap::action(S::PLACE, key).map_or_else(Vec::new, |action| act(screen, action))
}

/// Does what an action means here and now.
pub(super) fn act<S: Apart>(screen: &mut S, action: Action) -> Vec<EffectOf<S>> {
    if action.has_answer() {
        *screen.parts().note = None;
    }
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextTheme => return vec![Effect::NextTheme],
        Action::Mouse => {
            let (pointer, said) = mouse::turned(*screen.parts().pointer);
            *screen.parts().pointer = pointer;
            screen.remark(said);
            return vec![Effect::Pointer(pointer)];
        }
        _ => {}
    }
    let Parts { over, help_room, .. } = screen.parts();
    if let Some(top) = S::help(over) {
        match scrolled(*top, help_room, action) {
            Some(to) => *top = to,
            None => *over = S::BARE,
        }
        return Vec::new();
    }
    let Some((way, part)) = Way::of(action) else { return screen.act(action) };
    match screen.what(way, part) {
        Ok(what) => vec![Effect::Outside(way, what)],
        Err(why) => {
            screen.remark(Said::new(Mood::Quiet, why));
            Vec::new()
        }
    }
}

/// Where the help is after an action; `None`: it is closed. `room`: its rows that are seen, and all of them.
pub(super) fn scrolled(top: usize, (seen, all): (usize, usize), action: Action) -> Option<usize> {
    let most = all.saturating_sub(seen);
    action.leads(top.min(most), seen, most)
}

/// Does what the mouse means.
fn point<S: Apart>(screen: &mut S, mouse: Mouse) -> Vec<EffectOf<S>> {
    let action = match mouse.did {
        Did::WheelUp => Action::Up,
        Did::WheelDown => Action::Down,
        Did::Click => {
            let hit = mouse::under(screen.parts().spots, mouse).next().map(|spot| spot.hit.clone());
            return match hit {
                Some(Hit::Act(action)) => act(screen, action),
                Some(hit) => screen.click(hit),
                None => Vec::new(),
            };
        }
    };
    if S::help(screen.parts().over).is_some() {
        return (0..NOTCH).flat_map(|_| act(screen, action)).collect();
    }
    screen.wheel(action, mouse);
    Vec::new()
}
