//! The loop of the comparison: input first, then what was read, then at most thirty frames a second.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::console::{Console, Heard};
use super::setup::ScreenError;
use crate::host::clock;
use crate::text::mask::Masker;
use crate::ui::compare::{Compare, Effect, Left, Msg, Pair, update};
use crate::view;

/// What the comparison needs to know at its start.
#[derive(Debug)]
pub struct CompareSetup {
    /// Hides secrets.
    pub masker: Masker,
    /// Both sides, once they are read; or why they can't be compared, in a sentence.
    pub pair: oneshot::Receiver<Result<Box<Pair>, String>>,
}

/// What the loop waits for.
enum Woken {
    Heard(Heard),
    Read(Msg),
    Second,
}

/// Shows the comparison until somebody leaves.
pub(super) async fn show(console: &mut Console, setup: CompareSetup) -> Result<Left, ScreenError> {
    let CompareSetup { masker, mut pair } = setup;
    let mut screen = Screen { state: Compare::new(masker, clock::now()), console };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_read = false;
    screen.console.changed();
    loop {
        let woken = tokio::select! {
            biased;
            heard = screen.console.hear() => Woken::Heard(heard),
            read = &mut pair, if !is_read => Woken::Read(match read {
                Ok(Ok(pair)) => Msg::Read(pair),
                Ok(Err(says)) => Msg::Refused(says),
                Err(_) => Msg::Refused("isobench-tui itself failed at reading them: leave with q and try again".to_owned()),
            }),
            _ = seconds.tick(), if screen.state.ticks() => Woken::Second,
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
            Woken::Heard(Heard::Gone) => Some(Left::Gone),
            Woken::Read(msg) => {
                is_read = true;
                screen.tell(msg).await
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
    state: Compare,
    console: &'a mut Console,
}

impl Screen<'_> {
    /// Gives the state a message and does what it wants done. What comes of that is told in turn.
    async fn tell(&mut self, msg: Msg) -> Option<Left> {
        let mut msgs = vec![msg];
        while let Some(msg) = msgs.pop() {
            self.console.changed();
            for effect in update(&mut self.state, clock::now(), msg) {
                match effect {
                    Effect::Leave => return Some(Left::Back),
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
        let (state, now) = (&self.state, clock::now());
        let (layout, spots) = self.console.paint(|buffer, theme| view::compare::draw(buffer, state, theme, now));
        if layout == self.state.layout {
            // where things stand changes nothing that is drawn
            self.state.spots = spots;
            return None;
        }
        self.tell(Msg::Laid(layout, spots)).await
    }
}
