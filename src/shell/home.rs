//! The loop of the start screen: input first, then what the worker found, then at most thirty frames a second.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::console::{Console, Heard};
use super::setup::ScreenError;
use crate::host::clock;
use crate::ui::home::{Effect, Home, Left, Msg, Start, Wish, update};
use crate::view;

/// What the start screen needs to know at its start.
#[derive(Debug)]
pub struct HomeSetup {
    /// Where it looks.
    pub start: Start,
    /// Takes what is wished.
    pub wishes: mpsc::Sender<Wish>,
    /// What came of it, and what was found.
    pub news: mpsc::Receiver<Msg>,
}

/// What the loop waits for.
enum Woken {
    Heard(Heard),
    News(Option<Msg>),
    Second,
}

/// Shows the start screen until somebody leaves.
pub(super) async fn show(console: &mut Console, setup: HomeSetup) -> Result<Left, ScreenError> {
    let HomeSetup { start, wishes, mut news } = setup;
    let mut screen = Screen { home: Home::new(start), console, wishes };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut hears_news = true;
    screen.console.changed();
    loop {
        let woken = tokio::select! {
            biased;
            heard = screen.console.hear() => Woken::Heard(heard),
            msg = news.recv(), if hears_news => Woken::News(msg),
            _ = seconds.tick(), if screen.home.ticks() => Woken::Second,
        };
        let left = match woken {
            Woken::Heard(Heard::Key(key)) => screen.tell(Msg::Key(key)).await,
            Woken::Heard(Heard::Mouse(mouse)) => screen.tell(Msg::Mouse(mouse)).await,
            Woken::Heard(Heard::Paste(text)) => screen.tell(Msg::Paste(text)).await,
            Woken::Heard(Heard::Frame) => screen.paint().await,
            Woken::Heard(Heard::Remark(says)) => screen.tell(Msg::Failed(says)).await,
            Woken::Heard(Heard::Stop) => screen.suspend().await,
            // nothing is opened from here
            Woken::Heard(Heard::Nothing | Heard::Back(_)) => None,
            Woken::Heard(Heard::Gone) => Some(Left::Quit),
            Woken::News(Some(msg)) => screen.tell(msg).await,
            Woken::News(None) => {
                hears_news = false;
                screen.tell(Msg::Failed("the part that looks for runs and plans has ended: leave with q and start again".to_owned())).await
            }
            Woken::Second => screen.tell(Msg::Tick).await,
        };
        if let Some(left) = left {
            screen.console.settle().await?;
            return Ok(left);
        }
    }
}

/// Everything that the loop owns.
struct Screen<'a> {
    home: Home,
    console: &'a mut Console,
    wishes: mpsc::Sender<Wish>,
}

impl Screen<'_> {
    /// Gives the state a message and does what it wants done. What comes of that is told in turn.
    async fn tell(&mut self, msg: Msg) -> Option<Left> {
        let mut msgs = vec![msg];
        while let Some(msg) = msgs.pop() {
            self.console.changed();
            for effect in update(&mut self.home, clock::now(), msg) {
                match effect {
                    Effect::Leave(left) => return Some(left),
                    // a worker that is so far behind would not be told more by one more wish
                    Effect::Wish(wish) => {
                        if self.wishes.try_send(wish).is_err() {
                            msgs.push(Msg::Failed("too much is asked for at once: wait a moment, then r".to_owned()));
                        }
                    }
                    Effect::Pointer(pointer) => self.console.point(pointer),
                    Effect::NextTheme => {
                        let says = format!("theme: {}", self.console.next_theme());
                        msgs.push(Msg::Succeeded(says));
                    }
                    Effect::Redraw => self.console.start_over(),
                    Effect::Suspend => {
                        if let Some(says) = self.console.suspend().await {
                            msgs.push(Msg::Failed(says.to_owned()));
                        }
                    }
                }
            }
        }
        None
    }

    async fn suspend(&mut self) -> Option<Left> {
        match self.console.suspend().await {
            Some(says) => self.tell(Msg::Failed(says.to_owned())).await,
            None => None,
        }
    }

    async fn paint(&mut self) -> Option<Left> {
        let (home, now) = (&self.home, clock::now());
        let (layout, spots) = self.console.paint(|buffer, theme| view::home::draw(buffer, home, theme, now));
        if layout == self.home.layout {
            // where things stand changes nothing that is drawn
            self.home.spots = spots;
            return None;
        }
        self.tell(Msg::Laid(layout, spots)).await
    }
}
