//! The loop of the screens apart from a run's: input first, then what they are told, then at most thirty frames a second.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::console::{Console, Heard};
use super::outside::{Material, Outside, Ready};
use super::setup::ScreenError;
use super::terminal;
use crate::host::clock;
use crate::text::mask::Masker;
use crate::theme::Theme;
use crate::ui::apart::{Apart, Effect, EffectOf, Msg, MsgOf};
use crate::ui::mouse::Spot;

/// Where a frame has room, and what a click means in it.
pub(super) type Laid<S> = (<S as Apart>::Layout, Vec<Spot>);

/// A screen with those who work for it.
pub(super) trait Staged {
    /// The screen.
    type Screen: Apart;
    /// What it is left for when the terminal is gone.
    const GONE: <Self::Screen as Apart>::Left;

    /// The screen.
    fn screen(&mut self) -> &mut Self::Screen;
    /// Draws a frame.
    fn draw(&self, buffer: &mut Buffer, theme: &Theme, now: Timestamp) -> Laid<Self::Screen>;
    /// What it is told next. May be dropped while it waits.
    async fn news(&mut self) -> MsgOf<Self::Screen>;
    /// Asks those who work for it; a message where that is not possible.
    fn wish(&mut self, wish: <Self::Screen as Apart>::Wish) -> Option<MsgOf<Self::Screen>>;
    /// What is taken out of the terminal, which has so many columns.
    fn material(&self, what: <Self::Screen as Apart>::What, theme: &Theme, columns: u16) -> Material;
    /// What hides secrets, and the person's own folder for state.
    fn secrets(&self) -> (Masker, Option<PathBuf>);
    /// What the first frame waits for.
    async fn first(&mut self) -> Option<MsgOf<Self::Screen>> {
        None
    }
}

/// What the loop waits for.
enum Woken<M> {
    Heard(Heard),
    News(M),
    Outside(Ready),
    Second,
}

/// Shows a screen until somebody leaves.
pub(super) async fn show<S: Staged>(console: &mut Console, staged: &mut S) -> Result<<S::Screen as Apart>::Left, ScreenError> {
    let (masker, state_home) = staged.secrets();
    let (ready_from, mut ready) = mpsc::channel(1);
    let outside = Outside::new(masker, TimeZone::system(), state_home, ready_from);
    let mut turn = Turn { staged, console, outside };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if let Some(msg) = turn.staged.first().await {
        turn.tell(msg).await;
    }
    turn.console.changed();
    loop {
        let ticks = turn.staged.screen().ticks() || turn.outside.at_work().is_some();
        let woken = tokio::select! {
            biased;
            heard = turn.console.hear() => Woken::Heard(heard),
            Some(ready) = ready.recv() => Woken::Outside(ready),
            msg = turn.staged.news() => Woken::News(msg),
            _ = seconds.tick(), if ticks => Woken::Second,
        };
        if let Some(left) = turn.wake(woken).await {
            turn.console.settle().await?;
            return Ok(left);
        }
    }
}

/// Everything that the loop uses.
struct Turn<'a, S> {
    staged: &'a mut S,
    console: &'a mut Console,
    outside: Outside,
}

impl<S: Staged> Turn<'_, S> {
    async fn wake(&mut self, woken: Woken<MsgOf<S::Screen>>) -> Option<<S::Screen as Apart>::Left> {
        let msg = match woken {
            Woken::Heard(Heard::Key(key)) => Msg::Key(key),
            Woken::Heard(Heard::Mouse(mouse)) => Msg::Mouse(mouse),
            Woken::Heard(Heard::Paste(text)) => Msg::Paste(text),
            Woken::Heard(Heard::Remark(says) | Heard::Back(Some(says))) => Msg::Failed(says),
            Woken::Heard(Heard::Frame) => self.paint()?,
            Woken::Heard(Heard::Stop) => Msg::Failed(self.console.suspend().await?.to_owned()),
            Woken::Heard(Heard::Nothing | Heard::Back(None)) => return None,
            Woken::Heard(Heard::Gone) => return Some(S::GONE),
            Woken::News(msg) => msg,
            Woken::Outside(ready) => told(self.outside.hand_out(ready, self.console).await?),
            Woken::Second => {
                if let Some(name) = self.outside.at_work() {
                    Msg::Succeeded(format!("{name}: still being read"))
                } else {
                    Msg::Tick
                }
            }
        };
        self.tell(msg).await
    }

    /// Gives the state a message and does what it wants done. What comes of that is told in turn.
    async fn tell(&mut self, msg: MsgOf<S::Screen>) -> Option<<S::Screen as Apart>::Left> {
        let mut msgs = vec![msg];
        while let Some(msg) = msgs.pop() {
            self.console.changed();
            for effect in self.staged.screen().update(clock::now(), msg) {
                match effect {
                    Effect::Leave(left) => return Some(left),
                    effect => msgs.extend(self.perform(effect).await),
                }
            }
        }
        None
    }

    async fn perform(&mut self, effect: EffectOf<S::Screen>) -> Option<MsgOf<S::Screen>> {
        match effect {
            Effect::Wish(wish) => return self.staged.wish(wish),
            Effect::Outside(way, what) => {
                let material = self.staged.material(what, &self.console.theme, terminal::size().0);
                return self.outside.begin(way, material).err().map(Msg::Failed);
            }
            Effect::Pointer(pointer) => self.console.point(pointer),
            Effect::NextTheme => return Some(Msg::Succeeded(format!("theme: {}", self.console.next_theme()))),
            Effect::Redraw => self.console.start_over(),
            Effect::Suspend => return Some(Msg::Failed(self.console.suspend().await?.to_owned())),
            Effect::Leave(_) => {}
        }
        None
    }

    /// Draws a frame; a message where that gave its regions other room than before.
    fn paint(&mut self) -> Option<MsgOf<S::Screen>> {
        let (staged, now) = (&*self.staged, clock::now());
        let (layout, spots) = self.console.paint(|buffer, theme| staged.draw(buffer, theme, now));
        let parts = self.staged.screen().parts();
        if layout == *parts.layout {
            // where things stand changes nothing that is drawn
            *parts.spots = spots;
            return None;
        }
        Some(Msg::Laid(layout, spots))
    }
}

fn told<L, N>(result: Result<String, String>) -> Msg<L, N> {
    result.map_or_else(Msg::Failed, Msg::Succeeded)
}

/// What a channel brings next; once it is closed one message says so, and then nothing comes any more.
pub(super) async fn next<N, M: From<N>>(news: &mut Option<mpsc::Receiver<N>>, ended: impl FnOnce() -> M) -> M {
    let Some(open) = news else { return std::future::pending().await };
    if let Some(news) = open.recv().await {
        return news.into();
    }
    *news = None;
    ended()
}
