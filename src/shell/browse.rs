//! The loop of the browser: input first, then what was read, then at most thirty frames a second.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::console::{Console, Heard};
use super::setup::ScreenError;
use crate::host::clock;
use crate::ui::browse::{Browse, Effect, Left, Msg, Wish, update};
use crate::view;

/// How long the first frame waits for the names: a frame without them would only flicker.
const FLICKER: Duration = Duration::from_millis(150);

/// A browser with those who read for it. It outlives the screens that are opened from it: what is read goes on, and who
/// comes back finds everything as it was.
#[derive(Debug)]
pub struct Browser {
    /// Everything that it knows.
    pub browse: Browse,
    /// Takes what is wished.
    pub wishes: mpsc::Sender<Wish>,
    /// What was read.
    pub news: mpsc::Receiver<Msg>,
    /// Whether there are news to come.
    pub ears: Ears,
}

/// Whether there are news to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ears {
    /// Somebody reads.
    #[default]
    Open,
    /// Nobody does any more.
    Closed,
}

/// What the loop waits for.
enum Woken {
    Heard(Heard),
    News(Option<Msg>),
    Second,
}

/// Shows the browser until somebody leaves.
pub(super) async fn show(console: &mut Console, browser: &mut Browser) -> Result<Left, ScreenError> {
    let mut screen = Screen { browser, console };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if screen.browser.browse.rows.is_none()
        && let Ok(Some(msg)) = timeout(FLICKER, screen.browser.news.recv()).await
    {
        screen.tell(msg).await;
    }
    screen.console.changed();
    loop {
        let hears = screen.browser.ears == Ears::Open;
        let ticks = screen.browser.browse.ticks();
        let woken = tokio::select! {
            biased;
            heard = screen.console.hear() => Woken::Heard(heard),
            msg = screen.browser.news.recv(), if hears => Woken::News(msg),
            _ = seconds.tick(), if ticks => Woken::Second,
        };
        let left = match woken {
            Woken::Heard(Heard::Key(key)) => screen.tell(Msg::Key(key)).await,
            Woken::Heard(Heard::Mouse(mouse)) => screen.tell(Msg::Mouse(mouse)).await,
            Woken::Heard(Heard::Paste(text)) => screen.tell(Msg::Paste(text)).await,
            Woken::Heard(Heard::Frame) => screen.paint().await,
            Woken::Heard(Heard::Remark(says)) => screen.tell(Msg::Failed(says)).await,
            Woken::Heard(Heard::Stop) => screen.suspend().await,
            Woken::Heard(Heard::Nothing | Heard::Back(_)) => None,
            Woken::Heard(Heard::Gone) => Some(Left::Quit),
            Woken::News(Some(msg)) => screen.tell(msg).await,
            Woken::News(None) => {
                screen.browser.ears = Ears::Closed;
                screen.tell(Msg::Failed("the part that reads the items has ended: leave with q and start again".to_owned())).await
            }
            Woken::Second => screen.tell(Msg::Tick).await,
        };
        if let Some(left) = left {
            screen.console.settle().await?;
            return Ok(left);
        }
    }
}

/// Everything that the loop uses.
struct Screen<'a> {
    browser: &'a mut Browser,
    console: &'a mut Console,
}

impl Screen<'_> {
    /// Gives the state a message and does what it wants done. What comes of that is told in turn.
    async fn tell(&mut self, msg: Msg) -> Option<Left> {
        let mut msgs = vec![msg];
        while let Some(msg) = msgs.pop() {
            self.console.changed();
            for effect in update(&mut self.browser.browse, clock::now(), msg) {
                match effect {
                    Effect::Leave(left) => return Some(left),
                    // who is so far behind would not read sooner by one more wish
                    Effect::Wish(wish) => drop(self.browser.wishes.try_send(wish)),
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
        let (browse, now) = (&self.browser.browse, clock::now());
        let (layout, spots) = self.console.paint(|buffer, theme| view::browse::draw(buffer, browse, theme, now));
        if layout == self.browser.browse.layout {
            // where things stand changes nothing that is drawn
            self.browser.browse.spots = spots;
            return None;
        }
        self.tell(Msg::Laid(layout, spots)).await
    }
}
